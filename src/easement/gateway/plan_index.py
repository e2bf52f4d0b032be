"""What the access log does not spell out: the facts of grants and routes, for each plan that lines may still name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from easement.plan.codec import decode_plan
from easement.plan.model import Plan, RequestGrant, Route
from easement.store.atomic_file import write_atomically

_KEPT: Final = 8
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """Routes and grants of one plan by id."""

    routes: Mapping[str, Route]
    grants: Mapping[str, RequestGrant]
    gone: frozenset[str] = frozenset()
    """``INTERFACE@MAJOR`` of versions that have ended."""


def facts_of(plan: Plan) -> PlanFacts:
    """Index a plan."""
    return PlanFacts(
        routes={route.id: route for route in plan.routes},
        grants={grant.id: grant for route in plan.routes for grant in route.grants},
        gone=frozenset(notice.interface for notice in plan.notices if notice.gone),
    )


NO_FACTS: Final = PlanFacts(routes={}, grants={})


@dataclass(slots=True)
class PlanArchive:
    """The last few plans that were put in force, on disk, so that late lines are understood after a restart too."""

    folder: Path
    _facts: OrderedDict[str, PlanFacts] = field(default_factory=OrderedDict, init=False)

    def add(self, plan_hash: str, data: bytes) -> None:
        """Keep a plan. The oldest beyond the bound are removed."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self.folder / f"{plan_hash}.json", data)
        self._remember(plan_hash, facts_of(decode_plan(data)))
        files = sorted(self.folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-_KEPT]:
            file.unlink(missing_ok=True)

    def facts(self, plan_hash: str) -> PlanFacts:
        """The facts of a plan; none for a plan that is not kept."""
        known = self._facts.get(plan_hash)
        if known is not None:
            return known
        try:
            data = (self.folder / f"{plan_hash}.json").read_bytes() if plan_hash.isalnum() else b""
            facts = facts_of(decode_plan(data)) if data else NO_FACTS
        except (OSError, ValueError):
            _log.warning("gateway.plan_not_kept", plan=plan_hash)
            facts = NO_FACTS
        self._remember(plan_hash, facts)
        return facts

    def _remember(self, plan_hash: str, facts: PlanFacts) -> None:
        self._facts[plan_hash] = facts
        while len(self._facts) > _KEPT:
            self._facts.popitem(last=False)
