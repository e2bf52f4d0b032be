"""What is kept of a store across the network, for how long, and what an outage changes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from easement.keys.secret_stores import REMOTE_KEPT_S, SecretStores, StoredSecret, remote_secret
from easement.keys.secrets import SecretError, SecretUnreachableError


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Store:
    """A store that gives what it is told and counts how often it was asked."""

    value: StoredSecret | SecretError
    asked: list[str] = field(default_factory=list)

    def read(self, path: str) -> StoredSecret:
        self.asked.append(path)
        if isinstance(self.value, SecretError):
            raise self.value
        return self.value


def world(value: str = "first") -> tuple[SecretStores, Store, Clock]:
    clock, store = Clock(), Store(remote_secret({"a": value, "b": "other"}))
    return SecretStores({"vault": store}, clock=clock), store, clock


REFERENCE = "secret://vault/kv/x#a"


def test_a_value_is_kept_for_a_while_and_then_asked_for_again() -> None:
    stores, store, clock = world()
    assert stores.of_operator(REFERENCE).reveal() == "first"
    store.value = remote_secret({"a": "second"})
    clock.now += REMOTE_KEPT_S - 1
    assert stores.of_operator(REFERENCE).reveal() == "first"
    clock.now += 1
    assert stores.of_operator(REFERENCE).reveal() == "second"
    assert len(store.asked) == 2


def test_the_values_of_one_path_come_from_one_reading() -> None:
    stores, store, _ = world()
    assert stores.of_operator(REFERENCE).reveal() == "first"
    assert stores.of_operator("secret://vault/kv/x#b").reveal() == "other"
    assert store.asked == ["kv/x"]


def test_an_outage_leaves_the_last_value_for_an_hour_and_no_longer() -> None:
    stores, store, clock = world()
    stores.of_operator(REFERENCE)
    store.value = SecretUnreachableError("down")
    clock.now += 3599
    assert stores.of_operator(REFERENCE).reveal() == "first"
    clock.now += 10
    with pytest.raises(SecretUnreachableError, match="down"):
        stores.of_operator(REFERENCE)


def test_a_store_that_is_down_is_not_asked_by_each_reference_anew() -> None:
    stores, store, clock = world()
    store.value = SecretUnreachableError("down")
    for number in range(50):
        with pytest.raises(SecretUnreachableError):
            stores.of_operator(f"secret://vault/kv/{number}#a")
    assert len(store.asked) == 1
    clock.now += 6
    store.value = remote_secret({"a": "back"})
    assert stores.of_operator(REFERENCE).reveal() == "back"


def test_what_was_taken_from_us_does_not_go_on() -> None:
    stores, store, clock = world()
    stores.of_operator(REFERENCE)
    clock.now += REMOTE_KEPT_S
    store.value = SecretError("refused (403)")
    with pytest.raises(SecretError, match="refused"):
        stores.of_operator(REFERENCE)
    store.value = SecretUnreachableError("down")
    with pytest.raises(SecretUnreachableError):
        stores.of_operator(REFERENCE)


def test_a_leased_value_ends_with_its_lease_also_in_an_outage() -> None:
    clock, store = Clock(), Store(StoredSecret(value={"a": "leased"}, fresh_s=40, usable_s=60))
    stores = SecretStores({"vault": store}, clock=clock)
    stores.of_operator(REFERENCE)
    store.value = SecretUnreachableError("down")
    clock.now += 59
    assert stores.of_operator(REFERENCE).reveal() == "leased"
    clock.now += 1
    with pytest.raises(SecretUnreachableError):
        stores.of_operator(REFERENCE)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("secret://vault/kv/x", "say which value"),
        ("secret://vault/kv/x#missing", "no text member"),
        ("secret://aws/x", "not set up"),
        ("secret://vault/kv/x%2f#a", "not a secret reference"),
        ("secret://vault/kv/x\n#a", "not a secret reference"),
    ],
)
def test_bad_references_are_refused(reference: str, message: str) -> None:
    stores, _, _ = world()
    with pytest.raises(SecretError, match=message):
        stores.of_operator(reference)


def test_nothing_kept_is_printed() -> None:
    stores, _, _ = world("do-not-print")
    stores.of_operator(REFERENCE)
    assert "do-not-print" not in repr(stores)
