"""Registry and ledger together: which declared integrations are used, and what there is to tidy up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from easement.estate.model import Estate
from easement.estate.worklists import STALE_AFTER, Signs, WorkItem, WorkList, worklists
from easement.governance.observed import MAX_GROUPS, ObservedEdge, observed_edges, undeclared_attempts
from easement.governance.registry import Registry
from easement.ledger.query import LedgerReader
from easement.store.database import reading
from easement.store.review_dates import last_approvals

EDGES_LOOK_BACK: Final = timedelta(days=30)


def present_edges(
    registry: Registry, ledger: LedgerReader, estate: Estate, *, look_back: timedelta = EDGES_LOOK_BACK
) -> tuple[ObservedEdge, ...]:
    """Declared and seen, declared and not seen, seen and not declared, over the last ``look_back``."""
    since_ms = int((registry.now() - look_back).timestamp() * 1000)
    served = ledger.served(since_ms=since_ms, limit=MAX_GROUPS)
    return observed_edges(estate, served, undeclared_attempts(ledger, estate, since_ms=since_ms))


def present_worklists(
    registry: Registry,
    ledger: LedgerReader,
    estate: Estate,
    *,
    places: Mapping[str, Sequence[str]],
    stale_after: timedelta = STALE_AFTER,
) -> dict[WorkList, tuple[WorkItem, ...]]:
    """The work lists of the registry as it is, judged by the ledger, the reviews and where accounts are used from."""
    now = registry.now()
    served: dict[str, datetime] = {}
    used: dict[tuple[str, str], datetime] = {}
    for group in ledger.served(limit=MAX_GROUPS):
        if group.integration:
            last = datetime.fromtimestamp(group.last_ms / 1000, UTC)
            served[group.integration] = max(last, served.get(group.integration, last))
            operation = group.integration, group.message_type.partition(".")[2]
            used[operation] = max(last, used.get(operation, last))
    with reading(registry.engine) as connection:
        reviewed = last_approvals(connection, "Integration")
    registered = {name: stored.created for name, stored in registry.snapshot().integrations.items()}
    signs = Signs(served=served, reviewed=reviewed, registered=registered, used=used, places=places)
    return worklists(estate, signs, now, stale_after=stale_after)
