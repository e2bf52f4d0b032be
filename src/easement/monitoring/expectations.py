"""What is expected of each integration, from its contract: the measure that health is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from pydantic import TypeAdapter

from easement.contract.kinds import Integration
from easement.contract.values import Duration
from easement.estate.model import Estate, LifecycleState
from easement.store.atomic_file import write_atomically

EXPECTATIONS_FILE: Final = "expectations.json"
_FLOWING: Final = frozenset({LifecycleState.LIVE, LifecycleState.DEPRECATED})
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One integration's promises. 0 means that the contract says nothing. Times are milliseconds.

    ``availability`` is per cent of outcomes that succeed. ``paused``: registered, but not to flow at present.
    """

    integration: str
    title: str = ""
    source: str = ""
    target: str = ""
    owner: str = ""
    criticality: str = "medium"
    paused: bool = False
    availability: float = 0.0
    p50_ms: int = 0
    p95_ms: int = 0
    p99_ms: int = 0
    every_ms: int = 0
    grace_ms: int = 0
    expected_per_second: float = 0.0
    limit_per_second: float = 0.0
    dead_letter_ms: int = 0


_EXPECTATIONS: Final = TypeAdapter(dict[str, Expectation])


def expectation_of(integration: Integration, state: LifecycleState | None = None) -> Expectation:
    """What a contract promises. Pure."""
    spec, sla = integration.spec, integration.spec.sla
    dead_letter = spec.errors.dead_letter
    return Expectation(
        integration=integration.metadata.name,
        title=integration.metadata.title,
        source=spec.source,
        target=spec.target,
        owner=integration.metadata.owner,
        criticality=sla.criticality.value,
        paused=state is not None and state not in _FLOWING,
        availability=sla.availability or 0.0,
        p50_ms=_ms(sla.latency.p50),
        p95_ms=_ms(sla.latency.p95),
        p99_ms=_ms(sla.latency.p99),
        every_ms=_ms(sla.schedule.every) if sla.schedule else 0,
        grace_ms=_ms(sla.schedule.grace) if sla.schedule else 0,
        expected_per_second=sla.throughput.expected.per_second if sla.throughput.expected else 0.0,
        limit_per_second=sla.throughput.limit.per_second if sla.throughput.limit else 0.0,
        dead_letter_ms=_ms(dead_letter.retention) if dead_letter else 0,
    )


def expectations_of(estate: Estate) -> dict[str, Expectation]:
    """The expectations of a whole estate by integration name. Retired integrations have none. Pure."""
    states = {name: registration.state for name, registration in estate.registrations.items()}
    return {
        name: expectation_of(integration, states.get(name))
        for name, integration in sorted(estate.integrations.items())
        if states.get(name) is not LifecycleState.RETIRED
    }


def write_expectations(folder: Path, estate: Estate) -> None:
    """Put the expectations of an estate where the monitor finds them: ``folder/expectations.json``."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(folder / EXPECTATIONS_FILE, _EXPECTATIONS.dump_json(expectations_of(estate)))


def read_expectations(folder: Path) -> Mapping[str, Expectation]:
    """What :func:`write_expectations` left; nothing where there is no file, or none that can be read."""
    try:
        return _EXPECTATIONS.validate_json((folder / EXPECTATIONS_FILE).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        _log.warning("monitor.expectations_unreadable", folder=str(folder), error=type(error).__name__)
        return {}


def _ms(duration: Duration | None) -> int:
    return duration.milliseconds if duration else 0
