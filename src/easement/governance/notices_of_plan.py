"""What the registry knows of ending interface versions, as the plan carries it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from easement.estate.interface_lifecycle import ACTIVE, InterfaceStanding, InterfaceState
from easement.plan.model import Notice
from easement.store.interface_states import StoredInterfaceState


def standing_of(stored: StoredInterfaceState | None) -> InterfaceStanding:
    """A row as a standing; a version without one is active."""
    if stored is None:
        return ACTIVE
    return InterfaceStanding(
        state=InterfaceState(stored.state),
        deprecated=stored.deprecated,
        sunset=stored.sunset,
        successor=stored.successor,
        link=stored.link,
    )


def plan_notices(states: Mapping[str, StoredInterfaceState]) -> tuple[Notice, ...]:
    """One notice for each version that is not active, sorted by key."""
    standings = {key: standing_of(stored) for key, stored in sorted(states.items())}
    return tuple(
        Notice(
            interface=key,
            deprecated=standing.deprecated,
            sunset=standing.sunset,
            successor=standing.successor,
            link=standing.link,
            gone=standing.state is InterfaceState.GONE,
        )
        for key, standing in standings.items()
        if standing.state is not InterfaceState.ACTIVE
    )
