"""Layers, aspects and controls: the words in which the way of a request or event is told.

What is said of a control is what the compiled plan and its rendering hold, never what a document asks for. An aspect
in which nothing is compiled is told too: a control that is believed in and missing is the worst one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from easement.plan.model import Condition


class Layer(StrEnum):
    """From the outside to the inside."""

    GATEWAY = "gateway"
    PERIMETER = "perimeter"
    SERVICES = "between services"
    APPLICATION = "application"
    DATA = "data"


class Aspect(StrEnum):
    """What a control is for. Each belongs to one layer."""

    REGISTRATION = "registration"
    AUTHENTICATION = "authentication"
    REVOCATION = "revocation"
    AUTHORISATION = "authorisation"
    RATE = "rate limit"
    SIZE_AND_TIME = "size and time"
    FIREWALL = "web application firewall"
    TRANSPORT = "TLS"
    HYGIENE = "path and header hygiene"
    ADDRESSES = "address allow-list"
    CALLER_CERTIFICATE = "certificate of the caller"
    TARGET = "connection to the target"
    OWN_CERTIFICATE = "proof to the target"
    PARAMETERS = "parameters"
    BODY = "request body"
    MESSAGE = "message"
    OBJECTS = "object-level access"
    FIELDS = "fields that pass"
    ANSWER_HEADERS = "headers of answers"
    SEALING = "payload encryption"
    AT_REST = "encryption at rest"
    AUDIT = "audit record"


LAYER_OF: Final[Mapping[Aspect, Layer]] = {
    Aspect.REGISTRATION: Layer.GATEWAY,
    Aspect.AUTHENTICATION: Layer.GATEWAY,
    Aspect.REVOCATION: Layer.GATEWAY,
    Aspect.AUTHORISATION: Layer.GATEWAY,
    Aspect.RATE: Layer.GATEWAY,
    Aspect.SIZE_AND_TIME: Layer.GATEWAY,
    Aspect.FIREWALL: Layer.GATEWAY,
    Aspect.TRANSPORT: Layer.PERIMETER,
    Aspect.HYGIENE: Layer.PERIMETER,
    Aspect.ADDRESSES: Layer.PERIMETER,
    Aspect.CALLER_CERTIFICATE: Layer.SERVICES,
    Aspect.TARGET: Layer.SERVICES,
    Aspect.OWN_CERTIFICATE: Layer.SERVICES,
    Aspect.PARAMETERS: Layer.APPLICATION,
    Aspect.BODY: Layer.APPLICATION,
    Aspect.MESSAGE: Layer.APPLICATION,
    Aspect.OBJECTS: Layer.APPLICATION,
    Aspect.FIELDS: Layer.APPLICATION,
    Aspect.ANSWER_HEADERS: Layer.APPLICATION,
    Aspect.SEALING: Layer.DATA,
    Aspect.AT_REST: Layer.DATA,
    Aspect.AUDIT: Layer.DATA,
}

EvidenceKind = Literal["ledger", "metric", "condition", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows a control at work.

    ``name`` is a field of ledger records with its value (``error_code=EAS-5403``), a metric, a condition of the plan,
    or a test as ``FILE::NAME``.
    """

    kind: EvidenceKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control of one way, or that there is none.

    ``setting`` is what is compiled; where nothing is, ``is_compiled`` is False and ``setting`` says why.
    """

    aspect: Aspect
    setting: str
    where: str = ""
    evidence: tuple[Evidence, ...] = ()
    is_compiled: bool = True

    @property
    def layer(self) -> Layer:
        """The layer that the control stands in."""
        return LAYER_OF[self.aspect]

    @property
    def told(self) -> str:
        """The setting, or ``none`` with the reason."""
        return self.setting if self.is_compiled else f"none: {self.setting}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One operation or channel of an integration with its controls, outermost layer first."""

    name: str
    title: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPath:
    """What of an integration flows, and through which layers. ``conditions`` say why, or why not."""

    integration: str
    environment: str
    flows: bool
    conditions: tuple[Condition, ...]
    ways: tuple[Way, ...]

    @property
    def reason(self) -> str:
        """The last condition in words: what is enforced, or what keeps it from flowing."""
        last = self.conditions[-1]
        return f"{last.type} {last.reason}" + (f": {last.message}" if last.message else "")


def compiled(aspect: Aspect, setting: str, where: str, *evidence: Evidence) -> Control:
    """A control that is in the rendering."""
    return Control(aspect=aspect, setting=setting, where=where, evidence=evidence)


def none(aspect: Aspect, reason: str, *evidence: Evidence) -> Control:
    """That there is no control in this aspect, and why."""
    return Control(aspect=aspect, setting=reason, evidence=evidence, is_compiled=False)


def ledger(name: str) -> Evidence:
    """A field of ledger records."""
    return Evidence(kind="ledger", name=name)


def metric(name: str) -> Evidence:
    """A metric."""
    return Evidence(kind="metric", name=name)


def condition(name: str) -> Evidence:
    """A condition of the integration in the plan."""
    return Evidence(kind="condition", name=name)


def test(name: str) -> Evidence:
    """A test that attacks or measures the control."""
    return Evidence(kind="test", name=name)
