"""Strategies: a Table Schema, and a CSV text whose cells are right, nearly right or nasty for it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

V2 = "https://datapackage.org/profiles/2.0/tableschema.json"
TOKENS = ("", "NA", "-")

# ruff: noqa: RUF001  # letters and digits that look like others are the point
SOUND = {
    "any": ["1", "x", "{", "Ünï"],
    "string": ["a", "ab", "abc", "x y", "Ω", "naïve", "日本", "7", "A1", "a,b", 'say "hi"', "two\nlines", "é", "é"],
    "integer": ["0", "1", "2", "-1", "+1", "007", "10", "9223372036854775808", "-0", "1" * 40],
    "number": ["0", "1", "1.0", "1.50", "-2.5", ".5", "5.", "1e3", "1E-2", "+3", "0.1", "0.10", "1" + "0" * 30, "1e2"],
    "boolean": ["true", "false", "True", "FALSE", "1", "0"],
    "date": ["2024-01-31", "2024-02-29", "0001-01-01", "9999-12-31", "1999-12-31"],
    "time": ["00:00:00", "23:59:59", "12:30:15", "12:30:15Z", "12:30:15.5", "12:30:15+01:00"],
    "datetime": ["2024-01-31T10:00:00", "2024-02-29T23:59:59.123", "2024-01-31T10:00:00Z", "2024-01-31T10:00:00-05:00"],
    "year": ["2000", "0001", "1999"],
    "yearmonth": ["2000-10", "1999-01"],
    "duration": ["P1Y", "PT1S", "P1Y2M3DT4H5M6S", "P2W"],
    "geopoint": ["180,90", "90.5, 45.25", "-180,-90"],
    "object": ["{}", '{"a": 1}', '{"a": {"b": [1]}}'],
    "array": ["[]", "[1, 2]", '["a", null]'],
}
NASTY = {
    "any": [" "],
    "string": [
        " ",
        "  a",
        "a ",
        "\t",
        "NULL",
        "'",
        "\u200b",
        "ſ",
        "😀",
        "a\r\nb",
        "ab\n",
        "=1+1",
        "\x1b[31m",
        "ß",
        "İ",
    ],
    "integer": ["1.0", "1e3", " 1", "1 ", "1_000", "1,000", "١", "0x1F", "--1", "+", "1-", "x", "𝟏", "1\n", "true"],
    "number": [
        "1,5",
        " 1.5",
        "1_0.5",
        "nan",
        "NaN",
        "inf",
        "-INF",
        "Infinity",
        "1..2",
        "e5",
        "1e",
        ".",
        "٣",
        "1d",
        "0x1p3",
        "sNaN",
    ],
    "boolean": ["tRUE", "yes", "t", " true", "2", "01", "false\n"],
    "date": [
        "2024-1-31",
        "2024-02-30",
        "2023-02-29",
        "24-01-01",
        "2024/01/31",
        " 2024-01-31",
        "2024-01-31T00:00:00",
        "+2024-01-31",
        "20240131",
        "2024-13-01",
        "2024-00-01",
        "٢٠٢٤-01-31",
        "2024-01-31\n",
        "10000-01-01",
    ],
    "time": [
        "1:02:03",
        "24:00:00",
        "12:60:00",
        "12:30",
        "12:30:61",
        "12:30:15+1:00",
        " 12:30:15",
        "12:30:15+0100",
        "12:30:15,5",
        "12:30:15z",
        "12:30:60",
    ],
    "datetime": [
        "2024-01-31 10:00:00",
        "2024-01-31",
        "2024-02-30T10:00:00",
        "2024-01-31T25:00:00",
        "2024-01-31T10:00",
        "2024-01-31T24:00:00",
        "2024-01-31t10:00:00",
        "2024-01-31T10:00:00+0100",
        "20240131T100000",
        "2024-01-31T10:00:00,5",
    ],
    "year": ["99", "20000", "-200", "+200", " 200", "2 00", "1_00", "٢٠٠٠", "3.14", "2000.0"],
    "yearmonth": ["2000-13", "2000-1", "2000-00", " 2000-10", "2000", "2000-10-01", "٢٠٠٠-10", "1_9-01", "99999-01"],
    "duration": ["P", "PT", "1Y", "P1S", "P-1Y", "-P1Y", "p1y", "P1.5Y", "P1M1Y", ""],
    "geopoint": ["181,90", "0,91", "90", "a,b", "90,45,1", "[90, 45]", " 90,45", "1e1,2", "nan,1"],
    "object": ["[]", "1", "text", '{"a": 1', "null", "{a: 1}", '{"a": NaN}', " {} "],
    "array": ["{}", "1", "text", "[1", "null", "[NaN]", " [] "],
}

ORDERED: dict[str, list[Any]] = {
    "integer": ["-5", 0, 2, 10],
    "number": ["0.1", 0, 1.5, 10],
    "date": ["2024-01-31", "1999-12-31"],
    "year": ["1999", "2010"],
    "yearmonth": ["1999-12", "2010-01"],
}
PATTERNS = ["[a-z]+", "[A-Z][0-9]", ".*", "a.*", r"\w+", r"[^,]+", "(?:a|ab)c?", r"\d+", "a|b"]


@dataclass(frozen=True, slots=True)
class Example:
    """A schema and the text of a CSV file."""

    schema: dict[str, Any]
    text: str

    def records(self) -> list[list[str]]:
        """What Python's csv module, and so frictionless, reads; record number N is at N - 1."""
        return list(csv.reader(io.StringIO(self.text, newline="")))

    def __str__(self) -> str:
        return f"schema: {self.schema}\ntext: {self.text!r}"


# Made once: a strategy that is made anew for every draw costs more than the draw.
NAMES = st.lists(st.sampled_from(["id", "name", "n", "when", "Straße", "a b"]), min_size=1, max_size=4, unique=True)
COIN: st.SearchStrategy[Any] = st.booleans()
DICE = {sides: st.integers(0, sides - 1) for sides in (3, 4, 5, 9, 10, 20, 25)}
KIND = st.sampled_from(sorted(SOUND))
TOKEN = st.sampled_from(TOKENS)
FREE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=4)
CELLS = {kind: st.one_of(st.sampled_from(SOUND[kind]), st.sampled_from(NASTY[kind]), TOKEN, FREE) for kind in SOUND}
SOUND_CELLS = {kind: st.sampled_from(values) for kind, values in SOUND.items()}
SOME_SOUND = {kind: st.lists(cells, min_size=1, max_size=3, unique=True) for kind, cells in SOUND_CELLS.items()}
MISSING = st.sampled_from([[""], ["", "NA"], ["", "-", "NA"], ["NA"], []])
LIMIT = st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])
LIMITS = {kind: st.sampled_from(values) for kind, values in ORDERED.items()}
LENGTH = st.sampled_from(["minLength", "maxLength"])
TEXTUAL: dict[str, st.SearchStrategy[Any]] = {
    "minLength": DICE[5],
    "maxLength": DICE[5],
    "pattern": st.sampled_from(PATTERNS),
    "enum": st.just(["a", "abc", "Ω"]),
}
TEXTUAL_NAME = st.sampled_from(sorted(TEXTUAL))
LAST_CELL = st.sampled_from(["", "x", "1"])
QUOTING: st.SearchStrategy[Literal[0, 1]] = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
ENDING = st.sampled_from(["\n", "\r\n"])
SPLINTER = st.sampled_from(['"', '""', ",", "\n"])
NO_KEY = {"object", "array", "geopoint"}


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """A table of one to four fields and up to nine rows, mostly sound, with a nasty place or two."""
    names = draw(NAMES)
    schema = _schema(draw, names)
    header = _header(draw, names)
    rows = [_row(draw, schema["fields"]) for _ in range(draw(DICE[9]))]
    if rows and draw(COIN):
        rows.append(rows[draw(DICE[9]) % len(rows)])  # repeated keys
    return Example(schema, _text(draw, header, rows))


def _schema(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    fields = [_field(draw, name) for name in names]
    schema: dict[str, Any] = {"$schema": V2, "fields": fields}
    if draw(COIN):
        schema["missingValues"] = list(draw(MISSING))
    keyed = [field["name"] for field in fields if field["type"] not in NO_KEY]
    if keyed and draw(COIN):
        first, second = (keyed[draw(DICE[4]) % len(keyed)] for _ in range(2))
        schema["primaryKey"] = list(dict.fromkeys([first, second]))
    if len(keyed) > 1 and draw(DICE[4]) == 0:
        at = draw(DICE[4]) % len(keyed)
        child, parent = keyed[at], keyed[at - 1]
        schema["foreignKeys"] = [{"fields": [child], "reference": {"resource": "", "fields": [parent]}}]
    return schema


def _field(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(KIND)
    field: dict[str, Any] = {"name": name, "type": kind}
    constraints: dict[str, Any] = {}
    if draw(COIN):
        constraints["required"] = draw(COIN)
    if kind not in NO_KEY and draw(DICE[4]) == 0:
        constraints["unique"] = True
    if kind in ORDERED and draw(COIN):
        constraints[draw(LIMIT)] = draw(LIMITS[kind])
    if kind == "string" and draw(COIN):
        choice = draw(TEXTUAL_NAME)
        constraints[choice] = draw(TEXTUAL[choice])
    if kind in {"integer", "number", "boolean", "date"} and draw(DICE[5]) == 0:
        constraints["enum"] = draw(SOME_SOUND[kind])
    if kind == "array" and draw(COIN):
        constraints[draw(LENGTH)] = 1
    if constraints:
        field["constraints"] = constraints
    if draw(DICE[10]) == 0:
        field["missingValues"] = ["-"]
    return field


def _header(draw: st.DrawFn, names: list[str]) -> list[str]:
    match draw(DICE[20]):
        case 1:
            return names[1:] + names[:1]
        case 2:
            return [*names, ["extra", names[0], ""][draw(DICE[3])]]
        case 3:
            return names[:-1] or ["other"]
    return list(names)


def _row(draw: st.DrawFn, fields: list[dict[str, Any]]) -> list[str]:
    row = [draw((SOUND_CELLS if draw(COIN) else CELLS)[field["type"]]) for field in fields]
    match draw(DICE[25]):
        case 1:
            return []
        case 2:
            return row[:-1]
        case 3:
            return [*row, draw(LAST_CELL)]
        case 4:
            return [draw(TOKEN)] * len(fields)
    return row


def _text(draw: st.DrawFn, header: list[str], rows: list[list[str]]) -> str:
    quoting, ending = draw(QUOTING), draw(ENDING)
    buffer = io.StringIO()
    csv.writer(buffer, quoting=quoting, lineterminator=ending).writerows([header, *rows])
    text = buffer.getvalue()
    if draw(DICE[4]) == 1:
        text = text.removesuffix(ending)
    if draw(DICE[20]) == 1:
        start = text.find(ending) + 1 if ending in text else 0
        place = draw(st.integers(min_value=start, max_value=len(text)))
        text = text[:place] + draw(SPLINTER) + text[place:]
    return text
