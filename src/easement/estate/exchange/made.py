"""What an import makes: documents that are valid by themselves, and everything that it could not say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from easement.contract.documents import DocumentError, from_json
from easement.contract.kinds import API_VERSION, Severity
from easement.contract.places import Places
from easement.contract.problems import Place, Problem

LONGEST_NAME: Final = 63
UNKNOWN_SYSTEM: Final = "unknown-system"
MAX_DOCUMENTS: Final = 20_000
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")
_FOLDERS: Final = {"Team": "teams", "System": "systems", "Interface": "interfaces", "Integration": "integrations"}
_URL: Final = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Files by path relative to the estate's folder; ``problems`` are errors first, then what a person must decide.

    ``counts`` says how many documents of each kind were made.
    """

    files: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    counts: Mapping[str, int]

    @property
    def has_errors(self) -> bool:
        """Whether something of the input could not be made into a document."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


@dataclass(slots=True)
class Workshop:
    """Collects documents, their files and problems while an import runs."""

    country: str = ""
    owner: str = ""
    _trees: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _files: dict[str, bytes] = field(default_factory=dict)
    _notes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def has(self, kind: str, name: str) -> bool:
        """Whether such a document is made already."""
        return (kind, name) in self._trees

    def tree(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """The document as JSON."""
        return self._trees.get((kind, name))

    def add(
        self, kind: str, name: str, spec: Mapping[str, Any], place: Place, *, metadata: Mapping[str, Any] | None = None
    ) -> bool:
        """Make a document; False, with a problem at ``place``, where it would not be valid or is there already."""
        said = {"name": name, "owner": "" if kind == "Team" else self.owner, **(metadata or {})}
        return self.keep(
            {
                "apiVersion": API_VERSION,
                "kind": kind,
                "metadata": {key: value for key, value in said.items() if value},
                "spec": {key: value for key, value in spec.items() if value not in (None, "", {})},
            },
            place,
        )

    def keep(self, tree: dict[str, Any], place: Place) -> bool:
        """Take a whole document as JSON, as :meth:`add` does."""
        try:
            document = from_json(tree)
        except DocumentError as error:
            for problem in error.problems:
                where = f" ({problem.place.path})" if problem.place.path else ""
                self.error("EAS-3703", f"{_subject(tree)} would not be valid: {problem.message}{where}", place)
            return False
        key = (document.kind, _key(tree))
        if key in self._trees:
            self.error("EAS-3705", f"there are two entries for {_subject(tree)}", place)
            return False
        if len(self._trees) >= MAX_DOCUMENTS:
            self.error("EAS-3703", f"more than {MAX_DOCUMENTS:,} documents: import them in parts", place)
            return False
        self._trees[key] = tree
        return True

    def add_file(self, path: str, data: bytes) -> None:
        """Keep a description beside the documents."""
        self._files[path] = data

    def system(self, name: str, place: Place, **spec: Any) -> bool:
        """Make a System where the country is known from the import."""
        metadata = spec.pop("metadata", None)
        if not self.country:
            self.error("EAS-3703", f"where system {name} is operated is not known", place, "say --country, such as DE")
            return False
        return self.add("System", name, {"location": {"country": self.country}, **spec}, place, metadata=metadata)

    def error(self, code: str, message: str, place: Place, hint: str = "") -> None:
        """Something of the input that nothing was made from."""
        self.problems.append(Problem(code=code, message=message, place=place, hint=hint))

    def decide(self, kind: str, name: str, what: str, place: Place) -> None:
        """Something that a person must decide in a document that was made."""
        self._notes.setdefault((kind, name), []).append(what)
        self.problems.append(
            Problem(code="EAS-3704", message=f"{kind.lower()} {name}: {what}", place=place, severity=Severity.WARNING)
        )

    def finish(self) -> Made:
        """Everything that was made, as files."""
        files = dict(self._files)
        counts: dict[str, int] = {}
        for (kind, name), tree in sorted(self._trees.items()):
            notes = self._notes.get((kind, name), [])
            files[f"{_FOLDERS.get(kind, kind.lower())}/{name.replace('@', '-v')}.yaml"] = _text(tree, notes)
            counts[kind] = counts.get(kind, 0) + 1
        rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
        problems = sorted(self.problems, key=lambda problem: (rank[problem.severity], problem.place))
        return Made(files=files, problems=tuple(problems), counts=counts)


def name_of(text: str) -> str:
    """A document's name from any text; empty where nothing of it can be kept."""
    name = _NOT_IN_A_NAME.sub("-", text.casefold()).strip("-")
    if name and not name[0].isalpha():
        name = f"n{name}"
    return name[:LONGEST_NAME].strip("-") if name.isascii() else ""


def pair_name(source: str, target: str) -> str:
    """The name of an integration between two systems."""
    return f"{source}-to-{target}"[:LONGEST_NAME].strip("-")


def free_name(workshop: Workshop, kind: str, wanted: str) -> str:
    """``wanted``, or with a number where that is taken."""
    name, number = wanted, 2
    while workshop.has(kind, name):
        name, number = f"{wanted[: LONGEST_NAME - 5].rstrip('-')}-{number}", number + 1
    return name


def line(value: Any) -> str:
    """Text in one printable line of at most 300 characters; empty for anything else."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())[:300]


def links_of(values: Any) -> list[dict[str, str]]:
    """Those of ``[{url, title}, ...]`` that a document can hold."""
    return [
        {"title": line(value.get("title")) or url[:300], "url": url}
        for value in (values if isinstance(values, list) else ())
        if isinstance(value, dict) and isinstance(url := value.get("url"), str) and _URL.fullmatch(url)
    ]


def endpoint(url: str) -> dict[str, Any]:
    """The ``endpoints`` of a system: plain http is for development alone. Empty for anything but an address."""
    if not _URL.fullmatch(url):
        return {}
    return {"development" if url.startswith("http://") else "production": {"url": url}}


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any, path: str, places: Places, workshop: Workshop) -> list[tuple[str, Mapping[str, Any]]]:
    """The mappings of a list with their paths; anything else is a problem at its place."""
    if value is None:
        return []
    if not isinstance(value, list):
        workshop.error("EAS-3701", "a list is expected here", places.place(path))
        return []
    found = []
    for number, one in enumerate(value):
        here = f"{path}/{number}"
        if isinstance(one, Mapping):
            found.append((here, one))
        else:
            workshop.error("EAS-3701", "a mapping is expected here", places.place(here))
    return found


def _key(tree: Mapping[str, Any]) -> str:
    name = str(tree["metadata"]["name"])
    return f"{name}@{str(tree['spec']['version']).partition('.')[0]}" if tree["kind"] == "Interface" else name


def _subject(tree: Mapping[str, Any]) -> str:
    metadata = mapping(tree.get("metadata"))
    return f"{str(tree.get('kind', 'document')).lower()} {str(metadata.get('name', '(without a name)'))[:80]!r}"


def _text(tree: Mapping[str, Any], notes: list[str]) -> bytes:
    comments = "".join(f"# Decide: {line(note)}\n" for note in dict.fromkeys(notes))
    return (comments + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)).encode()
