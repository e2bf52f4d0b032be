"""Tokens of another issuer: a second installation issues them, and no token stands for a client of the other issuer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from easement.keys.compact import decode_base64url
from easement.keys.jose import generate_signing_key, sign_jwt
from easement.testing.installation import Caller, Installation, settings_in, until
from easement.testing.small_estate import SOURCE, TARGET, integration, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

PATH: Final = "/stock-api/v1/getstock/A-1"
OWN: Final = "web"
OTHER_AUDIENCE: Final = "till"
AUDIENCE: Final = "urn:easement:interface:stock-api"
"""What the other installation writes into its tokens; our own tokens have the very same."""


@dataclass(slots=True)
class Stand:
    """Ours enforces; theirs issues. Both know systems of the same names."""

    ours: Installation
    theirs: Installation
    target: UpstreamSimulator
    issued: Caller
    issued_web: Caller
    own: Caller

    def call(self, token: str) -> httpx.Response:
        return self.ours.gateway.get(PATH, headers={"authorization": f"Bearer {token}"})

    def refused(self, token: str) -> tuple[int, str]:
        before = len(self.target.asked)
        answer = self.call(token)
        assert len(self.target.asked) == before
        record = self.ours.trace(answer.headers["x-transaction-id"])[0]
        assert record["error_code"] == answer.headers["x-easement-code"]
        return answer.status_code, answer.headers["x-easement-code"]


def issuer_of(installation: Installation) -> str:
    return f"https://{installation.settings.public_host}:{installation.settings.control_port}"


def identity(theirs: Installation, **changes: str) -> dict[str, str]:
    issuer = issuer_of(theirs)
    ca = str(theirs.data.certificates / "ca.pem")
    told = {"issuer": issuer, "jwks": f"{issuer}/oauth/jwks", "audience": AUDIENCE, "claim": "client_id", "ca": ca}
    return {**told, "value": SOURCE, **changes}


def prepare(installation: Installation, files: dict[str, bytes]) -> None:
    installation.start()
    installation.person("dana", "developer")
    installation.person("rene", "reviewer", "security", "compliance")
    installation.apply("dana", files)
    installation.approve_all("rene")
    installation.until_enforced()


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("issuers")
    ours, theirs = (Installation(settings_in(folder / name)) for name in ("ours", "theirs"))
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    with UpstreamSimulator() as target:
        target.answer = Answer(body=b'{"sku":"A-1","count":"7","place":"hidden"}')
        endpoint = {"development": {"url": f"http://127.0.0.1:{target.port}/api"}}
        web = (system(OWN), integration(f"{OWN}-reads-stock", source=OWN))
        try:
            prepare(theirs, small_files(system(TARGET, endpoints=endpoint), *web))
            till = integration(f"{OTHER_AUDIENCE}-reads-stock", source=OTHER_AUDIENCE)
            files = small_files(
                system(TARGET, endpoints=endpoint), *web, till, system(SOURCE, identity=identity(theirs)),
                system(OTHER_AUDIENCE, identity=identity(theirs, audience="urn:somebody:else", value=OWN)),
            )  # fmt: skip
            prepare(ours, files)
            made = Stand(ours, theirs, target, theirs.caller(SOURCE), theirs.caller(OWN), ours.caller(OWN))
            until(lambda: made.call(made.issued.token()).status_code == 200, "their keys are known", 30)
            yield made
        finally:
            ours.stop()
            theirs.stop()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.split(".")
    return json.loads(decode_base64url(header)), json.loads(decode_base64url(payload))


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_of_the_outside_issuer_serves_the_system_it_is_mapped_to(stand: Stand) -> None:
    answer = stand.call(stand.issued.token())
    assert (answer.status_code, answer.json()) == (200, {"sku": "A-1", "count": "7"})
    record = stand.ours.trace(answer.headers["x-transaction-id"])[0]
    assert (record["account"], record["status"]) == (SOURCE, "success")


def test_our_own_tokens_go_on_as_before(stand: Stand) -> None:
    assert stand.call(stand.own.token()).status_code == 200


def test_their_token_with_the_name_of_our_client_does_not_stand_for_it(stand: Stand) -> None:
    """The other issuer has a client of the same name, audience and scope as ours: nothing in the token differs."""
    token = stand.issued_web.token()
    assert parts(token)[1]["client_id"] == OWN
    assert stand.refused(token) == (403, "EAS-5403")


def test_we_issue_no_token_for_a_system_of_theirs(stand: Stand) -> None:
    secret = stand.ours.api("operator", "POST", f"/accounts/{SOURCE}/secrets", json={}).json()["clientSecret"]
    answer = stand.ours.token_answer(SOURCE, secret)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_a_token_for_another_audience_does_not_serve(stand: Stand) -> None:
    """The system ``till`` is known by tokens for another audience; theirs for ``web`` have its value and not that."""
    assert stand.refused(stand.issued_web.token())[0] == 403


def test_their_issuer_and_key_id_over_a_foreign_key_is_refused(stand: Stand) -> None:
    header, claims = parts(stand.issued.token())
    foreign = generate_signing_key()
    forged = sign_jwt(claims, foreign, type="at+jwt")
    assert stand.refused(forged) == (401, "EAS-5402")
    first = segment({**parts(forged)[0], "kid": header["kid"]})
    assert stand.refused(".".join([first, *forged.split(".")[1:]])) == (401, "EAS-5402")


def test_our_issuer_written_into_their_token_is_refused(stand: Stand) -> None:
    _, claims = parts(stand.issued.token())
    forged = sign_jwt({**claims, "iss": issuer_of(stand.ours)}, generate_signing_key(), type="at+jwt")
    assert stand.refused(forged) == (401, "EAS-5402")


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_their_claims_unsigned_or_signed_with_the_public_key_are_refused(stand: Stand, algorithm: str) -> None:
    header, claims = parts(stand.issued.token())
    jwks = stand.theirs.control.get("/oauth/jwks").content
    signed = f"{segment({**header, 'alg': algorithm})}.{segment({**claims, 'client_id': SOURCE})}"
    mac = hmac.new(jwks, signed.encode(), hashlib.sha256).digest() if algorithm == "HS256" else b""
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert stand.refused(token) == (401, "EAS-5402")


def test_their_token_with_changed_claims_is_refused(stand: Stand) -> None:
    header, _, signature = stand.issued_web.token().split(".")
    _, claims = parts(stand.issued_web.token())
    later = {**claims, "client_id": SOURCE, "exp": int(time.time()) + 9999}
    assert stand.refused(f"{header}.{segment(later)}.{signature}") == (401, "EAS-5402")


def test_without_a_token_the_answer_is_as_ever(stand: Stand) -> None:
    answer = stand.ours.gateway.get(PATH)
    assert (answer.status_code, answer.headers["x-easement-code"]) == (401, "EAS-5401")


def test_their_token_opens_no_connection_to_our_broker(stand: Stand) -> None:
    import asyncio

    from nats.errors import Error as NatsError

    async def attempt() -> None:
        await stand.ours.connect(SOURCE, stand.issued.token())

    with pytest.raises((NatsError, OSError, TimeoutError)):
        asyncio.run(attempt())
