"""The page of continuous control validation: the newest runs, and the report of one integration. Thin, as all pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from easement.api.problem import ApiError
from easement.console.forms import form_route, see_other
from easement.governance.control_validation import report_about, request_run, run_state, runs
from easement.governance.errors import UnknownError
from easement.identity.people import Person, Role

if TYPE_CHECKING:
    from easement.console.routes import Console

Page = Callable[[Request], Response]
Route = Callable[["Console", Page], Page]
_MAY_ASK: Final = frozenset({Role.SECURITY, Role.OPERATOR, Role.ADMIN})
_GATEWAY: Final = "the gateway itself"
_SHOWN_FIRST: Final = ("failed", "not tried", "held", "not applicable")


def add_validation_pages(router: APIRouter, console: Console, signed_in: Route) -> None:
    """Put the pages and their form on ``router``; ``signed_in`` makes a route of a page."""
    pages = ValidationPages(console)
    router.add_api_route("/controls", signed_in(console, pages.overview), methods=["GET"])
    router.add_api_route("/controls/report", signed_in(console, pages.report), methods=["GET"])
    router.add_api_route("/controls/probe", form_route(console, pages.ask), methods=["POST"])


class ValidationPages:
    """The pages over a console's services."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._registry = console.services.registry

    def overview(self, request: Request) -> Response:
        """The newest runs, and what the chosen or newest finished one found about each integration."""
        person = self._console.person(request)
        found = runs(self._registry)
        chosen = request.query_params.get("run", "")[:36] or next((run.id for run, _ in found if run.finished), "")
        try:
            state = run_state(self._registry, chosen) if chosen else None
        except UnknownError as error:
            raise ApiError(404, "not-found", str(error)) from error
        return self._console.render(
            "controls.html", person, "/controls", title="Controls",
            runs=[
                {
                    "id": run.id, "person": run.person, "requested_ms": _ms(run.requested),
                    "finished_ms": _ms(run.finished) if run.finished else 0, "problem": run.problem, "failed": failed,
                    "scope": ", ".join(run.integrations[:3]) + (" ..." if len(run.integrations) > 3 else "") or "all",
                    "outcome": _outcome(finished=run.finished is not None, problem=run.problem, failed=failed),
                }
                for run, failed in found
            ],
            state=state,
            reports=[
                {
                    "name": one.integration, "shown": one.integration or _GATEWAY, "held": one.held,
                    "failed": one.failed, "not_tried": one.not_tried,
                    "href": f"/controls/report?run={quote(one.run)}&integration={quote(one.integration)}",
                    "outcome": "failed" if one.failed else "held",
                }
                for one in sorted(state.reports, key=lambda one: (-one.failed, -one.not_tried, one.integration))
            ] if state else [],
            may_ask=bool(_MAY_ASK & person.roles),
        )  # fmt: skip

    def report(self, request: Request) -> Response:
        """What a run, or the newest, found about one integration, by the items of the outline."""
        person = self._console.person(request)
        name = request.query_params.get("integration", "")[:63]
        try:
            found = report_about(self._registry, name, request.query_params.get("run", "")[:36])
        except UnknownError as error:
            raise ApiError(404, "not-found", str(error)) from error
        content: Mapping[str, Any] = found.content
        items = [{"item": item["item"], "cases": sorted(item["cases"], key=_order)} for item in content["items"]]
        return self._console.render(
            "control_report.html", person, "/controls", title=f"Controls of {name or _GATEWAY}", name=name,
            shown=name or _GATEWAY, run=found.run, taken_ms=_ms(found.taken), plan=content["plan"], items=items,
            counts=content["counts"],
        )  # fmt: skip

    def ask(self, person: Person, _request: Request, fields: Mapping[str, str]) -> Response:
        """Ask for a run over everything, or over one integration."""
        if not _MAY_ASK & person.roles:
            raise ApiError(403, "role-missing", "this takes one of the roles security, operator, admin")
        name = fields.get("integration", "")[:63]
        request_run(self._registry, person.name, (name,) if name else ())
        return see_other("/controls")


def _ms(moment: Any) -> int:
    return int(moment.timestamp() * 1000)


def _outcome(*, finished: bool, problem: str, failed: int) -> str:
    if not finished:
        return "running"
    if problem:
        return "unknown"
    return "failed" if failed else "held"


def _order(case: Mapping[str, str]) -> tuple[int, str, str]:
    return _SHOWN_FIRST.index(case["outcome"]), case["operation"], case["case"]
