"""A record as canonical bytes: what is hashed, signed and kept.

* One JSON array (RFC 8259) of fixed order, the encoding's version first: :data:`FIELDS` names the rest.
* Equal records give equal bytes: sorted keys, no spaces, UTF-8, no NaN, no raw control characters (so no newline).
* :func:`decode` accepts nothing that :func:`encode` would not have written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from easement.ledger.errors import EncodingError
from easement.ledger.layout import NUMBER_COLUMNS, SEARCH_COLUMNS
from easement.ledger.record import DetailValue, Record, RecordKind, Status, Step

VERSION: Final = 1
FIELDS: Final = tuple(field.name for field in fields(Record))
MAX_RECORD_BYTES: Final = 65_536
_LARGEST: Final = 2**63
_CLIPPED_CHARACTERS: Final = 500
_CLIPPED_ENTRIES: Final = 20
_NUMBERS: Final = NUMBER_COLUMNS
_MAPS: Final = frozenset({"times", "detail"})
_TEXTS: Final = tuple(name for name in FIELDS if name not in _NUMBERS | _MAPS)
_PLACES: Final = {name: place for place, name in enumerate(FIELDS, start=1)}
_NUMBER_PLACES: Final = tuple(_PLACES[name] for name in FIELDS if name in _NUMBERS)
_KINDS: Final = {kind.value: kind for kind in RecordKind}
_STEPS: Final = {step.value: step for step in Step}
_STATUSES: Final = {status.value: status for status in Status}
_READ_TYPES: Final = (int, *(int if name in _NUMBERS else dict if name in _MAPS else str for name in FIELDS))
_WRITTEN_TYPES: Final = (
    *_READ_TYPES[: _PLACES["kind"]], RecordKind, Step, Status, *_READ_TYPES[_PLACES["status"] + 1 :],
)  # fmt: skip
_RETENTION_CLASS = re.compile(r"[a-z][a-z0-9]{0,15}")
_write = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, sort_keys=True, allow_nan=False).encode


search_values: Callable[[list[Any]], tuple[Any, ...]] = itemgetter(*(FIELDS.index(name) + 1 for name in SEARCH_COLUMNS))
"""The search columns of a record's parsed values."""


def encode(record: Record, *, recorder: str | None = None, sequence: int | None = None) -> bytes:
    """The canonical bytes of ``record``, with ``recorder`` and ``sequence`` in place of its own where given.

    Lone surrogates become ``?``. Raises :class:`EncodingError` when a value is not of its declared type.
    """
    recorder = record.recorder if recorder is None else recorder
    sequence = record.sequence if sequence is None else sequence
    values = [
        VERSION, record.id, record.transaction_id, record.correlation_id, record.kind, record.step, record.status,
        record.time_ms, dict(record.times), record.source, record.target, record.message_type, record.account,
        record.integration, record.integration_id, record.revision, record.plan, record.error_code, record.error,
        record.bytes_in, record.bytes_out, record.latency_us, _plain(record.detail), record.retention_class,
        recorder, sequence,
    ]  # fmt: skip
    _check(values)
    try:
        return _write(values).encode("utf-8", "replace")
    except (TypeError, ValueError) as error:
        raise EncodingError(f"record {record.id}: {error}") from error


def decode(data: bytes) -> Record:
    """Read what :func:`encode` wrote. Raises :class:`EncodingError` on anything else."""
    values = parse(data)
    named = dict(zip(FIELDS, values[1:], strict=True))
    named["kind"], named["step"], named["status"] = _KINDS[values[4]], _STEPS[values[5]], _STATUSES[values[6]]
    named["detail"] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in named["detail"].items()
    }
    return Record(**named)


def parse(data: bytes) -> list[Any]:
    """The values of :func:`encode`'s array, the version first, checked as strictly as :func:`decode` does."""
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EncodingError(f"not a record: {error}") from error
    if not isinstance(values, list) or len(values) != len(FIELDS) + 1 or values[0] != VERSION:
        raise EncodingError(f"not a record of encoding version {VERSION}")
    _check(values)
    if values[4] not in _KINDS or values[5] not in _STEPS or values[6] not in _STATUSES:
        raise EncodingError("not a record: unknown kind, step or status")
    try:
        canonical = _write(values).encode()
    except ValueError as error:
        raise EncodingError(f"not a record: {error}") from error
    if canonical != data:
        raise EncodingError("not the canonical form of a record")
    return values


def bounded(record: Record) -> Record:
    """A copy of an oversized ``record`` that fits :data:`MAX_RECORD_BYTES`, marked ``detail.shortened``.

    Texts and lists are cut: an overlong header of a hostile caller must neither stop the recorder nor go unrecorded.
    """
    cut = {name: str(getattr(record, name))[:_CLIPPED_CHARACTERS] for name in _TEXTS}
    for name in ("kind", "step", "status", "retention_class"):
        del cut[name]
    detail: dict[str, DetailValue] = {
        key[:_CLIPPED_CHARACTERS]: _clip(value) for key, value in sorted(record.detail.items())[:_CLIPPED_ENTRIES]
    }
    times = {key[:_CLIPPED_CHARACTERS]: value for key, value in sorted(record.times.items())[:_CLIPPED_ENTRIES]}
    changes: dict[str, Any] = {**cut, "times": times, "detail": {**detail, "shortened": True}}
    return replace(record, **changes)


def _clip(value: DetailValue) -> DetailValue:
    if isinstance(value, str):
        return value[:_CLIPPED_CHARACTERS]
    if isinstance(value, tuple):
        return tuple(item[: _CLIPPED_CHARACTERS // 10] for item in value[:_CLIPPED_ENTRIES])
    return value


def _plain(detail: Mapping[str, DetailValue]) -> dict[str, object]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in detail.items()}


@lru_cache(maxsize=256)
def is_retention_class(name: str) -> bool:
    """Whether ``name`` may name a retention class; it becomes part of file names."""
    return _RETENTION_CLASS.fullmatch(name) is not None


def _check(values: list[Any]) -> None:
    """Types of all values, cheap enough for the hot path. ``values`` starts with the version."""
    types = tuple(map(type, values))
    if types not in (_WRITTEN_TYPES, _READ_TYPES):
        _check_types(values)
    if not all(-_LARGEST <= values[place] < _LARGEST for place in _NUMBER_PLACES):
        raise EncodingError(f"record {values[1]!r}: a number has more than 64 bits")
    if not values[1]:
        raise EncodingError("a record needs an id")
    if not is_retention_class(values[_PLACES["retention_class"]]):
        raise EncodingError(f"record {values[1]!r}: retention_class must be like d400")
    times, detail = values[_PLACES["times"]], values[_PLACES["detail"]]
    if not all(type(key) is str and type(value) is int for key, value in times.items()):
        raise EncodingError(f"record {values[1]!r}: times maps names to milliseconds")
    if not all(type(key) is str and _is_detail(value) for key, value in detail.items()):
        raise EncodingError(f"record {values[1]!r}: detail holds names, numbers and lists of names only")


def _check_types(values: list[Any]) -> None:
    """Say which value is not of its type."""
    for name, place in _PLACES.items():
        value = values[place]
        if name in _NUMBERS:
            is_right, expected = type(value) is int, "a whole number"
        elif name in _MAPS:
            is_right, expected = isinstance(value, dict), "a mapping"
        else:
            is_right, expected = isinstance(value, str), "text"
        if not is_right:
            raise EncodingError(f"record {values[1]!r}: {name} must be {expected}")


def _is_detail(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str | int | float)
