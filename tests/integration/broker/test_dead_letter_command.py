"""``easement dead-letters`` as an operator runs it, against a running relay."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from easement.ledger.record import Step
from easement.testing.broker_stand import BrokerStand

pytestmark = pytest.mark.asyncio
INTEGRATION = "orders-to-warehouse"


async def _run(stand: BrokerStand, *arguments: str, port: int = 0) -> tuple[int, str, str]:
    environment = {**os.environ, "EASEMENT_DATA": str(stand.root), "EASEMENT_BROKER_PORT": str(port or stand.port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "easement", "dead-letters", *arguments, env=environment, cwd=stand.root,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_an_operator_lists_shows_and_replays(stand: BrokerStand, tmp_path: Path) -> None:
    orders = await stand.client("orders")
    await orders.publish("orders-events", 1, "orderPlaced", b'{"orderId": "O-1"}')
    await orders.close()
    await stand.until(lambda: sum(r.step is Step.DEAD_LETTERED for r in stand.records()) == 2)
    assert INTEGRATION in (await _run(stand, "list"))[1]
    code, out, _ = await _run(stand, "list", INTEGRATION)
    assert (code, "1 x event.schema" in out) == (0, True)
    (letter,) = json.loads((await _run(stand, "list", INTEGRATION, "-o", "json"))[1])
    number = str(letter["sequence"])
    assert "event.schema" in (await _run(stand, "show", INTEGRATION, number))[1]
    code, _, err = await _run(stand, "replay", INTEGRATION, number, "--reason", "ticket 1")
    assert (code, "corrected payload" in err) == (4, True)
    (tmp_path / "fixed.json").write_text('{"orderId": "O-1", "lines": []}')
    code, out, _ = await _run(
        stand, "replay", INTEGRATION, number, "--reason", "ticket 1", "--payload-file", str(tmp_path / "fixed.json")
    )
    assert (code, letter["transaction_id"] in out) == (0, True)
    assert json.loads((await _run(stand, "list", "-o", "json"))[1]) == {"orders-to-marketing": 1, INTEGRATION: 0}


async def test_a_broker_that_is_not_there_is_said_so(stand: BrokerStand, free_ports) -> None:
    code, _, err = await _run(stand, "list", port=free_ports(1)[0])
    assert code == 5
    assert "cannot be reached" in err
    assert "Traceback" not in err


async def test_a_relay_that_is_not_there_is_said_so(stand: BrokerStand) -> None:
    await stand.stop("relay")
    code, _, err = await _run(stand, "list")
    assert (code, "no relay answers" in err) == (5, True)
