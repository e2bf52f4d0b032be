"""The registry in other notations."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from easement.api.services import ControlServices
from easement.estate.exchange.exports import ExportFormat, export_text, main_definitions
from easement.identity.people import Person, Role

_TYPES: Final = {
    ExportFormat.BACKSTAGE: ("application/yaml", "catalog-info.yaml"),
    ExportFormat.CSV: ("text/csv", "estate.csv"),
    ExportFormat.JSON: ("application/json", "estate.json"),
    ExportFormat.MERMAID: ("text/plain", "estate.mmd"),
}


def export_router(services: ControlServices) -> APIRouter:
    """``GET /export/{notation}``."""
    router = APIRouter(tags=["registry"])
    reader = Annotated[Person, Depends(services.access.guard(*Role))]

    @router.get("/export/{notation}", response_class=Response)
    def export_estate(notation: ExportFormat, _person: reader) -> Response:
        """Everything that is registered, as Backstage entities, CSV, JSON or a Mermaid chart."""
        reading = services.catalogue.read()
        sources = ((entry.document, entry.file, entry.files) for entry in reading.snapshot.registered.values())
        text = export_text(reading.estate, notation, main_definitions(sources))
        media_type, name = _TYPES[notation]
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(text, media_type=f"{media_type}; charset=utf-8", headers=headers)

    return router
