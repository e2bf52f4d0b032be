"""The decider: full JSON Schema checks for operations of cost class decision, asked by Envoy over loopback HTTP.

Envoy names the schema in the path, by content: ``POST /schema/SHA256/...`` with the body to check. A schema that is not
known yet, a body that is not JSON, anything unexpected: refused. Messages name places, never values.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import jsonschema_rs
import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from easement.contract.codes import CATALOGUE
from easement.gateway.refusals import CODE_HEADER, VERDICT_HEADER
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``status`` 200 and nothing else lets pass. ``reason`` is for the record: a word and a place, never a value."""

    status: int
    code: str = ""
    document: bytes = b""
    reason: str = ""


PASSED: Final = Verdict(status=200)


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
        """Whether the body fits the schema that the path names."""
        key = path.removeprefix(_PREFIX)[:_KEY_LENGTH]
        validator = self._current.get(key) or self._former.get(key)
        if not path.startswith(_PREFIX) or validator is None:
            return _refusal(
                503, "EAS-5505", transaction, [_Misfit("", "unknown-schema", "the schema is not known yet")]
            )
        try:
            value = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return _refusal(400, "EAS-5400", transaction, [_Misfit("", "malformed-json", "is not JSON")])
        misfits = [
            _Misfit(_pointer(error.instance_path), f"schema:{error.kind.name}", f"does not fit {error.kind.name}")
            for error in islice(validator.iter_errors(value), _MAX_ERRORS)
        ]
        return _refusal(400, "EAS-5400", transaction, misfits) if misfits else PASSED

    def _compile(self, route: str, schema: Any) -> jsonschema_rs.Validator | None:
        try:
            return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            _log.error("decider.schema_refused", route=route, reason=str(error)[:_MAX_TEXT])
            return None


class _Misfit(NamedTuple):
    path: str
    reason: str
    message: str


def _pointer(parts: Iterable[str | int]) -> str:
    """RFC 6901; the whole body is the empty pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _refusal(status: int, code: str, transaction: str, misfits: Sequence[_Misfit]) -> Verdict:
    first = misfits[0]
    document = {
        "type": f"urn:easement:problem:{code}",
        "title": CATALOGUE[code].title,
        "status": status,
        "code": code,
        "detail": f"{first.path} {first.message}".strip()[:_MAX_TEXT],
        "instance": f"urn:uuid:{transaction}",
        "errors": [{"path": one.path[:_MAX_TEXT], "message": one.message[:_MAX_TEXT]} for one in misfits],
    }
    printable = json.dumps(f"{first.reason} {first.path}".strip()[:_MAX_TEXT])[1:-1]
    return Verdict(status=status, code=code, document=json.dumps(document).encode(), reason=printable)


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
            verdict = self.schemas.decide(scope.path, body, transaction)
        except Exception:  # noqa: BLE001 - fail closed, whatever it is
            _log.exception("decider.failed")
            protocol.response_empty(503, [])
            return
        if verdict.status == 200:
            protocol.response_empty(200, [])
            return
        headers = [
            ("content-type", "application/problem+json"),
            (CODE_HEADER, verdict.code),
            (VERDICT_HEADER, verdict.reason),
        ]
        protocol.response_bytes(verdict.status, headers, verdict.document)


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
