"""The OWASP API Security Top 10 (2023), item by item: which control of an integration answers it, and what does not.

Evidence for controls, no verdict on a system: what a gateway cannot see (business rules, code of the target) it cannot
answer, and the outline says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from easement.governance.access.model import AccessPath, Aspect, Control


class Answer(StrEnum):
    """How far the controls of a way go."""

    ANSWERED = "answered"
    IN_PART = "in part"
    OPEN = "open"
    NOTHING_FLOWS = "nothing flows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One item of the list. ``beyond`` is what no control of this product judges, or empty."""

    id: str
    title: str
    aspects: tuple[Aspect, ...]
    beyond: str = ""


RISKS: Final[tuple[Risk, ...]] = (
    Risk(
        id="API1:2023",
        title="Broken object level authorization",
        aspects=(Aspect.OBJECTS,),
    ),
    Risk(
        id="API2:2023",
        title="Broken authentication",
        aspects=(Aspect.AUTHENTICATION, Aspect.REVOCATION, Aspect.TRANSPORT, Aspect.CALLER_CERTIFICATE),
    ),
    Risk(
        id="API3:2023",
        title="Broken object property level authorization",
        aspects=(Aspect.BODY, Aspect.MESSAGE, Aspect.FIELDS),
    ),
    Risk(
        id="API4:2023",
        title="Unrestricted resource consumption",
        aspects=(Aspect.RATE, Aspect.SIZE_AND_TIME),
    ),
    Risk(
        id="API5:2023",
        title="Broken function level authorization",
        aspects=(Aspect.AUTHORISATION, Aspect.REGISTRATION),
    ),
    Risk(
        id="API6:2023",
        title="Unrestricted access to sensitive business flows",
        aspects=(Aspect.AUTHORISATION, Aspect.RATE),
        beyond="whether a permitted call serves the declared purpose is for people and the target to judge",
    ),
    Risk(
        id="API7:2023",
        title="Server side request forgery",
        aspects=(Aspect.REGISTRATION, Aspect.FIREWALL),
        beyond="a request cannot choose where it is forwarded; addresses inside a body are for the target to judge",
    ),
    Risk(
        id="API8:2023",
        title="Security misconfiguration",
        aspects=(Aspect.TRANSPORT, Aspect.HYGIENE, Aspect.ANSWER_HEADERS, Aspect.TARGET),
    ),
    Risk(
        id="API9:2023",
        title="Improper inventory management",
        aspects=(Aspect.REGISTRATION, Aspect.AUDIT),
    ),
    Risk(
        id="API10:2023",
        title="Unsafe consumption of APIs",
        aspects=(Aspect.TARGET, Aspect.FIELDS, Aspect.ANSWER_HEADERS),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAnswer:
    """One risk for one way: the controls that answer it, and those that are missing."""

    risk: Risk
    way: str
    answer: Answer
    controls: tuple[Control, ...]
    missing: tuple[Control, ...]


def owasp_outline(path: AccessPath) -> tuple[RiskAnswer, ...]:
    """Each risk for each way, in the order of the list; one line for each risk where nothing flows."""
    if not path.ways:
        return tuple(
            RiskAnswer(risk=risk, way="", answer=Answer.NOTHING_FLOWS, controls=(), missing=()) for risk in RISKS
        )
    return tuple(_answer(risk, way.name, way.controls) for risk in RISKS for way in path.ways)


def _answer(risk: Risk, way: str, controls: tuple[Control, ...]) -> RiskAnswer:
    relevant = [control for control in controls if control.aspect in risk.aspects]
    answering = tuple(control for control in relevant if control.is_compiled)
    missing = tuple(control for control in relevant if not control.is_compiled)
    if not answering:
        answer = Answer.OPEN
    elif missing or risk.beyond:
        answer = Answer.IN_PART
    else:
        answer = Answer.ANSWERED
    return RiskAnswer(risk=risk, way=way, answer=answer, controls=answering, missing=missing)
