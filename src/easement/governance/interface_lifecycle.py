"""Deprecate an interface version, end it, or take that back; and what the plan is told of it.

The rules that no caller can leave out stand in :mod:`easement.estate.interface_lifecycle`. Change control adds its own
by ``objections``: who may, whose notice is still running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection

from easement.estate.interface_lifecycle import ACTIVE, InterfaceStanding, InterfaceState, standing_after
from easement.estate.interface_lifecycle import objections as rule_objections
from easement.governance.compilation import compile_current
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.notices_of_plan import standing_of
from easement.governance.records import Act
from easement.governance.registry import Registry
from easement.governance.requirements import live_dependents
from easement.governance.snapshot import Snapshot
from easement.ledger.record import Step
from easement.plan.notices import is_safe_link
from easement.store.documents import move_head
from easement.store.interface_states import StoredInterfaceState, put_interface_state, remove_interface_state

_log = structlog.get_logger()
Objections = Callable[[Snapshot], Iterable[str]]


def _nothing(_snapshot: Snapshot) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceMoved:
    """Where the version stands now, and the plan that is enforced then."""

    interface: str
    standing: InterfaceStanding
    plan: str
    transaction_id: str


def interface_standings(snapshot: Snapshot) -> dict[str, InterfaceStanding]:
    """Where every registered interface version stands, by ``NAME@MAJOR``."""
    return {
        key: standing_of(snapshot.interface_states.get(key)) for kind, key in snapshot.registered if kind == "Interface"
    }


def set_interface_state(
    registry: Registry,
    key: str,
    state: InterfaceState,
    person: str,
    reason: str,
    *,
    sunset: datetime | None = None,
    successor: str = "",
    link: str = "",
    objections: Objections = _nothing,
    although_used: bool = False,
) -> InterfaceMoved:
    """Move the interface version ``key`` to ``state``.

    ``sunset``, ``successor`` (``NAME@MAJOR``) and ``link`` stay as they were where they are not given. With
    ``although_used`` a version goes although integrations flow on it or its sunset has not come: for emergencies that
    two people answer for; the record says so. ``objections`` is asked on the state of the registry that is changed.

    Raises :class:`UnknownError` for a version that is not registered, :class:`PolicyError` with every objection.
    """
    if not reason.strip():
        raise PolicyError("no reason is given", ("say why: it goes on the record",))
    if link and not is_safe_link(link):
        raise PolicyError(
            "the link is no plain http(s) address", ("write https://HOST/PATH, without user or fragment",)
        )
    act = Act(person=person, now=registry.now())

    def prepare(snapshot: Snapshot) -> tuple[StoredInterfaceState | None, InterfaceStanding]:
        known = snapshot.interface_states.get(key)
        if ("Interface", key) not in snapshot.registered and known is None:
            raise UnknownError(f"there is no interface named {key!r}", ("name it as NAME@MAJOR",))
        before = standing_of(known)
        after = standing_after(before, state, at=act.now, sunset=sunset, successor=successor, link=link)
        against = [*_rules(snapshot, key, before, after, act.now, although_used=although_used), *objections(snapshot)]
        if against:
            raise PolicyError(f"interface {key} cannot become {state}", against)
        return known, after

    def commit(
        connection: Connection, snapshot: Snapshot, prepared: tuple[StoredInterfaceState | None, InterfaceStanding]
    ) -> InterfaceStanding:
        known, after = prepared
        _write(connection, key, known, after, act=act, reason=reason)
        move_head(connection, act.now)
        document = snapshot.documents.get(("Interface", key))
        registry.record(
            [
                act.record(
                    step=Step.CHANGED,
                    action=f"interface.{after.state}",
                    kind="Interface",
                    name=key,
                    revision=(document.enforced or document.registered) if document else "",
                    before=known.state if known else InterfaceState.ACTIVE.value,
                    after=after.state.value,
                    sunset=after.sunset.isoformat() if after.sunset else "",
                    successor=after.successor,
                    although_used=although_used,
                    reason=reason,
                )
            ]
        )
        return after

    after = registry.in_turn(prepare, commit)
    _log.info("governance.interface_moved", interface=key, state=after.state.value)
    return InterfaceMoved(
        interface=key, standing=after, plan=compile_current(registry), transaction_id=act.transaction_id
    )


def _rules(
    snapshot: Snapshot,
    key: str,
    before: InterfaceStanding,
    after: InterfaceStanding,
    now: datetime,
    *,
    although_used: bool,
) -> Iterable[str]:
    estate = snapshot.enforced_estate().estate
    standings: Mapping[str, InterfaceStanding] = {
        other: standing_of(snapshot.interface_states.get(other)) for other in estate.interfaces
    }
    users = () if although_used else [each.metadata.name for each in live_dependents(estate, ("Interface", key))]
    at = max(now, after.sunset) if although_used and after.sunset else now
    return rule_objections(key, before, after, at=at, users=users, others=standings)


def _write(
    connection: Connection,
    key: str,
    known: StoredInterfaceState | None,
    after: InterfaceStanding,
    *,
    act: Act,
    reason: str,
) -> None:
    if after == ACTIVE:
        remove_interface_state(connection, key)
        return
    stored = StoredInterfaceState(
        interface=key,
        state=after.state,
        deprecated=after.deprecated,
        sunset=after.sunset,
        successor=after.successor,
        link=after.link,
        reason=reason,
        person=act.person,
        changed=act.now,
        version=0,
    )
    put_interface_state(connection, stored, seen=known.version if known else 0)
