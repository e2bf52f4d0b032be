"""A contract's access condition in the parts that are decided at different times. Pure.

A condition is a conjunction. What speaks of the caller, the path and the method is decided before anything is read
(``caller``); what speaks of the query, of headers or of the body, once these fit their contract (``request``); what
speaks of the object, when the target has answered (``answer``). The cheapest that is right decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Final

from easement.estate.access.cel_tree import AccessConditionError, Tree, is_name, kind_of, syntax_tree

STANDARD_CLAIMS: Final = frozenset({"aud", "client_id", "exp", "iat", "iss", "jti", "nbf", "scope", "sub"})
"""Claims that are read by their names; every other name is an attribute of the source system."""
_READ: Final = frozenset({"query", "headers", "body"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessParts:
    """The parts as syntax trees, None where a condition has none."""

    caller: Tree | None = None
    request: Tree | None = None
    answer: Tree | None = None
    reads: frozenset[tuple[str, str]] = frozenset()
    """``("query", NAME)``, ``("headers", NAME)`` and ``("body", "")`` of the second part."""

    @property
    def is_read(self) -> bool:
        """Whether the contract runtime has to decide something."""
        return self.request is not None or self.answer is not None


NO_PARTS: Final = AccessParts()


@lru_cache(maxsize=4096)
def access_parts(expression: str) -> AccessParts:
    """Split a condition. Raises :class:`~easement.estate.access.cel_tree.AccessConditionError`."""
    if not expression:
        return NO_PARTS
    found: dict[str, list[Tree]] = {"caller": [], "request": [], "answer": []}
    reads: set[tuple[str, str]] = set()
    for conjunct in _conjuncts(syntax_tree(expression)):
        named = set(_read_by(conjunct))
        has_object = ("resource", "") in named
        asked = {one for one in named if one[0] in _READ}
        if has_object and asked:
            raise AccessConditionError("one comparison reads both the request's content and resource; ask them apart")
        reads |= asked
        is_late = bool(asked) or any("testOnly" in body for kind, body in _nodes(conjunct) if kind == "selectExpr")
        found["answer" if has_object else "request" if is_late else "caller"].append(conjunct)
    return AccessParts(
        caller=_joined(found["caller"]),
        request=_joined(found["request"]),
        answer=_joined(found["answer"]),
        reads=frozenset(reads),
    )


def _conjuncts(node: Tree) -> Iterator[Tree]:
    kind, body = kind_of(node)
    if kind == "callExpr" and body["function"] == "_&&_":
        for argument in body["args"]:
            yield from _conjuncts(argument)
    else:
        yield node


def _joined(conjuncts: list[Tree]) -> Tree | None:
    if not conjuncts:
        return None
    return reduce(lambda left, right: {"callExpr": {"function": "_&&_", "args": [left, right]}}, conjuncts)


def _nodes(node: Tree) -> Iterator[tuple[str, Tree]]:
    kind, body = kind_of(node)
    yield kind, body
    for inner in _below(kind, body):
        yield from _nodes(inner)


def _below(kind: str, body: Tree) -> Iterator[Tree]:
    if kind == "selectExpr":
        yield body["operand"]
    elif kind == "callExpr":
        yield from body.get("args", [])
        if "target" in body:
            yield body["target"]
    elif kind == "listExpr":
        yield from body.get("elements", [])


def _read_by(node: Tree) -> Iterator[tuple[str, str]]:
    """What a node reads of ``resource`` and of the request's content."""
    kind, body = kind_of(node)
    if kind == "identExpr" and body["name"] == "resource":
        yield "resource", ""
    place = content_of(node)
    if place is not None:
        yield place
        return
    for inner in _below(kind, body):
        yield from _read_by(inner)


def content_of(node: Tree) -> tuple[str, str] | None:
    """``request.query.NAME``, ``request.headers["NAME"]`` or ``request.body`` as what is read and its name."""
    kind, body = kind_of(node)
    if kind == "selectExpr" and is_name(body["operand"], "request") and body["field"] == "body":
        return "body", ""
    owner, name = _member(kind, body)
    if owner is None or not name:
        return None
    inner_kind, inner = kind_of(owner)
    if inner_kind == "selectExpr" and is_name(inner["operand"], "request") and inner["field"] in {"query", "headers"}:
        return inner["field"], name.lower() if inner["field"] == "headers" else name
    return None


def _member(kind: str, body: Tree) -> tuple[Tree | None, str]:
    if kind == "selectExpr":
        return body["operand"], body["field"]
    if kind == "callExpr" and body["function"] == "_[_]":
        return body["args"][0], body["args"][1].get("constExpr", {}).get("stringValue", "")
    return None, ""
