"""The roles: which function each process runs, with its configuration made from the settings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
import uvloop

from easement.runtime.layout import PRIVATE_UMASK, DataDirectory
from easement.runtime.logs import configure_logs
from easement.runtime.secret_stores import secret_stores
from easement.runtime.settings import Settings
from easement.runtime.supervisor import stop_on_signals
from easement.store.node_state import NodeStateClient

RoleRunner = Callable[[Settings, asyncio.Event], Awaitable[None]]
_log = structlog.get_logger()


def issuer_of(settings: Settings) -> str:
    """The OAuth issuer, which is also where the control plane is reached from outside."""
    return f"https://{settings.public_host}:{settings.control_port}"


def run_role(role: str, settings: Settings) -> None:
    """Run one role until SIGTERM. Raises what the role raises when it cannot go on."""
    os.umask(PRIVATE_UMASK)
    configure_logs(role)

    async def serve() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        await ROLE_RUNNERS[role](settings, stop)
        _log.info("role.stopped")

    data = DataDirectory(settings.data.resolve())
    data.create()
    uvloop.run(serve())


def _states(settings: Settings, role: str) -> NodeStateClient:
    data = DataDirectory(settings.data.resolve())
    folder = data.root / role
    folder.mkdir(mode=0o700, exist_ok=True)
    return NodeStateClient(
        control_url=f"http://127.0.0.1:{settings.console_port}",
        token_file=data.node_token,
        cache=folder / "state.json",
    )


async def _control(settings: Settings, stop: asyncio.Event) -> None:
    from easement.runtime.control import run_control

    await run_control(settings, stop)


async def _ledger(settings: Settings, stop: asyncio.Event) -> None:
    from easement.ledger.service import LedgerConfig, run_ledger

    data = DataDirectory(settings.data.resolve())
    await run_ledger(
        LedgerConfig(
            spool_folder=data.spool,
            folder=data.ledger,
            key_folder=data.keys,
            heartbeat_folder=data.run,
            segment_rows=settings.ledger_segment_rows,
            segment_minutes=settings.ledger_segment_minutes,
        ),
        stop,
    )


async def _broker(settings: Settings, stop: asyncio.Event) -> None:
    from easement.broker.service import run_broker

    await run_broker(_broker_config(settings, "broker"), stop)


async def _relay(settings: Settings, stop: asyncio.Event) -> None:
    from easement.broker.relay_service import RelayConfig, run_relay

    data = DataDirectory(settings.data.resolve())
    await run_relay(
        RelayConfig(
            address=_broker_config(settings, "relay").address(),
            spool=data.spool,
            run=data.run,
            secrets=secret_stores(settings, data),
            hash_key=data.keys / "field-hash.key",
            state=_states(settings, "relay"),
        ),
        stop,
    )


def _broker_config(settings: Settings, role: str):  # type: ignore[no-untyped-def] # imported where it is needed
    from easement.broker.service import BrokerConfig

    data = DataDirectory(settings.data.resolve())
    return BrokerConfig(
        host=settings.host,
        port=settings.broker_port,
        monitor_port=settings.broker_monitor_port,
        public_host=settings.public_host,
        nats_server=settings.nats_server,
        folder=data.broker,
        keys=data.keys / "broker",
        certificates=data.certificates,
        spool=data.spool,
        run=data.run,
        state=_states(settings, role),
        issuer=issuer_of(settings),
        sync_interval=settings.broker_flush,
    )


async def _gateway(settings: Settings, stop: asyncio.Event) -> None:
    from easement.gateway.agent import GatewayConfig, run_gateway
    from easement.gateway.place import GatewayPlace

    data = DataDirectory(settings.data.resolve())
    await run_gateway(
        GatewayConfig(
            place=GatewayPlace(
                folder=data.gateway,
                certificates=data.certificates,
                host=settings.host,
                port=settings.gateway_port,
                control_port=settings.control_port,
                console_port=settings.console_port,
                decider_port=settings.decider_port,
                admin_port=settings.gateway_admin_port,
                issuer=issuer_of(settings),
                node_token=data.node_token,
                hash_key=data.keys / "field-hash.key",
                gateways=settings.gateways,
            ),
            states=_states(settings, "gateway"),
            spool=data.spool,
            heartbeats=data.run,
            secrets=secret_stores(settings, data),
            envoy=settings.envoy,
            threads=settings.gateway_threads,
        ),
        stop,
    )


async def _decider(settings: Settings, stop: asyncio.Event) -> None:
    from easement.gateway.decider import DeciderConfig, run_decider

    data = DataDirectory(settings.data.resolve())
    await run_decider(
        DeciderConfig(
            port=settings.decider_port,
            states=_states(settings, "decider"),
            heartbeats=data.run,
            waf_rules=settings.waf_rules,
        ),
        stop,
    )


async def _monitor(settings: Settings, stop: asyncio.Event) -> None:
    from easement.monitoring.service import MonitorConfig, run_monitor
    from easement.runtime.scheduler import run_scheduler

    data = DataDirectory(settings.data.resolve())
    config = MonitorConfig(ledger_folder=data.ledger, folder=data.monitor, heartbeat_folder=data.run)
    async with asyncio.TaskGroup() as together:
        together.create_task(run_monitor(config, stop))
        together.create_task(run_scheduler(settings, stop))


ROLE_RUNNERS: Final[Mapping[str, RoleRunner]] = {
    "control": _control,
    "ledger": _ledger,
    "broker": _broker,
    "decider": _decider,
    "gateway": _gateway,
    "relay": _relay,
    "monitor": _monitor,
}
