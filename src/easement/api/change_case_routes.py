"""Change cases, the inbox of notices, and the question of CI whether an interface may change."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from easement.api.bundle_body import BundleBody
from easement.api.change_case_views import (
    CasePage,
    CaseView,
    NoticePage,
    NoticeView,
    StillUsingView,
    case_view,
    notice_view,
)
from easement.api.paging import MAX_PAGE, Cursor, Limit, decode_cursor, encode_cursor
from easement.api.problem import ApiError
from easement.api.review_routes import actor_of
from easement.api.services import ControlServices
from easement.governance.can_i_change import ChangeQuestion, answer_json, can_i_change
from easement.governance.change_case_opening import Opening, open_case, open_emergency
from easement.governance.change_cases import (
    acknowledge,
    case_of,
    cases,
    close,
    confirm,
    migrate,
    not_affected,
    notify,
    stage_of,
    start,
    withdraw,
)
from easement.governance.change_interface_states import settle_interface
from easement.governance.contract_use import burn_down
from easement.governance.notice_delivery import inbox_of, read_notice, send_again
from easement.governance.registry import Registry
from easement.identity.people import Person, Role
from easement.store.change_cases import StoredCase
from easement.store.database import reading
from easement.store.notices import notices_of_case, undelivered

_Text = Annotated[str, Field(max_length=4000)]
_Name = Annotated[str, Field(max_length=80)]
_KINDS = {"interface": "Interface", "integration": "Integration"}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class OpenBody(_Body):
    """What is to change. ``notify`` tells everybody at once; without it the case stays a draft."""

    kind: Literal["interface", "integration"] = "interface"
    name: _Name
    reason: _Text
    successor: _Name = ""
    link: Annotated[str, Field(max_length=2000, pattern=r"^(https?://[^\s<>\"]+)?$")] = ""
    sunset: date | None = None
    notify: bool = True


class EmergencyBody(_Body):
    """An emergency: what, why, and for how long its revision may be enforced once somebody confirms."""

    kind: Literal["interface", "integration"] = "interface"
    name: _Name
    reason: _Text
    hours: Annotated[int, Field(ge=1, le=72)] = 4


class AnswerBody(_Body):
    """What a consumer answers. ``until`` goes with ``ack``, ``reason`` with ``not-affected``."""

    integration: Annotated[str, Field(max_length=63)]
    until: date | None = None
    reason: _Text = ""


class StepBody(_Body):
    """A step of the provider. ``cut`` names consumers that are cut off at the end; ``reason`` is also the follow-up."""

    reason: _Text = ""
    cut: Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=1000)] = []


class QuestionBody(BundleBody):
    """A new description: ``path`` is the file of it, the other files are what it refers to."""

    interface: _Name
    path: Annotated[str, Field(max_length=500)]
    version: Annotated[str, Field(max_length=60)] = ""


@dataclass(frozen=True, slots=True)
class _People:
    """Who may do what, as dependencies."""

    reader: Any
    actor: Any
    anybody: Any
    keeper: Any

    @classmethod
    def of(cls, services: ControlServices) -> "_People":
        """The dependencies of this control plane."""
        guard = services.access.guard
        acting = (Role.DEVELOPER, Role.REVIEWER, Role.OPERATOR, Role.ADMIN)
        return cls(
            reader=Depends(guard(*Role)),
            actor=Depends(guard(*acting)),
            anybody=Depends(guard(*acting, Role.SECURITY, Role.COMPLIANCE)),
            keeper=Depends(guard(Role.OPERATOR, Role.ADMIN)),
        )


def change_case_router(services: ControlServices) -> APIRouter:
    """``/changes``, ``/notices`` and ``/can-i-change``."""
    router = APIRouter(tags=["changes"])
    people = _People.of(services)
    for add in (_add_reading, _add_opening, _add_answers, _add_steps, _add_notices, _add_question):
        add(router, services.registry, people)
    return router


def _add_reading(router: APIRouter, registry: Registry, people: _People) -> None:
    @router.get("/changes")
    def list_changes(
        _person: Annotated[Person, people.reader],
        state: Literal["running", "all"] = "running",
        name: Annotated[str, Query(max_length=80)] = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> CasePage:
        """Change cases, oldest first."""
        after = _number(cursor)
        found = cases(registry, running=state == "running", name=name, after=after, limit=limit + 1)
        following = encode_cursor(str(found[limit - 1].number)) if len(found) > limit else ""
        return CasePage(items=[case_view(case) for case in found[:limit]], cursor=following)

    @router.get("/changes/{case}")
    def get_change(case: str, _person: Annotated[Person, people.reader]) -> CaseView:
        """A case: verdicts, consumers and their answers, who still uses the old version, notices."""
        return _detail(registry, case_of(registry, case))


def _add_opening(router: APIRouter, registry: Registry, people: _People) -> None:
    @router.post("/changes", status_code=201)
    def open_change(body: OpenBody, person: Annotated[Person, people.actor]) -> CaseView:
        """Open a change case; unless asked otherwise, everybody affected is told and the notice period begins."""
        opening = Opening(
            kind=_KINDS[body.kind],
            name=body.name,
            reason=body.reason,
            successor=body.successor,
            link=body.link,
            sunset=body.sunset,
        )
        case = open_case(registry, actor_of(person), opening)
        return _settled(registry, notify(registry, case.id, actor_of(person)) if body.notify else case)

    @router.post("/changes/break-glass", status_code=201)
    def ask_for_emergency(body: EmergencyBody, person: Annotated[Person, people.actor]) -> CaseView:
        """Ask for an emergency change without notice; another person has to confirm it."""
        opening = Opening(kind=_KINDS[body.kind], name=body.name, reason=body.reason)
        return _settled(registry, open_emergency(registry, actor_of(person), opening, body.hours))

    @router.post("/changes/{case}/confirm")
    def confirm_emergency(case: str, person: Annotated[Person, people.anybody]) -> CaseView:
        """Be the second person of an emergency."""
        return _settled(registry, confirm(registry, case, actor_of(person)))


def _add_answers(router: APIRouter, registry: Registry, people: _People) -> None:
    @router.post("/changes/{case}/ack")
    def acknowledge_change(case: str, body: AnswerBody, person: Annotated[Person, people.actor]) -> CaseView:
        """Acknowledge for a consumer, and say until when the old version is needed."""
        return _settled(registry, acknowledge(registry, case, body.integration, actor_of(person), body.until))

    @router.post("/changes/{case}/not-affected")
    def say_not_affected(case: str, body: AnswerBody, person: Annotated[Person, people.actor]) -> CaseView:
        """Say for a consumer that the change does not reach it, and why."""
        return _settled(registry, not_affected(registry, case, body.integration, actor_of(person), body.reason))

    @router.post("/changes/{case}/migrate")
    def say_migrated(case: str, body: AnswerBody, person: Annotated[Person, people.actor]) -> CaseView:
        """Say for a consumer that it has moved; its approved contract must show it."""
        return _settled(registry, migrate(registry, case, body.integration, actor_of(person)))


def _add_steps(router: APIRouter, registry: Registry, people: _People) -> None:
    @router.post("/changes/{case}/{step}")
    def take_step(
        case: str,
        step: Literal["notify", "start", "close", "withdraw"],
        body: StepBody,
        person: Annotated[Person, people.actor],
    ) -> CaseView:
        """A step of the provider: tell everybody, start the transition, close, withdraw."""
        who = actor_of(person)
        match step:
            case "notify":
                return _settled(registry, notify(registry, case, who))
            case "start":
                return _settled(registry, start(registry, case, who))
            case "close":
                return _settled(registry, close(registry, case, who, cut=body.cut, follow_up=body.reason))
            case "withdraw":
                return _settled(registry, withdraw(registry, case, who, body.reason))


def _add_notices(router: APIRouter, registry: Registry, people: _People) -> None:
    @router.get("/notices")
    def list_notices(
        person: Annotated[Person, people.reader],
        box: Literal["mine", "all", "undelivered"] = "mine",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> NoticePage:
        """Notices: those for the teams of the person who asks, those of all teams, or those that could not be sent."""
        if box == "undelivered":
            with reading(registry.engine) as connection:
                found = undelivered(connection, limit=MAX_PAGE)
            return NoticePage(items=[notice_view(notice) for notice in found], cursor="")
        after = decode_cursor(cursor) if cursor else ""
        found = inbox_of(registry, person.name, every=box == "all", after=after, limit=limit + 1)
        following = encode_cursor(found[limit - 1].id) if len(found) > limit else ""
        return NoticePage(items=[notice_view(notice) for notice in found[:limit]], cursor=following)

    @router.post("/notices/{notice}/read")
    def mark_as_read(notice: str, person: Annotated[Person, people.reader]) -> NoticeView:
        """Mark a notice of the own inbox as read."""
        return notice_view(read_notice(registry, notice, actor_of(person)))

    @router.post("/notices/{notice}/send-again", status_code=204)
    def send_notice_again(notice: str, person: Annotated[Person, people.keeper]) -> None:
        """Try a notice again that could not be delivered."""
        send_again(registry, notice, actor_of(person))


def _add_question(router: APIRouter, registry: Registry, people: _People) -> None:
    @router.post("/can-i-change")
    def ask(body: QuestionBody, _person: Annotated[Person, people.anybody]) -> dict[str, Any]:
        """Whether an interface may have this description, and whom it would break. Nothing is written."""
        files = body.bundle().files
        if body.path not in files:
            raise ApiError(422, "malformed", f"path {body.path[:80]!r} is not among the files")
        question = ChangeQuestion(interface=body.interface, path=body.path, files=files, version=body.version)
        return answer_json(can_i_change(registry, question))


def _settled(registry: Registry, case: StoredCase) -> CaseView:
    settle_interface(registry, case)
    return _detail(registry, case)


def _detail(registry: Registry, case: StoredCase) -> CaseView:
    estate = stage_of(registry.snapshot()).estate
    with reading(registry.engine) as connection:
        notices = notices_of_case(connection, case.number)
    using = [StillUsingView.model_validate(row) for row in burn_down(registry, case, estate)]
    return case_view(case, using, [notice_view(notice) for notice in notices])


def _number(cursor: str) -> int:
    if not cursor:
        return 0
    text = decode_cursor(cursor)
    if not text.isdecimal() or len(text) > 9:
        raise ApiError(422, "malformed", "this cursor is not one of ours: begin at the first page")
    return int(text)
