"""Signing in with a client certificate alone (RFC 8705 §2.1): only with one that was issued for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from easement.keys.secrets import Secret
from easement.testing.installation import Installation, settings_in
from easement.testing.small_estate import SOURCE, TARGET, integration, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

OTHER: Final = "web"
PATH: Final = "/stock-api/v1/getstock/A-1"
GRANT: Final = {"grant_type": "client_credentials"}


@dataclass(slots=True)
class Stand:
    up: Installation
    folder: Path
    made: int = 0

    def issue(self, name: str, *, sign_in: bool) -> tuple[Path, Path]:
        """A certificate and its key as files."""
        body = {"lifeHours": 1, "signIn": sign_in}
        made = self.up.api("operator", "POST", f"/accounts/{name}/certificates", json=body).json()
        self.made += 1
        chain, key = self.folder / f"{self.made}.pem", self.folder / f"{self.made}.key"
        chain.write_text(made["certificateChain"])
        key.write_text(made["privateKey"])
        return chain, key

    def client(self, port: int, files: tuple[Path, Path] | None) -> httpx.Client:
        context = self.up.trust()
        if files is not None:
            context.load_cert_chain(*files)
        return httpx.Client(base_url=f"https://{self.up.settings.public_host}:{port}", verify=context, timeout=20)

    def token_answer(self, files: tuple[Path, Path] | None, form: Mapping[str, str], **headers: str) -> httpx.Response:
        with self.client(self.up.settings.control_port, files) as client:
            return client.post("/oauth/token", data={**GRANT, **form}, headers=headers)

    def live(self, name: str) -> list[dict[str, Any]]:
        items = self.up.api("operator", "GET", f"/accounts/{name}/credentials").json()["items"]
        return [one for one in items if one["kind"] == "certificate" and one["live"]]

    def revoke(self, name: str) -> None:
        for one in self.live(name):
            self.up.api("operator", "DELETE", f"/accounts/{name}/credentials/{one['id']}")


@pytest.fixture(scope="module")
def module_stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("sign-in")
    installation = Installation(settings_in(tmp_path_factory.mktemp("installation")))
    with UpstreamSimulator() as target:
        target.answer = Answer(body=b'{"sku":"A-1","count":"7"}')
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            endpoint = {"development": {"url": f"http://127.0.0.1:{target.port}/api"}}
            files = small_files(
                system(TARGET, endpoints=endpoint), system(OTHER), integration(),
                integration(f"{OTHER}-reads-stock", source=OTHER),
            )  # fmt: skip
            installation.apply("dana", files)
            installation.approve_all("rene")
            installation.until_enforced()
            yield Stand(installation, folder)
        finally:
            installation.stop()


@pytest.fixture
def stand(module_stand: Stand) -> Iterator[Stand]:
    yield module_stand
    for name in (SOURCE, OTHER):
        module_stand.revoke(name)


def refused(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json().get("error")) == (401, "invalid_client")


def test_a_system_signs_in_with_its_certificate_and_calls(stand: Stand) -> None:
    mine = stand.issue(SOURCE, sign_in=True)
    answer = stand.token_answer(mine, {"client_id": SOURCE})
    assert answer.status_code == 200, answer.text
    with stand.client(stand.up.settings.gateway_port, None) as client:
        called = client.get(PATH, headers={"authorization": f"Bearer {answer.json()['access_token']}"})
    assert called.status_code == 200
    metadata = stand.up.control.get("/.well-known/oauth-authorization-server").json()
    assert "tls_client_auth" in metadata["token_endpoint_auth_methods_supported"]


def test_a_certificate_that_only_binds_does_not_sign_in(stand: Stand) -> None:
    assert refused(stand.token_answer(stand.issue(SOURCE, sign_in=False), {"client_id": SOURCE}))


def test_nobody_signs_in_as_another_system(stand: Stand) -> None:
    theirs = stand.issue(OTHER, sign_in=True)
    stand.issue(SOURCE, sign_in=True)
    assert refused(stand.token_answer(theirs, {"client_id": SOURCE}))


def test_nobody_signs_in_without_a_certificate_or_a_name(stand: Stand) -> None:
    mine = stand.issue(SOURCE, sign_in=True)
    assert refused(stand.token_answer(None, {"client_id": SOURCE}))
    assert refused(stand.token_answer(mine, {}))


def test_a_certificate_beside_a_wrong_secret_does_not_help(stand: Stand) -> None:
    mine = stand.issue(SOURCE, sign_in=True)
    assert refused(stand.token_answer(mine, {"client_id": SOURCE, "client_secret": "eas_0000000000000000_x"}))


def test_a_revoked_certificate_does_not_sign_in_and_its_tokens_end(stand: Stand) -> None:
    mine = stand.issue(SOURCE, sign_in=True)
    assert stand.token_answer(mine, {"client_id": SOURCE}).status_code == 200
    (one,) = stand.live(SOURCE)
    stand.up.api("operator", "DELETE", f"/accounts/{SOURCE}/credentials/{one['id']}")
    assert refused(stand.token_answer(mine, {"client_id": SOURCE}))
    assert not stand.live(SOURCE)


def test_two_live_at_once_and_no_more(stand: Stand) -> None:
    first, second = stand.issue(SOURCE, sign_in=True), stand.issue(SOURCE, sign_in=True)
    for files in (first, second):
        assert stand.token_answer(files, {"client_id": SOURCE}).status_code == 200
    with pytest.raises(RuntimeError, match="EAS-7102"):
        stand.issue(SOURCE, sign_in=True)


def forged(stand: Stand, thumbprint_hex: str) -> dict[str, str]:
    return {
        "x-forwarded-client-cert": f"Hash={thumbprint_hex};URI=spiffe://{stand.up.settings.public_host}/system/{SOURCE}"
    }


def hash_of(files: tuple[Path, Path]) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    return x509.load_pem_x509_certificates(files[0].read_bytes())[0].fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("proof", [{}, {"x-easement-gateway": ""}, {"x-easement-gateway": "guess"}])
def test_a_certificate_that_is_only_told_of_does_not_sign_in(stand: Stand, proof: dict[str, str]) -> None:
    """A thumbprint is no secret. Who reaches the loopback port of the control plane can write any header."""
    told = forged(stand, hash_of(stand.issue(SOURCE, sign_in=True)))
    assert refused(stand.token_answer(None, {"client_id": SOURCE}, **told, **proof))
    with httpx.Client(base_url=f"http://127.0.0.1:{stand.up.settings.console_port}", timeout=20) as past:
        answer = past.post("/oauth/token", data={**GRANT, "client_id": SOURCE}, headers={**told, **proof})
    assert refused(answer)


def test_the_gateways_proof_is_never_sent_to_callers_or_targets(stand: Stand) -> None:
    token = Secret(stand.up.data.node_token.read_text().strip())
    answer = stand.up.control.get("/.well-known/oauth-authorization-server")
    assert token.reveal() not in str(answer.headers) + answer.text
    live = stand.up.data.gateway / "live" / "control-proof.json"
    assert live.stat().st_mode & 0o077 == 0
    for name in ("cds.json", "lds.json", "rds.json"):
        assert token.reveal() not in (live.parent / name).read_text()
