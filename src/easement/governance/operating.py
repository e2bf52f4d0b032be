"""What the running installation can say of itself: the evidence that gates and decommissioning stand on.

The registry decides; credentials, heartbeats, endpoints and the ledger are facts that somebody has to look up. The
composition root supplies them, tests supply their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from easement.contract.kinds import EndpointTls


@dataclass(frozen=True, slots=True, kw_only=True)
class BusFacts:
    """What the broker says. ``plan`` is the hash for which its streams are as they should be.

    ``waiting`` counts messages that targets have not acknowledged, by stream; ``retired`` are streams that no contract
    names and that are still there; ``dead_letters`` counts those that wait for somebody, by integration.
    """

    plan: str
    waiting: Mapping[str, int]
    retired: frozenset[str]
    dead_letters: Mapping[str, int]


class Operating(Protocol):
    """Facts of the installation at this moment. Every method may block for a few seconds and raises ``OSError``."""

    def live_credentials(self, client: str, now: datetime) -> int:
        """How many credentials of a service account authenticate now."""

    def end_credentials(self, client: str, *, actor: str, now: datetime) -> int:
        """Revoke every credential of a service account; says how many."""

    def probe(self, url: str, tls: EndpointTls) -> str:
        """Try to connect to an endpoint as the gateway would: empty when it answers, else why not."""

    def gateway_plan(self) -> str:
        """The hash of the plan that the gateway enforces; empty when it says nothing."""

    def bus(self) -> BusFacts | None:
        """What the broker says, or None when it says nothing."""

    def watched(self) -> frozenset[str]:
        """Integrations that the monitor expects something of."""

    def served_since(self, integration: str, since: datetime) -> int:
        """How many transactions of an integration the ledger shows as served after a moment (at most 1,000)."""

    def is_recorded(self, transaction_id: str) -> bool:
        """Whether the ledger shows a transaction."""
