"""A revision: one immutable version of a document, named by its content.

Two documents that say the same have the same revision, however they are written: comments, order of keys, quotes and
defaults that are spelt out do not count. An interface's revision covers its description and every file of the folder
that the description refers to, because a review approves these too.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from easement.contract.documents import to_json
from easement.contract.kinds import Document, Interface, Standard

_REFERENCE: Final = re.compile(rb"""["']?\$ref["']?[ \t\r\n]*:[ \t\r\n]*["']?([^"'\s#,{}\[\]]{1,500})""")
_RULESET: Final = re.compile(rb"""["'\s\[,-]((?:\.{1,2}/)*[\w][\w./-]{0,300}\.(?:ya?ml|json))\b""")
_MAX_FILES: Final = 500


def revision_of(document: Document, definition: bytes = b"") -> str:
    """The name of a document's content: SHA-256 in hexadecimal.

    ``definition`` is :func:`definition_content` of an interface, or any other bytes that the document stands for.
    """
    canonical = json.dumps(to_json(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    digest = hashlib.sha256(canonical)
    if definition:
        digest.update(b"\0" + hashlib.sha256(definition).digest())
    return digest.hexdigest()


def resolve(file: str, relative: str) -> str:
    """The path in the folder that ``relative`` means when it stands in ``file``; empty when it leads outside."""
    if not relative or relative.startswith("/") or "\\" in relative or ":" in relative.split("/", 1)[0]:
        return ""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(file), relative))
    return "" if path == ".." or path.startswith("../") else path


def definition_path(document: Interface, file: str) -> str:
    """The path of the interface's description in the folder; empty when none is named or it leads outside."""
    definition = document.spec.definition
    return resolve(file, definition.openapi or definition.asyncapi or "")


def definition_files(path: str, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """``path`` and every file that is reachable from it by ``$ref``, as far as they exist; ``path`` is first."""
    found: dict[str, None] = {}
    waiting = [path]
    while waiting and len(found) < _MAX_FILES:
        file = waiting.pop()
        if file in found or file not in files:
            continue
        found[file] = None
        references = {unquote(match.decode("utf-8", "replace")) for match in _REFERENCE.findall(files[file])}
        waiting.extend(target for reference in sorted(references) if (target := resolve(file, reference)))
    return tuple(found)


def ruleset_files(document: Standard, file: str, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The rulesets that a standard names and every file that they name in turn, as far as they exist."""
    found: dict[str, None] = {}
    waiting = [resolve(file, reference.file) for reference in document.spec.rulesets]
    while waiting and len(found) < _MAX_FILES:
        here = waiting.pop()
        if here in found or here not in files:
            continue
        found[here] = None
        named = {match.decode("utf-8", "replace") for match in _RULESET.findall(files[here])}
        waiting.extend(target for name in sorted(named) if (target := resolve(here, name)))
    return tuple(found)


def ruleset_content(document: Standard, file: str, files: Mapping[str, bytes]) -> bytes:
    """What a standard's revision covers besides the document: its rulesets, and what they are made of."""
    names = ruleset_files(document, file, files)
    return _listed(names, posixpath.dirname(file) or ".", files) if names else b""


def definition_content(path: str, files: Mapping[str, bytes]) -> bytes:
    """What an interface's revision covers: the bytes of one file, or names and hashes of several.

    Names are relative to the folder of ``path``, so moving the whole changes nothing.
    """
    names = definition_files(path, files)
    if len(names) < 2:
        return files.get(path, b"")
    return _listed(names, posixpath.dirname(path) or ".", files)


def _listed(names: tuple[str, ...], folder: str, files: Mapping[str, bytes]) -> bytes:
    listed = {posixpath.relpath(name, folder): hashlib.sha256(files[name]).hexdigest() for name in names}
    return json.dumps(listed, sort_keys=True, separators=(",", ":")).encode()
