"""CEL access conditions as Envoy's RBAC evaluates them.

A contract's ``access`` speaks of ``principal`` (the verified token: ``client_id`` and the other standard claims by
name, any other name is an attribute of the source system) and ``request`` (``request.method``, and path parameters as
``request.path.NAME`` or ``request.NAME``). What it says of these alone is decided here; the rest, of queries, headers,
bodies and answers, by the contract runtime (:mod:`easement.estate.access.content_condition`). The two names are
replaced by what Envoy knows, and the result is the JSON of ``Policy.condition``. An attribute that a token lacks makes
the condition fail: access is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from easement.estate.access.access_parts import STANDARD_CLAIMS, access_parts
from easement.estate.access.cel_tree import AccessConditionError, check_access, is_name, kind_of
from easement.gateway.envoy_types import JWT_AUTHN, Tree
from easement.plan.model import Route


def condition(expression: str, route: Route) -> Tree | None:
    """The syntax tree for ``Policy.condition``, None where the runtime decides it all.

    Raises :class:`~easement.estate.access.cel_tree.AccessConditionError`.
    """
    caller = access_parts(expression).caller
    return None if caller is None else _Rewriter(route).rewrite(caller)


def evaluate(
    expression: str,
    *,
    claims: Mapping[str, Any],
    method: str,
    path: Mapping[str, str],
    content: Mapping[str, Any] | None = None,
    resource: Any = None,
) -> bool:
    """What a condition must decide: the reference for the compiled one. An error decides no.

    ``content`` has ``query``, ``headers`` and ``body`` of the request.
    """
    principal = {**claims.get("attributes", {}), **{k: v for k, v in claims.items() if k in STANDARD_CLAIMS}}
    request = {**path, "path": dict(path), "method": method, **(content or {})}
    try:
        value = check_access(expression).eval(data={"principal": principal, "request": request, "resource": resource})
    except RuntimeError:
        return False
    return value.plain_value() is True


class _Rewriter:
    """Replaces ``principal`` and ``request`` in a syntax tree by what Envoy's CEL knows."""

    def __init__(self, route: Route) -> None:
        self._segments = (route.prefix + route.path).split("/")
        self._ids = 0

    def rewrite(self, node: Tree) -> Tree:
        kind, body = kind_of(node)
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
        if is_name(operand, "principal"):
            return self._claim(name)
        if is_name(operand, "request"):
            return self._method() if name == "method" else self._path_parameter(name)
        inner = operand.get("selectExpr")
        if inner and inner["field"] == "path" and is_name(inner["operand"], "request"):
            return self._path_parameter(name)
        return self._node("selectExpr", {"operand": self.rewrite(operand), "field": name})

    def _call(self, body: Tree) -> Tree:
        arguments = body.get("args", [])
        if body["function"] == "_[_]" and is_name(arguments[0], "principal"):
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
