"""Whether the promises of a contract are documented and can be kept: arithmetic over declared and measured figures.

* **Throughput**: the limits of all live contracts on the same target, this one included, against its capacity.
* **Availability** along the chain: the product over the target and the systems that it calls itself to answer. It
  assumes that each of them is needed, which is the cautious reading: a shortfall that only the far end of the chain
  causes asks for attention, one of the target itself is a no.
* **Latency** along the chain: the sum of p95 on the longest way, an upper estimate of the p95 of the whole.
* **Measured** percentiles, where there is traffic, weigh more than what anybody wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from easement.contract.kinds import Criticality, Integration, Pattern
from easement.estate.answers import Fact, FactsAbout
from easement.estate.lifecycle import ENFORCED_STATES
from easement.estate.model import Estate

_DEMANDING = frozenset({Criticality.HIGH, Criticality.VITAL})
_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What traffic showed over the last minutes. Latencies are seconds; ``error_rate`` is a share from 0 to 1."""

    p50_s: float | None = None
    p95_s: float | None = None
    error_rate: float = 0.0
    per_minute: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What all contracts together may send to one system, in calls or messages per second.

    ``capacity`` is None where the system declares none. ``unbounded`` are contracts that declare no rate at all.
    """

    system: str
    capacity: float | None
    demand: Mapping[str, float] = field(default_factory=dict)
    unbounded: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """The sum over all contracts."""
        return sum(self.demand.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The systems behind a call, the target first. Percentages are 0 to 100, latencies seconds.

    A system that declares nothing is missing from the mapping, so a figure is a bound on the good side only.
    """

    systems: tuple[str, ...]
    availabilities: Mapping[str, float]
    longest: tuple[str, ...]
    latencies: Mapping[str, float]

    @property
    def availability(self) -> float:
        """The product in per cent."""
        share = 1.0
        for value in self.availabilities.values():
            share *= value / 100
        return share * 100

    @property
    def p95_s(self) -> float:
        """The sum on the longest way."""
        return sum(self.latencies.get(name, 0.0) for name in self.longest)


def load_on(estate: Estate, system: str, asking: Integration | None = None) -> Load:
    """The load on ``system`` by live contracts; ``asking`` counts as live, in the form in which it is given."""
    document = estate.systems.get(system)
    rate = document.spec.capacity.throughput if document else None
    contracts = {name: each for name, each in estate.integrations.items() if _flows(estate, name)}
    if asking is not None:
        contracts[asking.metadata.name] = asking
    demand: dict[str, float] = {}
    unbounded: list[str] = []
    for name, each in sorted(contracts.items()):
        if each.spec.target != system:
            continue
        throughput = each.spec.sla.throughput
        declared = throughput.limit or throughput.expected
        if declared is None:
            unbounded.append(name)
        else:
            demand[name] = declared.per_second
    return Load(system=system, capacity=rate.per_second if rate else None, demand=demand, unbounded=tuple(unbounded))


def chain_behind(estate: Estate, system: str) -> Chain:
    """``system`` and every system that it reaches by live request contracts of its own."""
    called: dict[str, list[str]] = {}
    for name, each in sorted(estate.integrations.items()):
        if each.spec.pattern is Pattern.REQUEST and _flows(estate, name):
            called.setdefault(each.spec.source, []).append(each.spec.target)
    order = _reached(called, system)
    latencies = {name: seconds for name in order if (seconds := _declared_p95(estate, name)) is not None}
    return Chain(
        systems=order,
        availabilities={
            name: availability
            for name in order
            if (known := estate.systems.get(name)) and (availability := known.spec.capacity.availability) is not None
        },
        longest=_longest_way(called, system, latencies),
        latencies=latencies,
    )


def nonfunctional_facts(
    estate: Estate, integration: Integration, measured: Mapping[str, Measured] | None = None
) -> tuple[Fact, ...]:
    """The facts of the fifth question. ``measured`` is by integration; what has no traffic is missing there."""
    say = FactsAbout(f"integration/{integration.metadata.name}")
    chain = chain_behind(estate, integration.spec.target)
    return (
        *_documented(integration, say),
        *_throughput(load_on(estate, integration.spec.target, integration), say),
        *_availability(estate, integration, chain, say),
        *_latency(integration, chain, say),
        *_measured(integration, (measured or {}).get(integration.metadata.name), say),
    )


def _documented(integration: Integration, say: FactsAbout) -> Iterator[Fact]:
    sla = integration.spec.sla
    for what, value, path in (
        ("availability", sla.availability, "/spec/sla/availability"),
        ("latency (p95)", sla.latency.p95, "/spec/sla/latency/p95"),
        ("throughput limit", sla.throughput.limit, "/spec/sla/throughput/limit"),
    ):
        if value is not None:
            yield say.yes(f"{what} is documented: {value}", path)
        elif sla.criticality in _DEMANDING:
            yield say.no(f"no {what} is documented, and its criticality is {sla.criticality}", path)
        else:
            yield say.attention(f"no {what} is documented", path)


def _throughput(load: Load, say: FactsAbout) -> Iterator[Fact]:
    path = "/spec/sla/throughput/limit"
    if load.unbounded:
        yield say.attention(f"nothing bounds what {_names(load.unbounded)} may send to {load.system}", path)
    if load.capacity is None:
        at = FactsAbout(f"system/{load.system}")
        yield at.attention(f"{load.system} declares no capacity, so nobody can say whether it is enough",
                           "/spec/capacity/throughput")  # fmt: skip
        return
    sum_of = f"{load.total:g}/s of all {len(load.demand)} live contracts against a capacity of {load.capacity:g}/s"
    if load.total > load.capacity:
        largest = sorted(load.demand, key=lambda name: (-load.demand[name], name))
        who = _names([f"{name} {load.demand[name]:g}/s" for name in largest])
        yield say.no(
            f"{load.system} cannot carry it: {sum_of}, {load.total - load.capacity:g}/s too much ({who})", path
        )
    elif load.total > 0.8 * load.capacity:
        yield say.attention(f"{load.system} is nearly full: {sum_of}", path)
    else:
        yield say.yes(f"{load.system} can carry it: {sum_of}", path)


def _availability(estate: Estate, integration: Integration, chain: Chain, say: FactsAbout) -> Iterator[Fact]:
    promised = integration.spec.sla.availability
    if promised is None:
        return
    path, target = "/spec/sla/availability", integration.spec.target
    own = chain.availabilities.get(target)
    if own is None:
        if target in estate.systems:
            yield FactsAbout(f"system/{target}").attention(
                f"{target} declares no availability, so {promised:g} % cannot be judged", "/spec/capacity/availability"
            )
        return
    product = " * ".join(f"{name} {value:g} %" for name, value in chain.availabilities.items())
    if promised > own:
        # A message waits until its target is back; a call does not.
        judge = say.no if integration.spec.pattern is Pattern.REQUEST else say.attention
        yield judge(f"{promised:g} % is promised, and {target} itself offers {own:g} %", path)
    elif promised > chain.availability + 1e-9:
        yield say.attention(
            f"{promised:g} % is promised, and the chain behind it offers {chain.availability:.4g} %: {product}", path
        )
    else:
        yield say.yes(f"{promised:g} % is promised, and the chain offers {chain.availability:.6g} %: {product}", path)


def _latency(integration: Integration, chain: Chain, say: FactsAbout) -> Iterator[Fact]:
    promised, path, target = integration.spec.sla.latency.p95, "/spec/sla/latency/p95", integration.spec.target
    if promised is None:
        return
    own = chain.latencies.get(target)
    if own is None:
        yield FactsAbout(f"system/{target}").attention(
            f"{target} declares no latency, so {promised} cannot be judged", "/spec/capacity/latency/p95"
        )
        return
    total = " + ".join(f"{name} {chain.latencies[name] * 1000:g} ms" for name in chain.longest
                       if name in chain.latencies)  # fmt: skip
    takes = f"the longest way takes up to {chain.p95_s * 1000:g} ms: {total}"
    if own > promised.seconds:
        yield say.no(f"{promised} is promised, and {target} itself takes {own * 1000:g} ms", path)
    elif chain.p95_s > promised.seconds:
        yield say.attention(f"{promised} is promised, and {takes}", path)
    else:
        yield say.yes(f"{promised} is promised, and {takes}", path)


def _measured(integration: Integration, seen: Measured | None, say: FactsAbout) -> Iterator[Fact]:
    if seen is None or seen.p95_s is None:
        return
    promised = integration.spec.sla.latency.p95
    median = "" if seen.p50_s is None else f" (p50 {seen.p50_s * 1000:.0f} ms)"
    text = f"measured p95 is {seen.p95_s * 1000:.0f} ms{median}"
    path = "/spec/sla/latency/p95"
    if promised is None:
        yield say.attention(f"{text}, and nothing is promised", path)
    elif seen.p95_s > promised.seconds:
        yield say.no(f"{text}, over the promised {promised}", path)
    else:
        yield say.yes(f"{text}, within the promised {promised}", path)
    availability = integration.spec.sla.availability
    if availability is not None and seen.error_rate > 1 - availability / 100:
        share = f"{(1 - seen.error_rate) * 100:.3g} %"
        yield say.attention(
            f"{share} of the measured calls succeeded, under {availability:g} %", "/spec/sla/availability"
        )


def _flows(estate: Estate, name: str) -> bool:
    registration = estate.registrations.get(name)
    return registration is not None and registration.state in ENFORCED_STATES


def _declared_p95(estate: Estate, name: str) -> float | None:
    system = estate.systems.get(name)
    declared = system.spec.capacity.latency.p95 if system else None
    return None if declared is None else declared.seconds


def _reached(called: Mapping[str, list[str]], start: str) -> tuple[str, ...]:
    found = {start: None}
    frontier = [start]
    while frontier:
        following = [there for here in frontier for there in called.get(here, ()) if there not in found]
        frontier = list(dict.fromkeys(following))
        found.update(dict.fromkeys(frontier))
    return tuple(found)


def _longest_way(called: Mapping[str, list[str]], start: str, latencies: Mapping[str, float]) -> tuple[str, ...]:
    """The way of the largest sum, each system once on it. Without recursion: a chain may be long."""
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for here in _deepest_first(called, start):
        ways = [best[there] for there in called.get(here, ()) if there in best and here not in best[there][1]]
        seconds, way = max(ways, key=lambda each: each[0], default=(0.0, ()))
        best[here] = (latencies.get(here, 0.0) + seconds, (here, *way))
    return best[start][1]


def _deepest_first(called: Mapping[str, list[str]], start: str) -> list[str]:
    order: list[str] = []
    seen = {start}
    stack: list[tuple[str, Iterator[str]]] = [(start, iter(called.get(start, ())))]
    while stack:
        here, following = stack[-1]
        there = next((one for one in following if one not in seen), None)
        if there is None:
            order.append(here)
            stack.pop()
        else:
            seen.add(there)
            stack.append((there, iter(called.get(there, ()))))
    return order


def _names(names: Iterable[str]) -> str:
    chosen = list(names)
    more = len(chosen) - _NAMED_AT_MOST
    return ", ".join(chosen[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
