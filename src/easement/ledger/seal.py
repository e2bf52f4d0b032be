"""Sealing: the hot rows become segments, an entry of the log and a signed checkpoint.

A crash loses nothing at any point: segments first (overwritten if it was not signed), then the entry and its checkpoint
(:mod:`easement.ledger.log_file`), then the index, and only then are the rows removed from the hot store.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Final

import structlog

from easement.ledger.encoding import FIELDS
from easement.ledger.entries import RecorderRange, Seal
from easement.ledger.errors import LedgerDamagedError
from easement.ledger.hot_store import HotStore, RecorderState
from easement.ledger.ingest import Ingest
from easement.ledger.layout import SEGMENTS_FOLDER
from easement.ledger.log_file import LedgerLog
from easement.ledger.merkle import GrowingRoot, leaf_hash
from easement.ledger.segments import SegmentRows, write_segment

_PLACES: Final = {name: FIELDS.index(name) + 1 for name in ("retention_class", "time_ms", "recorder", "sequence")}
_log = structlog.get_logger()


def seal(folder: Path, log: LedgerLog, hot: HotStore, ingest: Ingest, *, now_ms: int) -> Seal | None:
    """Seal everything that is hot and sign it; None when there is nothing.

    The rows stay in the hot store: the caller removes them with :meth:`HotStore.forget` once they can be found sealed.
    Raises :class:`LedgerDamagedError` when the rows are not those that were taken in.
    """
    classes: dict[str, SegmentRows] = defaultdict(SegmentRows)
    numbers: dict[str, list[int]] = defaultdict(list)
    tree = GrowingRoot()
    for position, body in hot.bodies():
        values = json.loads(body)
        classes[values[_PLACES["retention_class"]]].add(position, body, values[_PLACES["time_ms"]])
        numbers[values[_PLACES["recorder"]]].append(values[_PLACES["sequence"]])
        tree.add(leaf_hash(body))
    if tree.size != ingest.tree.size or tree.root() != ingest.tree.root():
        raise LedgerDamagedError("the unsealed records changed since they were taken in: run `easement audit verify`")
    if not tree.size:
        return None
    number = len(log.state.seals) + 1
    segments = folder / SEGMENTS_FOLDER
    entry = Seal(
        number=number,
        time_ms=now_ms,
        through=ingest.through + tree.size,
        segments=tuple(write_segment(segments, number, name, rows) for name, rows in sorted(classes.items())),
        recorders={name: _range(ingest.recorders[name], those) for name, those in sorted(numbers.items())},
        incidents=hot.incidents(),
    )
    log.append(entry, now_ms=now_ms)
    _log.info("ledger.sealed", seal=number, records=tree.size, segments=len(entry.segments))
    return entry


def _range(state: RecorderState, numbers: list[int]) -> RecorderRange:
    return RecorderRange(first=min(numbers), last=max(numbers), count=len(numbers), digest=state.digest.hex())


def remove_unsigned(folder: Path, log: LedgerLog) -> None:
    """Remove what a crash left: drafts, and segments of a seal that was never signed or has a tombstone."""
    segments = folder / SEGMENTS_FOLDER
    last = len(log.state.seals)
    for path in segments.iterdir():
        number = path.name.split("-", 1)[0]
        is_unsigned = number.isdigit() and int(number) > last
        if path.name.startswith(".") or is_unsigned:
            _log.warning("ledger.unsigned_file_removed", file=path.name)
            path.unlink()
    for tombstone in log.state.tombstones:
        for segment in tombstone.segments:
            (segments / segment.file).unlink(missing_ok=True)
            (segments / segment.leaves_file).unlink(missing_ok=True)
