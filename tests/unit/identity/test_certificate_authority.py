"""The certificate authority: what it issues, when it renews, and what it refuses; checked by OpenSSL's verifier too."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from easement.identity.certificate_authority import (
    CertificateAuthority,
    CertificateAuthorityError,
    Leaf,
    open_authority,
)
from easement.identity.certificates import certificate_thumbprint, is_bound_to, system_of
from easement.identity.tokens import Claims
from easement.keys.local import open_local_keys

NOW = datetime.now(UTC).replace(microsecond=0)
GATEWAY = Leaf(name="gateway", dns_names=("localhost", "api.example.test"), addresses=("127.0.0.1", "::1"))


def open_in(folder: Path, now: datetime = NOW) -> CertificateAuthority:
    provider = open_local_keys(folder)
    return open_authority(certificates=folder, keys=folder, provider=provider, trust_domain="example.test", now=now)


def chain_of(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def test_leaf_verifies_against_the_root_by_name_and_address(tmp_path: Path) -> None:
    authority = open_in(tmp_path)
    assert authority.ensure(tmp_path, [GATEWAY], NOW) == ("gateway",)
    leaf, issuing = chain_of(tmp_path / "gateway.pem")
    root = chain_of(tmp_path / "ca.pem")[0]
    verifier = PolicyBuilder().store(Store([root])).time(NOW)
    assert verifier.build_server_verifier(x509.DNSName("api.example.test")).verify(leaf, [issuing])[-1] == root
    with pytest.raises(x509.verification.VerificationError):
        verifier.build_server_verifier(x509.DNSName("evil.test")).verify(leaf, [issuing])


def test_rfc5280_extensions_are_complete(tmp_path: Path) -> None:
    authority = open_in(tmp_path)
    authority.ensure(tmp_path, [GATEWAY], NOW)
    leaf, issuing = chain_of(tmp_path / "gateway.pem")
    for certificate, path_length in ((authority.root, 1), (issuing, 0)):
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, path_length)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert not usage.value.digital_signature
    subject_id = issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    authority_id = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert subject_id == authority_id
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_private_keys_are_private_and_those_of_the_authority_sealed(tmp_path: Path) -> None:
    open_in(tmp_path).ensure(tmp_path, [GATEWAY], NOW)
    for name in ("gateway.key", "root-ca.sealed", "issuing-ca.sealed"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in (tmp_path / "root-ca.sealed").read_bytes()


def test_leaf_is_renewed_when_a_third_of_its_life_remains(tmp_path: Path) -> None:
    authority = open_in(tmp_path)
    authority.ensure(tmp_path, [GATEWAY], NOW)
    assert authority.ensure(tmp_path, [GATEWAY], NOW + timedelta(days=4)) == ()
    assert authority.ensure(tmp_path, [GATEWAY], NOW + timedelta(days=5)) == ("gateway",)


@pytest.mark.parametrize("damage", ["other-names", "no-key", "other-key", "torn", "no-chain"])
def test_leaf_that_does_not_fit_is_made_anew(tmp_path: Path, damage: str) -> None:
    authority = open_in(tmp_path)
    authority.ensure(tmp_path, [GATEWAY, Leaf(name="broker")], NOW)
    wanted = GATEWAY
    match damage:
        case "other-names":
            wanted = Leaf(name="gateway", dns_names=("new.example.test",))
        case "no-key":
            (tmp_path / "gateway.key").unlink()
        case "other-key":
            (tmp_path / "gateway.key").write_bytes((tmp_path / "broker.key").read_bytes())
        case "torn":
            (tmp_path / "gateway.pem").write_bytes((tmp_path / "gateway.pem").read_bytes()[:100])
        case _:
            pem = (tmp_path / "gateway.pem").read_text()
            (tmp_path / "gateway.pem").write_text(
                pem.partition("-----END CERTIFICATE-----\n")[0] + "-----END CERTIFICATE-----\n"
            )
    assert authority.ensure(tmp_path, [wanted], NOW) == ("gateway",)
    assert authority.ensure(tmp_path, [wanted], NOW) == ()


def test_restart_keeps_the_authority_and_renews_an_ageing_issuer(tmp_path: Path) -> None:
    first = open_in(tmp_path)
    issuing = (tmp_path / "issuing-ca.pem").read_bytes()
    assert open_in(tmp_path).root == first.root
    assert (tmp_path / "issuing-ca.pem").read_bytes() == issuing
    later = NOW + timedelta(days=300)
    renewed = open_in(tmp_path, later)
    assert renewed.root == first.root
    assert (tmp_path / "issuing-ca.pem").read_bytes() != issuing
    first.ensure(tmp_path, [GATEWAY], NOW)
    assert renewed.ensure(tmp_path, [GATEWAY], NOW) == ("gateway",)


@pytest.mark.parametrize("lost", ["root-ca.sealed", "root-ca.pem", "issuing-ca.sealed", "kek-1.key"])
def test_half_an_authority_is_refused_not_replaced(tmp_path: Path, lost: str) -> None:
    open_in(tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(RuntimeError, match="restore"):
        open_in(tmp_path)


def test_root_swapped_for_another_is_refused(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        open_in(folder)
    (ours / "root-ca.pem").write_bytes((theirs / "root-ca.pem").read_bytes())
    with pytest.raises(CertificateAuthorityError, match="restore"):
        open_in(ours)


def test_client_certificate_names_one_system_and_serves_nothing(tmp_path: Path) -> None:
    issued = open_in(tmp_path).issue_client("warehouse", life=timedelta(hours=8), now=NOW)
    leaf = x509.load_pem_x509_certificates(issued.chain_pem.encode())[0]
    usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert system_of(issued.chain_pem, trust_domain="example.test") == "warehouse"
    assert system_of(issued.chain_pem, trust_domain="other.test") is None
    assert "PRIVATE KEY" not in repr(issued)
    assert issued.expires == NOW + timedelta(hours=8)


def test_component_certificate_is_no_system(tmp_path: Path) -> None:
    open_in(tmp_path).ensure(tmp_path, [GATEWAY], NOW)
    assert system_of((tmp_path / "gateway.pem").read_text(), trust_domain="example.test") is None


@pytest.mark.parametrize("name", ["../etc", "a/b", "UPPER", "", "a\n", "a b", "*"])
def test_client_certificate_for_no_system_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CertificateAuthorityError):
        open_in(tmp_path).issue_client(name, life=timedelta(hours=1), now=NOW)


@pytest.mark.parametrize("life", [timedelta(0), timedelta(days=31), timedelta(days=-1)])
def test_client_certificate_with_an_odd_life_is_refused(tmp_path: Path, life: timedelta) -> None:
    with pytest.raises(CertificateAuthorityError):
        open_in(tmp_path).issue_client("warehouse", life=life, now=NOW)


def test_rfc8705_binding_holds_for_one_certificate_only(tmp_path: Path) -> None:
    authority = open_in(tmp_path)
    mine, other = (authority.issue_client("warehouse", life=timedelta(hours=1), now=NOW).chain_pem for _ in range(2))
    claims = Claims(
        issuer="i", subject="s", client_id="c", audiences=("a",), scopes=(), issued_at=0, not_before=0, expires_at=0,
        token_id="t", certificate_thumbprint=certificate_thumbprint(mine),
    )  # fmt: skip
    assert is_bound_to(claims, mine)
    assert not is_bound_to(claims, other)


def test_openssl_accepts_both_ends_of_a_mutual_handshake(tmp_path: Path) -> None:
    authority = open_in(tmp_path)
    authority.ensure(tmp_path, [GATEWAY], NOW)
    issued = authority.issue_client("warehouse", life=timedelta(hours=1), now=NOW)
    (tmp_path / "client.pem").write_text(issued.chain_pem)
    (tmp_path / "client.key").write_text(issued.private_key.reveal())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "gateway.pem", tmp_path / "gateway.key")
    server.load_verify_locations(tmp_path / "ca.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    client.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
    ours, theirs = socket.socketpair()
    seen: list[str] = []

    def serve() -> None:
        with server.wrap_socket(theirs, server_side=True) as connection:
            peer = connection.getpeercert(binary_form=True)
            assert peer is not None
            pem = ssl.DER_cert_to_PEM_cert(peer)
            seen.append(system_of(pem, trust_domain="example.test") or "")
            connection.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname="localhost") as connection:
        connection.send(b"x")
    thread.join(10)
    assert seen == ["warehouse"]
