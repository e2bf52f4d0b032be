"""The gateway's part in continuous control validation: do what is asked, send reports, and put them in the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx
import structlog

from easement.gateway.activation import Activation
from easement.gateway.control_probe import ControlProbe, ProbeError
from easement.gateway.probe_report import record_of_report, report_of
from easement.ledger.record import Record
from easement.plan.model import Party, Plan
from easement.store.node_state import NodeStateClient
from easement.store.probe_messages import ProbeMessage, ProbeRequested

_log = structlog.get_logger()
ACCOUNT: Final = "easement-gateway"
_TRIES: Final = 3


@dataclass(slots=True, kw_only=True)
class ProbeWork:
    """Does one run at a time. ``record`` writes to the spool before it returns."""

    states: NodeStateClient
    activation: Activation
    record: Callable[[Record], None]

    async def follow(self, stop: asyncio.Event) -> None:
        """Do each run that is asked for, until ``stop`` is set."""
        async for requested in self.states.follow_probes(stop):
            if requested.run:
                await self._do(requested)
        await stop.wait()

    async def _do(self, requested: ProbeRequested) -> None:
        problem, plan = "", ""
        try:
            plan = await self._tried(requested)
        except ProbeError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a fault in a probe must not end the gateway that it looks at
            _log.exception("gateway.probe_broke_off", run=requested.run)
            problem = f"the run broke off: {type(error).__name__}"
        _log.info("gateway.probed", run=requested.run, plan=plan, problem=problem)
        try:
            await self.states.send_probe(ProbeMessage(run=requested.run, plan=plan, problem=problem))
        except httpx.HTTPError as error:
            _log.warning("gateway.probe_not_told", run=requested.run, error=type(error).__name__)

    async def _tried(self, requested: ProbeRequested) -> str:
        """The hash of the plan that was tried. A run that a new plan overtakes begins again."""
        for attempt in range(1, _TRIES + 1):
            force = self.activation.in_force
            if force is None:
                raise ProbeError("no plan is in force at the gateway")
            probe = ControlProbe(
                plan=force.plan, plan_hash=force.plan_hash, jwks=force.jwks, place=self.activation.place,
                live=self.activation.live, admin=self.activation.admin,
                is_in_force=lambda force=force: self.activation.in_force is force,  # type: ignore[misc]
            )  # fmt: skip
            try:
                results = await probe.run(frozenset(requested.integrations))
            except ProbeError:
                if attempt == _TRIES or self.activation.in_force is force:
                    raise
                continue
            parties = _parties(force.plan)
            for name, found in sorted(results.items()):
                party = parties.get(name)
                report = report_of(found, run=requested.run, integration=name, plan=force.plan_hash, party=party)
                await asyncio.to_thread(self.record, record_of_report(report, party, account=ACCOUNT))
                await self.states.send_probe(ProbeMessage(run=requested.run, plan=force.plan_hash, report=report))
            return force.plan_hash
        raise ProbeError("plans change too quickly to try one")


def _parties(plan: Plan) -> Mapping[str, Party]:
    return {grant.party.integration: grant.party for route in plan.routes for grant in route.grants}
