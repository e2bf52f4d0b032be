"""Search over the registry: words, facets, order, pages. Pure.

* Every word must occur somewhere in the entry, without regard to case.
* Values of one facet add up (owner a *or* b); different facets narrow down (owner *and* state).
* The counts of a facet are those under all *other* choices, so that one more value of it can be judged.
* Pages follow a cursor that holds the last entry's place in the order: entries that come or go move nothing else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

MAX_WORDS: Final = 20
MAX_VALUES: Final = 50
NONE: Final = "(none)"
"""The facet value of entries that have none: what nobody owns, what carries nothing known."""


class SearchError(ValueError):
    """A search that means nothing; the message says what is known."""


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """One registered document with everything that can be searched. What a kind does not have is empty."""

    kind: str
    name: str
    id: str = ""
    title: str = ""
    description: str = ""
    owner: str = ""
    state: str = ""
    criticality: str = ""
    source: str = ""
    target: str = ""
    systems: tuple[str, ...] = ()
    interface: str = ""
    version: str = ""
    entities: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    pattern: str = ""
    purpose: str = ""
    classification: str = ""
    tags: tuple[str, ...] = ()
    sla: str = ""
    findings: tuple[str, ...] = ()
    worst: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    revision: str = ""
    enforced: str = ""
    changed: datetime | None = None

    @property
    def reference(self) -> str:
        """``kind/name``."""
        return f"{self.kind.lower()}/{self.name}"

    @cached_property
    def text(self) -> str:
        """Everything that words are looked for in, folded."""
        parts = (
            self.kind, self.name, self.id, self.title, self.description, self.owner, *self.systems, self.interface,
            *self.entities, *self.technologies, self.purpose, self.pattern, *self.tags,
            *(f"{key}={value}" for key, value in self.labels.items()),
        )  # fmt: skip
        return "\n".join(parts).casefold()

    @cached_property
    def facets(self) -> Mapping[str, frozenset[str]]:
        """The values of each facet; :data:`NONE` where the entry could have one and has none."""
        return {name: frozenset(value or NONE for value in values(self)) for name, values in FACETS.items()}


FACETS: Final[Mapping[str, Callable[[CatalogueEntry], Sequence[str]]]] = {
    "kind": lambda entry: (entry.kind.lower(),),
    "owner": lambda entry: (entry.owner,),
    "state": lambda entry: (entry.state,) if entry.kind == "Integration" else (),
    "criticality": lambda entry: (entry.criticality,) if entry.criticality else (),
    "system": lambda entry: entry.systems,
    "zone": lambda entry: entry.zones,
    "classification": lambda entry: (entry.classification,) if entry.kind == "Integration" else (),
    "tag": lambda entry: entry.tags,
    "pattern": lambda entry: (entry.pattern,) if entry.pattern else (),
    "technology": lambda entry: entry.technologies,
    "entity": lambda entry: entry.entities,
    "finding": lambda entry: entry.findings,
    "label": lambda entry: tuple(f"{key}={value}" for key, value in entry.labels.items()),
}
_RANKS: Final = {word: rank for rank, word in enumerate(("vital", "high", "medium", "low", ""))}
_ORDERS: Final[Mapping[str, Callable[[CatalogueEntry], str | int]]] = {
    "name": lambda entry: entry.name,
    "id": lambda entry: entry.id,
    "title": lambda entry: entry.title.casefold(),
    "owner": lambda entry: entry.owner,
    "state": lambda entry: entry.state,
    "criticality": lambda entry: _RANKS.get(entry.criticality, len(_RANKS)),
    "findings": lambda entry: -len(entry.findings),
    "changed": lambda entry: -int(entry.changed.timestamp() * 1000) if entry.changed else 0,
}
ORDERS: Final = tuple(_ORDERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """What is asked. ``sort`` is one of :data:`ORDERS`, with ``-`` in front for the other way round."""

    text: str = ""
    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sort: str = "name"

    def as_json(self) -> dict[str, Any]:
        """As a saved view keeps it."""
        facets = {name: sorted(values) for name, values in sorted(self.facets.items())}
        return {"text": self.text, "facets": facets, "sort": self.sort}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """One page. ``facets`` counts each facet's values, most frequent first; ``cursor`` is empty at the end."""

    entries: tuple[CatalogueEntry, ...]
    total: int
    facets: Mapping[str, tuple[tuple[str, int], ...]]
    cursor: str


def search_query(text: str, facets: Iterable[str], sort: str = "name") -> SearchQuery:
    """A query from what people write; each of ``facets`` is ``NAME=VALUE``. Raises :class:`SearchError`."""
    if len(text.split()) > MAX_WORDS:
        raise SearchError(f"more than {MAX_WORDS} words")
    chosen: dict[str, set[str]] = {}
    for one in facets:
        name, equals, value = one.partition("=")
        if not equals or name not in FACETS:
            raise SearchError(f"{one[:60]!r} is no facet: write NAME=VALUE with one of {', '.join(FACETS)}")
        chosen.setdefault(name, set()).add(value)
    if sum(map(len, chosen.values())) > MAX_VALUES:
        raise SearchError(f"more than {MAX_VALUES} facet values")
    if (sort or "name").removeprefix("-") not in _ORDERS:
        raise SearchError(f"there is no order {sort[:30]!r}: choose one of {', '.join(ORDERS)}")
    return SearchQuery(
        text=text, facets={name: frozenset(values) for name, values in chosen.items()}, sort=sort or "name"
    )


def query_from_json(tree: Mapping[str, Any]) -> SearchQuery:
    """The query of a saved view. Raises :class:`SearchError` where facets or orders are no longer known."""
    facets = [f"{name}={value}" for name, values in tree.get("facets", {}).items() for value in values]
    return search_query(str(tree.get("text", "")), facets, str(tree.get("sort", "name")))


def search(
    entries: Iterable[CatalogueEntry], query: SearchQuery, *, limit: int, cursor: str = "", with_facets: bool = True
) -> SearchResult:
    """One page of what fits. ``cursor`` is that of the page before. Raises :class:`SearchError` for a foreign one."""
    words = query.text.casefold().split()
    matching = [entry for entry in entries if all(word in entry.text for word in words)]
    misses = [_missed(entry, query.facets) for entry in matching]
    fitting = [entry for entry, missed in zip(matching, misses, strict=True) if not missed]
    ordered = _ordered(fitting, query.sort)
    start = _after(ordered, query.sort, cursor) if cursor else 0
    page = ordered[start : start + limit]
    more = start + limit < len(ordered)
    return SearchResult(
        entries=tuple(page),
        total=len(ordered),
        facets=_counts(matching, misses) if with_facets else {},
        cursor=_cursor(page[-1], query.sort) if more and page else "",
    )


def _missed(entry: CatalogueEntry, facets: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The facets whose choice leaves this entry out."""
    return tuple(name for name, wanted in facets.items() if wanted.isdisjoint(entry.facets[name]))


def _counts(
    matching: Sequence[CatalogueEntry], misses: Sequence[tuple[str, ...]]
) -> dict[str, tuple[tuple[str, int], ...]]:
    counters: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for entry, missed in zip(matching, misses, strict=True):
        if len(missed) > 1:
            continue
        for name in missed or FACETS:
            counter = counters[name]
            for value in entry.facets[name]:
                counter[value] += 1
    return {
        name: tuple(sorted(counter.items(), key=lambda pair: (-pair[1], pair[0])))
        for name, counter in counters.items()
        if counter
    }


def _place(entry: CatalogueEntry, sort: str) -> tuple[str | int, str]:
    return _ORDERS[sort.removeprefix("-")](entry), entry.reference


def _ordered(entries: list[CatalogueEntry], sort: str) -> list[CatalogueEntry]:
    return sorted(entries, key=lambda entry: _place(entry, sort), reverse=sort.startswith("-"))


def _after(ordered: Sequence[CatalogueEntry], sort: str, cursor: str) -> int:
    try:
        value, reference = json.loads(cursor)
        last = (value, reference)
        if sort.startswith("-"):
            return next((n for n, one in enumerate(ordered) if _place(one, sort) < last), len(ordered))
        return next((n for n, one in enumerate(ordered) if _place(one, sort) > last), len(ordered))
    except (ValueError, TypeError) as error:
        raise SearchError("this cursor is not of this search: begin at the first page") from error


def _cursor(entry: CatalogueEntry, sort: str) -> str:
    return json.dumps(_place(entry, sort), separators=(",", ":"))
