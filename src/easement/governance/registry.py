"""The registry: one database, one policy, one clock, one place for records. Its acts are in the modules beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine

from easement.estate.model import Estate
from easement.governance.errors import BusyError
from easement.governance.operating import Operating
from easement.governance.plan_feed import PlanFeed
from easement.governance.records import RecordSink
from easement.governance.snapshot import Snapshot, load_snapshot
from easement.plan.model import InspectionRules
from easement.store.database import reading, writing
from easement.store.documents import lock_head, read_head

_ATTEMPTS: Final = 8
_Prepared = TypeVar("_Prepared")
_Done = TypeVar("_Done")


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def _tell_nobody(_estate: Estate) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, with the roles that they hold. ``issued_by`` is who issued what they signed in with."""

    name: str
    roles: frozenset[str]
    issued_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What every act needs.

    ``auto_approve_low_risk`` lets revisions of low risk pass without a person. ``one_person_several_roles`` lets one
    person fill several required roles of a review. ``notice`` is how long an integration
    stays deprecated before it may retire. ``record`` writes to disk before it returns. ``on_plan`` gets the enforced
    estate when a new plan is current, before the nodes hear of it, so that no traffic comes unexpected; it must not
    raise. ``console_url`` is where people reach the console; notices link there. With ``enforce_gate`` nothing goes
    live by itself, and only through the go-live gate; ``operating`` looks its evidence up.
    ``inspection`` is of the rules by which requests are inspected.
    """

    engine: Engine
    environment: str
    record: RecordSink
    auto_approve_low_risk: bool = True
    one_person_several_roles: bool = False
    notice: timedelta = timedelta(0)
    on_plan: Callable[[Estate], None] = _tell_nobody
    now: Callable[[], datetime] = utc_now
    console_url: str = ""
    enforce_gate: bool = False
    operating: Operating | None = None
    inspection: InspectionRules | None = None
    feed: PlanFeed = field(default_factory=PlanFeed)
    _last: list[Snapshot] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def today(self) -> date:
        """The date by which agreements, waivers and adequacy decisions are judged."""
        return self.now().date()

    def snapshot(self) -> Snapshot:
        """The present state. Every change moves the head's version, so what was read last is good while it stands."""
        with reading(self.engine) as connection:
            head = read_head(connection)
            last = self._last[:]
            snapshot = last[0] if last and last[0].head == head else self._loaded(connection)
        self._last[:] = [snapshot]
        changes = snapshot.changes.at(self.now())
        return snapshot if changes is snapshot.changes else snapshot.with_changes(changes)

    def _loaded(self, connection: Connection) -> Snapshot:
        known = {entry.key: entry for last in self._last[:] for entry in last.entries()}
        return replace(load_snapshot(connection, known), waits_for_gate=self.enforce_gate)

    def in_turn(
        self, prepare: Callable[[Snapshot], _Prepared], commit: Callable[[Connection, Snapshot, _Prepared], _Done]
    ) -> _Done:
        """Think outside the lock, write inside it.

        ``commit`` runs in a transaction, on exactly the state that ``prepare`` saw; when another writer was quicker
        both run again. Raises :class:`BusyError` after several rounds.
        """
        for _ in range(_ATTEMPTS):
            snapshot = self.snapshot()
            prepared = prepare(snapshot)
            with writing(self.engine) as connection:
                if lock_head(connection).version == snapshot.head.version:
                    return commit(connection, snapshot, prepared)
        raise BusyError("others keep changing the registry: try again in a moment")
