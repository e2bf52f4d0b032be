"""How much contracts are used, counted from the ledger in steps, and who still uses an old interface version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from easement.contract.documents import from_json
from easement.contract.identity import bare_name, reference_key
from easement.contract.kinds import Integration
from easement.estate.model import Estate
from easement.governance.change_cases import is_unexpired, uses_old
from easement.governance.registry import Registry
from easement.ledger.query import Found
from easement.ledger.record import RecordKind, Status
from easement.store.change_cases import StoredCase
from easement.store.contract_usage import (
    Usage,
    UsageKey,
    add_usage,
    counted_position,
    usage_of_interface,
)
from easement.store.database import reading, writing

_BATCH: Final = 2_000
_BATCHES: Final = 200
_COUNTED: Final = frozenset({RecordKind.REQUEST, RecordKind.EVENT})
_DID_NOT_FLOW: Final = frozenset({Status.REFUSED, Status.DEAD_LETTERED, Status.RETRIED})


class RecordsInOrder(Protocol):
    """The part of the ledger's reader that counting needs."""

    def follow(self, after: int, limit: int = 1_000) -> tuple[Found, ...]:
        """Records after a position, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillUsing:
    """One consumer of an old version. ``count`` and ``last_ms`` (0: never) are transactions at the old version.

    ``uses`` says that its approved contract still names the old version; ``expired`` that its time has run out.
    """

    integration: str
    consumer: str
    team: str
    answer: str
    uses: bool
    expired: bool
    count: int
    last_ms: int


def count_use(registry: Registry, ledger: RecordsInOrder) -> int:
    """Count what the ledger has taken in since the last time; returns how many records were read.

    Several processes may do this at once: each position is counted by one of them. A call reads a bounded number.
    """
    read = 0
    for _ in range(_BATCHES):
        with reading(registry.engine) as connection:
            before = counted_position(connection)
        found = ledger.follow(before, _BATCH)
        if not found:
            break
        with writing(registry.engine) as connection:
            if not add_usage(connection, usage_in(found), before=before, position=found[-1].position):
                break
        read += len(found)
        if len(found) < _BATCH:
            break
    return read


def usage_in(found: Iterable[Found]) -> dict[UsageKey, Usage]:
    """Transactions by integration and revision; refused attempts and repetitions do not count."""
    sums: dict[UsageKey, Usage] = {}
    for each in found:
        record = each.record
        if record.kind not in _COUNTED or record.status in _DID_NOT_FLOW:
            continue
        if not record.integration or not record.revision:
            continue
        one = Usage(count=1, first_ms=record.time_ms, last_ms=record.time_ms)
        key = (record.integration, record.revision)
        sums[key] = sums[key].plus(one) if key in sums else one
    return sums


def burn_down(registry: Registry, case: StoredCase, estate: Estate) -> tuple[StillUsing, ...]:
    """Who still uses the old version of an interface case: by contract and by the ledger, who uses it first."""
    seen = _seen(registry, case)
    now = registry.now()
    rows = [
        StillUsing(
            integration=party.integration,
            consumer=party.consumer,
            team=party.team,
            answer=party.answer,
            uses=uses_old(case, estate, party.integration),
            expired=not is_unexpired(case, party, now),
            count=seen[party.integration].count if party.integration in seen else 0,
            last_ms=seen[party.integration].last_ms if party.integration in seen else 0,
        )
        for party in case.parties
    ]
    known = {row.integration for row in rows}
    rows += [
        StillUsing(
            integration=name, consumer="", team="", answer="", uses=uses_old(case, estate, name), expired=True,
            count=usage.count, last_ms=usage.last_ms,
        )
        for name, usage in sorted(seen.items())
        if name not in known
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (not row.uses, row.integration)))


def _seen(registry: Registry, case: StoredCase) -> dict[str, Usage]:
    if case.kind != "Interface":
        return {}
    with reading(registry.engine) as connection:
        rows = usage_of_interface(connection, bare_name(case.name))
    found: dict[str, Usage] = {}
    for integration, body, usage in rows:
        document = from_json(dict(body))
        if isinstance(document, Integration) and reference_key(document.spec.interface) == case.name:
            found[integration] = found[integration].plus(usage) if integration in found else usage
    return found
