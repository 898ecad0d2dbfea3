"""Equal values have one canonical text, and it means the same value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.schema import Field, read_schema
from deedbook.types import canonical_text, dtype_of, parser, typed
from deedbook.types.kind import or_none
from deedbook.types.moment import as_utc
from tests.examples import examples


def _field(kind: str, **more: Any) -> Field:
    return read_schema({"fields": [{"name": "x", "type": kind, **more}]}, "schema").fields[0]


def _canonical(field: Field, texts: list[str | None]) -> list[str | None]:
    return pl.DataFrame({"x": texts}, schema={"x": pl.String}).select(canonical_text(field)).to_series().to_list()


def _typed(field: Field, texts: list[str | None]) -> pl.Series:
    return pl.DataFrame({"x": texts}, schema={"x": pl.String}).select(typed(field)).to_series()


@examples(300, 100)
@given(
    st.lists(
        st.one_of(
            st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
            st.from_regex(
                r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|\+02:00)?", fullmatch=True
            ),
        ),
        min_size=1,
        max_size=5,
    )
)
@example(["2024-02-30T00:00:00Z", "2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "0010-01-01T00:00:00Z"])
@example(["2024-02-03T04:05:06.5Z", "2024-02-03T24:00:00Z", "2024-02-03T04:05:06+02:00", "9999-12-31T23:59:59.999999Z"])
def test_times_read_at_once_are_those_read_one_by_one(texts: list[str]) -> None:
    field = _field("datetime")
    one_by_one = [or_none(lambda text: as_utc(parser(field)(text)), text) for text in texts]
    expected = pl.Series("x", one_by_one, dtype=pl.Datetime("us", "UTC"))
    assert _typed(field, list(texts)).to_list() == expected.to_list()


@examples(300, 100)
@given(
    st.lists(
        st.from_regex(r"[+-]?[0-9]{1,20}(\.[0-9]{0,12})?([eE][+-]?[0-9]{1,2})?", fullmatch=True), min_size=1, max_size=5
    )
)
@example(["3.0", "3", "-0", "0.0", "+3", "1e2"])
def test_numbers_keep_their_value_and_lose_their_spelling(texts: list[str | None]) -> None:
    once = _canonical(_field("number"), texts)
    assert [Decimal(str(text)) for text in once] == [Decimal(str(text)) for text in texts]
    assert _canonical(_field("number"), once) == once
    by_value = {Decimal(str(text)): text for text in once}
    assert len(by_value) == len(set(once))


@pytest.mark.parametrize(
    ("field", "texts", "expected"),
    [
        (_field("integer"), ["007", "+5", "-0", None, "0" * 5000 + "7"], ["7", "5", "0", None, "7"]),
        (_field("number", decimalChar=",", groupChar="."), ["1.234,50"], ["1234.5"]),
        (_field("number"), ["10e499", "1E+500", "0e500", "-0.0"], ["1E+500", "1E+500", "0", "0"]),
        (_field("boolean"), ["1", "TRUE", "0", None], ["true", "true", "false", None]),
        (_field("boolean", trueValues=["yes"], falseValues=["no"]), ["yes", "no"], ["true", "false"]),
        (
            _field("datetime"),
            ["2024-01-01T01:00:00+02:00", "2023-12-31T23:00:00", "2023-12-31T23:00:00.500Z"],
            ["2023-12-31T23:00:00Z", "2023-12-31T23:00:00", "2023-12-31T23:00:00.5Z"],
        ),
        (_field("date", format="%d/%m/%Y"), ["29/02/2024"], ["2024-02-29"]),
        (_field("string"), [" x ", None], [" x ", None]),
    ],
    ids=str,
)
def test_equal_values_have_one_text(field: Field, texts: list[str | None], expected: list[str | None]) -> None:
    assert _canonical(field, texts) == expected


@pytest.mark.parametrize(
    ("field", "texts", "expected"),
    [
        (_field("integer"), ["7", None, "x", "9" * 30], [7, None, None, None]),
        (_field("number", bareNumber=False), ["5 %", "-€.5"], [5.0, -0.5]),
        (_field("boolean"), ["1", "false", None], [True, False, None]),
        (_field("date"), ["2024-02-29", "2023-02-29"], [dt.date(2024, 2, 29), None]),
        (_field("date", format="%Y"), ["2024"], [dt.date(2024, 1, 1)]),
        (_field("datetime"), ["2024-01-01T01:00:00+02:00"], [dt.datetime(2023, 12, 31, 23, tzinfo=dt.UTC)]),
        (_field("year"), ["0099"], [99]),
        (_field("time"), ["12:00:00"], ["12:00:00"]),
    ],
    ids=str,
)
def test_texts_become_values_and_bad_ones_null(field: Field, texts: list[str | None], expected: list[Any]) -> None:
    column = _typed(field, texts)
    assert column.to_list() == expected
    assert column.dtype == dtype_of(field)
