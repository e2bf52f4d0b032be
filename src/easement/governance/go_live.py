"""The way of an integration into production: what is there, with evidence, and what is missing, with the next step.

* :func:`onboarding` is the whole list, for whoever brings an integration in.
* :func:`missing_at_gate` is what the go-live gate asks for. Where the gate is enforced, an approved integration waits
  in ``build`` until somebody takes it live through the gate; elsewhere the list is advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from easement.contract.identity import reference_key
from easement.contract.kinds import EndpointTls, Integration, Pattern, Stage
from easement.estate.interface_lifecycle import InterfaceState
from easement.estate.lifecycle import ENFORCED_STATES
from easement.estate.model import Estate, LifecycleState, Registration
from easement.estate.review import blocking_findings
from easement.governance.errors import UnknownError
from easement.governance.notices_of_plan import plan_notices, standing_of
from easement.governance.registry import Registry
from easement.governance.snapshot import Snapshot
from easement.plan.compile import compile_plan
from easement.plan.parties import endpoint_of
from easement.standards.model import Finding

_GATE: Final = frozenset({"findings", "review", "interface", "credentials", "programmed", "probe", "monitor", "alerts"})
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """One line of the list. ``evidence`` says what was seen, ``next_step`` what to do: empty where it is done."""

    id: str
    title: str
    done: bool
    evidence: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """The list of one integration, in the order in which things are done."""

    integration: str
    id: str
    state: LifecycleState
    gate_enforced: bool
    items: tuple[ChecklistItem, ...]

    @property
    def missing(self) -> tuple[ChecklistItem, ...]:
        """What is still to do."""
        return tuple(item for item in self.items if not item.done)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Everything that the items look at. ``estate`` has the revision that was applied last."""

    snapshot: Snapshot
    name: str
    integration: Integration
    estate: Estate
    findings: Sequence[Finding]
    registry: Registry

    @property
    def today(self) -> date:
        return self.registry.today


def onboarding(registry: Registry, name: str) -> Onboarding:
    """The checklist of a registered integration. Raises :class:`UnknownError`."""
    snapshot = registry.snapshot()
    case = _case(registry, snapshot, name)
    stored = snapshot.integrations[name]
    return Onboarding(
        integration=name,
        id=stored.id,
        state=LifecycleState(stored.state),
        gate_enforced=registry.enforce_gate,
        items=(_registered(case), *_gate_items(case), _live(case)),
    )


def missing_at_gate(registry: Registry, snapshot: Snapshot, name: str) -> tuple[ChecklistItem, ...]:
    """What the gate still asks of an integration that wants to go live."""
    items = _gate_items(_case(registry, snapshot, name))
    return tuple(item for item in items if not item.done and item.id in _GATE)


def _case(registry: Registry, snapshot: Snapshot, name: str) -> _Case:
    entry = snapshot.registered.get(("Integration", name))
    if entry is None or name not in snapshot.integrations:
        raise UnknownError(f"integration {name!r} is not registered", ("easement apply registers documents",))
    estate = snapshot.registered_estate().estate
    return _Case(
        snapshot=snapshot,
        name=name,
        integration=estate.integrations[name],
        estate=estate,
        findings=snapshot.registered_findings(registry.today),
        registry=registry,
    )


def _gate_items(case: _Case) -> tuple[ChecklistItem, ...]:
    return (
        _findings(case),
        _review(case),
        _interface(case),
        _credentials(case),
        _programmed(case),
        _probe(case),
        _monitor(case),
        _alerts(case),
    )


def _item(identifier: str, title: str, evidence: str, next_step: str = "") -> ChecklistItem:
    return ChecklistItem(id=identifier, title=title, done=not next_step, evidence=evidence, next_step=next_step)


def _registered(case: _Case) -> ChecklistItem:
    stored = case.snapshot.integrations[case.name]
    revision = case.snapshot.registered["Integration", case.name].revision
    return _item("registered", "Registered", f"{stored.id}, revision {revision[:12]}")


def _findings(case: _Case) -> ChecklistItem:
    title = "No finding stands against it"
    found = blocking_findings(case.integration, case.findings, stage=Stage.LIVE)
    if not found:
        return _item("findings", title, "no rule of the standards stops it")
    rules = sorted({finding.rule for finding in found})
    more = f" and {len(rules) - _SHOWN} more" if len(rules) > _SHOWN else ""
    return _item(
        "findings",
        title,
        f"{len(found)} findings: {', '.join(rules[:_SHOWN])}{more}",
        f"mend them (easement check shows where, easement rules show {rules[0]} says how), or have them waived",
    )


def _review(case: _Case) -> ChecklistItem:
    title = "The review is approved"
    document = case.snapshot.documents["Integration", case.name]
    if document.enforced == document.registered:
        return _item("review", title, f"revision {document.enforced[:12]} is approved")
    waits = f"revision {document.registered[:12]} waits for its review"
    return _item("review", title, waits, f"easement review show integration/{case.name}")


def _interface(case: _Case) -> ChecklistItem:
    title = "The interface version serves"
    key = reference_key(case.integration.spec.interface)
    standing = standing_of(case.snapshot.interface_states.get(key))
    if case.estate.interface_of(case.integration) is None:
        return _item("interface", title, f"{key} is not registered", "register it: easement apply")
    if standing.state is InterfaceState.GONE:
        use = standing.successor or "another version"
        return _item("interface", title, f"{key} has ended", f"use {use}: change spec.interface and apply again")
    if standing.state is InterfaceState.DEPRECATED:
        until = f" until {standing.sunset:%Y-%m-%d}" if standing.sunset else ""
        return _item("interface", title, f"{key} is deprecated, and serves{until}")
    return _item("interface", title, f"{key} is active")


def _credentials(case: _Case) -> ChecklistItem:
    title = "Credentials are issued"
    operating = case.registry.operating
    if operating is None:
        return _item("credentials", title, "nobody can say", "ask the control plane that runs here")
    now = case.registry.now()
    counts = {client: operating.live_credentials(client, now) for client in _clients(case)}
    without = [client for client, count in counts.items() if not count]
    if without:
        return _item(
            "credentials",
            title,
            f"{' and '.join(without)} has none that is live",
            f"easement credential issue {without[0]}",
        )
    return _item("credentials", title, "; ".join(f"{client}: {count} live" for client, count in counts.items()))


def _clients(case: _Case) -> tuple[str, ...]:
    """The accounts that need a credential: who calls or publishes, and who fetches what is published."""
    spec = case.integration.spec
    target = case.estate.systems.get(spec.target)
    fetches = spec.pattern is not Pattern.REQUEST and (target is None or target.spec.delivery.webhook is None)
    return (spec.source, spec.target) if fetches else (spec.source,)


def _programmed(case: _Case) -> ChecklistItem:
    """Compile it as if it were live: what the plan could not enforce whole would not flow."""
    title = "Gateway and broker can enforce all of it"
    known = case.estate.registrations[case.name]
    as_live = Registration(id=known.id, revision=known.revision, state=LifecycleState.LIVE)
    rehearsal = replace(
        case.estate,
        integrations={case.name: case.integration},
        registrations={**case.estate.registrations, case.name: as_live},
    )
    notices = plan_notices(case.snapshot.interface_states)
    plan = compile_plan(
        rehearsal,
        environment=case.registry.environment,
        today=case.today,
        notices=notices,
        inspection=case.registry.inspection,
    )
    for condition in plan.statuses[0].conditions:
        if not condition.status:
            why = f"{condition.reason}: {condition.message}"
            return _item("programmed", title, why, "change the contract to what is enforced, or what it names")
    grants = sum(len(route.grants) for route in plan.routes)
    return _item("programmed", title, f"compiles to {grants} grants and {len(plan.deliveries)} deliveries")


def _probe(case: _Case) -> ChecklistItem:
    title = "The target answers"
    operating = case.registry.operating
    address = _address(case)
    if address is None:
        return _item("probe", title, "nothing to reach: the target fetches from its own stream")
    url, tls = address
    if operating is None:
        return _item("probe", title, "nobody can say", "ask the control plane that runs here")
    if why := operating.probe(url, tls):
        return _item("probe", title, f"{url}: {why}", "start the target, or correct the endpoint in its document")
    return _item("probe", title, f"{url} took a connection")


def _address(case: _Case) -> tuple[str, EndpointTls] | None:
    spec = case.integration.spec
    if spec.pattern is Pattern.REQUEST:
        interface = case.estate.interface_of(case.integration)
        system = case.estate.systems.get(interface.spec.system) if interface else None
        endpoint = endpoint_of(system, case.registry.environment) if system else None
        return (endpoint.url, endpoint.tls) if endpoint else None
    target = case.estate.systems.get(spec.target)
    webhook = target.spec.delivery.webhook if target else None
    return (webhook.url, EndpointTls()) if webhook else None


def _monitor(case: _Case) -> ChecklistItem:
    title = "Monitoring knows what to expect"
    expected = tuple(_expectations(case.integration))
    if expected:
        return _item("monitor", title, f"held against {', '.join(expected)}")
    return _item(
        "monitor", title, "the contract promises nothing that could be missed",
        "declare spec.sla: availability, latency, a schedule or an expected throughput",
    )  # fmt: skip


def _expectations(integration: Integration) -> Iterator[str]:
    sla = integration.spec.sla
    if sla.availability is not None:
        yield f"availability {sla.availability:g} %"
    if sla.latency.p50 or sla.latency.p95 or sla.latency.p99:
        yield "latency"
    if sla.schedule is not None:
        yield f"traffic every {sla.schedule.every}"
    if sla.throughput.expected is not None:
        yield f"about {sla.throughput.expected}"


def _alerts(case: _Case) -> ChecklistItem:
    title = "Somebody is told when it fails"
    owner = case.integration.metadata.owner
    team = case.estate.teams.get(owner)
    if team is None:
        return _item("alerts", title, "it has no owner", "set metadata.owner to a registered team")
    reached = [way for way in (team.spec.oncall, team.spec.email) if way]
    if not reached:
        return _item(
            "alerts", title, f"team {owner} cannot be reached", f"set spec.oncall or spec.email of team/{owner}"
        )
    return _item("alerts", title, f"team {owner}: {' and '.join(reached)}")


def _live(case: _Case) -> ChecklistItem:
    state = LifecycleState(case.snapshot.integrations[case.name].state)
    if state in ENFORCED_STATES:
        return _item("live", "Live", f"it is {state}")
    if state is LifecycleState.RETIRED:
        return _item("live", "Live", "it is retired", "register it under a new name")
    return _item("live", "Live", f"it is in {state}", f"easement lifecycle live {case.name}")
