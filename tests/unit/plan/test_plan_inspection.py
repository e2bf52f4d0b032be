"""What a contract's ``waf`` compiles to, what follows from the schema, and what is not programmed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from easement.contract.kinds import Integration, Waf
from easement.interfaces.model import Content, InterfaceModel, Operation, Parameter, Schema
from easement.plan.inspection import html_arguments, in_words, inspection_obstacles, inspection_of
from easement.plan.model import INSPECTED_BODY_LIMIT, InspectionExclusion, InspectionRules

RULES = InspectionRules(version="OWASP_CRS/3.3.4", digest="a" * 64)
JSON = "application/json"
HTML = {"type": "string", "format": "html"}
EXCLUSION = {"operation": "create", "rules": [942100], "argument": "json.note", "reason": "customers quote"}


def contract(waf: dict[str, Any], **changes: Any) -> Integration:
    spec = {
        "source": "shop", "target": "orders", "interface": {"name": "orders-api", "version": "1"},
        "operations": ["create"], "fields": ["id"], "purpose": "orders", "waf": waf, **changes,
    }  # fmt: skip
    tree = {"apiVersion": "easement/v1", "kind": "Integration", "metadata": {"name": "shop-to-orders"}, "spec": spec}
    return TypeAdapter(Integration).validate_python(tree)


def operation(schema: Schema = True, media: str = JSON, name: str = "create") -> Operation:
    return Operation(id=name, method="POST", path="/orders", request=Content(required=True, media={media: schema}))


def reasons(integration: Integration, rules: InspectionRules | None = RULES, media: str = JSON) -> list[str]:
    model = InterfaceModel(format="openapi", title="", version="1", operations={"create": operation(media=media)})
    return [reason for reason, _ in inspection_obstacles(integration, model, rules)]


def test_a_contract_that_says_nothing_is_not_inspected_and_needs_no_rules():
    assert inspection_of(contract({}), operation(), {}) is None
    assert reasons(contract({}), None) == []


def test_an_exclusion_is_compiled_for_its_operation_only():
    integration = contract({"mode": "block", "paranoia": 2, "exclusions": [EXCLUSION]})
    compiled = inspection_of(integration, operation(), {})
    assert compiled is not None
    assert (compiled.mode, compiled.paranoia) == ("block", 2)
    assert compiled.exclusions == (InspectionExclusion(rule=942100, argument="json.note"),)
    other = inspection_of(integration, operation(name="other"), {})
    assert other is not None
    assert other.exclusions == ()
    assert in_words(compiled, RULES) == ("block by OWASP_CRS/3.3.4 at paranoia 2, without rule 942100 for json.note")


def test_what_is_declared_as_html_is_left_out_of_the_rules_against_scripts_by_itself():
    definitions: dict[str, Schema] = {"Page": {"properties": {"body": {"contentMediaType": "text/html"}}}}
    schema = {
        "properties": {
            "note": HTML, "plain": {"type": "string"}, "page": {"$ref": "#/$defs/Page"},
            "many": {"type": "array", "items": HTML}, "odd.name": HTML, "x;ARGS": HTML,
        }
    }  # fmt: skip
    query = Parameter(name="q", location="query", required=False, schema=HTML)
    hidden = Parameter(name="h", location="header", required=False, schema=HTML)
    call = replace(operation(schema), parameters=(query, hidden))
    assert html_arguments(call, definitions) == ("q", "json.note", "json.page.body")
    compiled = inspection_of(contract({"mode": "detect"}), call, definitions)
    assert compiled is not None
    assert {(one.tag, one.rule) for one in compiled.exclusions} == {("attack-xss", 0)}


def test_a_schema_that_contains_itself_ends():
    definitions: dict[str, Schema] = {"Node": {"properties": {"child": {"$ref": "#/$defs/Node"}, "text": HTML}}}
    found = html_arguments(operation({"$ref": "#/$defs/Node"}), definitions)
    assert len(found) == 8
    assert "json.child.text" in found


@pytest.mark.parametrize("mode", ["block", "detect"])
@pytest.mark.parametrize("rules", [None, InspectionRules(problem="there is no folder /x")])
def test_without_rules_nothing_that_asks_for_inspection_is_programmed(mode: str, rules: InspectionRules | None):
    assert reasons(contract({"mode": mode}), rules) == ["InspectionNotAvailable"]
    assert reasons(contract({"mode": mode})) == []


def test_what_cannot_be_inspected_whole_is_not_programmed():
    block = {"mode": "block"}
    assert reasons(contract(block, sla={"maxBodyBytes": INSPECTED_BODY_LIMIT + 1})) == ["InspectionBodyTooLarge"]
    assert reasons(contract(block), media="multipart/form-data") == ["InspectionNotReadable"]
    assert reasons(contract(block), media="application/x-www-form-urlencoded") == []
    wrong = contract({**block, "exclusions": [{**EXCLUSION, "operation": "delete"}]})
    assert reasons(wrong) == ["InspectionExclusionUnknown"]
    assert reasons(contract(block, pattern="event")) == ["InspectionNotEnforced"]


@pytest.mark.parametrize(
    "changes",
    [{"rules": [949110]}, {"rules": [901001]}, {"rules": []}, {"reason": ""}, {"argument": "a;b"}, {"argument": 'a"b'}],
)
def test_no_exclusion_switches_the_inspection_off_or_writes_a_rule(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        TypeAdapter(Waf).validate_python({"mode": "block", "exclusions": [{**EXCLUSION, **changes}]})
