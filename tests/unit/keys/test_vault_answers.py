"""What a server that is no honest store may answer: redirects, floods, wrong forms. Our token goes nowhere else."""

from __future__ import annotations

import json

import pytest

from easement.keys.secrets import Secret, SecretError
from easement.keys.vault_secrets import VaultSecrets, VaultServer
from easement.testing.upstreams import Answer, UpstreamSimulator

TOKEN = "token-that-stays-here"
JSON = {"content-type": "application/json"}


def refusal(answer: Answer, target: UpstreamSimulator) -> str:
    target.answer = answer
    server = VaultServer(address=f"http://127.0.0.1:{target.port}", login=lambda: Secret(TOKEN))
    with pytest.raises(SecretError) as refused:
        VaultSecrets(server).read("kv/easement/shop")
    assert TOKEN not in str(refused.value)
    return str(refused.value)


def test_a_redirect_is_not_followed_with_our_token() -> None:
    with UpstreamSimulator() as target, UpstreamSimulator() as elsewhere:
        to = {"location": f"http://127.0.0.1:{elsewhere.port}/v1/x"}
        assert "307" in refusal(Answer(status=307, headers=to), target)
        assert not elsewhere.asked


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"x" * 1_100_000, "more than a megabyte"),
        (b"<html>", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"data": 7}', "no data"),
        (json.dumps({"data": {"ttl": "soon", "path": "../../sys/"}}).encode(), "no mount"),
    ],
)
def test_an_answer_of_another_form_is_refused(body: bytes, message: str) -> None:
    with UpstreamSimulator() as target:
        assert message in refusal(Answer(body=body, headers=JSON), target)
