"""Durations, rates, versions and field paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from easement.contract.values import Duration, FieldPath, Rate, Version, VersionRange


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("500ms", 500), ("1.5s", 1500), ("5m", 300_000), ("2h", 7_200_000), ("P7D", 604_800_000), ("PT1H30M", 5_400_000),
     ("P1W", 604_800_000), ("P1DT12H", 129_600_000), ("PT0.25S", 250)],
)  # fmt: skip
def test_duration_reads_both_notations_and_prints_what_was_written(text: str, milliseconds: int) -> None:
    duration = Duration.parse(text)
    assert duration.milliseconds == milliseconds
    assert str(duration) == text


@pytest.mark.parametrize("text", ["", "5", "P", "PT", "P1M", "P1Y", "-5m", "5 m", "P-1D", "1e3s", "P1DT"])
def test_duration_refuses_what_has_no_fixed_length_or_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        Duration.parse(text)


@given(st.text(max_size=30))
def test_parsers_never_raise_anything_but_value_error(text: str) -> None:
    for kind in (Duration, Rate, Version, VersionRange):
        try:
            parsed = kind.parse(text)
        except ValueError:
            continue
        assert kind.parse(str(parsed)) == parsed


@pytest.mark.parametrize(("text", "per_second"), [("200/s", 200), ("30/m", 0.5), ("3600/h", 1)])
def test_rate_counts_per_second(text: str, per_second: float) -> None:
    assert Rate.parse(text).per_second == per_second


@pytest.mark.parametrize("text", ["0/s", "200", "200/d", "-1/s", "1/s/s"])
def test_rate_refuses_zero_and_unknown_units(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        Rate.parse(text)


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        ("^1.2", ["1.2.0", "1.9.9"], ["1.1.9", "2.0.0", "1.3.0-rc1"]),
        ("1.2", ["1.2.0", "1.3.0"], ["2.0.0"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.2.2", "1.3.0"]),
        ("=1.2.3", ["1.2.3"], ["1.2.4"]),
        ("=1.2", ["1.2.0", "1.2.7"], ["1.3.0"]),
        ("^0.2", ["0.2.0", "0.2.5"], ["0.3.0"]),
        ("^1", ["1.0.0", "1.99.0"], ["2.0.0", "0.9.0"]),
    ],
)
def test_version_range(wanted: str, inside: list[str], outside: list[str]) -> None:
    allowed = VersionRange.parse(wanted)
    assert all(allowed.allows(Version.parse(text)) for text in inside)
    assert not any(allowed.allows(Version.parse(text)) for text in outside)


@pytest.mark.parametrize("path", ["lines[0].sku", "a..b", ".a", "a.", "a b", "", "a.*"])
def test_field_path_refuses_what_is_not_names_and_dots(path: str) -> None:
    with pytest.raises(ValidationError, match="is not a field path"):
        TypeAdapter(FieldPath).validate_python(path)
