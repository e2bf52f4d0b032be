"""The files of a description: read once, asked by location, with every problem at its line.

References (RFC 6901 pointers in URI fragments, RFC 3986) are resolved inside the given files only: nothing is fetched,
nothing outside of the folder is read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from easement.contract.kinds import Severity
from easement.contract.places import Places, pointer, pointer_tokens
from easement.contract.problems import Place, Problem
from easement.contract.suggestion import did_you_mean
from easement.contract.yaml_reader import ReadDocument, read

MAX_FILE_BYTES: Final = 20_000_000
MAX_PROBLEMS: Final = 200
_MAX_HOPS: Final = 20
_MAX_SHOWN: Final = 200
_MAX_COMPARED: Final = 2_000


@dataclass(frozen=True, slots=True)
class Location:
    """A value in a file: the file and the names that lead to it."""

    file: str
    tokens: tuple[str, ...] = ()

    def child(self, *names: str | int) -> Location:
        """A value further in."""
        return Location(self.file, (*self.tokens, *map(str, names)))

    @property
    def pointer(self) -> str:
        """The JSON pointer inside the file."""
        return pointer(self.tokens)


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it stands."""

    value: Any
    location: Location


@dataclass(slots=True)
class Sources:
    """The files by relative path, those that were read, and the problems so far."""

    files: Mapping[str, bytes]
    problems: list[Problem] = field(default_factory=list)
    _documents: dict[str, ReadDocument | None] = field(default_factory=dict)
    _reported: set[tuple[str, str, str]] = field(default_factory=set)
    _left_out: int = 0

    def document(self, file: str) -> Any:
        """The value of a file, or None where it cannot be read (which is reported once)."""
        if file not in self._documents:
            self._documents[file] = self._read(file)
        document = self._documents[file]
        return None if document is None else document.value

    def _read(self, file: str) -> ReadDocument | None:
        data = self.files[file]
        if len(data) > MAX_FILE_BYTES:
            self._add(
                "EAS-2002",
                f"{len(data):,} bytes; a description may have at most {MAX_FILE_BYTES:,}",
                Place(file=file),
                "Split it into files that refer to each other, or describe only what is offered to others.",
            )
            return None
        reading = read(data, file)
        self.problems.extend(reading.problems[:MAX_PROBLEMS])
        if len(reading.documents) > 1:
            self._add("EAS-2003", "holds more than one YAML document", Place(file=file), "Keep one description a file.")
            return None
        return reading.documents[0] if reading.documents else None

    def report(
        self,
        code: str,
        message: str,
        at: Location,
        hint: str = "",
        *,
        severity: Severity = Severity.ERROR,
        key: bool = False,
    ) -> None:
        """Note a problem at a value; at its key where ``key``. The same problem at one place is noted once."""
        if (same := (code, at.file + at.pointer, message)) in self._reported:
            return
        self._reported.add(same)
        if len(self.problems) >= MAX_PROBLEMS:
            self._left_out += 1
            return
        document = self._documents.get(at.file)
        place = document.places.place(at.pointer, key=key) if document else Place(file=at.file, path=at.pointer)
        self._add(code, message, place, hint, severity)

    def _add(self, code: str, message: str, place: Place, hint: str, severity: Severity = Severity.ERROR) -> None:
        self.problems.append(Problem(code=code, message=message, place=place, hint=hint, severity=severity))

    def place_of(self, file: str, path: str) -> Place:
        """Where the value at a JSON pointer, or its nearest ancestor that exists, stands in a file."""
        document = self._documents.get(file)
        return document.places.place(path) if document else Place(file=file, path=path)

    def all_problems(self, main: str) -> tuple[Problem, ...]:
        """Everything that was noted, and how much was left out."""
        if self._left_out:
            self._add(
                "EAS-2007", f"{self._left_out:,} more problems are not listed", Place(file=main), "", Severity.WARNING
            )
            self._left_out = 0
        return tuple(self.problems)

    def mapping(self, value: Any, at: Location) -> Mapping[str, Any]:
        """The value as an object; anything else is a problem and counts as empty, None without a word."""
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.report("EAS-2004", f"expected an object, found {kind_of(value)}", at)
        return {}

    def sequence(self, value: Any, at: Location) -> list[Any]:
        """The value as a list; anything else is a problem and counts as empty, None without a word."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.report("EAS-2004", f"expected a list, found {kind_of(value)}", at)
        return []

    def text(self, value: Any, at: Location) -> str:
        """The value as text; a number is taken as it prints, anything else is a problem and counts as empty."""
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if value is not None:
            self.report("EAS-2004", f"expected text, found {kind_of(value)}", at)
        return ""

    def resolve(self, reference: Any, at: Location) -> Found | None:
        """What a ``$ref`` at ``at`` names, or None where it names nothing that may be read (which is reported)."""
        if not isinstance(reference, str):
            self.report("EAS-2101", f"$ref is {kind_of(reference)}, expected text", at)
            return None
        shown = reference[:_MAX_SHOWN]
        name, _, fragment = reference.partition("#")
        file = self._file_of(unquote(name), at, shown) if name else at.file
        if file is None:
            return None
        if fragment and not fragment.startswith("/"):
            self.report(
                "EAS-2106", f"$ref {shown!r} names an anchor", at, "Use a JSON pointer such as #/components/..."
            )
            return None
        tokens = tuple(pointer_tokens(unquote(fragment)))
        value = self.document(file)
        for token in tokens:
            value = _member(value, token)
            if value is _MISSING:
                self.report("EAS-2101", f"$ref {shown!r} names nothing", at, self._suggestion(file, tokens))
                return None
        return None if value is None else Found(value, Location(file, tokens))

    def follow(self, value: Any, at: Location) -> Found | None:
        """The object itself, or what its ``$ref`` names in the end; None where that is nothing or turns in a circle."""
        here = Found(value, at)
        for _ in range(_MAX_HOPS):
            if not isinstance(here.value, Mapping) or "$ref" not in here.value:
                return here
            found = self.resolve(here.value["$ref"], here.location)
            if found is None:
                return None
            here = found
        self.report("EAS-2104", "the references turn in a circle, or run over too many steps", at)
        return None

    def _file_of(self, name: str, at: Location, shown: str) -> str | None:
        if ":" in name.split("/", 1)[0] or name.startswith("//"):
            self.report(
                "EAS-2102",
                f"$ref {shown!r} leads to another place",
                at,
                "Nothing is fetched. Copy that file beside this one and refer to the copy.",
            )
            return None
        file = posixpath.normpath(posixpath.join(posixpath.dirname(at.file), name))
        if file.startswith(("../", "/")) or file == ".." or "\\" in name:
            self.report(
                "EAS-2103", f"$ref {shown!r} leads out of the folder", at, "Keep what belongs together together."
            )
            return None
        if file not in self.files:
            self.report(
                "EAS-2101",
                f"$ref {shown!r}: there is no file {file}",
                at,
                did_you_mean(file, list(self.files)[:_MAX_COMPARED]),
            )
            return None
        return file

    def _suggestion(self, file: str, tokens: tuple[str, ...]) -> str:
        value = self.document(file)
        for token in tokens:
            if (inner := _member(value, token)) is _MISSING:
                return did_you_mean(token, list(value)[:_MAX_COMPARED]) if isinstance(value, Mapping) else ""
            value = inner
        return ""


def sources_of(values: Mapping[str, Any]) -> Sources:
    """Files that were read before: path to value. Positions in them are not known."""
    documents = {file: ReadDocument(value=value, places=Places(file)) for file, value in values.items()}
    return Sources(dict.fromkeys(values, b""), _documents=dict(documents))


_MISSING: Final = object()


def _member(value: Any, token: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(token, _MISSING)
    if isinstance(value, list) and token.isdecimal() and len(token) < 9 and int(token) < len(value):
        return value[int(token)]
    return _MISSING


def kind_of(value: Any) -> str:
    """What a value is, in words of JSON."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")
