"""Pages of the registry: search, one document with its history, the graph, the shadow inbox, work lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote, urlencode

import yaml
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from easement.api.access import access_record
from easement.api.paging import decode_cursor, encode_cursor
from easement.api.problem import ApiError
from easement.api.review_routes import actor_of
from easement.api.search_routes import MAX_CSV_ROWS, entries_csv, parsed_query
from easement.api.services import ControlServices
from easement.console.formatting import state_class, state_mark
from easement.console.forms import FormAct, form_route, see_other
from easement.console.graph_view import MAX_DEPTH, Overlay, neighbourhood
from easement.contract.documents import to_json
from easement.contract.kinds import KINDS
from easement.estate.graph import Direction, EstateGraph, Node, UnknownNodeError
from easement.governance.catalogue import Reading
from easement.governance.discovery import present_edges, present_worklists
from easement.governance.errors import GovernanceError, PolicyError, UnknownError
from easement.governance.history import document_events
from easement.governance.impact_query import ask_impact
from easement.governance.observed import EdgeSet
from easement.governance.saved_views import remove_view, save_view, view_named, views_of
from easement.governance.search import FACETS, ORDERS, SearchError, SearchQuery, query_from_json, search
from easement.governance.shadow_draft import draft_contract
from easement.governance.shadow_inbox import dismiss, shadow_entry, shadow_inbox
from easement.identity.people import Person, Role

if TYPE_CHECKING:
    from easement.console.routes import Console

PAGE: Final = 50
_SHOWN_FACETS: Final = tuple(name for name in FACETS if name != "label")
_SHOWN_VALUES: Final = 12
_MAY_DISMISS: Final = frozenset({Role.SECURITY, Role.OPERATOR, Role.ADMIN})
_ONLY_INTEGRATIONS: Final = {"kind": frozenset({"integration"})}
_DIRECTIONS: Final[Mapping[str, tuple[Direction, ...]]] = {
    "both": ("upstream", "downstream"), "downstream": ("downstream",), "upstream": ("upstream",),
}  # fmt: skip
_DRAWN_KINDS: Final = ("system", "interface", "integration", "agreement")
_CRITICALITIES: Final = ("low", "medium", "high", "vital")


@dataclass(frozen=True, slots=True)
class RegistryPages:
    """The pages over the console that renders them."""

    console: Console

    @property
    def services(self) -> ControlServices:
        """The control plane's services."""
        return self.console.services

    def search(self, request: Request) -> Response:
        """Everything that is registered, by words and facets."""
        person = self.console.person(request)
        query, view = self._query(request, person)
        cursor = request.query_params.get("cursor", "")[:2000]
        try:
            reading = self.services.catalogue.shown()
            found = search(reading.entries, query, limit=PAGE, cursor=decode_cursor(cursor) if cursor else "")
        except SearchError as error:
            raise ApiError(422, "malformed", str(error)) from error
        asked = _as_parameters(query)
        return self.console.render(
            "search.html", person, "/registry", title="Registry", query=query, view=view, found=found,
            facets=[(name, _facet_rows(query, name, found.facets.get(name, ()))) for name in _SHOWN_FACETS],
            chosen=[(name, value) for name, values in sorted(query.facets.items()) for value in sorted(values)],
            orders=ORDERS, views=views_of(self.services.registry, person.name), asked=urlencode(asked),
            following=urlencode([*asked, ("cursor", encode_cursor(found.cursor))]) if found.cursor else "",
            is_present=self.services.catalogue.is_present(reading), document_path=document_path,
            view_path=lambda name: f"/registry?view={quote(name, safe='')}",
        )  # fmt: skip

    def csv(self, request: Request) -> Response:
        """What a search finds, as CSV."""
        person = self.console.person(request)
        query, _ = self._query(request, person)
        found = search(self.services.catalogue.entries(), query, limit=MAX_CSV_ROWS, with_facets=False)
        headers = {
            "Content-Disposition": 'attachment; filename="registry.csv"', "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }  # fmt: skip
        return Response(entries_csv(found.entries), media_type="text/csv; charset=utf-8", headers=headers)

    def save(self, person: Person, _request: Request, fields: Mapping[str, str]) -> Response:
        """Keep a search under a name."""
        facets = [one for one in fields.get("facets", "").splitlines() if one]
        query = parsed_query(fields.get("text", ""), facets, fields.get("sort", ""))
        name = fields.get("name", "").strip()
        save_view(self.services.registry, actor_of(person), name, query, shared=bool(fields.get("shared")))
        return see_other(f"/registry?view={quote(name, safe='')}")

    def remove(self, person: Person, _request: Request, fields: Mapping[str, str]) -> Response:
        """Remove a saved search."""
        remove_view(self.services.registry, actor_of(person), fields.get("name", ""), of=fields.get("of", ""))
        return see_other("/registry")

    def document(self, request: Request) -> Response:
        """One document of any kind, with who changed what."""
        person = self.console.person(request)
        kind = next((known for known in KINDS if known.lower() == request.path_params["kind"]), "")
        name = request.path_params["name"]
        try:
            events = document_events(self.services.registry, self.services.ledger, kind, name)
        except UnknownError:
            return self.console.message(person, 404, "No such document", f"Nothing is registered as “{name}”.")
        entries = self.services.catalogue.entries()
        entry = next((one for one in entries if (one.kind, one.name) == (kind, name)), None)
        present = self.services.registry.snapshot().registered.get((kind, name))
        text = yaml.safe_dump(to_json(present.document), sort_keys=False, allow_unicode=True) if present else ""
        return self.console.render(
            "document.html", person, "/registry", title=entry.title or name if entry else name, kind=kind, name=name,
            entry=entry, events=events, text=text, reference=f"{kind.lower()}/{name}", graph_path=graph_path,
            is_drawn=kind.lower() in {*_DRAWN_KINDS, "team"},
        )  # fmt: skip

    def graph(self, request: Request) -> Response:
        """The neighbourhood of one document as a picture."""
        person = self.console.person(request)
        reading = self.services.catalogue.shown()
        graph = reading.graph
        asked = _text(request, "at", 400)
        choice = _GraphChoice.of(request, asked or _busiest(graph))
        try:
            found = [
                ask_impact(
                    reading.estate, choice.at, today=reading.today, direction=direction, depth=choice.depth, graph=graph
                )
                for direction in _DIRECTIONS[choice.direction]
            ]
        except UnknownNodeError as error:
            return self.console.render(
                "graph.html", person, "/graph", title="Graph", choice=choice, drawn=None, problem=str(error),
                owners=(), kinds=_DRAWN_KINDS, criticalities=_CRITICALITIES, graph_path=graph_path,
                document_path=reference_path, max_depth=MAX_DEPTH,
                is_present=self.services.catalogue.is_present(reading),
            )  # fmt: skip
        drawn = neighbourhood(
            found, keep=choice.keeps, words=self._overlay(choice.overlay, reading), overlay=choice.overlay,
            state_class=state_class, state_mark=state_mark,
        )  # fmt: skip
        return self.console.render(
            "graph.html", person, "/graph", title="Graph", choice=choice, drawn=drawn, problem="",
            owners=sorted({node.owner for answer in found for node, _ in answer.reached() if node.owner}),
            kinds=_DRAWN_KINDS, criticalities=_CRITICALITIES, graph_path=graph_path, document_path=reference_path,
            max_depth=MAX_DEPTH, is_present=self.services.catalogue.is_present(reading),
        )  # fmt: skip

    def shadow(self, request: Request) -> Response:
        """Who tries what without a contract, and how that compares with what is declared."""
        person = self.console.auditor(request)
        self._note(person, "audit.shadow")
        estate = self.services.catalogue.read().estate
        every = bool(_text(request, "every", 5))
        edges = present_edges(self.services.registry, self.services.ledger, estate)
        sets = {one: [edge for edge in edges if edge.edge_set is one] for one in EdgeSet}
        return self.console.render(
            "shadow.html", person, "/shadow", title="Shadow inbox", every=every,
            entries=shadow_inbox(self.services.registry, self.services.ledger, estate, every=every),
            seen=sets[EdgeSet.DECLARED_AND_SEEN], silent=sets[EdgeSet.DECLARED_NOT_SEEN],
            undeclared=sets[EdgeSet.SEEN_NOT_DECLARED],
        )  # fmt: skip

    def shadow_entry(self, request: Request) -> Response:
        """One entry: what was tried, a draft, a form to dismiss it."""
        person = self.console.auditor(request)
        estate = self.services.catalogue.read().estate
        try:
            entry = shadow_entry(self.services.registry, self.services.ledger, estate, request.path_params["key"][:64])
        except UnknownError as error:
            return self.console.message(person, 404, "No such entry", str(error))
        self._note(person, "audit.shadow", entry=entry.key)
        try:
            draft, why_not = draft_contract(entry, estate), ""
        except PolicyError as error:
            draft, why_not = None, str(error)
        return self.console.render(
            "shadow_entry.html", person, "/shadow", title="Attempts without a contract", entry=entry, draft=draft,
            why_not=why_not, may_dismiss=bool(_MAY_DISMISS & person.roles),
        )  # fmt: skip

    def dismiss(self, person: Person, request: Request, fields: Mapping[str, str]) -> Response:
        """Put an entry away."""
        if not _MAY_DISMISS & person.roles:
            raise ApiError(403, "role-missing", "this takes one of the roles security, operator, admin")
        days = fields.get("days", "90")
        if not days.isascii() or not days.isdigit() or len(days) > 4:
            raise PolicyError("the days are no number", ("write a number such as 90",))
        estate = self.services.catalogue.read().estate
        entry = shadow_entry(self.services.registry, self.services.ledger, estate, request.path_params["key"][:64])
        period = timedelta(days=int(days))
        dismiss(self.services.registry, entry, actor_of(person), fields.get("reason", ""), period=period)
        return see_other("/shadow")

    def worklists(self, request: Request) -> Response:
        """What there is to tidy up."""
        person = self.console.person(request)
        owner = _text(request, "owner", 63)
        estate = self.services.catalogue.read().estate
        places = self.services.health.accounts_in_several_places(self.services.registry.now())
        lists = present_worklists(self.services.registry, self.services.ledger, estate, places=places)
        shown = {name: [item for item in items if owner in {"", item.owner}] for name, items in lists.items()}
        return self.console.render(
            "worklists.html", person, "/worklists", title="Work lists", lists=shown, owner=owner,
            owners=sorted({item.owner for items in lists.values() for item in items if item.owner}),
            document_path=reference_path,
        )  # fmt: skip

    def _query(self, request: Request, person: Person) -> tuple[SearchQuery, str]:
        """What the address asks; integrations alone where it asks for no kind and no view."""
        facets = [value[:400] for value in request.query_params.getlist("facet")[:100]]
        if value := _text(request, "state", 16):
            facets.append(f"state={value}")
        asked = parsed_query(_text(request, "q", 400), facets, _text(request, "sort", 30))
        view = _text(request, "view", 63)
        if view:
            try:
                saved = query_from_json(view_named(self.services.registry, person.name, view).query)
            except GovernanceError as error:
                raise ApiError(404, "not-found", str(error)) from error
            return SearchQuery(
                text=f"{saved.text} {asked.text}".strip(), facets={**saved.facets, **asked.facets},
                sort=saved.sort if asked.sort == "name" else asked.sort,
            ), view  # fmt: skip
        if "every" in request.query_params or "kind" in asked.facets:
            return asked, ""
        return SearchQuery(text=asked.text, facets={**_ONLY_INTEGRATIONS, **asked.facets}, sort=asked.sort), ""

    def _overlay(self, overlay: Overlay, reading: Reading) -> Callable[[str], str]:
        if overlay == "health":
            rows = self.console.monitoring.integration_health(self.services.registry.now())
            states = {f"integration/{row.name}": str(row.state) for row in rows}
            return lambda reference: states.get(reference, "")
        if overlay == "data":
            return lambda reference: _carried(reading, reference)
        return lambda _reference: ""

    def _note(self, person: Person, what: str, **detail: str) -> None:
        self.services.registry.record([access_record(person.name, what, **detail)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _GraphChoice:
    """What somebody wants to see of the graph."""

    at: str
    depth: int
    direction: str
    overlay: Overlay
    kind: str
    owner: str
    criticality: str

    @classmethod
    def of(cls, request: Request, at: str) -> _GraphChoice:
        depth, overlay = _text(request, "depth", 2), _text(request, "overlay", 10)
        direction, kind = _text(request, "direction", 12), _text(request, "kind", 20)
        criticality = _text(request, "criticality", 10)
        return cls(
            at=at,
            depth=min(max(int(depth), 1), MAX_DEPTH) if depth.isascii() and depth.isdigit() else 2,
            direction=direction if direction in _DIRECTIONS else "both",
            overlay=cast("Overlay", overlay) if overlay in {"health", "data"} else "none",
            kind=kind if kind in _DRAWN_KINDS else "",
            owner=_text(request, "owner", 63),
            criticality=criticality if criticality in _CRITICALITIES else "",
        )

    def keeps(self, node: Node) -> bool:
        """Whether a node passes the filters. A filter by criticality leaves what has none, so that paths hold."""
        if self.kind and node.kind != self.kind:
            return False
        if self.owner and node.owner != self.owner:
            return False
        if not self.criticality or node.criticality is None:
            return True
        return _CRITICALITIES.index(str(node.criticality)) >= _CRITICALITIES.index(self.criticality)

    def with_at(self, at: str) -> str:
        """The address of the same view of another document."""
        return graph_path(
            at, depth=self.depth, direction=self.direction, overlay=self.overlay, kind=self.kind, owner=self.owner,
            criticality=self.criticality,
        )  # fmt: skip


def graph_path(at: str, **choice: object) -> str:
    """The address of the graph page at a document."""
    return "/graph?" + urlencode({"at": at, **{name: value for name, value in choice.items() if value}})


def document_path(kind: str, name: str) -> str:
    """The page of a document."""
    if kind == "Integration":
        return f"/integrations/{quote(name, safe='')}"
    return f"/documents/{kind.lower()}/{quote(name, safe='')}"


def reference_path(reference: str) -> str:
    """The page of a document by ``kind/name``; empty for a field, which has none."""
    kind, _, name = reference.partition("/")
    return document_path(kind.capitalize(), name) if kind.capitalize() in KINDS else ""


def _carried(reading: Reading, reference: str) -> str:
    kind, _, name = reference.partition("/")
    integration = reading.estate.integrations.get(name) if kind == "integration" else None
    return reading.carried(integration)[0] if integration else ""


def _busiest(graph: EstateGraph) -> str:
    """Where to begin: the system with the most relations, or the first document."""
    count: dict[str, int] = {}
    for edge in graph.edges:
        for end in (edge.start, edge.end):
            if end.startswith("system/"):
                count[end] = count.get(end, 0) + 1
    return max(sorted(count), key=count.__getitem__, default=graph.nodes[0].reference if graph.nodes else "")


def _facet_rows(query: SearchQuery, name: str, values: tuple[tuple[str, int], ...]) -> list[tuple[str, int, bool, str]]:
    """Value, count, whether it is chosen, and the address that turns it on or off."""
    chosen = query.facets.get(name, frozenset())
    counts = dict(values)
    shown = [value for value, _ in values[:_SHOWN_VALUES]]
    shown += sorted(chosen - set(shown))
    rows = []
    for value in shown:
        changed = {**query.facets, name: chosen ^ {value}}
        other = SearchQuery(text=query.text, facets={n: v for n, v in changed.items() if v}, sort=query.sort)
        rows.append((value, counts.get(value, 0), value in chosen, urlencode(_as_parameters(other))))
    return rows


def _as_parameters(query: SearchQuery) -> list[tuple[str, str]]:
    facets = [("facet", f"{name}={value}") for name, values in sorted(query.facets.items()) for value in sorted(values)]
    plain = [("q", query.text)] if query.text else []
    sort = [("sort", query.sort)] if query.sort != "name" else []
    every = [] if "kind" in query.facets else [("every", "1")]
    return [*plain, *facets, *sort, *every]


def _text(request: Request, name: str, length: int) -> str:
    return request.query_params.get(name, "")[:length].strip()


def add_registry_pages(
    router: APIRouter, console: Console, page_route: Callable[[Console, Callable[[Request], Response]], object]
) -> None:
    """Add the pages and forms to the console's router. ``page_route`` makes a page a route for who is signed in."""
    pages = RegistryPages(console)
    shown: Mapping[str, Callable[[Request], Response]] = {
        "/registry": pages.search,
        "/registry.csv": pages.csv,
        "/documents/{kind}/{name}": pages.document,
        "/graph": pages.graph,
        "/shadow": pages.shadow,
        "/shadow/{key}": pages.shadow_entry,
        "/worklists": pages.worklists,
    }
    for path, page in shown.items():
        router.add_api_route(path, cast("Callable[..., Response]", page_route(console, page)), methods=["GET"])
    forms: Mapping[str, FormAct] = {
        "/registry/views": pages.save,
        "/registry/views/remove": pages.remove,
        "/shadow/{key}/dismiss": pages.dismiss,
    }
    for path, act in forms.items():
        router.add_api_route(path, form_route(console, act), methods=["POST"])
