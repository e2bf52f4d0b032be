"""Security requirements of OpenAPI and AsyncAPI, all versions, in one form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from easement.interfaces.compatibility.openapi_model import Alternative, SchemeUse
from easement.interfaces.sources import Found, Location, Sources

_ADDRESSES: Final = ("openIdConnectUrl",)
_FLOW_ADDRESSES: Final = ("authorizationUrl", "tokenUrl", "refreshUrl")
_TEXTS: Final = ("description", "bearerFormat")
_FLOWS_OF_2: Final = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}


def alternatives(
    sources: Sources, stated: Any, at: Location, scheme: Callable[[str], Found | None]
) -> tuple[Alternative, ...]:
    """The ways to satisfy a requirement, any of which will do. ``scheme`` gives what a name stands for."""
    found = []
    for position, entry in enumerate(sources.sequence(stated, at)):
        named = sources.mapping(entry, at.child(position))
        uses = {}
        for name, scopes in named.items():
            wanted = sources.sequence(scopes, at.child(position, name))
            uses[name] = scheme_use(name, scheme(name), frozenset(map(str, wanted)), at.child(position, name))
        found.append(uses)
    return tuple(found)


def scheme_of(sources: Sources, value: Any, at: Location) -> Found | None:
    """A scheme with its reference followed."""
    return sources.follow(value, at)


def scheme_use(name: str, found: Found | None, scopes: frozenset[str], at: Location) -> SchemeUse:
    """One scheme with the scopes that a call needs; a scheme that is not described has no facts."""
    said = found.value if found and isinstance(found.value, Mapping) else {}
    flows = _flows(said)
    return SchemeUse(
        name=name,
        facts=_facts(said),
        addresses={
            **{key: str(said[key]) for key in _ADDRESSES if key in said},
            **{
                f"{key} of {flow}": str(one[key])
                for flow, one in flows.items()
                for key in _FLOW_ADDRESSES
                if key in one
            },
        },
        flows={flow: frozenset(_scopes(one)) for flow, one in flows.items()},
        scopes=scopes,
        texts=tuple(said.get(key) for key in _TEXTS),
        at=found.location if found else at,
    )


def _facts(said: Mapping[str, Any]) -> dict[str, str]:
    kind = str(said.get("type", ""))
    if kind == "basic":
        return {"type": "http", "scheme": "basic"}
    facts = {"type": kind, "scheme": str(said.get("scheme", "")).lower()}
    if "in" in said:
        facts["in"] = str(said["in"])
    if "name" in said:
        name = str(said["name"])
        facts["name"] = name.lower() if said.get("in") == "header" else name
    return facts


def _flows(said: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    if isinstance(said.get("flow"), str):
        return {_FLOWS_OF_2.get(said["flow"], said["flow"]): said}
    flows = said.get("flows")
    if not isinstance(flows, Mapping):
        return {}
    return {str(name): one for name, one in flows.items() if isinstance(one, Mapping)}


def _scopes(flow: Mapping[str, Any]) -> list[str]:
    offered = flow.get("scopes", flow.get("availableScopes"))
    return [str(scope) for scope in offered] if isinstance(offered, Mapping) else []
