"""Bodies as classified fields."""

from __future__ import annotations

import pytest

from easement.contract.kinds import Classification, Definition, FieldTag, InterfaceSpec, Tag
from easement.contract.values import Version
from easement.interfaces.fields import body_fields, interface_fields
from easement.interfaces.model import Channel, Content, InterfaceModel, Operation, Response

CONFIDENTIAL = {"classification": "confidential", "category": "user.contact.email", "tags": ["personal"]}
TEXT = {"type": "string"}
TAGGED = {"type": "string", "x-easement": CONFIDENTIAL}


def fields(schema, definitions=None, tags=None, default=None):
    return {one.path: one for one in body_fields(schema, definitions or {}, tags=tags or {}, default=default)}


def levels(schema, **options):
    return {path: one.classification for path, one in fields(schema, **options).items()}


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        pytest.param({"properties": {"a": TEXT, "b": {"properties": {"c": TEXT}}}}, ["a", "b", "b.c"], id="objects"),
        pytest.param({"items": {"properties": {"a": {"items": {"items": {"properties": {"b": TEXT}}}}}}}, ["a", "a.b"],
                     id="arrays"),
        pytest.param({"allOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}, ["a", "b"], id="allOf"),
        pytest.param({"oneOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}, ["a", "b"], id="oneOf"),
        pytest.param({"anyOf": [{"properties": {"a": TEXT}}, {"type": "null"}]}, ["a"], id="nullable"),
        pytest.param(TEXT, ["$"], id="text"),
        pytest.param({"type": "array", "items": TEXT}, ["$"], id="texts"),
        pytest.param(True, ["$"], id="anything"),
        pytest.param({"type": "object", "additionalProperties": {"properties": {"a": TEXT}}}, ["$"], id="map"),
        pytest.param({"properties": {"a.b": TEXT, "a": {"properties": {"b": TEXT}}}}, ["a", "a.b", "a\\.b"], id="dot"),
        pytest.param({"properties": {"a": False, "b": TEXT}}, ["b"], id="forbidden"),
    ],
)  # fmt: skip
def test_fields_are_flattened(schema, paths):
    assert sorted(fields(schema)) == paths


def test_a_schema_in_itself_is_unrolled_once():
    definitions = {"Node": {"properties": {"name": TEXT, "parent": {"$ref": "#/$defs/Node"}}}}
    assert sorted(fields({"$ref": "#/$defs/Node"}, definitions)) == ["name", "parent", "parent.name"]


def test_types_leaves_and_required_are_told():
    found = fields(
        {
            "required": ["a"],
            "properties": {
                "a": {"type": ["string", "null"]},
                "b": {"type": "array", "items": {"properties": {"c": TEXT}}},
            },
        }
    )
    assert (found["a"].types, found["a"].leaf, found["a"].required) == (("null", "string"), True, True)
    assert (found["b"].types, found["b"].leaf, found["b"].required) == (("array",), False, False)


def test_classification_comes_from_the_nearest_that_says_it():
    schema = {
        "properties": {
            "open": TEXT,
            "mail": TAGGED,
            "person": {
                "x-easement": {"classification": "restricted"},
                "properties": {"name": TEXT, "nick": {"x-easement": {"classification": "public"}}},
            },
        }
    }
    expected = {
        "open": None,
        "mail": Classification.CONFIDENTIAL,
        "person": Classification.RESTRICTED,
        "person.name": Classification.RESTRICTED,
        "person.nick": Classification.PUBLIC,
    }
    assert levels(schema) == expected
    assert fields(schema)["mail"].tags == frozenset({Tag.PERSONAL})
    assert levels(schema, default=Classification.INTERNAL) == {**expected, "open": Classification.INTERNAL}
    internal = FieldTag(classification=Classification.INTERNAL)
    assert levels(schema, tags={"person": internal}) == {
        **expected,
        **dict.fromkeys(("person", "person.name", "person.nick"), Classification.INTERNAL),
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param({"items": TAGGED, "type": "array"}, "confidential", id="items"),
        pytest.param({"anyOf": [TAGGED, {"type": "null"}]}, "confidential", id="null"),
        pytest.param({"additionalProperties": {"properties": {"m": TAGGED}}}, None, id="half-tagged-map"),
        pytest.param({"x-easement": {"classification": "internal"},
                      "additionalProperties": {"properties": {"m": TAGGED}}}, "confidential",
                     id="what-a-map-hides-counts"),
        pytest.param({"anyOf": [TAGGED, {"type": "integer"}]}, None, id="half-union"),
    ],
)  # fmt: skip
def test_a_leaf_is_as_strict_as_all_that_is_in_it(schema, expected):
    assert levels({"properties": {"a": schema}})["a"] == expected


def test_one_unclassified_body_leaves_a_shared_path_unclassified():
    tagged = {"properties": {"mail": TAGGED, "id": TEXT}}
    operation = Operation(
        id="x",
        method="POST",
        path="/x",
        request=Content(required=True, media={"application/json": {"properties": {"mail": TEXT}}}),
        responses=(Response(status="200", content=Content(required=True, media={"application/json": tagged})),),
    )
    channel = Channel(name="c", address="c", payload={"properties": {"sku": TEXT}})
    model = InterfaceModel(
        format="openapi", title="", version="1", operations={"x": operation}, channels={"c": channel}
    )
    spec = InterfaceSpec(system="s", version=Version(1, 0, 0), definition=Definition(openapi="x.yaml"))
    found = {one.path: one for one in interface_fields(model, spec)}
    assert sorted(found) == ["id", "mail", "sku"]
    assert found["mail"].classification is None
    assert found["mail"].tags == frozenset({Tag.PERSONAL})
