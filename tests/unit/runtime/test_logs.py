"""Nothing secret reaches a log line."""

from __future__ import annotations

import json

import pytest
import structlog

from easement.runtime.logs import REDACTED, configure_logs, redact

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjcm0ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "event",
    [
        {"password": "hunter2"},
        {"client_secret": "hunter2"},
        {"Authorization": "Basic aHVudGVyMg=="},
        {"nested": {"api_key": "hunter2"}},
        {"listed": [{"private_key": "hunter2"}]},
        {"event": f"sent Bearer {TOKEN}"},
        {"error": f"bad token {TOKEN} refused"},
        {"url": "nats://relay:hunter2@127.0.0.1:4222"},
        {"pem": "-----BEGIN EC PRIVATE KEY-----"},
        {"event": "credential eas_abcdefghijklmnopqrstuvwx issued"},
    ],
)
def test_secret_in_any_place_is_redacted(event: dict[str, object]) -> None:
    text = json.dumps(redact(None, "info", dict(event)))
    assert "hunter2" not in text
    assert TOKEN not in text
    assert "aHVudGVyMg" not in text
    assert "EC PRIVATE" not in text
    assert "abcdefghijklmnop" not in text
    assert REDACTED in text


def test_counts_and_flags_about_secrets_stay_readable() -> None:
    assert redact(None, "info", {"token_lifetime": 300, "secret_rotated": True}) == {
        "token_lifetime": 300,
        "secret_rotated": True,
    }


def test_line_is_json_with_the_published_fields(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        configure_logs("tester", json_lines=True)
        structlog.get_logger().info("plan.applied", plan="abc", secret="hunter2")
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    line = json.loads(capsys.readouterr().err)
    assert {"time", "level", "event", "service", "plan"} <= set(line)
    assert line["service"] == "tester"
    assert line["secret"] == REDACTED
