"""Continuous control validation: who asks for a run, what the gateway finds, what is known about an integration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from easement.governance.compilation import current_plan
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.records import Act
from easement.governance.registry import Registry
from easement.ledger.record import Step
from easement.plan.codec import decode_plan
from easement.store.database import reading, writing
from easement.store.probe_runs import (
    StoredReport,
    StoredRun,
    add_run,
    count_failed,
    finish_run,
    get_report,
    get_run,
    last_full_run,
    latest_report,
    list_runs,
    open_run,
    put_report,
    reports_of,
)

SCHEDULE: Final = "schedule"
"""Who asks for the runs that nobody asks for. No person can have this name: people's are checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run with the reports that are there, without their contents."""

    run: StoredRun
    reports: tuple[StoredReport, ...]

    @property
    def is_over(self) -> bool:
        """Whether a gateway has finished it."""
        return self.run.finished is not None

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum(report.failed for report in self.reports)


def request_run(registry: Registry, person: str, integrations: Sequence[str]) -> StoredRun:
    """Ask for a run over some integrations that serve requests, or over all (none named), and put it on the record.

    Who asks for what is under way gets that.

    Raises :class:`UnknownError` for one that is not enforced, :class:`PolicyError` for one without requests.
    """
    names = sorted(set(integrations))
    stored = current_plan(registry)
    if stored is None:
        raise PolicyError("nothing is enforced yet", ("apply documents first",))
    plan = decode_plan(stored.content)
    served = {grant.party.integration for route in plan.routes for grant in route.grants}
    enforced = {status.integration for status in plan.statuses}
    for name in names:
        if name not in enforced and name not in served:
            raise UnknownError(f"no integration {name} is enforced")
        if name not in served:
            raise PolicyError(
                f"{name} has no operation at the gateway", ("only requests are probed, events are not yet",)
            )
    act = Act(person=person, now=registry.now())
    with writing(registry.engine) as connection:
        waiting = open_run(connection, act.now)
        if waiting is not None and waiting.integrations == tuple(names):
            return waiting
        run = add_run(connection, person=person, integrations=names, now=act.now)
        registry.record(
            [act.record(step=Step.CHANGED, action="probe.request", run=run.id, integrations=tuple(names[:40]))]
        )
    return run


def request_when_due(registry: Registry, every: timedelta, *, since: datetime) -> None:
    """Ask for a run over everything when the last one, or ``since`` where there was none, is older than ``every``."""
    now = registry.now()
    with reading(registry.engine) as connection:
        last = last_full_run(connection)
    if now - (last or since) < every:
        return
    stored = current_plan(registry)
    if stored is None or not decode_plan(stored.content).routes:
        return
    request_run(registry, SCHEDULE, ())


def next_run(registry: Registry) -> StoredRun | None:
    """What a gateway is to do now, or None."""
    with reading(registry.engine) as connection:
        return open_run(connection, registry.now())


def take_report(registry: Registry, report: Mapping[str, Any]) -> bool:
    """Keep what a gateway found about one integration. False when nobody waits for it."""
    with writing(registry.engine) as connection:
        return put_report(connection, report, now=registry.now())


def end_run(registry: Registry, identifier: str, *, plan: str, problem: str) -> bool:
    """A gateway has finished a run. False when nobody waits for that."""
    with writing(registry.engine) as connection:
        return finish_run(connection, identifier, plan=plan, problem=problem, now=registry.now())


def run_state(registry: Registry, identifier: str) -> RunState:
    """How a run stands. Raises :class:`UnknownError`."""
    with reading(registry.engine) as connection:
        run = get_run(connection, identifier)
        reports = reports_of(connection, identifier) if run else ()
    if run is None:
        raise UnknownError(f"no probe run {identifier} is kept")
    return RunState(run=run, reports=reports)


def runs(registry: Registry) -> tuple[tuple[StoredRun, int], ...]:
    """The newest runs first, each with how many cases failed."""
    with reading(registry.engine) as connection:
        return tuple((run, count_failed(connection, run.id)) for run in list_runs(connection))


def report_about(registry: Registry, integration: str, run: str = "") -> StoredReport:
    """The report of a run, or the newest, about an integration (empty: the gateway). Raises :class:`UnknownError`."""
    with reading(registry.engine) as connection:
        found = get_report(connection, run, integration) if run else latest_report(connection, integration)
    if found is None:
        raise UnknownError(f"the controls of {integration or 'the gateway'} were not probed yet")
    return found
