"""The decider: full JSON Schema checks for operations of cost class decision, asked by Envoy over loopback HTTP.

Envoy names the schema in the path, by content: ``POST /schema/SHA256/...`` with the body to check. A schema that is not
known yet, a body that is not JSON, anything unexpected: refused. Messages name places, never values.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

import jsonschema_rs
import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from easement.gateway.schema_key import schema_key
from easement.plan.codec import decode_plan
from easement.plan.model import CostClass, Plan
from easement.store.heartbeat import Heartbeat
from easement.store.node_state import NodeState, NodeStateClient

_log = structlog.get_logger()
_PREFIX: Final = "/schema/"
_KEY_LENGTH: Final = 64
_MAX_ERRORS: Final = 10
_MAX_TEXT: Final = 200
_BEAT_S: Final = 1.0
Verdict = tuple[int, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeciderConfig:
    """Where the decider listens (loopback) and whom it asks."""

    port: int
    states: NodeStateClient
    heartbeats: Path


class Schemas:
    """The compiled schemas of the current plan and of the one before it, whose requests may be under way."""

    def __init__(self) -> None:
        self._current: Mapping[str, jsonschema_rs.Validator] = MappingProxyType({})
        self._former: Mapping[str, jsonschema_rs.Validator] = MappingProxyType({})

    def __len__(self) -> int:
        return len(self._current)

    def take(self, plan: Plan) -> None:
        """Compile what is new. A schema that does not compile stays unknown: its operations refuse."""
        compiled: dict[str, jsonschema_rs.Validator] = {}
        for route in plan.routes:
            if route.cost is not CostClass.DECISION:
                continue
            key = schema_key(route.body_schema)
            known = compiled.get(key) or self._current.get(key) or self._compile(route.id, route.body_schema)
            if known is not None:
                compiled[key] = known
        self._former, self._current = self._current, MappingProxyType(compiled)

    def decide(self, path: str, body: bytes, transaction: str) -> Verdict:
        """The status and the problem document; 200 and nothing lets pass."""
        key = path.removeprefix(_PREFIX)[:_KEY_LENGTH]
        validator = self._current.get(key) or self._former.get(key)
        if not path.startswith(_PREFIX) or validator is None:
            return _problem(
                503, "EAS-5505", "The decider did not answer", transaction, [("", "the schema is not known yet")]
            )
        try:
            value = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return _problem(400, "EAS-5400", _UNFIT, transaction, [("", "is not JSON")])
        errors = [
            ("/" + "/".join(str(part) for part in error.instance_path), f"does not fit {error.kind.name}")
            for _, error in zip(range(_MAX_ERRORS), validator.iter_errors(value), strict=False)
        ]
        return _problem(400, "EAS-5400", _UNFIT, transaction, errors) if errors else (200, b"")

    def _compile(self, route: str, schema: Any) -> jsonschema_rs.Validator | None:
        try:
            return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            _log.error("decider.schema_refused", route=route, reason=str(error)[:_MAX_TEXT])
            return None


_UNFIT: Final = "The request does not fit its contract"


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _problem(status: int, code: str, title: str, transaction: str, errors: list[tuple[str, str]]) -> Verdict:
    document = {
        "type": f"urn:easement:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": f"{errors[0][0]} {errors[0][1]}".strip()[:_MAX_TEXT],
        "instance": f"urn:uuid:{transaction}",
        "errors": [{"path": path[:_MAX_TEXT], "message": message[:_MAX_TEXT]} for path, message in errors],
    }
    return status, json.dumps(document).encode()


class _Scope(Protocol):
    path: str
    headers: Any


@dataclass(slots=True)
class _Application:
    """The RSGI application (Granian): any failure refuses."""

    schemas: Schemas = field(default_factory=Schemas)

    async def __rsgi__(self, scope: _Scope, protocol: Any) -> None:
        try:
            body = await protocol()
            transaction = scope.headers.get("x-request-id") or ""
            status, document = self.schemas.decide(scope.path, body, transaction)
        except Exception:  # noqa: BLE001 - fail closed, whatever it is
            _log.exception("decider.failed")
            protocol.response_empty(503, [])
            return
        if status == 200:
            protocol.response_empty(200, [])
            return
        code = json.loads(document)["code"]
        headers = [("content-type", "application/problem+json"), ("x-easement-code", code)]
        protocol.response_bytes(status, headers, document)


async def run_decider(config: DeciderConfig, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set. Raises ``RuntimeError`` when the port cannot be had."""
    application = _Application()
    server = Server(
        application,
        address="127.0.0.1",
        port=config.port,
        interface=Interfaces.RSGI,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    following = asyncio.create_task(_follow(application.schemas, config.states, stop))
    beating = asyncio.create_task(_beat(config.heartbeats, application.schemas))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([serving, following, beating, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            for task in (serving, following, beating):
                if task.done():
                    task.result()
            raise RuntimeError(f"the decider ended; is port {config.port} taken? Set EASEMENT_DECIDER_PORT")
    finally:
        server.stop()  # type: ignore[no-untyped-call]
        for task in (following, beating, stopping):
            task.cancel()
        await asyncio.gather(following, beating, stopping, return_exceptions=True)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(serving, 5)
        Heartbeat(config.heartbeats, "decider").beat(ready=False, reason="stopped")


async def _follow(schemas: Schemas, states: NodeStateClient, stop: asyncio.Event) -> None:
    async for state in states.follow(stop):
        await asyncio.to_thread(_take, schemas, state)
        _log.info("decider.plan_taken", plan=state.plan_hash, schemas=len(schemas))
    await stop.wait()


def _take(schemas: Schemas, state: NodeState) -> None:
    try:
        schemas.take(decode_plan(state.plan))
    except ValueError as error:
        _log.error("decider.plan_refused", plan=state.plan_hash, reason=str(error)[:_MAX_TEXT])


async def _beat(folder: Path, schemas: Schemas) -> None:
    heartbeat = Heartbeat(folder, "decider")
    while True:
        heartbeat.beat(ready=True, schemas=len(schemas))
        await asyncio.sleep(_BEAT_S)
