"""Errors of the identity services as problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from easement.api.problem import problem_response
from easement.contract.codes import CATALOGUE
from easement.identity.certificate_authority import CertificateAuthorityError
from easement.identity.credentials import CredentialError
from easement.identity.people import PeopleError

RoleGuard = Callable[..., Callable[..., Any]]
"""``guard(Role.ADMIN, ...)`` is a FastAPI dependency that gives the Person, or refuses who has none of the roles."""

_NOT_FOUND: Final = frozenset({"EAS-7101", "EAS-7106", "EAS-7204"})
_CONFLICT: Final = frozenset({"EAS-7102", "EAS-7104", "EAS-7202", "EAS-7205"})
_NO_STORE: Final = {"Cache-Control": "no-store"}


def answer(act: Callable[[], dict[str, Any] | None], *, status: int = 200) -> Response:
    """Do ``act`` and send what it returns, or the problem that stopped it. Never cached: it may hold a credential."""
    try:
        body = act()
    except (CredentialError, PeopleError, CertificateAuthorityError) as error:
        return problem(error.code, str(error))
    if body is None:
        return Response(status_code=204, headers=_NO_STORE)
    return JSONResponse(body, status_code=status, headers=_NO_STORE)


def problem(code: str, detail: str) -> Response:
    """A problem document; ``about`` is the title that the catalogue gives to ``code``."""
    status = 404 if code in _NOT_FOUND else 409 if code in _CONFLICT else 422
    return problem_response(status, code, detail, headers=_NO_STORE, about=CATALOGUE[code].title)
