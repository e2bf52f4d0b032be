"""Daily quotas: how many calls of today each integration with a quota has been let through, over all gateways.

Counted from the ledger, so restarts forget nothing and any number of gateways share one budget. Between a call and its
count lie the flush of the access log, the ledger and the monitor, about two seconds in all: at a rate of ``r`` a
second, about ``2 r`` calls pass beyond the quota.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from easement.monitoring.roll_up_store import reading_roll_ups
from easement.plan.codec import decode_plan
from easement.plan.model import Plan

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaUse:
    """The quota of one integration and what of it is used. ``renewed`` is the second at which the next day begins."""

    integration: str
    quota: int
    used: int
    renewed: int

    @property
    def is_used_up(self) -> bool:
        """Whether nothing more passes today."""
        return self.used >= self.quota


def quotas_of(plan: Plan) -> dict[str, int]:
    """The daily quota of each integration that has one."""
    return {
        grant.integration: grant.daily_quota for route in plan.routes for grant in route.grants if grant.daily_quota
    }


def quota_uses(quotas: Mapping[str, int], calls: Mapping[str, int], now_s: int) -> list[QuotaUse]:
    """Each quota with what is used of it, by name. ``calls`` are those of the day (UTC) that ``now_s`` lies in."""
    renewed = (now_s // DAY_S + 1) * DAY_S
    return [
        QuotaUse(integration=name, quota=quota, used=calls.get(name, 0), renewed=renewed)
        for name, quota in sorted(quotas.items())
    ]


def used_up(uses: Iterable[QuotaUse]) -> dict[str, int]:
    """What the gateways must refuse, and until when."""
    return {one.integration: one.renewed for one in uses if one.is_used_up}


def quota_metrics(uses: Iterable[QuotaUse]) -> bytes:
    """As OpenMetrics lines without an end."""
    found = list(uses)
    if not found:
        return b""
    lines = ["# TYPE easement_quota_calls gauge", "# HELP easement_quota_calls Calls a day that the contract allows."]
    lines += [f'easement_quota_calls{{integration="{one.integration}"}} {one.quota}' for one in found]
    lines += [
        "# TYPE easement_quota_used_calls gauge",
        "# HELP easement_quota_used_calls Calls of today (UTC) that were let through.",
    ]
    lines += [f'easement_quota_used_calls{{integration="{one.integration}"}} {one.used}' for one in found]
    return ("\n".join(lines) + "\n").encode()


@dataclass(slots=True)
class QuotaReader:
    """Reads what is used from the monitor's folder. ``_quotas`` are of the plan that was asked about last."""

    folder: Path
    _plan: str = field(default="", init=False)
    _quotas: Mapping[str, int] = field(default_factory=dict, init=False)

    def uses(self, plan_hash: str, content: bytes, now_s: int) -> list[QuotaUse]:
        """The quotas of a plan (encoded, with its hash) and their use. Raises ``ValueError`` on a damaged plan."""
        if plan_hash != self._plan:
            self._quotas, self._plan = quotas_of(decode_plan(content)), plan_hash
        if not self._quotas:
            return []
        with reading_roll_ups(self.folder) as store:
            calls = store.calls_of_day(now_s // DAY_S) if store else {}
        return quota_uses(self._quotas, calls, now_s)
