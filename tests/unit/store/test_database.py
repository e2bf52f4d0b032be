"""Opening, migrating and writing the database."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, inspect, select, text
from sqlalchemy.exc import StatementError

from easement.store.database import DatabaseError, open_engine, reading, sqlite_url, writing
from easement.store.migrate import downgrade, upgrade
from easement.store.tables import METADATA, estate_head, people

NOW = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)


def a_person(name: str) -> dict[str, object]:
    return {"id": name, "name": name, "roles": ["viewer"], "created": NOW}


def test_migrations_build_exactly_the_declared_tables(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_upgrade_twice_changes_nothing_and_downgrade_removes_everything(engine: Engine) -> None:
    upgrade(engine)
    downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    upgrade(engine)
    assert "revisions" in inspect(engine).get_table_names()


def test_two_migrators_at_once_take_turns(database_url: str) -> None:
    errors: list[Exception] = []

    def run() -> None:
        engine = open_engine(database_url)
        try:
            upgrade(engine)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_database_of_a_newer_easement_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="another version of Easement"):
        upgrade(engine)


def test_times_come_back_aware_and_in_utc(engine: Engine) -> None:
    east = NOW.astimezone(timezone(timedelta(hours=9)))
    with writing(engine) as connection:
        connection.execute(insert(people).values(**{**a_person("ana"), "created": east}))
    with reading(engine) as connection:
        row = connection.execute(select(people)).one()
    assert (row.created, row.created.tzinfo, row.roles) == (NOW, UTC, ["viewer"])


def test_time_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="without a zone"), writing(engine) as connection:
        connection.execute(insert(people).values(**{**a_person("ana"), "created": datetime(2026, 1, 1)}))  # noqa: DTZ001


def test_failed_block_leaves_nothing_and_reading_never_writes(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(insert(people).values(**a_person("ana")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with reading(engine) as connection:
        connection.execute(insert(people).values(**a_person("bo")))
    with reading(engine) as connection:
        assert connection.execute(select(people)).all() == []


def test_concurrent_increments_lose_nothing(engine: Engine) -> None:
    def run() -> None:
        for _ in range(10):
            with writing(engine) as connection:
                version = connection.execute(select(estate_head.c.version).with_for_update()).scalar_one()
                connection.execute(estate_head.update().values(version=version + 1))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert connection.execute(select(estate_head.c.version)).scalar_one() == 40


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "EASEMENT_DATABASE_URL is not a database address"),
        ("oracle9://x", "EASEMENT_DATABASE_URL is not a database address"),
        ("postgresql://ana:hunter2@127.0.0.1:1/none?connect_timeout=2", "cannot be reached"),
    ],
)
def test_bad_address_is_a_clear_error_without_the_password(url: str, says: str) -> None:
    with pytest.raises(DatabaseError, match=says) as caught:
        open_engine(url)
    assert "hunter2" not in str(caught.value)


def test_unwritable_place_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="EASEMENT_DATA"):
        open_engine(sqlite_url(tmp_path / "file" / "control.db"))


def test_sqlite_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    with engine.connect() as connection:
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                  ("journal_mode", "synchronous", "foreign_keys")]  # fmt: skip
    engine.dispose()
    assert values == ["wal", 2, 1]
