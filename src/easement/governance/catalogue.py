"""The registry as one value to ask: estate, graph and search entries, made once for each state of the registry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from threading import Lock, Thread
from time import monotonic
from typing import Any, Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Classification, Document, Integration, Interface, System
from easement.estate.flows import FlowIndex
from easement.estate.graph import EstateGraph, build_graph
from easement.estate.model import Estate
from easement.governance.registry import Registry
from easement.governance.search import CatalogueEntry
from easement.governance.snapshot import Snapshot
from easement.standards.model import Finding

_RISING: Final = tuple(Classification)
_AT_ONCE_S: Final = 0.5
"""Below this people wait for the newest: nobody notices, and what they just did is there."""
_SHOWN_AT_MOST_S: Final = 60.0


class Reading:
    """What is registered at one moment; each part is worked out when it is first asked for."""

    def __init__(self, snapshot: Snapshot, today: date) -> None:
        self.snapshot = snapshot
        self.today = today
        self.is_whole = False
        """Whether everything is worked out already."""

    def is_of(self, snapshot: Snapshot, today: date) -> bool:
        """Whether this is the reading of that state on that day."""
        return self.snapshot.head == snapshot.head and self.today == today

    def work_out(self) -> None:
        """Work everything out now."""
        _ = self.graph, self.entries
        self.is_whole = True

    @cached_property
    def estate(self) -> Estate:
        """The estate of everything that was applied, approved or not."""
        return self.snapshot.registered_estate().estate

    @cached_property
    def graph(self) -> EstateGraph:
        """The graph of that estate."""
        return build_graph(self.estate)

    @cached_property
    def flows(self) -> FlowIndex:
        """The flows of that estate."""
        return FlowIndex(self.estate)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the standards find in it today, waived findings included."""
        return self.snapshot.registered_findings(self.today)

    @cached_property
    def entries(self) -> tuple[CatalogueEntry, ...]:
        """Every document as search sees it."""
        return catalogue_entries(self)

    def carried(self, integration: Integration) -> tuple[str, frozenset[str]]:
        """The highest classification that an integration carries, and the tags; empty where nothing is known."""
        levels: set[Classification] = set()
        tags: set[str] = set()
        for flow in self.flows.flows(integration):
            for one in flow.fields:
                tags.update(str(tag) for tag in one.tags)
                if one.classification is not None:
                    levels.add(one.classification)
        return str(max(levels, key=_RISING.index)) if levels else "", frozenset(tags)


@dataclass(slots=True)
class Catalogue:
    """Keeps the reading of the present state. Usable from several threads: one works it out, the others wait.

    A large registry takes seconds to read after each change. :meth:`read` waits for that; :meth:`shown` is for pages
    that people look at, and gives them what was read before while a thread reads the new state.
    """

    registry: Registry
    _turn: Lock = field(default_factory=Lock, repr=False)
    _renewal: Lock = field(default_factory=Lock, repr=False)
    _last: Reading | None = None
    _took_s: float = 0.0
    _since: float = 0.0

    def read(self) -> Reading:
        """The registry as it is now, and as the standards judge it today."""
        snapshot, today = self.registry.snapshot(), self.registry.today
        with self._turn:
            if self._last is None or not self._last.is_of(snapshot, today):
                self._last = Reading(snapshot, today)
            return self._last

    def shown(self) -> Reading:
        """What a page may show: the present state, or for a while the one before it where reading takes long."""
        snapshot, today, last = self.registry.snapshot(), self.registry.today, self._last
        if last is not None and last.is_whole and last.is_of(snapshot, today):
            return last
        if last is None or not last.is_whole or self._took_s < _AT_ONCE_S or self._is_too_old():
            return self._renew(Reading(snapshot, today))
        if self._renewal.acquire(blocking=False):
            Thread(target=self._renew_aside, args=(Reading(snapshot, today),), daemon=True).start()
        return last

    def is_present(self, reading: Reading) -> bool:
        """Whether nothing has changed since ``reading``."""
        return reading.is_of(self.registry.snapshot(), self.registry.today)

    def entries(self) -> tuple[CatalogueEntry, ...]:
        """The search entries of the present state."""
        return self.read().entries

    def graph(self) -> EstateGraph:
        """The graph of the present state."""
        return self.read().graph

    def _is_too_old(self) -> bool:
        return 0 < self._since < monotonic() - _SHOWN_AT_MOST_S

    def _renew_aside(self, reading: Reading) -> None:
        try:
            self._since = monotonic()
            self._renew(reading)
        finally:
            self._renewal.release()

    def _renew(self, reading: Reading) -> Reading:
        began = monotonic()
        reading.work_out()
        with self._turn:
            self._last, self._took_s, self._since = reading, monotonic() - began, 0.0
        return reading


def catalogue_entries(reading: Reading) -> tuple[CatalogueEntry, ...]:
    """One entry for each registered document, by kind and name."""
    found: dict[str, list[Finding]] = {}
    for finding in reading.findings:
        if not finding.waived_by:
            found.setdefault(finding.subject, []).append(finding)
    entries = []
    for (kind, name), entry in sorted(reading.snapshot.registered.items()):
        stored = reading.snapshot.documents[kind, name]
        findings = found.get(f"{kind.lower()}/{name}", ())
        entries.append(
            CatalogueEntry(
                kind=kind,
                name=name,
                title=entry.document.metadata.title,
                description=entry.document.metadata.description,
                owner=entry.document.metadata.owner,
                labels=dict(entry.document.metadata.labels),
                links=tuple((link.title, link.url) for link in entry.document.metadata.links),
                revision=stored.registered,
                enforced=stored.enforced,
                findings=tuple(sorted({finding.rule for finding in findings})),
                worst=_worst(findings),
                **_particular(reading, entry.document, name),
            )
        )
    return tuple(entries)


def _worst(findings: Iterable[Finding]) -> str:
    counts = Counter(str(finding.severity) for finding in findings)
    return next((word for word in ("error", "warning", "info") if counts[word]), "")


def _particular(reading: Reading, document: Document, name: str) -> dict[str, Any]:
    if isinstance(document, Integration):
        return _of_integration(reading, document, name)
    if isinstance(document, Interface):
        system = reading.estate.systems.get(document.spec.system)
        return {
            "systems": (document.spec.system,),
            "interface": name,
            "version": str(document.spec.version),
            "entities": document.spec.entities,
            "zones": system.spec.zones if system else (),
            "technologies": _technologies([system]),
            "criticality": str(system.spec.criticality) if system else "",
        }
    if isinstance(document, System):
        return {
            "systems": (name,),
            "zones": document.spec.zones,
            "technologies": _technologies([document]),
            "criticality": str(document.spec.criticality),
        }
    return {}


def _of_integration(reading: Reading, integration: Integration, name: str) -> dict[str, Any]:
    spec, estate = integration.spec, reading.estate
    key = reference_key(spec.interface)
    interface = estate.interfaces.get(key)
    parties = [estate.systems.get(spec.source), estate.systems.get(spec.target)]
    stored = reading.snapshot.integrations.get(name)
    classification, tags = reading.carried(integration)
    throughput = spec.sla.throughput
    return {
        "id": stored.id if stored else "",
        "state": stored.state if stored else "",
        "changed": stored.changed if stored else None,
        "source": spec.source,
        "target": spec.target,
        "systems": (spec.source, spec.target),
        "interface": key,
        "version": str(spec.interface.version),
        "entities": interface.spec.entities if interface else (),
        "zones": tuple(dict.fromkeys(zone for party in parties if party for zone in party.spec.zones)),
        "technologies": _technologies(parties),
        "pattern": str(spec.pattern),
        "purpose": spec.purpose,
        "criticality": str(spec.sla.criticality),
        "classification": classification,
        "tags": tuple(sorted(tags)),
        "sla": _sla(
            {
                "availability": f"{spec.sla.availability:g} %" if spec.sla.availability else "",
                "p95": str(spec.sla.latency.p95 or ""),
                "limit": str(throughput.limit or ""),
            }
        ),
    }


def _technologies(systems: Iterable[System | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.spec.technology for one in systems if one and one.spec.technology))


def _sla(terms: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in terms.items() if value)
