"""Bring a database to the present schema. Alembic takes long to import, so it is imported only here and late."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, text

from easement.store.database import DatabaseError, writing

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x65617365  # "ease": one migrator at a time on a shared PostgreSQL


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Run the missing migrations, all or none, one process at a time.

    Raises :class:`~easement.store.database.DatabaseError` when the database was written by a newer Easement.
    """
    from alembic import command  # noqa: PLC0415 - see the module's docstring
    from alembic.util import CommandError  # noqa: PLC0415

    with writing(engine) as connection:
        _take_turn(connection)
        try:
            command.upgrade(_config(connection), revision)
        except CommandError as error:
            raise DatabaseError(
                f"the database was written by another version of Easement ({error}): install that version or newer"
            ) from error


def downgrade(engine: Engine, revision: str) -> None:
    """Undo migrations down to ``revision`` (``base`` removes every table). Data of the removed tables is lost."""
    from alembic import command  # noqa: PLC0415 - see the module's docstring

    with writing(engine) as connection:
        _take_turn(connection)
        command.downgrade(_config(connection), revision)


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
