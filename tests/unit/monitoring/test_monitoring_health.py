from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easement.ledger.record import Record, RecordKind, Status, Step
from easement.monitoring.expectations import Expectation
from easement.monitoring.health import Facts, HealthState, evaluate
from easement.monitoring.measurements import BUCKETS_MS, Counts, error_class, measure, percentile_ms
from easement.testing.records import MOMENT_MS, a_record

NOW = MOMENT_MS
MINUTE = 60_000
PLAIN = Expectation(integration="shop-orders")
STRICT = Expectation(
    integration="shop-orders", availability=99.0, p95_ms=500, every_ms=5 * MINUTE, grace_ms=10 * MINUTE
)


def counts(success: int = 0, failed: int = 0, bucket: int = 2, **more: int) -> Counts:
    made = Counts(success=success, failed=failed, **more)
    made.buckets[bucket] = success + failed
    return made


GOOD = Facts(
    expectation=STRICT, read_ms=NOW, last_seen_ms=NOW, last_success_ms=NOW, recent=counts(40), window=counts(100)
)


@pytest.mark.parametrize(
    ("facts", "state", "reason"),
    [
        (GOOD, HealthState.HEALTHY, "100 of 100 attempts of the last 15 minutes succeeded"),
        (replace(GOOD, read_ms=0), HealthState.NO_DATA, "has not read the ledger yet"),
        (replace(GOOD, read_ms=NOW - 3 * MINUTE), HealthState.NO_DATA, "last read the ledger 3 min ago"),
        (replace(GOOD, expectation=replace(STRICT, paused=True)), HealthState.PAUSED, "not live"),
        (Facts(expectation=STRICT, read_ms=NOW), HealthState.NEW, "no traffic yet"),
        (replace(GOOD, recent=counts(0, 3)), HealthState.DOWN, "all 3 attempts of the last 5 minutes failed"),
        (replace(GOOD, recent=counts(0, 2)), HealthState.HEALTHY, "100 of 100"),
        (replace(GOOD, last_success_ms=NOW - 16 * MINUTE), HealthState.DOWN,
         "nothing succeeded for 16 min; expected every 5 min with 10 min of grace"),
        (replace(GOOD, last_success_ms=NOW - 6 * MINUTE), HealthState.LATE, "still within grace"),
        (replace(GOOD, last_success_ms=NOW - 5 * MINUTE), HealthState.HEALTHY, "succeeded"),
        (replace(GOOD, window=counts(98, 2)), HealthState.DEGRADED, "2.0% of 100 attempts failed; 1% is allowed"),
        (replace(GOOD, window=counts(99, 1)), HealthState.HEALTHY, "99 of 100"),
        (replace(GOOD, window=counts(8, 1)), HealthState.HEALTHY, "8 of 9"),
        (replace(GOOD, window=counts(100, bucket=9)), HealthState.DEGRADED, "p95 latency is 975 ms; 500 ms is"),
        (replace(GOOD, dead_letters=1, oldest_dead_letter_ms=NOW - 125 * MINUTE), HealthState.DEGRADED,
         "1 dead letter waits, the oldest for 2 h"),
        (replace(GOOD, expectation=PLAIN, window=counts(95, 5)), HealthState.HEALTHY, "95 of 100"),
        (replace(GOOD, expectation=PLAIN, window=counts(94, 6)), HealthState.DEGRADED, "5% is allowed"),
        (replace(GOOD, expectation=PLAIN, recent=counts(), window=counts(), last_success_ms=NOW - 50 * 3_600_000),
         HealthState.HEALTHY, "quiet; the last success was 2 d ago"),
        (replace(GOOD, expectation=PLAIN, recent=counts(), window=counts(refused=9), last_success_ms=0),
         HealthState.HEALTHY, "quiet; no success yet"),
    ],
)  # fmt: skip
def test_health_is_a_word_and_a_reason(facts: Facts, state: HealthState, reason: str) -> None:
    health = evaluate(facts, NOW)
    assert health.state is state
    assert reason in health.reason


def outcome(name: str, **changes: object) -> Record:
    return a_record(integration=name, **changes)


def test_each_outcome_counts_once_and_other_steps_do_not() -> None:
    event = {"kind": RecordKind.EVENT}
    measured = measure(
        [
            outcome("a", latency_us=400, bytes_in=5, bytes_out=7),
            outcome("a", status=Status.FAILED, error_code="EAS-5904", latency_us=15_000_000),
            outcome("a", status=Status.REFUSED, detail={"http_status": 429}),
            outcome("a", step=Step.PUBLISHED, **event),
            outcome("a", step=Step.DELIVERED, **event),
            outcome("a", step=Step.PROCESSED, time_ms=MOMENT_MS + 9, **event),
            outcome("a", step=Step.RETRIED, status=Status.RETRIED, **event),
            outcome("a", step=Step.DEAD_LETTERED, status=Status.DEAD_LETTERED, transaction_id="t", **event),
            outcome("a", kind=RecordKind.GOVERNANCE, step=Step.DECIDED),
            outcome("made-up", status=Status.REFUSED),
            outcome("", status=Status.REFUSED, step=Step.CONNECTED),
        ],
        {"a": PLAIN},
    )
    here = measured.minutes["a", MOMENT_MS // MINUTE]
    assert (here.success, here.failed, here.retried, here.dead_lettered, here.refused) == (2, 1, 1, 1, 1)
    assert (here.bytes_in, here.bytes_out) == (5, 7)
    assert (here.buckets[0], here.buckets[-1], sum(here.buckets)) == (1, 1, 3)
    assert measured.last_success_ms["a"] == MOMENT_MS + 9
    assert measured.errors["a", "failed", "EAS-5904"] == 1
    assert measured.errors["a", "refused", "http_4xx"] == 1
    assert measured.dead_letters == {("a", "t"): MOMENT_MS}
    assert {name for name, _ in measured.minutes} == {"a", "unregistered", ""}


def test_a_replay_takes_the_dead_letter_away_and_a_new_failure_brings_it_back() -> None:
    dead = outcome("a", step=Step.DEAD_LETTERED, status=Status.DEAD_LETTERED, transaction_id="t")
    replayed = outcome("a", step=Step.REPLAYED, transaction_id="t")
    assert measure([dead, replayed], {"a": PLAIN}).dead_letters == {("a", "t"): 0}
    assert measure([dead, replayed, dead], {"a": PLAIN}).dead_letters == {("a", "t"): MOMENT_MS}
    failed = replace(replayed, status=Status.REFUSED)
    assert measure([dead, failed], {"a": PLAIN}).dead_letters == {("a", "t"): MOMENT_MS}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ""),
        ({"status": Status.FAILED, "error_code": "EAS-1"}, "EAS-1"),
        ({"status": Status.FAILED, "error_code": "x" * 500, "detail": {"http_status": 503}}, "http_5xx"),
        ({"status": Status.FAILED, "error_code": "a b\n", "detail": {}}, "other"),
        ({"status": Status.FAILED, "detail": {"http_status": 99999}}, "other"),
    ],
)
def test_error_classes_are_bounded_words(changes: dict[str, object], word: str) -> None:
    assert error_class(a_record(**changes)) == word


@given(st.lists(st.integers(0, 1000), min_size=14, max_size=14), st.floats(0, 1))
def test_percentiles_rise_and_stay_within_bounds(buckets: list[int], share: float) -> None:
    found = percentile_ms(buckets, share)
    if not sum(buckets):
        assert found is None
        return
    assert found is not None
    assert 0 <= found <= BUCKETS_MS[-1]
    higher = percentile_ms(buckets, min(1.0, share + 0.1))
    assert higher is not None
    assert higher >= found
