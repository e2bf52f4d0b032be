"""Continuous control validation: ask for a run, see how it stands, read what was found."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from easement.api.services import ControlServices
from easement.api.validation_views import ProbeReportView, ProbeRunsView, ProbeRunView, report_view, run_view
from easement.governance.control_validation import RunState, report_about, request_run, run_state, runs
from easement.identity.people import Person, Role

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


class ProbeRunBody(BaseModel):
    """Which integrations; none means all that have operations at the gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    integrations: Annotated[list[_Name], Field(max_length=1000)] = []


def validation_router(services: ControlServices) -> APIRouter:
    """``/probe-runs`` and ``/probe-reports``."""
    router = APIRouter(tags=["control validation"])
    guard = services.access.guard
    asker = Annotated[Person, Depends(guard(Role.SECURITY, Role.OPERATOR, Role.ADMIN))]
    reader = Annotated[Person, Depends(guard(*Role))]

    @router.post("/probe-runs", status_code=202)
    def ask(body: ProbeRunBody, person: asker) -> ProbeRunView:
        """Have the controls of integrations tried at the running gateway, against copies that reach no target."""
        return run_view(RunState(run=request_run(services.registry, person.name, body.integrations), reports=()))

    @router.get("/probe-runs")
    def get_runs(_person: reader) -> ProbeRunsView:
        """The newest runs, with how many cases failed."""
        return ProbeRunsView.of(runs(services.registry))

    @router.get("/probe-runs/{identifier}")
    def get_one(identifier: str, _person: reader) -> ProbeRunView:
        """How a run stands."""
        return run_view(run_state(services.registry, identifier))

    @router.get("/probe-reports")
    def get_report(
        _person: reader,
        integration: Annotated[str, Query(max_length=63)] = "",
        run: Annotated[str, Query(max_length=36)] = "",
    ) -> ProbeReportView:
        """What was found about an integration, by the newest run or by one; without a name, about the gateway."""
        return report_view(report_about(services.registry, integration, run))

    return router
