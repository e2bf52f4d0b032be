"""The steps of a decommissioning, in order. Each one does its part if it is not done, and says what it saw.

A step may be asked again after a crash at any point: what it does is done once, and seeing it done is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from easement.broker.naming import dead_letter_stream, target_stream
from easement.contract.kinds import Integration
from easement.estate.lifecycle import LifecycleEvent
from easement.estate.model import LifecycleState
from easement.governance.compilation import compile_current, current_plan
from easement.governance.lifecycle import move
from easement.governance.operating import Operating
from easement.governance.registry import Actor, Registry
from easement.plan.codec import decode_plan
from easement.plan.model import Plan

QUIET: Final = timedelta(seconds=5)
"""How long nothing must flow after gateway and broker have confirmed, before the ledger is asked."""
_SHOWN: Final = 5


@dataclass(slots=True, kw_only=True)
class Removal:
    """One decommissioning under way. ``facts`` is what later steps need of earlier ones; steps may add to it."""

    registry: Registry
    operating: Operating
    name: str
    integration: Integration
    state: LifecycleState
    person: str
    reason: str
    discard: bool
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def streams(self) -> tuple[str, str]:
        """The two streams that the bus has for it."""
        return target_stream(self.name), dead_letter_stream(self.name)

    def plan(self) -> Plan:
        """The plan that is enforced now."""
        stored = current_plan(self.registry)
        return decode_plan(stored.content) if stored else Plan(environment=self.registry.environment)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step saw. ``done`` False: it must wait, and why."""

    done: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``run`` does it; ``rehearse`` only looks, and says what would be done."""

    id: str
    title: str
    run: Callable[[Removal], Seen]
    rehearse: Callable[[Removal], str]


def uses_of(plan: Plan, name: str) -> tuple[str, ...]:
    """Everything in a plan that belongs to an integration, in words."""
    found = [f"grant {grant.id}" for route in plan.routes for grant in route.grants if _is(grant.party, name)]
    found += [
        f"right of {grant.client_id} to publish on {channel.id}"
        for channel in plan.channels
        for grant in channel.publishers
        if any(_is(party, name) for party in grant.parties)
    ]
    found += [f"delivery {delivery.id}" for delivery in plan.deliveries if _is(delivery.party, name)]
    return tuple(found)


def _is(party: Any, name: str) -> bool:
    return bool(party.integration == name)


def _nothing_waits(removal: Removal) -> Seen:
    bus = removal.operating.bus()
    if not removal.integration.spec.channels:
        return Seen(done=True, said="it moves no events")
    if bus is None:
        return Seen(done=False, said="the broker says nothing")
    target, _dead = removal.streams
    waiting, dead = bus.waiting.get(target, 0), bus.dead_letters.get(removal.name, 0)
    if not waiting and not dead:
        return Seen(done=True, said="every message is processed, and there are no dead letters")
    said = f"{waiting} messages are not processed, and {dead} dead letters wait"
    if removal.discard:
        return Seen(done=True, said=f"{said}; they go with the stream, as was asked for")
    return Seen(done=False, said=f"{said}: let them be processed, or say --discard-messages")


def _cut(removal: Removal) -> Seen:
    if removal.state is not LifecycleState.RETIRED:
        actor = Actor(name=removal.person, roles=frozenset())
        move(removal.registry, removal.name, LifecycleEvent.RETIRE, actor, removal.reason)
        removal.state = LifecycleState.RETIRED
    removal.facts["cut"] = removal.facts.get("cut") or removal.registry.now().isoformat()
    return Seen(done=True, said="it is retired: the next plan has none of it")


def _plan_is_without(removal: Removal) -> Seen:
    plan_hash = compile_current(removal.registry)
    left = uses_of(removal.plan(), removal.name)
    if left:
        return Seen(done=False, said=f"the plan still has {', '.join(left[:_SHOWN])}")
    removal.facts["plan"] = plan_hash
    return Seen(done=True, said=f"plan {plan_hash[:12]} has no route, grant, right or delivery of it")


def _confirmed(removal: Removal) -> Seen:
    compile_current(removal.registry)
    stored = current_plan(removal.registry)
    wanted = stored.hash if stored else ""
    bus = removal.operating.bus()
    late = [
        f"{who} has {plan[:12] or 'no plan'}"
        for who, plan in (("gateway", removal.operating.gateway_plan()), ("broker", bus.plan if bus else ""))
        if plan != wanted
    ]
    if late:
        return Seen(done=False, said=f"{' and '.join(late)}, not yet {wanted[:12]}")
    removal.facts["confirmed"] = removal.registry.now().isoformat()
    return Seen(done=True, said=f"gateway and broker enforce plan {wanted[:12]}")


def _credentials(removal: Removal) -> Seen:
    now = removal.registry.now()
    clients = _idle_clients(removal)
    ended = {client: removal.operating.end_credentials(client, actor=removal.person, now=now) for client in clients}
    if not ended:
        return Seen(done=True, said="its accounts serve other integrations and keep their credentials")
    return Seen(done=True, said="; ".join(f"{client}: {count} revoked" for client, count in ended.items()))


def _idle_clients(removal: Removal) -> tuple[str, ...]:
    """Its accounts that no other integration has, flowing or on its way to it."""
    snapshot = removal.registry.snapshot()
    needed: set[str] = set()
    for entries in (snapshot.registered, snapshot.enforced):
        for entry in entries.values():
            document = entry.document
            if not isinstance(document, Integration) or document.metadata.name == removal.name:
                continue
            if snapshot.state(document.metadata.name) is not LifecycleState.RETIRED:
                needed |= {document.spec.source, document.spec.target}
    spec = removal.integration.spec
    return tuple(client for client in (spec.source, spec.target) if client not in needed)


def _streams(removal: Removal) -> Seen:
    bus = removal.operating.bus()
    if bus is None:
        return Seen(done=False, said="the broker says nothing")
    left = sorted(bus.retired.intersection(removal.streams))
    stored = current_plan(removal.registry)
    if left or bus.plan != (stored.hash if stored else ""):
        return Seen(done=False, said=f"the broker has yet to remove {', '.join(left) or 'what this plan removes'}")
    return Seen(done=True, said=f"the broker has no {' and no '.join(removal.streams)}")


def _alerts(removal: Removal) -> Seen:
    if removal.name in removal.operating.watched():
        return Seen(done=False, said="the monitor still expects something of it")
    return Seen(done=True, said="the monitor expects nothing of it, so nothing can be late")


def _silence(removal: Removal) -> Seen:
    since = datetime.fromisoformat(str(removal.facts["confirmed"]))
    if removal.registry.now() - since < QUIET:
        return Seen(done=False, said=f"watching for {QUIET.seconds} s that nothing flows")
    marker = str(removal.facts.get("confirmed_transaction", ""))
    if not removal.operating.is_recorded(marker):
        return Seen(done=False, said="the ledger has not taken in the records of this removal yet")
    served = removal.operating.served_since(removal.name, since)
    if served:
        return Seen(done=False, said=f"the ledger shows {served} served transactions after {since:%Y-%m-%dT%H:%M:%SZ}")
    return Seen(done=True, said=f"the ledger shows no served transaction after {since:%Y-%m-%dT%H:%M:%SZ}")


def _rehearse_waits(removal: Removal) -> str:
    return f"see that nothing waits; now: {_nothing_waits(removal).said}"


def _rehearse_cut(removal: Removal) -> str:
    if removal.state is LifecycleState.RETIRED:
        return "nothing: it is retired already"
    return f"retire it: it is {removal.state} now"


def _rehearse_plan(removal: Removal) -> str:
    left = uses_of(removal.plan(), removal.name)
    return f"compile a plan without {_listed(left)}" if left else "see that the plan has none of it"


def _rehearse_confirmed(removal: Removal) -> str:
    bus = removal.operating.bus()
    gateway, broker = removal.operating.gateway_plan(), bus.plan if bus else ""
    return f"wait until both enforce it; now: gateway {gateway[:12] or 'silent'}, broker {broker[:12] or 'silent'}"


def _rehearse_credentials(removal: Removal) -> str:
    now = removal.registry.now()
    ending = [f"{removal.operating.live_credentials(client, now)} of {client}" for client in _idle_clients(removal)]
    return f"revoke {_listed(ending)}" if ending else "keep them: its accounts serve other integrations"


def _rehearse_streams(removal: Removal) -> str:
    if not removal.integration.spec.channels:
        return "nothing: it has no streams"
    return f"remove {' and '.join(removal.streams)} with all that is in them"


def _listed(things: Iterable[str]) -> str:
    found = list(things)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


STEPS: Final[tuple[Step, ...]] = (
    Step(id="nothing-waits", title="Nothing that was accepted waits", run=_nothing_waits, rehearse=_rehearse_waits),
    Step(id="cut", title="Retired", run=_cut, rehearse=_rehearse_cut),
    Step(id="plan", title="The plan has none of it", run=_plan_is_without, rehearse=_rehearse_plan),
    Step(id="confirmed", title="Gateway and broker confirm", run=_confirmed, rehearse=_rehearse_confirmed),
    Step(id="credentials", title="Credentials are revoked", run=_credentials, rehearse=_rehearse_credentials),
    Step(id="streams", title="Streams are removed", run=_streams, rehearse=_rehearse_streams),
    Step(
        id="alerts", title="Expectations and alerts are gone", run=_alerts,
        rehearse=lambda removal: "take it from what the monitor expects"
        if removal.name in removal.operating.watched()
        else "nothing: the monitor expects nothing of it",
    ),
    Step(
        id="silence", title="Nothing flows", run=_silence,
        rehearse=lambda _removal: "ask the ledger that nothing was served after the cut",
    ),
)  # fmt: skip
