"""Pages for a Centre of Excellence: reviews, standards, findings, scorecards. Thin, as all pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from easement.api.problem import ApiError
from easement.api.review_routes import actor_of
from easement.console.excellence_view import finding_rows, flow_drawing, grade, score_line
from easement.console.forms import form_route, see_other
from easement.console.view import matches
from easement.estate.review import role_text
from easement.governance.comments import comment, resolve
from easement.governance.dossier import dossier
from easement.governance.errors import GovernanceError, UnknownError
from easement.governance.estate_report import this_month
from easement.governance.judgement import not_allowed, with_teams
from easement.governance.review_times import review_times
from easement.governance.reviews import Verdict, decide, pending
from easement.identity.people import Person, Role
from easement.identity.vouching import read_vouching
from easement.standards.check import rules_of
from easement.store.database import reading
from easement.store.reviews import PENDING, StoredReview

if TYPE_CHECKING:
    from easement.console.routes import Console

Page = Callable[[Request], Response]
Route = Callable[["Console", Page], Page]
_DECIDERS: Final = frozenset({Role.DEVELOPER, Role.REVIEWER, Role.SECURITY, Role.COMPLIANCE, Role.COE})
_SHOWN: Final = 500
_SPAN: Final = timedelta(days=30)


def add_excellence_pages(router: APIRouter, console: Console, signed_in: Route) -> None:
    """Put the pages and their forms on ``router``; ``signed_in`` makes a route of a page."""
    pages = ExcellencePages(console)
    shown: Mapping[str, Page] = {
        "/reviews": pages.reviews,
        "/reviews/{review_id}": pages.review,
        "/findings": pages.findings,
        "/standards": pages.standards,
        "/standards/{name}": pages.standard,
        "/scorecards": pages.scorecards,
        "/scorecards/{kind}/{name}": pages.scorecard,
    }
    for path, page in shown.items():
        router.add_api_route(path, signed_in(console, _or_missing(console, page)), methods=["GET"])
    router.add_api_route("/reviews/{review_id}/decision", form_route(console, pages.decide), methods=["POST"])
    router.add_api_route("/reviews/{review_id}/comment", form_route(console, pages.comment), methods=["POST"])
    router.add_api_route("/reviews/{review_id}/resolve", form_route(console, pages.resolve), methods=["POST"])


class ExcellencePages:
    """The pages over a console's services."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._registry = console.services.registry
        self._scores = console.services.scorecards

    def reviews(self, request: Request) -> Response:
        """What waits for a decision, oldest first, with its age."""
        person = self._console.person(request)
        now = self._registry.now()
        rows = [
            {
                "id": review.id,
                "document": f"{review.kind} {review.name}",
                "revision": review.revision,
                "state": review.state,
                "author": review.author,
                "risk": review.risk,
                "needs": ", ".join(role_text(role) for role in review.roles),
                "created_ms": int(review.created.timestamp() * 1000),
                "age_s": (now - review.created).total_seconds(),
                "decisions": "; ".join(f"{made.verdict} by {made.person}" for made in review.decisions),
            }
            for review in pending(self._registry, limit=_SHOWN)
        ]
        times = review_times(self._registry, now - _SPAN, now)
        return self._console.render(
            "reviews.html", person, "/reviews", title="Reviews", refreshing=True, rows=rows, times=times
        )

    def review(self, request: Request) -> Response:
        """One review: five answers, change, cost, picture, comments, and the buttons."""
        person = self._console.person(request)
        found = dossier(
            self._registry, request.path_params["review_id"],
            self._console.monitoring.integration_health(self._registry.now()),
        )  # fmt: skip
        review = found.detail.review
        return self._console.render(
            "review.html", person, "/reviews", title=f"Review of {review.kind.lower()} {review.name}",
            review=review, detail=found.detail, design=found.design, costs=found.costs, obstacles=found.obstacles,
            reached=found.reached, drawing=flow_drawing(found.flow), flow=found.flow, comments=found.comments,
            needs=[role_text(role) for role in found.needs], why_not=self._why_not(person, found.detail.review),
            places=_places(found.detail.document), may_comment=bool(_DECIDERS & person.roles),
            is_open=review.state in PENDING, created_ms=int(review.created.timestamp() * 1000),
            decisions=[(made, int(made.created.timestamp() * 1000)) for made in review.decisions],
        )  # fmt: skip

    def decide(self, person: Person, request: Request, fields: Mapping[str, str]) -> Response:
        """A decision from the form of a review."""
        self._need_decider(person)
        review_id = request.path_params["review_id"]
        verdict, version = fields.get("verdict", ""), fields.get("version", "")
        if verdict not in {*Verdict} or not (version.isascii() and version.isdecimal()):
            raise ApiError(422, "malformed", "the form lacks a verdict or the version of the review")
        decide(
            self._registry, [review_id], actor_of(person), Verdict(verdict), fields.get("comment", "")[:4000],
            seen={review_id: int(version[:9])},
        )  # fmt: skip
        return see_other(f"/reviews/{quote(review_id, safe='')}")

    def comment(self, person: Person, request: Request, fields: Mapping[str, str]) -> Response:
        """A comment from the form of a review."""
        self._need_decider(person)
        review_id = request.path_params["review_id"]
        comment(
            self._registry, review_id, actor_of(person), fields.get("path", "")[:500], fields.get("body", "")[:4000]
        )
        return see_other(f"/reviews/{quote(review_id, safe='')}#comments")

    def resolve(self, person: Person, request: Request, fields: Mapping[str, str]) -> Response:
        """Resolving a comment from the form of a review."""
        self._need_decider(person)
        resolve(self._registry, fields.get("comment", "")[:36], actor_of(person))
        return see_other(f"/reviews/{quote(request.path_params['review_id'], safe='')}#comments")

    def findings(self, request: Request) -> Response:
        """Every finding, with filters."""
        person = self._console.person(request)
        standing = self._scores.standing()
        rows = finding_rows(standing.estate, standing.findings)
        asked = {
            name: request.query_params.get(name, "")[:100] for name in ("q", "owner", "rule", "severity", "waived")
        }
        shown = [
            row
            for row in rows
            if asked["owner"] in {"", row.owner}
            and asked["rule"] in {"", row.rule}
            and asked["severity"] in {"", row.severity}
            and (asked["waived"] == "" or (asked["waived"] == "yes") == bool(row.waived_by))
            and matches(asked["q"], row.rule, row.at, row.message, row.owner, row.title)
        ]
        return self._console.render(
            "findings.html", person, "/findings", title="Findings", rows=shown[:_SHOWN], total=len(rows),
            found=len(shown), asked=asked, owners=sorted({row.owner for row in rows if row.owner}),
            rules=sorted({row.rule for row in rows}),
            blocking=sum(row.blocks != "never" and not row.waived_by for row in rows),
            waived=sum(bool(row.waived_by) for row in rows),
        )  # fmt: skip

    def standards(self, request: Request) -> Response:
        """The standards with their adoption."""
        person = self._console.person(request)
        return self._console.render(
            "standards.html", person, "/standards", title="Standards", rows=self._scores.standing().adoption
        )

    def standard(self, request: Request) -> Response:
        """One standard with its rules, and what each finds."""
        person = self._console.person(request)
        standing, name = self._scores.standing(), request.path_params["name"]
        adoption = next((one for one in standing.adoption if one.standard == name), None)
        if adoption is None:
            raise UnknownError(f"there is no standard named {name[:100]!r}")
        counts = Counter(one.rule for one in standing.findings if not one.waived_by)
        waived = Counter(one.rule for one in standing.findings if one.waived_by)
        rules = sorted(
            (rule for rule in rules_of(standing.estate) if rule.standard == name),
            key=lambda rule: (-counts[rule.id], rule.id),
        )
        return self._console.render(
            "standard.html", person, "/standards", title=adoption.title or name, adoption=adoption, rules=rules,
            counts=counts, waived=waived,
        )  # fmt: skip

    def scorecards(self, request: Request) -> Response:
        """The score of the estate, of teams, systems and integrations."""
        person = self._console.person(request)
        standing = self._scores.standing()
        query = request.query_params.get("q", "")[:200].strip()
        groups = [
            (word, [card for card in standing.of_kind(kind) if matches(query, card.name, card.title, card.owner)])
            for kind, word in (("team", "Teams"), ("system", "Systems"), ("integration", "Integrations"))
        ]
        return self._console.render(
            "scorecards.html", person, "/scorecards", title="Scorecards", query=query,
            estate=standing.cards.get(("estate", "estate")), line=score_line(self._scores.history("estate", "estate")),
            groups=[(word, cards[:_SHOWN], len(cards)) for word, cards in groups], sprawl=standing.sprawl,
            month=this_month(self._registry.now()),
        )  # fmt: skip

    def scorecard(self, request: Request) -> Response:
        """One score with its history and the facts behind it."""
        person = self._console.person(request)
        kind, name = request.path_params["kind"], request.path_params["name"]
        card = self._scores.card(kind, name)
        return self._console.render(
            "scorecard.html", person, "/scorecards", title=f"Score of {card.title or card.name}", card=card,
            line=score_line(self._scores.history(kind, name)), grade=grade,
        )  # fmt: skip

    def _need_decider(self, person: Person) -> None:
        if not _DECIDERS & person.roles:
            raise ApiError(403, "role-missing", f"this takes one of the roles {', '.join(sorted(_DECIDERS))}")

    def _why_not(self, person: Person, review: StoredReview) -> str:
        """Why this person cannot approve, so that the page says it before they try."""
        if not _DECIDERS & person.roles:
            return f"deciding takes one of the roles {', '.join(sorted(_DECIDERS))}"
        with reading(self._registry.engine) as connection:
            vouching = read_vouching(connection)
        actor = with_teams(self._registry.snapshot(), actor_of(person))
        return not_allowed(review, actor, vouching, approves=True)


def _or_missing(console: Console, page: Page) -> Page:
    """A page on which what is unknown is a page that says so."""

    def show(request: Request) -> Response:
        try:
            return page(request)
        except GovernanceError as error:
            return console.message(console.person(request), 404, "There is no such thing", error.message)

    return show


def _places(document: Mapping[str, object]) -> list[str]:
    """The places that a comment may name: the parts of metadata and spec, two levels deep."""
    found = []
    for part in ("metadata", "spec"):
        tree = document.get(part)
        for key, value in tree.items() if isinstance(tree, Mapping) else ():
            found.append(f"/{part}/{_token(key)}")
            found += [f"/{part}/{_token(key)}/{_token(below)}" for below in value] if isinstance(value, Mapping) else []
    return found


def _token(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
