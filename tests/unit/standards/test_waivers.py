"""Waivers: exact, dated, and never of what has no exceptions."""

from __future__ import annotations

from typing import Any

from easement.contract.kinds import Stage

READS = "integration/reads"
AT = f"{READS}#/spec/sla"


def without_limit(world: Any) -> None:
    world.set(READS, "/spec/sla/throughput", {"expected": "5/s"})


def waive(world: Any, *, rule: str = "no-throughput-limit", at: str = AT, expires: str = "2026-12-31") -> None:
    world.add("Waiver", "accepted", rule=rule, at=at, reason="Until the release.", expires=expires)


def seen(world: Any) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.at, finding.waived_by) for finding in world.findings()]


def test_a_waiver_covers_its_finding_and_it_stays_visible(world: Any) -> None:
    without_limit(world)
    waive(world)
    (finding,) = world.findings()
    assert finding.waived_by == "accepted"
    assert not finding.stops(Stage.LIVE)


def test_a_waiver_holds_on_its_last_day_and_not_after(world: Any) -> None:
    without_limit(world)
    waive(world, expires="2026-11-23")
    assert seen(world) == [("no-throughput-limit", AT, "accepted")]
    waive(world, expires="2026-11-22")
    assert seen(world) == [
        ("no-throughput-limit", AT, ""),
        ("waiver-expired", "waiver/accepted#/spec/expires", ""),
    ]
    assert all(finding.stops(Stage.REVIEW) for finding in world.findings())


def test_a_waiver_of_another_place_or_rule_covers_nothing(world: Any) -> None:
    without_limit(world)
    for rule, at in (("no-throughput-limit", READS), ("no-throughput-limit", f"{READS}#/spec"), ("no-owner", AT)):
        waive(world, rule=rule, at=at)
        assert seen(world) == [
            ("no-throughput-limit", AT, ""),
            ("waiver-covers-nothing", "waiver/accepted#/spec/at", ""),
        ]


def test_a_waiver_that_misses_names_the_place_that_was_meant(world: Any) -> None:
    without_limit(world)
    waive(world, at=f"{READS}#/spec/sal")
    assert f"did you mean '{AT}'?" in world.findings("waiver-covers-nothing")[0].message


def test_what_has_no_exceptions_is_not_waived(world: Any) -> None:
    world.set(READS, "/spec/fields/cvv", "clear")
    waive(world, rule="card-authentication-data", at=f"{READS}#/spec/fields")
    assert ("card-authentication-data", f"{READS}#/spec/fields", "") in seen(world)
    assert ("waiver-refused", "waiver/accepted#/spec/rule", "") in seen(world)


def test_a_waiver_does_not_waive_the_end_of_a_waiver(world: Any) -> None:
    without_limit(world)
    waive(world, expires="2026-11-22")
    world.add(
        "Waiver", "second", rule="waiver-expired", at="waiver/accepted#/spec/expires", reason="x", expires="2027-01-01"
    )
    assert ("waiver-expired", "waiver/accepted#/spec/expires", "") in seen(world)
    assert ("waiver-refused", "waiver/second#/spec/rule", "") in seen(world)


def test_findings_stop_at_their_stage_and_after(world: Any) -> None:
    without_limit(world)
    (finding,) = world.findings()
    assert [finding.stops(stage) for stage in (Stage.CHECK, Stage.REVIEW, Stage.LIVE)] == [False, True, True]
