"""The estate: every registered document of one moment, with the interface models they refer to.

A pure value. ``Registered`` facts (ids, statuses, revisions) come from the registry; offline they are placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from easement.contract.identity import reference_key
from easement.contract.kinds import Agreement, Integration, Interface, Standard, System, Team, Waiver
from easement.contract.revision import resolve
from easement.interfaces.model import InterfaceModel
from easement.interfaces.offered_fields import InterfaceFields


class LifecycleState(StrEnum):
    """Where an integration stands. Only the workflow moves it."""

    DESIGN = "design"
    BUILD = "build"
    LIVE = "live"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the registry knows of an integration: id (``INT-0042``), revision (content hash) and lifecycle state."""

    id: str
    revision: str
    state: LifecycleState


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateFiles:
    """The files beside the documents, and where each document stands, by kind and key."""

    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    places: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def resolve(self, kind: str, key: str, written: str) -> str:
        """The path of a file that a document names; empty where there is no such document or file."""
        path = resolve(self.places[kind, key], written) if (kind, key) in self.places else ""
        return path if path in self.contents else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """All documents by key: the name; an interface's is ``NAME@MAJOR``. ``models`` has the same keys as ``interfaces``.

    ``registrations`` is by integration name; one that is missing there is unregistered and never flows. ``offered``
    has the fields of ``models`` where somebody read them before; whoever needs others reads them.
    """

    teams: Mapping[str, Team] = field(default_factory=dict)
    systems: Mapping[str, System] = field(default_factory=dict)
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    integrations: Mapping[str, Integration] = field(default_factory=dict)
    standards: Mapping[str, Standard] = field(default_factory=dict)
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    models: Mapping[str, InterfaceModel] = field(default_factory=dict)
    registrations: Mapping[str, Registration] = field(default_factory=dict)
    files: EstateFiles = field(default_factory=EstateFiles, compare=False, repr=False)
    offered: Mapping[str, InterfaceFields] = field(default_factory=dict, compare=False, repr=False)

    def interface_of(self, integration: Integration) -> Interface | None:
        """The interface version that an integration uses; None where there is none of that major."""
        return self.interfaces.get(reference_key(integration.spec.interface))

    def model_of(self, integration: Integration) -> InterfaceModel | None:
        """The description of the interface version that an integration uses, where it can be read."""
        return self.models.get(reference_key(integration.spec.interface))
