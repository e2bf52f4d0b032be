"""Tokens that are bound to a client certificate (RFC 8705): of no use to who steals them, at the real gateway."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from easement.identity.certificate_authority import open_authority
from easement.keys.compact import decode_base64url
from easement.keys.local import open_local_keys
from easement.testing.installation import Installation, settings_in
from easement.testing.small_estate import INTEGRATION, SOURCE, TARGET, integration, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

OTHER: Final = "web"
PATH: Final = "/stock-api/v1/getstock/A-1"
BOUND: Final = {"authentication": "oauth2+mtls", "scopes": ["stock.read"]}
_GRANT: Final = {"grant_type": "client_credentials"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate and its key as files."""

    chain: Path
    key: Path


@dataclass(slots=True)
class Stand:
    """An installation with one bound and one plain contract on the same operation."""

    up: Installation
    target: UpstreamSimulator
    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def certificate(self, name: str, now: datetime | None = None, life: timedelta = timedelta(hours=1)) -> Identity:
        """A certificate of the installation's own authority; ``now`` in the past for one that has ended."""
        data, moment = self.up.data, now or datetime.now(UTC)
        authority = open_authority(
            certificates=data.certificates, keys=data.keys, provider=open_local_keys(data.keys),
            trust_domain=self.up.settings.public_host.lower(), now=datetime.now(UTC),
        )  # fmt: skip
        issued = authority.issue_client(name, life=life, now=moment)
        return self.files(issued.chain_pem.encode(), issued.private_key.reveal().encode())

    def files(self, chain: bytes, key: bytes) -> Identity:
        self.made += 1
        identity = Identity(chain=self.folder / f"{self.made}.pem", key=self.folder / f"{self.made}.key")
        identity.chain.write_bytes(chain)
        identity.key.write_bytes(key)
        return identity

    def client(self, port: int, identity: Identity | None) -> httpx.Client:
        context = self.up.trust()
        if identity is not None:
            context.load_cert_chain(identity.chain, identity.key)
        return httpx.Client(base_url=f"https://{self.up.settings.public_host}:{port}", verify=context, timeout=20)

    def token_answer(self, name: str, identity: Identity | None, **headers: str) -> httpx.Response:
        with self.client(self.up.settings.control_port, identity) as client:
            return client.post("/oauth/token", auth=(name, self.secrets[name]), data=_GRANT, headers=headers)

    def token(self, name: str, identity: Identity | None) -> str:
        answer = self.token_answer(name, identity)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def call(self, token: str, identity: Identity | None, **headers: str) -> httpx.Response:
        with self.client(self.up.settings.gateway_port, identity) as client:
            return client.get(PATH, headers={"authorization": f"Bearer {token}", **headers})

    def reason(self, answer: httpx.Response) -> tuple[str, str]:
        record = self.up.trace(answer.headers["x-transaction-id"])[0]
        return record["error_code"], record["error"]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("bound")
    installation = Installation(settings_in(folder / "installation"))
    (folder / "installation").mkdir()
    with UpstreamSimulator() as target:
        target.answer = Answer(body=b'{"sku":"A-1","count":"7","place":"hidden"}')
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            endpoint = {"development": {"url": f"http://127.0.0.1:{target.port}/api"}}
            files = small_files(
                system(TARGET, endpoints=endpoint), system(OTHER), integration(security=BOUND),
                integration(f"{OTHER}-reads-stock", source=OTHER),
            )  # fmt: skip
            installation.apply("dana", files)
            installation.approve_all("rene")
            installation.until_enforced()
            made = Stand(installation, target, folder)
            for name in (SOURCE, OTHER):
                made.secrets[name] = installation.caller(name).secret
            yield made
        finally:
            installation.stop()


def claims(token: str) -> dict[str, Any]:
    return dict(json.loads(decode_base64url(token.split(".")[1])))


def test_a_token_got_over_mutual_tls_serves_who_has_the_certificate(stand: Stand) -> None:
    mine = stand.certificate(SOURCE)
    token = stand.token(SOURCE, mine)
    assert set(claims(token)["cnf"]) == {"x5t#S256"}
    answer = stand.call(token, mine)
    assert (answer.status_code, answer.json()) == (200, {"sku": "A-1", "count": "7"})
    record = stand.up.trace(answer.headers["x-transaction-id"])[0]
    assert (record["integration"], record["account"], record["status"]) == (INTEGRATION, SOURCE, "success")


@pytest.mark.parametrize("theirs", [None, OTHER])
def test_a_stolen_bound_token_is_refused_without_its_certificate(stand: Stand, theirs: str | None) -> None:
    token = stand.token(SOURCE, stand.certificate(SOURCE))
    answer = stand.call(token, stand.certificate(theirs) if theirs else None)
    assert (answer.status_code, answer.headers["x-easement-code"]) == (403, "EAS-5403")
    assert stand.reason(answer)[0] == "EAS-5403"


def test_a_bound_token_is_refused_with_another_certificate_of_the_same_system(stand: Stand) -> None:
    token = stand.token(SOURCE, stand.certificate(SOURCE))
    answer = stand.call(token, stand.certificate(SOURCE))
    assert (answer.status_code, answer.headers["x-easement-code"]) == (401, "EAS-5402")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    code, error = stand.reason(answer)
    assert code == "EAS-5402"
    assert "certificate-mismatch" in error


def test_an_unbound_token_is_refused_where_the_contract_asks_for_a_bound_one(stand: Stand) -> None:
    token = stand.token(SOURCE, None)
    assert "cnf" not in claims(token)
    for identity in (None, stand.certificate(SOURCE)):
        answer = stand.call(token, identity)
        assert (answer.status_code, answer.headers["x-easement-code"]) == (403, "EAS-5403")


def test_a_plain_contract_on_the_same_operation_goes_on_as_it_was(stand: Stand) -> None:
    for identity in (None, stand.certificate(OTHER)):
        token = stand.token(OTHER, identity)
        assert "cnf" not in claims(token), "no contract of this system asks for a binding"
        assert stand.call(token, identity).status_code == 200


def test_a_certificate_header_written_by_the_caller_counts_for_nothing(stand: Stand) -> None:
    forged = "Hash=" + "0" * 64 + f";URI=spiffe://localhost/system/{SOURCE}"
    answer = stand.token_answer(SOURCE, None, **{"x-forwarded-client-cert": forged})
    assert "cnf" not in claims(answer.json()["access_token"])
    mine = stand.certificate(SOURCE)
    honest = stand.token_answer(SOURCE, mine, **{"x-forwarded-client-cert": forged}).json()["access_token"]
    assert stand.call(honest, mine).status_code == 200
    before = len(stand.target.asked)
    assert stand.call(honest, None, **{"x-forwarded-client-cert": forged}).status_code == 403
    assert len(stand.target.asked) == before
    stand.call(honest, mine, **{"x-forwarded-client-cert": forged})
    assert "x-forwarded-client-cert" not in stand.target.asked[-1].headers


def test_no_token_is_issued_over_the_certificate_of_another_system(stand: Stand) -> None:
    answer = stand.token_answer(SOURCE, stand.certificate(OTHER))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def self_signed(stand: Stand) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SOURCE)])
    now = datetime.now(UTC)
    identity = x509.UniformResourceIdentifier(f"spiffe://localhost/system/{SOURCE}")
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([identity]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return stand.files(certificate.public_bytes(serialization.Encoding.PEM), private)


@pytest.mark.parametrize("kind", ["self-signed", "expired"])
def test_a_certificate_that_does_not_hold_ends_the_handshake(stand: Stand, kind: str) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    wrong = self_signed(stand) if kind == "self-signed" else stand.certificate(SOURCE, now=old)
    token = stand.token(SOURCE, stand.certificate(SOURCE))
    before = len(stand.target.asked)
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        stand.call(token, wrong)
    with pytest.raises((httpx.TransportError, ssl.SSLError)):
        stand.token_answer(SOURCE, wrong)
    assert len(stand.target.asked) == before
