"""AWS by its library against a simulator of the service; Azure by its library against a server that speaks its API."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import pytest
from azure.core.credentials import AccessToken
from azure.keyvault.secrets import SecretClient
from moto import mock_aws

from easement.identity.certificate_authority import Leaf, open_authority
from easement.keys.cloud_secrets import AwsSecrets, AzureSecrets
from easement.keys.local import open_local_keys
from easement.keys.secret_stores import SecretStores
from easement.keys.secrets import SecretError, SecretUnreachableError

REGION = "eu-central-1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client of an operator, who writes secrets."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name=REGION)


def test_aws_gives_text_and_members_of_an_object(aws: Any) -> None:
    aws.create_secret(Name="easement/shop", SecretString="plain")
    aws.create_secret(Name="easement/shop/hook", SecretString=json.dumps({"key": "member"}))
    stores = SecretStores({"aws": AwsSecrets(REGION)})
    assert stores.of_document("secret://aws/easement/shop", "shop").reveal() == "plain"
    assert stores.of_document("secret://aws/easement/shop/hook#key", "shop").reveal() == "member"


def test_aws_gives_the_newest_version(aws: Any) -> None:
    aws.create_secret(Name="easement/shop", SecretString="first")
    store = AwsSecrets(REGION)
    assert store.read("easement/shop").value == "first"
    aws.put_secret_value(SecretId="easement/shop", SecretString="second")
    assert store.read("easement/shop").value == "second"


def test_aws_refusals_are_clear(aws: Any) -> None:
    aws.create_secret(Name="binary", SecretBinary=b"\x00")
    store = AwsSecrets(REGION)
    with pytest.raises(SecretError, match="ResourceNotFoundException"):
        store.read("easement/nothing")
    with pytest.raises(SecretError, match="binary"):
        store.read("binary")
    with pytest.raises(SecretError, match="write secret://aws"):
        store.read("arn:aws:secretsmanager:eu-central-1:1:secret:other")


def test_aws_that_does_not_answer_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "https://127.0.0.1:1")
    with pytest.raises(SecretUnreachableError, match="AWS does not answer"):
        AwsSecrets(REGION).read("easement/shop")


class Identity:
    """What a managed identity would give."""

    def get_token(self, *_scopes: str, **_wanted: Any) -> AccessToken:
        return AccessToken("identity-token", int(time.time()) + 3600)


class Vault(BaseHTTPRequestHandler):
    """``GET /secrets/NAME/?api-version=…``: first the challenge, then the secret, as the service answers."""

    def do_GET(self) -> None:
        name = self.path.split("/")[2].split("?")[0]
        if self.headers.get("Authorization") != "Bearer identity-token":
            challenge = 'Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"'
            self._answer(401, {"error": {"code": "Unauthorized"}}, {"WWW-Authenticate": challenge})
        elif name == "easement-shop":
            body = {"value": json.dumps({"key": "of azure"}), "id": f"https://x/secrets/{name}/1", "attributes": {}}
            self._answer(200, body, {})
        else:
            status = {"forbidden": 403, "broken": 500}.get(name, 404)
            self._answer(status, {"error": {"code": "SecretNotFound", "message": "no"}}, {})

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for header, text in {**headers, "Content-Type": "application/json", "Content-Length": str(len(data))}.items():
            self.send_header(header, text)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        """Be quiet."""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSecrets]:
    folder = tmp_path_factory.mktemp("azure")
    now = datetime.now(UTC)
    provider = open_local_keys(folder)
    authority = open_authority(certificates=folder, keys=folder, provider=provider, trust_domain="x.example", now=now)
    authority.ensure(folder, (Leaf(name="vault", dns_names=("localhost",), addresses=("127.0.0.1",)),), now)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vault)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "vault.pem", folder / "vault.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def client(vault: str) -> SecretClient:
        return SecretClient(
            vault_url=vault,
            credential=Identity(),
            verify_challenge_resource=False,
            connection_verify=str(folder / "ca.pem"),
            retry_total=0,
        )

    yield AzureSecrets(f"https://localhost:{server.server_port}", client)
    server.shutdown()
    server.server_close()
    thread.join()


def test_azure_gives_members_of_an_object(azure: AzureSecrets) -> None:
    stores = SecretStores({"azure": azure})
    assert stores.of_document("secret://azure/easement-shop#key", "shop").reveal() == "of azure"


@pytest.mark.parametrize(
    ("name", "message"),
    [("nothing", "refuses it \\(404\\)"), ("forbidden", "refuses it \\(403\\)"), ("a/b", "letters, digits")],
)
def test_azure_refusals_are_clear(azure: AzureSecrets, name: str, message: str) -> None:
    with pytest.raises(SecretError, match=message) as refusal:
        azure.read(name)
    assert not isinstance(refusal.value, SecretUnreachableError)


def test_azure_that_fails_is_an_outage(azure: AzureSecrets) -> None:
    with pytest.raises(SecretUnreachableError, match="500"):
        azure.read("broken")
