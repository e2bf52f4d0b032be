"""What a change case does to its interface version: deprecated in the transition, gone at the end, or as it was.

The case is moved first and the interface after it; :func:`settle_interface` makes up for a crash in between, so it is
called after every step and again by the clock. It never brings back a version that is gone.
"""

from __future__ import annotations

from easement.estate.interface_lifecycle import InterfaceStanding, InterfaceState
from easement.governance.approval import SYSTEM_ACTOR
from easement.governance.change_case_states import CaseState
from easement.governance.change_gate import live_uses
from easement.governance.interface_lifecycle import set_interface_state
from easement.governance.notices_of_plan import standing_of
from easement.governance.registry import Registry
from easement.governance.snapshot import Snapshot
from easement.store.change_cases import StoredCase


def settle_interface(registry: Registry, case: StoredCase) -> bool:
    """Bring the interface version of a case to where the case says it is; whether anything had to be done.

    Raises :class:`~easement.governance.errors.PolicyError` when the interface cannot follow.
    """
    wanted = wanted_state(case)
    snapshot = registry.snapshot()
    known = snapshot.interface_states.get(case.name)
    standing = standing_of(known)
    if wanted is None or (known is None and ("Interface", case.name) not in snapshot.registered):
        return False
    if standing.state is InterfaceState.GONE or not _differs(case, wanted, standing):
        return False
    set_interface_state(
        registry,
        case.name,
        wanted,
        SYSTEM_ACTOR,
        f"{case.id}: {case.reason}",
        sunset=case.sunset,
        successor=case.successor,
        link=case.link,
        although_used=wanted is InterfaceState.GONE and _is_used(snapshot, case.name),
    )
    return True


def wanted_state(case: StoredCase) -> InterfaceState | None:
    """Where the interface version of a case belongs; None where the case says nothing of it."""
    if case.kind != "Interface" or case.emergency:
        return None
    match case.state:
        case CaseState.TRANSITION | CaseState.SUNSET_READY:
            return InterfaceState.DEPRECATED
        case CaseState.CLOSED:
            return InterfaceState.GONE
        case CaseState.WITHDRAWN if case.started is not None:
            return InterfaceState.ACTIVE
        case _:
            return None


def _differs(case: StoredCase, wanted: InterfaceState, standing: InterfaceStanding) -> bool:
    if standing.state is not wanted:
        return True
    return wanted is InterfaceState.DEPRECATED and case.sunset not in {None, standing.sunset}


def _is_used(snapshot: Snapshot, key: str) -> bool:
    """Whether contracts still flow on it: then its provider has named each of them to be cut off."""
    return bool(live_uses(snapshot.enforced_estate().estate, key))
