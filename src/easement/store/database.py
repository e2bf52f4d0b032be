"""The control plane's database: SQLite in the data directory, or PostgreSQL by URL.

* SQLite runs in WAL mode with ``synchronous=FULL``: a committed decision survives a power cut.
* A writer takes its lock at the start (``BEGIN IMMEDIATE``), so two writers queue up instead of failing half-way.
* Engines are opened by :func:`open_engine`; everything else takes the engine as an argument.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

BUSY_TIMEOUT_MS: Final = 10_000
_WRITE: Final = "easement_write"


class DatabaseError(Exception):
    """The database cannot be used; the message says which, why, and the setting to change. No credential is in it."""


def sqlite_url(file: Path) -> str:
    """The URL of a SQLite database file."""
    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


def open_engine(url: str) -> Engine:
    """Open a database and prove that it answers. Raises :class:`DatabaseError`.

    ``url`` is a SQLAlchemy URL; ``postgresql://`` means psycopg 3.
    """
    try:
        address = make_url(url)
        if address.drivername in {"postgresql", "postgres"}:
            address = address.set(drivername="postgresql+psycopg")
        engine = _sqlite_engine(address) if address.get_backend_name() == "sqlite" else _server_engine(address)
    except (ArgumentError, NoSuchModuleError) as error:
        raise DatabaseError(
            "EASEMENT_DATABASE_URL is not a database address: write postgresql://USER@HOST/NAME, or leave it empty"
            " for SQLite in the data directory"
        ) from error
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"the driver {error.name!r} of this database is not installed: pip install 'easement[postgres]'"
        ) from error
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except (OperationalError, DBAPIError) as error:
        engine.dispose()
        raise DatabaseError(_unusable(address, error)) from error
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database throughout; whatever it wrote is rolled back."""
    snapshot = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect() as connection, connection.execution_options(**snapshot).begin() as transaction:
        yield connection
        transaction.rollback()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed at the end of the block, rolled back when it raises."""
    with engine.connect() as connection, connection.execution_options(**{_WRITE: True}).begin():
        yield connection


def _unusable(address: URL, error: DBAPIError) -> str:
    shown = address.render_as_string(hide_password=True)
    why = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
    if address.get_backend_name() == "sqlite":
        return f"the database {shown} cannot be opened ({why}): make its folder writable, or set EASEMENT_DATA"
    return f"the database {shown} cannot be reached ({why}): check the server and EASEMENT_DATABASE_URL"


def _server_engine(address: URL) -> Engine:
    return create_engine(address, pool_size=5, max_overflow=10, pool_timeout=10, pool_pre_ping=True)


def _sqlite_engine(address: URL) -> Engine:
    engine = create_engine(address, pool_size=5, max_overflow=10, pool_timeout=10)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine
