"""Rules that people write: what they see, and that a broken rule never passes."""

from __future__ import annotations

from typing import Any

import pytest

from easement.standards.cel import MAX_LENGTH, CelEnvironment, CelError

READS, TOLD = "integration/reads", "integration/told"


def rule(check: str, **more: Any) -> dict[str, Any]:
    return {"id": "ours", "title": "Ours", "check": check, **more}


def standard(world: Any, *rules: dict[str, Any], **spec: Any) -> None:
    world.add("Standard", "house", rules=list(rules), **spec)


def found(world: Any) -> list[tuple[str, str]]:
    return [(finding.rule, finding.at) for finding in world.findings()]


@pytest.mark.parametrize(
    ("check", "places"),
    [
        ("integration.pattern == 'event'", [f"{READS}#/spec/pattern"]),
        ("integration.title.startsWith('A ')", [f"{READS}#/metadata/title", f"{TOLD}#/metadata/title"]),
        ("!has(integration.errors.deadLetter)", [f"{TOLD}#/spec/errors/deadLetter"]),
        (
            "!has(integration.retention.messages) || integration.retention.messages <= 6 * 86400",
            [f"{TOLD}#/spec/retention/messages"],
        ),
        ("integration.sla.throughput.limit < 10", [f"{at}#/spec/sla/throughput/limit" for at in (READS, TOLD)]),
        ("source.name != 'shop'", [f"{READS}#/spec"]),
        ("fields.all(f, f.classification == 'public')", [f"{READS}#/spec", f"{TOLD}#/spec"]),
        ("fields.exists(f, f.receiver == 'store')", [f"{READS}#/spec", f"{TOLD}#/spec"]),
        ("system.technology != 'python'", ["system/shop#/spec/technology", "system/store#/spec/technology"]),
        ("system.location.country in ['DE', 'FR']", []),
        ("interface.name.endsWith('-api')", ["interface/store-events@1#/metadata/name"]),
        ("target.capacity.availability >= 99.9", [f"{READS}#/spec"]),
    ],
)  # fmt: skip
def test_a_rule_sees_the_document_it_is_about(world: Any, check: str, places: list[str]) -> None:
    applies = "target.name == 'store'" if check.startswith("target") else ""
    standard(world, rule(check, appliesTo=applies))
    assert [at for _, at in found(world)] == places


def test_both_conditions_narrow_what_a_rule_applies_to(world: Any) -> None:
    standard(world, rule("false", appliesTo="source.name == 'store'"), appliesTo="integration.pattern == 'event'")
    assert found(world) == [("ours", f"{TOLD}#/spec")]


def test_a_finding_has_what_the_rule_says(world: Any) -> None:
    standard(world, rule("integration.pattern == 'event'", severity="warning", blocks="live", remedy="Use events."))
    (finding,) = world.findings()
    assert (finding.severity, finding.blocks, finding.remedy, finding.standard) == (
        "warning",
        "live",
        "Use events.",
        "house",
    )


def test_an_expression_that_cannot_be_evaluated_is_a_finding(world: Any) -> None:
    standard(world, rule("integration.errors.deadLetter.owner != ''", appliesTo="integration.pattern == 'request'"))
    (finding,) = world.findings()
    assert finding.at == f"{READS}#/spec/errors/deadLetter/owner"
    assert "could not be evaluated" in finding.message
    assert "deadLetter" in finding.message


def test_an_endless_expression_is_stopped_and_found(world: Any) -> None:
    for number in range(300):
        world.set(READS, f"/metadata/labels/l{number}", "x")
    labels = "integration.labels"
    standard(
        world,
        rule(f"{labels}.all(a, {labels}.all(b, {labels}.all(c, a + b + c != '')))", appliesTo="source.name == 'shop'"),
    )
    (finding,) = world.findings()
    assert "could not be evaluated" in finding.message


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("integration.pattern ==", "column"),
        ("intgration.pattern == 'event'", "undeclared reference"),
        ("'text'", "true or false"),
        ("'a' + 1 == 'b'", "no matching overload"),
        ("   ", "empty"),
    ],
)
def test_a_rule_that_does_not_compile_blocks_everything(world: Any, check: str, why: str) -> None:
    standard(world, rule(check))
    (finding,) = world.findings()
    assert finding.at == "standard/house#/spec/rules/0/check"
    assert (finding.rule, finding.severity, finding.blocks) == ("standard-rule-invalid", "error", "check")
    assert why in finding.message


def test_a_bad_condition_is_reported_where_it_stands(world: Any) -> None:
    standard(world, rule("integration.pattern == 'event'", appliesTo="nonsense"), appliesTo="")
    assert found(world) == [("standard-rule-invalid", "standard/house#/spec/rules/0/appliesTo")]


def test_a_standard_cannot_replace_a_rule_of_the_baseline(world: Any) -> None:
    standard(world, {**rule("true"), "id": "no-owner"})
    world.set(READS, "/metadata/owner", None)
    assert found(world) == [
        ("no-owner", f"{READS}#/metadata"),
        ("standard-rule-invalid", "standard/house#/spec/rules/0/id"),
    ]


def test_settings_that_do_nothing_are_found(world: Any) -> None:
    standard(world, settings={"noticePeriod": {}, "approvers": {"personal": ["compliance"], "lunch": ["cook"]}})
    assert found(world) == [
        ("standard-setting-unknown", "standard/house#/spec/settings/approvers/lunch"),
        ("standard-setting-unknown", "standard/house#/spec/settings/approvers/lunch"),
        ("standard-setting-unknown", "standard/house#/spec/settings/noticePeriod"),
    ]


def test_an_expression_is_bounded_in_length() -> None:
    with pytest.raises(CelError, match="longer than"):
        CelEnvironment(["it"]).compile("true || " * MAX_LENGTH + "true")


def test_an_expression_is_bounded_in_depth() -> None:
    with pytest.raises(CelError, match="recursion limit"):
        CelEnvironment(["it"]).compile("(" * 300 + "true" + ")" * 300)


def test_a_mistake_has_a_position() -> None:
    with pytest.raises(CelError) as caught:
        CelEnvironment(["it"]).compile("it.x == 1 &&\n  ti.x == 1")
    assert (caught.value.line, caught.value.column) == (2, 5)


@pytest.mark.parametrize("text", ["it.missing", "1/0 == 1", "it.text", "matches(it.text, '(')"])
def test_what_cannot_be_said_is_never_true_or_false(text: str) -> None:
    with pytest.raises(CelError):
        CelEnvironment(["it"]).compile(text).holds({"it": {"text": "x"}})
