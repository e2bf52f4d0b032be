"""What the verifier looks at, as values. :mod:`easement.ledger.files` reads it from disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from easement.ledger.entries import Incident, SegmentFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows in order. ``columns`` holds the search columns of each, given only where the file is known to differ."""

    bodies: Sequence[bytes]
    columns: Sequence[tuple[object, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRows:
    """``count`` rows that cannot be read, and why. 0 where it is not known how many."""

    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEvidence:
    """One file as found: its hash and size, its leaf hashes (None when there are none), and its rows."""

    sha256: str
    size_bytes: int
    leaves: bytes | None
    parts: Iterable[Rows | UnreadableRows]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotEvidence:
    """The unsealed rows: position, canonical bytes, search columns; their heads; the next number of each recorder."""

    rows: Sequence[tuple[int, bytes, tuple[object, ...]]] = ()
    heads: Sequence[tuple[int, bytes]] = ()
    recorders: Mapping[str, int] = field(default_factory=dict)
    incidents: Sequence[Incident] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolEvidence:
    """What lies in the spool of one recorder: the first number on disk and the one after the last."""

    recorder: str
    first: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything the verifier looks at. ``segment`` reads one sealed segment when its turn comes."""

    verify_key: str
    checkpoint: bytes
    log: bytes
    present: frozenset[str]
    segment: Callable[[SegmentFacts], SegmentEvidence]
    hot: HotEvidence = HotEvidence()
    spools: Sequence[SpoolEvidence] = ()
    kept_checkpoints: Mapping[str, bytes] = field(default_factory=dict)
    """Checkpoints that were kept elsewhere, by the name of their file."""
