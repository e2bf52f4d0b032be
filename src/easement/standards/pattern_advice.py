"""Which pattern an integration uses, and whether another would serve it better.

Advice is read from the documents alone and names one better pattern with the reason; None says that nothing better is
known, not that the choice is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from easement.contract.kinds import Integration, Interface, Pattern
from easement.contract.values import Duration
from easement.estate.flows import FlowIndex, is_event
from easement.estate.model import Estate
from easement.standards.pattern_catalogue import CATALOGUE, LABEL

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
POLLING: Final = Duration.parse("1h")
"""Reading on a schedule at least this often is polling."""
PATIENCE: Final = Duration.parse("30s")
"""A call that may take longer than this holds its caller for too long."""
LARGE_BODY: Final = 10_000_000
"""Bytes; larger bodies are files."""
SAME_FACT: Final = 3
"""Telling so many systems of the same fact by call is publishing by hand."""
FEW_FIELDS: Final = 3
_FREQUENT_FILE: Final = Duration.parse("15m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A better pattern, by its id in the catalogue, and why."""

    better: str
    why: str


def pattern_of(estate: Estate, integration: Integration) -> str:
    """The id of the pattern that the integration names in its label, else the one that its declarations show."""
    named = integration.metadata.labels.get(LABEL, "")
    if named in CATALOGUE:
        return named
    if integration.spec.pattern in {Pattern.FILE, Pattern.BATCH}:
        return "batch-file"
    if is_event(integration):
        return _event_pattern(estate, integration)
    if not _only_reads(estate, integration):
        return "command"
    if integration.spec.sla.schedule is None:
        return "request-reply"
    return "polling" if polled_events(estate, integration) else "scheduled-pull"


def pattern_advice(estate: Estate, integration: Integration) -> Advice | None:
    """The better pattern for ``integration``, or None."""
    return next((advice for check in _CHECKS if (advice := check(estate, integration)) is not None), None)


def polled_events(estate: Estate, integration: Integration, often: Duration = POLLING) -> tuple[str, ...]:
    """Event interfaces that publish what ``integration`` asks for on a timer at least as ``often``, sorted by key."""
    schedule = integration.spec.sla.schedule
    if schedule is None or schedule.every > often or is_event(integration) or not _only_reads(estate, integration):
        return ()
    asked = estate.interface_of(integration)
    if asked is None:
        return ()
    return tuple(sorted(key for key, other in estate.interfaces.items() if _publishes(other, asked)))


def _publishes(events: Interface, asked: Interface) -> bool:
    return (
        events.spec.definition.asyncapi is not None
        and events.spec.system == asked.spec.system
        and not set(events.spec.entities).isdisjoint(asked.spec.entities)
    )


def _only_reads(estate: Estate, integration: Integration) -> bool:
    model = estate.model_of(integration)
    used = [model.operations[name] for name in integration.spec.operations if name in model.operations] if model else []
    return bool(used) and all(operation.method in READING for operation in used)


def _event_pattern(estate: Estate, integration: Integration) -> str:
    target = estate.systems.get(integration.spec.target)
    if target is not None and target.spec.delivery.webhook is not None:
        return "webhook"
    leaves = {carried.path for flow in FlowIndex(estate).flows(integration) for carried in flow.fields if carried.leaf}
    return "event-notification" if len(leaves) <= FEW_FIELDS else "event-carried-state"


def _polling(estate: Estate, integration: Integration) -> Advice | None:
    events = polled_events(estate, integration)
    if not events:
        return None
    schedule = integration.spec.sla.schedule
    why = (
        f"it asks every {schedule.every if schedule else POLLING}, while {', '.join(events)} publishes the same entity"
    )
    return Advice(better="event-carried-state", why=why)


def _shared_database(estate: Estate, integration: Integration) -> Advice | None:
    source, target = estate.systems.get(integration.spec.source), estate.systems.get(integration.spec.target)
    shared = sorted(set(source.spec.datastores).intersection(target.spec.datastores)) if source and target else []
    if not shared:
        return None
    return Advice(better="request-reply", why=f"both sides keep their data in {', '.join(shared)}")


def _large_body(_estate: Estate, integration: Integration) -> Advice | None:
    size = integration.spec.sla.max_body_bytes
    if integration.spec.pattern is not Pattern.REQUEST or size <= LARGE_BODY:
        return None
    return Advice(better="batch-file", why=f"bodies of up to {size:,} bytes are files")


def _long_call(estate: Estate, integration: Integration) -> Advice | None:
    timeout = integration.spec.sla.timeout
    if is_event(integration) or integration.spec.pattern is not Pattern.REQUEST or timeout <= PATIENCE:
        return None
    if _only_reads(estate, integration):
        return None
    return Advice(better="work-queue", why=f"the source may wait {timeout} for a call; let the work wait in a queue")


def _same_fact(estate: Estate, integration: Integration) -> Advice | None:
    if is_event(integration) or integration.spec.pattern is not Pattern.REQUEST or _only_reads(estate, integration):
        return None
    told = {other.spec.target for other in _same_purpose(estate, integration)}
    if len(told) < SAME_FACT:
        return None
    why = f"{integration.spec.source} calls {', '.join(sorted(told))} for the same purpose; publish it once"
    return Advice(better="event-carried-state", why=why)


def _same_purpose(estate: Estate, integration: Integration) -> Iterable[Integration]:
    spec = integration.spec
    for other in estate.integrations.values():
        same = other.spec.source == spec.source and other.spec.purpose == spec.purpose and not is_event(other)
        if same and not _only_reads(estate, other):
            yield other


def _asks_back(estate: Estate, integration: Integration) -> Advice | None:
    """A notification whose receiver then calls for the details of the same entity."""
    interface = estate.interface_of(integration)
    if interface is None or pattern_of(estate, integration) != "event-notification":
        return None
    for other in estate.integrations.values():
        if other.spec.source != integration.spec.target or other.spec.target != integration.spec.source:
            continue
        asked = estate.interface_of(other)
        if asked and _only_reads(estate, other) and set(asked.spec.entities).intersection(interface.spec.entities):
            why = f"the target asks back for the details by {other.metadata.name}; carry what it needs in the event"
            return Advice(better="event-carried-state", why=why)
    return None


def _frequent_file(_estate: Estate, integration: Integration) -> Advice | None:
    schedule = integration.spec.sla.schedule
    if integration.spec.pattern not in {Pattern.FILE, Pattern.BATCH} or schedule is None:
        return None
    if schedule.every > _FREQUENT_FILE:
        return None
    return Advice(better="event-carried-state", why=f"files every {schedule.every} are a stream of events")


_CHECKS: Final[tuple[Callable[[Estate, Integration], Advice | None], ...]] = (
    _shared_database,
    _polling,
    _frequent_file,
    _large_body,
    _long_call,
    _same_fact,
    _asks_back,
)
