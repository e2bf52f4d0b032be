"""Four eyes are two people: nobody approves through people whom they made, and one person fills one role."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.governance.apply import apply
from easement.governance.comments import comment, comments_in, resolve
from easement.governance.dossier import dossier
from easement.governance.errors import NotAllowedError, PolicyError, StaleError, UnknownError
from easement.governance.registry import Actor, Registry
from easement.governance.review_times import percentile, review_metrics, review_times
from easement.governance.reviews import Verdict, decide, pending, pending_for, review_of
from easement.governance.separation import four_eyes_refusal, unfilled
from easement.identity.people import People
from easement.identity.sign_in import SignIn
from easement.identity.vouching import Vouching
from easement.testing.small_estate import INTEGRATION, document, integration, interface, openapi, small_bundle, system

SENSITIVE = {"count": {"classification": "restricted"}}


def actor(name: str, *roles: str, issued_by: str = "") -> Actor:
    return Actor(name=name, roles=frozenset(roles), issued_by=issued_by)


RITA = actor("rita", "reviewer")
SAM = actor("sam", "security")


@pytest.fixture
def people(registry: Registry, clock: Any) -> Any:
    """The register of people; ``root`` was made by the installation."""
    people = People(registry.engine, registry.record)
    people.add("root", ["admin"], actor="easement", now=clock.now)

    def add(name: str, *roles: str, by: str = "root") -> Actor:
        people.add(name, roles, actor=by, now=clock.now)
        return actor(name, *roles)

    add.register = people  # type: ignore[attr-defined]
    return add


def waits(registry: Registry, author: str) -> str:
    strict = replace(registry, auto_approve_low_risk=False)
    apply(registry, small_bundle(without=["integration/shop-reads-stock.yaml"]), "somebody")
    apply(strict, small_bundle(), author)
    return pending_for(registry, "Integration", INTEGRATION).id


def test_attack_an_administrator_makes_a_second_person_and_approves_through_them(
    registry: Registry, people: Any, records: Any
) -> None:
    people("ada", "admin", "developer")
    puppet = people("puppet", "reviewer", by="ada")
    review = waits(registry, "ada")
    with pytest.raises(NotAllowedError, match="ada applied it and stands behind puppet"):
        decide(registry, [review], puppet, Verdict.APPROVE, "")
    assert records.kept[-1].error_code == "refused"
    assert review_of(registry, review).state == "open"


def test_attack_through_a_chain_of_made_administrators(registry: Registry, people: Any) -> None:
    people("ada", "admin", "developer")
    people("second", "admin", by="ada")
    puppet = people("puppet", "reviewer", by="second")
    with pytest.raises(NotAllowedError, match="stands behind puppet"):
        decide(registry, [waits(registry, "ada")], puppet, Verdict.APPROVE, "")


def test_attack_a_role_lent_to_somebody_who_was_there_before(registry: Registry, people: Any, clock: Any) -> None:
    people("ada", "admin", "developer")
    people("vic", "viewer")
    people.register.set_roles("vic", ["viewer", "reviewer"], actor="ada", now=clock.now)
    review = waits(registry, "ada")
    with pytest.raises(NotAllowedError, match="stands behind vic"):
        decide(registry, [review], actor("vic", "viewer", "reviewer"), Verdict.APPROVE, "")
    people.register.set_roles("vic", ["viewer"], actor="root", now=clock.now)
    people.register.set_roles("vic", ["viewer", "reviewer"], actor="root", now=clock.now)
    done = decide(registry, [review], actor("vic", "viewer", "reviewer"), Verdict.APPROVE, "given anew by root")
    assert done.reviews[0].state == "approved"


def test_attack_a_token_or_link_issued_in_the_name_of_a_reviewer(registry: Registry, people: Any, clock: Any) -> None:
    people("ada", "admin", "developer")
    people("rita", "reviewer")
    review = waits(registry, "ada")
    sign_in = SignIn(registry.engine, people.register, registry.record, clock)
    token = sign_in.issue_api_token("rita", label="borrowed", actor="ada")
    bearer = sign_in.authenticate_bearer(token.reveal())
    session = sign_in.use_link(sign_in.issue_link("rita", actor="ada").reveal())
    assert bearer is not None
    assert session is not None
    again = sign_in.authenticate_session(session.cookie.reveal())
    assert again is not None
    for borrowed in (bearer, session.person, again):
        assert (borrowed.name, borrowed.issued_by) == ("rita", "ada")
        with pytest.raises(NotAllowedError, match="issued their sign-in"):
            decide(registry, [review], actor("rita", "reviewer", issued_by=borrowed.issued_by), Verdict.APPROVE, "")
    own = sign_in.authenticate_bearer(sign_in.issue_api_token("rita", label="own", actor="root").reveal())
    assert own is not None
    assert decide(registry, [review], actor("rita", *own.roles, issued_by=own.issued_by), Verdict.APPROVE, "").reviews


def test_attack_a_reviewer_lets_a_person_of_their_own_apply(registry: Registry, people: Any) -> None:
    people("ada", "admin", "reviewer")
    people("puppet", "developer", by="ada")
    review = waits(registry, "puppet")
    with pytest.raises(NotAllowedError, match="ada stands behind its author puppet"):
        decide(registry, [review], actor("ada", "admin", "reviewer"), Verdict.APPROVE, "")
    asked = decide(registry, [review], actor("ada", "admin", "reviewer"), Verdict.REQUEST_CHANGES, "say more")
    assert asked.reviews[0].state == "changes-requested"


def test_people_made_by_one_administrator_review_each_other(registry: Registry, people: Any) -> None:
    people("dana", "developer")
    rita = people("rita", "reviewer")
    assert decide(registry, [waits(registry, "dana")], rita, Verdict.APPROVE, "").reviews[0].state == "approved"


def test_the_installation_itself_stands_behind_nobody() -> None:
    vouching = Vouching(grantors={"root": frozenset({"easement"}), "rita": frozenset({"root", "rita"})})
    assert vouching.behind("rita", "easement") == {"root"}
    assert vouching.behind("stranger") == frozenset()
    assert four_eyes_refusal("dana", "rita", "root", vouching) == ""


@given(
    st.sets(st.sampled_from("abcd"), min_size=1),
    st.dictionaries(st.sampled_from(["p", "q", "r", "s", "t"]), st.sets(st.sampled_from("abcde"))),
)
def test_as_many_roles_are_filled_as_can_be(needed: set[str], approvals: dict[str, set[str]]) -> None:
    """Against every way of dealing people out (Hall's theorem says when all can be filled)."""
    from itertools import combinations

    roles = sorted(needed)
    missing = unfilled(roles, approvals, one_person_several_roles=False)
    can_all = all(
        len({person for person, held in approvals.items() if held & set(some)}) >= len(some)
        for size in range(1, len(roles) + 1)
        for some in combinations(roles, size)
    )
    assert (missing == ()) == can_all
    assert set(unfilled(roles, approvals, one_person_several_roles=True)) <= set(missing)


def test_the_team_of_the_target_decides_who_reaches_it(registry: Registry) -> None:
    owners = document("Team", "depot", {"email": "d@example.org", "oncall": "d", "members": ["olaf"]})
    apply(registry, small_bundle(owners, system("stock"), without=["integration/shop-reads-stock.yaml"]), "ana")
    owned = system("stock")
    owned["metadata"]["owner"] = "depot"
    apply(registry, small_bundle(owners, owned), "ana")
    review = pending_for(registry, "Integration", INTEGRATION)
    assert review.roles == ("owner:depot", "reviewer")
    decide(registry, [review.id], RITA, Verdict.APPROVE, "")
    with pytest.raises(NotAllowedError, match="the members of team depot"):
        decide(registry, [review.id], actor("eve", "developer"), Verdict.APPROVE, "")
    done = decide(registry, [review.id], actor("olaf", "developer"), Verdict.APPROVE, "ours")
    assert done.reviews[0].state == "approved"


def test_attack_an_author_adds_a_friend_to_the_team_of_the_target(registry: Registry) -> None:
    owners = document("Team", "platform", {"email": "p@example.org", "oncall": "p", "members": ["olaf"]})
    apply(registry, small_bundle(owners), "ana")
    more = document("Team", "platform", {"email": "p@example.org", "oncall": "p", "members": ["olaf", "friend"]})
    done = apply(registry, small_bundle(more), "ana")
    assert [each.review_state for each in done.documents] == ["open"]
    assert pending_for(registry, "Team", "platform").roles == ("reviewer",)


def test_attack_approval_while_a_new_classification_of_the_interface_waits(registry: Registry) -> None:
    """Closed: the contract and the ground under it are decided together, or the ground first."""
    held = integration(labels={"hold": "true"})
    apply(registry, small_bundle(held), "ana")
    apply(registry, small_bundle(held, interface(fields=SENSITIVE)), "ana")
    ground = pending(registry)
    assert [(one.kind, one.name) for one in ground] == [("Interface", "stock-api@1")]
    strict = replace(registry, auto_approve_low_risk=False)
    apply(
        strict, small_bundle(integration(labels={"hold": "true"}, fields=["sku"]), interface(fields=SENSITIVE)), "ana"
    )
    contract = pending_for(registry, "Integration", INTEGRATION)
    with pytest.raises(PolicyError, match="stands on interface/stock-api@1, of which a revision waits"):
        decide(registry, [contract.id], RITA, Verdict.APPROVE, "")
    both = [contract.id, pending_for(registry, "Interface", "stock-api@1").id]
    decide(registry, both, RITA, Verdict.APPROVE, "together")


def test_revisions_that_need_each_other_wait_for_the_last_approval(registry: Registry, records: Any) -> None:
    """The contract has every approval, the interface under it not yet: its last approval enforces both."""
    sla = {**integration()["spec"]["sla"], "criticality": "vital", "schedule": {"every": "5m"}}
    vital = integration("vital-reads", source="kiosk", fields=["sku"], sla=sla)
    apply(registry, small_bundle(vital, system("kiosk")), "ana")
    opened = [pending_for(registry, "Integration", "vital-reads").id]
    for one in (RITA, SAM):
        decide(registry, opened, one, Verdict.APPROVE, "")
    strict = replace(registry, auto_approve_low_risk=False)
    wider = openapi(operations=("getStock", "getPlace"))
    apply(
        strict,
        small_bundle(vital, system("kiosk"), integration(operations=["getStock", "getPlace"]), description=wider),
        "ana",
    )
    contract = pending_for(strict, "Integration", INTEGRATION)
    ground = pending_for(strict, "Interface", "stock-api@1")
    assert (contract.roles, ground.roles) == (("reviewer",), ("reviewer", "security"))
    first = decide(strict, [contract.id, ground.id], RITA, Verdict.APPROVE, "both")
    assert [review.state for review in first.reviews] == ["open", "open"]
    assert strict.snapshot().documents["Integration", INTEGRATION].enforced != contract.revision
    decide(strict, [ground.id], SAM, Verdict.APPROVE, "the last one")
    assert (review_of(strict, contract.id).state, pending(strict)) == ("approved", ())
    assert strict.snapshot().documents["Integration", INTEGRATION].enforced == contract.revision
    assert "review.completed" in records.actions()


def test_open_comments_stand_against_approval_until_they_are_resolved(registry: Registry, records: Any) -> None:
    review = waits(registry, "ana")
    said = comment(registry, review, RITA, "/spec/fields/0", "  why the sku?  ")
    assert (said.body, said.is_open, said.person) == ("why the sku?", True, "rita")
    assert records.actions()[-1] == "review.commented"
    assert "why the sku?" not in repr(records.kept[-1])
    with pytest.raises(PolicyError, match="rita at /spec/fields/0"):
        decide(registry, [review], actor("bo", "reviewer"), Verdict.APPROVE, "")
    with pytest.raises(NotAllowedError, match="who wrote it"):
        resolve(registry, said.id, actor("ana", "reviewer"))
    assert resolve(registry, said.id, RITA).resolved_by == "rita"
    with pytest.raises(StaleError, match="already"):
        resolve(registry, said.id, RITA)
    assert decide(registry, [review], actor("bo", "reviewer"), Verdict.APPROVE, "").reviews[0].state == "approved"


@pytest.mark.parametrize("path", ["spec", "/nowhere", "/spec/fields/9", "/spec/fields/-1", "/spec/fields/٣", "/"])
def test_a_comment_needs_a_place_that_exists_and_words(registry: Registry, path: str) -> None:
    review = waits(registry, "ana")
    with pytest.raises(UnknownError, match="has no place"):
        comment(registry, review, RITA, path, "hm")
    with pytest.raises(PolicyError, match="words"):
        comment(registry, review, RITA, "", " \n")


def test_open_comments_outlive_their_revision_without_blocking_the_next(registry: Registry) -> None:
    review = waits(registry, "ana")
    comment(registry, review, RITA, "", "explain")
    strict = replace(registry, auto_approve_low_risk=False)
    apply(strict, small_bundle(integration(fields=["sku"])), "ana")
    fresh = pending_for(registry, "Integration", INTEGRATION)
    assert [one.body for one in comments_in(registry, fresh)] == ["explain"]
    with pytest.raises(StaleError):
        comment(registry, review, RITA, "", "too late")
    assert decide(registry, [fresh.id], RITA, Verdict.APPROVE, "").reviews[0].state == "approved"


def test_waivers_go_to_the_centre_of_excellence_and_to_whose_rule_it_is(registry: Registry) -> None:
    waiver = document(
        "Waiver", "w", {"rule": "sec-token-bound", "at": "integration/x#/spec", "reason": "r", "expires": "2026-12-01"},
    )  # fmt: skip
    waiver["metadata"]["owner"] = "platform"
    apply(registry, small_bundle(waiver), "ana")
    assert "coe" in pending_for(registry, "Waiver", "w").roles
    with pytest.raises(NotAllowedError, match="coe"):
        decide(registry, [pending_for(registry, "Waiver", "w").id], RITA, Verdict.APPROVE, "")


def test_the_dossier_has_everything_a_reviewer_asks_for(registry: Registry) -> None:
    review = waits(registry, "ana")
    comment(registry, review, RITA, "/spec/sla", "is 10/s enough?")
    found = dossier(registry, review)
    assert [str(each.question) for each in found.design.answers] == [
        "standards", "pattern", "security", "errors", "nonfunctional",
    ]  # fmt: skip
    assert [(cost.name, cost.cost) for cost in found.costs] == [("getStock", "body")]
    assert found.obstacles == ()
    assert found.flow is not None
    assert [leg.direction for leg in found.flow.legs] == ["response"]
    assert [one.path for one in found.comments] == ["/spec/sla"]
    assert found.needs == ("reviewer",)
    assert "system/shop" in [one.reference for one in found.reached]


def test_time_to_decision_is_measured(registry: Registry, clock: Any) -> None:
    begun = clock.now
    review = waits(registry, "ana")
    clock.pass_(hours=5)
    decide(registry, [review], RITA, Verdict.APPROVE, "")
    times = review_times(registry, begun, clock.now)
    assert (times.decided, times.p50_s, times.p90_s, times.waiting) == (1, 18_000, 18_000, 0)
    assert times.automatic == 4
    text = review_metrics(times).decode()
    assert 'easement_review_decision_seconds{quantile="0.9"} 18000.0' in text
    assert "easement_reviews_waiting 0.0" in text


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ((), 0.5, None),
        ((3.0,), 0.9, 3.0),
        ((1.0, 2.0, 3.0, 4.0), 0.5, 2.0),
        (tuple(map(float, range(1, 11))), 0.9, 9.0),
    ],
)
def test_percentiles_are_values_that_occurred(values: tuple[float, ...], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected
