"""The enforced plan: its summary for people, its bytes, and the state that the nodes follow."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from easement.api.paging import is_known
from easement.api.problem import ApiError
from easement.api.services import ControlServices
from easement.api.views import ObjectStatusView, PlanView
from easement.governance.compilation import compile_current, current_plan
from easement.governance.control_validation import end_run, next_run, take_report
from easement.governance.errors import UnknownError
from easement.identity.people import Person, Role
from easement.keys.secrets import Secret
from easement.plan.codec import decode_plan
from easement.store.api_key_hashes import encode_api_keys
from easement.store.database import reading
from easement.store.node_state import NodeState, encode_node_state
from easement.store.plans import StoredPlan, get_plan
from easement.store.probe_messages import (
    NOTHING_TO_PROBE,
    ProbeRequested,
    decode_probe_message,
    encode_probe_request,
)
from easement.store.revocations import encode_revocations
from easement.store.used_quotas import encode_used_quotas

_LOOK_EVERY_S: Final = 1.0
"""How long a waiting node may miss a change that another control process or a key rotation made."""
MAX_WAIT_S: Final = 60


def plan_router(services: ControlServices) -> APIRouter:
    """``GET /plan`` and ``GET /plan/{hash}``."""
    router = APIRouter(tags=["plan"])
    reader = Annotated[Person, Depends(services.access.guard(*Role))]
    inspector = Annotated[
        Person,
        Depends(services.access.guard(Role.DEVELOPER, Role.SECURITY, Role.OPERATOR, Role.AUDITOR, Role.ADMIN)),
    ]

    @router.get("/plan", response_model=PlanView)
    def get_summary(request: Request, response: Response, _person: reader) -> Any:
        """The plan that is enforced now, and what became of each integration in it."""
        stored = _current(services)
        etag = f'"{stored.hash}"'
        if is_known(request, etag):
            return Response(status_code=304, headers={"ETag": etag})
        response.headers["ETag"] = etag
        plan = decode_plan(stored.content)
        return PlanView(
            hash=stored.hash,
            created=stored.created,
            environment=plan.environment,
            routes=len(plan.routes),
            channels=len(plan.channels),
            deliveries=len(plan.deliveries),
            accounts=len(plan.accounts),
            statuses=[ObjectStatusView.model_validate(status) for status in plan.statuses],
        )

    @router.get("/plan/{plan_hash}", response_class=Response)
    def get_content(plan_hash: str, _person: inspector) -> Response:
        """A plan that is or was enforced, as canonical JSON: audit records name it by this hash."""
        with reading(services.registry.engine) as connection:
            stored = get_plan(connection, plan_hash)
        if stored is None:
            raise UnknownError("no plan of this hash was ever enforced")
        return Response(stored.content, media_type="application/json", headers={"ETag": f'"{stored.hash}"'})

    return router


def node_router(services: ControlServices) -> APIRouter:
    """``GET /internal/v1/state`` (plan and token keys), ``/revocations`` ... : for nodes, by long poll."""
    router = APIRouter(prefix="/internal/v1", include_in_schema=False)

    @router.get("/probe-run")
    async def probe_run(request: Request, wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S)] = 0) -> Response:
        return await changed(request, wait, lambda: _tagged(_probe_run(services)))

    @router.post("/probe-reports")
    async def probe_report(request: Request) -> Response:
        _only_nodes(request, services.node_token)
        return await run_in_threadpool(_take_probe_report, services, await request.body())

    async def changed(request: Request, wait: float, current: Callable[[], tuple[bytes, str]]) -> Response:
        _only_nodes(request, services.node_token)
        deadline = time.monotonic() + wait
        while True:
            content, etag = await run_in_threadpool(current)
            if not is_known(request, etag):
                return Response(content, media_type="application/json", headers={"ETag": etag})
            left = deadline - time.monotonic()
            if left <= 0 or await _is_gone(request):
                return Response(status_code=304, headers={"ETag": etag})
            await services.registry.feed.wait(min(left, _LOOK_EVERY_S))

    @router.get("/state")
    async def state(request: Request, wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S)] = 0) -> Response:
        return await changed(request, wait, lambda: _node_state(services))

    @router.get("/revocations")
    async def revocations(request: Request, wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S)] = 0) -> Response:
        return await changed(request, wait, lambda: _tagged(encode_revocations(services.revocations())))

    @router.get("/used-quotas")
    async def used_quotas(request: Request, wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S)] = 0) -> Response:
        return await changed(request, wait, lambda: _tagged(encode_used_quotas(services.used_quotas())))

    @router.get("/api-keys")
    async def api_keys(request: Request, wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S)] = 0) -> Response:
        return await changed(request, wait, lambda: _tagged(encode_api_keys(services.api_keys())))

    return router


def _probe_run(services: ControlServices) -> bytes:
    run = next_run(services.registry)
    return encode_probe_request(ProbeRequested(run=run.id, integrations=run.integrations) if run else NOTHING_TO_PROBE)


def _take_probe_report(services: ControlServices, body: bytes) -> Response:
    """One report, or, with ``finished``, that there are no more. 404: nobody waits for it any more."""
    try:
        sent = decode_probe_message(body)
    except ValueError as error:
        raise ApiError(400, "invalid", str(error)) from error
    if sent.report is not None:
        taken = take_report(services.registry, sent.report)
    else:
        taken = end_run(services.registry, sent.run, plan=sent.plan, problem=sent.problem)
        services.registry.feed.publish()
    return Response(status_code=204 if taken else 404)


async def _is_gone(request: Request) -> bool:
    try:
        return await request.is_disconnected()
    except asyncio.CancelledError:
        raise
    except RuntimeError:
        return True


def _only_nodes(request: Request, expected: Secret) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or Secret(token.strip()) != expected:
        raise ApiError(
            401, "not-a-node", "only node agents may ask, with the node token", {"WWW-Authenticate": "Bearer"}
        )


def _current(services: ControlServices) -> StoredPlan:
    stored = current_plan(services.registry)
    if stored is None:
        compile_current(services.registry)
        stored = current_plan(services.registry)
    if stored is None:
        raise ApiError(503, "no-plan", "no plan is compiled yet", {"Retry-After": "1"})
    return stored


def _node_state(services: ControlServices) -> tuple[bytes, str]:
    stored = _current(services)
    jwks = services.jwks()
    keys = hashlib.sha256(json.dumps(jwks, sort_keys=True).encode()).hexdigest()
    content = encode_node_state(NodeState(plan=stored.content, plan_hash=stored.hash, jwks=jwks))
    return content, f'"{stored.hash[:32]}.{keys[:32]}"'


def _tagged(content: bytes) -> tuple[bytes, str]:
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
