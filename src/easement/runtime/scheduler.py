"""The calendar of the registry, carried out beside the monitor: scheduled transitions and open decommissionings.

It stands on the database alone. While that cannot be reached, or the control plane has not prepared it, nothing
happens, and it is tried again; several of these may run at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from easement.governance.decommission import go_on_with_all
from easement.governance.errors import GovernanceError
from easement.governance.registry import Registry
from easement.governance.scheduled import ClockWatch, run_due
from easement.ledger.errors import LedgerError
from easement.ledger.spool import Spool
from easement.runtime.layout import DataDirectory
from easement.runtime.opened_registry import open_registry
from easement.runtime.settings import Settings
from easement.store.database import DatabaseError, open_engine, sqlite_url
from easement.store.integrations import MovedError

RECORDER: Final = "scheduler"
_EVERY_S: Final = 5.0
_log = structlog.get_logger()


async def run_scheduler(settings: Settings, stop: asyncio.Event) -> None:
    """Look at the calendar every few seconds until ``stop``. Raises what the spool raises when it cannot be opened."""
    data = DataDirectory(settings.data.resolve())
    spool = await asyncio.to_thread(Spool, data.spool, RECORDER)
    watch = ClockWatch()
    engine: Engine | None = None
    try:
        while not stop.is_set():
            engine = engine or await asyncio.to_thread(_open, settings, data)
            if engine is not None:
                registry = open_registry(settings, data, engine, spool.append)
                await asyncio.to_thread(turn, registry, watch)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _EVERY_S)
    finally:
        if engine is not None:
            engine.dispose()
        await asyncio.to_thread(spool.close)


def turn(registry: Registry, watch: ClockWatch) -> None:
    """One look at the calendar. What fails is logged and comes again."""
    if not watch.trusts(registry.now(), time.monotonic()):
        return
    try:
        run_due(registry)
        go_on_with_all(registry)
    except (MovedError, GovernanceError) as refusal:
        _log.info("schedule.waits", reason=str(refusal))
    except (SQLAlchemyError, DatabaseError, LedgerError, OSError) as error:
        _log.error("schedule.turn_failed", error=type(error).__name__)


def _open(settings: Settings, data: DataDirectory) -> Engine | None:
    """The database, once there is one: only the control plane makes it."""
    if not settings.database_url and not data.database.exists():
        return None
    try:
        return open_engine(settings.database_url or sqlite_url(data.database))
    except DatabaseError as error:
        _log.warning("schedule.no_database", error=str(error))
        return None
