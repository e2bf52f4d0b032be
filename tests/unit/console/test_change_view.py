"""The timeline of a case as a picture: inside its frame, and no two labels over each other."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from easement.console.change_view import timeline
from easement.store.change_cases import StoredCase, StoredParty

START = datetime(2026, 3, 1, tzinfo=UTC)


def case(noticed: int, started: int, sunset: int, until: int) -> StoredCase:
    def day(count: int) -> datetime:
        return START + timedelta(days=count)

    party = StoredParty(integration="a", consumer="b", team="c", criticality="low", until=day(until))
    return StoredCase(
        kind="Interface", name="a@1", old_revision="r", state="transition", reason="x", opened_by="pat", opened=START,
        noticed=day(noticed), started=day(started), sunset=day(sunset), parties=(party,),
    )  # fmt: skip


@given(st.tuples(*[st.integers(0, 400)] * 4), st.integers(0, 500))
def test_points_are_in_order_and_in_the_frame(days: tuple[int, int, int, int], today: int):
    points = timeline(case(*days), START + timedelta(days=today))
    assert all(70 <= point.x <= 730 and 0 < point.y < 150 for point in points)
    assert all(left.at_ms <= right.at_ms and left.x <= right.x for left, right in pairwise(points))


def test_labels_of_one_day_stand_above_each_other():
    points = timeline(case(0, 0, 30, 30), START)
    first_day = [point.y for point in points if point.x == 70]
    assert len(first_day) == len(set(first_day)) == 4
