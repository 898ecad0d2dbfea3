"""The first finding of an everyday mistake names its cause, and proposes the value that was meant, which is valid."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from deedbook.checking.cells import plan_field
from deedbook.checking.explanation import causes_in, explain
from deedbook.checking.findings import Words, common_cause
from deedbook.schema import read_schema

INTEGER, NUMBER, DATE, MOMENT = ({"type": kind} for kind in ("integer", "number", "date", "datetime"))
TIME, YEAR, MONTH, TRUTH = ({"type": kind} for kind in ("time", "year", "yearmonth", "boolean"))
CODE = {"type": "string", "constraints": {"pattern": "[0-9]{4}"}}
EVENT = {"type": "string", "constraints": {"pattern": "E[0-9]{6}"}}
COUNTRY = {"type": "string", "constraints": {"enum": ["LAO", "THA", "KHM", "VNM"]}}
PLACE = {"type": "string", "constraints": {"enum": ["Vientiane", "Champasak", "Savannakh\u00e9t"]}}

MISTAKES: list[tuple[dict[str, Any], str, str, str | None]] = [
    # numbers
    (INTEGER, "31.0", "decimals", "31"),
    (INTEGER, "2.4E+03", "exponent", "2400"),
    (INTEGER, "\u22127", "minus", "-7"),
    (INTEGER, "3,217", "group", None),
    (INTEGER, "1,203,417", "thousands", "1203417"),
    (INTEGER, "7 or 9", "several values", None),
    (INTEGER, "4; 5", "several values", None),
    (INTEGER, "20\u201325", "range", None),
    (INTEGER, "~ 30", "estimate", None),
    (INTEGER, "100+", "estimate", None),
    (INTEGER, "(14)", "negative", "-14"),
    (INTEGER, "14-", "negative", "-14"),
    (INTEGER, "seven", "in words", "7"),
    (INTEGER, "3-Mar", "date", None),
    (INTEGER, "2.5", "fraction", None),
    (INTEGER, "#DIV/0!", "error value", None),
    (INTEGER, "=A2+B2", "formula", None),
    (INTEGER, "unknown", "missing value", None),
    (INTEGER, "\u2014", "missing value", None),
    (INTEGER, "\u00a012", "no-break space", "12"),
    (INTEGER, "12\u200b", "zero-width", "12"),
    (INTEGER, " 12", "space", "12"),
    (INTEGER, "'12", "apostrophe", "12"),
    (INTEGER, "\uff11\uff12", "another script", "12"),
    (INTEGER, "yes", "true or false", None),
    (INTEGER, "2.5k", "abbreviated", "2500"),
    (NUMBER, "18,25", "decimal comma", "18.25"),
    (NUMBER, "3.417,25", "decimal comma", "3417.25"),
    (NUMBER, "3,417.25", "group", "3417.25"),
    (NUMBER, "3 417.25", "group", "3417.25"),
    (NUMBER, "18.25 km", "unit", "18.25"),
    (NUMBER, "\u20ac 99.5", "currency", "99.5"),
    (NUMBER, "45%", "unit", "45"),
    (NUMBER, "1.2.3", "decimal separator", None),
    (NUMBER, "INF", "finite", None),
    ({**NUMBER, "decimalChar": ","}, "18.25", "`,`", None),
    # dates and times
    (DATE, "45107", "Excel", "2023-06-30"),
    (DATE, "17.06.2023", "day.month.year", "2023-06-17"),
    (DATE, "17/6/2023", "day first", "2023-06-17"),
    (DATE, "6/17/2023", "month first", "2023-06-17"),
    (DATE, "6/7/2023", "day or the month", None),
    (DATE, "2023-17-06", "exchanged", "2023-06-17"),
    (DATE, "2023-6-7", "two digits", "2023-06-07"),
    (DATE, "2023/06/07", "hyphens", "2023-06-07"),
    (DATE, "20230617", "hyphens", "2023-06-17"),
    (DATE, "2023-06-17 00:00:00", "time of day", "2023-06-17"),
    (DATE, "2023-06-31", "calendar", None),
    (DATE, "June 17, 2023", "in words", "2023-06-17"),
    (DATE, "17. M\u00e4rz 2023", "in words", "2023-03-17"),
    (DATE, "2023", "no day", None),
    (DATE, "2023-06", "no day", None),
    (DATE, "20233-06-17", "digit", None),
    (DATE, "1687000000", "1970", "2023-06-17"),
    (DATE, "2023-06-17~", "uncertain", None),
    (DATE, "?", "missing value", None),
    (DATE, "\u00a02023-06-17", "no-break space", "2023-06-17"),
    ({**DATE, "format": "%d/%m/%Y"}, "2023-06-17", "hyphens", "17/06/2023"),
    (MOMENT, "2023-06-17T08:30:00+0200", "colon", "2023-06-17T08:30:00+02:00"),
    (MOMENT, "2023-06-17 08:30", "`T`", "2023-06-17T08:30:00"),
    (MOMENT, "17.06.2023 08:30:15", "`T`", "2023-06-17T08:30:15"),
    (MOMENT, "2023-06-17", "no time", None),
    (MOMENT, "45107.5", "Excel", "2023-06-30T12:00:00"),
    (TIME, "8:30", "hh:mm:ss", "08:30:00"),
    (TIME, "2:30 PM", "hh:mm:ss", "14:30:00"),
    (YEAR, "2023.0", "decimals", "2023"),
    (YEAR, "23", "two digits", None),
    (YEAR, "2023-06-17", "whole date", "2023"),
    (MONTH, "06/2023", "YYYY-MM", "2023-06"),
    (MONTH, "Jun 2023", "YYYY-MM", "2023-06"),
    (TRUTH, "Ja", "trueValues", "true"),
    (TRUTH, "no", "falseValues", "false"),
    ({**TRUTH, "trueValues": ["1"], "falseValues": ["0"]}, "Y", "trueValues", "1"),
    # codes and names
    (CODE, "417", "zeros", "0417"),
    (CODE, "0417 ", "space", "0417"),
    (CODE, "O417", "look", "0417"),
    (EVENT, "e000417", "case", "E000417"),
    (EVENT, "\u0415000417", "Cyrillic", "E000417"),
    (EVENT, "Jun-17", "date", None),
    (COUNTRY, "lao", "case", "LAO"),
    (COUNTRY, "L\u0410O", "Cyrillic", "LAO"),
    (COUNTRY, "THA\u00a0", "no-break space", "THA"),
    (COUNTRY, "T\u200bHA", "zero-width", "THA"),
    (COUNTRY, "#N/A", "error value", None),
    (COUNTRY, "n/a", "missing value", None),
    (COUNTRY, "XYZ", "LAO, THA, KHM, VNM", None),
    (PLACE, "Vientianne", "did you mean", "Vientiane"),
    (PLACE, "Savannakh\u00c3\u00a9t", "decoded", "Savannakh\u00e9t"),
    (PLACE, "Savannakhet", "accents", "Savannakh\u00e9t"),
    (PLACE, "Savannakh&eacute;t", "HTML", "Savannakh\u00e9t"),
    # the rest
    ({"type": "list", "itemType": "integer", "delimiter": ";"}, "1;2;x", "item 3", None),
    ({"type": "geopoint"}, "17.97, 102.6", "exchanged", "102.6, 17.97"),
    ({"type": "geopoint"}, "17,97, 102,6", "decimal point", None),
    ({"type": "geojson"}, '{"type":"Point","coordinates":[1]}', "position", None),
    ({"type": "object"}, "{'a': 1}", "JSON", None),
    ({"type": "string", "format": "uri"}, "https://example.org/a b", "space", "https://example.org/a%20b"),
    ({"type": "string", "format": "uuid"}, "0" * 32, "hyphens", "00000000-0000-0000-0000-000000000000"),
    ({"type": "duration"}, "3 days", "`P`", None),
]


def _explain(spec: dict[str, Any], text: str) -> tuple[Words, Any]:
    field = read_schema({"fields": [{"name": "x", **spec}]}, "schema").fields[0]
    plan = plan_field(field, ("",), "schema")
    problems = plan.problems(text)
    assert problems, text
    return explain(plan, problems[0], text), plan


@pytest.mark.parametrize(("spec", "text", "cause", "proposal"), MISTAKES, ids=[text for _, text, _, _ in MISTAKES])
def test_the_cause_is_named_and_what_was_meant_is_proposed(
    spec: dict[str, Any], text: str, cause: str, proposal: str | None
) -> None:
    said, plan = _explain(spec, text)
    assert cause.lower() in f"{said.message}; {said.hint}".lower()
    assert said.proposal == proposal
    assert proposal is None or plan.problems(proposal) == ()


@pytest.mark.parametrize(
    ("kind", "texts", "cause"),
    [
        ("integer", ["0.0", "17.0"], "ends in `.0`, and whole numbers have no decimals"),
        ("integer", ["0.0", "x"], ""),
        ("date", ["1/2/2023", "13/2/2023"], "is written with the day first (`%d/%m/%Y`)"),
        ("date", ["1/2/2023", "2/13/2023"], "is written with the month first (`%m/%d/%Y`)"),
        ("date", ["1/2/2023", "2/3/2023"], "is written with the day or the month first"),
        ("date", ["13/2/2023", "2/13/2023"], ""),
    ],
)
def test_a_cause_that_all_values_share_is_the_same_however_they_are_cut_into_blocks(
    kind: str, texts: list[str], cause: str
) -> None:
    plan = plan_field(read_schema({"fields": [{"name": "x", "type": kind}]}, "schema").fields[0], ("",), "schema")
    whole = causes_in(plan, ("type-error", None), pl.Series(texts))
    parts = [causes_in(plan, ("type-error", None), pl.Series([text])) for text in texts]
    assert common_cause(whole) == common_cause(frozenset().union(*parts)) == cause


@pytest.mark.parametrize("name", ["deedbook.patternLabel", "deedbook"])
def test_a_pattern_has_words_of_its_own_and_an_example(name: str) -> None:
    label = {"patternLabel": "a district code"} if name == "deedbook" else "a district code"
    said, _ = _explain({**CODE, name: label, "example": "0417"}, "north")
    assert said.message == "`north` is not a district code (pattern [0-9]{4})"
    assert said.hint == "it should look like `0417`"
