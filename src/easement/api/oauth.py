"""The OAuth 2.0 endpoints over HTTP: reading requests strictly and sending answers; the rules are in ``identity``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from easement.api.client_certificate import CLIENT_CERTIFICATE_HEADER, GATEWAY_HEADER, presented_certificate
from easement.api.form_body import FormError, caller_address, read_form_body
from easement.identity.authorization_server import (
    INTROSPECTION_PATH,
    JWKS_PATH,
    METADATA_PATH,
    REVOCATION_PATH,
    TOKEN_PATH,
    AuthorizationServer,
)
from easement.identity.client_authentication import read_form
from easement.identity.oauth_messages import OAuthAnswer, OAuthError, OAuthRequest
from easement.keys.secrets import Secret

_Endpoint = Callable[[OAuthRequest, datetime], OAuthAnswer]
_PUBLIC = {"Cache-Control": "public, max-age=60"}


class _KeySet(JSONResponse):
    media_type = "application/jwk-set+json"


def oauth_router(server: AuthorizationServer, node_token: Secret | None = None) -> APIRouter:
    """Token, introspection, revocation, key set and metadata. Nothing here knows people or sessions.

    Without ``node_token`` no certificate authenticates: nothing could show that our gateway has verified it.
    """
    router = APIRouter(tags=["oauth"], include_in_schema=True)

    async def token(request: Request) -> Response:
        """Issue an access token for client credentials (RFC 6749 §4.4)."""
        return await _answer(request, server.token, node_token)

    async def introspect(request: Request) -> Response:
        """Say whether a token is active (RFC 7662)."""
        return await _answer(request, server.introspect, node_token)

    async def revoke(request: Request) -> Response:
        """End an access token (RFC 7009)."""
        return await _answer(request, server.revoke, node_token)

    def jwks() -> Response:
        """The keys that verify our tokens (RFC 7517)."""
        return _KeySet(server.jwks(), headers=_PUBLIC)

    def metadata() -> Response:
        """What this server can do (RFC 8414)."""
        return JSONResponse(server.metadata(), headers=_PUBLIC)

    router.add_api_route(TOKEN_PATH, token, methods=["POST"])
    router.add_api_route(INTROSPECTION_PATH, introspect, methods=["POST"])
    router.add_api_route(REVOCATION_PATH, revoke, methods=["POST"])
    router.add_api_route(JWKS_PATH, jwks, methods=["GET"], response_class=_KeySet)
    router.add_api_route(METADATA_PATH, metadata, methods=["GET"])
    return router


async def _answer(request: Request, endpoint: _Endpoint, node_token: Secret | None) -> Response:
    try:
        parsed = OAuthRequest(
            form=read_form(list(await read_form_body(request))),
            authorization=_one_authorization(request),
            remote=caller_address(request),
            certificate=presented_certificate(
                request.headers.getlist(CLIENT_CERTIFICATE_HEADER), is_vouched=_came_by_gateway(request, node_token)
            ),
        )
    except FormError as error:
        return _send(OAuthError("invalid_request", str(error), status=error.status).answer())
    except OAuthError as error:
        return _send(error.answer())
    return _send(await run_in_threadpool(endpoint, parsed, datetime.now(UTC)))


def _came_by_gateway(request: Request, node_token: Secret | None) -> bool:
    shown = request.headers.getlist(GATEWAY_HEADER)
    return node_token is not None and len(shown) == 1 and Secret(shown[0]) == node_token


def _one_authorization(request: Request) -> str:
    values = request.headers.getlist("authorization")
    if len(values) > 1:
        raise OAuthError("invalid_request", "the Authorization header is repeated")
    return values[0] if values else ""


def _send(answer: OAuthAnswer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.headers)
    return JSONResponse(dict(answer.body), status_code=answer.status, headers=answer.headers)
