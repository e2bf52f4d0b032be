"""The migration that gives interfaces their major: nothing that was enforced or approved is lost."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert, select

from easement.store.database import open_engine, reading, writing
from easement.store.documents import hash_of, present, read_head
from easement.store.migrate import downgrade, upgrade
from easement.store.tables import definition_files as contents
from easement.store.tables import documents, estate_head, reviews, revision_files, revisions

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def old(database_url: str) -> Engine:
    """A database as it was before: one API applied at 1.0.0 and 1.1.0 (enforced), then at 2.0.0 (waiting)."""
    engine = open_engine(database_url)
    upgrade(engine, "0001")
    with writing(engine) as connection:
        connection.execute(insert(contents).values(hash="f" * 64, content=b"{}"))
        for ordinal, version in enumerate(("1.0.0", "1.1.0", "2.0.0"), start=1):
            body = {"apiVersion": "easement/v1", "kind": "Interface", "spec": {"version": version}}
            key = {"kind": "Interface", "name": "orders-api", "revision": version.replace(".", "") * 8}
            connection.execute(
                insert(revisions).values(**key, ordinal=ordinal, body=body, file="a.yaml", author="ana", created=NOW)
            )
            connection.execute(insert(revision_files).values(**key, path="a.json", hash="f" * 64))
            connection.execute(
                insert(reviews).values(
                    **key, id=f"r{ordinal}", author="ana", state="approved" if ordinal < 3 else "open", risk="low",
                    reasons=[], roles=[], created=NOW, version=1,
                )
            )  # fmt: skip
        connection.execute(
            insert(documents).values(
                kind="Interface", name="orders-api", registered="200" * 8, enforced="110" * 8, version=4
            )
        )
    return engine


def test_each_revision_moves_to_the_key_of_its_major(old: Engine) -> None:
    upgrade(old)
    with reading(old) as connection:
        named = {row.revision: row.name for row in connection.execute(select(revisions))}
        filed = {row.revision: row.name for row in connection.execute(select(revision_files))}
        reviewed = {row.revision: row.name for row in connection.execute(select(reviews))}
        standing = {one.name: (one.registered, one.enforced) for one in present(connection)}
        head = read_head(connection)
        assert head.registered == hash_of(present(connection))
        assert head.version == connection.execute(select(estate_head.c.version)).scalar_one() > 0
    assert named == filed == reviewed
    assert named == {"100" * 8: "orders-api@1", "110" * 8: "orders-api@1", "200" * 8: "orders-api@2"}
    assert standing == {"orders-api@1": ("110" * 8, "110" * 8), "orders-api@2": ("200" * 8, "")}
    old.dispose()


def test_two_majors_cannot_go_back_into_one_name(old: Engine) -> None:
    upgrade(old)
    with pytest.raises(ValueError, match="several majors"):
        downgrade(old, "0001")
    old.dispose()


def test_a_revision_without_a_version_stops_the_migration_and_nothing_is_moved(old: Engine) -> None:
    with writing(old) as connection:
        connection.execute(revisions.update().where(revisions.c.ordinal == 3).values(body={"spec": {}}))
    with pytest.raises(ValueError, match="without a version"):
        upgrade(old)
    with reading(old) as connection:
        assert {row.name for row in connection.execute(select(revisions))} == {"orders-api"}
    old.dispose()
