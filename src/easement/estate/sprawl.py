"""How far an estate has grown together by hand: pairs, hubs, technologies, and data that goes the same way twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from easement.estate.model import Estate, LifecycleState

MOST_LISTED = 20
"""How many rows each list has; the largest come first."""
_HUB = 5
"""From how many partners on a system is called a hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two systems and the integrations between them, in either direction."""

    one: str
    other: str
    integrations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A system with many direct partners."""

    system: str
    partners: int
    integrations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """One data entity that goes from one system to another by more than one integration."""

    entity: str
    source: str
    target: str
    integrations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprawl:
    """The figures. ``density`` is connected pairs of systems over all possible pairs, 0 to 1."""

    systems: int
    integrations: int
    pairs: tuple[Pair, ...]
    connected_pairs: int
    density: float
    hubs: tuple[Hub, ...]
    technologies: tuple[tuple[str, int], ...]
    patterns: tuple[tuple[str, int], ...]
    duplicates: tuple[Duplicate, ...]


def sprawl(estate: Estate) -> Sprawl:
    """The figures over all integrations that are not retired."""
    present = {name: each for name, each in sorted(estate.integrations.items()) if not _is_retired(estate, name)}
    pairs: dict[tuple[str, str], list[str]] = {}
    partners: dict[str, set[str]] = {}
    ends: Counter[str] = Counter()
    ways: dict[tuple[str, str, str], list[str]] = {}
    for name, each in present.items():
        source, target = each.spec.source, each.spec.target
        pairs.setdefault((min(source, target), max(source, target)), []).append(name)
        partners.setdefault(source, set()).add(target)
        partners.setdefault(target, set()).add(source)
        ends.update({source, target})
        interface = estate.interface_of(each)
        for entity in interface.spec.entities if interface else ():
            ways.setdefault((entity, source, target), []).append(name)
    possible = len(estate.systems) * (len(estate.systems) - 1) / 2
    crowded = sorted((pair for pair in pairs.items() if len(pair[1]) > 1), key=lambda pair: (-len(pair[1]), pair[0]))
    hubs = sorted(
        (Hub(system=name, partners=len(found), integrations=ends[name]) for name, found in partners.items()
         if len(found) >= _HUB),
        key=lambda hub: (-hub.partners, hub.system),
    )  # fmt: skip
    return Sprawl(
        systems=len(estate.systems),
        integrations=len(present),
        pairs=tuple(
            Pair(one=one, other=other, integrations=tuple(names)) for (one, other), names in crowded[:MOST_LISTED]
        ),
        connected_pairs=len(pairs),
        density=len(pairs) / possible if possible else 0.0,
        hubs=tuple(hubs[:MOST_LISTED]),
        technologies=_counted(system.spec.technology or "not said" for system in estate.systems.values()),
        patterns=_counted(str(each.spec.pattern) for each in present.values()),
        duplicates=tuple(
            Duplicate(entity=entity, source=source, target=target, integrations=tuple(names))
            for (entity, source, target), names in sorted(ways.items())
            if len(names) > 1
        )[:MOST_LISTED],
    )


def _counted(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items(), key=lambda one: (-one[1], one[0]))[:MOST_LISTED])


def _is_retired(estate: Estate, name: str) -> bool:
    registration = estate.registrations.get(name)
    return registration is not None and registration.state is LifecycleState.RETIRED
