"""The facts that rules read: one document with everything it refers to, worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from easement.contract.identity import document_key
from easement.contract.kinds import (
    Agreement,
    Classification,
    Document,
    Integration,
    Interface,
    System,
    Tag,
    Waiver,
)
from easement.contract.revision import definition_files, definition_path
from easement.estate.flows import CarriedField, Flow, FlowIndex
from easement.estate.model import Estate, LifecycleState
from easement.interfaces.model import InterfaceModel
from easement.interfaces.offered_fields import InterfaceFields
from easement.standards.links import EstateLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """Any document by itself. ``subject`` is ``kind/name``."""

    document: Document
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnresolvedFacts:
    """An integration of which something that it names is missing, so that nobody can say what it carries."""

    integration: Integration
    subject: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationFacts:
    """One integration with its parties, its interface and what it carries."""

    integration: Integration
    subject: str
    source: System
    target: System
    interface: Interface
    model: InterfaceModel
    offered: InterfaceFields
    flows: tuple[Flow, ...]
    estate: Estate
    links: EstateLinks
    today: date

    def party(self, name: str) -> System:
        """The source or target of that name."""
        return self.source if name == self.source.metadata.name else self.target

    def other(self, system: System) -> System:
        """The party across from ``system``."""
        return self.target if system is self.source else self.source

    @property
    def parties(self) -> tuple[System, System]:
        """Source and target."""
        return self.source, self.target

    @property
    def fields(self) -> Iterator[CarriedField]:
        """Every field of every flow; a path may come twice."""
        for flow in self.flows:
            yield from flow.fields

    @property
    def carries_personal_data(self) -> bool:
        """Whether any flow carries personal data."""
        return any(carried.is_personal for carried in self.fields)

    def tagged(self, tags: frozenset[Tag], flows: Iterable[Flow] | None = None) -> tuple[str, ...]:
        """Sorted paths of the carried fields (of ``flows``, else of all) that have one of ``tags``."""
        chosen = self.flows if flows is None else flows
        return tuple(
            sorted({carried.path for flow in chosen for carried in flow.fields if not tags.isdisjoint(carried.tags)})
        )

    def classified(self, lowest: Classification) -> tuple[str, ...]:
        """Sorted paths of the carried leaves that are classified ``lowest`` or above."""
        return tuple(
            sorted(
                {
                    carried.path
                    for carried in self.fields
                    if carried.leaf and carried.classification and carried.classification.rank >= lowest.rank
                }
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceFacts:
    """One interface with its definition, the system that offers it, and who uses it. ``key`` is its registry key.

    ``described`` are the files of its description by path, the description itself first.
    """

    interface: Interface
    subject: str
    key: str
    model: InterfaceModel
    offered: InterfaceFields
    system: System | None
    links: EstateLinks
    described: tuple[tuple[str, bytes], ...] = ()

    @property
    def consumers(self) -> tuple[Integration, ...]:
        """The integrations that use this version of the interface."""
        return self.links.consumers(self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """One system with the integrations that reach it."""

    system: System
    subject: str
    inbound: tuple[Integration, ...]
    links: EstateLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFacts:
    """One agreement among all of them."""

    agreement: Agreement
    subject: str
    agreements: Mapping[str, Agreement]
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverFacts:
    """One waiver on a day."""

    waiver: Waiver
    subject: str
    today: date


Facts = DocumentFacts | UnresolvedFacts | IntegrationFacts | InterfaceFacts | SystemFacts | AgreementFacts | WaiverFacts


def subject_of(document: Document) -> str:
    """``kind/key`` in lower case, such as ``system/crm`` and ``interface/orders-api@1``."""
    return f"{document.kind.lower()}/{document_key(document)}"


def collect_facts(estate: Estate, today: date) -> Iterator[Facts]:
    """The facts of every document that is not retired, interfaces read once."""
    index = FlowIndex(estate)
    integrations = [it for name, it in sorted(estate.integrations.items()) if not _is_retired(estate, name)]
    links = EstateLinks(estate, integrations)
    owned: list[Mapping[str, Document]] = [estate.systems, estate.interfaces]
    for documents in owned:
        for _, document in sorted(documents.items()):
            yield DocumentFacts(document=document, subject=subject_of(document))
    for integration in integrations:
        yield DocumentFacts(document=integration, subject=subject_of(integration))
        yield integration_facts(estate, integration, index, links, today)
    yield from _interface_facts(estate, index, links)
    for name, system in sorted(estate.systems.items()):
        yield SystemFacts(system=system, subject=subject_of(system), inbound=links.inbound(name), links=links)
    for _, agreement in sorted(estate.agreements.items()):
        yield AgreementFacts(
            agreement=agreement, subject=subject_of(agreement), agreements=estate.agreements, today=today
        )
    for _, waiver in sorted(estate.waivers.items()):
        yield WaiverFacts(waiver=waiver, subject=subject_of(waiver), today=today)


def _interface_facts(estate: Estate, index: FlowIndex, links: EstateLinks) -> Iterator[InterfaceFacts]:
    for key, interface in sorted(estate.interfaces.items()):
        model, offered = estate.models.get(key), index.interface_fields(key)
        if model is not None and offered is not None:
            yield InterfaceFacts(
                interface=interface,
                subject=subject_of(interface),
                key=key,
                model=model,
                offered=offered,
                system=estate.systems.get(interface.spec.system),
                links=links,
                described=_described(estate, key, interface),
            )


def _described(estate: Estate, key: str, interface: Interface) -> tuple[tuple[str, bytes], ...]:
    file = estate.files.places.get(("Interface", key))
    if file is None:
        return ()
    contents = estate.files.contents
    return tuple((name, contents[name]) for name in definition_files(definition_path(interface, file), contents))


def integration_facts(
    estate: Estate, integration: Integration, index: FlowIndex, links: EstateLinks, today: date
) -> IntegrationFacts | UnresolvedFacts:
    """The facts of one integration; what is missing where a reference does not resolve."""
    spec = integration.spec
    source, target = estate.systems.get(spec.source), estate.systems.get(spec.target)
    interface, model = estate.interface_of(integration), estate.model_of(integration)
    offered = index.offered_to(integration)
    if source and target and interface and model and offered:
        parts = [name for name in spec.operations if name not in model.operations]
        parts += [name for name in spec.channels if name not in model.channels]
        if not parts:
            return IntegrationFacts(
                integration=integration,
                subject=subject_of(integration),
                source=source,
                target=target,
                interface=interface,
                model=model,
                offered=offered,
                flows=index.flows(integration),
                estate=estate,
                links=links,
                today=today,
            )
        missing = [f"{part} of interface {spec.interface.name}" for part in parts]
    else:
        missing = [f"system {name}" for name in (spec.source, spec.target) if name not in estate.systems]
        if offered is None:
            missing.append(f"interface {spec.interface.name}")
    return UnresolvedFacts(integration=integration, subject=subject_of(integration), missing=tuple(missing))


def _is_retired(estate: Estate, name: str) -> bool:
    registration = estate.registrations.get(name)
    return registration is not None and registration.state is LifecycleState.RETIRED
