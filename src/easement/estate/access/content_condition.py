"""The parts of an access condition that read content, as lists that a runtime turns into functions. Pure.

The subset is what can be evaluated without surprises on texts, numbers, booleans, null, lists and maps: comparison,
logic, ``in``, ``has``, ``size``, ``startsWith``, ``endsWith``, ``contains``, indexing and the conditional. As in CEL
(cel-spec, langdef.md), what is missing or of the wrong kind is an error, and an error that decides the whole refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from easement.estate.access.access_parts import content_of
from easement.estate.access.cel_tree import AccessConditionError, Tree, is_name, kind_of

_FUNCTIONS: Final[Mapping[str, str]] = {
    "_&&_": "and", "_||_": "or", "!_": "not", "_==_": "eq", "_!=_": "ne", "_<_": "lt", "_<=_": "le", "_>_": "gt",
    "_>=_": "ge", "@in": "in", "_?_:_": "if", "_[_]": "get", "size": "size", "startsWith": "starts",
    "endsWith": "ends", "contains": "holds",
}  # fmt: skip
_EXACT: Final = 2**53


def content_condition(node: Tree) -> list[Any]:
    """``[operation, operand ...]`` with texts, numbers and lists of the same form.

    Raises :class:`~easement.estate.access.cel_tree.AccessConditionError` for what is not in the subset.
    """
    place = content_of(node)
    if place is not None:
        return list(place) if place[1] else [place[0]]
    kind, body = kind_of(node)
    if kind == "constExpr":
        return ["value", *_literal(body)]
    if kind == "listExpr":
        return ["list", *(content_condition(one) for one in body.get("elements", []))]
    if kind == "identExpr":
        if body["name"] == "resource":
            return ["resource"]
        raise AccessConditionError(f"{body['name']} needs a name after it, such as {body['name']}.NAME")
    if kind == "selectExpr":
        return _select(body)
    return _call(body)


def _select(body: Tree) -> list[Any]:
    operand, name = body["operand"], body["field"]
    presence = ["has"] if body.get("testOnly") else []
    if is_name(operand, "principal"):
        return [*presence, "principal", name] if not presence else ["has", ["principals"], name]
    if is_name(operand, "request"):
        if presence:
            raise AccessConditionError("the parts of request are always there; has() asks for what is in them")
        return ["method"] if name == "method" else ["path", name]
    inner_kind, inner = kind_of(operand)
    if inner_kind == "selectExpr" and is_name(inner["operand"], "request") and inner["field"] == "path":
        return ["path", name]
    if inner_kind == "selectExpr" and is_name(inner["operand"], "request") and inner["field"] in {"query", "headers"}:
        return ["given", inner["field"], name.lower() if inner["field"] == "headers" else name]
    if presence:
        return ["has", content_condition(operand), name]
    return ["get", content_condition(operand), ["value", name]]


def _call(body: Tree) -> list[Any]:
    name = _FUNCTIONS.get(body["function"])
    if name is None:
        raise AccessConditionError(f"{body['function'].strip('_')} is not available where content is read")
    arguments = [*([body["target"]] if "target" in body else []), *body.get("args", [])]
    if name == "get" and is_name(arguments[0], "principal"):
        key = arguments[1].get("constExpr", {}).get("stringValue")
        if key is None:
            raise AccessConditionError("principal[...] needs a literal name")
        return ["principal", key]
    return [name, *(content_condition(one) for one in arguments)]


def _literal(body: Tree) -> list[Any]:
    kind, value = next(iter(body.items()))
    if kind == "nullValue":
        return []
    if kind in {"int64Value", "uint64Value"}:
        if abs(int(value)) >= _EXACT:
            raise AccessConditionError("a number of 2^53 or more is not exact; compare texts")
        return [int(value)]
    return [value]
