"""The exact parser of every type: what a text is worth, and what is no such value."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from deedbook.schema import read_schema
from deedbook.types import parser

UTC = dt.UTC
EAST = dt.timezone(dt.timedelta(hours=2))
UUID = "00000000-0000-0000-0000-00000000000A"
NONE = "no value"


def _parse(kind: str, text: str, options: dict[str, Any] | None = None, *, lenient: bool = False) -> Any:
    """The value; `NONE` where there is none."""
    field = read_schema({"fields": [{"name": "x", "type": kind, **(options or {})}]}, "schema").fields[0]
    try:
        return parser(field, lenient=lenient)(text)
    except ValueError:
        return NONE


@pytest.mark.parametrize(
    ("kind", "options", "values"),
    [
        ("string", {}, {" a ": " a "}),
        ("string", {"format": "email"}, {"a@b.org": "a@b.org", "a@": NONE}),
        ("string", {"format": "uri"}, {"http://a.org/b": "http://a.org/b", "a.org": NONE}),
        ("string", {"format": "binary"}, {"YQ==": "YQ==", "YQ=": NONE}),
        ("string", {"format": "uuid"}, {"0" * 32: NONE, UUID: UUID}),
        ("integer", {}, {"+07": 7, "-0": 0, "1.0": NONE, "1_0": NONE, " 1": NONE, "\u0661": NONE, "": NONE}),
        ("integer", {"groupChar": ","}, {"1,000": 1000}),
        ("integer", {"bareNumber": False}, {"€ -95 net": -95, "n/a": NONE}),
        ("number", {}, {"1.": 1, ".5": Decimal("0.5"), "1e-3": Decimal("0.001"), ".": NONE, "nan": NONE, "1,5": NONE}),
        ("number", {"decimalChar": ",", "groupChar": "."}, {"1.000,5": Decimal("1000.5")}),
        ("number", {"decimalChar": ","}, {"1,5": Decimal("1.5"), "1.5": NONE}),
        ("number", {"bareNumber": False}, {"12.5%": Decimal("12.5"), "$-3": -3}),
        ("boolean", {}, {"1": True, "FALSE": False, "yes": NONE, "tRue": NONE}),
        ("boolean", {"trueValues": ["y"], "falseValues": ["n"]}, {"y": True, "n": False, "true": NONE}),
        ("date", {}, {"2024-02-29": dt.date(2024, 2, 29), "2023-02-29": NONE, "2024-2-3": NONE, "20240203": NONE}),
        ("date", {"format": "%d/%m/%Y"}, {"03/02/2024": dt.date(2024, 2, 3), "2024-02-03": NONE}),
        ("date", {"format": "any"}, {"3 Feb 2024": dt.date(2024, 2, 3), "soon": NONE}),
        ("time", {}, {"10:00:00": dt.time(10), "10:00:00+02:00": dt.time(10, tzinfo=EAST), "10:00": NONE}),
        (
            "datetime",
            {},
            {
                "2024-02-03T10:00:00Z": dt.datetime(2024, 2, 3, 10, tzinfo=UTC),
                "2024-02-03T10:00:00": dt.datetime(2024, 2, 3, 10),  # noqa: DTZ001  # a local time
                "2024-02-03T12:00:00+02:00": dt.datetime(2024, 2, 3, 10, tzinfo=UTC),
                "2024-02-03 10:00:00": NONE,
                "2024-02-03": NONE,
            },
        ),
        ("year", {}, {"2024": 2024, "24": NONE, "-2024": NONE}),
        ("yearmonth", {}, {"2024-02": (2024, 2), "2024-13": NONE, "2024-2": NONE}),
        ("object", {}, {'{"a": 1}': {"a": 1}, "[1]": NONE, "{": NONE}),
        ("array", {}, {"[1]": [1], "{}": NONE, "[" * 100_000: NONE}),
        ("list", {"itemType": "integer", "delimiter": ";"}, {"1;2": [1, 2], "1;": NONE, "1,2": NONE}),
        (
            "geopoint",
            {},
            {"1.5, 2": (Decimal("1.5"), 2), "180,-90": (180, -90), "181,0": NONE, "0,91": NONE, "1": NONE},
        ),
        ("geopoint", {"format": "array"}, {"[1, 2]": (1, 2), '["1", 2]': (1, 2), "[true, 2]": NONE, "1,2": NONE}),
        (
            "geopoint",
            {"format": "object"},
            {
                '{"lon": 1, "lat": 2}': (1, 2),
                '{"lon": 1}': NONE,
                '{"lon": 1, "lat": 2, "a": 3}': NONE,
            },
        ),
        (
            "geojson",
            {},
            {'{"type": "Point", "coordinates": [1, 2]}': {"type": "Point", "coordinates": [1, 2]}, "{}": NONE},
        ),
    ],
)
def test_a_text_is_its_value_or_none(kind: str, options: dict[str, Any], values: dict[str, Any]) -> None:
    found = {text: _parse(kind, text, options) for text in values}
    assert found == values
    assert {text: type(value) for text, value in found.items() if isinstance(value, bool)} == {
        text: bool for text, value in values.items() if isinstance(value, bool)
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", " 1_000 ", 1000),
        ("number", " 1.5 ", Decimal("1.5")),
        ("date", "2024-2-3", dt.date(2024, 2, 3)),
        ("yearmonth", "2024-2", (2024, 2)),
    ],
)
def test_some_texts_are_values_only_where_one_is_lenient(kind: str, text: str, value: object) -> None:
    assert (_parse(kind, text), _parse(kind, text, lenient=True)) == (NONE, value)


def test_an_integer_too_long_to_convert_stays_a_decimal() -> None:
    assert isinstance(_parse("integer", "9" * 4000), int)
    assert _parse("integer", "9" * 4001) == Decimal("9" * 4001)
