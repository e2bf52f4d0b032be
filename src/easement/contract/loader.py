"""Files of a folder into documents, with all problems at once. Never raises, whatever the bytes.

A document is a mapping with ``apiVersion: easement/...`` in a ``.yaml``, ``.yml`` or ``.json`` file. Other files may be
interface descriptions; they are left to whoever needs them. A mapping that was plainly meant to be a document, but has
its first keys wrong, is a problem and never ignored: a contract that is silently not read is not enforced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from easement.contract.bundle import Bundle, LoadedDocument
from easement.contract.document_checks import document_complaints, text_complaints
from easement.contract.documents import validate
from easement.contract.identity import document_key
from easement.contract.kinds import API_VERSION, KINDS, Document, Interface, Standard
from easement.contract.places import Places, pointer
from easement.contract.problems import Place, Problem
from easement.contract.revision import definition_content, definition_path, revision_of, ruleset_content
from easement.contract.suggestion import did_you_mean, nearest
from easement.contract.validation import Complaint, complaints
from easement.contract.yaml_reader import ReadDocument, read

__all__ = ["Bundle", "LoadedDocument", "load"]

SUFFIXES: Final = (".yaml", ".yml", ".json")
MAX_PROBLEMS_PER_FILE: Final = 100

_GROUP: Final = "easement/"
_MAY_BE_OURS: Final = re.compile(
    rb"""easement/|kind["']?[ \t]*:[ \t]*["']?(?:%s)\b""" % "|".join(KINDS).encode(), re.IGNORECASE
)
"""Files without this are not read at all: an interface description of megabytes costs one search."""


@dataclass(slots=True)
class _Loading:
    files: Mapping[str, bytes]
    documents: dict[tuple[str, str], LoadedDocument] = field(default_factory=dict)
    broken: set[tuple[str, str]] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def load(files: Mapping[str, bytes]) -> Bundle:
    """Load every document of ``files`` (relative path to content). Problems are sorted by file and position."""
    loading = _Loading(files)
    for file in sorted(files):
        if file.endswith(SUFFIXES) and _MAY_BE_OURS.search(files[file].replace(b"\0", b"")):
            _load_file(loading, file)
    return Bundle(
        documents=tuple(loading.documents.values()),
        files=files,
        problems=tuple(loading.problems),
        broken=frozenset(loading.broken - loading.documents.keys()),
    )


def _load_file(loading: _Loading, file: str) -> None:
    reading = read(loading.files[file], file)
    problems = list(reading.problems)
    meant = [_is_meant_for_us(document.value) for document in reading.documents]
    for document, is_ours in zip(reading.documents, meant, strict=True):
        if is_ours:
            problems.extend(_load_document(loading, document, file))
        elif any(meant) and document.value is not None:
            message = f"a document without apiVersion: {API_VERSION} among documents that have it"
            problems.append(Problem(code="EAS-1101", message=message, place=document.places.place("")))
    problems.sort(key=lambda problem: (problem.place.line, problem.place.column, problem.code))
    if len(problems) > MAX_PROBLEMS_PER_FILE:
        more = f"{len(problems) - MAX_PROBLEMS_PER_FILE} more problems in this file are not shown"
        problems = [
            *problems[:MAX_PROBLEMS_PER_FILE],
            Problem(code="EAS-1303", message=more, place=Place(file=file)),
        ]
    loading.problems.extend(problems)


def _is_meant_for_us(value: Any) -> bool:
    """Whether a value is one of our documents, or was plainly meant to be one."""
    if not isinstance(value, dict):
        return False
    version = value.get("apiVersion")
    if isinstance(version, str):
        group = version.partition("/")[0]
        return version.startswith(_GROUP) or bool(nearest(group, ["easement"]) and _has_our_kind(value))
    if any(isinstance(text, str) and text.startswith(_GROUP) for text in value.values()):
        return True
    return _has_our_kind(value) and bool({"metadata", "spec"} & value.keys())


def _has_our_kind(value: Mapping[str, Any]) -> bool:
    kind = value.get("kind")
    return isinstance(kind, str) and kind.casefold() in {known.casefold() for known in KINDS}


def _load_document(loading: _Loading, read_document: ReadDocument, file: str) -> list[Problem]:
    tree, places = read_document.value, read_document.places
    unfit = tuple(text_complaints(tree))
    problems = [_problem(complaint, places) for complaint in unfit]
    if head := [_problem(complaint, places) for complaint in _head_complaints(tree)]:
        return problems + head
    document, found = _validated(tree, file)
    known = {complaint.tokens for complaint in unfit}
    problems.extend(_problem(complaint, places) for complaint in found if complaint.tokens not in known)
    if document is None or problems:
        if (name := _name_of(tree)) is not None:
            loading.broken.add((tree["kind"], name))
        return problems
    identity = (document.kind, document_key(document))
    if (first := loading.documents.get(identity)) is not None:
        return [_duplicate(identity, first, places)]
    loading.documents[identity] = LoadedDocument(
        document=document, file=file, revision=_revision(document, file, loading.files), places=places
    )
    return []


def _head_complaints(tree: Mapping[str, Any]) -> Iterable[Complaint]:
    """What is wrong with ``apiVersion`` and ``kind``; the rest is not looked at before these are right."""
    if "apiVersion" not in tree:
        misspelt = next((key for key, value in tree.items() if isinstance(value, str) and value.startswith(_GROUP)), "")
        tokens = (misspelt,) if misspelt else ()
        message = f"unknown key {misspelt[:60]!r}" if misspelt else "apiVersion is missing"
        yield Complaint(
            code="EAS-1101", tokens=tokens, message=message, hint=f"write apiVersion: {API_VERSION}", on_key=True
        )
    elif tree["apiVersion"] != API_VERSION:
        message = f"apiVersion must be {API_VERSION}, not {tree['apiVersion'][:60]!r}"
        yield Complaint(code="EAS-1101", tokens=("apiVersion",), message=message, hint=f"write {API_VERSION}")
    kind = tree.get("kind")
    if kind is None:
        yield Complaint(code="EAS-1202", tokens=("kind",), message="kind is missing", hint=did_you_mean("", KINDS))
    elif not isinstance(kind, str) or kind not in KINDS:
        named = repr(kind[:60]) if isinstance(kind, str) else "a value that is no text"
        hint = did_you_mean(kind if isinstance(kind, str) else "", KINDS)
        yield Complaint(code="EAS-1102", tokens=("kind",), message=f"there is no kind {named}", hint=hint)


def _validated(tree: dict[str, Any], file: str) -> tuple[Document | None, Iterable[Complaint]]:
    try:
        document = validate(tree["kind"], tree)
    except ValidationError as error:
        return None, complaints(error, tree, tree["kind"])
    return document, tuple(document_complaints(document, file))


def _problem(complaint: Complaint, places: Places) -> Problem:
    place = places.place(pointer(complaint.tokens), key=complaint.on_key)
    return Problem(code=complaint.code, message=complaint.message, place=place, hint=complaint.hint)


def _name_of(tree: Mapping[str, Any]) -> str | None:
    metadata = tree.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None


def _duplicate(identity: tuple[str, str], first: LoadedDocument, places: Places) -> Problem:
    kind, name = identity
    return Problem(
        code="EAS-1301",
        message=f"there are two {kind} documents named {name}: the first is at {first.place('/metadata/name')}",
        place=places.place("/metadata/name"),
        hint="rename one of them or remove the copy",
    )


def _revision(document: Document, file: str, files: Mapping[str, bytes]) -> str:
    if isinstance(document, Standard):
        return revision_of(document, ruleset_content(document, file, files))
    if not isinstance(document, Interface):
        return revision_of(document)
    return revision_of(document, definition_content(definition_path(document, file), files))
