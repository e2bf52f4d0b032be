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


class EdgeView(View):
    """One connection between two systems, declared, seen, or both. Times are milliseconds since the epoch, or 0."""

    edge_set: str
    integration: str
    source: str
    target: str
    interface: str
    state: str
    count: int
    first_ms: int
    last_ms: int


class EdgeList(View):
    """Connections by set."""

    items: list[EdgeView]


class TriedOperationView(View):
    """One operation or place that was tried; ``name`` is empty where nothing registered is there."""

    name: str
    place: str
    code: str
    count: int
    first_ms: int
    last_ms: int


class DismissalView(View):
    """Who put an entry away, why, and until when."""

    key: str
    person: str
    reason: str
    operations: list[str]
    created: Moment
    until: Moment


class ShadowEntryView(View):
    """One caller at one interface without a contract."""

    key: str
    account: str
    known: bool
    verb: str
    interface: str
    provider: str
    operations: list[TriedOperationView]
    count: int
    first_ms: int
    last_ms: int
    transaction_id: str
    dismissed: DismissalView | None


class ShadowList(View):
    """The shadow inbox, the latest first."""

    items: list[ShadowEntryView]


class PlaceholderView(View):
    """A place in a draft that a person must decide."""

    path: str
    decide: str


class DraftView(View):
    """A drafted contract as YAML."""

    name: str
    text: str
    placeholders: list[PlaceholderView]


class WorkItemView(View):
    """One thing to tidy up."""

    worklist: str
    subject: str
    owner: str
    why: str
    others: list[str]


class WorkListView(View):
    """One work list."""

    name: str
    count: int
    items: list[WorkItemView]


class WorkListsView(View):
    """All work lists."""

    lists: list[WorkListView]
