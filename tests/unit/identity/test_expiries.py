"""What ends soon, and what of it somebody must replace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from easement.identity.certificate_authority import LEAF_LIFE, Leaf, open_authority
from easement.identity.credentials import Credential, Kind
from easement.identity.expiries import certificate_expiries, credential_expiries, expiry_metrics, in_order
from easement.keys.local import open_local_keys

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def credential(client: str, days: int, kind: Kind = "secret", *, name: str = "a") -> Credential:
    return Credential(
        id=name, client_id=client, kind=kind, created=NOW, expires=NOW + timedelta(days=days), revoked=None
    )


def test_of_two_secrets_only_the_younger_must_be_replaced() -> None:
    younger, older = credential("shop", 9, name="new"), credential("shop", 2, name="old")
    found = in_order(credential_expiries([younger, older, credential("shop", 5, "api-key", name="key")]))
    assert [(one.id, one.is_replaced) for one in found] == [("old", True), ("key", False), ("new", False)]


def test_a_key_without_an_end_does_not_end() -> None:
    endless = Credential(id="k", client_id="shop", kind="key", created=NOW, expires=None, revoked=None)
    assert list(credential_expiries([endless])) == []


def certificates(folder: Path, now: datetime) -> dict[str, bool]:
    return {one.name: one.is_replaced for one in certificate_expiries(folder, now)}


def test_a_certificate_that_was_not_renewed_in_time_is_told(tmp_path: Path) -> None:
    folder, keys = tmp_path / "certificates", tmp_path / "keys"
    for made in (folder, keys):
        made.mkdir(mode=0o700)
    authority = open_authority(
        certificates=folder, keys=keys, provider=open_local_keys(keys), trust_domain="easement.test", now=NOW
    )
    authority.ensure(folder, [Leaf(name="gateway", dns_names=("localhost",))], NOW)
    (folder / "broken.pem").write_text("no certificate")
    fresh = certificates(folder, NOW)
    assert len(fresh) == 3, "root, issuing authority, leaf; each once"
    assert set(fresh.values()) == {True}
    late = certificates(folder, NOW + LEAF_LIFE * 4 / 5)
    assert [name for name, fine in late.items() if not fine] == ["CN=gateway"]


def test_the_metric_is_of_the_youngest() -> None:
    text = expiry_metrics(credential_expiries([credential("shop", 9), credential("shop", 2)])).decode()
    end = (NOW + timedelta(days=9)).timestamp()
    (line,) = [line for line in text.splitlines() if not line.startswith("#")]
    assert line.startswith('easement_expiry_timestamp_seconds{kind="secret",name="shop"}')
    assert float(line.split()[-1]) == end
