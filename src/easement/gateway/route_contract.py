"""What the contract runtime (Lua) gets for one route: its contract as canonical JSON, named by content.

Named by content, so equal contracts are decoded once per worker and a new plan reuses what did not change.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from typing import Any, Final

from easement.estate.access.access_parts import NO_PARTS, AccessParts, access_parts
from easement.estate.access.cel_tree import AccessConditionError
from easement.estate.access.content_condition import content_condition
from easement.interfaces.shape import Projection, Shape, ShapeSet
from easement.interfaces.shapes import shape_to_json
from easement.plan.model import BOUND, ParameterRule, RequestGrant, Route

_PLACEHOLDER: Final = re.compile(r"\{([^{}/]+)\}")
_LUA_MAGIC: Final = re.compile(r"([\^$()%.\[\]*+\-?])")
_ID_DIGITS: Final = 32
_TREATMENTS: Final = frozenset({"value", "clear", "truncate", "mask", "hash"})
_ANY_TEXT: Final = ShapeSet(nodes=(Shape(),))
_RULED_BY_OTHERS: Final = frozenset({"accept", "authorization", "content-type"})
"""Header parameters that OpenAPI says to ignore (3.1.1 §4.8.12.2.1)."""


def filter_context(route: Route, *, shows_credential: bool = False) -> dict[str, str]:
    """The ``filter_context`` of a route: ``id`` and ``spec``.

    Where the gateway shows the target a credential, a 401 of the target's is about that one, not about the caller's.
    """
    shown = {"shows": True} if shows_credential else {}
    spec = json.dumps({**_spec(route), **shown}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {"id": hashlib.sha256(spec.encode()).hexdigest()[:_ID_DIGITS], "spec": spec}


def takes_query(route: Route) -> bool:
    """Whether the operation lets any query string pass."""
    return route.open_query or _declares(route, "query")


def reads_request(route: Route) -> bool:
    """Whether the contract runtime must look at requests; size and undeclared queries are checked without it."""
    return (
        _reads_target(route)
        or bool(_rules(route, "header"))
        or reads_body(route)
        or _is_bound(route)
        or bool(_access(route))
    )


def _is_bound(route: Route) -> bool:
    """Whether a grant takes tokens that are bound to a client certificate (RFC 8705): the runtime compares the two."""
    return any(grant.authentication == BOUND for grant in route.grants)


def _reads_target(route: Route) -> bool:
    return takes_query(route) or _declares(route, "path")


def _declares(route: Route, location: str) -> bool:
    ruled, decided = route.parameters, route.decided
    return any(one.location == location for one in ruled) or any(one.location == location for one in decided)


def reads_body(route: Route) -> bool:
    """Whether the operation takes a body, which is then held back until it was checked."""
    return bool(route.content_types) or route.body_schema is not None


def path_pattern(route: Route) -> str:
    """The Lua pattern of the whole path; one capture for each placeholder, in order."""
    return "^" + "".join(
        "([^/]+)" if placeholder else _LUA_MAGIC.sub(r"%\1", literal)
        for literal, placeholder in path_parts(route.prefix + route.path)
    ) + "$"  # fmt: skip


def path_parts(template: str) -> list[tuple[str, str]]:
    """A path template as pairs ``(literal, "")`` and ``("", placeholder name)``, in order."""
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _PLACEHOLDER.finditer(template):
        if match.start() > end:
            parts.append((template[end : match.start()], ""))
        parts.append(("", match.group(1)))
        end = match.end()
    if end < len(template):
        parts.append((template[end:], ""))
    return parts


def runtime_access(grant: RequestGrant) -> dict[str, Any]:
    """The parts of a grant's condition that the runtime decides, and where in an answer the objects are.

    Raises :class:`~easement.estate.access.cel_tree.AccessConditionError` for what it cannot evaluate.
    """
    parts = access_parts(grant.access)
    found: dict[str, Any] = {}
    if parts.request is not None:
        found["request"] = content_condition(parts.request)
    if parts.answer is not None:
        found["answer"] = content_condition(parts.answer)
        found["place"] = grant.resource_at.split(".") if grant.resource_at else []
    return found


def reads_answers(route: Route) -> bool:
    """Whether a condition of some grant looks at what the target answers."""
    return any(access_of(grant).answer is not None for grant in route.grants)


def access_of(grant: RequestGrant) -> AccessParts:
    """The parts of the condition; none where it cannot be compiled, for such a grant lets nobody in."""
    try:
        return access_parts(grant.access)
    except AccessConditionError:
        return NO_PARTS


def _access(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for grant in route.grants:
        with suppress(AccessConditionError):
            if access := runtime_access(grant):
                found[grant.integration] = access
    return {"access": found} if found else {}


def _spec(route: Route) -> dict[str, Any]:
    projections = {grant.integration: _checked(grant.projection, grant.id) for grant in route.grants}
    distinct = {json.dumps(tree, sort_keys=True) for tree in projections.values()}
    names = [name for _, name in path_parts(route.path) if name]
    access = _access(route)
    bound = {"bound": True} if _is_bound(route) else {}
    return {
        **bound,
        **access,
        "operation": route.id,
        "reads_target": _reads_target(route) or bool(access),
        "path_pattern": path_pattern(route),
        "path_names": names,
        "path": [*_rules(route, "path"), *_readable_texts(route)],
        "query": _rules(route, "query"),
        "header": _rules(route, "header"),
        "open_query": route.open_query,
        "reads_body": reads_body(route),
        "body": shape_to_json(route.body) if route.body is not None else None,
        "body_required": route.body_required,
        "max_body": route.max_body_bytes,
        "types": list(route.content_types),
        "bodiless": route.method == "HEAD",
        "projections": projections,
        "shared": min(projections) if len(distinct) == 1 else None,
    }


def _rules(route: Route, location: str) -> list[dict[str, Any]]:
    return [_rule(rule) for rule in route.parameters if rule.location == location and not _is_ruled_by_others(rule)]


def _readable_texts(route: Route) -> list[dict[str, Any]]:
    """Path parameters that the decider checks: here they are texts, without broken UTF-8 or control characters."""
    ruled = {rule.name for rule in route.parameters if rule.location == "path"}
    return [
        {"name": one.name, "required": True, "array": "", "shape": shape_to_json(_ANY_TEXT)}
        for one in route.decided
        if one.location == "path" and one.name not in ruled
    ]


def _is_ruled_by_others(rule: ParameterRule) -> bool:
    return rule.location == "header" and rule.name.lower() in _RULED_BY_OTHERS


def _rule(rule: ParameterRule) -> dict[str, Any]:
    name = rule.name.lower() if rule.location == "header" else rule.name
    return {"name": name, "required": rule.required, "array": rule.array, "shape": shape_to_json(rule.shape)}


def _checked(projection: Projection, grant: str) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, rule in projection.items():
        if isinstance(rule, str):
            if rule not in _TREATMENTS:
                raise ValueError(f"grant {grant}: the gateway cannot {rule} a field")
            tree[name] = rule
        else:
            tree[name] = _checked(rule, grant)
    return tree
