"""How the systems of an estate hang together: the graph as rules ask for it, worked out once and when first asked.

Who calls whom is counted for requests only; an event holds nobody up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from easement.contract.identity import reference_key
from easement.contract.kinds import Integration
from easement.estate.flows import is_event
from easement.estate.model import Estate


class EstateLinks:
    """Neighbours of systems and interfaces. ``integrations`` are those that are not retired."""

    def __init__(self, estate: Estate, integrations: Iterable[Integration]) -> None:
        self._estate = estate
        self._inbound: dict[str, list[Integration]] = defaultdict(list)
        self._outbound: dict[str, list[Integration]] = defaultdict(list)
        self._between: dict[frozenset[str], list[Integration]] = defaultdict(list)
        self._consumers: dict[str, list[Integration]] = defaultdict(list)
        self._calls: dict[str, set[str]] = defaultdict(set)
        for integration in integrations:
            spec = integration.spec
            self._inbound[spec.target].append(integration)
            self._outbound[spec.source].append(integration)
            self._between[frozenset((spec.source, spec.target))].append(integration)
            self._consumers[reference_key(spec.interface)].append(integration)
            if not is_event(integration):
                self._calls[spec.source].add(spec.target)

    def inbound(self, system: str) -> tuple[Integration, ...]:
        """Integrations whose target is ``system``."""
        return tuple(self._inbound.get(system, ()))

    def outbound(self, system: str) -> tuple[Integration, ...]:
        """Integrations whose source is ``system``."""
        return tuple(self._outbound.get(system, ()))

    def upstreams(self, system: str) -> tuple[str, ...]:
        """Systems that send to ``system``, sorted."""
        return tuple(sorted({integration.spec.source for integration in self.inbound(system)}))

    def downstreams(self, system: str) -> tuple[str, ...]:
        """Systems that ``system`` sends to, sorted."""
        return tuple(sorted({integration.spec.target for integration in self.outbound(system)}))

    def siblings(self, integration: Integration) -> tuple[Integration, ...]:
        """The other integrations between the same two systems, either way."""
        pair = frozenset((integration.spec.source, integration.spec.target))
        return tuple(other for other in self._between.get(pair, ()) if other is not integration)

    def consumers(self, interface: str) -> tuple[Integration, ...]:
        """Integrations that use the interface of this key."""
        return tuple(self._consumers.get(interface, ()))

    def keepers(self, datastore: str) -> tuple[str, ...]:
        """Systems that keep data in ``datastore``, sorted."""
        return self._keepers.get(datastore, ())

    def call_depth(self, system: str) -> int:
        """How many calls wait for each other at most, from ``system`` on. A circle counts each of its systems once."""
        return self._depths.get(self._circle_of.get(system, -1), 0)

    def call_circle(self, system: str) -> tuple[str, ...]:
        """Systems that call each other in a circle with ``system`` in it, sorted; empty where there is none."""
        members = self._circles[self._circle_of[system]] if system in self._circle_of else ()
        return members if len(members) > 1 else ()

    @cached_property
    def _keepers(self) -> Mapping[str, tuple[str, ...]]:
        keepers: dict[str, list[str]] = defaultdict(list)
        for name, system in sorted(self._estate.systems.items()):
            for store in dict.fromkeys(system.spec.datastores):
                keepers[store].append(name)
        return {store: tuple(names) for store, names in keepers.items()}

    @cached_property
    def _circles(self) -> tuple[tuple[str, ...], ...]:
        """Strongly connected groups of callers, each after the groups that it calls."""
        return tuple(tuple(sorted(group)) for group in _strong_groups(self._calls))

    @cached_property
    def _circle_of(self) -> Mapping[str, int]:
        return {system: number for number, group in enumerate(self._circles) for system in group}

    @cached_property
    def _depths(self) -> Mapping[int, int]:
        depths: dict[int, int] = {}
        for number, group in enumerate(self._circles):
            called = {self._circle_of[target] for system in group for target in self._calls.get(system, ())}
            beyond = max((depths[other] + 1 for other in called if other != number), default=0)
            depths[number] = beyond + len(group) - 1
        return depths


def _strong_groups(calls: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Tarjan's algorithm (1972) without recursion: an estate may be deeper than the interpreter's stack."""
    numbers: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for root in sorted(calls):
        if root in numbers:
            continue
        path = [(root, iter(sorted(calls.get(root, ()))))]
        numbers[root] = low[root] = len(numbers)
        stack.append(root)
        waiting.add(root)
        while path:
            here, following = path[-1]
            there = next(following, None)
            if there is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[here])
                if low[here] == numbers[here]:
                    yield _popped(stack, waiting, here)
            elif there not in numbers:
                numbers[there] = low[there] = len(numbers)
                stack.append(there)
                waiting.add(there)
                path.append((there, iter(sorted(calls.get(there, ())))))
            elif there in waiting:
                low[here] = min(low[here], numbers[there])


def _popped(stack: list[str], waiting: set[str], last: str) -> list[str]:
    group: list[str] = []
    while not group or group[-1] != last:
        group.append(stack.pop())
    waiting.difference_update(group)
    return group
