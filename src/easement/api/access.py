"""Who may do what: people by API token or web session, with roles. A service account's token is nobody here.

* A web session changes something only with its own CSRF token (``X-CSRF-Token``).
* Failed attempts are counted by address and answered with 429 beyond the limit; a valid credential always passes,
  so that nobody can shut others out (all callers may share the gateway's address, and the tokens cannot be guessed).
* A person who lacks a role is refused and recorded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import structlog
from starlette.requests import Request

from easement.api.problem import ApiError
from easement.api.session_cookie import SessionCookie
from easement.governance.records import RecordSink
from easement.identity.failure_limit import FailureLimit
from easement.identity.people import Person
from easement.identity.sign_in import is_csrf_token
from easement.ledger.record import Record, RecordKind, Status, Step
from easement.store.ids import new_id

_log = structlog.get_logger()
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="easement"'}


class Authenticator(Protocol):
    """Finds the person behind a credential."""

    def authenticate_bearer(self, token: str) -> Person | None:
        """Whose API token this is."""

    def authenticate_session(self, cookie: str) -> Person | None:
        """Whose web session this is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControl:
    """Authenticates each request and checks roles. Routers take their dependencies from :meth:`guard`."""

    authenticator: Authenticator
    cookie: SessionCookie
    record: RecordSink
    failures: FailureLimit = field(default_factory=lambda: FailureLimit(failures=30))

    def guard(self, *roles: str) -> Callable[[Request], Person]:
        """A dependency that gives the person who asks, or refuses who has none of ``roles``."""
        wanted = frozenset(str(role) for role in roles)

        def person_with_role(request: Request) -> Person:
            person = self.person(request)
            if not wanted & person.roles:
                self._refuse(request, person, wanted)
            return person

        return person_with_role

    def person(self, request: Request) -> Person:
        """Who asks. Raises :class:`~easement.api.problem.ApiError` (401, 403 or 429)."""
        headers = request.headers.getlist("authorization")
        if headers:
            return self._bearer(request, headers)
        return self._session(request, request.headers.get("x-csrf-token", ""))

    def person_of_form(self, request: Request, csrf: str) -> Person:
        """Who sent a form of the console. ``csrf`` is the value that the form repeats. Raises as :meth:`person`."""
        return self._session(request, csrf)

    def _bearer(self, request: Request, headers: list[str]) -> Person:
        scheme, _, token = headers[0].partition(" ")
        if len(headers) > 1 or scheme.lower() != "bearer":
            raise ApiError(401, "not-signed-in", "send one header: Authorization: Bearer TOKEN", _CHALLENGE)
        person = self.authenticator.authenticate_bearer(token.strip())
        return person if person is not None else self._fail(request)

    def _session(self, request: Request, csrf: str) -> Person:
        value = self.cookie.read(request.cookies)
        if not value:
            raise ApiError(401, "not-signed-in", "sign in, or send an API token", _CHALLENGE)
        person = self.authenticator.authenticate_session(value)
        if person is None:
            return self._fail(request)
        if request.method not in _SAFE and not is_csrf_token(person, csrf):
            raise ApiError(403, "csrf", "a change from a web session needs the header X-CSRF-Token of that session")
        return person

    def _fail(self, request: Request) -> Person:
        address = request.client.host if request.client else ""
        now = time.monotonic()
        self.failures.failed(address, now)
        wait_s = self.failures.retry_after_s(address, now)
        if wait_s:
            retry = {"Retry-After": str(int(wait_s) + 1)}
            raise ApiError(429, "too-many-failures", "too many failed attempts from this address", retry)
        raise ApiError(401, "not-signed-in", "this credential is unknown, ended or revoked", _CHALLENGE)

    def _refuse(self, request: Request, person: Person, wanted: frozenset[str]) -> Any:
        why = f"this takes one of the roles {', '.join(sorted(wanted))}"
        _log.warning("api.role_missing", person=person.name, method=request.method, path=_route(request))
        self.record([access_record(person.name, f"{request.method} {_route(request)}", refused=why)])
        raise ApiError(403, "role-missing", why)


def access_record(person: str, what: str, *, refused: str = "", **detail: str | int) -> Record:
    """The record of a reading of audit data, or of a refused request. Never a value from a body or a query."""
    identifier = new_id()
    return Record(
        id=identifier,
        transaction_id=identifier,
        kind=RecordKind.ACCESS,
        step=Step.READ,
        status=Status.REFUSED if refused else Status.SUCCESS,
        time_ms=int(datetime.now(UTC).timestamp() * 1000),
        message_type=what,
        account=person,
        error_code="role-missing" if refused else "",
        error=refused,
        detail=dict(detail),
    )


def _route(request: Request) -> str:
    """The route's template, so that no value from the address is recorded."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "")) or "unknown"
