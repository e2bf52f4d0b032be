"""Onboarding, decommissioning, and the calendar of transitions."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from easement.api.lifecycle_views import CalendarView, DecommissionView, OnboardingView, TransitionView
from easement.api.services import ControlServices
from easement.governance.decommission import decommission, rehearse
from easement.governance.go_live import onboarding
from easement.governance.scheduled import ScheduledEvent, calendar, cancel, schedule
from easement.identity.people import Person, Role

_Reason = Annotated[str, Field(max_length=4000)]


class DecommissionBody(BaseModel):
    """Whether to look only, and why; ``discardMessages`` gives up what nobody has processed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    dry_run: bool = Field(default=False, alias="dryRun")
    discard_messages: bool = Field(default=False, alias="discardMessages")
    reason: _Reason = ""


class ScheduleBody(BaseModel):
    """A step of an integration or interface version, when, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    subject: Annotated[str, Field(max_length=80)]
    event: ScheduledEvent
    due: AwareDatetime
    reason: _Reason


class CancelBody(BaseModel):
    """Why a step is taken off the calendar."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    reason: _Reason = ""


def lifecycle_router(services: ControlServices) -> APIRouter:
    """``/integrations/{name}/onboarding`` and ``/decommission``, and ``/schedule``."""
    router = APIRouter(tags=["lifecycle"])
    guard = services.access.guard
    reader = Annotated[Person, Depends(guard(*Role))]
    mover = Annotated[Person, Depends(guard(Role.OPERATOR, Role.ADMIN))]

    @router.get("/integrations/{name}/onboarding")
    def get_onboarding(name: str, _person: reader) -> OnboardingView:
        """What the integration has and lacks on its way to production, each with evidence and the next step."""
        return OnboardingView.model_validate(onboarding(services.registry, name))

    @router.post("/integrations/{name}/decommission")
    def decommission_integration(name: str, body: DecommissionBody, person: mover) -> DecommissionView:
        """Begin a decommissioning or go on with it, as far as it goes now; ask again while a step waits."""
        if body.dry_run:
            report = rehearse(services.registry, name, discard=body.discard_messages)
        else:
            report = decommission(services.registry, name, person.name, body.reason, discard=body.discard_messages)
        return DecommissionView.model_validate(report)

    @router.get("/schedule")
    def get_schedule(_person: reader, *, past: Annotated[bool, Query()] = False) -> CalendarView:
        """Steps that are scheduled; with ``past`` also those that are done or cancelled."""
        return CalendarView.model_validate({"items": calendar(services.registry, only_open=not past)})

    @router.post("/schedule")
    def add_to_schedule(body: ScheduleBody, person: mover) -> TransitionView:
        """Schedule a step. One that waits for the same event of the same subject is replaced."""
        due: datetime = body.due
        added = schedule(services.registry, body.subject, body.event, due, person=person.name, reason=body.reason)
        return TransitionView.model_validate(added)

    @router.post("/schedule/{identifier}/cancel")
    def cancel_scheduled(identifier: str, body: CancelBody, person: mover) -> TransitionView:
        """Take a step off the calendar."""
        return TransitionView.model_validate(cancel(services.registry, identifier, person.name, body.reason))

    return router
