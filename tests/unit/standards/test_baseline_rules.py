"""Each rule of the baseline: what it finds, and the change that satisfies it."""

from __future__ import annotations

from typing import Any

import pytest

from easement.contract.kinds import Handling
from easement.standards.baseline import BASELINE

Edit = tuple[str, str, Any]
READS, TOLD, SHOP, STORE = "integration/reads", "integration/told", "system/shop", "system/store"
API = "interface/store-api@1"


def party(role: str) -> dict[str, str]:
    return {"organisation": f"A {role}", "role": role}


def agreement(kind: str, *between: str, expires: str = "2030-01-01", signed: str = "2025-01-01") -> dict[str, Any]:
    return {
        "apiVersion": "easement/v1",
        "kind": "Agreement",
        "metadata": {"name": "paper", "title": "Paper", "owner": "shopkeepers"},
        "spec": {"type": kind, "between": list(between), "signed": signed, "expires": expires},
    }


PERSONAL: list[Edit] = [(READS, "/spec/fields/email", "clear"), (READS, "/spec/legalBasis", "contract")]
EVENT_PERSONAL: list[Edit] = [(TOLD, "/spec/fields/email", "clear"), (TOLD, "/spec/legalBasis", "contract")]
SCC: list[Edit] = [(READS, "/spec/transfer", {"mechanism": "SCC", "agreement": "paper"})]

# rule, what bends the estate, where it is found, what mends it
CASES: list[Any] = [
    pytest.param(
        "transfer-without-basis",
        [*PERSONAL, (SHOP, "/spec/location/country", "IN")],
        [f"{READS}#/spec"],
        [*SCC, ("agreement/paper", "", agreement("SCC", "self"))],
        id="a-response-flows-to-the-source",
    ),
    pytest.param(
        "transfer-without-basis",
        [*EVENT_PERSONAL, (SHOP, "/spec/location/country", "IN")],
        [f"{TOLD}#/spec"],
        [(TOLD, "/spec/fields/email", "mask")],
        id="an-event-flows-to-the-target",
    ),
    pytest.param(
        "transfer-without-basis",
        [(READS, "/spec/operations", ["write"]), (READS, "/spec/fields", {}), (STORE, "/spec/location/country", "IN")],
        [f"{READS}#/spec"],
        [(READS, "/spec/operations", ["brief"])],
        id="a-request-body-flows-to-the-target-whatever-fields-says",
    ),
    pytest.param(
        "transfer-without-basis",
        [*PERSONAL, (SHOP, "/spec/location/hosting", ["DE", "CN"])],
        [f"{READS}#/spec"],
        [(SHOP, "/spec/location/hosting", ["DE", "JP"])],
        id="hosting-counts",
    ),
    pytest.param(
        "transfer-without-basis",
        [*PERSONAL, (SHOP, "/spec/location/country", "US"), (READS, "/spec/transfer", {"mechanism": "adequacy"})],
        [f"{READS}#/spec/transfer"],
        [(SHOP, "/metadata/labels", {"dpf-certified": "true"})],
        id="us-needs-certification",
    ),
    pytest.param(
        "transfer-without-basis",
        [
            *PERSONAL,
            *SCC,
            (SHOP, "/spec/location/country", "IN"),
            ("agreement/paper", "", agreement("SCC", "self", expires="2026-11-22")),
        ],
        [f"{READS}#/spec/transfer"],
        [("agreement/paper", "/spec/expires", "2026-11-23")],
        id="an-agreement-holds-through-its-last-day",
    ),
    pytest.param(
        "transfer-without-basis",
        [
            *PERSONAL,
            *SCC,
            (SHOP, "/spec/location/country", "IN"),
            ("agreement/paper", "", agreement("DPA", "self")),
        ],
        [f"{READS}#/spec/transfer"],
        [("agreement/paper", "/spec/type", "SCC")],
        id="another-type-of-agreement-carries-nothing",
    ),
    pytest.param(
        "transfer-without-basis",
        [
            *PERSONAL,
            *SCC,
            (SHOP, "/spec/location/country", "IN"),
            (SHOP, "/spec/party", party("controller")),
            ("agreement/paper", "", agreement("SCC", "self")),
        ],
        [f"{READS}#/spec/transfer"],
        [("agreement/paper", "/spec/between", ["self", "shop"])],
        id="an-agreement-with-somebody-else-carries-nothing",
    ),
    pytest.param(
        "transfer-without-basis",
        [*PERSONAL, (SHOP, "/spec/location/country", "IN"), (READS, "/spec/transfer", {"mechanism": "derogation"})],
        [f"{READS}#/spec/transfer"],
        [(READS, "/spec/fields/email", "drop")],
        id="a-derogation-carries-no-standing-flow",
    ),
    pytest.param(
        "unknown-country",
        [(SHOP, "/spec/location", {"country": "UK", "hosting": ["GB", "EU"]})],
        [f"{SHOP}#/spec/location/country", f"{SHOP}#/spec/location/hosting/1"],
        [(SHOP, "/spec/location", {"country": "GB", "hosting": ["IE"]})],
        id="a-code-that-is-no-country",
    ),
    pytest.param(
        "processor-without-agreement",
        [*PERSONAL, (SHOP, "/spec/party", party("processor"))],
        [f"{READS}#/spec/source"],
        [("agreement/paper", "", agreement("DPA", "self", "shop"))],
        id="processor",
    ),
    pytest.param(
        "processor-without-agreement",
        [
            *PERSONAL,
            (SHOP, "/spec/party", party("processor")),
            ("agreement/paper", "", agreement("DPA", "self", "shop", signed="2026-11-24")),
        ],
        [f"{READS}#/spec/source"],
        [("agreement/paper", "/spec/signed", "2026-11-23")],
        id="processor-not-yet-signed",
    ),
    pytest.param(
        "joint-controller-without-arrangement",
        [*EVENT_PERSONAL, (SHOP, "/spec/party", party("joint-controller"))],
        [f"{TOLD}#/spec/target"],
        [("agreement/paper", "", agreement("JointController", "self", "shop"))],
        id="joint-controller",
    ),
    pytest.param(
        "personal-data-without-legal-basis",
        [(READS, "/spec/fields/email", "hash"), (READS, "/spec/purpose", " ")],
        [f"{READS}#/spec", f"{READS}#/spec/purpose"],
        [(READS, "/spec/legalBasis", "contract"), (READS, "/spec/purpose", "essential")],
        id="a-pseudonym-is-personal",
    ),
    pytest.param(
        "special-category-without-condition",
        [(READS, "/spec/fields/diagnosis", "clear"), (READS, "/spec/legalBasis", "contract")],
        [f"{READS}#/spec/legalBasis"],
        [(READS, "/spec/legalBasis", "consent"), (READS, "/spec/consent", {"scope": "care"})],
        id="special-category-by-consent",
    ),
    pytest.param(
        "special-category-without-condition",
        [(READS, "/spec/fields/diagnosis", "clear")],
        [f"{READS}#/spec/legalBasis"],
        [(READS, "/spec/legalBasis", "vital-interests")],
        id="special-category-by-basis",
    ),
    pytest.param(
        "special-category-without-condition",
        [
            (READS, "/spec/fields/diagnosis", "clear"),
            (READS, "/spec/legalBasis", "contract"),
            (SHOP, "/spec/party", party("covered-entity")),
        ],
        [f"{READS}#/spec/legalBasis"],
        [(STORE, "/spec/party", party("covered-entity"))],
        id="special-category-care-between-health-professionals",
    ),
    pytest.param(
        "consent-and-basis-disagree",
        [(READS, "/spec/legalBasis", "contract"), (READS, "/spec/consent", {"scope": "care"})],
        [f"{READS}#/spec/legalBasis"],
        [(READS, "/spec/legalBasis", "consent")],
        id="consent-without-basis",
    ),
    pytest.param(
        "consent-and-basis-disagree",
        [(READS, "/spec/legalBasis", "consent")],
        [f"{READS}#/spec/consent"],
        [(READS, "/spec/consent", {"scope": "care"})],
        id="basis-without-consent",
    ),
    pytest.param(
        "fields-wider-than-needed",
        [
            (
                READS,
                "/spec/fields",
                dict.fromkeys(
                    ("id", "total", "name", "email", "diagnosis", "chart", "pan", "cvv", "secret", "note"), "clear"
                ),
            )
        ],
        [f"{READS}#/spec/fields"],
        [(READS, "/spec/fields/note", "drop")],
        id="all-fields",
    ),
    pytest.param(
        "untagged-field",
        [(READS, "/spec/fields/note", "clear")],
        [f"{READS}#/spec/fields"],
        [(API, "/spec/defaultClassification", "internal")],
        id="untagged",
    ),
    pytest.param(
        "phi-without-associate-agreement",
        [(READS, "/spec/fields/chart", "clear"), (SHOP, "/spec/party", party("service-provider"))],
        [f"{READS}#/spec/source"],
        [("agreement/paper", "", agreement("BAA", "self", "shop"))],
        id="phi",
    ),
    pytest.param(
        "phi-without-associate-agreement",
        [(READS, "/spec/fields/chart", "clear"), (STORE, "/spec/party", party("covered-entity"))],
        [f"{READS}#/spec/source"],
        [(SHOP, "/spec/party", party("covered-entity"))],
        id="phi-from-a-covered-entity-to-us",
    ),
    pytest.param(
        "card-data-outside-card-zone",
        [(READS, "/spec/fields/pan", "clear"), (STORE, "/spec/zones", ["cde"])],
        [f"{READS}#/spec/fields"],
        [(READS, "/spec/fields/pan", "hash")],
        id="pan-reaches-outside",
    ),
    pytest.param(
        "card-data-outside-card-zone",
        [(TOLD, "/spec/fields/pan", "hash"), (SHOP, "/spec/zones", ["cde"])],
        [f"{TOLD}#/spec/fields"],
        [(STORE, "/spec/zones", ["cde"])],
        id="pan-leaves-a-system-outside",
    ),
    pytest.param(
        "card-authentication-data",
        [(READS, "/spec/fields/cvv", "hash"), (SHOP, "/spec/zones", ["cde"]), (STORE, "/spec/zones", ["cde"])],
        [f"{READS}#/spec/fields"],
        [(READS, "/spec/fields/cvv", None)],
        id="sad-never",
    ),
    pytest.param(
        "card-provider-without-attestation",
        [(READS, "/spec/fields/pan", "clear"), (SHOP, "/spec/party", party("service-provider"))],
        [f"{READS}#/spec/source"],
        [("agreement/paper", "", agreement("AOC", "self", "shop"))],
        id="aoc",
    ),
    pytest.param(
        "restricted-event-unsealed",
        [(TOLD, "/spec/fields/secret", "clear")],
        [f"{TOLD}#/spec/security/encryption"],
        [(TOLD, "/spec/security", {"encryption": "payload"})],
        id="unsealed",
    ),
    pytest.param(
        "sealing-without-key",
        [(TOLD, "/spec/security", {"encryption": "payload"})],
        [f"{TOLD}#/spec/security/encryption"],
        [(SHOP, "/spec/encryptionKey", {"kty": "EC"})],
        id="no-key",
    ),
    pytest.param(
        "open-zone-without-mutual-tls",
        [(SHOP, "/spec/zones", ["partner"])],
        [f"{READS}#/spec/security/authentication", f"{TOLD}#/spec/security/authentication"],
        [
            (READS, "/spec/security", {"authentication": "mtls"}),
            (TOLD, "/spec/security", {"authentication": "oauth2+mtls"}),
        ],
        id="partner-zone",
    ),
    pytest.param(
        "api-key-beyond-low-risk",
        [*PERSONAL, (READS, "/spec/security", {"authentication": "api-key"})],
        [f"{READS}#/spec/security/authentication"],
        [(READS, "/spec/fields/email", "drop")],
        id="api-key",
    ),
    pytest.param(
        "access-not-enforced",
        [(READS, "/spec/access", "request.query.undeclared == principal.client_id")],
        [f"{READS}#/spec/access"],
        [(READS, "/spec/access", "principal.client_id == 'shop'")],
        id="a-condition-over-what-is-not-declared",
    ),
    pytest.param(
        "access-not-enforced",
        [(READS, "/spec/resourceAt", "items")],
        [f"{READS}#/spec/resourceAt"],
        [(READS, "/spec/resourceAt", "")],
        id="a-place-of-objects-without-a-condition",
    ),
    pytest.param(
        "plain-http-endpoint",
        [(STORE, "/spec/endpoints/production/url", "http://store.example")],
        [f"{STORE}#/spec/endpoints/production/url"],
        [(STORE, "/spec/endpoints", {"development": {"url": "http://store.example"}})],
        id="plain-http",
    ),
    pytest.param(
        "plain-http-endpoint",
        [(SHOP, "/spec/delivery", {"webhook": {"url": "http://shop.example", "secret": "secret://env/HOOK"}})],
        [f"{SHOP}#/spec/delivery/webhook/url"],
        [(SHOP, "/spec/delivery/webhook/url", "https://shop.example")],
        id="plain-http-webhook",
    ),
    pytest.param(
        "event-without-dead-letters",
        [(TOLD, "/spec/errors", None)],
        [f"{TOLD}#/spec/errors"],
        [(TOLD, "/spec/errors", {"deadLetter": {"retention": "P1D"}})],
        id="no-dead-letters",
    ),
    pytest.param(
        "dead-letters-without-owner",
        [(TOLD, "/spec/errors/deadLetter/owner", None)],
        [f"{TOLD}#/spec/errors/deadLetter"],
        [(TOLD, "/spec/errors/deadLetter/owner", "shopkeepers")],
        id="no-dead-letter-owner",
    ),
    pytest.param(
        "flow-without-retention",
        [(TOLD, "/spec/retention", None)],
        [f"{TOLD}#/spec/retention"],
        [(TOLD, "/spec/retention", {"messages": "P1D"})],
        id="no-retention",
    ),
    pytest.param(
        "dead-letters-outlive-messages",
        [(TOLD, "/spec/retention/messages", "P2D")],
        [f"{TOLD}#/spec/errors/deadLetter/retention"],
        [(TOLD, "/spec/errors/deadLetter/retention", "P2D")],
        id="dead-letters-outlive",
    ),
    pytest.param(
        "no-owner",
        [(SHOP, "/metadata/owner", None), (READS, "/metadata/owner", None)],
        [f"{READS}#/metadata", f"{SHOP}#/metadata"],
        [(SHOP, "/metadata/owner", "shopkeepers"), (READS, "/metadata/owner", "shopkeepers")],
        id="no-owner",
    ),
    pytest.param(
        "no-title",
        [(API, "/metadata/title", None)],
        [f"{API}#/metadata"],
        [(API, "/metadata/description", "What the store answers.")],
        id="no-title",
    ),
    pytest.param(
        "unresolved-reference",
        [(READS, "/spec/operations", ["raed"])],
        [f"{READS}#/spec"],
        [(READS, "/spec/operations", ["read"])],
        id="unresolved-operation",
    ),
    pytest.param(
        "unresolved-reference",
        [(READS, "/spec/interface/name", "stroe-api")],
        [f"{READS}#/spec"],
        [(READS, "/spec/interface/name", "store-api")],
        id="unresolved-interface",
    ),
    pytest.param(
        "third-party-without-agreement",
        [(SHOP, "/spec/party", party("controller"))],
        [f"{READS}#/spec/source", f"{TOLD}#/spec/target"],
        [("agreement/paper", "", agreement("AOC", "self", "shop"))],
        id="third-party",
    ),
    pytest.param(
        "agreement-not-in-force",
        [("agreement/paper", "", agreement("DPA", "self", "shop", expires="2026-11-22"))],
        ["agreement/paper#/spec/expires"],
        [("agreement/newer", "", agreement("DPA", "self", "shop") | {"metadata": {"name": "newer"}})],
        id="expired-until-replaced",
    ),
    pytest.param(
        "agreement-not-in-force",
        [("agreement/paper", "", agreement("DPA", "self", "shop", signed="2027-01-01"))],
        ["agreement/paper#/spec/signed"],
        [("agreement/paper", "/spec/signed", "2026-11-23")],
        id="not-yet-in-force",
    ),
    pytest.param(
        "no-throughput-limit",
        [(READS, "/spec/sla/throughput", {"expected": "5/s"})],
        [f"{READS}#/spec/sla"],
        [(READS, "/spec/sla/throughput/limit", "5/s")],
        id="no-limit",
    ),
    pytest.param(
        "limits-above-capacity",
        [(STORE, "/spec/capacity/throughput", "9/s")],
        [f"{STORE}#/spec/capacity/throughput"],
        [(READS, "/spec/sla/throughput/limit", "540/m")],
        id="limits-above-capacity",
    ),
    pytest.param(
        "availability-above-capacity",
        [(READS, "/spec/sla/availability", 99.9)],
        [f"{READS}#/spec/sla/availability"],
        [(STORE, "/spec/capacity/availability", 99.9)],
        id="availability",
    ),
    pytest.param(
        "critical-without-promise",
        [(READS, "/spec/sla/criticality", "vital"), (READS, "/spec/sla/latency", None)],
        [f"{READS}#/spec/sla", f"{READS}#/spec/sla"],
        [(READS, "/spec/sla/schedule", {"every": "5m"}), (READS, "/spec/sla/latency", {"p95": "1s"})],
        id="critical",
    ),
    pytest.param(
        "deprecated-operation",
        [(READS, "/spec/operations", ["read", "old"])],
        [f"{READS}#/spec/operations/1"],
        [(READS, "/spec/operations", ["read"])],
        id="deprecated",
    ),
]


def bend(world: Any, edits: list[Edit]) -> None:
    for reference, pointer, value in edits:
        if pointer:
            world.set(reference, pointer, value)
        else:
            world.documents[reference] = value


def test_the_small_estate_satisfies_every_baseline_rule(world: Any) -> None:
    assert world.findings() == []


@pytest.mark.parametrize(("rule", "bad", "places", "good"), CASES)
def test_baseline_rule_finds_the_bad_and_passes_the_good(
    world: Any, rule: str, bad: list[Edit], places: list[str], good: list[Edit]
) -> None:
    bend(world, bad)
    assert world.places(rule) == places
    bend(world, good)
    assert world.places(rule) == []


def test_a_description_that_asks_for_no_credentials_is_found(world: Any) -> None:
    import dataclasses

    api = world.models["store-api@1"]
    unsecured = dataclasses.replace(api.operations["read"], secured=False)
    world.models["store-api@1"] = dataclasses.replace(api, operations={**api.operations, "read": unsecured})
    assert world.places("unsecured-operation") == ["interface/store-api@1#/spec/definition"]


def test_baseline_rules_are_whole_and_unique() -> None:
    assert len({rule.id for rule in BASELINE}) == len(BASELINE) >= 24
    for rule in BASELINE:
        assert all((rule.title, rule.rationale, rule.scope, rule.remedy, rule.source)), rule.id


@pytest.mark.parametrize("handling", [Handling.MASK, Handling.DROP])
def test_masked_and_dropped_fields_carry_nothing(world: Any, handling: Handling) -> None:
    for name in ("email", "diagnosis", "chart", "pan", "cvv", "note"):
        world.set(READS, f"/spec/fields/{name}", handling.value)
    assert world.findings() == []


def test_an_interface_without_a_readable_definition_never_passes_silently(world: Any) -> None:
    del world.models["store-api@1"]
    world.set(READS, "/spec/fields/email", "clear")
    (finding,) = world.findings()
    assert (finding.rule, finding.subject) == ("unresolved-reference", READS)


def test_retired_integrations_are_not_judged(world: Any) -> None:
    world.set(READS, "/spec/sla", None)
    world.set(STORE, "/spec/capacity/throughput", "1/s")
    world.retire("reads")
    assert world.findings() == []
