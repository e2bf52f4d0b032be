"""A contract from what was tried without one: the least right that covers the attempts, with its gaps named. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from easement.contract.documents import from_json
from easement.contract.identity import bare_name
from easement.contract.kinds import API_VERSION
from easement.estate.model import Estate
from easement.governance.errors import PolicyError
from easement.governance.observed import Verb
from easement.governance.shadow_inbox import ShadowEntry

UNKNOWN_SYSTEM: Final = "unknown-system"
UNKNOWN_OWNER: Final = "unknown-team"
_LONGEST: Final = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A place (JSON pointer) that a person must decide, and what."""

    path: str
    decide: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An Integration document as YAML, its name, and what is left to decide."""

    name: str
    text: str
    placeholders: tuple[Placeholder, ...]


def draft_contract(entry: ShadowEntry, estate: Estate) -> Draft:
    """Draft an Integration: only the operations that were tried, no field, the caller's own system as a party.

    Raises :class:`~easement.governance.errors.PolicyError` where nothing registered answers there.
    """
    interface = estate.interfaces.get(entry.interface)
    names = tuple(dict.fromkeys(one.name for one in entry.operations if one.name))
    if interface is None or not names:
        raise PolicyError(
            "no contract can be drafted: nothing registered answers there",
            ("register the interface first (easement import openapi), or dismiss the entry",),
        )
    source, target = _parties(entry, interface.spec.system)
    name = _free_name(f"{source}-to-{target}", estate)
    owner = next((found for party in (source, target) if (found := _owner(estate, party))), UNKNOWN_OWNER)
    version = interface.spec.version
    is_event = entry.verb is not Verb.CALL
    tree: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "Integration",
        "metadata": {
            "name": name,
            "title": f"{source} to {target}",
            "owner": owner,
            "description": f"Drafted from refused attempts, {entry.count} so far (shadow inbox {entry.key}).",
        },
        "spec": {
            "source": source,
            "target": target,
            "interface": {"name": bare_name(entry.interface), "version": f"^{version.major}.{version.minor}"},
            "pattern": "event" if is_event else "request",
            ("channels" if is_event else "operations"): list(names),
            "fields": [],
            "purpose": "essential.service",
        },
    }
    from_json(tree)  # a draft that is no document is a fault of ours, and must not leave the house
    placeholders = _placeholders(tree, estate)
    notes = "".join(f"# Decide {one.path}: {one.decide}\n" for one in placeholders)
    text = notes + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)
    return Draft(name=name, text=text, placeholders=placeholders)


def _parties(entry: ShadowEntry, provider: str) -> tuple[str, str]:
    """Source and target. A caller of its own interface publishes to somebody who is not known."""
    caller = entry.account if entry.known else UNKNOWN_SYSTEM
    if entry.verb is Verb.CALL:
        return caller, provider
    if entry.verb is Verb.PUBLISH:
        return caller, UNKNOWN_SYSTEM if caller == provider else provider
    return provider, caller


def _free_name(wanted: str, estate: Estate) -> str:
    name, number = wanted[:_LONGEST].rstrip("-"), 2
    while name in estate.integrations:
        name, number = f"{wanted[: _LONGEST - 4].rstrip('-')}-{number}", number + 1
    return name


def _owner(estate: Estate, system: str) -> str:
    found = estate.systems.get(system)
    return found.metadata.owner if found else ""


def _placeholders(tree: dict[str, Any], estate: Estate) -> tuple[Placeholder, ...]:
    spec = tree["spec"]
    found = [
        Placeholder(path=f"/spec/{party}", decide="which system this is; register it if nobody has")
        for party in ("source", "target")
        if spec[party] not in estate.systems
    ]
    if tree["metadata"]["owner"] not in estate.teams:
        found.append(Placeholder(path="/metadata/owner", decide="which team answers for this integration"))
    found += [
        Placeholder(path="/spec/fields", decide="which fields the contract lets through; none is let through so far"),
        Placeholder(path="/spec/purpose", decide="the true purpose; essential.service is only a first guess"),
    ]
    return tuple(found)
