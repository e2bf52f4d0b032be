"""Impact of a change in an estate of 10,000 integrations and more than 50,000 relations; the target is 5 ms."""

from __future__ import annotations

import statistics
import sys
import time
from datetime import date

from easement.contract.kinds import (
    Agreement,
    AgreementSpec,
    Definition,
    Integration,
    IntegrationSpec,
    Interface,
    InterfaceReference,
    InterfaceSpec,
    Location,
    Metadata,
    Pattern,
    System,
    SystemSpec,
    Team,
    Transfer,
)
from easement.contract.values import Version, VersionRange
from easement.estate.graph import EstateGraph, build_graph
from easement.estate.model import Estate

SYSTEMS, INTEGRATIONS, TEAMS, QUERIES, TARGET_MS = 600, 10_000, 40, 200, 5.0


def generated_estate() -> Estate:
    """Events into interfaces of their targets: each integration has five relations, and one to its owner."""
    day = date(2026, 1, 1)
    systems = {f"s{n}": named(System, f"s{n}", SystemSpec(location=Location(country="DE"))) for n in range(SYSTEMS)}
    interfaces = {
        f"i{n}": named(
            Interface, f"i{n}",
            InterfaceSpec(system=f"s{n}", version=Version.parse("1.0.0"), definition=Definition(asyncapi="x.yaml")),
        )
        for n in range(SYSTEMS)
    }  # fmt: skip
    agreement = AgreementSpec(type="SCC", between=("self", "s1"), signed=day, expires=date(2030, 1, 1))
    integrations = {}
    for n in range(INTEGRATIONS):
        source, target = n % SYSTEMS, (n * 7 + n // SYSTEMS + 1) % SYSTEMS
        spec = IntegrationSpec(
            source=f"s{source}", target=f"s{target}", pattern=Pattern.EVENT, channels=("c",), fields=("f",),
            interface=InterfaceReference(name=f"i{target}", version=VersionRange.parse("^1.0")), purpose="bench",
            transfer=Transfer(mechanism="SCC", agreement=f"a{n % TEAMS}"),
        )  # fmt: skip
        integrations[f"x{n}"] = named(Integration, f"x{n}", spec)
    return Estate(
        teams={f"t{n}": Team(metadata=Metadata(name=f"t{n}")) for n in range(TEAMS)},
        agreements={f"a{n}": named(Agreement, f"a{n}", agreement) for n in range(TEAMS)},
        systems=systems, interfaces=interfaces, integrations=integrations,
    )  # fmt: skip


def named(kind, name, spec):
    return kind(metadata=Metadata(name=name, owner=f"t{int(name[1:]) % TEAMS}"), spec=spec)


def measured(graph: EstateGraph) -> list[float]:
    """Milliseconds of each query, its list of affected references included."""
    found = []
    for n in range(QUERIES):
        began = time.perf_counter()
        references = graph.impact(f"system/s{n}").references
        found.append((time.perf_counter() - began) * 1000)
        assert len(references) > INTEGRATIONS
    return sorted(found)


def main() -> int:
    began = time.perf_counter()
    graph = build_graph(generated_estate())
    built = time.perf_counter() - began
    print(f"{len(graph.nodes):,} documents, {len(graph.edges):,} relations; made and built in {built:.2f} s")
    times = measured(graph)
    print(f"impact of a system that reaches all: median {statistics.median(times):.2f} ms,", end=" ")
    print(f"95 of 100 within {times[int(QUERIES * 0.95)]:.2f} ms (target {TARGET_MS:g} ms)")
    return 0 if statistics.median(times) < TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
