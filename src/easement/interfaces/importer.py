"""Documents from an API description that somebody else published: the first step into an estate."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from easement.contract.kinds import (
    API_VERSION,
    Classification,
    Integration,
    Interface,
    Severity,
    System,
)
from easement.contract.problems import Problem
from easement.contract.suggestion import did_you_mean
from easement.contract.values import FieldPath, Name, Version
from easement.interfaces.fields import body_fields
from easement.interfaces.model import InterfaceModel, Operation, Schema
from easement.interfaces.reader import read_definition
from easement.interfaces.sources import Sources

_NUMBERS: Final = re.compile(r"v?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?")
_FIELD_PATH: Final[TypeAdapter[str]] = TypeAdapter(FieldPath)
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)
_KINDS: Final[Mapping[str, type[Any]]] = {"System": System, "Interface": Interface, "Integration": Integration}


class ImportRefusedError(ValueError):
    """The import cannot be done. The message says why; ``problems`` are those of the description."""

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.problems = tuple(problems)


def import_openapi(
    data: bytes,
    *,
    file_name: str,
    system: str,
    url: str,
    interface: str = "",
    owner: str = "",
    country: str = "",
    default_classification: Classification | None = None,
    source: str = "",
    operations: Sequence[str] = (),
    siblings: Mapping[str, bytes] | None = None,
    with_system: bool = True,
) -> dict[str, bytes]:
    """Manifests and a copy of the description, by path relative to the estate's folder.

    ``siblings`` are files that the description refers to, by path relative to it (:func:`referenced_files`).
    A plain http ``url`` becomes the development endpoint, an https one the production endpoint.
    ``source`` and ``operations`` add a starter Integration that names every field of those operations' answers.
    ``with_system`` False leaves the System out, for one that is registered. Raises :class:`ImportRefusedError`.
    """
    interface = interface or f"{system}-api"
    for role, name in (("system", system), ("interface", interface), ("source", source or "none")):
        _check_name(role, name)
    name, files = _definition_files(interface, file_name, data, siblings or {})
    model, problems = read_definition("openapi", name, files)
    if model is None:
        raise ImportRefusedError(f"{file_name} cannot be read", problems=problems)
    if with_system:
        if not country:
            raise ImportRefusedError("where the system is, is not known", hint="Say --country, such as --country DE.")
        files[f"systems/{system}.yaml"] = _system(system, url, owner, country, file_name)
    files[f"interfaces/{interface}.yaml"] = _interface(
        model,
        interface=interface,
        system=system,
        owner=owner,
        definition=posixpath.relpath(name, "interfaces"),
        classification=default_classification,
        file_name=file_name,
    )
    if source or operations:
        integration = f"{source}-to-{system}"[:63]
        files[f"integrations/{integration}.yaml"] = _integration(
            model,
            integration=integration,
            source=source,
            target=system,
            interface=interface,
            operations=operations,
            owner=owner,
            file_name=file_name,
        )
    return files


def referenced_files(files: Mapping[str, bytes], file: str) -> frozenset[str]:
    """The files of the same folder that ``file`` refers to, as relative paths; refused references are left out."""
    sources = Sources(files)
    found: set[str] = set()
    for reference in _references(sources.document(file)):
        name = reference.partition("#")[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), name))
        if name and ":" not in name and not path.startswith(("/", "..")):
            found.add(path)
    return frozenset(found)


def _references(tree: Any) -> Iterator[str]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if isinstance(reference := node.get("$ref"), str):
                yield reference
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def import_problems(files: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """What is wrong with the description among imported ``files``, errors first."""
    for path in sorted(files):
        if not path.startswith("interfaces/") or not path.endswith(".yaml"):
            continue
        document = yaml.safe_load(files[path])
        if isinstance(document, Mapping) and document.get("kind") == "Interface":
            definition = posixpath.join("interfaces", document["spec"]["definition"]["openapi"])
            _, problems = read_definition("openapi", definition, files)
            return tuple(sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR))
    return ()


def _check_name(role: str, name: str) -> None:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        raise ImportRefusedError(
            f"{name!r} is no name for the {role}", hint="A name has lower-case letters, digits and hyphens."
        ) from None


def _definition_files(
    interface: str, file_name: str, data: bytes, siblings: Mapping[str, bytes]
) -> tuple[str, dict[str, bytes]]:
    suffix = "json" if data.lstrip()[:1] == b"{" else "yaml"
    if not siblings:
        name = f"interfaces/{interface}.openapi.{suffix}"
        return name, {name: data}
    folder = f"interfaces/{interface}"
    name = f"{folder}/{posixpath.basename(file_name)}"
    return name, {name: data, **{f"{folder}/{path}": content for path, content in siblings.items()}}


def _system(system: str, url: str, owner: str, country: str, file_name: str) -> bytes:
    environment = "development" if url.startswith("http://") else "production"  # plain http is for development alone
    spec: dict[str, Any] = {"location": {"country": country}, "endpoints": {environment: {"url": url}}}
    return _document("System", _metadata(system, _title(system), owner), spec, [f"The system behind {file_name}."])


def _interface(
    model: InterfaceModel,
    *,
    interface: str,
    system: str,
    owner: str,
    definition: str,
    classification: Classification | None,
    file_name: str,
) -> bytes:
    spec: dict[str, Any] = {
        "system": system,
        "version": str(_version(model.version)),
        "definition": {"openapi": f"./{definition}"},
    }
    notes = [f"Imported from {file_name}.", "Next: classify the fields that contracts use, under spec.fields."]
    if classification:
        spec["defaultClassification"] = classification.value
    return _document("Interface", _metadata(interface, model.title, owner), spec, notes)


def _integration(
    model: InterfaceModel,
    *,
    integration: str,
    source: str,
    target: str,
    interface: str,
    operations: Sequence[str],
    owner: str,
    file_name: str,
) -> bytes:
    if not source or not operations:
        raise ImportRefusedError(
            "a starter integration needs a source and operations", hint="Say --source, --operations."
        )
    chosen = []
    for name in operations:
        if name not in model.operations:
            raise ImportRefusedError(
                f"{file_name} has no operation {name!r}", hint=did_you_mean(name, model.operations)
            )
        chosen.append(model.operations[name])
    version = _version(model.version)
    spec = {
        "source": source,
        "target": target,
        "interface": {"name": interface, "version": f"^{version.major}.{version.minor}"},
        "operations": list(operations),
        "fields": _answer_fields(model, chosen),
        "purpose": "essential.service",
    }
    notes = [
        f"Made from {file_name}: every field of the answers is named.",
        "Next: remove the fields that are not needed, and say the true purpose.",
    ]
    return _document("Integration", _metadata(integration, _title(integration), owner), spec, notes)


def _answer_fields(model: InterfaceModel, operations: Sequence[Operation]) -> list[str]:
    paths = {
        one.path
        for operation in operations
        for schema in _answers(operation)
        for one in body_fields(schema, model.definitions, tags={}, default=None)
        if one.leaf and _is_field_path(one.path)
    }
    return sorted(paths)


def _answers(operation: Operation) -> Iterator[Schema]:
    for response in operation.responses:
        if response.status.startswith("2") and response.content:
            yield from response.content.media.values()


def _is_field_path(path: str) -> bool:
    try:
        _FIELD_PATH.validate_python(path)
    except ValidationError:
        return False
    return True


def _version(text: str) -> Version:
    """The description's version as a semantic one; 1.0.0 where it is something else, such as a date."""
    match = _NUMBERS.fullmatch(text.strip())
    if match is None:
        return Version(1, 0, 0)
    major, minor, patch = (int(number or 0) for number in match.groups())
    return Version(major, minor, patch)


def _title(name: str) -> str:
    """A first title, for people to improve."""
    return name.replace("-", " ").capitalize()


def _metadata(name: str, title: str, owner: str) -> dict[str, Any]:
    metadata = {"name": name, "title": title[:300].strip(), "owner": owner}
    return {key: value for key, value in metadata.items() if value}


def _document(kind: str, metadata: dict[str, Any], spec: dict[str, Any], notes: Sequence[str]) -> bytes:
    tree = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    try:
        TypeAdapter(_KINDS[kind]).validate_python(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ImportRefusedError(f"the {kind} would not be valid: {where}: {first['msg']}") from None
    comments = "".join(f"# {' '.join(note.split())}\n" for note in notes)
    return (comments + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)).encode()
