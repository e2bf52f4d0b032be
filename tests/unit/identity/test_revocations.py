"""The list of what is revoked: what it covers, how it stays small, and that damage is noticed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.gateway.render_revocations import POLICY, revocation_file
from easement.identity import spent_tokens
from easement.identity.spent_tokens import SpentTokens
from easement.store.revocations import Revocations, decode_revocations, encode_revocations

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = int(NOW.timestamp())
NAMES = st.text("abc-", min_size=1, max_size=8)
LISTS = st.builds(
    Revocations, tokens=st.dictionaries(NAMES, NAMES, max_size=5),
    accounts=st.dictionaries(NAMES, st.integers(0, 2**40), max_size=5),
)  # fmt: skip


def spent_in(identity: object, **changes: object) -> SpentTokens:
    return SpentTokens(identity.engine, **changes)  # type: ignore[attr-defined, arg-type]  # the fixture's engine


@given(LISTS)
def test_a_list_is_read_as_it_was_written(revocations: Revocations) -> None:
    assert decode_revocations(encode_revocations(revocations)) == revocations


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "Expecting value"),
        (b"[]", "not a list of revocations"),
        (b"{}", "not a list of revocations"),
        (b'{"accounts":{"a":"1"},"tokens":{}}', "seconds by name"),
        (b'{"accounts":{},"tokens":[]}', "names by id"),
    ],
)
def test_a_damaged_list_is_no_list(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode_revocations(data)


def test_an_account_is_cut_off_up_to_its_second_and_not_beyond() -> None:
    revocations = Revocations(accounts={"shop": SECOND})
    assert revocations.covers(token_id="x", client_id="shop", issued_at=SECOND)
    assert not revocations.covers(token_id="x", client_id="shop", issued_at=SECOND + 1)
    assert not revocations.covers(token_id="x", client_id="web", issued_at=SECOND)


def test_only_accounts_with_something_new_are_hit() -> None:
    before = Revocations(tokens={"a": "shop"}, accounts={"web": 5})
    assert Revocations(tokens={"a": "shop"}, accounts={"web": 5}).accounts_hit_since(before) == frozenset()
    after = Revocations(tokens={"a": "shop", "b": "till"}, accounts={"web": 6})
    assert after.accounts_hit_since(before) == {"till", "web"}


def test_each_revocation_is_told_once(identity: object) -> None:
    told: list[int] = []
    spent = spent_in(identity, changed=lambda: told.append(1))
    for _ in range(2):
        spent.revoke("t1", NOW + timedelta(minutes=5), client_id="shop", now=NOW)
    spent.revoke_account("web", NOW)
    assert len(told) == 2
    assert spent.revocations() == Revocations(tokens={"t1": "shop"}, accounts={"web": SECOND})


def test_what_would_have_expired_is_forgotten_and_nothing_before(identity: object) -> None:
    spent = spent_in(identity, token_life=timedelta(minutes=10))
    spent.revoke("t1", NOW + timedelta(minutes=5), client_id="shop", now=NOW)
    spent.revoke_account("web", NOW)
    spent.forget_expired(NOW + timedelta(minutes=5))
    assert spent.revocations() == Revocations(tokens={"t1": "shop"}, accounts={"web": SECOND})
    spent.forget_expired(NOW + timedelta(minutes=11))
    assert spent.revocations() == Revocations()


def test_an_account_with_too_many_revoked_tokens_loses_all_it_had(
    identity: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spent_tokens, "MAX_TOKENS", 3)
    spent = spent_in(identity)
    for number in range(4):
        spent.revoke(f"t{number}", NOW + timedelta(minutes=9), client_id="shop", now=NOW + timedelta(seconds=number))
    spent.revoke("w", NOW + timedelta(minutes=9), client_id="web", now=NOW)
    assert spent.revocations() == Revocations(tokens={"w": "web"}, accounts={"shop": SECOND + 3})


def test_a_second_revocation_of_an_account_moves_its_end(identity: object) -> None:
    spent = spent_in(identity)
    spent.revoke_account("shop", NOW)
    spent.revoke_account("shop", NOW + timedelta(seconds=9))
    assert spent.revocations().accounts == {"shop": SECOND + 9}


def test_the_gateway_denies_by_exact_id_and_by_second() -> None:
    tree = json.loads(revocation_file(Revocations(tokens={"t1": "shop"}, accounts={"web": 7})))
    rules = tree["resources"][0]["typed_config"]["rules"]
    assert rules["action"] == "DENY"
    token, account = rules["policies"][POLICY]["principals"]
    assert token["sourced_metadata"]["metadata_matcher"]["value"] == {"string_match": {"exact": "t1"}}
    issued = account["and_ids"]["ids"][1]["sourced_metadata"]["metadata_matcher"]["value"]
    assert issued == {"double_match": {"range": {"start": 0, "end": 8}}}


def test_an_empty_list_denies_nobody() -> None:
    tree = json.loads(revocation_file(Revocations()))
    assert tree["resources"][0]["typed_config"]["rules"]["policies"] == {}
