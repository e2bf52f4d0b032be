"""Whether things work: the integrations, and this installation."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic_core import to_jsonable_python
from starlette.responses import JSONResponse, Response

from easement.api.services import ControlServices
from easement.api.views import HealthView, ReadinessView
from easement.identity.people import Person, Role
from easement.store.database import reading
from easement.store.documents import read_head


def health_router(services: ControlServices) -> APIRouter:
    """``GET /health``: the state of each integration, with its reason."""
    router = APIRouter(tags=["health"])
    reader = Annotated[Person, Depends(services.access.guard(*Role))]

    @router.get("/health")
    def health(_person: reader) -> HealthView:
        """Each integration with its state in words, the reason, and since when."""
        found = services.health.integration_health(services.registry.now())
        return HealthView(items=[to_jsonable_python(each) for each in found])

    return router


def probe_router(services: ControlServices) -> APIRouter:
    """``/livez`` and ``/readyz``, for supervisors; they tell nothing that needs a sign-in."""
    router = APIRouter(tags=["health"])

    @router.get("/livez", response_class=Response)
    def livez() -> Response:
        """The process answers."""
        return Response("ok\n", media_type="text/plain")

    @router.get("/readyz")
    def readyz() -> Response:
        """The database answers. Says too which of the other processes are ready; they do not count."""
        with reading(services.registry.engine) as connection:
            read_head(connection)
        view = ReadinessView(ready=True, roles=dict(services.roles()))
        return JSONResponse(view.model_dump(by_alias=True))

    return router
