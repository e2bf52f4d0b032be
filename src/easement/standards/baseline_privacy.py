"""Baseline rules on personal data (Regulation (EU) 2016/679, GDPR)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from easement.compliance.countries import COUNTRIES, OFTEN_MEANT
from easement.contract.kinds import Classification, LegalBasis, Severity, Stage, Tag
from easement.estate.flows import PERSONAL_TAGS
from easement.estate.transfers import personal_transfers
from easement.interfaces.body_tree import ROOT
from easement.standards.counterparties import role_of, uncovered_receivers
from easement.standards.facts import IntegrationFacts, SystemFacts
from easement.standards.model import AnyRule, Found, Rule
from easement.standards.wording import listing

ART_9_BASES: Final = frozenset({LegalBasis.LEGAL_OBLIGATION, LegalBasis.VITAL_INTERESTS, LegalBasis.PUBLIC_TASK})
"""Bases that a condition of Art. 9(2)(b), (c), (g), (h) or (i) goes with, whoever the parties are."""
_FEW_FIELDS: Final = 5
_SPECIAL: Final = frozenset({Tag.SPECIAL_CATEGORY})


def _unknown_country(facts: SystemFacts) -> Iterable[Found]:
    location = facts.system.spec.location
    places = [("/spec/location/country", location.country)]
    places += [(f"/spec/location/hosting/{number}", country) for number, country in enumerate(location.hosting)]
    for path, country in places:
        if country not in COUNTRIES:
            meant = OFTEN_MEANT.get(country)
            hint = f"; {meant} is meant, perhaps" if meant else ""
            yield Found(path=path, message=f"{country} is no country code of ISO 3166-1{hint}")


def _is_personal(facts: IntegrationFacts) -> bool:
    return facts.carries_personal_data


def _transfer_without_basis(facts: IntegrationFacts) -> Iterable[Found]:
    declared = facts.integration.spec.transfer
    path = "/spec/transfer" if declared else "/spec"
    seen: set[tuple[str, str]] = set()
    for transfer in personal_transfers(facts.estate, facts.integration, facts.flows, facts.today):
        if transfer.basis.lawful or (transfer.receiver, transfer.destination) in seen:
            continue
        seen.add((transfer.receiver, transfer.destination))
        yield Found(
            path=path,
            message=f"personal data ({listing(transfer.paths)}) goes from {transfer.origin} to {transfer.destination} "
            f"({transfer.receiver}) without a ground: {transfer.basis.reason}",
        )


def _processor_without_agreement(facts: IntegrationFacts) -> Iterable[Found]:
    return _role_without(facts, "processor", "DPA")


def _joint_controller_without_arrangement(facts: IntegrationFacts) -> Iterable[Found]:
    return _role_without(facts, "joint-controller", "JointController")


def _role_without(facts: IntegrationFacts, role: str, agreement: str) -> Iterable[Found]:
    for receiver in uncovered_receivers(
        facts, tags=PERSONAL_TAGS, agreement=agreement, concerns=lambda system: role_of(system) == role
    ):
        yield Found(
            path=receiver.path,
            message=f"{receiver.name} is a {role} and receives {listing(receiver.fields)}, but no {agreement} "
            f"agreement with it is in force on {facts.today}",
        )


def _no_legal_basis(facts: IntegrationFacts) -> Iterable[Found]:
    spec = facts.integration.spec
    if spec.legal_basis is None:
        paths = facts.tagged(PERSONAL_TAGS)
        yield Found(path="/spec", message=f"it carries personal data ({listing(paths)}) and names no legalBasis")
    if not spec.purpose.strip():
        yield Found(path="/spec/purpose", message="it carries personal data and names no purpose")


def _special_category(facts: IntegrationFacts) -> Iterable[Found]:
    spec = facts.integration.spec
    asks_consent = spec.consent != "none" and spec.legal_basis is LegalBasis.CONSENT
    if asks_consent or spec.legal_basis in ART_9_BASES or _is_care_under_contract(facts):
        return
    paths = facts.tagged(_SPECIAL)
    basis = f"legalBasis {spec.legal_basis}" if spec.legal_basis else "no legalBasis"
    yield Found(
        path="/spec/legalBasis",
        message=f"it carries special categories ({listing(paths)}) on {basis}; Art. 9(2) has no condition for that",
    )


def _is_care_under_contract(facts: IntegrationFacts) -> bool:
    """Care under a contract with a health professional, between parties bound to secrecy: Art. 9(2)(h) with 9(3)."""
    providers = all(role_of(system) == "covered-entity" for system in facts.parties)
    return providers and facts.integration.spec.legal_basis is LegalBasis.CONTRACT


def _consent_and_basis(facts: IntegrationFacts) -> Iterable[Found]:
    spec = facts.integration.spec
    if spec.consent != "none" and spec.legal_basis is not LegalBasis.CONSENT:
        basis = spec.legal_basis or "none"
        yield Found(path="/spec/legalBasis", message=f"consent is asked for, but the legal basis is {basis}")
    if spec.consent == "none" and spec.legal_basis is LegalBasis.CONSENT:
        yield Found(path="/spec/consent", message="the legal basis is consent, but no consent is asked for")


def _wide_fields(facts: IntegrationFacts) -> Iterable[Found]:
    offered = facts.offered.leaf_paths() - {ROOT}
    carried = {one.path for one in facts.fields if one.leaf}
    if len(offered) > _FEW_FIELDS and offered <= carried:
        yield Found(
            path="/spec/fields",
            message=f"all {len(offered)} fields of interface {facts.interface.metadata.name} are named, confidential "
            "ones among them",
        )


def _untagged(facts: IntegrationFacts) -> Iterable[Found]:
    paths = sorted({carried.path for carried in facts.fields if carried.leaf and carried.classification is None})
    if paths:
        yield Found(path="/spec/fields", message=f"nobody has classified {listing(paths)}")


PRIVACY_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        about=SystemFacts,
        id="unknown-country",
        title="Locations are countries",
        rationale="Transfers are judged by country. A code that means nothing would be judged by nothing.",
        severity=Severity.ERROR,
        blocks=Stage.CHECK,
        scope="systems",
        check=_unknown_country,
        remedy="Write the ISO 3166-1 alpha-2 code, such as GR for Greece or GB for the United Kingdom.",
        source="GDPR Art. 44; ISO 3166-1",
        waivable=False,
        bad="""\
kind: System
metadata: {name: shop}
spec: {location: {country: UK}}""",
        good="""\
kind: System
metadata: {name: shop}
spec: {location: {country: GB}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="transfer-without-basis",
        title="Personal data leaves the EEA only on a valid ground",
        rationale="Data that leaves the EEA keeps its protection only through an adequacy decision in force, or "
        "through clauses or rules that bind the recipient. Every hosting country counts. A derogation of Art. 49 "
        "carries no standing flow.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that carry personal data from the EEA to a country outside it, in either direction",
        applies=_is_personal,
        check=_transfer_without_basis,
        remedy="Name an agreement in force in spec.transfer (mechanism SCC or BCR), choose hosting in a covered "
        "country, or leave the personal fields out, masked or dropped.",
        source="GDPR Art. 44-47, 49; EDPB Guidelines 2/2018",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: System
metadata: {name: shop}
spec: {location: {country: IN}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: System
metadata: {name: shop}
spec: {location: {country: CH}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract, transfer: {mechanism: adequacy}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="processor-without-agreement",
        title="A processor receives personal data only under a processing agreement",
        rationale="Processing on our behalf needs a contract that binds the processor for as long as data flows.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations in which a system with party role processor receives personal data",
        applies=_is_personal,
        check=_processor_without_agreement,
        remedy="Add or renew an Agreement of type DPA between the processor's system and `self`.",
        source="GDPR Art. 28(3)",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: processor}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: processor}}
---
kind: Agreement
metadata: {name: dpa-mill}
spec: {type: DPA, between: [self, shop], signed: 2026-01-01, expires: 2027-12-31}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="joint-controller-without-arrangement",
        title="Joint controllers have an arrangement",
        rationale="Joint controllers settle between them who answers to the person concerned.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations in which a system with party role joint-controller receives personal data",
        applies=_is_personal,
        check=_joint_controller_without_arrangement,
        remedy="Add or renew an Agreement of type JointController.",
        source="GDPR Art. 26",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: joint-controller}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: System
metadata: {name: shop}
spec: {party: {organisation: Mill Ltd., role: joint-controller}}
---
kind: Agreement
metadata: {name: joint-mill}
spec: {type: JointController, between: [self, shop], signed: 2026-01-01, expires: 2027-12-31}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="personal-data-without-legal-basis",
        title="Personal data has a purpose and a legal basis",
        rationale="Personal data is collected for a stated purpose and processed on one of six grounds, or not at all.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that carry personal data",
        applies=_is_personal,
        check=_no_legal_basis,
        remedy="Set spec.legalBasis and spec.purpose, or leave the personal fields out.",
        source="GDPR Art. 5(1)(b), 6(1)",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: null}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="special-category-without-condition",
        title="Special categories need consent or a fitting basis",
        rationale="Health, belief, origin, biometric and similar data is forbidden unless a condition of Art. 9(2) "
        "holds; legitimate interests never is one, a contract only for care between health professionals.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="integrations that carry fields tagged special-category",
        applies=lambda facts: bool(facts.tagged(_SPECIAL)),
        check=_special_category,
        remedy="Ask for consent (spec.consent with legalBasis consent), or name a legal obligation, vital interests or "
        "public task that applies.",
        source="GDPR Art. 9(1), 9(2)",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [special-category]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: restricted, tags: [special-category]}}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: consent, consent: {scope: care}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="consent-and-basis-disagree",
        title="Consent and legal basis agree",
        rationale="Asking for consent and then relying on something else misleads the person; relying on consent "
        "without asking has no basis.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="all integrations",
        check=_consent_and_basis,
        remedy="Set legalBasis: consent together with consent: {scope: ...}, or neither.",
        source="GDPR Art. 6(1)(a), 7",
        bad="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: consent, consent: none}""",
        good="""\
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: consent, consent: {scope: newsletter}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="fields-wider-than-needed",
        title="An integration names the fields that it needs",
        rationale="Naming everything that an interface has is rarely what a purpose needs.",
        severity=Severity.WARNING,
        blocks=Stage.NEVER,
        scope=f"integrations that carry confidential data and every one of more than {_FEW_FIELDS} fields",
        applies=lambda facts: bool(facts.classified(Classification.CONFIDENTIAL)),
        check=_wide_fields,
        remedy="List the fields that the purpose needs; mask or hash what only has to be recognised.",
        source="GDPR Art. 5(1)(c), 25",
        bad="""\
openapi: 3.1.0
components:
  schemas:
    Order:
      properties: {total: {type: number}, sku: {type: string}, count: {type: integer}, placed: {type: string}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract, fields: [id, status, total, sku, count, placed]}
---
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}""",
        good="""\
openapi: 3.1.0
components:
  schemas:
    Order:
      properties: {total: {type: number}, sku: {type: string}, count: {type: integer}, placed: {type: string}}
---
kind: Integration
metadata: {name: shop-reads-orders}
spec: {legalBasis: contract, fields: [status, total]}
---
kind: Interface
metadata: {name: orders-api}
spec: {fields: {status: {classification: confidential, tags: [personal]}}}""",
    ),
    Rule(
        about=IntegrationFacts,
        id="untagged-field",
        title="Every carried field is classified",
        rationale="What nobody classified cannot be protected by rule. Silence is never read as public.",
        severity=Severity.ERROR,
        blocks=Stage.REVIEW,
        scope="all integrations",
        check=_untagged,
        remedy="Add x-easement to the schema property, or the path to spec.fields of the Interface, or say "
        "spec.defaultClassification there on purpose.",
        source="GDPR Art. 5(2), 24; ISO/IEC 27001:2022 A.5.12",
        bad="""\
kind: Interface
metadata: {name: orders-api}
spec: {defaultClassification: null}""",
        good="""\
kind: Interface
metadata: {name: orders-api}
spec: {defaultClassification: internal}""",
    ),
)
