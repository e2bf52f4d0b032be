"""``GET /metrics``: what a Prometheus server scrapes, with a bearer token of any role."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from easement.api.access import AccessControl
from easement.identity.people import Person, Role

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_router(
    access: AccessControl, exposition: Callable[[datetime], bytes], now: Callable[[], datetime]
) -> APIRouter:
    """The exposition of the monitor's roll-ups. Names of integrations are not public, so it takes a sign-in."""
    router = APIRouter(tags=["health"])
    reader = Annotated[Person, Depends(access.guard(*Role))]

    @router.get("/metrics", response_class=Response)
    def metrics(_person: reader) -> Response:
        """Metrics in the Prometheus text format."""
        return Response(exposition(now()), media_type=CONTENT_TYPE)

    return router
