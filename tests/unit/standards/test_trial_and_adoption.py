"""Trying a standard changes nothing and counts what is new; adoption counts who keeps what."""

from __future__ import annotations

from datetime import date
from typing import Any

from easement.contract.documents import from_json
from easement.contract.kinds import Stage, Standard
from easement.estate.model import LifecycleState, Registration
from easement.standards.adoption import adoption
from easement.standards.check import check
from easement.standards.trial import NOBODY, trial_values, try_standards
from easement.standards.waiver_report import Approval, WaiverState, waiver_report, waiver_values

TODAY = date(2026, 11, 23)
READS, TOLD = "integration/reads", "integration/told"
RULE = {"id": "ours", "title": "Ours", "check": "integration.pattern == 'event'"}


def _standard(name: str = "house", **spec: Any) -> Standard:
    metadata = {"name": name, "owner": "shopkeepers"}
    document = from_json({"apiVersion": "easement/v1", "kind": "Standard", "metadata": metadata, "spec": spec})
    assert isinstance(document, Standard)
    return document


def test_a_trial_counts_by_rule_and_owner_and_changes_nothing(world: Any) -> None:
    estate = world.estate()
    before = check(estate, TODAY)
    trial = try_standards(estate, [_standard(rules=[RULE, {**RULE, "id": "quiet", "check": "true"}])], TODAY)
    assert [(one.rule, one.findings, one.documents) for one in trial.rules] == [("ours", 1, 1)]
    assert [(one.owner, one.findings, one.errors) for one in trial.owners] == [("shopkeepers", 1, 1)]
    assert trial.stops[Stage.REVIEW] == 1
    assert trial.silent == ("quiet",)
    assert trial.documents == 6
    assert check(estate, TODAY) == before == ()


def test_a_trial_says_what_it_would_stop_that_flows(world: Any) -> None:
    world.registrations["reads"] = Registration(id="INT-0001", revision="0" * 64, state=LifecycleState.LIVE)
    assert try_standards(world.estate(), [_standard(rules=[RULE])], TODAY).flowing == ("reads",)


def test_a_trial_blocks_as_the_standard_will_from_its_day_on(world: Any) -> None:
    trial = try_standards(world.estate(), [_standard(rules=[RULE], blocksFrom="2030-01-01")], TODAY)
    assert trial.stops[Stage.REVIEW] == 1


def test_only_what_is_new_or_stricter_counts(world: Any) -> None:
    world.set(READS, "/spec/security", {})
    world.set(TOLD, "/metadata/owner", None)
    estate = world.estate()
    assert try_standards(estate, [_standard()], TODAY).findings == ()
    stricter = try_standards(estate, [_standard(overrides={"no-scopes": {"blocks": "review"}})], TODAY)
    assert [one.at for one in stricter.findings] == [f"{READS}#/spec/security"]
    unowned = try_standards(estate, [_standard(rules=[{**RULE, "check": "integration.name != 'told'"}])], TODAY)
    assert [one.owner for one in unowned.owners] == [NOBODY]


def test_what_a_waiver_covers_is_not_new(world: Any) -> None:
    at = f"{READS}#/spec/pattern"
    world.add("Waiver", "accepted", rule="ours", at=at, reason="Until the release.", expires="2026-12-01")
    assert try_standards(world.estate(), [_standard(rules=[RULE])], TODAY).findings == ()


def test_a_broken_standard_is_part_of_the_result(world: Any) -> None:
    tree = trial_values(try_standards(world.estate(), [_standard(rules=[{**RULE, "check": "nonsense"}])], TODAY))
    assert [one["rule"] for one in tree["findings"]] == ["standard-rule-invalid"]
    assert tree["stops"]["check"] == 1


def test_adoption_counts_who_keeps_each_standard(world: Any) -> None:
    world.add("Standard", "house", version="2.1.0", rules=[RULE])
    world.set(TOLD, "/spec/errors/deadLetter/owner", None)
    estate = world.estate()
    baseline, house = adoption(estate, check(estate, TODAY), TODAY)
    assert (baseline.standard, baseline.judged, baseline.keeping) == ("baseline", 6, 5)
    assert (house.standard, house.version, house.judged, house.keeping) == ("house", "2.1.0", 2, 1)
    assert house.share == 0.5
    kept = {rule.rule: (rule.judged, rule.keeping) for rule in baseline.rules}
    assert kept["dead-letters-without-owner"] == (1, 0)
    assert kept["file-transfer-insecure"] == (0, 0)


def test_waivers_are_listed_by_urgency_with_who_approved_them(world: Any) -> None:
    for reference in (READS, TOLD):
        world.set(reference, "/spec/sla/throughput/limit", None)
        world.set(reference, "/metadata/title", None)

    def waive(name: str, rule: str, at: str, expires: str) -> None:
        world.add("Waiver", name, rule=rule, at=at, reason="Until the release.", expires=expires)

    waive("active", "no-throughput-limit", f"{READS}#/spec/sla", "2027-06-30")
    waive("soon", "no-throughput-limit", f"{TOLD}#/spec/sla", "2026-12-23")
    waive("ended", "no-title", f"{READS}#/metadata", "2026-11-22")
    waive("unused", "no-title", "system/shop#/metadata", "2027-06-30")
    waive("refused", "unresolved-reference", f"{READS}#/spec", "2027-06-30")
    estate = world.estate()
    findings = check(estate, TODAY)
    approvals = {"active": Approval(requester="ana", approvers=("rita",))}
    report = waiver_report(estate.waivers, findings, TODAY, approvals)
    assert [(entry.name, entry.state, entry.days) for entry in report] == [
        ("ended", WaiverState.EXPIRED, -1),
        ("refused", WaiverState.REFUSED, 219),
        ("soon", WaiverState.EXPIRING, 30),
        ("unused", WaiverState.UNUSED, 219),
        ("active", WaiverState.ACTIVE, 219),
    ]
    active = waiver_values(report[-1])
    assert (active["requester"], active["approvers"], active["message"]) == (
        "ana",
        ["rita"],
        "nothing limits how fast it may go",
    )
    lapsed = next(one for one in findings if one.rule == "no-title" and one.subject == READS)
    assert "waiver ended ended on 2026-11-22" in lapsed.message
    assert lapsed.waived_by == ""
