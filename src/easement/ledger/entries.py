"""Entries of the ledger's log: what was sealed, and what was dropped when its time had come.

An entry is one line of canonical JSON; those bytes are the leaf of the log's Merkle tree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from easement.ledger.errors import LedgerDamagedError

SegmentFile = Annotated[str, Field(pattern=r"^\d{8}-[a-z][a-z0-9]{0,15}\.parquet$")]
IncidentKind = Literal["missing", "damaged", "conflict", "replayed"]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts:
    """One sealed file. ``root`` is the Merkle root over its rows, ``sha256`` the hash of the file as a whole.

    ``first_ms`` and ``last_ms`` are the least and greatest time of its records.
    """

    file: SegmentFile
    retention_class: str
    rows: int
    root: Hex
    sha256: Hex
    size_bytes: int
    first_ms: int
    last_ms: int

    @property
    def leaves_file(self) -> str:
        """The file with the leaf hashes, 32 bytes each."""
        return self.file.removesuffix(".parquet") + ".leaves"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderRange:
    """Which records of one recorder are in a seal. ``digest`` is that of the last spool frame."""

    first: int
    last: int
    count: int
    digest: Hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something the ledger noticed while it took records in; signed with the next seal.

    ``missing``: numbers that never came. ``damaged``: bytes that are no record. ``conflict``: another record under a
    number that is taken. ``replayed``: records that came again.
    """

    kind: IncidentKind
    recorder: str
    first: int
    last: int
    time_ms: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """All rows up to position ``through`` that no earlier seal holds, a segment for each retention class."""

    type: Literal["seal"] = "seal"
    number: int
    time_ms: int
    through: int
    segments: tuple[SegmentFacts, ...]
    recorders: Mapping[str, RecorderRange]
    incidents: tuple[Incident, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Segments that were dropped because their retention had passed. Their roots stay provable."""

    type: Literal["tombstone"] = "tombstone"
    time_ms: int
    reason: str
    segments: tuple[SegmentFacts, ...]


Entry = Annotated[Seal | Tombstone, Field(discriminator="type")]
_ENTRY: Final[TypeAdapter[Seal | Tombstone]] = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What the entries of a log say together."""

    seals: tuple[Seal, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    recorders: Mapping[str, RecorderRange] = field(default_factory=dict)
    """The last range of each recorder."""

    @property
    def through(self) -> int:
        """The position of the last sealed row; 0 before the first seal."""
        return self.seals[-1].through if self.seals else 0

    @property
    def dropped(self) -> frozenset[str]:
        """The files that a tombstone speaks of."""
        return frozenset(segment.file for tombstone in self.tombstones for segment in tombstone.segments)

    @property
    def kept(self) -> tuple[SegmentFacts, ...]:
        """The segments that must be there, oldest first."""
        dropped = self.dropped
        return tuple(segment for seal in self.seals for segment in seal.segments if segment.file not in dropped)


def encode_entry(entry: Seal | Tombstone) -> bytes:
    """One line without its newline."""
    tree = _ENTRY.dump_python(entry, mode="json")
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def decode_entry(line: bytes) -> Seal | Tombstone:
    """Read what :func:`encode_entry` wrote. Raises :class:`LedgerDamagedError` on anything else."""
    try:
        return _ENTRY.validate_json(line)
    except ValueError as error:
        raise LedgerDamagedError("an entry of the log cannot be read") from error


def log_state(entries: tuple[Seal | Tombstone, ...]) -> LogState:
    """Sum up entries in their order."""
    seals = tuple(entry for entry in entries if isinstance(entry, Seal))
    recorders = {name: last for seal in seals for name, last in seal.recorders.items()}
    return LogState(
        seals=seals,
        tombstones=tuple(entry for entry in entries if isinstance(entry, Tombstone)),
        recorders=recorders,
    )
