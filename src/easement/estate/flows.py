"""What an integration carries, and who receives it: the ground that standards, reviews and transfer checks stand on.

* A *request* body goes from source to target. The gateway checks it against the interface and removes nothing, so all
  its fields flow, whatever ``spec.fields`` says.
* A *response* body goes back from target to source; only the fields that the contract names pass.
* An *event* goes from source to target; only the fields that the contract names pass.
* A named branch covers what is below it; the most specific name decides the handling.
* A masked or dropped field carries no data. A hashed field still does: a pseudonym is personal data (GDPR recital 26).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import Classification, Handling, Integration, Pattern, Tag
from easement.estate.model import Estate
from easement.interfaces.offered_fields import FieldsByPath, InterfaceFields, OperationFields, merge_fields

PERSONAL_TAGS: Final = frozenset({Tag.PERSONAL, Tag.SPECIAL_CATEGORY, Tag.PHI})
"""Tags that each make a field personal data in the sense of GDPR Art. 4(1)."""


class Direction(StrEnum):
    """Which way a body goes."""

    REQUEST = "request"
    RESPONSE = "response"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedField:
    """One field that reaches the receiver in a readable (clear) or linkable (hash) form."""

    path: str
    classification: Classification | None
    tags: frozenset[Tag]
    leaf: bool
    handling: Handling

    @property
    def is_personal(self) -> bool:
        """Whether the field is personal data."""
        return not PERSONAL_TAGS.isdisjoint(self.tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Fields on their way from one system to another. ``sender`` and ``receiver`` are names of systems."""

    direction: Direction
    sender: str
    receiver: str
    fields: tuple[CarriedField, ...]


@dataclass(slots=True)
class FlowIndex:
    """Flows of an estate's integrations. Reads each interface once, so one index serves thousands of integrations."""

    estate: Estate
    _interfaces: dict[str, InterfaceFields | None] = field(default_factory=dict)

    def interface_fields(self, key: str) -> InterfaceFields | None:
        """The fields of the interface version ``NAME@MAJOR``, or None when its document or definition is missing."""
        if key not in self._interfaces:
            self._interfaces[key] = self._offered(key)
        return self._interfaces[key]

    def _offered(self, key: str) -> InterfaceFields | None:
        interface, model = self.estate.interfaces.get(key), self.estate.models.get(key)
        if interface is None or model is None:
            return None
        known = self.estate.offered.get(key)
        return known if known and known.is_of(model, interface.spec) else InterfaceFields(model, interface.spec)

    def offered_to(self, integration: Integration) -> InterfaceFields | None:
        """The fields of the interface version that ``integration`` uses, or None when something of it is missing."""
        return self.interface_fields(reference_key(integration.spec.interface))

    def flows(self, integration: Integration) -> tuple[Flow, ...]:
        """What ``integration`` carries, one flow for each direction that carries anything.

        Empty also when the interface is unknown: callers that judge must treat that as unresolved, not as harmless.
        """
        spec = integration.spec
        offered = self.offered_to(integration)
        if offered is None:
            return ()
        operations = _operations(offered, spec.operations)
        handling = spec.handling
        everything = dict.fromkeys((path for one in operations for path in one.request), Handling.CLEAR)
        candidates = (
            (Direction.REQUEST, spec.source, spec.target, _carried((one.request for one in operations), everything)),
            (Direction.RESPONSE, spec.target, spec.source, _carried((one.response for one in operations), handling)),
            (Direction.EVENT, spec.source, spec.target, _carried(_payloads(offered, spec.channels), handling)),
        )
        return tuple(
            Flow(direction=direction, sender=sender, receiver=receiver, fields=fields)
            for direction, sender, receiver, fields in candidates
            if fields
        )

    def known_paths(self, integration: Integration) -> frozenset[str] | None:
        """Every field path that the integration's operations and channels have, or None when that is unknown."""
        offered = self.offered_to(integration)
        if offered is None:
            return None
        bodies = _payloads(offered, integration.spec.channels)
        for operation in _operations(offered, integration.spec.operations):
            bodies += [operation.request, operation.response]
        return frozenset(path for body in bodies for path in body)


def is_event(integration: Integration) -> bool:
    """Whether messages of the integration are stored and forwarded, rather than answered at once."""
    return integration.spec.pattern is Pattern.EVENT or bool(integration.spec.channels)


def _operations(offered: InterfaceFields, names: Iterable[str]) -> list[OperationFields]:
    return [operation for name in names if (operation := offered.operation(name)) is not None]


def _payloads(offered: InterfaceFields, names: Iterable[str]) -> list[FieldsByPath]:
    return [payload for name in names if (payload := offered.channel(name)) is not None]


def _carried(bodies: Iterable[FieldsByPath], handling: Mapping[str, Handling]) -> tuple[CarriedField, ...]:
    merged = merge_fields(one for body in bodies for one in body.values())
    carried = []
    for path, known in sorted(merged.items()):
        how = handling_of(path, handling)
        if how in {Handling.CLEAR, Handling.HASH, Handling.TRUNCATE}:
            carried.append(
                CarriedField(
                    path=path, classification=known.classification, tags=known.tags, leaf=known.leaf, handling=how
                )
            )
    return tuple(carried)


def handling_of(path: str, handling: Mapping[str, Handling]) -> Handling:
    """What happens to the field ``path``: as its nearest named ancestor says, else dropped."""
    here = path
    while here:
        if here in handling:
            return handling[here]
        here = here.rpartition(".")[0]
    return Handling.DROP
