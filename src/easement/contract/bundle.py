"""What loading a folder gives: the documents that are valid, where their values stand, and all problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from easement.contract import revision
from easement.contract.identity import document_key
from easement.contract.kinds import Document, Severity
from easement.contract.places import Places
from easement.contract.problems import Place, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDocument:
    """A valid document, the file it stands in, its revision and the places of its values.

    ``remembered`` keeps what others worked out from this document and the files that belong to its revision alone, so
    that a document which stays the same is not read again with each change of another.
    """

    document: Document
    file: str
    revision: str
    places: Places = field(compare=False, repr=False)
    remembered: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def place(self, path: str, *, key: bool = False) -> Place:
        """Where the value at a JSON pointer stands (its key where ``key``); the nearest ancestor when it is absent."""
        return self.places.place(path, key=key)

    def resolve(self, relative: str) -> str:
        """The folder's path of a file that the document names; empty when it leads out of the folder."""
        return revision.resolve(self.file, relative)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A loaded folder.

    ``documents`` has each kind and key (:mod:`easement.contract.identity`) once, in the order of files. ``broken``
    names, as ``(kind, name)``, documents that are there but not valid: a reference to one of them does not dangle.
    """

    documents: tuple[LoadedDocument, ...]
    files: Mapping[str, bytes] = field(repr=False)
    problems: tuple[Problem, ...]
    broken: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_sound(self) -> bool:
        """Whether nothing in it is an error."""
        return all(problem.severity is not Severity.ERROR for problem in self.problems)

    def find(self, kind: str, key: str) -> LoadedDocument | None:
        """The document of that kind and key."""
        for loaded in self.documents:
            if loaded.document.kind == kind and document_key(loaded.document) == key:
                return loaded
        return None
