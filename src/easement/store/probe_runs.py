"""Runs of continuous control validation and their reports, kept in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from easement.store.ids import new_id
from easement.store.tables_probes import probe_reports, probe_runs

ABANDONED: Final = timedelta(hours=2)
"""A run that no gateway has finished by then is over."""
_KEPT_RUNS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """One run. ``integrations`` empty means all; ``problem`` says why a finished one says nothing."""

    id: str
    person: str
    integrations: tuple[str, ...]
    requested: datetime
    finished: datetime | None
    plan: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """What a run found about an integration; ``content`` is the whole report, or empty where only counts were read."""

    run: str
    integration: str
    taken: datetime
    held: int
    failed: int
    not_tried: int
    content: Mapping[str, Any]


def add_run(connection: Connection, *, person: str, integrations: Sequence[str], now: datetime) -> StoredRun:
    """Ask for a run. The reports of runs long past go; the ledger has their outcomes and digests."""
    added = StoredRun(
        id=new_id(), person=person, integrations=tuple(integrations), requested=now, finished=None, plan="", problem=""
    )
    connection.execute(
        insert(probe_runs).values(
            id=added.id, person=person, integrations=list(integrations), requested=now, plan="", problem=""
        )
    )
    kept = select(probe_runs.c.id).order_by(probe_runs.c.id.desc()).limit(_KEPT_RUNS)
    kept_ids = [row.id for row in connection.execute(kept)]
    if len(kept_ids) == _KEPT_RUNS:
        connection.execute(delete(probe_reports).where(probe_reports.c.run < kept_ids[-1]))
        connection.execute(delete(probe_runs).where(probe_runs.c.id < kept_ids[-1]))
    return added


def open_run(connection: Connection, now: datetime) -> StoredRun | None:
    """The oldest run that no gateway has finished, unless it was abandoned."""
    query = (
        select(probe_runs)
        .where(probe_runs.c.finished.is_(None), probe_runs.c.requested > now - ABANDONED)
        .order_by(probe_runs.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    return _run(row) if row else None


def get_run(connection: Connection, identifier: str) -> StoredRun | None:
    """A run, or None."""
    row = connection.execute(select(probe_runs).where(probe_runs.c.id == identifier)).first()
    return _run(row) if row else None


def list_runs(connection: Connection, *, limit: int = 50) -> tuple[StoredRun, ...]:
    """The newest runs first."""
    return tuple(
        _run(row) for row in connection.execute(select(probe_runs).order_by(probe_runs.c.id.desc()).limit(limit))
    )


def last_full_run(connection: Connection) -> datetime | None:
    """When a run over everything was last asked for."""
    rows = connection.execute(select(probe_runs).order_by(probe_runs.c.id.desc()).limit(_KEPT_RUNS))
    return next((row.requested for row in rows if not row.integrations), None)


def put_report(connection: Connection, report: Mapping[str, Any], *, now: datetime) -> bool:
    """Keep a report of an open run; one that came before is replaced. False when there is no such run."""
    run, integration = str(report["run"]), str(report["integration"])
    found = get_run(connection, run)
    if found is None or found.finished is not None:
        return False
    counts: Mapping[str, int] = report["counts"]
    same = (probe_reports.c.run == run, probe_reports.c.integration == integration)
    connection.execute(delete(probe_reports).where(*same))
    connection.execute(
        insert(probe_reports).values(
            run=run,
            integration=integration,
            taken=now,
            held=counts["held"],
            failed=counts["failed"],
            not_tried=counts["not tried"],
            content=dict(report),
        )
    )
    return True


def finish_run(connection: Connection, identifier: str, *, plan: str, problem: str, now: datetime) -> bool:
    """Say that a run is over. False when there is no such open one."""
    done = connection.execute(
        update(probe_runs)
        .where(probe_runs.c.id == identifier, probe_runs.c.finished.is_(None))
        .values(finished=now, plan=plan, problem=problem)
    )
    return bool(done.rowcount)


def reports_of(connection: Connection, run: str) -> tuple[StoredReport, ...]:
    """The reports of a run by name, without their contents."""
    table = probe_reports.c
    columns = (table.run, table.integration, table.taken, table.held, table.failed, table.not_tried)
    rows = connection.execute(select(*columns).where(table.run == run).order_by(table.integration))
    return tuple(
        StoredReport(
            run=row.run,
            integration=row.integration,
            taken=row.taken,
            held=row.held,
            failed=row.failed,
            not_tried=row.not_tried,
            content={},
        )
        for row in rows
    )


def latest_report(connection: Connection, integration: str) -> StoredReport | None:
    """The newest report of an integration, or None."""
    table = probe_reports.c
    query = select(probe_reports).where(table.integration == integration).order_by(table.taken.desc(), table.run.desc())
    row = connection.execute(query.limit(1)).first()
    return _report(row, row.content) if row else None


def get_report(connection: Connection, run: str, integration: str) -> StoredReport | None:
    """The report of a run about an integration, or None."""
    table = probe_reports.c
    row = connection.execute(select(probe_reports).where(table.run == run, table.integration == integration)).first()
    return _report(row, row.content) if row else None


def count_failed(connection: Connection, run: str) -> int:
    """How many cases of a run failed."""
    query = select(func.coalesce(func.sum(probe_reports.c.failed), 0)).where(probe_reports.c.run == run)
    return int(connection.execute(query).scalar_one())


def _run(row: Row[Any]) -> StoredRun:
    return StoredRun(
        id=row.id,
        person=row.person,
        integrations=tuple(row.integrations),
        requested=row.requested,
        finished=row.finished,
        plan=row.plan,
        problem=row.problem,
    )


def _report(row: Row[Any], content: Mapping[str, Any]) -> StoredReport:
    return StoredReport(
        run=row.run,
        integration=row.integration,
        taken=row.taken,
        held=row.held,
        failed=row.failed,
        not_tried=row.not_tried,
        content=content,
    )
