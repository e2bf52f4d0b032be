"""The verifier: is the ledger what was signed, is it whole, is it fresh? Pure: evidence and a time in, a report out.

* **integrity**: every sealed byte is what the checkpoint signs; every unsealed row is what its head signs.
* **completeness**: no number of any recorder is missing, nothing was cut off, nothing came twice under one number.
* **freshness**: how old the newest signature is.
The three are judged apart. A finding names its place as exactly as the evidence allows: file, row, record.
Where the evidence is read from disk: :mod:`easement.ledger.files`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from easement.ledger.checkpoint import Checkpoint, CheckpointVerifier
from easement.ledger.entries import LogState, SegmentFacts, Tombstone, decode_entry, log_state
from easement.ledger.errors import LedgerDamagedError
from easement.ledger.evidence import Evidence, HotEvidence
from easement.ledger.layout import CHECKPOINT_FILE, HOT_FILE, LOG_FILE
from easement.ledger.merkle import GrowingRoot, leaf_hash, root
from easement.ledger.retention import is_due
from easement.ledger.verdict import Report, Verdict, VerifyFinding, broken, incomplete
from easement.ledger.verify_numbers import number_findings
from easement.ledger.verify_rows import differing_columns, record_id, segment_spots

FRESH_MS: Final = 15 * 60_000


def verify(evidence: Evidence, now_ms: int, *, max_age_ms: int = 0) -> Report:
    """Check everything and report.

    ``max_age_ms`` makes an older checkpoint a failure; 0 only warns after :data:`FRESH_MS`. Raises ``ValueError`` when
    the verifier key is none.
    """
    verifier = CheckpointVerifier.from_text(evidence.verify_key)
    lines = evidence.log.split(b"\n")[:-1]
    checkpoint, findings = _open_checkpoint(verifier, evidence.checkpoint)
    state, log_findings = _read_log(lines[: checkpoint.size] if checkpoint else lines)
    findings += log_findings
    if checkpoint:
        findings += _compare_log(evidence.log, lines, checkpoint)
        findings += _freshness(checkpoint, now_ms, max_age_ms)
    findings += _kept(verifier, evidence, lines)
    findings += _seals(state)
    findings += _tombstones(state)
    for facts in state.kept:
        findings += _segment(facts, evidence)
    findings += _strangers(state, evidence)
    findings += _hot(verifier, state, evidence.hot)
    findings += number_findings(state, evidence)
    return Report(
        findings=tuple(sorted(findings, key=lambda finding: finding.verdict is not Verdict.FAIL)),
        entries=len(state.seals) + len(state.tombstones),
        segments=len(state.kept),
        sealed_records=sum(facts.rows for facts in state.kept),
        unsealed_records=len(evidence.hot.rows),
        checkpoint_ms=checkpoint.time_ms if checkpoint else 0,
    )


def _open_checkpoint(verifier: CheckpointVerifier, note: bytes) -> tuple[Checkpoint | None, list[VerifyFinding]]:
    if not note:
        return None, [broken(CHECKPOINT_FILE, "there is no checkpoint: nothing proves this ledger")]
    try:
        return verifier.open(note), []
    except LedgerDamagedError as error:
        return None, [broken(CHECKPOINT_FILE, str(error))]


def _read_log(lines: Sequence[bytes]) -> tuple[LogState, list[VerifyFinding]]:
    entries, findings = [], []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(decode_entry(line))
        except LedgerDamagedError as error:
            findings.append(broken(LOG_FILE, str(error), row=number))
    return log_state(tuple(entries)), findings


def _compare_log(data: bytes, lines: Sequence[bytes], checkpoint: Checkpoint) -> Iterator[VerifyFinding]:
    if len(lines) < checkpoint.size:
        message = f"it was cut: the checkpoint signs {checkpoint.size} entries, {len(lines)} are there"
        yield broken(LOG_FILE, message, row=len(lines) + 1)
        return
    if _root(lines[: checkpoint.size]) != checkpoint.root:
        yield broken(LOG_FILE, f"one of its {checkpoint.size} lines is not the one that was signed")
    if len(lines) > checkpoint.size or not (data.endswith(b"\n") or not data):
        yield VerifyFinding(
            area="integrity",
            verdict=Verdict.WARN,
            file=LOG_FILE,
            row=checkpoint.size + 1,
            message="an entry is not signed: the ledger was stopped while it sealed, or somebody else wrote it",
        )


def _root(lines: Sequence[bytes]) -> bytes:
    return root([leaf_hash(line) for line in lines])


def _freshness(checkpoint: Checkpoint, now_ms: int, max_age_ms: int) -> Iterator[VerifyFinding]:
    age_ms = now_ms - checkpoint.time_ms
    if age_ms < -FRESH_MS:
        yield VerifyFinding(
            area="freshness", verdict=Verdict.WARN, file=CHECKPOINT_FILE, message="it was signed in the future"
        )
    if age_ms > (max_age_ms or FRESH_MS):
        yield VerifyFinding(
            area="freshness",
            verdict=Verdict.FAIL if max_age_ms else Verdict.WARN,
            file=CHECKPOINT_FILE,
            message=f"it was signed {age_ms // 60_000} minutes ago: what came since then, or was cut off, is unproven",
        )


def _kept(verifier: CheckpointVerifier, evidence: Evidence, lines: Sequence[bytes]) -> Iterator[VerifyFinding]:
    for name, note in evidence.kept_checkpoints.items():
        try:
            kept = verifier.open(note)
        except LedgerDamagedError as error:
            yield broken(name, str(error))
            continue
        if kept.size > len(lines):
            yield broken(LOG_FILE, f"it was rolled back: {name} signs {kept.size} entries, {len(lines)} are there")
        elif _root(lines[: kept.size]) != kept.root:
            yield broken(LOG_FILE, f"its first {kept.size} entries are not those that {name} signs: it was rewritten")


def _seals(state: LogState) -> Iterator[VerifyFinding]:
    through = 0
    for number, seal in enumerate(state.seals, start=1):
        rows = sum(facts.rows for facts in seal.segments)
        if seal.number != number or seal.through - through != rows:
            yield incomplete(LOG_FILE, f"seal {seal.number} does not follow from the one before it")
        through = seal.through


def _tombstones(state: LogState) -> Iterator[VerifyFinding]:
    sealed = {facts.file: facts for seal in state.seals for facts in seal.segments}
    for tombstone in state.tombstones:
        for facts in tombstone.segments:
            if sealed.get(facts.file) != facts:
                yield broken(LOG_FILE, f"a tombstone speaks of {facts.file}, which was not sealed like that")
            elif not is_due(facts, tombstone.time_ms):
                yield incomplete(facts.file, _too_early(tombstone, facts))


def _too_early(tombstone: Tombstone, facts: SegmentFacts) -> str:
    return f"{facts.rows} records were dropped before their class {facts.retention_class} allows ({tombstone.reason})"


def _segment(facts: SegmentFacts, evidence: Evidence) -> Iterator[VerifyFinding]:
    if facts.file not in evidence.present:
        yield broken(facts.file, f"the segment is missing: {facts.rows} records are gone without a tombstone")
        return
    for spot in segment_spots(facts, evidence.segment(facts)):
        yield broken(spot.file, spot.message, row=spot.row, record=spot.record)


def _strangers(state: LogState, evidence: Evidence) -> Iterator[VerifyFinding]:
    expected = {name for facts in state.kept for name in (facts.file, facts.leaves_file)}
    for name in sorted(evidence.present - expected):
        reason = "it has a tombstone and should be gone" if name in state.dropped else "no entry of the log signs it"
        yield VerifyFinding(area="integrity", verdict=Verdict.WARN, file=name, message=reason)


def _hot(verifier: CheckpointVerifier, state: LogState, hot: HotEvidence) -> Iterator[VerifyFinding]:
    if hot.error:
        yield broken(HOT_FILE, hot.error)
        return
    if not hot.rows and not hot.heads:
        return
    if not hot.heads or hot.heads[-1][0] != hot.rows[-1][0]:
        yield broken(HOT_FILE, "its newest rows are not signed: rows were added or cut off")
    try:
        heads = [(position, verifier.open(note, unsealed=True)) for position, note in hot.heads]
    except LedgerDamagedError as error:
        yield broken(HOT_FILE, f"the head of the unsealed rows: {error}")
        return
    yield from _hot_heads(heads, state, hot)
    for position, body, columns in hot.rows:
        if names := differing_columns(body, columns):
            message = f"the columns {', '.join(names)} differ from the record"
            yield broken(HOT_FILE, message, row=position, record=record_id(body))


def _hot_heads(heads: Sequence[tuple[int, Checkpoint]], state: LogState, hot: HotEvidence) -> Iterator[VerifyFinding]:
    after = heads[0][1].after if heads else 0
    if after > state.through:
        yield incomplete(LOG_FILE, f"it was rolled back: rows up to {after} were sealed, it ends at {state.through}")
    elif after < state.through and any(position > state.through for position, _, _ in hot.rows):
        yield incomplete(HOT_FILE, f"it is older than the log, which has sealed up to {state.through}")
    tree, rows, previous = GrowingRoot(), iter(hot.rows), after
    for position, head in heads:
        while previous < position and (row := next(rows, None)) is not None:
            if row[0] != previous + 1:
                yield incomplete(HOT_FILE, f"rows {previous + 1} to {row[0] - 1} are missing")
            tree.add(leaf_hash(row[1]))
            previous = row[0]
        if (head.size, head.root) != (tree.size, tree.root()):
            first = _first_of(heads, position, after)
            yield broken(HOT_FILE, f"rows {first} to {position}: one of them is not the one that was signed", row=first)
            return


def _first_of(heads: Sequence[tuple[int, Checkpoint]], position: int, after: int) -> int:
    """The first row that the head at ``position`` covers and the one before it does not."""
    earlier = [other for other, _ in heads if other < position]
    return (earlier[-1] if earlier else after) + 1
