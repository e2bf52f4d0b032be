"""Trying standards on the registry before they block anything, and the report on waivers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from easement.api.services import ControlServices
from easement.governance.standard_trials import try_on_registry
from easement.governance.waivers import registered_waivers
from easement.identity.people import Person, Role
from easement.standards.trial import trial_values
from easement.standards.waiver_report import waiver_values


class TrialBody(BaseModel):
    """A file of Standard documents among the files that its rulesets are made of, path to text."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: Annotated[str, Field(min_length=1, max_length=500)]
    files: Annotated[dict[Annotated[str, Field(max_length=500)], str], Field(min_length=1, max_length=500)]


def standard_router(services: ControlServices) -> APIRouter:
    """``/standard-trials`` and ``/waiver-report``."""
    router = APIRouter(tags=["standards"])
    reader = Annotated[Person, Depends(services.access.guard(*Role))]

    # A trial judges the whole estate by expressions of the caller's: more work than a mere reader may ask for.
    trier = Annotated[Person, Depends(services.access.guard(*(role for role in Role if role is not Role.VIEWER)))]

    @router.post("/standard-trials")
    def try_standard(body: TrialBody, _person: trier) -> dict[str, Any]:
        """What the standards would find in everything that is registered. Nothing is changed or kept."""
        files = {name: text.encode() for name, text in body.files.items()}
        return trial_values(try_on_registry(services.registry, body.file, files))

    @router.get("/waiver-report")
    def list_waivers(_person: reader) -> dict[str, Any]:
        """Every waiver with where it stands, who asked for it and who approved it; the most urgent first."""
        return {"items": [waiver_values(entry) for entry in registered_waivers(services.registry)]}

    return router
