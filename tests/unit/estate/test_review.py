"""What a review needs: risk with reasons, roles, and when nobody has to look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from easement.contract.kinds import Stage
from easement.estate.review import review_requirements

TODAY = date(2026, 11, 23)


@dataclass(frozen=True)
class Found:
    rule: str = "a-rule"
    blocks: Stage = Stage.REVIEW
    subject: str = "integration/shop-reads"
    waived_by: str = ""


def requirements(estate: Any, *findings: Found, name: str = "shop-reads") -> Any:
    return review_requirements(estate, estate.integrations[name], findings, today=TODAY)


def test_a_low_risk_without_findings_needs_nobody(estate_after: Any) -> None:
    needed = requirements(estate_after())
    assert (needed.risk, needed.automatic, needed.four_eyes, needed.roles) == ("low", True, False, ("reviewer",))


@pytest.mark.parametrize(
    "finding",
    [
        Found(),
        Found(blocks=Stage.CHECK),
        Found(subject="system/store"),
        Found(subject="system/shop"),
        Found(subject="interface/store-api@1"),
        Found(subject="standard/house", blocks=Stage.CHECK),
    ],
)
def test_a_blocking_finding_takes_people(estate_after: Any, finding: Found) -> None:
    needed = requirements(estate_after(), finding)
    assert (needed.automatic, needed.four_eyes, needed.blocking) == (False, True, ("a-rule",))


@pytest.mark.parametrize(
    "finding",
    [Found(waived_by="a-waiver"), Found(blocks=Stage.LIVE), Found(blocks=Stage.NEVER), Found(subject="system/other")],
)
def test_other_findings_do_not_block_the_review(estate_after: Any, finding: Found) -> None:
    assert requirements(estate_after(), finding).automatic


PERSONAL = (
    "defaultClassification: internal}\n---",
    "fields: {id: {classification: confidential, tags: [personal]}}}\n---",
)
THIRD = "party: {organisation: Elsewhere, role: processor}, "


SHOP = "spec: {location: {country: DE}}"
EVERYBODY = ("reviewer", "security", "compliance")


@pytest.mark.parametrize(
    ("replacement", "risk", "roles", "reason"),
    [
        (PERSONAL, "medium", ("reviewer", "compliance"), "personal data"),
        (("tags: [personal]", "tags: [phi]"), "high", EVERYBODY, "phi data"),
        (("classification: confidential", "classification: restricted"), "high", EVERYBODY, "restricted data"),
        ((SHOP, "spec: {location: {country: DE}, zones: [partner]}"), "medium", EVERYBODY, "zone partner"),
        ((SHOP, f"spec: {{{THIRD}location: {{country: DE}}}}"), "high", EVERYBODY, "different organisations"),
        ((SHOP, "spec: {location: {country: IN}}"), "high", EVERYBODY, "goes from FR to IN (no ground found)"),
        ((SHOP, "spec: {location: {country: JP}}"), "high", EVERYBODY, "goes from FR to JP (adequacy)"),
    ],
)
def test_risk_and_roles_follow_from_data_and_parties(
    estate_after: Any, replacement: tuple[str, str], risk: str, roles: tuple[str, ...], reason: str
) -> None:
    needed = requirements(estate_after(*dict.fromkeys([PERSONAL, replacement])))
    assert (needed.risk, needed.roles, needed.four_eyes) == (risk, roles, True)
    assert any(reason in text for text in needed.reasons), needed.reasons


@pytest.mark.parametrize(
    ("more", "risk"),
    [
        ("sla: {criticality: vital}", "high"),
        ("sla: {criticality: high}", "medium"),
        ("sla: {criticality: low}", "low"),
        ("security: {authentication: api-key}", "medium"),
        ("legalBasis: consent\n  consent: {scope: news}", "medium"),
    ],
)
def test_risk_follows_from_the_terms(estate_after: Any, more: str, risk: str) -> None:
    assert requirements(estate_after(("lines.sku]", f"lines.sku]\n  {more}"))).risk == risk


def test_administration_that_the_interface_marks_takes_two_people(estate_after: Any) -> None:
    old = "definition: {openapi: store-api.yaml}, "
    needed = requirements(estate_after((old, old + "administrative: [getOrder], ")))
    assert (needed.risk, needed.roles, needed.automatic) == ("high", ("reviewer", "security"), False)
    assert "manages the system: getOrder" in " ".join(needed.reasons)


def test_unclassified_fields_are_never_low_risk(estate_after: Any) -> None:
    estate = estate_after((", defaultClassification: internal}\n---", "}\n---"))
    assert requirements(estate).risk == "medium"


def test_what_cannot_be_resolved_is_high_risk(estate_after: Any) -> None:
    import dataclasses

    needed = requirements(dataclasses.replace(estate_after(), models={}))
    assert (needed.risk, needed.automatic) == ("high", False)


def test_a_standard_asks_for_more_roles_and_never_for_fewer(folder: Any) -> None:
    folder.add(
        "house.yaml",
        "{apiVersion: easement/v1, kind: Standard, metadata: {name: house}, "
        "spec: {settings: {approvers: {default: [security, cook], personal: []}}}}",
    )
    estate, _ = folder.assemble()
    assert requirements(estate).roles == ("reviewer", "security")
