"""The decider: full checks of bodies and parameters for operations of cost class decision, asked by Envoy on loopback.

Envoy names the check in the path, by content: ``/schema/SHA256/...``, with the body to check, and with target, declared
headers and cookies in headers of our own. A check that is not known yet, a body that is not JSON, anything unexpected:
refused. Messages name places, never values.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

import jsonschema_rs
import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from easement.contract.codes import CATALOGUE
from easement.gateway.decided_headers import PASSED_PREFIX, SEEN_PREFIX, TARGET_HEADER
from easement.gateway.full_schema import SchemaError, compile_schema
from easement.gateway.inspection_key import GRANT_HEADER, INSPECT_PREFIX
from easement.gateway.parameter_check import Misfit, ParameterCheck, Seen, misfits_of
from easement.gateway.refusals import CODE_HEADER, VERDICT_HEADER
from easement.gateway.schema_key import check_key
from easement.gateway.verdict import Verdict
from easement.gateway.waf_decision import Inspections, inspected_request
from easement.gateway.waf_finding import FINDING_HEADER
from easement.gateway.waf_rules import DEFAULT_RULES
from easement.plan.codec import decode_plan
from easement.plan.model import Plan, Route
from easement.store.heartbeat import Heartbeat
from easement.store.node_state import NodeState, NodeStateClient

_log = structlog.get_logger()
_PREFIX: Final = "/schema/"
_KEY_LENGTH: Final = 64
_MAX_TEXT: Final = 200
_BEAT_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeciderConfig:
    """Where the decider listens (loopback) and whom it asks."""

    port: int
    states: NodeStateClient
    heartbeats: Path
    waf_rules: Path = DEFAULT_RULES


@dataclass(frozen=True, slots=True)
class _RouteCheck:
    """What one route asks: of the body, unless it is None, and of the parameters, unless it is None."""

    body: jsonschema_rs.Validator | None
    body_required: bool
    parameters: ParameterCheck | None

    @classmethod
    def of(cls, route: Route) -> _RouteCheck:
        body = None if route.body_schema is None else compile_schema(route.body_schema)
        return cls(body, route.body_required, ParameterCheck(route) if route.decided else None)


class Schemas:
    """The compiled checks of the current plan and of the one before it, whose requests may be under way."""

    def __init__(self) -> None:
        self._current: Mapping[str, _RouteCheck] = MappingProxyType({})
        self._former: Mapping[str, _RouteCheck] = MappingProxyType({})

    def __len__(self) -> int:
        return len(self._current)

    def take(self, plan: Plan) -> None:
        """Compile what is new. A schema that does not compile stays unknown: its operations refuse."""
        compiled: dict[str, _RouteCheck] = {}
        for route in plan.routes:
            if not route.needs_decision:
                continue
            key = check_key(route)
            known = compiled.get(key) or self._current.get(key) or self._compile(route)
            if known is not None:
                compiled[key] = known
        self._former, self._current = self._current, MappingProxyType(compiled)

    def decide(self, path: str, body: bytes, transaction: str, seen: Seen | None = None) -> Verdict:
        """Whether body and parameters fit the check that the path names. ``seen`` is the request that is decided."""
        key = path.removeprefix(_PREFIX)[:_KEY_LENGTH]
        check = self._current.get(key) or self._former.get(key)
        if not path.startswith(_PREFIX) or check is None:
            return _refusal(503, "EAS-5505", transaction, [Misfit("", "unknown-schema", "the schema is not known yet")])
        misfits: Sequence[Misfit] = ()
        passed: Mapping[str, str] = {}
        if check.parameters is not None:
            if seen is None:
                return _refusal(503, "EAS-5505", transaction, [Misfit("", "no-target", "the request was not shown")])
            checked = check.parameters.check(seen)
            misfits, passed = checked.misfits, checked.passed
        if not misfits and check.body is not None and (body or check.body_required):
            misfits = _body_misfits(check.body, body)
        return _refusal(400, "EAS-5400", transaction, misfits) if misfits else Verdict(status=200, passed=passed)

    def _compile(self, route: Route) -> _RouteCheck | None:
        try:
            return _RouteCheck.of(route)
        except SchemaError as error:
            _log.error("decider.schema_refused", route=route.id, reason=str(error)[:_MAX_TEXT])
            return None


def _body_misfits(validator: jsonschema_rs.Validator, body: bytes) -> list[Misfit]:
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return [Misfit("", "malformed-json", "is not JSON")]
    return misfits_of(validator, value, "")


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _refusal(status: int, code: str, transaction: str, misfits: Sequence[Misfit]) -> Verdict:
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
    method: str
    path: str
    headers: Any


@dataclass(slots=True)
class DeciderApplication:
    """The RSGI application (Granian): any failure refuses."""

    schemas: Schemas = field(default_factory=Schemas)
    inspections: Inspections = field(default_factory=lambda: Inspections(DEFAULT_RULES))
    has_plan: bool = False
    """Whether it knows what to check: before that it refuses everything."""

    def take(self, plan: Plan) -> None:
        """Have what a plan asks for; blocking."""
        self.schemas.take(plan)
        self.inspections.take(plan)
        self.has_plan = True

    async def __rsgi__(self, scope: _Scope, protocol: Any) -> None:
        try:
            verdict = await self._verdict(scope, await protocol())
        except Exception:  # noqa: BLE001 - fail closed, whatever it is
            _log.exception("decider.failed")
            protocol.response_empty(503, [])
            return
        found = [(FINDING_HEADER, verdict.finding)] if verdict.finding else []
        if verdict.status == 200:
            passed = [(f"{PASSED_PREFIX}{name}", text) for name, text in verdict.passed.items()]
            protocol.response_empty(200, [*passed, *found])
            return
        headers = [
            ("content-type", "application/problem+json"),
            (CODE_HEADER, verdict.code),
            (VERDICT_HEADER, verdict.reason),
            *found,
        ]
        protocol.response_bytes(verdict.status, headers, verdict.document)

    async def _verdict(self, scope: _Scope, body: bytes) -> Verdict:
        headers = scope.headers
        transaction = headers.get("x-request-id") or ""
        if not scope.path.startswith(INSPECT_PREFIX):
            return self.schemas.decide(scope.path, body, transaction, _seen(headers))
        request = inspected_request(scope.method, headers.get(TARGET_HEADER) or "", headers.items(), body)
        return await self.inspections.decide(scope.path, headers.get(GRANT_HEADER) or "", request, transaction)


def _seen(headers: Any) -> Seen | None:
    target = headers.get(TARGET_HEADER)
    if target is None:
        return None
    return Seen(target=target, header=lambda name: headers.get(f"{SEEN_PREFIX}{name}"))


async def run_decider(config: DeciderConfig, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set. Raises ``RuntimeError`` when the port cannot be had."""
    application = DeciderApplication(inspections=Inspections(config.waf_rules))
    server = Server(
        application,
        address="127.0.0.1",
        port=config.port,
        interface=Interfaces.RSGI,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    following = asyncio.create_task(_follow(application, config.states, stop))
    beating = asyncio.create_task(_beat(config.heartbeats, application))
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
        application.inspections.close()
        Heartbeat(config.heartbeats, "decider").beat(ready=False, reason="stopped")


async def _follow(application: DeciderApplication, states: NodeStateClient, stop: asyncio.Event) -> None:
    async for state in states.follow(stop):
        await asyncio.to_thread(_take, application, state)
        _log.info("decider.plan_taken", plan=state.plan_hash, schemas=len(application.schemas))
    await stop.wait()


def _take(application: DeciderApplication, state: NodeState) -> None:
    try:
        application.take(decode_plan(state.plan))
    except ValueError as error:
        _log.error("decider.plan_refused", plan=state.plan_hash, reason=str(error)[:_MAX_TEXT])


async def _beat(folder: Path, application: DeciderApplication) -> None:
    heartbeat = Heartbeat(folder, "decider")
    while True:
        inspections = application.inspections
        waf = {"waf_rules": inspections.version} if inspections.version else {}
        reason = inspections.problem or ("" if application.has_plan else "waiting for a plan")
        waf |= {"reason": reason} if reason else {}
        heartbeat.beat(ready=not reason, schemas=len(application.schemas), **waf)
        await asyncio.sleep(_BEAT_S)
