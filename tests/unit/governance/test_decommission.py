"""Decommissioning: order, proof, rehearsal, and going on after a crash at any step."""
# ruff: noqa: ARG002 - the installation of these tests answers whatever it is asked about

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from easement.contract.documents import from_json
from easement.contract.kinds import EndpointTls
from easement.contract.loader import load
from easement.estate.lifecycle import LifecycleEvent
from easement.estate.model import LifecycleState
from easement.governance.apply import apply
from easement.governance.compilation import current_plan
from easement.governance.decommission import decommission, go_on_with_all, rehearse
from easement.governance.decommission_steps import QUIET, STEPS, Removal, _nothing_waits, uses_of
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.lifecycle import move
from easement.governance.operating import BusFacts
from easement.governance.registry import Actor, Registry
from easement.plan.codec import decode_plan
from easement.plan.model import Plan
from easement.testing.small_estate import INTEGRATION, SOURCE, TARGET, integration, interface, small_bundle, small_files

OPS = Actor(name="ops", roles=frozenset({"operator"}))


@dataclass
class Site:
    """An installation that says what the test wants. ``behind`` makes gateway and broker slow."""

    registry: Registry | None = None
    secrets: dict[str, int] = field(default_factory=lambda: {SOURCE: 2, TARGET: 1})
    behind: bool = False
    waiting: dict[str, int] = field(default_factory=dict)
    served: int = 0
    recorded: bool = True
    unreachable: str = ""
    still_watched: frozenset[str] = frozenset()

    def _plan(self) -> str:
        assert self.registry is not None
        stored = current_plan(self.registry)
        return "0" * 64 if self.behind or stored is None else stored.hash

    def live_credentials(self, client: str, now: datetime) -> int:
        return self.secrets.get(client, 0)

    def end_credentials(self, client: str, *, actor: str, now: datetime) -> int:
        return self.secrets.pop(client, 0)

    def probe(self, url: str, tls: EndpointTls) -> str:
        return self.unreachable

    def gateway_plan(self) -> str:
        return self._plan()

    def bus(self) -> BusFacts | None:
        return BusFacts(plan=self._plan(), waiting=self.waiting, retired=frozenset(), dead_letters={})

    def watched(self) -> frozenset[str]:
        return self.still_watched

    def served_since(self, integration: str, since: datetime) -> int:
        return self.served

    def is_recorded(self, transaction_id: str) -> bool:
        return self.recorded and bool(transaction_id)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def estate(registry: Registry, site: Site) -> Registry:
    """One live integration, in an installation that can be asked."""
    whole = replace(registry, operating=site)
    site.registry = whole
    apply(whole, small_bundle(), "ana")
    return whole


def deprecate(registry: Registry) -> None:
    move(registry, INTEGRATION, LifecycleEvent.DEPRECATE, OPS, "not needed")


def plan_of(registry: Registry) -> Plan:
    stored = current_plan(registry)
    assert stored is not None
    return decode_plan(stored.content)


def states(report: Any) -> dict[str, str]:
    return {step.id: step.state for step in report.steps}


def test_all_steps_in_order_and_then_nothing_is_left_but_history(
    estate: Registry, site: Site, clock: Any, records: Any
):
    deprecate(estate)
    first = decommission(estate, INTEGRATION, "ops", "replaced")
    assert states(first)["silence"] == "waiting"
    assert site.secrets == {}
    clock.pass_(seconds=QUIET.total_seconds())
    last = decommission(estate, INTEGRATION, "ops", "replaced")
    assert last.finished
    assert set(states(last).values()) == {"done"}
    snapshot = estate.snapshot()
    assert ("Integration", INTEGRATION) not in snapshot.registered
    assert INTEGRATION not in snapshot.integrations
    assert uses_of(plan_of(estate), INTEGRATION) == ()
    assert plan_of(estate).removals == ()
    told = [action for action in records.actions() if action.startswith(("decommission", "lifecycle.retired"))]
    assert told == [
        "decommission.begun", "decommission.nothing-waits", "lifecycle.retired",
        *(f"decommission.{step.id}" for step in STEPS[1:]), "decommission.archived",
    ]  # fmt: skip
    again = decommission(estate, INTEGRATION, "ops", "again")
    assert (again.finished, again.id, set(states(again).values())) == (True, "INT-0001", {"done"})
    with pytest.raises(UnknownError):
        rehearse(estate, INTEGRATION)
    with pytest.raises(UnknownError):
        decommission(estate, "ghost", "ops", "never there")


def test_its_id_is_never_given_again(estate: Registry, clock: Any):
    deprecate(estate)
    decommission(estate, INTEGRATION, "ops", "replaced")
    clock.pass_(seconds=60)
    assert decommission(estate, INTEGRATION, "ops", "replaced").finished
    done = apply(estate, small_bundle(), "ana")
    assert next(each.id for each in done.documents if each.kind == "Integration") == "INT-0002"


def test_a_rehearsal_says_every_step_and_changes_nothing(estate: Registry, site: Site, records: Any):
    deprecate(estate)
    before, said = estate.snapshot(), len(records.kept)
    report = rehearse(estate, INTEGRATION)
    assert [step.id for step in report.steps] == ["allowed", *(step.id for step in STEPS), "archive"]
    assert {step.state for step in report.steps} == {"would"}
    told = {step.id: step.said for step in report.steps}
    assert told["plan"] == f"compile a plan without grant {INTEGRATION}.getStock"
    assert told["credentials"] == f"revoke 2 of {SOURCE}, 1 of {TARGET}"
    assert estate.snapshot().head == before.head
    assert len(records.kept) == said
    assert site.secrets == {SOURCE: 2, TARGET: 1}


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_is_live_must_be_deprecated_first(estate: Registry, dry_run: bool):
    if dry_run:
        assert rehearse(estate, INTEGRATION).steps[0].said.startswith("not yet: it is live")
        return
    with pytest.raises(PolicyError, match="deprecate"):
        decommission(estate, INTEGRATION, "ops", "replaced")
    assert uses_of(plan_of(estate), INTEGRATION)


def test_the_notice_of_a_deprecation_must_be_over(estate: Registry, clock: Any):
    patient = replace(estate, notice=timedelta(days=30))
    deprecate(patient)
    with pytest.raises(PolicyError, match="notice period"):
        decommission(patient, INTEGRATION, "ops", "replaced")
    clock.pass_(days=31)
    decommission(patient, INTEGRATION, "ops", "replaced")


def test_it_waits_until_gateway_and_broker_confirm_and_revokes_nothing_before(estate: Registry, site: Site):
    deprecate(estate)
    site.behind = True
    report = decommission(estate, INTEGRATION, "ops", "replaced")
    assert (states(report)["confirmed"], states(report)["credentials"]) == ("waiting", "to do")
    assert site.secrets == {SOURCE: 2, TARGET: 1}
    assert plan_of(estate).removals == (INTEGRATION,)
    site.behind = False
    assert states(decommission(estate, INTEGRATION, "ops", "replaced"))["credentials"] == "done"


def test_it_is_not_over_while_the_ledger_shows_that_something_flowed(estate: Registry, site: Site, clock: Any):
    deprecate(estate)
    site.served = 3
    decommission(estate, INTEGRATION, "ops", "replaced")
    clock.pass_(seconds=60)
    report = decommission(estate, INTEGRATION, "ops", "replaced")
    assert not report.finished
    assert "3 served transactions" in next(step.said for step in report.steps if step.id == "silence")


def test_it_is_not_over_before_the_ledger_has_what_was_recorded(estate: Registry, site: Site, clock: Any):
    deprecate(estate)
    site.recorded = False
    decommission(estate, INTEGRATION, "ops", "replaced")
    clock.pass_(seconds=60)
    assert not decommission(estate, INTEGRATION, "ops", "replaced").finished


def test_accounts_that_others_need_keep_their_credentials(estate: Registry, site: Site):
    deprecate(estate)
    third = integration("held-back", labels={"hold": "true"}, interface={"name": "stock-api", "version": "^2.0"})
    files = small_files(third) | {"interface/next.yaml": json.dumps(interface(version="2.0.0")).encode()}
    apply(estate, load(files), "ana")
    report = decommission(estate, INTEGRATION, "ops", "replaced")
    assert site.secrets == {SOURCE: 2, TARGET: 1}
    assert "serve other integrations" in next(step.said for step in report.steps if step.id == "credentials")


@pytest.mark.parametrize("crash_at", [step.id for step in STEPS])
def test_a_crash_at_any_step_is_gone_on_from(estate: Registry, site: Site, clock: Any, records: Any, crash_at: str):
    """The disk is full exactly when a step is recorded: the step was done, and is not written down."""
    deprecate(estate)
    kept = records.__call__

    def failing(found: Any) -> None:
        if any(record.message_type == f"decommission.{crash_at}" for record in found):
            raise OSError("the disk is full")
        kept(found)

    broken = replace(estate, record=failing)
    site.registry = broken

    def until_the_end() -> None:
        for _ in range(3):
            decommission(broken, INTEGRATION, "ops", "replaced")
            clock.pass_(seconds=60)

    with pytest.raises(OSError, match="full"):
        until_the_end()
    site.registry = estate
    go_on_with_all(estate)
    clock.pass_(seconds=60)
    (report,) = go_on_with_all(estate) or (None,)
    assert report is None or report.finished
    assert go_on_with_all(estate) == ()
    assert INTEGRATION not in estate.snapshot().integrations
    actions = [action for action in records.actions() if action.startswith("decommission.")]
    assert sorted(actions) == sorted(set(actions))


def test_messages_that_wait_are_not_thrown_away_unless_asked(registry: Registry, site: Site):
    events = from_json(integration(pattern="event", operations=[], channels=["placed"]))
    site.registry = registry
    site.waiting = {f"OUT_{INTEGRATION}": 4}
    removal = Removal(
        registry=registry, operating=site, name=INTEGRATION, integration=events, state=LifecycleState.DEPRECATED,
        person="ops", reason="x", discard=False,
    )  # type: ignore[arg-type]  # fmt: skip
    assert not _nothing_waits(removal).done
    removal.discard = True
    seen = _nothing_waits(removal)
    assert seen.done
    assert "4 messages" in seen.said
