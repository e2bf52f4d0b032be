"""The verifier's look at completeness: are the numbers of each recorder whole? Pure.

Sealed ranges come from the log, so they hold over segments that retention has dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from easement.ledger.encoding import parse
from easement.ledger.entries import Incident, LogState, RecorderRange
from easement.ledger.evidence import Evidence, HotEvidence
from easement.ledger.layout import HOT_FILE, LOG_FILE
from easement.ledger.verdict import Verdict, VerifyFinding, incomplete

_FAILING_INCIDENTS: Final = frozenset({"missing", "damaged", "conflict"})


def number_findings(state: LogState, evidence: Evidence) -> Iterator[VerifyFinding]:
    """Numbers of each recorder: over the seals, then the hot rows, then what waits in the spool."""
    expected: dict[str, int] = {}
    for seal in state.seals:
        for name, here in seal.recorders.items():
            yield from _range(name, expected.get(name, 1), here, f"{LOG_FILE} seal {seal.number}")
            expected[name] = here.last + 1
        yield from _incidents(seal.incidents, f"{LOG_FILE} seal {seal.number}")
    yield from _incidents(evidence.hot.incidents, HOT_FILE)
    yield from _hot_numbers(evidence.hot, state.through, expected)
    for spool in evidence.spools:
        if spool.first > expected.get(spool.recorder, 1):
            message = (
                f"numbers {expected.get(spool.recorder, 1)} to {spool.first - 1} of {spool.recorder} left the spool "
                "and are not in the ledger: it was rolled back or lost rows"
            )
            yield incomplete(f"spool/{spool.recorder.partition('@')[0]}", message)


def _hot_numbers(hot: HotEvidence, through: int, expected: dict[str, int]) -> Iterator[VerifyFinding]:
    numbers: dict[str, list[int]] = {}
    for position, body, _ in hot.rows:
        if position > through:
            name, number = _numbered(body)
            numbers.setdefault(name, []).append(number)
    for name, those in numbers.items():
        here = RecorderRange(first=min(those), last=max(those), count=len(those), digest="0" * 64)
        yield from _range(name, expected.get(name, 1), here, HOT_FILE)
        expected[name] = here.last + 1
    for name, following in hot.recorders.items():
        if following > expected.get(name, 1):
            yield incomplete(HOT_FILE, f"{name} was taken in up to {following - 1}, "
                              f"the ledger holds {expected.get(name, 1) - 1}: newest records are gone")  # fmt: skip


def _numbered(body: bytes) -> tuple[str, int]:
    try:
        *_, recorder, sequence = parse(body)
    except ValueError:
        return "", 0
    return recorder, sequence


def _range(name: str, expected: int, here: RecorderRange, file: str) -> Iterator[VerifyFinding]:
    if here.first > expected:
        yield incomplete(file, f"numbers {expected} to {here.first - 1} of {name} are missing")
    elif here.first < expected:
        yield incomplete(file, f"number {here.first} of {name} comes a second time")
    if here.first >= expected and here.count != here.last - here.first + 1:
        yield incomplete(file, f"{name} has {here.count} records under the numbers {here.first} to {here.last}")


def _incidents(incidents: Sequence[Incident], file: str) -> Iterator[VerifyFinding]:
    for incident in incidents:
        yield VerifyFinding(
            area="completeness",
            verdict=Verdict.FAIL if incident.kind in _FAILING_INCIDENTS else Verdict.WARN,
            file=file,
            message=f"{incident.kind}: {incident.recorder} {incident.first} to {incident.last}; {incident.note}",
        )
