"""CEL as a syntax tree: parsed and type-checked by cel-cpp, read from its serialized form.

The form is cel.expr.CheckedExpr in the wire format of protobuf (cel-spec, checked.proto and syntax.proto); the tree has
the names of its JSON form.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # the wheel has stubs and no marker

Tree = dict[str, Any]
_MAX_EXPRESSION: Final = 2000
_MAP: Final = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
_ENVIRONMENT: Final = cel.NewEnv(variables={"principal": _MAP, "request": _MAP, "resource": cel.Type.DYN})


class AccessConditionError(ValueError):
    """The expression is not CEL, not a condition, or asks for what the gateway cannot evaluate."""


def check_access(expression: str) -> cel.Expression:
    """Parse and type-check. Raises :class:`AccessConditionError`; the message says what is wrong."""
    if len(expression) > _MAX_EXPRESSION:
        raise AccessConditionError(f"longer than {_MAX_EXPRESSION} characters")
    try:
        compiled = _ENVIRONMENT.compile(expression)
    except RuntimeError as error:
        raise AccessConditionError(str(error).splitlines()[0]) from error
    if compiled.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise AccessConditionError("is not true or false")
    return compiled


@lru_cache(maxsize=4096)
def syntax_tree(expression: str) -> Tree:
    """The tree of a condition; not to be changed. Raises :class:`AccessConditionError`."""
    return _expression(_any_value(check_access(expression).serialize()))


def kind_of(node: Tree) -> tuple[str, Any]:
    """What a node is, and its body."""
    return next((key, value) for key, value in node.items() if key != "id")


def expression_of(node: Tree) -> str:
    """CEL that reads as this tree, with more parentheses than somebody would write."""
    kind, body = kind_of(node)
    return _WRITTEN[kind](body)


def _written_select(body: Tree) -> str:
    inside = f"{expression_of(body['operand'])}.{body['field']}"
    return f"has({inside})" if body.get("testOnly") else inside


def _written_call(body: Tree) -> str:
    arguments = [expression_of(one) for one in body.get("args", [])]
    function = body["function"]
    if function in _FORMS:
        return _FORMS[function].format(*arguments)
    call = f"{function}({', '.join(arguments)})"
    return f"{expression_of(body['target'])}.{call}" if "target" in body else call


def _written_constant(body: Tree) -> str:
    kind, value = next(iter(body.items()))
    if kind == "uint64Value":
        return f"{value}u"
    return str(value) if kind == "int64Value" else json.dumps(value)


_FORMS: Final = {
    "_[_]": "{}[{}]", "_?_:_": "({} ? {} : {})", "!_": "!({})", "-_": "-({})", "@in": "({} in {})",
    **{f"_{sign}_": f"({{}} {sign} {{}})" for sign in ("&&", "||", "==", "!=", "<", "<=", ">", ">=", *"+-*/%")},
}  # fmt: skip
_WRITTEN: Final[Mapping[str, Callable[[Tree], str]]] = {
    "identExpr": lambda body: str(body["name"]),
    "constExpr": _written_constant,
    "listExpr": lambda body: f"[{', '.join(map(expression_of, body.get('elements', [])))}]",
    "selectExpr": _written_select,
    "callExpr": _written_call,
}


def is_name(node: Tree, name: str) -> bool:
    """Whether a node is this name alone."""
    return bool(node.get("identExpr", {}).get("name") == name)


def _any_value(data: bytes) -> bytes:
    """Any.value is CheckedExpr, whose field 4 is the expression."""
    return _one(_one(data, 2), 4)


def _one(data: bytes, number: int) -> bytes:
    for field, value in _fields(data):
        if field == number and isinstance(value, bytes):
            return value
    raise AccessConditionError(f"no field {number} in the compiled expression")


def _all(data: bytes, number: int) -> list[bytes]:
    return [value for field, value in _fields(data) if field == number and isinstance(value, bytes)]


def _expression(data: bytes) -> Tree:
    for field, value in _fields(data):
        if field in _EXPRESSIONS and isinstance(value, bytes):
            name, read = _EXPRESSIONS[field]
            return {name: read(value)}
    raise AccessConditionError(
        "macros (all, exists, map, filter) and message literals are not available at the gateway"
    )


def _constant(data: bytes) -> Tree:
    for field, value in _fields(data):
        if field == 1:
            return {"nullValue": None}
        if field == 2:
            return {"boolValue": bool(value)}
        if field == 3 and isinstance(value, int):
            return {"int64Value": str(value - (1 << 64) if value >= 1 << 63 else value)}
        if field == 4:
            return {"uint64Value": str(value)}
        if field == 5 and isinstance(value, bytes):
            return {"doubleValue": struct.unpack("<d", value)[0]}
        if field == 6 and isinstance(value, bytes):
            return {"stringValue": value.decode()}
    raise AccessConditionError("a literal of this type is not available at the gateway")


def _select(data: bytes) -> Tree:
    tree: Tree = {}
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            tree["operand"] = _expression(value)
        elif field == 2 and isinstance(value, bytes):
            tree["field"] = value.decode()
        elif field == 3 and value:
            tree["testOnly"] = True
    return tree


def _call(data: bytes) -> Tree:
    tree: Tree = {"args": []}
    for field, value in _fields(data):
        if not isinstance(value, bytes):
            continue
        if field == 1:
            tree["target"] = _expression(value)
        elif field == 2:
            tree["function"] = value.decode()
        elif field == 3:
            tree["args"].append(_expression(value))
    return tree


_EXPRESSIONS: Final[Mapping[int, tuple[str, Callable[[bytes], Tree]]]] = {
    3: ("constExpr", _constant),
    4: ("identExpr", lambda data: {"name": _one(data, 1).decode()}),
    5: ("selectExpr", _select),
    6: ("callExpr", _call),
    7: ("listExpr", lambda data: {"elements": [_expression(item) for item in _all(data, 1)]}),
}  # fmt: skip
"""Field numbers of cel.expr.Expr (cel-spec, syntax.proto)."""


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Fields of a protobuf message: numbers for varints, bytes for everything else."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if wire == 1:
            size = 8
        elif wire == 5:
            size = 4
        else:
            size, at = _varint(data, at)
        yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        part = data[at]
        at += 1
        value |= (part & 0x7F) << shift
        if part < 0x80:
            return value, at
        shift += 7
