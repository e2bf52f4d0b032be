"""Where interface versions stand: one row for each that is not simply active."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from easement.store.integrations import MovedError
from easement.store.tables_lifecycle import interface_states


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInterfaceState:
    """The standing of one version, who decided it, why and when. ``version`` grows with each change."""

    interface: str
    state: str
    deprecated: datetime | None
    sunset: datetime | None
    successor: str
    link: str
    reason: str
    person: str
    changed: datetime
    version: int


def present_interface_states(connection: Connection) -> dict[str, StoredInterfaceState]:
    """All rows by ``NAME@MAJOR``."""
    rows = connection.execute(select(interface_states).order_by(interface_states.c.interface))
    return {row.interface: StoredInterfaceState(**row._asdict()) for row in rows}


def put_interface_state(connection: Connection, state: StoredInterfaceState, *, seen: int) -> None:
    """Write one row. ``seen`` is the version that the writer knows, 0 for none.

    Raises :class:`~easement.store.integrations.MovedError` when another writer was quicker.
    """
    values = {
        "state": state.state,
        "deprecated": state.deprecated,
        "sunset": state.sunset,
        "successor": state.successor,
        "link": state.link,
        "reason": state.reason,
        "person": state.person,
        "changed": state.changed,
    }
    if seen == 0:
        connection.execute(insert(interface_states).values(interface=state.interface, version=1, **values))
        return
    changed = connection.execute(
        update(interface_states)
        .where(interface_states.c.interface == state.interface, interface_states.c.version == seen)
        .values(**values, version=interface_states.c.version + 1)
    )
    if changed.rowcount == 0:
        raise MovedError(f"interface {state.interface} was changed in the meantime: look again, then repeat")


def remove_interface_state(connection: Connection, interface: str) -> None:
    """Forget a version's standing: it is active again."""
    connection.execute(delete(interface_states).where(interface_states.c.interface == interface))
