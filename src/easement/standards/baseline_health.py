"""Baseline rules on protected health information (HIPAA, 45 CFR Part 164)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Severity, Stage, Tag
from easement.standards.counterparties import role_of, uncovered_receivers
from easement.standards.facts import IntegrationFacts
from easement.standards.model import Found, Rule
from easement.standards.wording import listing

_PHI: Final = frozenset({Tag.PHI})


def _phi_without_associate_agreement(facts: IntegrationFacts) -> Iterable[Found]:
    for receiver in uncovered_receivers(
        facts, tags=_PHI, agreement="BAA", concerns=lambda system: role_of(system) != "covered-entity"
    ):
        yield Found(
            path=receiver.path,
            message=f"{receiver.name} is no covered entity and receives {listing(receiver.fields)}, but no BAA "
            f"agreement with it is in force on {facts.today}",
        )


HEALTH_RULES: Final[tuple[Rule[IntegrationFacts], ...]] = (
    Rule(
        about=IntegrationFacts,
        id="phi-without-associate-agreement",
        title="Health information goes only to covered entities and business associates",
        rationale="A covered entity may let another party handle health information only under satisfactory assurances "
        "in writing, for as long as they are in force.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations in which another organisation that is no covered entity receives fields tagged phi",
        applies=lambda facts: bool(facts.tagged(_PHI)),
        check=_phi_without_associate_agreement,
        remedy="Add or renew an Agreement of type BAA that binds both parties, or leave the phi fields out.",
        source="45 CFR 164.502(e), 164.504(e), 164.308(b)",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [phi]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: service-provider}}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [phi]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: service-provider}}
---
kind: Agreement
metadata: {name: baa-mill}
spec: {type: BAA, between: [self, shop], signed: 2026-01-01, expires: 2027-12-31}""",
    ),
)
