"""The agreed differences between ours and frictionless-py: each names the items that it explains, with an id and a reason.

A difference that no deviation explains fails the fuzzer. docs/reference/conformance.md lists the ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.conformance.recorded import HEADER
from tests.conformance.verdict import Item
from tests.fuzz.generating import Example

KEYS = frozenset({"primary-key", "foreign-key", "unique-error"})
# Lexical forms of the Data Package v2 text; what frictionless accepts beyond them is `lax-text`.
STRICT = {
    "integer": re.compile(r"[+-]?[0-9]+"),
    "number": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time": re.compile(r"(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"),
    "datetime": re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"
    ),
    "year": re.compile(r"[0-9]{4}"),
    "yearmonth": re.compile(r"[0-9]{4}-[0-9]{2}"),
    "duration": re.compile(r"-?P(?=.)([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"),
    "geopoint": re.compile(r"[^,\s]+, ?[^,\s]+"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What only one side says of an example."""

    example: Example
    ours: frozenset[Item]
    theirs: frozenset[Item]
    all_ours: frozenset[Item]
    all_theirs: frozenset[Item]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One agreed difference: `explains` gives the items of either side that follow from it."""

    id: str
    reason: str
    explains: Callable[[Difference], set[Item]]


def unexplained(difference: Difference, *, lenient: bool) -> tuple[set[Item], set[Item]]:
    """The items of ours and of theirs that no deviation explains; with --lenient ours takes every text that frictionless takes."""
    ours, theirs = set(difference.ours), set(difference.theirs)
    for deviation in DEVIATIONS:
        if not lenient and deviation.explains is _lenient_nan:
            continue
        if lenient and deviation.explains is _lax_text:
            continue
        if not ours and not theirs:
            break
        explained = deviation.explains(difference)
        ours -= explained
        theirs -= explained
    return ours, theirs


def _fields(example: Example) -> list[dict[str, Any]]:
    return list(example.schema["fields"])


def _missing(example: Example, field: dict[str, Any]) -> list[str]:
    return list(field.get("missingValues", example.schema.get("missingValues", [""])))


def _cell(example: Example, item: Item) -> tuple[dict[str, Any], str] | None:
    """The field and the text that an item is about; None where there is no such cell."""
    records, fields = example.records(), _fields(example)
    if item.row is None or item.field is None or item.row > len(records) or item.field > len(fields):
        return None
    cells = records[item.row - 1]
    return (fields[item.field - 1], cells[item.field - 1]) if item.field <= len(cells) else None


def _is_beyond(example: Example, item: Item) -> bool:
    """Whether an item is about a column that no field describes."""
    return item.field is not None and item.field > len(_fields(example))


def _is_lax(example: Example, field: dict[str, Any], text: str) -> bool:
    strict = STRICT.get(field["type"])
    return strict is not None and text not in _missing(example, field) and strict.fullmatch(text) is None


def _key_fields(example: Example) -> list[set[str]]:
    """The fields of each key, those that it refers to included."""
    schema = example.schema
    keys = [set(schema.get("primaryKey", ()))]
    keys += [{field["name"]} for field in _fields(example) if field.get("constraints", {}).get("unique")]
    for key in schema.get("foreignKeys", ()):
        keys.append({*key["fields"], *key["reference"]["fields"]})
    return keys


def _keys_touched_by(difference: Difference, cells: set[tuple[int, int]]) -> set[Item]:
    """Every key item that may follow from another judgement of those cells."""
    example = difference.example
    names = [field["name"] for field in _fields(example)]
    touched = {names[number - 1] for _, number in cells if number <= len(names)}
    if not any(key & touched for key in _key_fields(example)):
        return set()
    return {item for item in difference.ours | difference.theirs if item.type in KEYS}


def _uneven_rows(difference: Difference) -> set[Item]:
    rows = {item.row for item in difference.all_ours if item.type in {"missing-cell", "extra-cell", "blank-row"}}
    touched = {item for item in difference.ours | difference.theirs if item.row in rows}
    keys = {item for item in difference.ours | difference.theirs if item.type in KEYS} if rows else set()
    return touched | keys


def _lax_text(difference: Difference) -> set[Item]:
    example = difference.example
    cells = set()
    for item in difference.ours:
        found = _cell(example, item) if item.type == "type-error" else None
        if found and _is_lax(example, *found):
            cells.add((item.row or 0, item.field or 0))
    explained = {item for item in difference.ours | difference.theirs if (item.row, item.field) in cells}
    return explained | _keys_touched_by(difference, cells)


def _lenient_nan(difference: Difference) -> set[Item]:
    example = difference.example
    cells = {
        (row, position)
        for row, record in enumerate(example.records()[1:], start=2)
        for position, (field, text) in enumerate(zip(_fields(example), record, strict=False), start=1)
        if field["type"] == "number" and re.fullmatch(r"\s*[+-]?s?nan\d*\s*", text, re.IGNORECASE)
    }
    return _keys_touched_by(difference, cells)


def _special_numbers(difference: Difference) -> set[Item]:
    example = difference.example
    cells = set()
    for item in difference.ours | difference.theirs:
        found = _cell(example, item)
        if (
            found
            and found[0]["type"] == "number"
            and re.fullmatch(r"\s*[+-]?s?(nan|inf|infinity)\d*\s*", found[1], re.IGNORECASE)
        ):
            cells.add((item.row or 0, item.field or 0))
    explained = {item for item in difference.ours | difference.theirs if (item.row, item.field) in cells}
    return explained | _keys_touched_by(difference, cells)


def _pattern_anchors(difference: Difference) -> set[Item]:
    explained = set()
    for item in difference.ours:
        found = _cell(difference.example, item)
        if item.type == "constraint-error" and found and "pattern" in found[0].get("constraints", {}):
            pattern = found[0]["constraints"]["pattern"]
            if "|" in pattern or found[1].endswith("\n"):
                explained.add(item)
    return explained


def _partial_primary_key(difference: Difference) -> set[Item]:
    example = difference.example
    names = example.schema.get("primaryKey", [])
    records = example.records()
    explained = set()
    for item in difference.ours | difference.theirs:
        if item.type != "primary-key" or item.row is None or item.row > len(records):
            continue
        cells = records[item.row - 1]
        for number, field in enumerate(_fields(example)):
            if field["name"] in names and (number >= len(cells) or cells[number] in _missing(example, field)):
                explained.add(item)
    return explained


def _key_of_a_bad_cell(difference: Difference) -> set[Item]:
    """A cell that was reported already (bad, missing from a short row) is no value; frictionless counts it as null."""
    bad_rows = {item.row for item in difference.all_ours if item.type in {"type-error", "missing-cell", "blank-row"}}
    return {item for item in difference.theirs if item.type in KEYS and item.row in bad_rows}


def _missing_key_part(difference: Difference) -> set[Item]:
    """A missing part of a primary key is one finding, though the field may be `required` besides."""
    example = difference.example
    rows = {item.row for item in difference.all_ours if item.type == "primary-key"}
    names = example.schema.get("primaryKey", [])

    def is_part(item: Item) -> bool:
        found = _cell(example, item)
        return found is not None and found[0]["name"] in names and found[1] in _missing(example, found[0])

    broken = {item for item in difference.theirs if item.type == "constraint-error" and item.row in rows}
    return {item for item in broken if is_part(item)}


def _constraint_on_a_missing_cell(difference: Difference) -> set[Item]:
    missing = {(item.row, item.field) for item in difference.all_theirs if item.type == "missing-cell"}
    return {item for item in difference.theirs if item.type == "constraint-error" and (item.row, item.field) in missing}


def _row_of_missing_values(difference: Difference) -> set[Item]:
    blank = {item.row for item in difference.theirs if item.type == "blank-row"}
    records = difference.example.records()
    blank = {row for row in blank if row is not None and row <= len(records) and records[row - 1]}
    return {item for item in difference.ours | difference.theirs if item.row in blank}


def _broken_header(difference: Difference) -> set[Item]:
    if not any(item.type in HEADER for item in difference.all_ours | difference.all_theirs):
        return set()
    explained = {item for item in difference.ours | difference.theirs if item.type in HEADER}
    explained |= {item for item in difference.theirs if item.row is not None}
    labels = difference.example.records()[0]
    explained |= {
        item for item in difference.ours if item.type == "missing-cell" and _is_beyond(difference.example, item)
    }
    is_reordered = sorted(labels) == sorted(field["name"] for field in _fields(difference.example))
    return explained | ({item for item in difference.ours if item.row is not None} if is_reordered else set())


def _unclosed_row(difference: Difference) -> int | None:
    """The record whose quote is never closed; the header has no row."""
    return next((item.row or 1 for item in difference.all_ours if item.type == "unclosed-quote"), None)


def _unclosed_quote(difference: Difference) -> set[Item]:
    """Python's csv reads to the end of the file without a word; ours names the quote and reads nothing after it."""
    first = _unclosed_row(difference)
    if first is None:
        return set()
    after = {item for item in difference.ours | difference.theirs if (item.row or 1) >= first}
    return after | {item for item in difference.ours | difference.theirs if item.type in KEYS}


def _only_blank_rows(difference: Difference) -> set[Item]:
    opened = _unclosed_row(difference)
    if any(difference.example.records()[1 : opened - 1 if opened else None]):
        return set()
    return {item for item in difference.ours if item == Item(2, None, "blank-row")}


def _keys_across_types(difference: Difference) -> set[Item]:
    kinds = {field["name"]: _COMPARED_AS.get(field["type"], field["type"]) for field in _fields(difference.example)}
    for key in difference.example.schema.get("foreignKeys", ()):
        if [kinds[name] for name in key["fields"]] != [kinds[name] for name in key["reference"]["fields"]]:
            return {item for item in difference.ours | difference.theirs if item.type == "foreign-key"}
    return set()


_COMPARED_AS = {"integer": "number", "any": "string"}


DEVIATIONS = (
    Deviation(
        "lax-text",
        "The Data Package v2 text fixes the lexical form; frictionless reads with Python's int, Decimal, strptime and dateutil, "
        "which accept surrounding space, `1_000`, digits of other scripts, `2024-1-1`, `24:00:00`. `--lenient` accepts them too.",
        _lax_text,
    ),
    Deviation(
        "lenient-nan",
        "With `--lenient`, NaN in a key equals NaN, as a text would; to frictionless, where it equals nothing, the key is never repeated "
        "and never found.",
        _lenient_nan,
    ),
    Deviation(
        "special-numbers",
        "NaN and infinity in the spellings of Python's Decimal (`Infinity`, `sNaN`, `nan1`) are no numbers of the standard.",
        _special_numbers,
    ),
    Deviation(
        "pattern-matches-whole-value",
        "frictionless matches `^PATTERN$`: `a|b` then means `^a` or `b$`, and `$` lets a final line break through.",
        _pattern_anchors,
    ),
    Deviation(
        "partial-primary-key",
        "The standard forbids a missing part of a primary key; frictionless only a key that is missing as a whole (frictionless-py#1623).",
        _partial_primary_key,
    ),
    Deviation(
        "key-of-a-bad-cell",
        "One cause, one finding: a bad or missing cell is not reported again by the key that it belongs to.",
        _key_of_a_bad_cell,
    ),
    Deviation(
        "missing-key-part",
        "One cause, one finding: a missing part of a primary key is not also a broken `required`.",
        _missing_key_part,
    ),
    Deviation(
        "keys-across-types",
        "A foreign key between fields of different types: ours compares numbers as numbers and everything else by canonical text; "
        "frictionless compares what Python makes of it, where true is 1, a year an integer, and a date never its text.",
        _keys_across_types,
    ),
    Deviation(
        "constraint-on-a-missing-cell",
        "One cause, one finding: a cell that a short row lacks is a missing-cell, not also a broken `required`.",
        _constraint_on_a_missing_cell,
    ),
    Deviation(
        "cause-of-a-broken-header",
        "One cause, one finding: a file without a header, or with a row above it, is named as such, and nothing that follows from it.",
        lambda difference: (
            {*difference.ours, *difference.theirs}
            if any(item.type == "dialect-error" for item in difference.all_ours)
            else set()
        ),
    ),
    Deviation(
        "stray-quote",
        "Text behind a closing quote is an error, because readers differ in what they make of it; its value is frictionless'.",
        lambda difference: {item for item in difference.ours if item.type == "stray-quote"},
    ),
    Deviation(
        "cells-of-uneven-rows",
        "One cause, one finding: the cells and keys of a row that is too long or too short, or all empty, are not judged.",
        _uneven_rows,
    ),
    Deviation(
        "row-of-missing-values",
        "A row whose cells are all missing values is a row: its required cells are named; blank is the record without any cell.",
        _row_of_missing_values,
    ),
    Deviation(
        "broken-header",
        "One cause, one finding: cells are not judged, or judged by name, where a label is wrong.",
        _broken_header,
    ),
    Deviation(
        "only-blank-rows",
        "In a file of nothing but blank rows frictionless does not count the first of them.",
        _only_blank_rows,
    ),
    Deviation(
        "unclosed-quote",
        "A quote that is never closed is a finding, and what it swallowed is not judged.",
        _unclosed_quote,
    ),
)
