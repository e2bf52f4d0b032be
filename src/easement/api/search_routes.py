"""Search over the registry, its saved views, and the same as CSV."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from easement.api.paging import MAX_PAGE, decode_cursor, encode_cursor
from easement.api.problem import ApiError
from easement.api.registry_views import EntryView, FacetValueView, SavedViewList, SavedViewView, SearchPage
from easement.api.review_routes import actor_of
from easement.api.services import ControlServices
from easement.estate.exchange.csv_text import csv_text
from easement.governance.saved_views import remove_view, save_view, view_named, views_of
from easement.governance.search import (
    CatalogueEntry,
    SearchError,
    SearchQuery,
    query_from_json,
    search,
    search_query,
)
from easement.identity.people import Person, Role

MAX_CSV_ROWS: Final = 50_000
CSV_HEADER: Final = (
    "kind", "id", "name", "title", "owner", "state", "criticality", "source", "target", "interface", "version",
    "entities", "zones", "technologies", "pattern", "purpose", "classification", "tags", "sla", "findings", "labels",
    "links", "revision", "approved",
)  # fmt: skip


class SearchParameters(BaseModel):
    """Words, facets as ``NAME=VALUE``, an order, and a saved view that all of these narrow down."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    q: Annotated[str, Field(max_length=400, description="Words; each must occur.")] = ""
    facet: Annotated[
        list[Annotated[str, Field(max_length=400)]],
        Field(max_length=100, description="NAME=VALUE, as often as needed."),
    ] = []
    sort: Annotated[str, Field(max_length=30, description="An order; a minus in front turns it round.")] = ""
    view: Annotated[str, Field(max_length=63, description="A saved view to begin with.")] = ""


class SearchPageParameters(SearchParameters):
    """The same, a page at a time."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100
    cursor: Annotated[str, Field(max_length=2000)] = ""


class ViewBody(BaseModel):
    """A search to keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: Annotated[str, Field(max_length=400)] = ""
    facets: Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=100)] = []
    sort: Annotated[str, Field(max_length=30)] = "name"
    shared: bool = False


def search_router(services: ControlServices) -> APIRouter:
    """``/search``, ``/search.csv`` and ``/views``."""
    router = APIRouter(tags=["registry"])
    reader = Annotated[Person, Depends(services.access.guard(*Role))]

    @router.get("/search")
    def search_registry(asked: Annotated[SearchPageParameters, Query()], person: reader) -> SearchPage:
        """Documents that fit, a page at a time, with the counts of each facet."""
        query = asked_query(services, person, asked)
        after = decode_cursor(asked.cursor) if asked.cursor else ""
        try:
            found = search(services.catalogue.entries(), query, limit=asked.limit, cursor=after)
        except SearchError as error:
            raise ApiError(422, "malformed", str(error)) from error
        return SearchPage(
            items=[EntryView.model_validate(entry) for entry in found.entries],
            total=found.total,
            facets={
                name: [FacetValueView(value=value, count=count) for value, count in values]
                for name, values in found.facets.items()
            },
            cursor=encode_cursor(found.cursor) if found.cursor else "",
        )

    @router.get("/search.csv", response_class=Response)
    def search_csv(asked: Annotated[SearchParameters, Query()], person: reader) -> Response:
        """Everything that fits, as CSV. No cell of it is a formula."""
        query = asked_query(services, person, asked)
        found = search(services.catalogue.entries(), query, limit=MAX_CSV_ROWS, with_facets=False)
        headers = {"Content-Disposition": 'attachment; filename="registry.csv"', "Cache-Control": "no-store"}
        return Response(entries_csv(found.entries), media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/views")
    def list_views(person: reader) -> SavedViewList:
        """The views that the person may use: their own and shared ones."""
        found = views_of(services.registry, person.name)
        return SavedViewList(items=[SavedViewView.model_validate(view) for view in found])

    @router.put("/views/{name}")
    def put_view(name: str, body: ViewBody, person: reader) -> SavedViewView:
        """Keep a search under a name, or replace it."""
        query = parsed_query(body.text, body.facets, body.sort)
        saved = save_view(services.registry, actor_of(person), name, query, shared=body.shared)
        return SavedViewView.model_validate(saved)

    @router.delete("/views/{name}", status_code=204)
    def delete_view(name: str, person: reader, of: Annotated[str, Query(max_length=200)] = "") -> Response:
        """Remove a view; of another person only as an administrator."""
        remove_view(services.registry, actor_of(person), name, of=of)
        return Response(status_code=204)

    return router


def parsed_query(text: str, facets: list[str], sort: str) -> SearchQuery:
    """A query, or a problem document that says what is known."""
    try:
        return search_query(text, facets, sort)
    except SearchError as error:
        raise ApiError(422, "malformed", str(error)) from error


def asked_query(services: ControlServices, person: Person, asked: SearchParameters) -> SearchQuery:
    """The query of the parameters; those of a saved view come first, and what is said here narrows it down."""
    query = parsed_query(asked.q, asked.facet, asked.sort)
    if not asked.view:
        return query
    saved = query_from_json(view_named(services.registry, person.name, asked.view).query)
    return SearchQuery(
        text=f"{saved.text} {query.text}".strip(),
        facets={**saved.facets, **query.facets},
        sort=asked.sort or saved.sort,
    )


def entries_csv(entries: tuple[CatalogueEntry, ...]) -> str:
    """Entries as CSV; several values of a cell stand with a space between."""
    return csv_text(CSV_HEADER, map(_cells, entries))


def _cells(entry: CatalogueEntry) -> tuple[str, ...]:
    return (
        entry.kind, entry.id, entry.name, entry.title, entry.owner, entry.state, entry.criticality, entry.source,
        entry.target, entry.interface, entry.version, " ".join(entry.entities), " ".join(entry.zones),
        ", ".join(entry.technologies), entry.pattern, entry.purpose, entry.classification, " ".join(entry.tags),
        entry.sla, " ".join(entry.findings), " ".join(f"{key}={value}" for key, value in entry.labels.items()),
        " ".join(url for _, url in entry.links), entry.revision, entry.enforced,
    )  # fmt: skip
