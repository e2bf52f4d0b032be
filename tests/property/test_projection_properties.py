"""Projections let nothing through that is not named, for any document."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from easement.contract.kinds import Handling
from easement.interfaces.fields import body_fields
from easement.interfaces.projection import apply_projection, compile_projection

NAMES = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": ["string", "null"]}])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, min_size=1, max_size=3).map(lambda p: {"type": "object", "properties": p}),
        inner.map(lambda schema: {"type": "array", "items": schema}),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"anyOf": parts}),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: {"allOf": parts}),
    ),
    max_leaves=8,
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "c", "d", "new", "$", "*"]), inner, max_size=4),
    ),
    max_leaves=12,
)


@st.composite
def handled_schemas(draw):
    schema = draw(SCHEMAS)
    paths = [one.path for one in body_fields(schema, {}, tags={}, default=None)]
    named = draw(
        st.dictionaries(st.sampled_from([*paths, "zz"]), st.sampled_from([Handling.CLEAR, Handling.MASK]), max_size=4)
    )
    return schema, named


def paths_of(value, prefix=""):
    if isinstance(value, dict):
        for name, member in value.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from paths_of(member, path)
    elif isinstance(value, list):
        for item in value:
            yield from paths_of(item, prefix)


def is_covered(path, named):
    parts = path.split(".")
    above = {".".join(parts[: size + 1]) for size in range(len(parts))}
    return not above.isdisjoint(named) or any(name.startswith(f"{path}.") for name in named)


@settings(max_examples=1_000, deadline=None)
@given(case=handled_schemas(), value=VALUES)
def test_only_named_paths_pass(case, value):
    schema, named = case
    projection, existing = compile_projection(schema, {}, named)
    projected, removed = apply_projection(projection, value, hash_key=b"k")
    assert existing <= named.keys()
    if "$" in named and "*" in projection:
        return
    passed = set(paths_of(projected))
    assert all(is_covered(path, named) for path in passed)
    assert set(paths_of(value)) - passed <= {path for path in paths_of(value) if _is_removed(path, removed, named)}


def _is_removed(path, removed, named):
    """Removed itself, with a branch above it, or masked whole with one."""
    parts = path.split(".")
    above = {".".join(parts[: size + 1]) for size in range(len(parts))}
    return (
        not above.isdisjoint(removed)
        or "$" in removed
        or not above.isdisjoint({name for name, how in named.items() if how is Handling.MASK})
    )


@settings(max_examples=500, deadline=None)
@given(case=handled_schemas(), value=VALUES)
def test_projecting_twice_changes_nothing(case, value):
    schema, named = case
    projection, _ = compile_projection(schema, {}, named)
    once, _ = apply_projection(projection, value, hash_key=b"k")
    assert apply_projection(projection, once, hash_key=b"k")[0] == once


@settings(max_examples=300, deadline=None)
@given(schema=SCHEMAS, value=VALUES)
def test_nothing_named_lets_no_value_pass(schema, value):
    projection, _ = compile_projection(schema, {}, {})
    projected, _ = apply_projection(projection, value, hash_key=b"k")
    assert list(paths_of(projected)) == []
