"""Durations are equal and ordered as XML Schema says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deedbook.types.duration import Duration, parse_duration

DURATIONS = st.builds(
    lambda months, seconds: parse_duration(f"P{months}MT{seconds}S"), st.integers(0, 5000), st.integers(0, 10**9)
)


@pytest.mark.parametrize(
    ("one", "other"),
    [("P1Y", "P12M"), ("P1W", "P7D"), ("PT24H", "P1D"), ("PT1.50S", "PT1.5S"), ("-P1D", "-PT24H"), ("P0D", "-P0M")],
)
def test_equal_durations(one: str, other: str) -> None:
    assert parse_duration(one) == parse_duration(other)
    assert str(parse_duration(one)) == str(parse_duration(other))
    assert parse_duration(one) <= parse_duration(other) <= parse_duration(one)


@pytest.mark.parametrize(
    ("shorter", "longer"),
    [
        ("P1M", "P32D"),
        ("P27D", "P1M"),
        ("P1Y", "P367D"),
        ("P364D", "P1Y"),
        ("-P1D", "P0D"),
        ("P5M", "P154D"),
        ("PT59S", "PT1M"),
    ],
)
def test_durations_in_order(shorter: str, longer: str) -> None:
    assert parse_duration(shorter) < parse_duration(longer)
    assert not parse_duration(shorter) >= parse_duration(longer)


@pytest.mark.parametrize(
    ("one", "other"), [("P1M", "P30D"), ("P1M", "P31D"), ("P1M", "P28D"), ("P1Y", "P365D"), ("P5M", "P150D")]
)
def test_durations_without_an_order(one: str, other: str) -> None:
    mine, its = parse_duration(one), parse_duration(other)
    assert not mine < its
    assert not its < mine
    assert mine != its


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "1Y",
        "P1S",
        "P-1Y",
        "p1y",
        "P1.5Y",
        "P1M1Y",
        "P1YT",
        "P1Y ",
        "PT1.S",
        "P\u0661Y",
        "P" + "1" * 2000 + "Y",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="stand after `P`"):
        parse_duration(text)


@given(DURATIONS, DURATIONS, DURATIONS)
def test_the_order_is_a_partial_one(a: Duration, b: Duration, c: Duration) -> None:
    assert not (a < b and b < a)
    assert (a <= b) == (b >= a)
    if a < b and b < c:
        assert a < c
