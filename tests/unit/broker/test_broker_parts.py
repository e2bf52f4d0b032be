"""Streams, retries, log lines, server configuration, callout JWTs, webhook signatures."""

from __future__ import annotations

import base64
import os
import socket
import stat
from pathlib import Path

import nkeys
import pytest

from easement.broker import nats_jwt
from easement.broker.credentials import check_storage_key, ensure_keys, read_seed
from easement.broker.retry import FailureClass, backoff_seconds, class_of_status, is_exhausted
from easement.broker.server import check_ports, find_server
from easement.broker.server_config import CLIENT_SERVICES, ServerSettings, render
from easement.broker.streams import topology_of
from easement.broker.violations import read_violation
from easement.broker.webhook import signed_headers
from easement.keys.private_file import PrivateFileError
from easement.keys.secrets import Secret
from easement.plan.model import RetryPolicy
from easement.testing.event_plans import channel, delivery, order_plan, plan


def _settings(tmp_path: Path, port: int = 4222, monitor_port: int = 8222) -> ServerSettings:
    return ServerSettings(
        host="127.0.0.1", port=port, monitor_port=monitor_port, store=tmp_path / "js", log_file=tmp_path / "log",
        certificate=tmp_path / "c.pem", private_key=tmp_path / "c.key", authority=tmp_path / "ca.pem",
        keys=ensure_keys(tmp_path / "keys"),
    )  # fmt: skip


def test_the_topology_of_a_plan() -> None:
    topology = topology_of(order_plan())
    assert [stream.name for stream in topology.streams] == [
        "DLQ_orders-to-marketing", "DLQ_orders-to-warehouse", "EVIDENCE", "IN_orders-events_v1",
        "OUT_orders-to-marketing", "OUT_orders-to-warehouse",
    ]  # fmt: skip
    ingress = topology.streams[3]
    assert ingress.subjects == ("in.orders-events.v1.orderPlaced", "in.orders-events.v1.orderPlaced.*")
    assert ingress.max_age_s == 7 * 86400
    consumers = {(item.stream, item.name): item for item in topology.consumers}
    target = consumers["OUT_orders-to-warehouse", "warehouse"]
    assert (target.max_deliver, target.sampled, len(target.backoff_s)) == (3, True, 2)


def test_channels_whose_names_collide_are_left_out_and_named() -> None:
    first = delivery("a-to-b", source="a", target="b", channel="order.placed")
    second = delivery("a-to-c", source="a", target="c", channel="order_placed")
    both = plan((channel((first,), name="order.placed"), channel((second,), name="order_placed")), (first, second))
    assert len(topology_of(both).problems) == 1
    assert "rename one" in topology_of(both).problems[0]


def test_backoff_doubles_to_its_maximum() -> None:
    policy = RetryPolicy(attempts=5, initial_ms=1000, maximum_ms=5000, exponential=True)
    assert [backoff_seconds(policy, attempt) for attempt in (1, 2, 3, 4, 100)] == [1, 2, 4, 5, 5]
    constant = RetryPolicy(attempts=2, initial_ms=1000, maximum_ms=5000, exponential=False)
    assert backoff_seconds(constant, 9) == 1
    assert [is_exhausted(constant, attempt) for attempt in (1, 2)] == [False, True]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, None), (204, None), (301, "permanent"), (400, "permanent"), (408, "transient"), (429, "transient"),
     (410, "permanent"), (500, "transient"), (503, "transient"), (100, "permanent")],
)  # fmt: skip
def test_what_a_webhooks_answer_means(status: int, expected: str | None) -> None:
    assert class_of_status(status) == (FailureClass(expected) if expected else None)


PREFIX = (
    '[1] 2026/11/23 18:31:13.349668 [ERR] 127.0.0.1:38310 - cid:21 - "v2.16.0:python3:NAME" - "CLIENTS/user:orders"'
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f'{PREFIX} - Publish Violation - Subject "in.b.v1.x"', ("orders", "publish", "in.b.v1.x")),
        (f'{PREFIX} - Subscription Violation - Subject "in.>", SID 2', ("orders", "subscribe", "in.>")),
        (f'{PREFIX} - Publish Violation - Reply "$JS.ACK.x"', ("orders", "reply", "$JS.ACK.x")),
        ("[1] 2026/11/23 18:31:13 [INF] Server is ready", None),
        (PREFIX.replace("CLIENTS", "BUS") + ' - Publish Violation - Subject "x"', None),
        ('- cid:1 - "x" - "CLIENTS/user:orders" - Publish Violation - Subject "x"', None),
    ],
)
def test_log_lines(line: str, expected: tuple[str, str, str] | None) -> None:
    found = read_violation(line)
    assert (found and (found.account, found.verb, found.subject)) == expected


def test_a_client_name_cannot_change_whose_attempt_it_was() -> None:
    hostile = r"x\" - \"CLIENTS/user:victim\" - Publish Violation - Subject \"in.y"
    found = read_violation(PREFIX.replace("NAME", hostile) + ' - Publish Violation - Subject "in.x"')
    assert found is not None
    assert (found.account, found.subject) == ("orders", "in.x")


def test_the_configuration_holds_no_seed_and_opens_three_services_to_clients(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    text = render(settings)
    for role in ("callout", "relay", "operator", "steward", "system", "issuer"):
        assert read_seed(tmp_path / "keys", role).reveal() not in text
    assert [subject for subject, _ in CLIENT_SERVICES] == ["in.>", "$JS.API.CONSUMER.MSG.NEXT.>", "$JS.ACK.>"]
    assert settings.keys.storage.reveal() in text
    assert settings.keys.storage.reveal() not in repr(settings)
    assert "SU" not in repr(settings)


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    first = ensure_keys(tmp_path / "keys")
    again = ensure_keys(tmp_path / "keys")
    assert first.public("relay") == again.public("relay")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}
    (tmp_path / "keys" / "relay.nk").chmod(0o644)
    with pytest.raises(PrivateFileError, match="open to other users"):
        read_seed(tmp_path / "keys", "relay")
    with pytest.raises(PrivateFileError):
        read_seed(tmp_path / "keys", "nobody")


def test_messages_are_not_opened_over_with_another_storage_key(tmp_path: Path) -> None:
    fingerprint = tmp_path / "storage-key.sha256"
    check_storage_key(ensure_keys(tmp_path / "keys"), fingerprint)
    check_storage_key(ensure_keys(tmp_path / "keys"), fingerprint)
    with pytest.raises(PrivateFileError, match="restore the key"):
        check_storage_key(ensure_keys(tmp_path / "other"), fingerprint)


def test_a_damaged_key_names_its_file(tmp_path: Path) -> None:
    ensure_keys(tmp_path / "keys")
    (tmp_path / "keys" / "callout.nk").write_text("rubbish")
    with pytest.raises(PrivateFileError, match=r"callout\.nk is damaged"):
        ensure_keys(tmp_path / "keys")


@pytest.mark.parametrize(("taken", "setting"), [(0, "EASEMENT_BROKER_PORT"), (1, "EASEMENT_BROKER_MONITOR_PORT")])
def test_a_taken_port_names_the_setting(tmp_path: Path, free_ports, taken: int, setting: str) -> None:
    ports = free_ports(2)
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", ports[taken]))
        occupant.listen()
        with pytest.raises(OSError, match=f"is taken.*{setting}"):
            check_ports(_settings(tmp_path, *ports))


def test_a_missing_server_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="EASEMENT_NATS_SERVER"):
        find_server(str(tmp_path / "none"))


def test_callout_jwts_are_verified_by_their_issuer() -> None:
    server = nkeys.from_seed(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_SERVER))
    claims = {"iss": server.public_key.decode(), "nats": {"user_nkey": "U"}}
    token = nats_jwt.sign(claims, server)
    assert nats_jwt.verify(token.encode(), kind="N")["nats"] == {"user_nkey": "U"}
    head, body, signature = token.split(".")
    other = nkeys.from_seed(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_SERVER))
    forged = nats_jwt.sign(claims, other)
    for wrong in (
        b"",
        b"a.b",
        f"{head}.{body}.{signature[:-4]}AAAA".encode(),
        forged.encode(),
        b"\xff",
        b"x" * 300_000,
    ):
        with pytest.raises(nats_jwt.NatsJwtError):
            nats_jwt.verify(wrong, kind="N")
    with pytest.raises(nats_jwt.NatsJwtError, match="another kind"):
        nats_jwt.verify(token.encode(), kind="A")


def test_the_signature_of_a_webhook_matches_the_published_vector() -> None:
    """Vector of the Standard Webhooks specification (github.com/standard-webhooks, libraries)."""
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', secret)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    with pytest.raises(ValueError, match="base64"):
        signed_headers("m", 1, b"", Secret("whsec_***"))
    plain = signed_headers("m", 1, b"", Secret(base64.b64encode(b"k").decode()))
    assert plain["webhook-id"] == "m"
