"""What search, saved views, history and discovery answer, as models."""

from __future__ import annotations

from typing import Any

from easement.api.views import FieldChangeView, Moment, View


class EntryView(View):
    """One registered document with everything that can be searched; what its kind does not have is empty."""

    reference: str
    kind: str
    name: str
    id: str
    title: str
    description: str
    owner: str
    state: str
    criticality: str
    source: str
    target: str
    systems: list[str]
    interface: str
    version: str
    entities: list[str]
    zones: list[str]
    technologies: list[str]
    pattern: str
    purpose: str
    classification: str
    tags: list[str]
    sla: str
    findings: list[str]
    worst: str
    labels: dict[str, str]
    links: list[tuple[str, str]]
    revision: str
    enforced: str
    changed: Moment | None


class FacetValueView(View):
    """One value of a facet, and how many entries have it under the other choices."""

    value: str
    count: int


class SearchPage(View):
    """One page of what fits, and the facets of all of it."""

    items: list[EntryView]
    total: int
    facets: dict[str, list[FacetValueView]]
    cursor: str


class SavedViewView(View):
    """A named search. ``query`` has ``text``, ``facets`` and ``sort``."""

    name: str
    person: str
    shared: bool
    query: dict[str, Any]
    created: Moment
    changed: Moment
    version: int


class SavedViewList(View):
    """Views by name."""

    items: list[SavedViewView]


class EventView(View):
    """One thing that happened to a document."""

    time: Moment
    person: str
    what: str
    revision: str
    fields: list[FieldChangeView]
    detail: str
    transaction_id: str


class EventList(View):
    """What happened, newest first."""

    items: list[EventView]
