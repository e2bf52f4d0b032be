"""Baseline rules on who answers for things: owners, words, agreements, references."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Classification, Severity, Stage
from easement.estate.agreements import has_agreement, in_force, same_organisation
from easement.standards.facts import AgreementFacts, DocumentFacts, IntegrationFacts, UnresolvedFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.wording import listing

_ANY_AGREEMENT: Final = frozenset({"DPA", "BAA", "SCC", "BCR", "AOC", "JointController"})


def _no_owner(facts: DocumentFacts) -> Iterable[Found]:
    if not facts.document.metadata.owner:
        yield Found(path="/metadata", message=f"nobody owns {facts.subject}")


def _no_words(facts: DocumentFacts) -> Iterable[Found]:
    metadata = facts.document.metadata
    if not metadata.title.strip() and not metadata.description.strip():
        yield Found(path="/metadata", message=f"{facts.subject} has neither title nor description")


def _unresolved(facts: UnresolvedFacts) -> Iterable[Found]:
    yield Found(path="/spec", message=f"nobody can say what it carries: there is no {listing(facts.missing)}")


def _third_party(facts: IntegrationFacts) -> Iterable[Found]:
    if same_organisation(facts.source, facts.target):
        return
    if has_agreement(facts.estate, facts.source, facts.target, types=_ANY_AGREEMENT, today=facts.today):
        return
    for side, system in (("source", facts.source), ("target", facts.target)):
        if system.spec.party is not None:
            yield Found(
                path=f"/spec/{side}",
                message=f"no agreement of any kind with {system.spec.party.organisation} is in force on {facts.today}",
            )
            return


def _not_in_force(facts: AgreementFacts) -> Iterable[Found]:
    spec = facts.agreement.spec
    if spec.signed > facts.today:
        yield Found(path="/spec/signed", message=f"it is not in force before {spec.signed}")
    elif spec.expires < facts.today and not _is_replaced(facts):
        yield Found(path="/spec/expires", message=f"it ended on {spec.expires} and nothing has replaced it")


def _is_replaced(facts: AgreementFacts) -> bool:
    spec = facts.agreement.spec
    return any(
        other.spec.type == spec.type and set(spec.between) <= set(other.spec.between) and in_force(other, facts.today)
        for other in facts.agreements.values()
    )


OWNERSHIP_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=DocumentFacts,
        id="no-owner",
        title="Everything has an owner",
        rationale="What nobody owns, nobody mends, reviews or retires.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="systems, interfaces and integrations",
        check=_no_owner,
        remedy="Name a team in metadata.owner.",
        source="ISO/IEC 27001:2022 A.5.9; PCI DSS 4.0.1 req. 12.5.1",
        bad="""\
kind: System
metadata: {name: shop, owner: null}""",
        good="""\
kind: System
metadata: {name: shop, owner: shopkeepers}""",
    ),
    Rule(
        about=DocumentFacts,
        id="no-title",
        title="Everything says what it is",
        rationale="A reviewer, and an auditor years later, should see from the registry alone what a thing is for.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="systems, interfaces and integrations",
        check=_no_words,
        remedy="Write metadata.title or metadata.description.",
        source="GDPR Art. 30(1)",
        bad="""\
kind: System
metadata: {name: shop, title: null}""",
        good="""\
kind: System
metadata: {name: shop, title: The web shop}""",
    ),
    Rule(
        about=UnresolvedFacts,
        id="unresolved-reference",
        title="An integration refers to things that exist",
        rationale="What cannot be resolved cannot be judged, and what cannot be judged does not pass.",
        severity=Severity.ERROR,
        blocks=Stage.CHECK,
        scope="integrations whose systems, interface, operations or channels are missing",
        check=_unresolved,
        remedy="Add the missing documents, or correct the names.",
        source="Easement design: fail closed",
        waivable=False,
        bad="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {operations: [getOrdr]}""",
        good="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {operations: [getOrder]}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="third-party-without-agreement",
        title="Third parties have an agreement",
        rationale="Whoever exchanges data with another organisation should be able to show on what terms.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope="integrations between different organisations that carry more than public data",
        applies=lambda facts: bool(facts.classified(Classification.INTERNAL)),
        check=_third_party,
        remedy="Add the Agreement document that covers both systems.",
        source="ISO/IEC 27001:2022 A.5.14, A.5.20; NIST SP 800-53 CA-3",
        bad="""\
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: service-provider}}""",
        good="""\
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: service-provider}}
---
kind: Agreement
metadata: {name: dpa-mill}
spec: {type: DPA, between: [self, shop], signed: 2026-01-01, expires: 2027-12-31}""",
    ),
    Rule(
        about=AgreementFacts,
        id="agreement-not-in-force",
        title="Agreements are in force",
        rationale="What stood on an agreement stands on nothing once it has ended.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="agreements that no other agreement of the same type and parties has replaced",
        check=_not_in_force,
        remedy="Renew it, or remove the document together with what stands on it.",
        source="GDPR Art. 28(3), 46; 45 CFR 164.504(e)",
        bad="""\
kind: Agreement
metadata: {name: dpa-mill}
spec: {type: DPA, between: [self, shop], signed: 2024-01-01, expires: 2025-12-31}""",
        good="""\
kind: Agreement
metadata: {name: dpa-mill}
spec: {type: DPA, between: [self, shop], signed: 2026-01-01, expires: 2027-12-31}""",
    ),
)
