"""Scores with their facts and days, adoption, sprawl, and the report of a month."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.estate.sprawl import sprawl
from easement.governance.apply import apply
from easement.governance.errors import PolicyError, UnknownError
from easement.governance.estate_report import estate_report, report_html, report_markdown
from easement.governance.reading import registered_estate
from easement.governance.registry import Registry
from easement.governance.scorecards import Scorecards, standing_of
from easement.standards.scorecard import WEIGHTS, Scorecard, weights_of
from easement.store.database import reading, writing
from easement.store.scorecard_days import DayScore, forget_days_before, history_of, keep_day, last_day
from easement.testing.small_estate import INTEGRATION, document, integration, interface, small_bundle, system

HOSTILE = "<script>alert(1)</script> | [x](javascript:alert(1)) `code`"


@dataclass
class Health:
    """What the monitor would say."""

    name: str
    state: str
    p50_s: float | None = 0.1
    p95_s: float | None = 0.2
    error_rate: float = 0.0
    per_minute: float = 1.0


@dataclass
class Monitor:
    rows: list[Health] = field(default_factory=list)

    def integration_health(self, _now: Any) -> list[Health]:
        return self.rows


def scores(registry: Registry, *rows: Health) -> Scorecards:
    return Scorecards(registry=registry, health=Monitor(list(rows)))


def card(registry: Registry, *rows: Health) -> Scorecard:
    return scores(registry, *rows).card("integration", INTEGRATION)


def test_a_score_is_the_weighted_mean_of_its_criteria_and_each_has_facts(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    found = card(registry, Health(INTEGRATION, "healthy"))
    assert {one.name for one in found.criteria} == set(WEIGHTS)
    assert all(one.facts for one in found.criteria)
    total = sum(one.weight for one in found.criteria)
    assert found.score == pytest.approx(100 * sum(one.share * one.weight for one in found.criteria) / total)
    assert all(fact.text and fact.at for one in found.criteria for fact in one.facts)


def test_health_counts_where_there_is_traffic_only(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    assert "health" not in {one.name for one in card(registry).criteria}
    down, well = card(registry, Health(INTEGRATION, "down")), card(registry, Health(INTEGRATION, "healthy"))
    assert down.score < well.score


def test_the_score_falls_with_what_is_missing(registry: Registry) -> None:
    apply(registry, small_bundle(), "ana")
    before = card(registry).score
    poorer = integration(sla={"throughput": {"limit": "10/s"}})
    poorer["metadata"]["description"] = ""
    apply(registry, small_bundle(poorer), "ana")
    after = card(registry)
    assert after.score < before
    assert "no availability is documented" in {fact.text for one in after.criteria for fact in one.facts}


def test_sums_weigh_by_criticality_and_name_what_is_behind_them(registry: Registry) -> None:
    sla = {**integration()["spec"]["sla"], "criticality": "low"}
    low = integration("low", source="kiosk", sla={**sla, "availability": None, "latency": {}})
    apply(registry, small_bundle(low, system("kiosk")), "ana")
    found = scores(registry)
    whole, other = found.card("estate", "estate"), found.card("integration", "low")
    one = found.card("integration", INTEGRATION)
    assert whole.score == pytest.approx((2 * one.score + 1 * other.score) / 3)
    assert dict(whole.members) == {INTEGRATION: one.score, "low": other.score}
    assert found.card("system", "stock").score == whole.score
    assert found.card("team", "platform").score == whole.score
    with pytest.raises(UnknownError, match="nothing uses has none"):
        found.card("system", "nothing")


def test_weights_are_data_and_bad_ones_change_nothing(registry: Registry) -> None:
    settings = {"scorecard": {"standards": 0, "security": 100, "errors": -1, "pattern": True, "lunch": 5}}
    apply(registry, small_bundle(document("Standard", "house", {"settings": settings})), "ana")
    standards = registered_estate(registry).standards.values()
    weights = weights_of(standards)
    assert (weights["standards"], weights["security"]) == (0, 100)
    assert (weights["errors"], weights["pattern"]) == (WEIGHTS["errors"], WEIGHTS["pattern"])
    assert set(weights) == set(WEIGHTS)
    assert "standards" not in {one.name for one in card(registry).criteria}


@given(st.dictionaries(st.sampled_from([*WEIGHTS, "x"]), st.one_of(st.integers(), st.none(), st.text())))
def test_weights_are_never_all_nothing(asked: dict[str, Any]) -> None:
    from easement.contract.kinds import Metadata, Standard, StandardSpec

    one = Standard(metadata=Metadata(name="s"), spec=StandardSpec(settings={"scorecard": asked}))
    assert any(weights_of([one]).values())


def test_days_are_kept_once_and_forgotten_in_time(registry: Registry, clock: Any) -> None:
    apply(registry, small_bundle(), "ana")
    found = scores(registry)
    assert found.keep_today() == 5
    assert found.keep_today() == 0
    clock.pass_(days=1)
    assert found.keep_today() == 5
    history = found.history("estate", "estate")
    assert [one.day for one in history] == [date(2026, 3, 1), date(2026, 3, 2)]
    assert history[0].parts.keys() <= WEIGHTS.keys()
    clock.pass_(days=500)
    found.keep_today()
    with reading(registry.engine) as connection:
        assert len(history_of(connection, "estate", "estate", date(2020, 1, 1))) == 1


def test_a_day_that_is_written_again_replaces_the_first(registry: Registry) -> None:
    day = date(2026, 3, 1)
    with writing(registry.engine) as connection:
        assert last_day(connection) is None
        keep_day(connection, day, [DayScore(day=day, kind="team", name="a", score=70.04)])
        keep_day(connection, day, [DayScore(day=day, kind="team", name="a", score=81.06)])
        assert [one.score for one in history_of(connection, "team", "a", day)] == [81.1]
        assert forget_days_before(connection, day + timedelta(days=1)) == 1


def test_adoption_counts_documents_without_an_open_finding(registry: Registry) -> None:
    rule = {"id": "named", "title": "It is named", "check": "integration.metadata.title == 'no'", "blocks": "never"}
    apply(registry, small_bundle(document("Standard", "house", {"rules": [rule]})), "ana")
    found = {one.standard: one for one in scores(registry).standing().adoption}
    assert (found["house"].rules, found["house"].findings, found["house"].documents) == (1, 1, 4)
    assert found["house"].share == 0.75
    assert found["baseline"].rules > 60


def test_sprawl_counts_pairs_hubs_technologies_and_what_goes_twice(registry: Registry) -> None:
    partners = [system(f"s{number}", technology="cobol") for number in range(5)]
    links = [integration(f"s{number}-reads", source=f"s{number}") for number in range(5)]
    twice = integration("again", operations=["getOther"])
    from easement.testing.small_estate import openapi

    bundle = small_bundle(
        *partners,
        *links,
        twice,
        interface(entities=["Stock"]),
        description=openapi(operations=["getStock", "getOther"]),
    )
    apply(registry, bundle, "ana")
    found = sprawl(registered_estate(registry))
    assert [(hub.system, hub.partners) for hub in found.hubs] == [("stock", 6)]
    assert [(pair.one, pair.other, pair.integrations) for pair in found.pairs] == [
        ("shop", "stock", ("again", INTEGRATION))
    ]
    assert [(one.entity, one.integrations) for one in found.duplicates] == [("Stock", ("again", INTEGRATION))]
    assert dict(found.technologies)["cobol"] == 5
    assert found.connected_pairs == 6


def test_an_empty_estate_has_a_standing_and_a_report(registry: Registry) -> None:
    found = scores(registry)
    assert found.standing().cards == {}
    report = estate_report(found, "2026-03")
    assert (report.score, report.systems, report.queue) == (None, 0, ())
    assert "Nothing waits" in report_html(report)
    assert "estate score of 100 | -" in report_markdown(report)


def test_the_report_is_one_quiet_file_and_hostile_words_stay_words(registry: Registry, clock: Any) -> None:
    hostile = integration()
    hostile["metadata"]["title"] = HOSTILE
    hostile["spec"]["sla"] = {"throughput": {"limit": "10/s"}}
    risky = integration("risky", source="kiosk", sla={"criticality": "vital", "throughput": {"limit": "1/s"}})
    risky["metadata"]["title"] = HOSTILE
    apply(registry, small_bundle(hostile, system("kiosk")), "ana")
    strict = replace(registry, auto_approve_low_risk=False)
    apply(strict, small_bundle(hostile, system("kiosk"), risky), "ana")
    found = scores(registry)
    found.keep_today()
    clock.pass_(days=1)
    found.keep_today()
    report = estate_report(found, "2026-03")
    assert (len(report.score_days), report.change_of_score) == (2, 0)
    assert dict(report.changes)["Integration"] == 2
    html, markdown = report_html(report), report_markdown(report)
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html
    assert "&lt;script&gt;" in html
    for line in markdown.splitlines():
        assert "<script" not in line
        assert "](javascript" not in line
    assert "integration/risky" in markdown.replace("\\", "")


@pytest.mark.parametrize(
    "month", ["", "2026", "2026-13", "2026-3", "../etc", "1999-01", "2026-04", "2026-03\n", "٢٠٢٦-٠٣"]
)
def test_what_is_no_month_is_refused(registry: Registry, month: str) -> None:
    with pytest.raises(PolicyError, match=r"not a month|not begun"):
        estate_report(scores(registry), month)


def test_standing_is_worked_out_once_for_each_state(registry: Registry, clock: Any) -> None:
    apply(registry, small_bundle(), "ana")
    found = scores(registry)
    first = found.standing()
    assert found.standing() is first
    clock.pass_(days=1)
    assert found.standing() is not first
    estate = registered_estate(registry)
    assert standing_of(estate, registry.today).cards.keys() == first.cards.keys()
