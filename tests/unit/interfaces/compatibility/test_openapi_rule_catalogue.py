"""The catalogue and the code say the same: each rule's example gives that rule, at its class."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from compared_descriptions import asyncapi, compared, openapi, read

import easement.interfaces.compatibility as package
from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.compare import ParsedSource, compare_parsed
from easement.interfaces.compatibility.policy import POLICIES
from easement.interfaces.compatibility.rules import RULES, rules_page
from easement.interfaces.compatibility.rules_model import Rule, Scope
from easement.interfaces.compatibility.verdict import ChangeClass, Role
from easement.interfaces.sources import sources_of

BY_WORK = "description-too-complex"


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.id != BY_WORK], ids=lambda rule: rule.id)
def test_example_of_the_rule_gives_the_rule(rule: Rule) -> None:
    if rule.scope is Scope.ASYNCAPI:
        found = compared(asyncapi(read(rule.old)), asyncapi(read(rule.new)), "asyncapi")
    else:
        found = compared(openapi(read(rule.old), rule.scope), openapi(read(rule.new), rule.scope))
    verdict = found.verdicts[0]
    assert verdict.rule == rule.id
    assert verdict.change is rule.class_for(verdict.direction.role, POLICIES["strict"])
    assert all(other.change is not verdict.change or other.rule == rule.id or rule.scope is Scope.OPENAPI
               for other in found.verdicts)  # fmt: skip


def test_every_rule_that_the_code_names_is_in_the_catalogue() -> None:
    folder = Path(next(iter(package.__path__)))
    named = {
        name
        for file in folder.glob("*.py")
        if file.name.startswith(("openapi_", "asyncapi_", "security_", "servers_", "changes"))
        for name in re.findall(r'(?:changes|self)\.add\(\s*"([a-z-]+)"', file.read_text())
    }
    assert len(named) > 40
    assert named <= set(RULES)


def test_rules_say_who_writes_is_hit_otherwise_than_who_reads() -> None:
    rule = RULES["parameter-became-required"]
    assert rule.class_for(Role.WRITES) is ChangeClass.BREAKING
    assert rule.class_for(Role.READS) is ChangeClass.SAFE
    assert rule.class_for(Role.READS, POLICIES["backward"]) is ChangeClass.BREAKING
    assert rule.class_for(Role.WRITES, POLICIES["forward"]) is ChangeClass.SAFE
    assert rule.class_for(Role.READS, POLICIES["full"]) is ChangeClass.BREAKING


def test_page_has_every_rule() -> None:
    page = "\n".join(rules_page())
    assert all(f"### {name}\n" in page for name in RULES)


def test_work_that_runs_out_is_said_and_breaking() -> None:
    paths = {f"/a{number}": {"get": {"responses": {"200": {"description": "ok"}}}} for number in range(50)}
    old = {"openapi": "3.1.0", "info": {}, "paths": paths}
    new = {**old, "info": {"title": "other"}}
    found = compare_parsed(
        ParsedSource(format="openapi", path="a", sources=sources_of({"a": old})),
        ParsedSource(format="openapi", path="a", sources=sources_of({"a": new})),
        budget=Budget(10),
    )
    assert found.verdicts[0].rule == BY_WORK
    assert found.verdicts[0].too_complex
    assert found.is_breaking
