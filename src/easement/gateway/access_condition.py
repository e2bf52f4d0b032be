"""CEL access conditions as Envoy's RBAC evaluates them.

A contract's ``access`` speaks of ``principal`` (the verified token: ``client_id`` and the other standard claims by
name, any other name is an attribute of the source system) and ``request`` (``request.method``, and path parameters as
``request.path.NAME`` or ``request.NAME``). cel-cpp parses and type-checks it; here the syntax tree is read from its
serialized form (cel.expr.Expr, wire format of protobuf), the two names are replaced by what Envoy knows, and the
result is the JSON of ``Policy.condition``. An attribute that a token lacks makes the condition fail: access is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # the wheel has stubs and no marker

from easement.gateway.envoy_types import JWT_AUTHN, Tree
from easement.plan.model import Route

STANDARD_CLAIMS: Final = frozenset({"aud", "client_id", "exp", "iat", "iss", "jti", "nbf", "scope", "sub"})
_MAX_EXPRESSION: Final = 2000
_MAP: Final = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
_ENVIRONMENT: Final = cel.NewEnv(variables={"principal": _MAP, "request": _MAP})


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


def condition(expression: str, route: Route) -> Tree:
    """The syntax tree for ``Policy.condition``. Raises :class:`AccessConditionError`."""
    return _Rewriter(route).rewrite(_expression(_any_value(check_access(expression).serialize())))


def evaluate(expression: str, *, claims: Mapping[str, Any], method: str, path: Mapping[str, str]) -> bool:
    """What a condition must decide: the reference for probes of the compiled one. An error decides no."""
    principal = {**claims.get("attributes", {}), **{k: v for k, v in claims.items() if k in STANDARD_CLAIMS}}
    request = {**path, "path": dict(path), "method": method}
    try:
        value = check_access(expression).eval(data={"principal": principal, "request": request})
    except RuntimeError:
        return False
    return value.plain_value() is True


class _Rewriter:
    """Replaces ``principal`` and ``request`` in a syntax tree by what Envoy's CEL knows."""

    def __init__(self, route: Route) -> None:
        self._segments = (route.prefix + route.path).split("/")
        self._ids = 0

    def rewrite(self, node: Tree) -> Tree:
        kind, body = next((key, value) for key, value in node.items() if key != "id")
        if kind == "selectExpr":
            return self._select(body)
        if kind == "callExpr":
            return self._call(body)
        if kind == "listExpr":
            return self._node("listExpr", {"elements": [self.rewrite(item) for item in body.get("elements", [])]})
        if kind == "identExpr" and body["name"] in ("principal", "request"):
            raise AccessConditionError(f"{body['name']} needs a name after it, such as {body['name']}.client_id")
        return self._node(kind, body)

    def _select(self, body: Tree) -> Tree:
        operand, name = body["operand"], body["field"]
        if body.get("testOnly"):
            raise AccessConditionError("has() is not available; a missing attribute refuses")
        if _is_name(operand, "principal"):
            return self._claim(name)
        if _is_name(operand, "request"):
            return self._method() if name == "method" else self._path_parameter(name)
        inner = operand.get("selectExpr")
        if inner and inner["field"] == "path" and _is_name(inner["operand"], "request"):
            return self._path_parameter(name)
        return self._node("selectExpr", {"operand": self.rewrite(operand), "field": name})

    def _call(self, body: Tree) -> Tree:
        arguments = body.get("args", [])
        if body["function"] == "_[_]" and _is_name(arguments[0], "principal"):
            key = arguments[1].get("constExpr", {}).get("stringValue")
            if key is None:
                raise AccessConditionError("principal[...] needs a literal name")
            return self._claim(key)
        rewritten: Tree = {"function": body["function"], "args": [self.rewrite(item) for item in arguments]}
        if "target" in body:
            rewritten["target"] = self.rewrite(body["target"])
        return self._node("callExpr", rewritten)

    def _claim(self, name: str) -> Tree:
        tree = self._node("selectExpr", {"operand": self._name("metadata"), "field": "filter_metadata"})
        keys = (JWT_AUTHN, "jwt", name) if name in STANDARD_CLAIMS else (JWT_AUTHN, "jwt", "attributes", name)
        for key in keys:
            tree = self._index(tree, self._constant("stringValue", key))
        return tree

    def _method(self) -> Tree:
        return self._node("selectExpr", {"operand": self._name("request"), "field": "method"})

    def _path_parameter(self, name: str) -> Tree:
        wanted = "{" + name + "}"
        if wanted not in self._segments:
            raise AccessConditionError(f"the path has no parameter {name} that is a whole segment")
        path = self._node("selectExpr", {"operand": self._name("request"), "field": "url_path"})
        parts = self._node(
            "callExpr", {"function": "split", "target": path, "args": [self._constant("stringValue", "/")]}
        )
        return self._index(parts, self._constant("int64Value", str(self._segments.index(wanted))))

    def _index(self, operand: Tree, key: Tree) -> Tree:
        return self._node("callExpr", {"function": "_[_]", "args": [operand, key]})

    def _constant(self, kind: str, value: str) -> Tree:
        return self._node("constExpr", {kind: value})

    def _name(self, name: str) -> Tree:
        return self._node("identExpr", {"name": name})

    def _node(self, kind: str, body: Any) -> Tree:
        self._ids += 1
        return {"id": str(self._ids), kind: body}


def _is_name(node: Tree, name: str) -> bool:
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
