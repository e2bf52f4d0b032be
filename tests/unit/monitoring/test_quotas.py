"""What of the daily quotas is used: counted by day, over restarts, and told to the gateways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from easement.ledger.record import Status, Step
from easement.monitoring.measurements import measure
from easement.monitoring.quotas import DAY_S, QuotaReader, quota_metrics, quota_uses, quotas_of, used_up
from easement.monitoring.roll_up_store import RollUpStore, reading_roll_ups
from easement.plan.codec import encode_plan, plan_hash
from easement.store.used_quotas import decode_used_quotas, encode_used_quotas
from easement.testing.plans import make_grant, make_plan, make_route
from easement.testing.records import MOMENT_MS, a_record

NAME = "shop-to-orders"
DAY = MOMENT_MS // 1000 // DAY_S


def plan_with(quota: int):
    return make_plan(make_route(grants=[replace(make_grant(), daily_quota=quota), make_grant("web")]))


def counted(folder: Path, *changes: dict[str, object]) -> dict[str, int]:
    store = RollUpStore(folder)
    try:
        records = [a_record(integration=NAME, **change) for change in changes]
        store.add(measure(records, {NAME: None}), cursor=len(records))
    finally:
        store.close()
    with reading_roll_ups(folder) as found:
        assert found is not None
        return found.calls_of_day(DAY)


def test_what_was_let_through_counts_whether_it_succeeded_or_not(tmp_path: Path) -> None:
    calls = counted(tmp_path, {}, {"status": Status.FAILED}, {"status": Status.REFUSED}, {"step": Step.PROCESSED})
    assert calls == {NAME: 2}


def test_a_day_ends_at_midnight_utc(tmp_path: Path) -> None:
    last, first = ((DAY + 1) * DAY_S - 1) * 1000, (DAY + 1) * DAY_S * 1000
    assert counted(tmp_path, {"time_ms": last}, {"time_ms": first}) == {NAME: 1}


def test_counts_add_up_over_restarts(tmp_path: Path) -> None:
    counted(tmp_path, {}, {})
    assert counted(tmp_path, {}) == {NAME: 3}


def test_days_that_are_over_are_forgotten(tmp_path: Path) -> None:
    counted(tmp_path, {})
    store = RollUpStore(tmp_path)
    store.mark_read(MOMENT_MS + 10 * DAY_S * 1000)
    assert store.calls_of_day(DAY) == {}
    store.close()


def test_quotas_are_those_of_the_plan() -> None:
    assert quotas_of(plan_with(5)) == {NAME: 5}
    assert quotas_of(make_plan(make_route(grants=[make_grant()]))) == {}


@pytest.mark.parametrize(("calls", "expected"), [(4, {}), (5, {NAME: 2 * DAY_S}), (6, {NAME: 2 * DAY_S})])
def test_a_quota_is_used_up_until_the_day_is_over(calls: int, expected: dict[str, int]) -> None:
    assert used_up(quota_uses({NAME: 5}, {NAME: calls}, DAY_S + 7)) == expected


def test_a_reader_follows_the_plan(tmp_path: Path) -> None:
    counted(tmp_path, {}, {}, {})
    reader = QuotaReader(tmp_path)
    for quota, is_used_up in ((2, True), (9, False)):
        content = encode_plan(plan_with(quota))
        (use,) = reader.uses(plan_hash(content), content, MOMENT_MS // 1000)
        assert (use.quota, use.used, use.is_used_up) == (quota, 3, is_used_up)


def test_before_the_monitor_has_counted_nothing_is_used(tmp_path: Path) -> None:
    content = encode_plan(plan_with(2))
    assert [one.used for one in QuotaReader(tmp_path).uses(plan_hash(content), content, 0)] == [0]


def test_metrics_say_what_is_allowed_and_used() -> None:
    text = quota_metrics(quota_uses({NAME: 5}, {NAME: 4}, 0)).decode()
    assert f'easement_quota_calls{{integration="{NAME}"}} 5\n' in text
    assert f'easement_quota_used_calls{{integration="{NAME}"}} 4\n' in text
    assert quota_metrics([]) == b""


def test_a_list_survives_the_way_and_a_damaged_one_is_refused() -> None:
    assert decode_used_quotas(encode_used_quotas({NAME: 7})) == {NAME: 7}
    for damaged in (b"[]", b'{"a": "7"}', b'{"a": true}', b"{"):
        with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one, with its own words
            decode_used_quotas(damaged)


def test_an_account_that_is_used_from_several_addresses_is_told(tmp_path: Path) -> None:
    hour = 3_600_000
    counted(
        tmp_path,
        {"detail": {"remote": "10.0.0.1"}},
        {"detail": {"remote": "10.0.0.2"}, "status": Status.FAILED},
        {"detail": {"remote": "10.0.0.3"}, "status": Status.REFUSED},
        {"detail": {"remote": "10.0.0.4"}, "time_ms": MOMENT_MS - 2 * hour},
        {"detail": {"remote": "10.0.0.5"}, "account": "web"},
    )
    with reading_roll_ups(tmp_path) as store:
        assert store is not None
        assert store.addresses(MOMENT_MS - hour) == {"shop": ("10.0.0.1", "10.0.0.2")}
    writer = RollUpStore(tmp_path)
    writer.mark_read(MOMENT_MS + 25 * hour)
    assert writer.addresses(0) == {}
    writer.close()
