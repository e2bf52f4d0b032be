"""How long reviews take: from the first look that is possible to the decision of a person."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from easement.governance.registry import Registry
from easement.store.database import reading
from easement.store.reviews import APPROVED, REJECTED, StoredReview, every_pending, opened_between


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTimes:
    """Figures over the reviews that were opened in a span of time, and the queue of now. Times are seconds.

    ``decided`` counts approvals and rejections by people; ``automatic`` those by the rule for low risk. Percentiles are
    None before the first decision.
    """

    opened: int
    decided: int
    automatic: int
    rejected: int
    p50_s: float | None
    p90_s: float | None
    waiting: int
    oldest_waiting_s: float


def review_times(registry: Registry, since: datetime, until: datetime) -> ReviewTimes:
    """The figures of reviews opened from ``since`` on and before ``until``."""
    with reading(registry.engine) as connection:
        reviews = opened_between(connection, since, until)
        waiting = every_pending(connection)
    closed = [review for review in reviews if review.decided is not None and review.state in {APPROVED, REJECTED}]
    by_people = [review for review in closed if not is_automatic(review)]
    lengths = sorted((review.decided - review.created).total_seconds() for review in by_people if review.decided)
    now = registry.now()
    return ReviewTimes(
        opened=len(reviews),
        decided=len(by_people),
        automatic=len(closed) - len(by_people),
        rejected=sum(review.state == REJECTED for review in closed),
        p50_s=percentile(lengths, 0.5),
        p90_s=percentile(lengths, 0.9),
        waiting=len(waiting),
        oldest_waiting_s=max(((now - review.created).total_seconds() for review in waiting), default=0.0),
    )


def is_automatic(review: StoredReview) -> bool:
    """Whether the rule for low risk decided."""
    return any(made.automatic for made in review.decisions)


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of an ordered series: always one of its values; None of nothing."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def review_metrics(times: ReviewTimes) -> bytes:
    """The figures in the Prometheus text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Times(times))
    return generate_latest(registry)


class _Times(Collector):
    def __init__(self, times: ReviewTimes) -> None:
        self._times = times

    def collect(self) -> Iterator[Metric]:
        """The metric families."""
        times = self._times
        yield GaugeMetricFamily("easement_reviews_waiting", "Reviews that wait for somebody.", value=times.waiting)
        yield GaugeMetricFamily(
            "easement_reviews_oldest_waiting_seconds", "Age of the oldest review that waits.",
            value=times.oldest_waiting_s,
        )  # fmt: skip
        lengths = GaugeMetricFamily(
            "easement_review_decision_seconds",
            "Time from opening to the decision of people, over reviews opened in the last 30 days.",
            labels=["quantile"],
        )
        for quantile, value in (("0.5", times.p50_s), ("0.9", times.p90_s)):
            if value is not None:
                lengths.add_metric([quantile], value)
        yield lengths
        decided = GaugeMetricFamily(
            "easement_reviews_decided", "Reviews opened in the last 30 days, by who decided.", labels=["by"]
        )
        decided.add_metric(["people"], times.decided)
        decided.add_metric(["rule"], times.automatic)
        yield decided
