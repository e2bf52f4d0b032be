"""Interfaces from API descriptions: a folder of OpenAPI or AsyncAPI files, or a description inside another file."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from easement.contract.kinds import Severity
from easement.contract.problems import Place
from easement.contract.yaml_reader import read
from easement.estate.exchange.made import Made, Workshop, endpoint, line, mapping, name_of
from easement.interfaces.importer import referenced_files
from easement.interfaces.model import InterfaceModel
from easement.interfaces.reader import read_definition

Format = Literal["openapi", "asyncapi"]
FIRST_VERSION: Final = "1.0.0"
_SHOWN_PROBLEMS: Final = 5
_SUFFIXES: Final = (".yaml", ".yml", ".json")


def import_descriptions(
    files: Mapping[str, bytes],
    kind: Format,
    *,
    country: str,
    owner: str = "",
    system: str = "",
    default_classification: str = "",
) -> Made:
    """A System and an Interface for each description of ``kind`` among ``files`` (path to bytes).

    ``system`` offers them all; without it each description is of a system of its own name. Files of other kinds are
    left alone; what they refer to is copied along.
    """
    workshop = Workshop(country=country, owner=owner)
    found = [file for file in sorted(files) if file.endswith(_SUFFIXES) and describes(files[file], file) == kind]
    if not found:
        keys = "openapi" if kind == "openapi" else "asyncapi"
        workshop.error("EAS-3701", f"no file here has the key {keys!r} at its top", Place(), "name another folder")
    for file in found:
        name = name_of(posixpath.basename(file).rpartition(".")[0].partition(".")[0])
        provider = system or name
        if not provider:
            workshop.error("EAS-3703", "no name can be made from the file's name", Place(file=file), "rename the file")
            continue
        add_description(
            workshop, kind, file, files,
            interface=name if system and name else f"{provider}-{'api' if kind == 'openapi' else 'events'}",
            system=provider, default_classification=default_classification,
        )  # fmt: skip
    return workshop.finish()


def describes(data: bytes, file: str) -> Format | None:
    """Whether a file is a description, by the key at its top."""
    documents = read(data, file).documents
    value = mapping(documents[0].value) if documents else {}
    if isinstance(value.get("openapi"), str):
        return "openapi"
    return "asyncapi" if isinstance(value.get("asyncapi"), str) else None


def add_description(
    workshop: Workshop,
    kind: Format,
    file: str,
    files: Mapping[str, bytes],
    *,
    interface: str,
    system: str,
    default_classification: str = "",
    metadata: Mapping[str, Any] | None = None,
    title: str = "",
) -> InterfaceModel | None:
    """Make the Interface of one description, its System where it is not made yet, and copy the files."""
    place = Place(file=file)
    model, problems = read_definition(kind, file, files)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    workshop.problems.extend(errors[:_SHOWN_PROBLEMS] if model is None else ())
    if model is None:
        return None
    if not workshop.has("System", system):
        url = _server(files[file], file)
        made = workshop.system(system, place, endpoints=endpoint(url), metadata={"title": line(title or model.title)})
        if made and not endpoint(url):
            workshop.decide("System", system, "where it answers: the description names no address", place)
    if not workshop.has("System", system):
        return None
    path = _copy(workshop, kind, file, files, interface)
    spec: dict[str, Any] = {
        "system": system,
        "version": version_of(model.version),
        "definition": {kind: f"./{path}"},
        "defaultClassification": default_classification,
    }
    if not workshop.add("Interface", interface, spec, place, metadata={"title": line(model.title), **(metadata or {})}):
        return None
    if not default_classification:
        key = f"{interface}@{spec['version'].partition('.')[0]}"
        workshop.decide("Interface", key, "how the fields are classified (spec.fields or defaultClassification)", place)
    if errors:
        key = f"{interface}@{spec['version'].partition('.')[0]}"
        workshop.decide("Interface", key, f"{len(errors)} errors in its description; see easement check", place)
    return model


def skeleton(title: str, operations: Iterable[tuple[str, str, str]]) -> bytes:
    """An OpenAPI description from operation id, method and path alone: bodies are not known, so none is described."""
    paths: dict[str, dict[str, Any]] = {}
    for identifier, method, path in operations:
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        parameters = [{"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in names]
        paths.setdefault(path, {})[method.lower()] = {
            "operationId": identifier,
            "parameters": parameters,
            "responses": {"default": {"description": "Not known."}},
        }
    tree = {"openapi": "3.1.0", "info": {"title": title, "version": FIRST_VERSION}, "paths": paths}
    return json.dumps(tree, indent=2).encode() + b"\n"


def version_of(text: str) -> str:
    """A semantic version from what a description says; 1.0.0 where it says something else, such as a date."""
    numbers = text.strip().removeprefix("v").split(".")
    if not 1 <= len(numbers) <= 3 or not all(one.isascii() and one.isdigit() and len(one) < 6 for one in numbers):
        return FIRST_VERSION
    return ".".join(str(int(one)) for one in (*numbers, "0", "0")[:3])


def _copy(workshop: Workshop, kind: Format, file: str, files: Mapping[str, bytes], interface: str) -> str:
    """Copy a description, with what it refers to; its path from the folder of interfaces."""
    needed, waiting = {file}, [file]
    while waiting:
        here = waiting.pop()
        more = {one for one in referenced_files(files, here) if one in files} - needed
        needed |= more
        waiting += sorted(more)
    if len(needed) == 1:
        suffix = "json" if files[file].lstrip()[:1] == b"{" else "yaml"
        path = f"{interface}.{kind}.{suffix}"
        workshop.add_file(f"interfaces/{path}", files[file])
        return path
    root = posixpath.commonpath([posixpath.dirname(one) or "." for one in needed]) if len(needed) > 1 else ""
    for one in needed:
        workshop.add_file(f"interfaces/{interface}/{posixpath.relpath(one, root or '.')}", files[one])
    return f"{interface}/{posixpath.relpath(file, root or '.')}"


def _server(data: bytes, file: str) -> str:
    """The first absolute address of a description's servers."""
    documents = read(data, file).documents
    servers = mapping(documents[0].value).get("servers") if documents else None
    for server in servers if isinstance(servers, list) else ():
        url = mapping(server).get("url")
        if isinstance(url, str) and "{" not in url and urlsplit(url).scheme in {"http", "https"}:
            return url.rstrip("/")
    return ""
