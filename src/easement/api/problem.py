"""Errors of the API as problem documents (RFC 9457). ``code`` is stable; ``type`` is ``urn:easement:problem:CODE``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from easement.contract.problems import Problem
from easement.governance.errors import GovernanceError, InvalidBundleError
from easement.ledger.errors import LedgerError, SpoolError
from easement.store.idempotency import KeyReusedError
from easement.store.integrations import MovedError

_log = structlog.get_logger()
MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final[Mapping[str, int]] = {
    "not-found": 404,
    "base-moved": 409,
    "policy": 409,
    "stale": 412,
    "busy": 503,
    "not-allowed": 403,
    "invalid": 422,
}


class ApiError(Exception):
    """An answer that is a problem document."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(detail)


def problem_response(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """A problem document; ``members`` are further ones."""
    body = {
        "type": f"urn:easement:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document, the unexpected ones too."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(GovernanceError, _governance_error)
    app.add_exception_handler(KeyReusedError, _key_reused)
    app.add_exception_handler(MovedError, _moved)
    app.add_exception_handler(SpoolError, _not_recorded)
    app.add_exception_handler(LedgerError, _ledger_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def place_of(problem: Problem) -> dict[str, Any]:
    """A problem of a document, as the API shows it."""
    return {
        "code": problem.code,
        "message": problem.message,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "path": problem.place.path,
        "hint": problem.hint,
        "severity": problem.severity.value,
    }


def _api_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return problem_response(error.status, error.code, error.detail, headers=error.headers)


def _governance_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, GovernanceError):
        raise error
    members: dict[str, Any] = {"reasons": list(error.reasons)}
    if isinstance(error, InvalidBundleError):
        members["problems"] = [place_of(problem) for problem in error.problems]
    headers = {"Retry-After": "1"} if error.code == "busy" else None
    return problem_response(_STATUS.get(error.code, 409), error.code, error.message, headers=headers, **members)


def _key_reused(_request: Request, error: Exception) -> Response:
    return problem_response(422, "idempotency-key-reused", str(error))


def _moved(_request: Request, error: Exception) -> Response:
    return problem_response(412, "stale", str(error))


def _not_recorded(_request: Request, error: Exception) -> Response:
    _log.error("api.act_not_recorded", error=str(error))
    return problem_response(503, "not-recorded", "the act could not be recorded, so it was not done")


def _ledger_error(_request: Request, error: Exception) -> Response:
    _log.error("api.ledger_unreadable", error=str(error))
    return problem_response(503, "ledger-unreadable", "the ledger cannot be read now; easement audit verify says more")


def _validation_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [{"at": _pointer(found["loc"]), "message": found["msg"]} for found in error.errors()[:100]]
    detail = "; ".join(f"{found['at']}: {found['message']}" for found in errors[:3])
    return problem_response(422, "malformed", detail or "the request is malformed", errors=errors)


def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    known = {
        404: ("not-found", "there is nothing at this address"),
        405: ("method-not-allowed", "not with this method"),
    }
    code, detail = known.get(error.status_code, ("refused", HTTPStatus(error.status_code).phrase))
    return problem_response(error.status_code, code, detail, headers=error.headers)


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("api.unexpected_error", path=request.url.path, error=type(error).__name__, exc_info=error)
    return problem_response(500, "internal", "this is a fault of the control plane; its log says more")


def _pointer(location: Sequence[int | str]) -> str:
    return "/" + "/".join(str(part) for part in location)
