"""What is declared against what is seen: edge sets, the shadow inbox, work lists."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from easement.api.access import access_record
from easement.api.registry_views import (
    DraftView,
    EdgeList,
    EdgeView,
    ShadowEntryView,
    ShadowList,
    WorkItemView,
    WorkListsView,
    WorkListView,
)
from easement.api.review_routes import actor_of
from easement.api.services import ControlServices
from easement.governance.discovery import present_edges, present_worklists
from easement.governance.observed import EdgeSet
from easement.governance.shadow_draft import draft_contract
from easement.governance.shadow_inbox import dismiss, shadow_entry, shadow_inbox
from easement.identity.people import Person, Role


class DismissalBody(BaseModel):
    """Why, and for how long."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    days: Annotated[int, Field(ge=1, le=366)] = 90


def discovery_router(services: ControlServices) -> APIRouter:
    """``/edges``, ``/shadow`` and ``/worklists``."""
    router = APIRouter(tags=["discovery"])
    guard = services.access.guard
    reader = Annotated[Person, Depends(guard(*Role))]
    auditor = Annotated[Person, Depends(guard(Role.AUDITOR, Role.SECURITY, Role.COMPLIANCE, Role.OPERATOR, Role.ADMIN))]
    decider = Annotated[Person, Depends(guard(Role.SECURITY, Role.OPERATOR, Role.ADMIN))]

    def note(person: Person, what: str, **detail: str) -> None:
        services.registry.record([access_record(person.name, what, **detail)])

    @router.get("/edges")
    def list_edges(
        person: auditor,
        set: EdgeSet | Literal[""] = "",  # noqa: A002 - the name of the parameter
        days: Annotated[int, Query(ge=1, le=400)] = 30,
    ) -> EdgeList:
        """Declared and seen, declared and not seen, seen and not declared, over the last days."""
        note(person, "audit.edges")
        estate = services.catalogue.read().estate
        found = present_edges(services.registry, services.ledger, estate, look_back=timedelta(days=days))
        return EdgeList(items=[EdgeView.model_validate(edge) for edge in found if set in {"", edge.edge_set}])

    @router.get("/shadow")
    def list_shadow(person: auditor, every: bool = False) -> ShadowList:  # noqa: FBT001, FBT002 - a query parameter
        """Who tries what without a contract, the latest first; ``every`` adds what was dismissed."""
        note(person, "audit.shadow")
        estate = services.catalogue.read().estate
        found = shadow_inbox(services.registry, services.ledger, estate, every=every)
        return ShadowList(items=[ShadowEntryView.model_validate(entry) for entry in found])

    @router.get("/shadow/{key}")
    def get_shadow(key: str, person: auditor) -> ShadowEntryView:
        """One entry, dismissed or not."""
        note(person, "audit.shadow", entry=key[:16])
        estate = services.catalogue.read().estate
        return ShadowEntryView.model_validate(shadow_entry(services.registry, services.ledger, estate, key))

    @router.get("/shadow/{key}/draft")
    def get_draft(key: str, person: auditor) -> DraftView:
        """A contract of the least right that covers what was tried, and what is left to decide."""
        note(person, "audit.shadow", entry=key[:16])
        estate = services.catalogue.read().estate
        entry = shadow_entry(services.registry, services.ledger, estate, key)
        return DraftView.model_validate(draft_contract(entry, estate))

    @router.post("/shadow/{key}/dismiss")
    def dismiss_shadow(key: str, body: DismissalBody, person: decider) -> ShadowEntryView:
        """Put an entry away, with a reason and an end. On the record."""
        estate = services.catalogue.read().estate
        entry = shadow_entry(services.registry, services.ledger, estate, key)
        dismiss(services.registry, entry, actor_of(person), body.reason, period=timedelta(days=body.days))
        return ShadowEntryView.model_validate(shadow_entry(services.registry, services.ledger, estate, entry.key))

    @router.get("/worklists")
    def list_work(
        _person: reader,
        owner: Annotated[str, Query(max_length=63)] = "",
        stale_days: Annotated[int, Query(ge=1, le=3650)] = 90,
    ) -> WorkListsView:
        """What nobody owns, nobody uses, nothing flows through, or is there twice."""
        estate = services.catalogue.read().estate
        lists = present_worklists(
            services.registry,
            services.ledger,
            estate,
            places=services.health.accounts_in_several_places(services.registry.now()),
            stale_after=timedelta(days=stale_days),
        )
        return WorkListsView(
            lists=[
                WorkListView(
                    name=str(name),
                    count=len(chosen),
                    items=[WorkItemView.model_validate(item) for item in chosen],
                )
                for name, items in lists.items()
                for chosen in [[item for item in items if owner in {"", item.owner}]]
            ]
        )

    return router
