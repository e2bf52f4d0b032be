"""The go-live gate: each thing that it asks for, refused while it is missing and named with the next step."""
# ruff: noqa: ARG002 - the installation of these tests answers whatever it is asked about

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from easement.contract.kinds import EndpointTls
from easement.estate.interface_lifecycle import InterfaceState
from easement.estate.lifecycle import LifecycleEvent
from easement.estate.model import LifecycleState
from easement.governance.apply import apply
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.go_live import onboarding
from easement.governance.interface_lifecycle import set_interface_state
from easement.governance.lifecycle import move
from easement.governance.operating import BusFacts
from easement.governance.registry import Actor, Registry
from easement.testing.small_estate import INTEGRATION, document, integration, small_bundle

OPS = Actor(name="ops", roles=frozenset({"operator"}))


@dataclass
class Evidence:
    """An installation in which everything is in place, but what a test takes away."""

    credentials: int = 1
    probed: str = ""

    def live_credentials(self, client: str, now: datetime) -> int:
        return self.credentials

    def end_credentials(self, client: str, *, actor: str, now: datetime) -> int:
        return 0

    def probe(self, url: str, tls: EndpointTls) -> str:
        return self.probed

    def gateway_plan(self) -> str:
        return ""

    def bus(self) -> BusFacts | None:
        return None

    def watched(self) -> frozenset[str]:
        return frozenset()

    def served_since(self, integration: str, since: datetime) -> int:
        return 0

    def is_recorded(self, transaction_id: str) -> bool:
        return False


@pytest.fixture
def evidence() -> Evidence:
    return Evidence()


@pytest.fixture
def gated(registry: Registry, evidence: Evidence) -> Registry:
    return replace(registry, enforce_gate=True, operating=evidence)


def state_of(registry: Registry) -> LifecycleState | None:
    return registry.snapshot().state(INTEGRATION)


def go_live(registry: Registry) -> None:
    move(registry, INTEGRATION, LifecycleEvent.GO_LIVE, OPS, "ready")


def item(registry: Registry, identifier: str) -> Any:
    return next(each for each in onboarding(registry, INTEGRATION).items if each.id == identifier)


def test_with_the_gate_an_approved_integration_waits_and_goes_live_when_all_is_there(gated: Registry):
    apply(gated, small_bundle(), "ana")
    assert state_of(gated) is LifecycleState.BUILD
    assert [each.id for each in onboarding(gated, INTEGRATION).missing] == ["live"]
    go_live(gated)
    assert state_of(gated) is LifecycleState.LIVE
    assert onboarding(gated, INTEGRATION).missing == ()


def test_without_the_gate_the_same_list_is_advice(registry: Registry):
    apply(registry, small_bundle(), "ana")
    assert state_of(registry) is LifecycleState.LIVE
    assert not onboarding(registry, INTEGRATION).gate_enforced
    assert {each.id for each in onboarding(registry, INTEGRATION).missing} == {"credentials", "probe"}


@pytest.mark.parametrize(
    "lacking",
    [
        ("credentials", {"credentials": 0}, (), "easement credential issue shop"),
        ("probe", {"probed": "it cannot be reached (Connection refused)"}, (), "start the target"),
        ("alerts", {}, (document("Team", "platform", {}),), "spec.oncall"),
    ],
)
def test_what_is_missing_at_the_gate_is_refused_with_the_next_step(
    gated: Registry, evidence: Evidence, lacking: tuple[str, dict[str, Any], tuple[Any, ...], str]
):
    identifier, evidence_changes, changed, says = lacking
    apply(gated, small_bundle(*changed), "ana")
    for name, value in evidence_changes.items():
        setattr(evidence, name, value)
    with pytest.raises(PolicyError) as caught:
        go_live(gated)
    assert says in str(caught.value)
    assert state_of(gated) is LifecycleState.BUILD
    assert not item(gated, identifier).done


def test_a_contract_that_promises_nothing_cannot_be_watched(registry: Registry):
    silent = {"throughput": {"limit": "10/s"}}
    apply(registry, small_bundle(integration(sla=silent)), "ana")
    assert "promises nothing" in item(registry, "monitor").evidence


def test_nothing_goes_live_on_a_version_that_is_gone_gate_or_not(registry: Registry):
    apply(registry, small_bundle(integration(labels={"hold": "true"})), "ana")
    assert state_of(registry) is LifecycleState.BUILD
    for state in (InterfaceState.DEPRECATED, InterfaceState.GONE):
        set_interface_state(registry, "stock-api@1", state, "ops", "over")
    with pytest.raises(PolicyError, match="stock-api@1 has ended"):
        go_live(registry)


def test_attack_a_label_or_a_new_revision_does_not_lead_around_the_gate(gated: Registry, evidence: Evidence):
    evidence.credentials = 0
    apply(gated, small_bundle(integration(labels={"hold": "false"})), "ana")
    apply(gated, small_bundle(integration(labels={"again": "1"})), "ana")
    assert state_of(gated) is LifecycleState.BUILD


def test_without_anybody_to_ask_the_gate_stays_closed(registry: Registry):
    blind = replace(registry, enforce_gate=True)
    apply(blind, small_bundle(), "ana")
    with pytest.raises(PolicyError, match="nobody can say"):
        go_live(blind)


def test_an_unknown_integration_has_no_list(registry: Registry):
    with pytest.raises(UnknownError):
        onboarding(registry, "ghost")
