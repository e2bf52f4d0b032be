"""For a Centre of Excellence: scorecards, findings, adoption of the standards, the monthly report."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from easement.api.dossier_views import (
    AdoptionList,
    AdoptionView,
    DayScoreView,
    FindingList,
    ScorecardHistoryView,
    ScorecardList,
    ScorecardView,
)
from easement.api.services import ControlServices
from easement.api.views import FindingView
from easement.governance.estate_report import estate_report, report_html, report_markdown, this_month
from easement.identity.people import Person, Role

Kind = Literal["estate", "team", "system", "integration"]


def excellence_router(services: ControlServices) -> APIRouter:
    """``/scorecards``, ``/findings``, ``/adoption`` and ``/reports/estate``."""
    router = APIRouter(tags=["excellence"])
    reader = Annotated[Person, Depends(services.access.guard(*Role))]

    @router.get("/scorecards")
    def list_scorecards(_person: reader, kind: Kind = "integration") -> ScorecardList:
        """Scorecards of a kind, the worst first."""
        cards = services.scorecards.standing().of_kind(kind)
        return ScorecardList(items=[ScorecardView.model_validate(card) for card in cards])

    @router.get("/scorecards/{kind}/{name}")
    def get_scorecard(
        kind: Kind, name: str, _person: reader, days: Annotated[int, Query(ge=1, le=400)] = 90
    ) -> ScorecardHistoryView:
        """One scorecard with the facts behind it and its last days."""
        card = services.scorecards.card(kind, name)
        history = services.scorecards.history(kind, name, days)
        return ScorecardHistoryView.model_validate(
            {"card": card, "days": [DayScoreView.model_validate(one) for one in history]}
        )

    @router.get("/findings")
    def list_findings(
        _person: reader,
        rule: Annotated[str, Query(max_length=100)] = "",
        subject: Annotated[str, Query(max_length=100)] = "",
    ) -> FindingList:
        """Every finding of the registered estate, waived ones included."""
        found = [
            finding
            for finding in services.scorecards.standing().findings
            if rule in {"", finding.rule} and subject in {"", finding.subject}
        ]
        return FindingList(items=[FindingView.model_validate(finding) for finding in found])

    @router.get("/adoption")
    def list_adoption(_person: reader) -> AdoptionList:
        """How far the estate follows each standard."""
        return AdoptionList(items=[AdoptionView.model_validate(one) for one in services.scorecards.standing().adoption])

    @router.get("/reports/estate", response_class=Response)
    def get_report(
        _person: reader,
        month: Annotated[str, Query(max_length=7)] = "",
        format: Literal["html", "markdown"] = "html",  # noqa: A002 - it is the name of the parameter
    ) -> Response:
        """The estate report of a month (``2026-11``; this month when empty), as one file."""
        report = estate_report(services.scorecards, month or this_month(services.registry.now()))
        if format == "markdown":
            return _file(report_markdown(report), "text/markdown", f"estate-{report.month}.md")
        return _file(report_html(report), "text/html", f"estate-{report.month}.html")

    return router


def _file(text: str, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type=media_type, headers=headers)
