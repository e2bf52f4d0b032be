"""Descriptions made to make the comparison run for ever, read what it should not, or call something compatible."""

from __future__ import annotations

import json
from typing import Any

from easement.interfaces.compatibility.budget import Budget
from easement.interfaces.compatibility.changes import MAX_VERDICTS
from easement.interfaces.compatibility.compare import (
    DefinitionSource,
    ParsedSource,
    compare_definitions,
    compare_parsed,
)
from easement.interfaces.compatibility.verdict import Comparison
from easement.interfaces.sources import sources_of


def described(**members: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {}, "paths": {}, **members}


def compared(old: Any, new: Any, steps: int) -> Comparison:
    before, after = sources_of({"a": old}), sources_of({"a": new})
    return compare_parsed(
        ParsedSource(format="openapi", path="a", sources=before),
        ParsedSource(format="openapi", path="a", sources=after),
        budget=Budget(steps),
    )


def as_bytes(document: Any) -> DefinitionSource:
    return DefinitionSource(format="openapi", path="a.json", files={"a.json": json.dumps(document).encode()})


def test_callbacks_that_call_themselves_end() -> None:
    """Each level has thirty callbacks that lead to the same item: 30 to the power of the depth without a bound."""
    callbacks = {f"c{number}": {"x": {"$ref": "#/components/pathItems/p"}} for number in range(30)}
    item = {"post": {"callbacks": callbacks, "responses": {}}}
    document = described(paths={"/a": item}, components={"pathItems": {"p": item}})
    _, problems = compare_definitions(as_bytes(document), as_bytes({**document, "info": {"title": "b"}}))
    assert {problem.code for problem in problems} == {"EAS-2007"}


def test_one_changed_schema_under_a_thousand_operations_stays_inside_the_work() -> None:
    def document(kind: str) -> Any:
        properties = {f"p{number}": {"$ref": f"#/components/schemas/S{number + 1}"} for number in range(40)}
        schemas: dict[str, Any] = {f"S{number}": {"properties": properties} for number in range(40)}
        schemas["S40"] = {"type": kind}
        body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
        operation = {"requestBody": body, "responses": {}}
        paths = {f"/a{number}": {"post": operation} for number in range(1_000)}
        return described(paths=paths, components={"schemas": schemas})

    found = compared(document("string"), document("integer"), 100_000)
    assert found.is_breaking
    assert len(found.verdicts) <= MAX_VERDICTS


def test_a_spent_budget_is_never_compatible() -> None:
    paths = {f"/a{number}": {"get": {"responses": {}}} for number in range(100)}
    last = {**paths, "/a99": {"get": {"responses": {}, "parameters": [{"in": "query", "name": "q", "required": True}]}}}
    for steps in (0, 1, 50, 99):
        found = compared(described(paths=paths), described(paths=last), steps)
        assert found.is_breaking
        assert any(verdict.too_complex for verdict in found.verdicts)


def test_more_changes_than_are_listed_are_never_compatible() -> None:
    paths = {f"/a{number}": {"get": {"summary": "a", "responses": {}}} for number in range(MAX_VERDICTS + 10)}
    changed = {path: {"get": {"summary": "b", "responses": {}}} for path in paths}
    found = compared(described(paths=paths), described(paths=changed), 10_000_000)
    assert len(found.verdicts) == MAX_VERDICTS
    assert found.is_breaking
    assert found.verdicts[0].too_complex


def test_references_in_a_circle_end() -> None:
    circle = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}
    paths = {"/a": {"post": {"requestBody": body, "responses": {}}}}
    old = described(paths=paths, components={"schemas": circle})
    new = described(paths=paths, components={"schemas": {**circle, "B": {"type": "string"}}})
    for before, after in ((old, new), (new, old)):
        comparison, problems = compare_definitions(as_bytes(before), as_bytes(after))
        assert problems or comparison.is_breaking
    one, other = described(paths={"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}), described()
    assert compare_definitions(as_bytes(one), as_bytes(other))[1]


def test_nothing_outside_of_the_given_files_is_read() -> None:
    for target in ("../../secret.yaml", "/secret.yaml", "file:///secret.yaml", "https://elsewhere.example/a", "..\\a"):
        body = {"content": {"application/json": {"schema": {"$ref": target}}}}
        document = described(paths={"/a": {"post": {"requestBody": body, "responses": {}}}})
        _, problems = compare_definitions(as_bytes(described()), as_bytes(document))
        assert problems, target


def test_braces_in_names_are_no_templates() -> None:
    parameter = {"in": "query", "name": "{0.__class__}{before}", "required": True, "schema": {}}
    new = described(paths={"/a": {"get": {"parameters": [parameter], "responses": {}}}})
    old = described(paths={"/a": {"get": {"responses": {}}}})
    assert "{0.__class__}{before}" in compared(old, new, 1_000).verdicts[0].explanation


def test_true_is_not_one() -> None:
    def document(value: Any) -> Any:
        parameter = {"in": "query", "name": "q", "schema": {"enum": [value]}}
        return described(paths={"/a": {"get": {"parameters": [parameter], "responses": {}}}})

    assert compared(document(1), document(value=True), 1_000).is_breaking
    assert compared(document(1), document(1.0), 1_000).verdicts == ()
