"""Baseline rules on payment card data (PCI DSS v4.0.1; requirements are paraphrased, numbers are cited)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.contract.kinds import Handling, Severity, Stage, Tag
from easement.standards.counterparties import role_of, uncovered_receivers
from easement.standards.facts import IntegrationFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.wording import listing

CARD_ZONE: Final = "cde"
_PAN: Final = frozenset({Tag.PAN})
_SAD: Final = frozenset({Tag.SAD})
_CARD: Final = _PAN | _SAD


def _outside_card_zone(facts: IntegrationFacts) -> Iterable[Found]:
    for flow in facts.flows:
        sender, receiver = facts.party(flow.sender), facts.party(flow.receiver)
        paths = facts.tagged(_PAN, (flow,))
        clear = tuple(
            sorted(
                carried.path
                for carried in flow.fields
                if carried.handling is Handling.CLEAR and Tag.PAN in carried.tags
            )
        )
        if paths and CARD_ZONE not in sender.spec.zones:
            yield Found(
                path="/spec/fields",
                message=f"{listing(paths)} (card number) leaves {flow.sender}, which is outside zone {CARD_ZONE}",
            )
        if clear and CARD_ZONE not in receiver.spec.zones:
            yield Found(
                path="/spec/fields",
                message=f"{listing(clear)} (card number) reaches {flow.receiver} in the clear, outside zone "
                f"{CARD_ZONE}",
            )


def _authentication_data(facts: IntegrationFacts) -> Iterable[Found]:
    paths = facts.tagged(_SAD)
    if paths:
        yield Found(
            path="/spec/fields", message=f"{listing(paths)} is sensitive authentication data; it is never passed on"
        )


def _provider_without_attestation(facts: IntegrationFacts) -> Iterable[Found]:
    for receiver in uncovered_receivers(
        facts, tags=_CARD, agreement="AOC", concerns=lambda system: bool(role_of(system))
    ):
        yield Found(
            path=receiver.path,
            message=f"{receiver.name} receives card data ({listing(receiver.fields)}), but no AOC of it is in force on "
            f"{facts.today}",
        )


CARD_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=IntegrationFacts,
        id="card-data-outside-card-zone",
        title="Card numbers stay inside the card data environment",
        rationale="Every system that stores, processes or passes a card number is in scope of the assessment. Outside "
        f"the zone `{CARD_ZONE}` a number may only be seen masked or as a keyed hash.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that carry fields tagged pan",
        applies=lambda facts: bool(facts.tagged(_PAN)),
        check=_outside_card_zone,
        remedy=f"Mask, hash or drop the field, use a token, or put both systems into zone {CARD_ZONE} and into scope.",
        source="PCI DSS 4.0.1 req. 1.2.4, 3.4.1, 3.5.1, 12.5.2",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [pan]}}}
---""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [pan]}}}
---
kind: System
metadata: {name: shop}
spec: {zones: [cde]}
---
kind: System
metadata: {name: orders}
spec: {zones: [cde]}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="card-authentication-data",
        title="Sensitive authentication data is never passed on",
        rationale="Track data, card verification codes and PINs must not be kept after authorisation; a queue, a dead "
        "letter or a retry is keeping them.",
        severity=Severity.ERROR,
        blocks=Stage.CHECK,
        scope="all integrations",
        check=_authentication_data,
        remedy="Remove the field from the contract and from the operation's body; let the payment page send it to the "
        "acquirer directly.",
        source="PCI DSS 4.0.1 req. 3.3.1, 3.3.2",
        waivable=False,
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [sad]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {fields: [id, status]}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [sad]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {fields: [id]}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="card-provider-without-attestation",
        title="Whoever receives card data attests that it protects it",
        rationale="Third parties that receive card data are managed: a written agreement and an attestation in date.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations in which another organisation receives fields tagged pan or sad",
        applies=lambda facts: bool(facts.tagged(_CARD)),
        check=_provider_without_attestation,
        remedy="Add or renew an Agreement of type AOC with the receiving system.",
        source="PCI DSS 4.0.1 req. 12.8.2, 12.8.4",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [pan]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: service-provider}}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [pan]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: service-provider}}
---
kind: Agreement
metadata: {name: aoc-mill}
spec: {type: AOC, between: [self, shop], signed: 2026-01-01, expires: 2027-12-31}""",
    ),
)
