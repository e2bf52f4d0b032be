"""What is registered: documents of each kind, their history, and what a change would reach."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from easement.api.paging import MAX_PAGE, is_known, page
from easement.api.registry_views import EventList, EventView
from easement.api.services import ControlServices
from easement.api.views import AffectedView, DocumentPage, DocumentView, ImpactView, RevisionList
from easement.contract.documents import to_json
from easement.estate.graph import UnknownNodeError
from easement.governance.errors import UnknownError
from easement.governance.history import document_events
from easement.governance.impact_query import ask_impact
from easement.governance.reading import (
    RegisteredDocument,
    document_history,
    registered,
    registered_document,
)
from easement.identity.people import Person, Role

COLLECTIONS: Final = {
    "teams": "Team",
    "systems": "System",
    "interfaces": "Interface",
    "integrations": "Integration",
    "standards": "Standard",
    "waivers": "Waiver",
    "agreements": "Agreement",
}


class DocumentQuery(BaseModel):
    """Which documents; an empty value asks nothing. ``state`` is of integrations."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100
    cursor: Annotated[str, Field(max_length=400)] = ""
    owner: Annotated[str, Field(max_length=63)] = ""
    state: Annotated[str, Field(max_length=16)] = ""


def registry_router(services: ControlServices) -> APIRouter:
    """``GET /{collection}``, ``/{collection}/{name}``, ``/{collection}/{name}/history``, ``/impact/{kind}/{name}``."""
    router = APIRouter(tags=["registry"])
    reader = Annotated[Person, Depends(services.access.guard(*Role))]
    for collection, kind in COLLECTIONS.items():
        _add_collection(router, services, collection, kind)

    @router.get("/impact/{kind}/{name:path}")
    def impact_of(
        kind: Literal["system", "interface", "integration", "agreement", "team", "standard", "field"],
        name: str,
        _person: reader,
        direction: Literal["downstream", "upstream"] = "downstream",
        depth: Annotated[int | None, Query(ge=1, le=50)] = None,
    ) -> ImpactView:
        """What a change reaches (downstream), or what it depends on (upstream); of a field, where it goes."""
        reading = services.catalogue.read()
        try:
            found = ask_impact(
                reading.estate,
                f"{kind}/{name}",
                today=reading.today,
                direction=direction,
                depth=depth,
                graph=services.catalogue.graph(),
            )
        except UnknownNodeError as error:
            raise UnknownError(str(error)) from error
        items = [
            AffectedView(
                reference=affected.node.reference,
                title=affected.node.title,
                owner=affected.node.owner,
                criticality=str(affected.node.criticality or ""),
                depth=affected.depth,
                path=list(affected.path),
            )
            for affected in found
        ]
        return ImpactView(start=found.start.reference, direction=direction, items=items)

    return router


def _add_collection(router: APIRouter, services: ControlServices, collection: str, kind: str) -> None:
    reader = Annotated[Person, Depends(services.access.guard(*Role))]

    def list_documents(
        query: Annotated[DocumentQuery, Query()], request: Request, response: Response, _person: reader
    ) -> Any:
        """Documents by name, a page at a time. The entity tag changes with the registry."""
        snapshot = services.registry.snapshot()
        etag = f'W/"{snapshot.head.version}"'
        if is_known(request, etag):
            return Response(status_code=304, headers={"ETag": etag})
        chosen = [
            document
            for document in registered(snapshot, kind)
            if query.owner in {"", document.document.metadata.owner} and query.state in {"", document.state}
        ]
        items, following = page(chosen, lambda document: document.name, cursor=query.cursor, limit=query.limit)
        response.headers["ETag"] = etag
        return DocumentPage(items=[_view(document) for document in items], cursor=following)

    def get_document(name: str, request: Request, response: Response, _person: reader) -> Any:
        """One document as it was applied last. Its entity tag is what If-Match takes."""
        document = registered_document(services.registry.snapshot(), kind, name)
        etag = etag_of(document)
        if is_known(request, etag):
            return Response(status_code=304, headers={"ETag": etag})
        response.headers["ETag"] = etag
        return _view(document)

    def get_history(name: str, _person: reader) -> Any:
        """Every revision, newest first."""
        return RevisionList.model_validate({"items": document_history(services.registry, kind, name)})

    def get_events(name: str, _person: reader) -> Any:
        """Who changed what, newest first: each revision field by field, decisions, and moves of the lifecycle."""
        found = document_events(services.registry, services.ledger, kind, name)
        return EventList(items=[EventView.model_validate(event) for event in found])

    router.add_api_route(
        f"/{collection}/{{name}}/events", get_events, response_model=EventList, operation_id=f"{kind.lower()}_events"
    )
    router.add_api_route(
        f"/{collection}", list_documents, response_model=DocumentPage, operation_id=f"list_{collection}"
    )
    router.add_api_route(
        f"/{collection}/{{name}}", get_document, response_model=DocumentView, operation_id=f"get_{kind.lower()}"
    )
    router.add_api_route(
        f"/{collection}/{{name}}/history",
        get_history,
        response_model=RevisionList,
        operation_id=f"{kind.lower()}_history",
    )


def etag_of(document: RegisteredDocument) -> str:
    """The entity tag of a document."""
    return f'"{document.version}"'


def _view(document: RegisteredDocument) -> DocumentView:
    metadata = document.document.metadata
    return DocumentView(
        kind=document.kind,
        name=document.name,
        title=metadata.title,
        owner=metadata.owner,
        revision=document.revision,
        enforced=document.enforced,
        document=to_json(document.document),
        id=document.id,
        state=document.state,
    )
