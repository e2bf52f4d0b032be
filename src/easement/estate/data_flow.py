"""The picture of what an integration moves: parties, the place of enforcement between them, and what goes each way."""

from __future__ import annotations

from dataclasses import dataclass

from easement.contract.kinds import Handling, Integration, System
from easement.estate.adequacy import highest
from easement.estate.flows import Flow, FlowIndex, is_event
from easement.estate.model import Estate


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowParty:
    """One end of the picture. ``organisation`` is empty for our own."""

    name: str
    title: str
    country: str
    zones: tuple[str, ...]
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLeg:
    """What goes one way. ``fields`` are leaf paths; ``hashed`` of them arrive as pseudonyms."""

    direction: str
    sender: str
    receiver: str
    classification: str
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    hashed: tuple[str, ...]

    @property
    def text(self) -> str:
        """The leg in a sentence."""
        count = f"{len(self.fields)} field{'' if len(self.fields) == 1 else 's'}"
        tags = f", {', '.join(self.tags)}" if self.tags else ""
        return f"{self.direction} from {self.sender} to {self.receiver}: {count}, {self.classification}{tags}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlow:
    """The whole picture. ``between`` is ``gateway`` or ``broker``."""

    source: FlowParty
    target: FlowParty
    between: str
    legs: tuple[FlowLeg, ...]


def data_flow(estate: Estate, integration: Integration, index: FlowIndex | None = None) -> DataFlow | None:
    """The picture of one integration, or None where a party is unknown."""
    source, target = estate.systems.get(integration.spec.source), estate.systems.get(integration.spec.target)
    if source is None or target is None:
        return None
    index = FlowIndex(estate) if index is None else index
    return DataFlow(
        source=_party(source),
        target=_party(target),
        between="broker" if is_event(integration) else "gateway",
        legs=tuple(_leg(flow) for flow in index.flows(integration)),
    )


def _party(system: System) -> FlowParty:
    spec = system.spec
    return FlowParty(
        name=system.metadata.name,
        title=system.metadata.title,
        country=str(spec.location.country),
        zones=spec.zones,
        organisation=spec.party.organisation if spec.party else "",
    )


def _leg(flow: Flow) -> FlowLeg:
    leaves = [carried for carried in flow.fields if carried.leaf]
    is_known = all(carried.classification for carried in leaves)
    return FlowLeg(
        direction=str(flow.direction),
        sender=flow.sender,
        receiver=flow.receiver,
        classification=str(highest(flow.fields) or "unclassified") + ("" if is_known else ", partly unclassified"),
        tags=tuple(sorted({str(tag) for carried in leaves for tag in carried.tags})),
        fields=tuple(carried.path for carried in leaves),
        hashed=tuple(carried.path for carried in leaves if carried.handling is Handling.HASH),
    )
