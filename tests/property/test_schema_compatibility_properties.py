"""What the schema engine claims, on generated schemas, against a validator; and what hostile schemas cost."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, assume, example, given, note, settings
from hypothesis import strategies as st

from easement.interfaces.compatibility.budget import DEFAULT_STEPS, Budget
from easement.interfaces.compatibility.json_schema import SchemaComparer, compare_schemas
from easement.interfaces.compatibility.policy import POLICIES
from easement.interfaces.compatibility.verdict import ChangeClass, Direction, Verdict

NAMES = ("a", "b", "c")
SCALARS = st.sampled_from([None, True, False, 0, 1, 2, -1, 1.5, "", "a", "ab", "b", "x"])
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*NAMES, "S_x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
LIMITS = st.sampled_from([-1, 0, 0.5, 1, 2])
COUNTS = st.integers(0, 3)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"])


def _optional(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


LEAVES: st.SearchStrategy[Any] = st.one_of(
    TYPES.map(lambda name: {"type": name}),
    st.lists(TYPES, min_size=1, max_size=3, unique=True).map(lambda names: {"type": names}),
    st.lists(SCALARS, min_size=1, max_size=3).map(lambda values: {"enum": values}),
    SCALARS.map(lambda value: {"const": value}),
    _optional(
        type=st.just("string"),
        minLength=COUNTS,
        maxLength=COUNTS,
        pattern=st.sampled_from(["^a", "b$", "^[a-z]*$", "^(a|b)+$", ""]),
    ),
    _optional(
        type=st.sampled_from(["integer", "number"]),
        minimum=LIMITS,
        maximum=LIMITS,
        exclusiveMinimum=LIMITS,
        exclusiveMaximum=LIMITS,
        multipleOf=st.sampled_from([0.5, 1, 2]),
    ),
    st.sampled_from([{}, True, False, {"$ref": "#/$defs/One"}, {"$ref": "#/$defs/Two"}]),
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=2)
    return st.one_of(
        _optional(
            type=st.just("object"),
            properties=members,
            required=st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
            additionalProperties=st.one_of(st.just(value=False), inner),
            patternProperties=st.dictionaries(st.sampled_from(["^a", "b", "^S_"]), inner, min_size=1, max_size=1),
            propertyNames=st.sampled_from([{"maxLength": 1}, {"enum": ["a", "b"]}, {"pattern": "^[a-c]"}]),
            minProperties=COUNTS,
            maxProperties=COUNTS,
            dependentRequired=st.just({"a": ["b"]}),
            dependentSchemas=st.dictionaries(st.just("a"), inner, min_size=1, max_size=1),
            unevaluatedProperties=st.one_of(st.just(value=False), inner),
        ),
        _optional(
            type=st.just("array"),
            items=inner,
            prefixItems=st.lists(inner, min_size=1, max_size=2),
            minItems=COUNTS,
            maxItems=COUNTS,
            uniqueItems=st.booleans(),
            contains=inner,
            maxContains=COUNTS,
            unevaluatedItems=inner,
        ),
        st.builds(
            lambda key, parts: {key: parts},
            st.sampled_from(["allOf", "anyOf", "oneOf"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        inner.map(lambda part: {"not": part}),
        st.builds(lambda one, two, three: {"if": one, "then": two, "else": three}, inner, inner, inner),
    )


SCHEMAS = st.recursive(LEAVES, _larger, max_leaves=7)
DEFINITIONS = st.fixed_dictionaries(
    {
        "One": LEAVES.filter(lambda said: "$ref" not in str(said)),
        "Two": st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from(NAMES), LEAVES, max_size=2)}),
    }
)


@st.composite
def changed(draw: st.DrawFn, schema: Any) -> Any:
    """The schema with one keyword somewhere gone, replaced or added."""
    if not isinstance(schema, dict) or not schema or draw(st.integers(0, 5)) == 0:
        return draw(SCHEMAS)
    key = draw(st.sampled_from(sorted(schema)))
    said = schema[key]
    if isinstance(said, dict) and key in {"properties", "patternProperties", "dependentSchemas"}:
        name = draw(st.sampled_from(sorted(said)))
        return {**schema, key: {**said, name: draw(changed(said[name]))}}
    if isinstance(said, list) and key in {"allOf", "anyOf", "oneOf", "prefixItems"}:
        place = draw(st.integers(0, len(said) - 1))
        return {**schema, key: [*said[:place], draw(changed(said[place])), *said[place + 1 :]]}
    if isinstance(said, dict) and key != "dependentRequired":
        return {**schema, key: draw(changed(said))}
    if draw(st.booleans()):
        return {name: value for name, value in schema.items() if name != key}
    other = draw(SCHEMAS)
    return {**schema, **other} if isinstance(other, dict) else other


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    definitions = draw(DEFINITIONS)
    old = draw(SCHEMAS)
    new = draw(changed(old))
    return {"$defs": definitions, "allOf": [old]}, {"$defs": definitions, "allOf": [new]}


def compared(
    old: Any, new: Any, *, policy: str = "backward", direction: Direction = Direction.REQUEST, dialect: str = "2020-12"
) -> tuple[Verdict, ...]:
    return compare_schemas(
        old,
        new,
        old_root=old,
        new_root=new,
        direction=direction,
        policy=POLICIES[policy],
        dialect_old=dialect,
        dialect_new=dialect,
    )


def is_breaking(verdicts: tuple[Verdict, ...]) -> bool:
    return any(one.change is ChangeClass.BREAKING for one in verdicts)


EXAMPLES = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@EXAMPLES
@given(pair=pairs(), instances=st.lists(DOCUMENTS, min_size=12, max_size=12))
def test_what_counts_as_compatible_accepts_all_that_was_valid(pair: tuple[Any, Any], instances: list[Any]) -> None:
    old, new = pair
    verdicts = compared(old, new)
    if is_breaking(verdicts):
        return
    note(json.dumps([old, new]))
    before, after = jsonschema_rs.Draft202012Validator(old), jsonschema_rs.Draft202012Validator(new)
    for instance in instances:
        assert not before.is_valid(instance) or after.is_valid(instance)


@EXAMPLES
@given(pair=pairs())
def test_an_example_is_what_it_says(pair: tuple[Any, Any]) -> None:
    old, new = pair
    before, after = jsonschema_rs.Draft202012Validator(old), jsonschema_rs.Draft202012Validator(new)
    for direction in (Direction.REQUEST, Direction.RESPONSE):
        for verdict in compared(old, new, policy="strict", direction=direction):
            if verdict.counter_example is not None:
                instance = verdict.counter_example.instance
                accepts, refuses = (before, after) if verdict.counter_example.accepted_by == "old" else (after, before)
                assert accepts.is_valid(instance)
                assert not refuses.is_valid(instance)


@EXAMPLES
@given(schema=SCHEMAS, definitions=DEFINITIONS)
def test_a_schema_does_not_differ_from_itself(schema: Any, definitions: Any) -> None:
    whole = {"$defs": definitions, "allOf": [schema]}
    again = json.loads(json.dumps(whole))
    for policy in POLICIES:
        assert compared(whole, again, policy=policy) == ()


@EXAMPLES
@given(schema=SCHEMAS, definitions=DEFINITIONS)
def test_the_order_of_keys_means_nothing(schema: Any, definitions: Any) -> None:
    whole = {"$defs": definitions, "allOf": [schema]}
    assert compared(whole, _reversed(whole), policy="full") == ()


OBJECT = {"One": {"type": "object"}, "Two": {"properties": {}}}
ANYTHING = {"One": True, "Two": {"properties": {}}}
NESTED = {"properties": {"a": {"properties": {"b": {"type": "string"}}}}}


@EXAMPLES
@given(schema=SCHEMAS, definitions=DEFINITIONS)
@example(schema=NESTED, definitions=OBJECT)
@example(schema={"not": {"not": NESTED}}, definitions=OBJECT)
@example(schema={"additionalProperties": NESTED["properties"]["a"]}, definitions=OBJECT)
@example(schema={"patternProperties": NESTED["properties"]}, definitions=OBJECT)
@example(schema={"not": {"not": {"not": {"not": {"$ref": "#/$defs/One"}}}}}, definitions=ANYTHING)
@example(schema={"dependentSchemas": {"a": {"not": {"not": {"$ref": "#/$defs/One"}}}}}, definitions=ANYTHING)
def test_a_reference_and_what_it_refers_to_mean_the_same(schema: Any, definitions: Any) -> None:
    one = definitions["One"]
    whole = {"$defs": definitions, "allOf": [schema, {"properties": {"a": {"$ref": "#/$defs/One"}}}]}
    inlined = {"$defs": definitions, "allOf": [schema, {"properties": {"a": one}}]}
    for policy in ("full", "strict"):
        assert compared(whole, inlined, policy=policy) == ()
        assert compared(inlined, whole, policy=policy) == ()


@EXAMPLES
@given(pair=pairs())
def test_forward_is_backward_seen_from_the_other_side(pair: tuple[Any, Any]) -> None:
    old, new = pair
    assert is_breaking(compared(old, new, policy="backward")) == is_breaking(compared(new, old, policy="forward"))
    full = is_breaking(compared(old, new, policy="full"))
    assert full == (is_breaking(compared(old, new)) or is_breaking(compared(old, new, policy="forward")))


@EXAMPLES
@given(pair=pairs())
def test_many_places_of_two_documents_give_what_each_gives_alone(pair: tuple[Any, Any]) -> None:
    old, new = pair
    assume(isinstance(old["allOf"][0], dict) and isinstance(new["allOf"][0], dict))
    comparer = SchemaComparer(old, new, policy=POLICIES["strict"], dialect_old="2020-12", dialect_new="2020-12")
    for direction in (Direction.REQUEST, Direction.RESPONSE, Direction.REQUEST):
        together = comparer.compare(old, new, direction=direction)
        alone = compared(old, new, policy="strict", direction=direction)
        assert {(v.rule, v.change, v.field_path) for v in together} == {(v.rule, v.change, v.field_path) for v in alone}


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(said) for name, said in reversed(list(value.items()))}
    return [_reversed(said) for said in value] if isinstance(value, list) else value


def _deep(levels: int, leaf: Any) -> Any:
    schema = leaf
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


def _doubling(levels: int, leaf: Any, keyword: str) -> Any:
    definitions = {}
    for level in range(1, levels):
        below = {"$ref": f"#/$defs/n{level - 1}"}
        definitions[f"n{level}"] = {keyword: [below, {"properties": {"x": below}}]}
    return {"$defs": {"n0": leaf, **definitions}, "$ref": f"#/$defs/n{levels - 1}"}


def _choices(count: int, limit: int) -> Any:
    return {"allOf": [{"anyOf": [{"required": [f"a{place}"]}, {"required": [f"b{place}"]}, {"minProperties": limit}]}
                      for place in range(count)]}  # fmt: skip


def _wide(count: int, leaf: Any) -> Any:
    return {"properties": {f"p{place}": leaf for place in range(count)}}


HOSTILE = {
    "deep": (_deep(400, {"type": "string"}), _deep(400, {"type": "integer"})),
    "very deep, and the same": (_deep(400, {"type": "string"}), _deep(400, {"type": "string"})),
    "wide": (_wide(20_000, {"type": "string"}), _wide(20_000, {"type": "integer"})),
    "doubling by anyOf": (_doubling(40, {"type": "string"}, "anyOf"), _doubling(40, {"maxLength": 3}, "anyOf")),
    "doubling by oneOf": (_doubling(40, {"type": "string"}, "oneOf"), _doubling(40, {"maxLength": 3}, "oneOf")),
    "doubling by allOf": (_doubling(40, {"type": "string"}, "allOf"), _doubling(40, {"maxLength": 3}, "allOf")),
    "a product of choices": (_choices(40, 1), _choices(40, 2)),
    "only itself": ({"$ref": "#"}, {"anyOf": [{"$ref": "#"}, {"type": "string"}]}),
    "not itself": ({"not": {"$ref": "#"}}, {"not": {"not": {"$ref": "#"}}}),
    "if itself": (
        {"if": {"$ref": "#"}, "then": {"$ref": "#"}},
        {"if": {"$ref": "#"}, "else": {"$ref": "#"}, "const": 1},
    ),
    "an expression that explodes": ({"pattern": "^(a+)+$"}, {"pattern": "^((a+)+b?)+$"}),
    "an expression with a huge automaton": ({"pattern": "^(a|b)*a(a|b){14}$"}, {"pattern": "^(a|b)*b(a|b){14}$"}),
    "an expression that looks back": ({"pattern": "^(a+)\\1$"}, {"pattern": "^(b+)\\1$"}),
    "a long list of values": ({"enum": list(range(3_000))}, {"enum": list(range(1, 3_001))}),
    "large counts": ({"minItems": 10**9, "minLength": 10**9}, {"minItems": 10**9 + 1, "minLength": 10**9 + 1}),
    "large numbers": ({"minimum": 1e308, "multipleOf": 5e-324}, {"minimum": 1.7e308, "multipleOf": 1e-323}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pair_ends_within_the_budget(name: str) -> None:
    """Steps are counted, not seconds: what is too much is breaking, and says so."""
    old, new = HOSTILE[name]
    for policy in ("full", "strict"):
        budget = Budget()
        verdicts = compare_schemas(
            old, new, old_root=old, new_root=new, direction=Direction.REQUEST, policy=POLICIES[policy],
            dialect_old="2020-12", dialect_new="2020-12", budget=budget,
        )  # fmt: skip
        if budget.used > DEFAULT_STEPS:
            assert [one.change for one in verdicts if one.too_complex] == [ChangeClass.BREAKING]
        if old == new:
            assert verdicts == ()


def test_what_is_too_complex_is_breaking_and_says_what_to_do() -> None:
    old, new = HOSTILE["wide"]
    verdicts = compare_schemas(
        old, new, old_root=old, new_root=new, direction=Direction.RESPONSE, policy=POLICIES["tolerant-reader"],
        dialect_old="2020-12", dialect_new="2020-12", budget=Budget(500), operation="listThings",
    )  # fmt: skip
    assert [(one.change, one.too_complex, one.operation) for one in verdicts] == [
        (ChangeClass.BREAKING, True, "listThings")
    ]
    assert "Split the schema" in verdicts[0].explanation
