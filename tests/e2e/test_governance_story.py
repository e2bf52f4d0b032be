"""The story of ``docs/tutorial/govern-a-change.md``, played by eight people on a whole installation.

A mail server, a webhook receiver, the gateway and the broker are real. Time is real too: a Standard sets a notice of
seconds, the way that everybody has: as a document that two people approve.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from aiosmtpd.controller import Controller

from easement.testing.installation import Caller, Installation, free_ports, running, until
from easement.testing.small_estate import document, integration, interface, openapi, small_files, system
from easement.testing.upstreams import Answer, UpstreamSimulator

pytestmark = pytest.mark.timeout(420)
V1: Final = "/stock-api/v1/getstock/A-1"
V2: Final = "/stock-api/v2/getstock/A-1"
SHOP_READS: Final = "shop-reads-stock"
TILL_READS: Final = "till-reads-stock"
SHOP_TELLS: Final = "shop-tells-stock"
NOTICE_S: Final = 8
HOOK_KEY: Final = b"k" * 32
REFUSED: Final = 4
BREAKS: Final = 3
ASYNCAPI: Final = """
asyncapi: 3.0.0
info: {title: Sales, version: 1.0.0}
channels:
  sold:
    address: sold
    title: Something was sold
    messages: {sold: {$ref: "#/components/messages/sold"}}
operations:
  sendSold: {action: send, channel: {$ref: "#/channels/sold"}}
components:
  messages:
    sold:
      contentType: application/json
      payload: {type: object, additionalProperties: false, properties: {sku: {type: string, maxLength: 40}}}
"""


class Mailbox:
    """Keeps the mail that a real SMTP server takes."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self.kept.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class Receiver(ThreadingHTTPServer):
    """Keeps the webhooks that it is sent, as header fields in lower case and body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.kept: list[tuple[dict[str, str], bytes]] = []


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Receiver)
        self.server.kept.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        return


@dataclass
class Story:
    """Who and what there is. ``folder`` is the estate that all of them write in."""

    installation: Installation
    folder: Path
    mailbox: Mailbox
    receiver: Receiver
    target_port: int
    tokens: dict[str, str] = field(default_factory=dict, repr=False)
    callers: dict[str, Caller] = field(default_factory=dict)

    def does(self, person: str, command: str, *, status: int = 0) -> str:
        """What a command of ``person``, with a session of their own, says on both streams."""
        done = subprocess.run(
            [sys.executable, "-m", "easement", *shlex.split(command)],
            cwd=self.folder.parent, env={**self.installation.environment, "EASEMENT_TOKEN": self.tokens[person]},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == status, f"{person}: {command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def applies(self, person: str, files: dict[str, bytes]) -> str:
        """``person`` writes files and registers the estate."""
        self.writes(files)
        return self.does(person, "apply estate --auto-approve")

    def writes(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)

    def approves(self, people: Sequence[str], *references: str) -> None:
        """Each of ``people`` approves, in a session of their own."""
        for person in people:
            self.does(person, f"review approve {' '.join(references)} -m 'looked at it'")

    def state(self) -> str:
        answer = self.installation.api("operator", "GET", "/changes/CHG-0001").json()
        return str(answer["state"])


def contract(name: str, owner: str, **spec: Any) -> dict[str, bytes]:
    """A contract as the file that its team writes."""
    written = integration(name, **spec)
    written["metadata"]["owner"] = owner
    return {f"integration/{name}.yaml": json.dumps(written, indent=2).encode()}


def owned(tree: dict[str, Any], owner: str) -> dict[str, Any]:
    tree["metadata"]["owner"] = owner
    return tree


def team(name: str, member: str, **spec: Any) -> dict[str, Any]:
    return document("Team", name, {"email": f"{name}@example.org", "oncall": name, "members": [member], **spec})


def ground(story: Story) -> dict[str, bytes]:
    """What stands before the story begins: three teams, their systems, one API and one event."""
    hook = {"url": f"http://localhost:{story.receiver.server_port}/changes", "secret": "secret://file/secrets/hook"}
    described = {"definition": {"asyncapi": "events.yaml"}, "defaultClassification": "internal"}
    files = small_files(
        team("warehouse", "pat"),
        team("shopping", "carol"),
        team("tills", "theo", notices=hook),
        owned(
            system("stock", endpoints={"development": {"url": f"http://127.0.0.1:{story.target_port}"}}), "warehouse"
        ),
        owned(system("shop"), "shopping"),
        owned(system("till"), "tills"),
        owned(interface(), "warehouse"),
        owned(document("Interface", "shop-events", {"system": "shop", "version": "1.0.0", **described}), "shopping"),
        document("Standard", "house", {"notice": {"low": f"{NOTICE_S}s", "medium": f"{NOTICE_S}s"}}),
        without=[f"integration/{SHOP_READS}.yaml"],
    )
    events = {"name": "shop-events", "version": "^1.0"}
    return {
        **files,
        "interface/events.yaml": ASYNCAPI.encode(),
        **contract(TILL_READS, "tills", source="till", fields=["sku"]),
        **contract(
            SHOP_TELLS, "shopping", interface=events, pattern="event", operations=[], channels=["sold"], fields=["sku"],
            errors={"retry": {"attempts": 5}, "deadLetter": {"retention": "P7D", "owner": "platform"}},
            retention={"messages": "P7D", "records": "P400D"},
        ),
    }  # fmt: skip


def second_version() -> dict[str, bytes]:
    described = owned(interface(version="2.0.0", definition={"openapi": "stock-2.json"}), "warehouse")
    description = openapi(fields=("sku", "available")).replace('"1.0.0"', '"2.0.0"')
    return {
        "interface/stock-api-2.yaml": json.dumps(described).encode(),
        "interface/stock-2.json": description.encode(),
    }


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, int]]:
    box, (port,) = Mailbox(), free_ports(1)
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield box, port
    finally:
        server.stop()


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with ExitStack() as stack:
        target = stack.enter_context(UpstreamSimulator())
        target.answer = Answer(body=b'{"sku": "A-1", "count": "7", "available": "yes", "place": "hidden"}')
        box, port = stack.enter_context(mail_server())
        receiver = stack.enter_context(webhook_receiver())
        mail = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_from": "e@example.org"}
        one = stack.enter_context(running(tmp_path / "installation", one_person_several_roles=False, **mail))
        secret = one.data.root / "secrets" / "hook"
        secret.parent.mkdir(mode=0o700)
        secret.touch(mode=0o600)
        secret.write_text("whsec_" + base64.b64encode(HOOK_KEY).decode())
        yield Story(one, tmp_path / "work" / "estate", box, receiver, target.port)


def test_the_story_of_a_change_is_played_to_its_end(story: Story):
    people_and_ground(story)
    a_draft_with_three_faults_is_mended_and_goes_live(story)
    a_breaking_change_is_refused(story)
    a_case_is_opened_and_only_those_affected_are_told(story)
    one_migrates_and_one_lags(story)
    the_end_waits_for_the_laggard_and_then_it_is_gone(story)
    what_is_taken_away_leaves_nothing(story)
    the_ledger_tells_it(story)


def people_and_ground(story: Story) -> None:
    roles = {
        "dana": ("developer",), "pat": ("developer",), "carol": ("developer",), "theo": ("developer",),
        "rita": ("reviewer", "security"), "cora": ("coe",), "colin": ("compliance",), "olga": ("operator",),
    }  # fmt: skip
    for name, has in roles.items():
        story.installation.person(name, *has)
        story.tokens[name] = story.installation._people[name]
    story.applies("dana", ground(story))
    story.approves(("cora", "colin"), "standard/house")
    story.approves(("rita", "pat"), f"integration/{TILL_READS}", f"integration/{SHOP_TELLS}")
    story.installation.until_enforced()


def a_draft_with_three_faults_is_mended_and_goes_live(story: Story) -> None:
    faults = (
        ({"security": {"authentication": "none"}}, "EAS-1203: spec.security.authentication must be one of oauth2"),
        ({"operations": ["getStok"]}, "did you mean 'getStock'?"),
        ({"fields": ["sku", "cuont"]}, "did you mean 'count'?"),
    )
    for number, (_, told) in enumerate(faults):
        draft = {key: value for each, _ in faults[number:] for key, value in each.items()}
        story.writes(contract(SHOP_READS, "shopping", **draft))
        assert told in story.does("carol", "check estate", status=BREAKS)
    story.writes(contract(SHOP_READS, "shopping"))
    story.does("carol", "check estate")
    story.applies("carol", {})
    story.does("carol", f"review approve integration/{SHOP_READS} -m mine", status=REFUSED)
    story.approves(("rita",), f"integration/{SHOP_READS}")
    assert state_of(story, SHOP_READS) != "live"
    story.approves(("pat",), f"integration/{SHOP_READS}")
    assert state_of(story, SHOP_READS) == "live"
    story.installation.until_enforced()
    story.callers |= {name: story.installation.caller(name) for name in ("shop", "till")}
    answers = [story.callers[name].call("GET", V1) for name in ("shop", "till")]
    assert [answer.json() for answer in answers] == [{"sku": "A-1", "count": "7"}, {"sku": "A-1"}]


def a_breaking_change_is_refused(story: Story) -> None:
    old = (story.folder / "interface/stock.json").read_bytes()
    text = b'"count": {"type": "string", "maxLength": 40}'
    broken = old.replace(text, b'"count": {"type": "integer"}')
    assert broken != old
    (story.folder.parent / "proposed.json").write_bytes(broken)
    asked = story.does("pat", "can-i-change interface/stock-api@1 --with proposed.json", status=BREAKS)
    assert SHOP_READS in asked
    story.applies("pat", {"interface/stock.json": broken})
    refused = story.does("rita", "review approve interface/stock-api@1 -m fine", status=REFUSED)
    assert "would break shop (integration shop-reads-stock)" in refused
    assert "easement change open" in refused
    assert story.callers["shop"].call("GET", V1).json() == {"sku": "A-1", "count": "7"}
    story.applies("pat", {"interface/stock.json": old, **second_version()})
    story.installation.until_enforced()


def a_case_is_opened_and_only_those_affected_are_told(story: Story) -> None:
    reason = "stock is told as available or not"
    story.does("carol", f"change open interface/stock-api@1 --successor stock-api@2 -m '{reason}'", status=REFUSED)
    story.does("pat", f"change open interface/stock-api@1 --successor stock-api@2 -m '{reason}'")
    until(lambda: len(story.mailbox.kept) >= 2 and bool(story.receiver.kept), "mail and webhook arrived", 30)
    mails = {str(mail["to"]): mail.get_content() for mail in story.mailbox.kept}
    assert set(mails) == {"shopping@example.org", "tills@example.org"}
    assert "count" in mails["shopping@example.org"]
    assert "Nothing that you use differs" in mails["tills@example.org"]
    headers, body = story.receiver.kept[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(HOOK_KEY, signed, hashlib.sha256).digest()).decode()
    assert hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}")
    assert json.loads(body)["subject"] == TILL_READS
    assert "CHG-0001" in story.does("carol", "change inbox")
    story.does("theo", f"change ack CHG-0001 {SHOP_READS}", status=REFUSED)
    story.does("carol", f"change ack CHG-0001 {SHOP_READS}")


def one_migrates_and_one_lags(story: Story) -> None:
    story.does("pat", "change start CHG-0001")
    following = {"name": "stock-api", "version": "^2.0"}
    story.applies("carol", contract(SHOP_READS, "shopping", interface=following, fields=["sku", "available"]))
    story.approves(("rita", "pat"), f"integration/{SHOP_READS}")
    story.installation.until_enforced()
    assert story.callers["shop"].call("GET", V2).json() == {"sku": "A-1", "available": "yes"}
    older = story.callers["till"].call("GET", V1)
    assert older.status_code == 200
    assert older.headers["deprecation"].startswith("@")
    assert older.headers["sunset"].endswith("GMT")
    assert '</stock-api/v2/>; rel="successor-version"' in older.headers["link"]


def the_end_waits_for_the_laggard_and_then_it_is_gone(story: Story) -> None:
    until(lambda: story.state() == "sunset-ready", "the notice has run", 90)
    waits = story.does("pat", "change close CHG-0001", status=REFUSED)
    assert "a consumer still uses the old version: name each one" in waits
    assert story.callers["till"].call("GET", V1).status_code == 200
    following = {"name": "stock-api", "version": "^2.0"}
    story.applies("theo", contract(TILL_READS, "tills", source="till", fields=["sku"], interface=following))
    story.approves(("rita", "pat"), f"integration/{TILL_READS}")
    if story.state() == "sunset-ready":
        story.does("pat", "change close CHG-0001")
    assert story.state() == "closed"
    story.installation.until_enforced()
    gone = story.callers["till"].call("GET", V1)
    assert (gone.status_code, gone.json()["successor"]) == (410, "/stock-api/v2/")
    assert story.callers["till"].call("GET", V2).json() == {"sku": "A-1"}


def what_is_taken_away_leaves_nothing(story: Story) -> None:
    shop = story.callers["shop"]
    token = shop.token()
    for name in (SHOP_READS, SHOP_TELLS):
        story.does("olga", f"lifecycle deprecate {name} -m 'the shop closes'")
        more = "--discard-messages" if name == SHOP_TELLS else ""
        report = json.loads(story.does("olga", f"decommission integration/{name} -m 'the shop closes' -o json {more}"))
        assert report["finished"], report
    told = {step["id"]: step["said"] for step in report["steps"]}
    assert told["streams"] == f"the broker has no OUT_{SHOP_TELLS} and no DLQ_{SHOP_TELLS}"
    held = {"Authorization": f"Bearer {token}"}
    assert story.installation.gateway.get(V2, headers=held).status_code in {401, 403, 404}
    assert story.installation.token_answer("shop", shop.secret).status_code == 401
    assert story.callers["till"].call("GET", V2).status_code == 200


def the_ledger_tells_it(story: Story) -> None:
    """Who did what, in order; ``easement`` is the product itself."""
    said = story.installation.command("audit", "search", "--kind", "governance", "--limit", "1000", "-o", "json").stdout
    records = [(each["message_type"], each["account"]) for each in reversed(json.loads(said)["records"])]
    told = iter(records)
    for step in (
        ("review.approve", "cora"), ("review.approve", "colin"), ("review.approve", "rita"), ("review.approve", "pat"),
        ("change.opened", "pat"), ("change.noticed", "pat"), ("notice.sent", "easement"),
        ("change.acknowledged", "carol"), ("change.started", "pat"), ("review.approve", "rita"),
        ("change.migrated", "easement"), ("change.sunset-ready", "easement"), ("review.approve", "pat"),
    ):  # fmt: skip
        assert step in told, f"{step} is missing, or out of order, in {records}"
    assert {person for action, person in records if action == "change.closed"} <= {"pat", "easement"}
    actions = [action for action, _ in records]
    assert actions.count("change.closed") == 1
    assert actions.index("change.closed") < actions.index("decommission.begun")
    assert actions.count("decommission.credentials") == actions.count("decommission.archived") == 2
    assert story.installation.command("audit", "verify").returncode == 0


def state_of(story: Story, name: str) -> str:
    found = json.loads(story.does("dana", f"get integrations {name} -o json"))
    return str(found["state"])
