"""A relay in a process of its own, so that a test can kill it: ``relay_worker.py CONFIGURATION``."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from easement.broker.connection import BrokerAddress
from easement.broker.relay_service import RelayConfig, run_relay
from easement.keys.local_secrets import local_secrets
from easement.store.node_state import NodeStateClient


async def main(settings: dict[str, str]) -> None:
    root = Path(settings["root"])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    address = BrokerAddress(
        host="127.0.0.1",
        port=int(settings["port"]),
        server_name="localhost",
        authority=root / "certificates" / "ca.pem",
        keys=root / "keys" / "broker",
    )
    config = RelayConfig(
        address=address,
        spool=root / "spool",
        run=root / "run",
        secrets=local_secrets(root),
        hash_key=root / "keys" / "field-hash.key",
        state=NodeStateClient(
            control_url=settings["control"],
            token_file=root / "keys" / "node.token",
            cache=root / "broker" / "killed-relay.state",
        ),
    )
    await run_relay(config, stop)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
