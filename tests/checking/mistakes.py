"""Everyday mistakes, with what the first finding has to name and to propose: `python -m tests.checking.mistakes` prints them as a table."""

from __future__ import annotations

import sys
from typing import Any

from deedbook.checking.cells import FieldPlan, plan_field
from deedbook.checking.explanation import explain
from deedbook.checking.findings import Words
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


def explained(spec: dict[str, Any], text: str) -> tuple[Words, FieldPlan]:
    """What the first finding of a text says, and how its field is checked."""
    plan = plan_field(read_schema({"fields": [{"name": "x", **spec}]}, "schema").fields[0], ("",), "schema")
    problems = plan.problems(text)
    assert problems, text
    return explain(plan, problems[0], text), plan


def names_cause(said: Words, cause: str) -> bool:
    """Whether the message or the hint names the cause."""
    return cause.lower() in f"{said.message}; {said.hint}".lower()


def table() -> str:
    """A line for each mistake, and the share of those whose cause the first finding names."""
    lines, named = ["| type | text | message | hint |", "| --- | --- | --- | --- |"], 0
    for spec, text, cause, _proposal in MISTAKES:
        said, _ = explained(spec, text)
        named += names_cause(said, cause)
        cells = (spec["type"], f"`{text}`", said.message, said.hint)
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join([*lines, "", f"{named} of {len(MISTAKES)} name the cause.", ""])


if __name__ == "__main__":
    sys.stdout.write(table())
