"""The verifier's look into one sealed segment: which row differs from what was signed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from easement.ledger.encoding import decode, parse, search_values
from easement.ledger.entries import SegmentFacts
from easement.ledger.evidence import SegmentEvidence, UnreadableRows
from easement.ledger.layout import SEARCH_COLUMNS
from easement.ledger.merkle import HASH_BYTES, leaf_hash, root

MAX_SPOTS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a segment differs. ``row`` counts from 1; 0 means the file as a whole."""

    file: str
    message: str
    row: int = 0
    record: str = ""


def segment_spots(facts: SegmentFacts, found: SegmentEvidence) -> list[Spot]:
    """Every place, up to :data:`MAX_SPOTS`, where a segment is not what was signed."""
    signed = _signed_leaves(facts, found.leaves)
    leaves: list[bytes] = []
    spots = list(_row_spots(facts, found, signed, leaves))
    if len(leaves) != facts.rows and not spots:
        spots.append(Spot(file=facts.file, message=f"it holds {len(leaves)} records, {facts.rows} were sealed"))
    if signed is None and not spots and root(leaves).hex() != facts.root:
        spots.append(Spot(file=facts.file, message="one of its records is not the one that was sealed"))
    if found.sha256 != facts.sha256 and not spots:
        spots.append(Spot(file=facts.file, message=_outside(facts, found)))
    if signed is None:
        spots.append(
            Spot(file=facts.leaves_file, message="it is missing or changed: rows can only be checked as a whole")
        )
    return spots[:MAX_SPOTS]


def differing_columns(body: bytes, columns: Sequence[object]) -> list[str]:
    """The names of search columns that do not say what the record says."""
    try:
        values = search_values(parse(body))
    except ValueError:
        return ["body"]
    if values == columns:
        return []
    return [name for name, said, found in zip(SEARCH_COLUMNS, values, columns, strict=True) if said != found]


def record_id(body: bytes) -> str:
    """The id of a record, or nothing when the bytes are none."""
    try:
        return decode(body).id
    except ValueError:
        return ""


def _signed_leaves(facts: SegmentFacts, leaves: bytes | None) -> list[bytes] | None:
    """The leaf hashes beside the segment, if they are those whose root is signed."""
    if leaves is None or len(leaves) != facts.rows * HASH_BYTES:
        return None
    hashes = [leaves[start : start + HASH_BYTES] for start in range(0, len(leaves), HASH_BYTES)]
    return hashes if root(hashes).hex() == facts.root else None


def _row_spots(
    facts: SegmentFacts, found: SegmentEvidence, signed: list[bytes] | None, leaves: list[bytes]
) -> Iterator[Spot]:
    """Differing rows; fills ``leaves`` with what was found (nothing stands for a row that cannot be read)."""
    for part in found.parts:
        start = len(leaves)
        if isinstance(part, UnreadableRows):
            rows = f"rows {start + 1} to {start + part.count} cannot be read: " if part.count else "it cannot be read: "
            yield Spot(file=facts.file, row=start + 1 if part.count else 0, message=rows + part.reason)
            leaves.extend([b""] * part.count)
            continue
        leaves.extend(map(leaf_hash, part.bodies))
        if signed is not None and leaves[start:] != signed[start : len(leaves)]:
            yield from _differing(facts, part.bodies, leaves, signed, start)
        for place, columns in enumerate(part.columns):
            if names := differing_columns(part.bodies[place], columns):
                message = f"the columns {', '.join(names)} differ from the record"
                record = record_id(part.bodies[place])
                yield Spot(file=facts.file, row=start + place + 1, record=record, message=message)


def _differing(
    facts: SegmentFacts, bodies: Sequence[bytes], leaves: list[bytes], signed: list[bytes], start: int
) -> Iterator[Spot]:
    for place, body in enumerate(bodies):
        row = start + place
        if row >= len(signed):
            yield Spot(file=facts.file, row=row + 1, record=record_id(body), message="a row was added")
        elif leaves[row] != signed[row]:
            message = "the record is not the one that was sealed"
            yield Spot(file=facts.file, row=row + 1, record=record_id(body), message=message)


def _outside(facts: SegmentFacts, found: SegmentEvidence) -> str:
    size = "" if found.size_bytes == facts.size_bytes else f", {found.size_bytes - facts.size_bytes:+d} bytes"
    return f"the file was changed outside of its records (SHA-256 differs{size}); all {facts.rows} records are intact"
