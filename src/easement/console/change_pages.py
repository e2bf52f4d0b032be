"""Pages of change control: the cases, one case with its timeline, the inbox of notices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from easement.api.problem import ApiError
from easement.api.review_routes import actor_of
from easement.console.change_view import case_rows, milliseconds, offered, timeline
from easement.console.forms import FormAct, form_route, see_other
from easement.governance.change_cases import (
    acknowledge,
    case_of,
    cases,
    close,
    confirm,
    emergencies,
    migrate,
    not_affected,
    notify,
    stage_of,
    start,
    withdraw,
)
from easement.governance.change_interface_states import settle_interface
from easement.governance.contract_use import burn_down
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.notice_delivery import inbox_of, read_notice, send_again, teams_of
from easement.identity.people import Person, Role
from easement.store.change_cases import StoredCase
from easement.store.database import reading
from easement.store.notices import DEAD, notices_of_case, undelivered

if TYPE_CHECKING:
    from easement.console.routes import Console

_MAY_ACT: Final = frozenset({Role.DEVELOPER, Role.REVIEWER, Role.OPERATOR, Role.ADMIN})
_MAY_CONFIRM: Final = _MAY_ACT | {Role.SECURITY, Role.COMPLIANCE}
_MAY_SEND: Final = frozenset({Role.OPERATOR, Role.ADMIN})
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class ChangePages:
    """The pages over the console that renders them."""

    console: Console

    def changes(self, request: Request) -> Response:
        """Every case that runs, emergencies first; with ``?state=all`` also those that are over."""
        person = self.console.person(request)
        registry = self.console.services.registry
        every = request.query_params.get("state") == "all"
        found = cases(registry, running=not every, limit=_SHOWN)
        with reading(registry.engine) as connection:
            dead = undelivered(connection, limit=_SHOWN)
        return self.console.render(
            "changes.html", person, "/changes", title="Changes", rows=case_rows(found), every=every,
            emergencies=emergencies(registry), dead=dead,
        )  # fmt: skip

    def change(self, request: Request) -> Response:
        """One case: its clock, whom it breaks, their answers, who still uses the old version, what was sent."""
        person = self.console.person(request)
        registry = self.console.services.registry
        try:
            case = case_of(registry, request.path_params["case"][:40])
        except UnknownError as error:
            return self.console.message(person, 404, "No such change case", error.message)
        using = burn_down(registry, case, stage_of(registry.snapshot()).estate)
        with reading(registry.engine) as connection:
            notices = notices_of_case(connection, case.number)
        return self.console.render(
            "change.html", person, "/changes", title=f"{case.id}: {case.subject}", case=case,
            points=timeline(case, registry.now()), using=using, notices=notices, ms=milliseconds,
            may=offered(case, using, person.name), may_act=bool(_MAY_ACT & person.roles),
            may_confirm=bool(_MAY_CONFIRM & person.roles), may_send=bool(_MAY_SEND & person.roles), dead=DEAD,
        )  # fmt: skip

    def inbox(self, request: Request) -> Response:
        """Notices for the teams of who asks."""
        person = self.console.person(request)
        registry = self.console.services.registry
        return self.console.render(
            "inbox.html", person, "/inbox", title="Inbox", notices=inbox_of(registry, person.name, limit=_SHOWN),
            teams=sorted(teams_of(registry, person.name)), ms=milliseconds,
        )  # fmt: skip

    def step(self, person: Person, request: Request, fields: Mapping[str, str]) -> Response:
        """A step of the provider, or the second person of an emergency."""
        registry, actor = self.console.services.registry, actor_of(person)
        written, reason = request.path_params["case"][:40], fields.get("reason", "")[:4000]
        action = request.path_params["step"]
        _require(person, _MAY_CONFIRM if action == "confirm" else _MAY_ACT)
        steps: Mapping[str, Callable[[], StoredCase]] = {
            "notify": lambda: notify(registry, written, actor),
            "start": lambda: start(registry, written, actor),
            "withdraw": lambda: withdraw(registry, written, actor, reason),
            "confirm": lambda: confirm(registry, written, actor),
            "close": lambda: close(
                registry, written, actor, cut=fields.get("cut", "").replace(",", " ").split(), follow_up=reason
            ),
        }
        if action not in steps:
            raise UnknownError(f"there is no step {action[:40]!r}")
        return self._settled(steps[action]())

    def answer(self, person: Person, request: Request, fields: Mapping[str, str]) -> Response:
        """The answer of a consumer."""
        _require(person, _MAY_ACT)
        registry, actor = self.console.services.registry, actor_of(person)
        written, integration = request.path_params["case"][:40], fields.get("integration", "")[:63]
        match fields.get("answer", ""):
            case "ack":
                done = acknowledge(registry, written, integration, actor, _day(fields.get("until", "")))
            case "not-affected":
                done = not_affected(registry, written, integration, actor, fields.get("reason", "")[:4000])
            case "migrate":
                done = migrate(registry, written, integration, actor)
            case _:
                raise PolicyError("choose an answer")
        return self._settled(done)

    def read(self, person: Person, request: Request, _fields: Mapping[str, str]) -> Response:
        """Mark a notice as read."""
        read_notice(self.console.services.registry, request.path_params["notice"][:36], actor_of(person))
        return see_other("/inbox")

    def send(self, person: Person, request: Request, _fields: Mapping[str, str]) -> Response:
        """Try a notice again that could not be delivered."""
        _require(person, _MAY_SEND)
        send_again(self.console.services.registry, request.path_params["notice"][:36], actor_of(person))
        return see_other("/changes")

    def _settled(self, case: StoredCase) -> Response:
        settle_interface(self.console.services.registry, case)
        return see_other(f"/changes/{quote(case.id)}")


def add_change_pages(
    router: APIRouter, console: Console, page_route: Callable[[Console, Callable[[Request], Response]], object]
) -> None:
    """Add the pages and forms to the console's router. ``page_route`` makes a page a route for who is signed in."""
    pages = ChangePages(console)
    shown: Mapping[str, Callable[[Request], Response]] = {
        "/changes": pages.changes,
        "/changes/{case}": pages.change,
        "/inbox": pages.inbox,
    }
    for path, page in shown.items():
        router.add_api_route(path, cast("Callable[..., Response]", page_route(console, page)), methods=["GET"])
    forms: Mapping[str, FormAct] = {
        "/changes/{case}/answer": pages.answer,
        "/changes/{case}/{step}": pages.step,
        "/inbox/{notice}/read": pages.read,
        "/notices/{notice}/send-again": pages.send,
    }
    for path, act in forms.items():
        router.add_api_route(path, form_route(console, act), methods=["POST"])


def _require(person: Person, roles: frozenset[Role]) -> None:
    if not roles & person.roles:
        raise ApiError(403, "role-missing", f"this takes one of the roles {', '.join(sorted(roles))}")


def _day(written: str) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise PolicyError(f"{written[:20]!r} is no date", ("write it as 2026-12-31",)) from None
