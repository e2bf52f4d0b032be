"""An entry: one revision of a document with the definition files it consists of, from a folder or from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from easement.contract.documents import from_json, to_json
from easement.contract.identity import document_key
from easement.contract.kinds import Document, Interface, Standard
from easement.contract.loader import Bundle, LoadedDocument
from easement.contract.places import Places
from easement.contract.problems import Problem
from easement.contract.revision import definition_files, definition_path, ruleset_files
from easement.store.revisions import Key, StoredRevision

REGISTERED_FOLDER: Final = "@registry"
"""Where files of registered documents appear to lie; no path of a manifest folder begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """``file`` and the keys of ``files`` are paths below one root; ``places`` finds positions in ``file``.

    ``author`` is who applied a registered revision, else empty. ``remembered`` is that of
    :class:`~easement.contract.bundle.LoadedDocument`.
    """

    document: Document
    revision: str
    file: str
    places: Places
    files: Mapping[str, bytes] = field(default_factory=dict)
    author: str = ""
    remembered: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """The document's kind."""
        return self.document.kind

    @property
    def name(self) -> str:
        """The document's key: its name; of an interface ``NAME@MAJOR``."""
        return document_key(self.document)

    @property
    def key(self) -> Key:
        """Kind, name and revision."""
        return self.kind, self.name, self.revision

    @property
    def body(self) -> dict[str, object]:
        """The document as JSON."""
        return to_json(self.document)


Entries = dict[tuple[str, str], Entry]
"""Entries by kind and name."""


def entries_of(bundle: Bundle) -> dict[tuple[str, str], Entry]:
    """The documents of a bundle. Interfaces and standards take along every file that they are made of."""
    found: dict[tuple[str, str], Entry] = {}
    for loaded in bundle.documents:
        entry = Entry(
            document=loaded.document,
            revision=loaded.revision,
            file=loaded.file,
            places=loaded.places,
            files=_definition_files(loaded, bundle.files),
            remembered=loaded.remembered,
        )
        found[entry.kind, entry.name] = entry
    return found


def entry_of(stored: StoredRevision, contents: Mapping[str, bytes]) -> Entry:
    """A registered revision. ``contents`` has its files by hash."""
    root = f"{REGISTERED_FOLDER}/{stored.kind.lower()}/{stored.name}"
    file = f"{root}/{stored.file}"
    return Entry(
        document=from_json(dict(stored.body)),
        revision=stored.revision,
        file=file,
        places=Places(file),
        files={f"{root}/{path}": contents[digest] for path, digest in stored.files.items()},
        author=stored.author,
    )


def bundle_of(entries: Iterable[Entry], problems: tuple[Problem, ...] = ()) -> Bundle:
    """Entries as a bundle, to be assembled."""
    files: dict[str, bytes] = {}
    documents: list[LoadedDocument] = []
    for entry in entries:
        files.update(entry.files)
        documents.append(
            LoadedDocument(
                document=entry.document,
                file=entry.file,
                revision=entry.revision,
                places=entry.places,
                remembered=entry.remembered,
            )
        )
    return Bundle(documents=tuple(documents), files=files, problems=problems)


def _definition_files(loaded: LoadedDocument, files: Mapping[str, bytes]) -> dict[str, bytes]:
    if isinstance(loaded.document, Standard):
        return {name: files[name] for name in sorted(ruleset_files(loaded.document, loaded.file, files))}
    if not isinstance(loaded.document, Interface):
        return {}
    path = definition_path(loaded.document, loaded.file)
    return {name: files[name] for name in sorted(definition_files(path, files))}
