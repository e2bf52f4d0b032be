"""Bytes of a YAML or JSON file into plain values with positions; never raises.

Contracts and interface descriptions are both read with this. Values are ``dict``, ``list``, ``str``, ``int``,
``float``, ``bool`` and ``None``; values that an alias repeats are the same object, so treat them as read-only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from easement.contract.json_text import read_json
from easement.contract.places import Places
from easement.contract.problems import Place, Problem
from easement.contract.yaml_events import read_events

_NO_TEXT: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """One document of a file and where its values stand."""

    value: Any
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All documents of a file that could be read, and what was wrong."""

    documents: tuple[ReadDocument, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(data: bytes, file: str) -> Reading:
    """Read a file; a name that ends in ``.json`` says JSON, anything else YAML (which may hold many documents)."""
    text = decode(data, file)
    if isinstance(text, Problem):
        return Reading(problems=(text,))
    if file.endswith(".json"):
        value, places, problems = read_json(text, file)
        unreadable = value is None and bool(problems)
        return Reading(documents=() if unreadable else (ReadDocument(value=value, places=places),), problems=problems)
    if problem := _first_control(text, file):
        return Reading(problems=(problem,))
    events = read_events(text, file)
    documents = tuple(ReadDocument(value=value, places=Places(file, spot)) for value, spot in events.documents)
    return Reading(documents=documents, problems=tuple(events.problems))


def decode(data: bytes, file: str) -> str | Problem:
    """The text of a UTF-8 file, without a byte order mark; a problem where it is something else."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return Problem(
            code="EAS-1001", message="UTF-16 text: save it as UTF-8", place=Place(file=file, line=1, column=1)
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_in(data[: error.start].decode("utf-8", "replace"), file)
        return Problem(code="EAS-1001", message=f"not UTF-8: byte 0x{data[error.start]:02x}", place=place)
    if (nul := text.find("\0")) >= 0:
        return Problem(code="EAS-1001", message="a NUL character", place=_place_in(text[:nul], file))
    return text


def _first_control(text: str, file: str) -> Problem | None:
    match = _NO_TEXT.search(text)
    if not match:
        return None
    message = f"a control character (U+{ord(match[0]):04X})"
    return Problem(code="EAS-1001", message=message, place=_place_in(text[: match.start()], file))


def _place_in(before: str, file: str) -> Place:
    line = before.count("\n") + 1
    return Place(file=file, line=line, column=len(before) - before.rfind("\n"))
