"""The pages. Thin: each asks the services, makes a view and renders it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from easement.api.access import access_record
from easement.api.problem import ApiError
from easement.api.services import ControlServices
from easement.console.change_pages import add_change_pages
from easement.console.excellence_pages import add_excellence_pages
from easement.console.formatting import FILTERS
from easement.console.registry_pages import add_registry_pages
from easement.console.validation_pages import add_validation_pages
from easement.console.view import (
    RegistryRow,
    conditions_of,
    document_text,
    enforcement_word,
    facts_of,
    histogram,
    let_through,
    matches,
    registry_row,
    summary,
)
from easement.contract.codes import CATALOGUE
from easement.contract.kinds import Integration
from easement.governance.change_cases import emergencies
from easement.governance.compilation import current_plan
from easement.governance.errors import UnknownError
from easement.governance.go_live import onboarding
from easement.governance.reading import RegisteredDocument, registered_document
from easement.identity.people import Person, Role
from easement.ledger.query import Search
from easement.ledger.record import Record
from easement.monitoring.reader import MonitoringReader
from easement.plan.codec import decode_plan
from easement.plan.model import Plan

NAVIGATION: Final = (
    ("/", "Health"), ("/registry", "Registry"), ("/graph", "Graph"), ("/shadow", "Shadow"),
    ("/worklists", "Work lists"), ("/reviews", "Reviews"),
    ("/changes", "Changes"), ("/inbox", "Inbox"), ("/findings", "Findings"),
    ("/standards", "Standards"), ("/scorecards", "Scorecards"), ("/controls", "Controls"), ("/refused", "Refused"),
    ("/dead-letters", "Dead letters"),
)  # fmt: skip
_ROWS: Final = 200
"""Integrations on the health page: the worst ones. The page is made again every few seconds."""
_CSP: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _CSP,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_STATIC: Final = {"easement.css": "text/css", "easement.js": "text/javascript", "easement.svg": "image/svg+xml"}
_MAY_READ_AUDIT: Final = frozenset({Role.AUDITOR, Role.SECURITY, Role.COMPLIANCE, Role.OPERATOR, Role.ADMIN})
_HOUR_MS: Final = 3_600_000
_LAST: Final = 50


class NotSignedInError(Exception):
    """Nobody is signed in; the page says how."""

    def __init__(self, cause: ApiError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(slots=True)
class Console:
    """Renders the pages over the control plane's services."""

    services: ControlServices
    monitoring: MonitoringReader
    _pages: Environment = field(init=False)
    _plan: tuple[str, Plan | None] = ("", None)

    def __post_init__(self) -> None:
        """Load the templates."""
        self._pages = Environment(
            loader=PackageLoader("easement.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
        )
        self._pages.filters.update(FILTERS)

    def health(self, request: Request) -> Response:
        """Every integration, worst first."""
        person = self.person(request)
        now = self.services.registry.now()
        query = _query(request, "q")
        rows = self.monitoring.integration_health(now)
        shown = [row for row in rows if matches(query, row.name, row.title, row.source, row.target, row.owner)]
        return self.render(
            "health.html", person, "/", title="Health", refreshing=True, query=query, rows=shown[:_ROWS],
            more=len(shown) - _ROWS, summary=summary(rows, self.monitoring.refused(now)), ledger=self._ledger(),
        )  # fmt: skip

    def integration(self, request: Request) -> Response:
        """One integration: contract, conditions, routes, health, last transactions."""
        person = self.person(request)
        name = request.path_params["name"]
        snapshot = self.services.registry.snapshot()
        try:
            found = registered_document(snapshot, "Integration", name)
        except UnknownError:
            return self.message(person, 404, "No such integration", f"Nothing named “{name}” is registered.")
        assert isinstance(found.document, Integration)  # noqa: S101 - the kind that was asked for
        plan = self._current_plan()
        health = next(
            (row for row in self.monitoring.integration_health(self.services.registry.now()) if row.name == name), None
        )
        records: tuple[Record, ...] = ()
        if _MAY_READ_AUDIT & person.roles:
            self._note(person, "audit.searched", integration=name)
            records = tuple(
                one.record for one in self.services.ledger.search(Search(integration=name, limit=_LAST)).found
            )
        return self.render(
            "integration.html", person, "/registry", title=found.document.metadata.title or name, refreshing=False,
            onboarding=onboarding(self.services.registry, name),
            row=self._row(found, plan), facts=facts_of(found.document), conditions=conditions_of(plan, name),
            routes=let_through(plan, name), health=health, records=records,
            histogram=histogram(health.histogram) if health else [], document=document_text(found.document),
        )  # fmt: skip

    def transaction(self, request: Request) -> Response:
        """Every step of one transaction."""
        person = self.auditor(request)
        identifier = request.path_params["transaction_id"][:200]
        self._note(person, "audit.traced", transaction=identifier[:64])
        records = [found.record for found in self.services.ledger.trace(identifier)]
        return self.render(
            "transaction.html", person, "", title="Transaction", refreshing=True, transaction_id=identifier,
            records=records,
        )  # fmt: skip

    def refused(self, request: Request) -> Response:
        """Who tried what without a right to it."""
        person = self.auditor(request)
        self._note(person, "audit.searched", status="refused")
        rows = [
            {
                "account": one.account,
                "target": one.target,
                "message_type": one.message_type,
                "error_code": one.error_code,
                "error": CATALOGUE[one.error_code].title if one.error_code in CATALOGUE else "",
                "count": one.count,
                "last_ms": one.last_ms,
                "transaction_id": one.last_transaction_id,
            }
            for one in self.services.ledger.refusals()
        ]
        return self.render("refused.html", person, "/refused", title="Refused attempts", refreshing=True, rows=rows)

    def dead_letters(self, request: Request) -> Response:
        """Dead letters by integration."""
        person = self.person(request)
        rows = [row for row in self.monitoring.integration_health(self.services.registry.now()) if row.dead_letters]
        return self.render(
            "dead_letters.html", person, "/dead-letters", title="Dead letters", refreshing=True, rows=rows
        )

    def person(self, request: Request) -> Person:
        """Who asks for a page; a page says how to sign in to who is nobody."""
        try:
            return self.services.access.person(request)
        except ApiError as error:
            raise NotSignedInError(error) from error

    def auditor(self, request: Request) -> Person:
        """Who asks, if they may read the ledger."""
        person = self.person(request)
        if not _MAY_READ_AUDIT & person.roles:
            raise ApiError(
                403, "role-missing", "this takes one of the roles auditor, security, compliance, operator, admin"
            )
        return person

    def _note(self, person: Person, what: str, **detail: str) -> None:
        self.services.registry.record([access_record(person.name, what, **detail)])

    def _ledger(self) -> dict[str, str]:
        is_ready = self.services.roles().get("ledger", False)
        text = "records are taken in" if is_ready else "the ledger does not answer; records wait in their spools"
        return {"state": "healthy" if is_ready else "down", "text": text}

    def _current_plan(self) -> Plan | None:
        stored = current_plan(self.services.registry)
        if stored is None:
            return None
        if self._plan[0] != stored.hash:
            self._plan = (stored.hash, decode_plan(stored.content))
        return self._plan[1]

    def _row(self, found: RegisteredDocument, plan: Plan | None) -> RegistryRow:
        assert isinstance(found.document, Integration)  # noqa: S101 - the caller asked for this kind
        return registry_row(
            found.document,
            identifier=found.id,
            state=found.state,
            revision=found.revision,
            enforced=enforcement_word(conditions_of(plan, found.name)),
        )

    def message(self, person: Person | None, status: int, title: str, text: str, *, sso: bool = False) -> Response:
        """A page of one sentence; with ``sso`` it leads to the OpenID provider."""
        return self.render("message.html", person, "", status=status, title=title, text=text, refreshing=False, sso=sso)

    def not_signed_in(self, error: ApiError) -> Response:
        """How to sign in."""
        sso = self.services.single_sign_on
        text = (
            f"{'Or open' if sso else 'Open'} a sign-in link. An administrator makes one with: easement person link NAME"
        )
        title = "Too many failed attempts" if error.status == 429 else "You are not signed in"
        return self.message(None, error.status, title, text, sso=sso)

    def refuse(self, error: ApiError) -> Response:
        """A page that this person may not see."""
        return self.message(None, error.status, "Not for this role", str(error))

    def render(
        self,
        template: str,
        person: Person | None,
        here: str,
        *,
        status: int = 200,
        refreshing: bool = False,
        **values: Any,
    ) -> Response:
        """A template as a page. ``here`` is the entry of the navigation that it belongs to."""
        html = self._pages.get_template(template).render(
            navigation=NAVIGATION if person else (), here=here, person=person, csrf=person.csrf if person else "",
            refreshing=refreshing, alarms=emergencies(self.services.registry) if person else (), **values,
        )  # fmt: skip
        return Response(html, status_code=status, media_type="text/html", headers=dict(_HEADERS))


def console_router(services: ControlServices, monitoring: MonitoringReader) -> APIRouter:
    """The pages and their static files."""
    console = Console(services, monitoring)
    router = APIRouter(include_in_schema=False)
    pages: Mapping[str, Callable[[Request], Response]] = {
        "/": console.health,
        "/integrations/{name}": console.integration,
        "/transactions/{transaction_id}": console.transaction,
        "/refused": console.refused,
        "/dead-letters": console.dead_letters,
    }
    for path, page in pages.items():
        router.add_api_route(path, signed_in(console, page), methods=["GET"])
    add_registry_pages(router, console, signed_in)
    add_change_pages(router, console, signed_in)
    add_excellence_pages(router, console, signed_in)
    add_validation_pages(router, console, signed_in)
    assets = {name: (files("easement.console") / "static" / name).read_bytes() for name in _STATIC}

    def static(name: str, request: Request) -> Response:
        if name not in assets:
            raise ApiError(404, "not-found", "there is no such file")
        etag = f'"{hashlib.sha256(assets[name]).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(assets[name], media_type=_STATIC[name], headers=headers)

    router.add_api_route("/static/{name}", static, methods=["GET"])
    return router


def signed_in(console: Console, page: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """A page as a route: who is not signed in learns how, who lacks a role learns which."""

    def show(request: Request) -> Response:
        try:
            return page(request)
        except NotSignedInError as error:
            return console.not_signed_in(error.cause)
        except ApiError as error:
            return console.refuse(error)

    return show


def _query(request: Request, name: str) -> str:
    return request.query_params.get(name, "")[:200].strip()
