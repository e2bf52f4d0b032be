"""Ingest: from the spools into the hot store, each record once.

* A frame whose number comes next is taken. Numbers that were skipped are an incident, ``missing``.
* A frame whose numbers were taken before is compared with what was taken: the same records are dropped (``replayed``),
  others are kept and an incident (``conflict``) says so, since dropping them would let a forger silence the true ones.
* Spool files are removed only after the hot store has committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from easement.ledger.checkpoint import UNSEALED, Checkpoint, CheckpointVerifier, Signer
from easement.ledger.encoding import parse
from easement.ledger.entries import Incident, IncidentKind
from easement.ledger.errors import EncodingError, LedgerDamagedError
from easement.ledger.hot_store import HotRow, HotStore, RecorderState
from easement.ledger.merkle import GrowingRoot, leaf_hash
from easement.ledger.spool_frame import FIRST, Frame
from easement.ledger.spool_reader import SpoolDamage, SpoolReader

SealedLookup = Callable[[str, int, int], Mapping[int, bytes]]
"""Sealed rows of a recorder within a range of its numbers: number to canonical bytes."""
_START: Final = RecorderState(next_sequence=1, digest=FIRST)
_log = structlog.get_logger()


@dataclass(slots=True)
class _Batch:
    """What one step will commit."""

    rows: list[HotRow] = field(default_factory=list)
    recorders: dict[str, RecorderState] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)


class Ingest:
    """Takes records from all spools below a folder into a hot store. One thread only."""

    def __init__(
        self,
        *,
        spool_folder: Path,
        hot: HotStore,
        signer: Signer,
        sealed_through: int,
        sealed_recorders: Mapping[str, RecorderState],
        sealed_lookup: SealedLookup,
    ) -> None:
        """Check the hot store against its last signed head. Raises :class:`LedgerDamagedError` when it does not fit."""
        self._spool_folder, self._hot, self._signer = spool_folder, hot, signer
        self._sealed_lookup = sealed_lookup
        self._readers: dict[str, SpoolReader] = {}
        self.recorders = dict(sealed_recorders)
        for name, state in hot.recorders().items():
            if name not in self.recorders or state.next_sequence >= self.recorders[name].next_sequence:
                self.recorders[name] = state
        self.through = sealed_through
        self.position = max(sealed_through, hot.last_position())
        self.tree = GrowingRoot(leaf_hash(body) for _, body in hot.bodies())
        self._check_head()

    def step(self, max_records: int, *, now_ms: int) -> int:
        """Take in up to about ``max_records`` and say how many. On an error nothing is lost: call again."""
        batch = _Batch()
        try:
            self._collect(batch, max_records, now_ms)
            if not batch.rows and not batch.recorders and not batch.incidents:
                return 0
            tree = self.tree.copy()
            for row in batch.rows:
                tree.add(leaf_hash(row.body))
            head = self._signer.sign(self._head(tree, now_ms))
            self._hot.add(batch.rows, recorders=batch.recorders, incidents=batch.incidents, head=head)
        except BaseException:
            self._readers.clear()
            raise
        self.tree = tree
        self.position += len(batch.rows)
        self.recorders.update(batch.recorders)
        for incident in batch.incidents:
            _log.warning("ledger.incident", kind=incident.kind, recorder=incident.recorder, first=incident.first,
                         last=incident.last, note=incident.note)  # fmt: skip
        for reader in self._readers.values():
            reader.confirm()
        return len(batch.rows)

    def sealed(self, through: int) -> None:
        """All rows up to ``through`` are sealed and gone from the hot store."""
        self.through = through
        self.tree = GrowingRoot()

    def pending_bytes(self) -> int:
        """How much waits in the spools."""
        return sum(reader.pending_bytes() for reader in self._readers.values())

    def _collect(self, batch: _Batch, max_records: int, now_ms: int) -> None:
        for folder in sorted(path for path in self._spool_folder.iterdir() if path.is_dir()):
            for part in self._reader(folder).read():
                if isinstance(part, SpoolDamage):
                    batch.incidents.append(_damaged(part, now_ms))
                    continue
                self._take(batch, *part, now_ms)
                if len(batch.rows) >= max_records:
                    return

    def _reader(self, folder: Path) -> SpoolReader:
        if folder.name not in self._readers:
            reader = SpoolReader(folder)
            reader.resume(
                frozenset(s.digest for name, s in self.recorders.items() if name.startswith(f"{folder.name}@"))
            )
            self._readers[folder.name] = reader
        return self._readers[folder.name]

    def _take(self, batch: _Batch, recorder: str, frame: Frame, now_ms: int) -> None:
        """Put a frame into the batch, or only those of its records that are new."""
        state = batch.recorders.get(recorder) or self.recorders.get(recorder, _START)
        records = dict(enumerate(frame.records, start=frame.first_sequence))
        if frame.first_sequence < state.next_sequence:
            records = self._new_ones(batch, recorder, records, now_ms)
        elif frame.first_sequence > state.next_sequence:
            gap = (state.next_sequence, frame.first_sequence - 1)
            batch.incidents.append(_incident("missing", recorder, gap, now_ms))
        elif frame.previous != state.digest:
            taken = (frame.first_sequence, frame.next_sequence - 1)
            note = "the spool is not the one that was read before"
            batch.incidents.append(_incident("conflict", recorder, taken, now_ms, note))
        for sequence, body in records.items():
            self._add(batch, recorder, sequence, body, now_ms)
        if frame.next_sequence > state.next_sequence:
            batch.recorders[recorder] = RecorderState(next_sequence=frame.next_sequence, digest=frame.digest)

    def _new_ones(self, batch: _Batch, recorder: str, records: dict[int, bytes], now_ms: int) -> dict[int, bytes]:
        first, last = min(records), max(records)
        known = {row.values[-1]: row.body for row in batch.rows if row.values[-2] == recorder}
        known |= {**self._sealed_lookup(recorder, first, last), **self._hot.known(recorder, first, last)}
        new = {sequence: body for sequence, body in records.items() if known.get(sequence) != body}
        kind: IncidentKind = "conflict" if any(sequence in known for sequence in new) else "replayed"
        batch.incidents.append(
            _incident(kind, recorder, (first, last), now_ms, f"{len(new)} of {len(records)} are new")
        )
        return new

    def _add(self, batch: _Batch, recorder: str, sequence: int, body: bytes, now_ms: int) -> None:
        try:
            values = _checked(body, recorder, sequence)
        except EncodingError as error:
            batch.incidents.append(_incident("damaged", recorder, (sequence, sequence), now_ms, str(error)[:200]))
            return
        batch.rows.append(HotRow(self.position + len(batch.rows) + 1, values, body))

    def _head(self, tree: GrowingRoot, now_ms: int) -> Checkpoint:
        return Checkpoint(
            origin=self._signer.name + UNSEALED, size=tree.size, root=tree.root(), time_ms=now_ms, after=self.through
        )

    def _check_head(self) -> None:
        heads = self._hot.heads()
        if not heads and not self.tree.size:
            return
        if heads:
            head = CheckpointVerifier.from_text(self._signer.verify_key).open(heads[-1][1], unsealed=True)
            fits = head.size == self.tree.size and head.root == self.tree.root() and head.after == self.through
            if fits and self.position == self.through + head.size:
                return
        raise LedgerDamagedError(
            "the unsealed records are not those that were signed: run `easement audit verify` to see where; to go on, "
            "move hot.db aside as evidence and start the ledger again"
        )


def _checked(body: bytes, recorder: str, sequence: int) -> list[Any]:
    values = parse(body)
    if values[-2:] != [recorder, sequence]:
        raise EncodingError("the record carries another recorder or number than its frame")
    return values


def _incident(kind: IncidentKind, recorder: str, span: tuple[int, int], now_ms: int, note: str = "") -> Incident:
    return Incident(kind=kind, recorder=recorder, first=span[0], last=span[1], time_ms=now_ms, note=note)


def _damaged(damage: SpoolDamage, now_ms: int) -> Incident:
    note = f"{damage.file.name} bytes {damage.start} to {damage.end}"
    return _incident("damaged", damage.recorder, (0, 0), now_ms, note)
