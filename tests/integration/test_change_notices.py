"""Notices to a real mail server and a real webhook receiver, and what must never leave."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from easement.governance.errors import PolicyError
from easement.governance.notice_delivery import (
    MOST_ATTEMPTS,
    PostOffice,
    deliver_due,
    pause_after,
    send_again,
)
from easement.governance.notice_mail import MailServer, UndeliverableError, check_mail_server, mail_of
from easement.governance.notice_webhook import WebhookPolicy, safe_address
from easement.governance.registry import Actor, Registry
from easement.identity.certificate_authority import Leaf, open_authority
from easement.keys.local import open_local_keys
from easement.keys.local_secrets import local_secrets
from easement.ledger.record import Record
from easement.store.change_cases import StoredCase, add_case
from easement.store.database import open_engine, reading, sqlite_url, writing
from easement.store.migrate import upgrade
from easement.store.notices import EMAIL, WAITING, WEBHOOK, StoredNotice, add_notices, notices_of_case

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


class Mailbox:
    """Keeps what it is handed; refuses while ``closed``."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.recipients: list[list[str]] = []
        self.closed = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        if self.closed:
            return "451 4.3.0 come back later"
        self.kept.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records() -> list[Record]:
    return []


@pytest.fixture
def registry(tmp_path: Path, clock: Clock, records: list[Record]) -> Iterator[Registry]:
    engine = open_engine(sqlite_url(tmp_path / "control.db"))
    upgrade(engine)

    def record(found: Sequence[Record]) -> None:
        records.extend(found)

    yield Registry(engine=engine, environment="development", record=record, now=clock)
    engine.dispose()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    keys, folder = tmp_path / "keys", tmp_path / "certificates"
    for each in (keys, folder):
        each.mkdir(mode=0o700)
    now = datetime.now(UTC)
    authority = open_authority(
        certificates=folder, keys=keys, provider=open_local_keys(keys), trust_domain="localhost", now=now
    )
    authority.ensure(folder, (Leaf(name="mail", dns_names=("localhost",), addresses=("127.0.0.1",)),), now)
    return folder


@pytest.fixture
def mailbox(certificate: Path) -> Iterator[tuple[Mailbox, MailServer]]:
    box = Mailbox()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "mail.pem", certificate / "mail.key")
    port = free_port()

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"easement", PASSWORD.encode()))

    server = Controller(
        box, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, authenticator=check,
        auth_required=True,
    )  # fmt: skip
    server.start()
    yield (
        box,
        MailServer(
            host="localhost", port=port, user="easement", sender="easement@example.org", ca=str(certificate / "ca.pem")
        ),
    )
    server.stop()


class Receiver(ThreadingHTTPServer):
    """Takes webhooks and keeps them; answers with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kept: list[tuple[dict[str, str], bytes]] = []
        self.status = 200


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Receiver)
        self.server.kept.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def office(tmp_path: Path, mail: MailServer | None = None, **webhooks: Any) -> PostOffice:
    for name, value in (("mail-password", PASSWORD), ("secrets/hook", "whsec_" + base64.b64encode(b"k" * 32).decode())):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(value)
    return PostOffice(
        secrets=local_secrets(tmp_path), mail=mail, password="secret://file/mail-password", source="https://console.example.org",
        webhooks=WebhookPolicy(**({"is_development": True} | webhooks)),
    )  # fmt: skip


def waiting(registry: Registry, channel: str, address: str, **changed: Any) -> StoredNotice:
    content = {
        "case": "CHG-0001", "event": "announced", "subject": "interface/a@1", "successor": "interface/a@2",
        "integration": "b-reads-a", "consumer": "b", "reason": "it grows", "sunset": "2026-04-01T00:00:00+00:00",
        "documentation": "", "link": "https://console.example.org/changes/CHG-0001", "toDo": ["move to a@2"],
        "changes": [{"change": "breaking", "explanation": "count is gone", "operation": "getIt", "field": "count"}],
    }  # fmt: skip
    case = StoredCase(
        kind="Interface", name="a@1", old_revision="r", state="noticed", reason="x", opened_by="pat", opened=NOW
    )
    with writing(registry.engine) as connection:
        kept = add_case(connection, case)
        notice = StoredNotice(
            **({
                "id": f"n-{kept.number}", "case_number": kept.number, "integration": "b-reads-a", "team": "b",
                "event": "announced", "channel": channel, "address": address,
                "secret": "secret://file/secrets/hook" if channel == WEBHOOK else "",
                "subject": "[CHG-0001] interface/a@1 changes", "content": content, "state": WAITING,
                "due": NOW, "created": NOW,
            } | changed)
        )  # fmt: skip
        add_notices(connection, [notice])
    return notice


def as_stored(registry: Registry, notice: StoredNotice) -> StoredNotice:
    with reading(registry.engine) as connection:
        return notices_of_case(connection, notice.case_number)[0]


def deliver(registry: Registry, post: PostOffice) -> int:
    return asyncio.run(deliver_due(registry, post))


def test_a_mail_arrives_once_over_starttls_with_what_changes_and_what_to_do(
    registry: Registry, mailbox: tuple[Mailbox, MailServer], tmp_path: Path, records: list[Record]
):
    box, server = mailbox
    notice = waiting(registry, EMAIL, "b@example.org")
    assert deliver(registry, office(tmp_path, server)) == 1
    assert deliver(registry, office(tmp_path, server)) == 0
    (mail,) = box.kept
    assert (mail["to"], mail["subject"], mail["auto-submitted"]) == ("b@example.org", notice.subject, "auto-generated")
    text = mail.get_content()
    assert "count is gone (getIt count)" in text
    assert "move to a@2" in text
    assert "2026-04-01" in text
    assert as_stored(registry, notice).state == "sent"
    assert [each.message_type for each in records] == ["notice.sent"]
    assert PASSWORD not in repr(records)


def test_a_refused_mail_is_tried_again_with_growing_pauses_and_ends_visibly(
    registry: Registry, mailbox: tuple[Mailbox, MailServer], tmp_path: Path, clock: Clock, records: list[Record]
):
    box, server = mailbox
    box.closed = True
    notice = waiting(registry, EMAIL, "b@example.org")
    post = office(tmp_path, server)
    assert deliver(registry, post) == 1
    stored = as_stored(registry, notice)
    assert (stored.state, stored.attempts, stored.due) == ("waiting", 1, NOW + pause_after(1))
    assert "451" in stored.error
    assert deliver(registry, post) == 0
    for _ in range(MOST_ATTEMPTS):
        clock.now += timedelta(hours=5)
        deliver(registry, post)
    assert as_stored(registry, notice).state == "dead"
    assert [each.message_type for each in records][-1] == "notice.undeliverable"
    box.closed = False
    olga = Actor(name="olga", roles=frozenset({"operator"}))
    send_again(registry, notice.id, olga)
    with pytest.raises(PolicyError):
        send_again(registry, notice.id, olga)
    deliver(registry, post)
    assert (as_stored(registry, notice).state, len(box.kept)) == ("sent", 1)


def test_a_process_that_dies_in_between_leaves_the_notice_due_again(
    registry: Registry,
    mailbox: tuple[Mailbox, MailServer],
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
):
    box, server = mailbox
    notice = waiting(registry, EMAIL, "b@example.org")

    def dies(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("easement.governance.notice_delivery._send_mail", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver(registry, office(tmp_path, server))
    assert deliver(registry, office(tmp_path, server)) == 0
    clock.now += timedelta(minutes=6)
    assert deliver(registry, office(tmp_path, server)) == 1
    assert (as_stored(registry, notice).state, len(box.kept)) == ("sent", 1)


def test_a_mail_server_without_a_trusted_certificate_gets_nothing(
    registry: Registry, mailbox: tuple[Mailbox, MailServer], tmp_path: Path
):
    box, server = mailbox
    notice = waiting(registry, EMAIL, "b@example.org")
    stranger = MailServer(host=server.host, port=server.port, user=server.user, sender=server.sender)
    deliver(registry, office(tmp_path, stranger))
    assert "CERTIFICATE_VERIFY_FAILED" in as_stored(registry, notice).error
    assert box.kept == []


@pytest.mark.parametrize(
    "address",
    ["b@example.org\r\nBcc: all@example.org", "b@example.org, c@example.org", "b@", "", "B <b@example.org>", "b@x\n.y"],
)
def test_attack_address_that_adds_a_header_or_another_recipient(address: str):
    with pytest.raises(UndeliverableError):
        mail_of(_notice(address=address), "easement@example.org")


def test_attack_subject_that_adds_a_header():
    with pytest.raises(UndeliverableError):
        mail_of(_notice(subject="x\r\nBcc: all@example.org"), "easement@example.org")


def test_a_password_never_goes_over_a_plain_connection():
    with pytest.raises(ValueError, match="in clear"):
        check_mail_server(MailServer(host="mail", security="none", user="u"), is_development=True)
    with pytest.raises(ValueError, match="in clear"):
        check_mail_server(MailServer(host="mail", security="none"), is_development=False)


def test_a_webhook_gets_a_signed_cloud_event_once(
    registry: Registry, receiver: Receiver, tmp_path: Path, records: list[Record]
):
    notice = waiting(registry, WEBHOOK, f"http://localhost:{receiver.server_port}/changes")
    assert deliver(registry, office(tmp_path)) == 1
    ((headers, body),) = receiver.kept
    event = json.loads(body)
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert (event["id"], event["type"], event["subject"]) == (notice.id, "dev.easement.change.announced", "b-reads-a")
    assert event["data"]["changes"][0]["field"] == "count"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}")
    assert headers["host"] == f"localhost:{receiver.server_port}"
    assert as_stored(registry, notice).state == "sent"


def test_attack_redirect_of_a_webhook_is_not_followed(registry: Registry, receiver: Receiver, tmp_path: Path):
    receiver.status = 302
    notice = waiting(registry, WEBHOOK, f"http://127.0.0.1:{receiver.server_port}/")
    deliver(registry, office(tmp_path))
    assert (as_stored(registry, notice).state, len(receiver.kept)) != ("sent", 1)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/latest", "https://10.0.0.8/", "https://[::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[fd00::1]/", "https://0.0.0.0/",
        "https://2130706433/", "https://0x7f.1/", "http://example.org/", "https://user:pass@example.org/", "file:///etc/passwd",
        "https://100.64.0.1/", "https://224.0.0.1/",
    ],
)  # fmt: skip
def test_attack_webhook_into_our_own_network(url: str):
    with pytest.raises(UndeliverableError):
        asyncio.run(safe_address(url, WebhookPolicy()))


def test_a_private_host_is_reached_where_the_installation_names_it():
    named = WebhookPolicy(private_hosts=frozenset({"localhost"}))
    assert asyncio.run(safe_address("https://localhost/", named)) in {"127.0.0.1", "::1"}
    with pytest.raises(UndeliverableError):
        asyncio.run(safe_address("https://127.0.0.1/", named))


def test_attack_private_webhook_is_a_dead_end_that_is_seen(registry: Registry, receiver: Receiver, tmp_path: Path):
    notice = waiting(registry, WEBHOOK, f"https://127.0.0.1:{receiver.server_port}/")
    deliver(registry, office(tmp_path, is_development=False))
    stored = as_stored(registry, notice)
    assert (stored.state, receiver.kept) == ("dead", [])
    assert "not a public address" in stored.error


def _notice(**changed: Any) -> StoredNotice:
    return StoredNotice(
        **({
            "id": "n", "case_number": 1, "integration": "i", "team": "t", "event": "announced", "channel": EMAIL,
            "address": "b@example.org", "subject": "s", "state": WAITING, "created": NOW, "content": {
                "case": "CHG-0001", "subject": "x", "successor": "", "integration": "i", "consumer": "c", "reason": "r",
                "sunset": "", "documentation": "", "changes": [], "toDo": [], "link": "",
            },
        } | changed)
    )  # fmt: skip
