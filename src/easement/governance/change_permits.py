"""What change cases allow at this moment: emergencies, consents of consumers, and moves to a successor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from easement.governance.change_case_states import RUNNING, CaseState
from easement.store.change_cases import StoredCase, list_cases

_ALL = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """This one revision may be enforced although it takes something away. ``until`` is None where nothing ends it."""

    kind: str
    name: str
    revision: str
    case: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """Consumers of interface ``old`` may move to ``new``: both are served, and everybody has been told."""

    old: str
    new: str
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePermits:
    """Everything that change cases allow."""

    permits: tuple[Permit, ...] = ()
    successions: tuple[Succession, ...] = ()

    def at(self, now: datetime) -> ChangePermits:
        """Without the permits that have run out."""
        standing = tuple(permit for permit in self.permits if permit.until is None or now < permit.until)
        return (
            self
            if len(standing) == len(self.permits)
            else ChangePermits(permits=standing, successions=self.successions)
        )

    def allows(self, kind: str, name: str, revision: str) -> bool:
        """Whether this revision is permitted."""
        return any((permit.kind, permit.name, permit.revision) == (kind, name, revision) for permit in self.permits)

    def leads(self, old: str, new: str) -> bool:
        """Whether ``new`` is the announced successor of ``old``."""
        return any((one.old, one.new) == (old, new) for one in self.successions)


NO_PERMITS: Final = ChangePermits()


def load_permits(connection: Connection) -> ChangePermits:
    """What the running cases allow."""
    cases = list_cases(connection, states=tuple(RUNNING), limit=_ALL)
    return ChangePermits(
        permits=tuple(permit for case in cases for permit in _permits(case)),
        successions=tuple(
            Succession(old=case.name, new=case.successor, case=case.id)
            for case in cases
            if case.kind == "Interface" and case.successor and case.state != CaseState.DRAFT and not case.emergency
        ),
    )


def _permits(case: StoredCase) -> Iterator[Permit]:
    if case.state == CaseState.BREAK_GLASS and case.permitted_until is not None:
        yield Permit(
            kind=case.kind, name=case.name, revision=case.new_revision, case=case.id, until=case.permitted_until
        )
    elif case.kind == "Integration" and case.parties and all(party.answer for party in case.parties):
        yield Permit(kind=case.kind, name=case.name, revision=case.new_revision, case=case.id)
