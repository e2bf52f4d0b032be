"""Values written by every style of OpenAPI and read again: what passes is what the schema says of the value itself.

The writer here follows RFC 6570 and the tables of OpenAPI 3.1.1 §4.8.12.4 and shares nothing with the reader.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import jsonschema_rs
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from easement.gateway.parameter_check import Checked, ParameterCheck, Seen
from easement.interfaces.model import Parameter
from easement.plan.model import CostClass
from easement.testing.plans import make_route

PREFIX = "/orders-api/v1"
SAFE_TEXT = st.text(alphabet=st.sampled_from("abzAZ09é€😀 _~-"), min_size=1, max_size=5).filter(
    lambda text: text.strip(".")
)
NUMBERS = st.one_of(st.integers(-50, 50), st.sampled_from([0.5, -2.5, 1e20, 2**40]))
PATTERNS = st.sampled_from(["^[a-z]+$", "^a", "9", "^.{2}$", "^(a|b)+$"])
LEAVES = st.one_of(
    st.fixed_dictionaries({"type": st.just("string"), "pattern": PATTERNS}, optional={"maxLength": st.integers(0, 4)}),
    st.fixed_dictionaries({"type": st.just("integer")}, optional={"multipleOf": st.integers(1, 3)}),
    st.fixed_dictionaries({"type": st.just("number"), "maximum": st.integers(-5, 5)}),
    st.just({"type": "boolean"}),
)
NAMES = ("r", "g", "b")
OBJECTS = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.fixed_dictionaries(dict.fromkeys(NAMES, LEAVES))},
    optional={"required": st.lists(st.sampled_from(NAMES), unique=True)},
)
ARRAYS = st.fixed_dictionaries(
    {"type": st.just("array"), "items": LEAVES}, optional={"maxItems": st.integers(1, 3), "uniqueItems": st.booleans()}
)
STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the schema's type that it may accept or not."""
    kind = schema["type"]
    if kind == "array":
        return st.lists(fitting(schema["items"]), min_size=1, max_size=4)
    if kind == "object":
        members = {name: fitting(child) for name, child in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional=members).filter(bool)
    return {"string": SAFE_TEXT, "integer": st.integers(-50, 50), "number": NUMBERS, "boolean": st.booleans()}[kind]


def text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Parameter, Any]:
    location = draw(st.sampled_from(sorted(STYLES)))
    style = draw(st.sampled_from(STYLES[location]))
    if style == "deepObject":
        schema = draw(OBJECTS)
    elif style in {"spaceDelimited", "pipeDelimited"}:
        schema = draw(ARRAYS)
    else:
        schema = draw(st.one_of(LEAVES, ARRAYS, OBJECTS))
    explode = draw(st.booleans())
    if location == "cookie" and schema["type"] in {"array", "object"}:
        explode = False
    if style == "deepObject":
        explode = True
    return Parameter(
        name="p", location=location, required=True, schema=schema, style=style, explode=explode
    ), draw(fitting(schema))  # fmt: skip


def written(one: Parameter, value: Any, escape: Any) -> str:
    """The text of a value, for a path, header or cookie."""
    separator = {"label": "." if one.explode else ",", "matrix": ";" if one.explode else ","}.get(one.style, ",")
    start = {"label": ".", "matrix": ";" if one.explode and isinstance(value, dict | list) else ";p="}.get(
        one.style, ""
    )
    if isinstance(value, list):
        items = [f"p={escape(item)}" if one.style == "matrix" and one.explode else escape(item) for item in value]
        return start + separator.join(items)
    if isinstance(value, dict):
        between = "=" if one.explode else ","
        return start + separator.join(f"{name}{between}{escape(member)}" for name, member in value.items())
    return start + escape(value)


def query_of(one: Parameter, value: Any) -> str:
    def escape(item: Any) -> str:
        return quote(text(item), safe="")

    if one.style == "deepObject":
        return "&".join(f"p[{name}]={escape(member)}" for name, member in value.items())
    if isinstance(value, dict) and one.explode:
        return "&".join(f"{name}={escape(member)}" for name, member in value.items())
    if isinstance(value, list) and one.explode:
        return "&".join(f"p={escape(item)}" for item in value)
    if isinstance(value, list):
        separator = {"spaceDelimited": "%20", "pipeDelimited": "|"}.get(one.style, ",")
        return "p=" + separator.join(escape(item) for item in value)
    return "p=" + written(one, value, escape)


def checked(one: Parameter, value: Any) -> Checked:
    tail = "/{p}" if one.location == "path" else ""
    route = make_route(path=f"/x{tail}", declared=[one])
    if not route.decided:
        route = make_route(path=f"/x{tail}", declared=[one, COOKIE])
    assert route.cost is CostClass.DECISION
    headers = {}
    target = f"{PREFIX}/x"
    if one.location == "path":
        target += "/" + written(one, value, lambda item: quote(text(item), safe=""))
    elif one.location == "query":
        target += "?" + query_of(one, value)
    else:
        shown = written(one, value, text)
        headers = {"cookie": f"p={shown}"} if one.location == "cookie" else {"p": shown}
    note(f"{target} {headers}")
    return ParameterCheck(route).check(Seen(target=target, header=headers.get))


COOKIE = Parameter(
    name="unused", location="cookie", required=False, schema={"type": "string"}, style="form", explode=True
)


def is_cleanly_writable(one: Parameter, value: Any) -> bool:
    """Whether the style can write the value so that only one reading is left."""
    members = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else [value]
    texts = [text(item) for item in members]
    if (
        one.style == "label"
        and any("." in item for item in texts)
        and (one.explode or not isinstance(value, dict | list))
    ):
        return not isinstance(value, dict | list)
    if one.style == "spaceDelimited" and any(" " in item for item in texts):
        return False
    if one.location == "cookie":
        return all(item.isascii() and " " not in item for item in texts)
    return True


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases().filter(lambda case: is_cleanly_writable(*case)))
def test_a_written_value_passes_where_the_schema_accepts_it(case: tuple[Parameter, Any]):
    one, value = case
    accepted = jsonschema_rs.Draft202012Validator(one.schema).is_valid(value)
    found = checked(one, value)
    assert bool(found.misfits) != accepted, (found, accepted)


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    declared=st.lists(cases().map(lambda case: case[0]), min_size=1, max_size=3, unique_by=lambda one: one.location),
    path=st.text(st.sampled_from("ap;=.,%0F/é"), max_size=12),
    query=st.text(st.sampled_from("apr[]&=;.,|%20+"), max_size=30),
    header=st.text(st.sampled_from('p=a,;"% 1'), max_size=20),
)
def test_no_text_makes_the_check_fail_otherwise_than_by_refusing(declared, path, query, header):
    tail = "/{p}" if any(one.location == "path" for one in declared) else ""
    route = make_route(path=f"/x{tail}", declared=[*declared, COOKIE])
    seen = Seen(target=f"{PREFIX}/x{tail and '/' + path}?{query}", header=lambda _: header)
    found = ParameterCheck(route).check(seen)
    assert set(found.passed) <= {"p", "cookie"}
    assert not (found.misfits and found.passed)
    for misfit in found.misfits:
        assert misfit.reason
