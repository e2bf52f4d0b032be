"""The installation survives what can happen: targets, engines, roles, ports, disks and its own end.

One installation for the module, used and hurt in turn; each test leaves it whole. The last test tampers with its proof.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from nats.errors import Error as NatsError

from easement.broker.headers import TRANSACTION
from easement.broker.naming import target_stream
from easement.ledger.query import LedgerReader, Search
from easement.runtime.settings import Settings
from easement.runtime.supervisor import ROLES
from easement.store.heartbeat import read_heartbeat
from easement.testing.event_client import EventClient
from easement.testing.hostile_upstream import Behaviour, HostileUpstream, http_answer, says
from easement.testing.installation import Caller, Installation, free_ports, settings_in, until
from easement.testing.processes import children_of, descendants_of, is_running
from easement.testing.small_estate import INTEGRATION, SOURCE, TARGET, document, integration, small_files, system

GOOD: Final = b'{"sku":"A-1","count":"7","place":"hidden"}'
PATH: Final = "/stock-api/v1/getstock/A-1"
EVENTS: Final = "shop-events"
TELLS: Final = "shop-tells-stock"
ENGINES: Final = {"gateway": "envoy", "broker": "nats-server"}
MEBIBYTE: Final = 1024 * 1024
ENDS: Final = frozenset({"delivered", "dead-lettered", "requested", "again"})

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
      payload:
        type: object
        additionalProperties: false
        required: [sku, count]
        properties:
          sku: {type: string, maxLength: 40}
          count: {type: integer}
"""


def _estate(port: int) -> dict[str, bytes]:
    speed = {"throughput": {"limit": "900/s"}, "availability": 99.0, "latency": {"p95": "500ms"}}
    documents = (
        system(
            TARGET,
            endpoints={"development": {"url": f"http://127.0.0.1:{port}/api"}},
            capacity={"throughput": "9000/s", "availability": 99.9},
        ),
        integration(sla={**speed, "timeout": "1s"}),
        document(
            "Interface",
            EVENTS,
            {
                "system": SOURCE,
                "version": "1.0.0",
                "definition": {"asyncapi": "events.yaml"},
                "defaultClassification": "internal",
            },
        ),
        integration(
            TELLS,
            interface={"name": EVENTS, "version": "^1.0"},
            pattern="event",
            operations=[],
            channels=["sold"],
            errors={"retry": {"attempts": 5}, "deadLetter": {"retention": "P7D", "owner": "platform"}},
            sla=speed,
            retention={"messages": "P7D", "records": "P400D"},
        ),
    )
    return small_files(*documents) | {"interface/events.yaml": ASYNCAPI.encode()}


@dataclass(slots=True)
class Stand:
    """The installation of this module, its target, and what its callers hold."""

    up: Installation
    target: HostileUpstream
    shop: Caller
    stock: Caller
    answered: list[str] = field(default_factory=list)
    """Transaction ids of all requests that were answered with 2xx."""

    def call(self) -> httpx.Response:
        answer = self.shop.call("GET", PATH)
        if answer.is_success:
            self.answered.append(answer.headers["x-transaction-id"])
        return answer

    def is_served(self) -> bool:
        try:
            return self.call().status_code == 200
        except httpx.TransportError:
            return False

    def engine(self, role: str) -> int:
        """The process id of the engine of a role; 0 while there is none."""
        pids = [pid for pid, name in children_of(self.up.pid_of(role)).items() if name == ENGINES[role]]
        return pids[0] if len(pids) == 1 else 0

    def until_whole(self) -> None:
        """Wait until every role says that it is ready."""
        until(lambda: all(self.beat(role).get("ready") for role in ROLES), "all roles are ready", 45)

    def beat(self, role: str) -> dict[str, Any]:
        return read_heartbeat(self.up.data.run, role) or {}

    def has_replaced(self, role: str, pid: int) -> bool:
        """Whether another process than ``pid`` has the role and is ready."""
        beat = self.beat(role)
        return beat.get("pid") != pid and bool(beat.get("ready"))

    def verify(self) -> subprocess.CompletedProcess[str]:
        return self.up.command("audit", "verify", check=False)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    installation = Installation(settings_in(tmp_path_factory.mktemp("faults")))
    with HostileUpstream(free_ports(1)[0]) as target:
        target.behaviour = says(http_answer(GOOD))
        try:
            installation.start()
            installation.person("dana", "developer")
            installation.person("rene", "reviewer", "security", "compliance")
            installation.apply("dana", _estate(target.port))
            installation.approve_all("rene")
            installation.until_enforced()
            yield Stand(installation, target, installation.caller(SOURCE), installation.caller(TARGET))
        finally:
            installation.stop()


# --- targets ----------------------------------------------------------------------------------------------------------


def _hang_up(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _sleep(connection: socket.socket) -> None:
    connection.settimeout(10)
    with contextlib.suppress(OSError):
        connection.recv(1)


def _endless(connection: socket.socket) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    connection.sendall(head + b'1\r\n"\r\n')
    chunk = b"%x\r\n" % MEBIBYTE + b"a" * MEBIBYTE + b"\r\n"
    for _ in range(200):
        connection.sendall(chunk)
    connection.sendall(b'1\r\n"\r\n0\r\n\r\n')


UNUSABLE: Final[dict[str, tuple[Behaviour, int, str]]] = {
    "resets": (_hang_up, 503, "EAS-5503"),
    "is slow": (_sleep, 504, "EAS-5504"),
    "speaks no HTTP": (says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), 502, "EAS-5502"),
    "says JSON and sends none": (says(http_answer(b"<html>oops</html>")), 502, "EAS-5502"),
    "stops in the middle": (says(http_answer(GOOD[:20], length=len(GOOD))), 502, "EAS-5502"),
    "compresses": (says(http_answer(b"\x1f\x8b\x08\x00junk", "content-encoding: gzip")), 502, "EAS-5502"),
    "sends a web page": (says(http_answer(GOOD, "content-type: text/html")), 502, "EAS-5502"),
    "never ends": (_endless, 502, "EAS-5502"),
    "nests without end": (says(http_answer(b"[" * 100_000)), 502, "EAS-5502"),
    "sends two lengths": (
        says(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 9\r\n\r\n{}"), 502, "EAS-5502"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", UNUSABLE)
def test_an_unusable_target_is_answered_for_and_recorded(stand: Stand, fault: str) -> None:
    stand.target.behaviour, status, code = UNUSABLE[fault]
    try:
        answer = stand.call()
    finally:
        stand.target.behaviour = says(http_answer(GOOD))
    _expect_problem(stand, answer, status, code)
    until(stand.is_served, "the target is used again")


def test_a_target_that_is_down_is_answered_for_and_its_health_says_so(stand: Stand) -> None:
    stand.target.down()
    try:
        for _ in range(4):
            _expect_problem(stand, stand.call(), 503, "EAS-5503")
        until(lambda: "failed" in _reason(stand), "health gives the reason")
    finally:
        stand.target.up()
    until(stand.is_served, "the target is used again")


def _expect_problem(stand: Stand, answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code
    assert "hidden" not in answer.text
    (record,) = stand.up.trace(answer.headers["x-transaction-id"])
    assert (record["status"], record["error_code"], record["integration"]) == ("failed", code, INTEGRATION)


def _reason(stand: Stand) -> str:
    for item in stand.up.api("operator", "GET", "/health").json()["items"]:
        if item["name"] == INTEGRATION:
            return str(item["reason"])
    return ""


# --- events -----------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _connected(caller: Caller) -> AsyncIterator[EventClient]:
    client = await caller.events()
    try:
        yield client
    finally:
        await client.close()


async def _publish(caller: Caller, numbers: range, window: int = 500) -> set[str]:
    """Publish sales with ids of their own until the broker has acknowledged each, over any fault; the ids.

    Every hundredth has a body that breaks the contract. A message whose acknowledgement did not come is sent again
    under the same id, as a careful publisher does.
    """
    waiting = {_message_id(number): number for number in numbers}
    acknowledged: set[str] = set()
    deadline = time.monotonic() + 60
    while waiting:
        assert time.monotonic() < deadline, f"{len(waiting)} messages were not taken"
        try:
            async with _connected(caller) as client:
                stream_api = client.connection.jetstream(timeout=5)
                while waiting:
                    batch = list(waiting.items())[:window]
                    receipts = await asyncio.gather(
                        *(
                            stream_api.publish(
                                f"in.{EVENTS}.v1.sold", _sale(number), headers={"Nats-Msg-Id": message_id}
                            )
                            for message_id, number in batch
                        ),
                        return_exceptions=True,
                    )
                    done = [batch[i][0] for i, one in enumerate(receipts) if not isinstance(one, BaseException)]
                    acknowledged.update(done)
                    for message_id in done:
                        del waiting[message_id]
                    if len(done) < len(batch):
                        break
        except (NatsError, OSError, httpx.HTTPError, TimeoutError):
            await asyncio.sleep(0.2)
    return acknowledged


def _message_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"sale {number}"))


def _sale(number: int) -> bytes:
    return b'{"sku":7}' if number % 100 == 99 else b'{"sku":"A-%d","count":1}' % number


async def _received(caller: Caller, count: int) -> Counter[str]:
    """Take so many messages as the target, and a little longer; how often each transaction came."""
    found: Counter[str] = Counter()
    async with _connected(caller) as client:
        stream_api = client.connection.jetstream(timeout=5)
        puller = await stream_api.pull_subscribe_bind(TARGET, stream=target_stream(TELLS))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                messages = await puller.fetch(500, timeout=1.5 if found.total() >= count else 10)
            except TimeoutError:
                if found.total() >= count:
                    break
                continue
            for message in messages:
                found[(message.headers or {})[TRANSACTION]] += 1
                await message.ack()
        await puller.unsubscribe()
    return found


def _steps_in_ledger(stand: Stand, wanted: set[str], timeout_s: float = 45.0) -> dict[str, Counter[str]]:
    """How often the ledger has each step of each transaction, once all have an end; ``again`` counts repetitions that
    the broker dropped and the record names as such.
    """
    reader = LedgerReader(stand.up.data.ledger)
    steps: dict[str, Counter[str]] = {one: Counter() for one in wanted}
    position = 0

    def has_ended() -> bool:
        nonlocal position
        while page := reader.follow(position, 1000):
            position = page[-1].position
            for record in (found.record for found in page):
                if record.transaction_id in steps:
                    step = "again" if record.detail.get("duplicate") else str(record.step)
                    steps[record.transaction_id][step] += 1
        return all(ENDS & each.keys() for each in steps.values())

    with contextlib.suppress(TimeoutError):
        until(has_ended, "all have an end", timeout_s)
    unended = {one: dict(seen) for one, seen in steps.items() if not ENDS & seen.keys()}
    assert not unended, f"{len(unended)} of {len(wanted)} have no end in the ledger"
    return steps


def _flow(stand: Stand, numbers: range, *, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Publish, do something meanwhile, and hold what came against what was acknowledged."""
    failed: list[BaseException] = []

    def hurt() -> None:
        try:
            meanwhile()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread of the test
            failed.append(error)

    thread = threading.Thread(target=hurt)
    thread.start()
    try:
        acknowledged = asyncio.run(_publish(stand.shop, numbers))
    finally:
        thread.join()
    assert not failed, failed
    broken = {_message_id(number) for number in numbers if number % 100 == 99}
    received = asyncio.run(_received(stand.stock, len(acknowledged - broken)))
    assert received == Counter(acknowledged - broken)
    steps = _steps_in_ledger(stand, acknowledged)
    for one, seen in steps.items():
        right, wrong = ("dead-lettered", "delivered") if one in broken else ("delivered", "dead-lettered")
        assert seen["published"], (one, seen)
        assert seen[wrong] == 0, (one, seen)
        assert seen[right] == 1 or (seen[right] == 0 and seen["again"]), (one, seen)


# --- engines and roles ------------------------------------------------------------------------------------------------


def test_a_killed_envoy_comes_back_by_itself(stand: Stand) -> None:
    assert stand.is_served()
    stand.up.trace(stand.answered[-1])
    before, gaps = stand.engine("gateway"), _gaps(stand)
    os.kill(before, signal.SIGKILL)
    until(lambda: not is_running(before), "Envoy is gone")
    until(stand.is_served, "traffic flows again")
    assert stand.engine("gateway") not in {0, before}
    stand.until_whole()
    until(lambda: _gaps(stand) == gaps + 1, "the ledger says where it may have a gap")


def _gaps(stand: Stand) -> int:
    return len(LedgerReader(stand.up.data.ledger).search(Search(error_code="EAS-5905")).found)


def test_a_killed_broker_engine_loses_nothing_it_acknowledged(stand: Stand) -> None:
    def kill() -> None:
        time.sleep(0.3)
        os.kill(stand.engine("broker"), signal.SIGKILL)

    _flow(stand, range(1000, 2500), meanwhile=kill)
    stand.until_whole()


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_role_is_started_again(stand: Stand, role: str) -> None:
    stand.until_whole()
    before, engine = stand.up.pid_of(role), stand.engine(role) if role in ENGINES else 0
    gaps = _gaps(stand)
    os.kill(before, signal.SIGKILL)
    until(lambda: stand.has_replaced(role, before), f"{role} is ready again", 45)
    if engine:
        assert not is_running(engine), "the engine outlived its role"
        assert stand.engine(role) not in {0, engine}
    until(stand.is_served, "traffic flows")
    until(lambda: _gaps(stand) == gaps + (role == "gateway"), "the ledger says where it may have a gap")


def test_traffic_goes_on_while_the_control_plane_hangs(stand: Stand) -> None:
    """Also over a restart of gateway, broker and relay: the plan is theirs."""
    stand.until_whole()
    stand.shop.token(), stand.stock.token()
    plans = {role: stand.beat(role)["plan"] for role in ("gateway", "broker", "relay")}
    control = stand.up.pid_of("control")
    os.kill(control, signal.SIGSTOP)
    try:
        assert stand.is_served()
        time.sleep(0.2)  # Envoy writes its log within a hundredth of a second
        for role in plans:
            before = stand.up.pid_of(role)
            os.kill(before, signal.SIGKILL)
            until(lambda one=(role, before): stand.has_replaced(*one), f"{role} is ready again", 30)
        until(stand.is_served, "the gateway serves from its cache")
        assert {role: stand.beat(role)["plan"] for role in plans} == plans
        _flow(stand, range(3000, 3010))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(control, signal.SIGCONT)
    stand.until_whole()


@pytest.mark.timeout(170)
def test_ten_thousand_messages_survive_the_death_of_relay_and_ledger(stand: Stand) -> None:
    def kill() -> None:
        for pause in (1.0, 0.5):
            time.sleep(pause)
            killed = {role: stand.up.pid_of(role) for role in ("relay", "ledger")}
            for pid in killed.values():
                os.kill(pid, signal.SIGKILL)
            until(lambda killed=killed: all(stand.has_replaced(*one) for one in killed.items()), "both are back", 45)

    _flow(stand, range(10_000, 20_000), meanwhile=kill)
    stand.until_whole()
    assert stand.verify().returncode == 0


# --- starting and ending ----------------------------------------------------------------------------------------------


def _refused(folder: Path, **settings: Any) -> str:
    """What ``easement up`` says when it refuses to start."""
    environment = Installation(settings_in(folder, **settings)).environment
    done = subprocess.run(
        [sys.executable, "-m", "easement", "up"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_every_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    names = [name for name in Settings.model_fields if name.endswith("_port") and name != "smtp_port"]
    with contextlib.ExitStack() as held:
        taken = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for name in names}
        said = _refused(tmp_path, **taken)
    for name, port in taken.items():
        assert any(str(port) in line and f"EASEMENT_{name.upper()}" in line for line in said.splitlines()), said


def test_an_unwritable_data_directory_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = _refused(tmp_path, data=tmp_path / "file" / "data")
    assert str(tmp_path / "file" / "data") in said
    assert "EASEMENT_DATA" in said


def test_a_second_start_on_the_same_data_is_refused(stand: Stand, tmp_path: Path) -> None:
    said = _refused(tmp_path, data=stand.up.settings.data)
    assert "already runs" in said
    assert stand.is_served()


@pytest.mark.timeout(170)
def test_the_end_in_the_middle_of_traffic_is_orderly(stand: Stand) -> None:
    """SIGTERM: every request that got an answer and every message that was taken is in the ledger; nobody stays."""
    stand.until_whole()
    everything = descendants_of(stand.up.process.pid)
    assert set(ENGINES.values()) <= set(everything.values())
    ended = threading.Event()

    def call() -> None:
        while not ended.is_set():
            stand.is_served()

    callers = [threading.Thread(target=call) for _ in range(3)]
    publisher = threading.Thread(target=lambda: taken.update(asyncio.run(_publish_until(stand.shop, ended))))
    taken: set[str] = set()
    for thread in (*callers, publisher):
        thread.start()
    before = len(stand.answered)
    until(lambda: len(stand.answered) > before + 100, "traffic flows")
    began = time.monotonic()
    stand.up.process.send_signal(signal.SIGTERM)
    code = stand.up.process.wait(60)
    ended.set()
    for thread in (*callers, publisher):
        thread.join()
    print(f"drained in {time.monotonic() - began:.1f} s")
    assert code == 0
    assert not [name for pid, name in everything.items() if is_running(pid)]
    assert taken
    stand.up.stop()
    stand.up.start()
    stand.until_whole()
    _steps_in_ledger(stand, {*stand.answered, *taken})
    until(stand.is_served, "traffic flows after the restart")
    assert stand.verify().returncode == 0


async def _publish_until(caller: Caller, ended: threading.Event) -> set[str]:
    taken: set[str] = set()
    with contextlib.suppress(NatsError, OSError, httpx.HTTPError):
        async with _connected(caller) as client:
            while not ended.is_set():
                message_id = str(uuid.uuid4())
                await client.publish(EVENTS, 1, "sold", {"sku": "A-1", "count": 1}, message_id=message_id)
                taken.add(message_id)
    return taken


def test_the_death_of_the_supervisor_ends_everything(stand: Stand) -> None:
    everything = descendants_of(stand.up.process.pid)
    stand.up.process.kill()
    stand.up.process.wait()
    until(lambda: not any(is_running(pid) for pid in everything), "nothing of it runs any more", 30)
    stand.up.stop()
    stand.up.start()
    stand.until_whole()
    until(stand.is_served, "traffic flows after the restart")
    assert stand.verify().returncode == 0


# --- the proof --------------------------------------------------------------------------------------------------------


def test_one_changed_byte_of_a_sealed_segment_is_found_and_named(stand: Stand) -> None:
    stand.up.command("audit", "seal")
    until(lambda: any(stand.up.data.root.rglob("*.parquet")), "a segment is sealed")
    segment = max(stand.up.data.root.rglob("*.parquet"), key=lambda path: path.stat().st_size)
    sound = segment.read_bytes()
    assert stand.verify().returncode == 0
    for place in (len(sound) // 3, len(sound) // 2, len(sound) - 12):
        damaged = bytearray(sound)
        damaged[place] ^= 1
        segment.write_bytes(damaged)
        found = stand.verify()
        assert found.returncode == 3, found.stdout
        assert segment.name in found.stdout
    segment.write_bytes(sound)
    assert stand.verify().returncode == 0
