"""The repositories of the registry, on SQLite and PostgreSQL."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from easement.store import documents, idempotency, integrations, plans, reviews, revisions
from easement.store.database import reading, writing
from easement.store.tables import definition_files
from easement.store.tables import plans as plans_table

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = ("Interface", "orders", "a" * 64)


def at_once(work: Callable[[], None], count: int) -> list[Exception]:
    """Run ``work`` in several threads and return what they raised."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def keep(engine: Engine, key: revisions.Key = KEY, author: str = "ana") -> bool:
    with writing(engine) as connection:
        return revisions.add_revision(
            connection, key=key, body={"kind": key[0]}, file="orders.yaml", files={"spec.json": b"{}"}, author=author,
            now=NOW,
        )  # fmt: skip


def a_review(engine: Engine) -> reviews.StoredReview:
    keep(engine)
    with writing(engine) as connection:
        return reviews.add_review(
            connection, kind=KEY[0], name=KEY[1], revision=KEY[2], author="ana", risk="low", reasons=["small"],
            roles=["reviewer", "reviewer"], now=NOW,
        )  # fmt: skip


def a_decision(person: str = "bo", verdict: str = "approve") -> reviews.StoredDecision:
    return reviews.StoredDecision(
        person=person, roles=("reviewer",), verdict=verdict, automatic=False, comment="fine", created=NOW
    )


def test_revision_is_kept_once_with_its_first_author_and_files(engine: Engine) -> None:
    assert keep(engine) is True
    assert keep(engine, author="mallory") is False
    with reading(engine) as connection:
        stored = revisions.get_revision(connection, KEY)
        assert stored is not None
        assert (stored.author, stored.ordinal, stored.body) == ("ana", 1, {"kind": "Interface"})
        assert revisions.read_files(connection, stored.files.values()) == {stored.files["spec.json"]: b"{}"}
        assert revisions.get_revision(connection, ("Interface", "orders", "b" * 64)) is None


def test_history_is_newest_first(engine: Engine) -> None:
    for letter in "abc":
        keep(engine, ("Interface", "orders", letter * 64))
    with reading(engine) as connection:
        assert [(r.ordinal, r.revision[0]) for r in revisions.history(connection, "Interface", "orders")] == [
            (3, "c"), (2, "b"), (1, "a")]  # fmt: skip


def test_damaged_definition_file_is_noticed(engine: Engine) -> None:
    keep(engine)
    with writing(engine) as connection:
        connection.execute(update(definition_files).values(content=b"[]"))
    with reading(engine) as connection:
        stored = revisions.get_revision(connection, KEY)
        assert stored is not None
        with pytest.raises(ValueError, match="damaged"):
            revisions.read_files(connection, stored.files.values())


def test_document_keeps_its_enforced_revision_while_a_new_one_is_registered(engine: Engine) -> None:
    second = (*KEY[:2], "b" * 64)
    keep(engine)
    keep(engine, second)
    with writing(engine) as connection:
        empty = documents.lock_head(connection).registered
        documents.register(connection, *KEY)
        documents.enforce(connection, *KEY)
        first = documents.move_head(connection, NOW)
        documents.register(connection, *second)
        head = documents.move_head(connection, NOW)
        (stored,) = documents.present(connection)
    assert (stored.registered, stored.enforced, stored.version) == (second[2], KEY[2], 3)
    assert (len({empty, first.registered, head.registered}), head.version) == (3, 2)


def test_removed_document_leaves_the_hash_that_was_before(engine: Engine) -> None:
    keep(engine)
    with writing(engine) as connection:
        before = documents.lock_head(connection)
        documents.register(connection, *KEY)
        documents.move_head(connection, NOW)
        documents.remove(connection, *KEY[:2], NOW)
        after = documents.move_head(connection, NOW)
        assert documents.present(connection) == ()
        documents.register(connection, *KEY)
        assert documents.present(connection)[0].enforced == ""
    assert after.registered == before.registered


def test_integration_numbers_are_never_given_twice(engine: Engine) -> None:
    seen = []
    for _ in range(3):
        with writing(engine) as connection:
            stored = integrations.add_integration(connection, "orders-to-crm", "design", NOW)
            seen.append(stored.id)
        with writing(engine) as connection:
            integrations.remove_integration(connection, stored.number, NOW)
    assert (seen[0], len(set(seen)), sorted(seen)) == ("INT-0001", 3, seen)


def test_two_writers_at_once_get_different_numbers(engine: Engine) -> None:
    names = iter([f"i{number}" for number in range(40)])
    lock = threading.Lock()

    def work() -> None:
        for _ in range(10):
            with lock:
                name = next(names)
            with writing(engine) as connection:
                integrations.add_integration(connection, name, "design", NOW)

    assert at_once(work, 4) == []
    with reading(engine) as connection:
        assert len({i.number for i in integrations.present_integrations(connection).values()}) == 40


def test_same_name_from_two_writers_is_registered_once(engine: Engine) -> None:
    def work() -> None:
        with writing(engine) as connection:
            integrations.add_integration(connection, "same", "design", NOW)

    assert len(at_once(work, 3)) == 2
    with reading(engine) as connection:
        assert list(integrations.present_integrations(connection)) == ["same"]


def test_state_is_not_moved_from_an_old_view(engine: Engine) -> None:
    with writing(engine) as connection:
        stored = integrations.add_integration(connection, "a", "design", NOW)
        integrations.move_integration(connection, stored, "build", NOW)
        with pytest.raises(integrations.MovedError, match="look again"):
            integrations.move_integration(connection, stored, "retired", NOW)


def test_review_is_decided_once_per_view_and_keeps_its_decisions(engine: Engine) -> None:
    review = a_review(engine)
    with writing(engine) as connection:
        moved = reviews.add_decision(connection, review, a_decision(), state=reviews.APPROVED)
        assert reviews.get_review(connection, review.id) == moved
        with pytest.raises(integrations.MovedError):
            reviews.add_decision(connection, review, a_decision("cy", "reject"), state=reviews.REJECTED)
    assert (moved.state, moved.decided, moved.roles, moved.decisions) == (
        "approved",
        NOW,
        ("reviewer",),
        (a_decision(),),
    )


def test_new_review_supersedes_what_was_pending_and_leaves_what_was_decided(engine: Engine) -> None:
    first = a_review(engine)
    second = a_review(engine)
    with writing(engine) as connection:
        reviews.add_decision(connection, second, a_decision(), state=reviews.APPROVED)
    third = a_review(engine)
    with reading(engine) as connection:
        found = reviews.list_reviews(connection, limit=10)
        assert [(r.id, r.state) for r in found] == [
            (first.id, "superseded"), (second.id, "approved"), (third.id, "open")]  # fmt: skip
        assert reviews.list_reviews(connection, states=["open"], limit=10) == (third,)
        assert [r.id for r in reviews.list_reviews(connection, after=first.id, limit=1)] == [second.id]
        assert reviews.list_reviews(connection, kind="System", name="orders", limit=10) == ()


def test_plan_is_kept_under_its_hash_and_pointed_to(engine: Engine) -> None:
    with writing(engine) as connection:
        assert plans.current_hash(connection) == ""
        first = plans.make_current(connection, b"one", NOW)
        second = plans.make_current(connection, b"two", NOW)
        assert plans.make_current(connection, b"one", NOW + timedelta(days=1)) == first
        assert plans.current_hash(connection) == first
        kept = plans.get_plan(connection, second)
        assert kept is not None
        assert kept.content == b"two"
        connection.execute(update(plans_table).values(content=b"evil"))
        with pytest.raises(ValueError, match="damaged"):
            plans.get_plan(connection, first)


def test_answer_is_remembered_for_the_same_request_only(engine: Engine) -> None:
    key = idempotency.IdempotencyKey(person="ana", key="k1", request="r1")
    with writing(engine) as connection:
        assert idempotency.recall(connection, key) is None
        idempotency.remember(connection, key, {"done": 1}, NOW)
        assert idempotency.recall(connection, key) == {"done": 1}
        assert idempotency.recall(connection, replace(key, person="bo")) is None
        with pytest.raises(idempotency.KeyReusedError):
            idempotency.recall(connection, replace(key, request="r2"))
        idempotency.remember(connection, replace(key, key="k2"), {}, NOW + timedelta(days=2))
        assert idempotency.recall(connection, key) is None
