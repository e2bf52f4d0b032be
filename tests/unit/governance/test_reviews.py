"""Reviews: four eyes, roles, what stands against approval."""

from dataclasses import replace
from typing import Any

import pytest

from easement.estate.lifecycle import LifecycleEvent
from easement.governance.apply import apply
from easement.governance.compilation import current_plan
from easement.governance.errors import NotAllowedError, PolicyError, StaleError, UnknownError
from easement.governance.lifecycle import move
from easement.governance.reading import review_detail
from easement.governance.registry import Actor, Registry
from easement.governance.reviews import Verdict, decide, pending, pending_for, review_of
from easement.ledger.record import Status
from easement.store.reviews import StoredReview
from easement.testing.small_estate import INTEGRATION, integration, interface, small_bundle, system


def person(name: str, *roles: str) -> Actor:
    return Actor(name=name, roles=frozenset(roles))


RITA = person("rita", "reviewer")
SAM = person("sam", "security")
VITAL = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}


def waiting(registry: Registry) -> StoredReview:
    """A risky integration that needs a reviewer and somebody for security."""
    apply(registry, small_bundle(integration(sla=VITAL)), "ana")
    return pending_for(registry, "Integration", INTEGRATION)


def test_every_needed_role_must_approve(registry: Registry) -> None:
    review = waiting(registry)
    assert (review.risk, review.roles) == ("high", ("reviewer", "security"))
    first = decide(registry, [review.id], RITA, Verdict.APPROVE, "fine")
    assert (first.reviews[0].state, registry.snapshot().state(INTEGRATION)) == ("open", "design")
    second = decide(registry, [review.id], SAM, Verdict.APPROVE, "")
    assert (second.reviews[0].state, registry.snapshot().state(INTEGRATION)) == ("approved", "live")
    stored = current_plan(registry)
    assert stored is not None
    assert stored.hash == second.plan


def test_one_person_with_both_roles_decides_alone_only_where_a_setting_says_so(registry: Registry) -> None:
    review = waiting(registry)
    alone = decide(registry, [review.id], person("bo", "reviewer", "security"), Verdict.APPROVE, "")
    assert (alone.reviews[0].state, alone.reviews[0].decisions[0].roles) == ("open", ("reviewer", "security"))
    done = decide(registry, [review.id], RITA, Verdict.APPROVE, "")
    assert done.reviews[0].state == "approved"


def test_a_small_house_may_let_one_person_fill_both_roles(registry: Registry) -> None:
    small = replace(registry, one_person_several_roles=True)
    review = waiting(small)
    done = decide(small, [review.id], person("bo", "reviewer", "security"), Verdict.APPROVE, "")
    assert done.reviews[0].decisions[0].roles == ("reviewer", "security")
    assert done.reviews[0].state == "approved"


def test_own_revision_is_refused_and_recorded(registry: Registry, records: Any) -> None:
    review = waiting(registry)
    with pytest.raises(NotAllowedError, match="four eyes"):
        decide(registry, [review.id], person("ana", "reviewer", "security"), Verdict.APPROVE, "")
    assert (records.kept[-1].status, records.kept[-1].account) == (Status.REFUSED, "ana")
    assert review_of(registry, review.id) == review


@pytest.mark.parametrize("roles", [(), ("admin",), ("operator", "developer"), ("compliance",)])
def test_roles_that_are_not_asked_for_cannot_decide(registry: Registry, roles: tuple[str, ...]) -> None:
    review = waiting(registry)
    with pytest.raises(NotAllowedError, match="holds none"):
        decide(registry, [review.id], person("eve", *roles), Verdict.APPROVE, "")


def test_approval_dies_with_the_next_revision(registry: Registry) -> None:
    review = waiting(registry)
    decide(registry, [review.id], RITA, Verdict.APPROVE, "fine")
    apply(registry, small_bundle(integration(sla=VITAL, fields=["sku"])), "ana")
    with pytest.raises(StaleError, match="superseded"):
        decide(registry, [review.id], SAM, Verdict.APPROVE, "")
    fresh = pending_for(registry, "Integration", INTEGRATION)
    assert (fresh.decisions, fresh.state) == ((), "open")
    decide(registry, [fresh.id], SAM, Verdict.APPROVE, "")
    assert registry.snapshot().state(INTEGRATION) == "design"


def test_decision_from_an_old_view_is_refused(registry: Registry) -> None:
    review = waiting(registry)
    decide(registry, [review.id], RITA, Verdict.REQUEST_CHANGES, "say why it is vital")
    assert review_of(registry, review.id).state == "changes-requested"
    with pytest.raises(StaleError, match="since you looked"):
        decide(registry, [review.id], SAM, Verdict.APPROVE, "", seen={review.id: review.version})


def test_rejection_needs_a_reason_and_ends_the_review(registry: Registry) -> None:
    review = waiting(registry)
    with pytest.raises(PolicyError, match="reason"):
        decide(registry, [review.id], RITA, Verdict.REJECT, " ")
    decide(registry, [review.id], RITA, Verdict.REJECT, "not vital")
    assert (review_of(registry, review.id).state, pending(registry)) == ("rejected", ())
    with pytest.raises(StaleError, match="rejected"):
        decide(registry, [review.id], SAM, Verdict.APPROVE, "")
    assert registry.snapshot().state(INTEGRATION) == "design"


def test_integration_is_not_approved_before_what_it_stands_on_but_together_with_it(registry: Registry) -> None:
    strict = replace(registry, auto_approve_low_risk=False)
    apply(strict, small_bundle(), "ana")
    alone = pending_for(strict, "Integration", INTEGRATION)
    with pytest.raises(PolicyError, match="approve both in one command"):
        decide(strict, [alone.id], RITA, Verdict.APPROVE, "")
    assert review_detail(strict, alone.id).refusals
    done = decide(strict, [review.id for review in pending(strict)], RITA, Verdict.APPROVE, "all of it")
    assert {review.state for review in done.reviews} == {"approved"}
    assert strict.snapshot().state(INTEGRATION) == "live"


def test_decision_about_nothing_or_the_unknown_is_refused(registry: Registry) -> None:
    with pytest.raises(UnknownError):
        decide(registry, [], RITA, Verdict.APPROVE, "")
    with pytest.raises(UnknownError, match="no review"):
        decide(registry, ["nope"], RITA, Verdict.APPROVE, "")


def test_change_that_breaks_something_live_is_not_approved(registry: Registry) -> None:
    """A system whose new zone puts a finding on a live integration waits, and cannot be approved."""
    apply(registry, small_bundle(), "ana")
    done = apply(registry, small_bundle(system("stock", zones=["internet"])), "ana")
    assert [document.review_state for document in done.documents] == ["open"]
    review = pending_for(registry, "System", "stock")
    detail = review_detail(registry, review.id)
    assert detail.change is not None
    if detail.refusals:
        with pytest.raises(PolicyError):
            decide(registry, [review.id], person("bo", "reviewer", "security"), Verdict.APPROVE, "")


def test_detail_shows_what_changes(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    apply(registry, small_bundle(integration(sla=VITAL)), "ana")
    detail = review_detail(registry, pending(registry)[0].id)
    assert detail.change is not None
    assert [field.path for field in detail.change.fields] == ["/spec/sla/criticality", "/spec/sla/schedule"]
    assert (detail.refusals, detail.document["metadata"]["name"]) == ((), INTEGRATION)


def test_lifecycle_follows_the_table_with_reasons(registry: Registry, clock: Any) -> None:
    noticed = replace(registry, notice=clock.now - clock.now.replace(day=1, hour=0))
    apply(noticed, small_bundle(), "ana")
    olga = person("olga", "operator")
    with pytest.raises(PolicyError, match="not possible"):
        move(noticed, INTEGRATION, LifecycleEvent.RETIRE, olga, "over")
    with pytest.raises(PolicyError, match="no reason"):
        move(noticed, INTEGRATION, LifecycleEvent.DEPRECATE, olga, "")
    with pytest.raises(PolicyError, match="review"):
        move(noticed, INTEGRATION, LifecycleEvent.APPROVE, olga, "")
    with pytest.raises(StaleError):
        move(noticed, INTEGRATION, LifecycleEvent.DEPRECATE, olga, "over", seen=0)
    with pytest.raises(UnknownError):
        move(noticed, "nothing", LifecycleEvent.DEPRECATE, olga, "over")
    move(noticed, INTEGRATION, LifecycleEvent.DEPRECATE, olga, "over")
    with pytest.raises(PolicyError, match="notice"):
        move(noticed, INTEGRATION, LifecycleEvent.RETIRE, olga, "over")
    clock.pass_(days=30)
    assert move(noticed, INTEGRATION, LifecycleEvent.RETIRE, olga, "over").state == "retired"


def test_request_for_changes_stands_until_that_person_approves(registry: Registry) -> None:
    review = waiting(registry)
    decide(registry, [review.id], RITA, Verdict.REQUEST_CHANGES, "say why")
    with pytest.raises(PolicyError, match="rita asked for changes"):
        decide(registry, [review.id], person("bo", "reviewer", "security"), Verdict.APPROVE, "")
    decide(registry, [review.id], RITA, Verdict.APPROVE, "now clear")
    assert decide(registry, [review.id], SAM, Verdict.APPROVE, "").reviews[0].state == "approved"


def test_attack_change_of_the_ground_under_a_half_given_approval(registry: Registry) -> None:
    """The API grows more sensitive after the first approval: that approval is gone."""
    review = waiting(registry)
    decide(registry, [review.id], RITA, Verdict.APPROVE, "fine")
    confidential = interface(fields={"count": {"classification": "confidential"}})
    apply(registry, small_bundle(integration(sla=VITAL), confidential), "ana")
    with pytest.raises(StaleError, match="superseded"):
        decide(registry, [review.id], SAM, Verdict.APPROVE, "")
    fresh = pending_for(registry, "Integration", INTEGRATION)
    assert (fresh.revision, fresh.author, fresh.decisions) == (review.revision, "ana", ())
    assert "it carries confidential data" in fresh.reasons


def test_attack_change_of_the_ground_under_an_approved_integration_that_is_held(registry: Registry) -> None:
    held = integration(labels={"hold": "true"})
    apply(registry, small_bundle(held), "ana")
    assert registry.snapshot().state(INTEGRATION) == "build"
    confidential = interface(fields={"count": {"classification": "confidential"}})
    done = apply(registry, small_bundle(held, confidential), "ana")
    assert [(document.name, document.review_state) for document in done.documents] == [("stock-api@1", "open")]
