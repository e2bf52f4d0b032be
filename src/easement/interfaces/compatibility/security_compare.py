"""What a call needs to be let in, before and after.

A requirement is a list of alternatives. Nobody is broken while each old alternative still opens the door: some new one
asks for no scheme that it did not ask for, and for no scope more.
"""

from __future__ import annotations

from typing import Any, Final

from easement.interfaces.compatibility.changes import Changes
from easement.interfaces.compatibility.openapi_model import Alternative, SchemeUse
from easement.interfaces.compatibility.sameness import same_json
from easement.interfaces.compatibility.verdict import Direction
from easement.interfaces.sources import Location

_NOBODY_ASKED: Final[Alternative] = {}


def compare_security(
    old: tuple[Alternative, ...],
    new: tuple[Alternative, ...],
    changes: Changes,
    direction: Direction,
    operation: str,
    *,
    old_at: Location,
    new_at: Location,
) -> None:
    """Note what differs in the requirements of one operation."""
    before, after = _each_once(old) or [_NOBODY_ASKED], _each_once(new) or [_NOBODY_ASKED]
    places: dict[str, Any] = {"old": old_at, "new": new_at, "operation": operation}
    if all(before) and not all(after):
        changes.add("security-removed", direction, before=_shown(before), after="", **places)
        return
    if not all(before) and all(after):
        changes.add("security-added", direction, before="", after=_shown(after), **places)
        return
    met: set[int] = set()
    for one in before:
        match = _match(one, after)
        if match is None:
            changes.add("security-alternative-removed", direction, before=_shown([one]), **places)
            continue
        met.add(id(match))
        for use in one.values():
            if use.name in match:
                _compare_use(use, match[use.name], changes, direction, operation)
    for one in after:
        if id(one) not in met:
            changes.add("security-alternative-added", direction, after=_shown([one]), **places)


def _each_once(alternatives: tuple[Alternative, ...]) -> list[Alternative]:
    asked = {frozenset((name, use.scopes) for name, use in one.items()): one for one in alternatives}
    return list(asked.values())


def _match(old: Alternative, new: list[Alternative]) -> Alternative | None:
    """The new alternative that an old one satisfies best: with the same schemes, else with some of them."""
    same = [one for one in new if one.keys() == old.keys()]
    if same:
        return min(same, key=lambda one: _distance(old, one))
    return next((one for one in new if one and one.keys() <= old.keys()), None) if old else None


def _distance(old: Alternative, new: Alternative) -> tuple[int, int]:
    """Scopes that are new, then scopes that are gone."""
    return (
        sum(len(new[name].scopes - old[name].scopes) for name in old),
        sum(len(old[name].scopes - new[name].scopes) for name in old),
    )


def _compare_use(old: SchemeUse, new: SchemeUse, changes: Changes, direction: Direction, operation: str) -> None:
    said: dict[str, Any] = {"old": old.at, "new": new.at, "operation": operation, "scheme": new.name}
    if more := new.scopes - old.scopes:
        changes.add("security-scope-added", direction, scopes=", ".join(sorted(more)), **said)
    if fewer := old.scopes - new.scopes:
        changes.add("security-scope-removed", direction, scopes=", ".join(sorted(fewer)), **said)
    for what in sorted({*old.facts, *new.facts}):
        before, after = old.facts.get(what, ""), new.facts.get(what, "")
        if before != after:
            changes.add("security-scheme-changed", direction, what=what, before=before, after=after, **said)
    for what in sorted(old.addresses.keys() & new.addresses.keys()):
        before, after = old.addresses[what], new.addresses[what]
        if before != after:
            changes.add("security-scheme-address-changed", direction, what=what, before=before, after=after, **said)
    _compare_flows(old, new, changes, direction, operation)
    if not same_json(list(old.texts), list(new.texts)):
        changes.add("security-scheme-documentation-changed", direction, **said)


def _compare_flows(old: SchemeUse, new: SchemeUse, changes: Changes, direction: Direction, operation: str) -> None:
    said: dict[str, Any] = {"old": old.at, "new": new.at, "operation": operation, "scheme": new.name}
    for flow in sorted(old.flows.keys() - new.flows.keys()):
        changes.add("security-scheme-flow-removed", direction, flow=flow, **said)
    for flow in sorted(new.flows.keys() - old.flows.keys()):
        changes.add("security-scheme-flow-added", direction, flow=flow, **said)
    common = old.flows.keys() & new.flows.keys()
    before = {scope for flow in common for scope in old.flows[flow]}
    after = {scope for flow in common for scope in new.flows[flow]}
    for scope in sorted(before - after):
        changes.add("security-scheme-scope-removed", direction, scope=scope, **said)
    for scope in sorted(after - before):
        changes.add("security-scheme-scope-added", direction, scope=scope, **said)


def _shown(alternatives: list[Alternative]) -> str:
    return " or ".join(" with ".join(sorted(one)) or "nothing" for one in alternatives)
