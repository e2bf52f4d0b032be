"""What a probe leaves behind when it breaks off: a word to who asked, and a gateway that goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from easement.gateway.activation import Activation
from easement.gateway.files import LiveFiles
from easement.gateway.probe_work import ProbeWork
from easement.gateway.render_limits import LIMITS
from easement.gateway.rendering import CLUSTERS, LISTENERS, ROUTES, SECRETS
from easement.gateway.watched_files import discovery
from easement.store.node_state import NodeStateClient
from easement.store.probe_messages import (
    ProbeMessage,
    ProbeRequested,
    decode_probe_message,
    decode_probe_request,
    encode_probe_message,
    encode_probe_request,
)


class Asking:
    """The control plane's side: one run is asked for, and what is said about it is kept."""

    def __init__(self) -> None:
        self.said: list[ProbeMessage] = []

    async def follow_probes(self, stop: asyncio.Event) -> AsyncIterator[ProbeRequested]:
        yield ProbeRequested(run="")
        yield ProbeRequested(run="R1")
        stop.set()

    async def send_probe(self, message: ProbeMessage) -> bool:
        self.said.append(message)
        return True


class Broken:
    """An agent in which something is wrong that nobody thought of."""

    @property
    def in_force(self) -> Any:
        raise KeyError("nobody thought of this")


def followed(activation: object) -> list[ProbeMessage]:
    asking = Asking()
    work = ProbeWork(
        states=cast("NodeStateClient", asking), activation=cast("Activation", activation), record=lambda _record: None
    )
    asyncio.run(work.follow(asyncio.Event()))
    return asking.said


def test_a_fault_in_a_probe_ends_the_run_and_nothing_else() -> None:
    assert followed(Broken()) == [ProbeMessage(run="R1", problem="the run broke off: KeyError")]


def test_without_a_plan_a_run_says_nothing() -> None:
    class Empty:
        in_force = None

    assert followed(Empty()) == [ProbeMessage(run="R1", problem="no plan is in force at the gateway")]


def test_what_a_killed_agent_had_added_is_gone_when_the_next_one_starts(tmp_path: Path) -> None:
    files = {
        SECRETS: discovery([]), ROUTES: discovery([]), LIMITS: discovery([]),
        LISTENERS: discovery([{"name": name} for name in ("data", "control", "probe", "probe-limited")]),
        CLUSTERS: discovery([{"name": name} for name in ("upstream/orders", "upstream/probe@easement")]),
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert LiveFiles(tmp_path).complete
    left = {name: [one["name"] for one in json.loads((tmp_path / name).read_bytes())["resources"]] for name in files}
    assert left == {SECRETS: [], ROUTES: [], LIMITS: [], LISTENERS: ["data", "control"], CLUSTERS: ["upstream/orders"]}
    assert (tmp_path / ROUTES).read_bytes() == files[ROUTES]


def test_messages_survive_the_way() -> None:
    counts = {"held": 1, "failed": 0, "not tried": 0, "not applicable": 2}
    report = {"run": "R", "integration": "a", "revision": "", "plan": "p", "counts": counts, "items": []}
    message = ProbeMessage(run="R", plan="p", report=report)
    assert decode_probe_message(encode_probe_message(message)) == message
    asked = ProbeRequested(run="R", integrations=("a", "b"))
    assert decode_probe_request(encode_probe_request(asked)) == asked


@pytest.mark.parametrize(
    "damaged",
    [
        {"run": 1, "plan": "", "problem": "", "report": None},
        {"run": "R", "plan": "", "problem": ""} | {"report": []},
        {"run": "R", "plan": "", "problem": "", "report": {"run": "another"}},
        {"run": "R", "plan": "", "problem": "", "report": {
            "run": "R", "integration": "", "revision": "", "plan": "", "items": [], "counts": {"held": "1"}}},
    ],
)  # fmt: skip
def test_a_damaged_message_is_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"not|counts"):
        decode_probe_message(json.dumps(damaged).encode())
