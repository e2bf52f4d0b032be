"""Secrets from a real OpenBao: each way of signing in, both versions of its engine, leases, outages, attacks."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from easement.identity.certificate_authority import open_authority
from easement.keys.local import open_local_keys
from easement.keys.secret_stores import SecretStores, StoredSecret
from easement.keys.secrets import Secret, SecretError, SecretUnreachableError
from easement.keys.vault_secrets import VaultSecrets, VaultServer
from easement.testing.openbao import ROOT_TOKEN, OpenBao, openbao

POLICY = """
path "secret/data/easement/*" { capabilities = ["read"] }
path "old/easement/*" { capabilities = ["read"] }
path "dynamic/*" { capabilities = ["read"] }
"""
VALUE = "correct-horse"


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server with one secret in each engine, a policy and an AppRole."""
    with openbao(tmp_path_factory.mktemp("openbao")) as server:
        server.ask("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
        server.ask("POST", "secret/data/easement/shop/hook", {"data": {"key": VALUE, "user": "shop"}})
        server.ask("POST", "secret/data/other/hook", {"data": {"key": "not ours"}})
        server.ask("POST", "old/easement/shop", {"key": "of version one"})
        server.ask("PUT", "sys/policies/acl/easement", {"policy": POLICY})
        server.ask("POST", "sys/auth/approle", {"type": "approle"})
        server.ask(
            "POST",
            "auth/approle/role/gateway",
            {"token_policies": "easement", "token_ttl": "3s", "token_max_ttl": "6s"},
        )
        yield server


def approle(bao: OpenBao) -> VaultServer:
    role = bao.ask("GET", "auth/approle/role/gateway/role-id")["data"]["role_id"]
    secret = bao.ask("POST", "auth/approle/role/gateway/secret-id")["data"]["secret_id"]
    return VaultServer(address=bao.address, method="approle", role=role, login=lambda: Secret(secret), ca=bao.ca)


def token_of(bao: OpenBao, **wanted: Any) -> str:
    answer = bao.ask("POST", "auth/token/create", {"policies": ["easement"], **wanted})
    return str(answer["auth"]["client_token"])


def by_token(bao: OpenBao, token: str) -> VaultSecrets:
    return VaultSecrets(VaultServer(address=bao.address, login=lambda: Secret(token), ca=bao.ca))


def value(read: StoredSecret) -> dict[str, object]:
    assert not isinstance(read.value, str)
    return dict(read.value)


def test_both_versions_of_the_key_value_engine_are_read(bao: OpenBao) -> None:
    store = VaultSecrets(approle(bao))
    assert value(store.read("secret/easement/shop/hook")) == {"key": VALUE, "user": "shop"}
    assert value(store.read("old/easement/shop")) == {"key": "of version one"}


def test_references_resolve_for_their_owner_and_nobody_else(bao: OpenBao) -> None:
    stores = SecretStores({"vault": VaultSecrets(approle(bao))})
    reference = "secret://vault/secret/easement/shop/hook#key"
    assert stores.of_document(reference, "shop").reveal() == VALUE
    with pytest.raises(SecretError, match="may not name it"):
        stores.of_document(reference, "stock")


def test_the_token_is_renewed_and_at_its_longest_life_we_sign_in_again(bao: OpenBao) -> None:
    store = VaultSecrets(approle(bao))
    end = time.monotonic() + 9
    while time.monotonic() < end:  # three lives of a token, more than its longest
        assert value(store.read("secret/easement/shop/hook"))["key"] == VALUE
        time.sleep(0.4)


def test_after_a_revoked_token_we_sign_in_again(bao: OpenBao) -> None:
    now = [1000.0]
    token = token_of(bao, ttl="1h")
    given = [token]
    server = VaultServer(address=bao.address, login=lambda: Secret(given[0]), ca=bao.ca)
    store = VaultSecrets(server, clock=lambda: now[0])
    store.read("secret/easement/shop/hook")
    bao.ask("POST", "auth/token/revoke", {"token": token})
    now[0] += 61
    given[0] = token_of(bao, ttl="1h")  # as an agent beside us would have written it
    assert value(store.read("secret/easement/shop/hook"))["key"] == VALUE


def test_a_client_certificate_signs_in(bao: OpenBao, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = open_authority(
        certificates=tmp_path,
        keys=tmp_path,
        provider=open_local_keys(tmp_path),
        trust_domain="easement.example",
        now=now,
    )
    issued = authority.issue_client("gateway", life=timedelta(hours=1), now=now)
    chain, key = tmp_path / "c.pem", tmp_path / "c.key"
    chain.write_text(issued.chain_pem)
    key.write_text(issued.private_key.reveal())
    authority.ensure(tmp_path, (), now)
    bao.ask("POST", "sys/auth/cert", {"type": "cert"})
    trusted = (tmp_path / "ca.pem").read_text()
    names = "spiffe://easement.example/system/gateway"
    told = {"certificate": trusted, "token_policies": "easement", "allowed_uri_sans": names}
    bao.ask("POST", "auth/cert/certs/gateway", told)
    server = VaultServer(
        address=bao.address, method="cert", role="gateway", ca=bao.ca, client_certificate=(str(chain), str(key))
    )
    assert value(VaultSecrets(server).read("secret/easement/shop/hook"))["key"] == VALUE
    nobody = VaultSecrets(replace(server, client_certificate=None))
    with pytest.raises(SecretError, match="refuses"):
        nobody.read("secret/easement/shop/hook")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("secret/other/hook", "refuses it|no mount"),  # the policy does not reach it
        ("secret/easement/nothing", "nothing there"),
        ("sys/mounts", "refuses it|no mount|no data"),
        ("nowhere/x", "refuses it|no mount"),
        ("secret/easement/../other/hook", "write secret"),
        ("secret//easement", "write secret"),
        ("secret", "write secret"),
    ],
)
def test_what_we_may_not_read_is_refused_without_a_value(bao: OpenBao, path: str, message: str) -> None:
    with pytest.raises(SecretError, match=message) as refusal:
        VaultSecrets(approle(bao)).read(path)
    assert not isinstance(refusal.value, SecretUnreachableError)
    assert "not ours" not in str(refusal.value)


def test_a_wrong_secret_id_is_refused_and_not_repeated_in_the_error(bao: OpenBao) -> None:
    wrong = "11111111-2222-3333-4444-555555555555"
    with pytest.raises(SecretError, match="refuses it") as refusal:
        VaultSecrets(replace(approle(bao), login=lambda: Secret(wrong))).read("secret/easement/shop/hook")
    assert wrong not in str(refusal.value)


def test_a_server_of_another_authority_gets_no_token(bao: OpenBao) -> None:
    stranger = replace(approle(bao), ca="")
    with pytest.raises(SecretUnreachableError, match=r"does not answer"):
        VaultSecrets(stranger).read("secret/easement/shop/hook")


def test_a_deleted_version_is_no_secret(bao: OpenBao) -> None:
    bao.ask("POST", "secret/data/easement/gone", {"data": {"key": "x"}})
    bao.ask("DELETE", "secret/data/easement/gone")
    with pytest.raises(SecretError, match=r"nothing there|deleted"):
        VaultSecrets(approle(bao)).read("secret/easement/gone")


def test_our_token_is_in_no_representation(bao: OpenBao) -> None:
    store = by_token(bao, ROOT_TOKEN)
    store.read("secret/easement/shop/hook")
    assert ROOT_TOKEN not in repr(store)
    assert VALUE not in repr(store)


def test_a_sealed_or_dead_server_is_an_outage_and_the_last_value_goes_on(tmp_path: Path) -> None:
    now = [1000.0]
    with openbao(tmp_path) as bao:
        bao.ask("POST", "secret/data/easement/shop", {"data": {"key": VALUE}})
        store = by_token(bao, ROOT_TOKEN)
        stores = SecretStores({"vault": store}, clock=lambda: now[0])
        reference = "secret://vault/secret/easement/shop#key"
        assert stores.of_document(reference, "shop").reveal() == VALUE
        bao.ask("POST", "sys/seal")
        with pytest.raises(SecretUnreachableError, match="503"):
            store.read("secret/easement/shop")
        now[0] += 60
        assert stores.of_document(reference, "shop").reveal() == VALUE
        os.killpg(bao.process.pid, signal.SIGKILL)
        bao.process.wait()
        with pytest.raises(SecretUnreachableError, match=r"does not answer"):
            store.read("secret/easement/shop")
        now[0] += 60
        assert stores.of_document(reference, "shop").reveal() == VALUE
