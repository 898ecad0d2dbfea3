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
    "string": [" ", "  a", "a ", "\t", "NULL", "'", "\u200b", "ſ", "😀", "a\r\nb", "ab\n", "=1+1", "\x1b[31m", "ß", "İ"],
    "integer": ["1.0", "1e3", " 1", "1 ", "1_000", "1,000", "١", "0x1F", "--1", "+", "1-", "x", "𝟏", "1\n", "true"],
    "number": ["1,5", " 1.5", "1_0.5", "nan", "NaN", "inf", "-INF", "Infinity", "1..2", "e5", "1e", ".", "٣", "1d", "0x1p3", "sNaN"],
    "boolean": ["tRUE", "yes", "t", " true", "2", "01", "false\n"],
    "date": ["2024-1-31", "2024-02-30", "2023-02-29", "24-01-01", "2024/01/31", " 2024-01-31", "2024-01-31T00:00:00",
             "+2024-01-31", "20240131", "2024-13-01", "2024-00-01", "٢٠٢٤-01-31", "2024-01-31\n", "10000-01-01"],
    "time": ["1:02:03", "24:00:00", "12:60:00", "12:30", "12:30:61", "12:30:15+1:00", " 12:30:15", "12:30:15+0100",
             "12:30:15,5", "12:30:15z", "12:30:60"],
    "datetime": ["2024-01-31 10:00:00", "2024-01-31", "2024-02-30T10:00:00", "2024-01-31T25:00:00", "2024-01-31T10:00",
                 "2024-01-31T24:00:00", "2024-01-31t10:00:00", "2024-01-31T10:00:00+0100", "20240131T100000", "2024-01-31T10:00:00,5"],
    "year": ["99", "20000", "-200", "+200", " 200", "2 00", "1_00", "٢٠٠٠", "3.14", "2000.0"],
    "yearmonth": ["2000-13", "2000-1", "2000-00", " 2000-10", "2000", "2000-10-01", "٢٠٠٠-10", "1_9-01", "99999-01"],
    "duration": ["P", "PT", "1Y", "P1S", "P-1Y", "-P1Y", "p1y", "P1.5Y", "P1M1Y", ""],
    "geopoint": ["181,90", "0,91", "90", "a,b", "90,45,1", "[90, 45]", " 90,45", "1e1,2", "nan,1"],
    "object": ["[]", "1", "text", '{"a": 1', "null", "{a: 1}", '{"a": NaN}', ' {} '],
    "array": ["{}", "1", "text", "[1", "null", "[NaN]", " [] "],
}  # fmt: skip

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


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """A table of one to four fields and up to eight rows, mostly sound, with a nasty place or two."""
    names = draw(
        st.lists(st.sampled_from(["id", "name", "n", "when", "Straße", "a b"]), min_size=1, max_size=4, unique=True)
    )
    schema = draw(_schemas(names))
    header = draw(_headers(names))
    rows: list[list[str]] = draw(st.lists(_rows(schema["fields"]), max_size=8))
    if draw(st.booleans()) and rows:
        rows.append(draw(st.sampled_from(rows)))  # repeated keys
    return Example(schema, draw(_texts(header, rows)))


@st.composite
def _schemas(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    fields = [draw(_fields(name)) for name in names]
    schema: dict[str, Any] = {"$schema": V2, "fields": fields}
    if draw(st.booleans()):
        schema["missingValues"] = draw(st.sampled_from([[""], ["", "NA"], ["", "-", "NA"], ["NA"], []]))
    keyed = [field["name"] for field in fields if field["type"] not in {"object", "array", "geopoint"}]
    if draw(st.booleans()) and keyed:
        schema["primaryKey"] = draw(st.lists(st.sampled_from(keyed), min_size=1, max_size=2, unique=True))
    if len(keyed) > 1 and draw(st.integers(0, 3)) == 0:
        child, parent = draw(st.permutations(keyed))[:2]
        schema["foreignKeys"] = [{"fields": [child], "reference": {"resource": "", "fields": [parent]}}]
    return schema


@st.composite
def _fields(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(SOUND)))
    field: dict[str, Any] = {"name": name, "type": kind}
    constraints: dict[str, Any] = {}
    if draw(st.booleans()):
        constraints["required"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0 and kind not in {"object", "array", "geopoint"}:
        constraints["unique"] = True
    if kind in ORDERED and draw(st.booleans()):
        limit = draw(st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]))
        constraints[limit] = draw(st.sampled_from(ORDERED[kind]))
    if kind == "string" and draw(st.booleans()):
        choice = draw(st.sampled_from(["minLength", "maxLength", "pattern", "enum"]))
        values: dict[str, st.SearchStrategy[Any]] = {
            "pattern": st.sampled_from(PATTERNS),
            "enum": st.just(["a", "abc", "Ω"]),
        }
        constraints[choice] = draw(values.get(choice, st.integers(0, 4)))
    if kind in {"integer", "number", "boolean", "date"} and draw(st.integers(0, 4)) == 0:
        constraints["enum"] = draw(st.lists(st.sampled_from(SOUND[kind]), min_size=1, max_size=3, unique=True))
    if kind == "array" and draw(st.booleans()):
        constraints[draw(st.sampled_from(["minLength", "maxLength"]))] = 1
    if constraints:
        field["constraints"] = constraints
    if draw(st.integers(0, 9)) == 0:
        field["missingValues"] = ["-"]
    return field


@st.composite
def _headers(draw: st.DrawFn, names: list[str]) -> list[str]:
    change = draw(st.integers(0, 19))
    if change == 0:
        return list(draw(st.permutations(names)))
    if change == 1:
        return [*names, draw(st.sampled_from(["extra", names[0], ""]))]
    if change == 2:
        return names[:-1] or ["other"]
    return list(names)


@st.composite
def _rows(draw: st.DrawFn, fields: list[dict[str, Any]]) -> list[str]:
    row = [draw(_cells(field["type"])) for field in fields]
    change = draw(st.integers(0, 24))
    if change == 0:
        return []
    if change == 1:
        return row[:-1]
    if change == 2:
        return [*row, draw(st.sampled_from(["", "x", "1"]))]
    if change == 3:
        return [draw(st.sampled_from(TOKENS))] * len(fields)
    return row


def _cells(kind: str) -> st.SearchStrategy[str]:
    sound = st.sampled_from(SOUND[kind])
    nasty = st.sampled_from(NASTY[kind])
    free = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=4)
    return st.one_of(sound, sound, sound, sound, st.sampled_from(TOKENS), nasty, free)


@st.composite
def _texts(draw: st.DrawFn, header: list[str], rows: list[list[str]]) -> str:
    quoting: Literal[0, 1] = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    buffer = io.StringIO()
    csv.writer(buffer, quoting=quoting, lineterminator=ending).writerows([header, *rows])
    text = buffer.getvalue()
    if draw(st.integers(0, 3)) == 0:
        text = text.removesuffix(ending)
    if draw(st.integers(0, 19)) == 0:
        place = draw(st.integers(min_value=text.find(ending) + 1 if ending in text else 0, max_value=len(text)))
        text = text[:place] + draw(st.sampled_from(['"', '""', ",", ending])) + text[place:]
    return text
