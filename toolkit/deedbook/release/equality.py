"""Whether every format of a table holds what its canonical CSV holds, cell by cell.

The CSV is the identity of the data: its sha256 is the content digest in `release.json`. It is typed as it was when the release was
built and compared with what each other file gives back, so that equal columns mean an equal content digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from deedbook.descriptor import Package, load_package
from deedbook.integrity.proof import Outcome, Problem, Rule
from deedbook.release.formats import CSV, FORMATS, Format, format_of
from deedbook.release.formats.comparison import Difference, UnlikeError, first_differences
from deedbook.release.formats.csv import read_csv
from deedbook.release.tables import Outline, Table, loss, schema_of, type_rows

REPORT = "validation.json"
MOST_SHOWN = 3
"""Differences of one table in one file that are told one by one."""
_HEADER_ROWS = 2
"""The record number of the first row."""
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class _Source:
    """A table of the release, and its key columns as text, to name a cell."""

    table: Table
    keys: pl.DataFrame


def check_formats(folder: Path, dataset: str, sound: Set[str], outcome: Outcome, progress: Progress) -> None:
    """Compares every table in every format.

    Args:
        folder: The release.
        dataset: Its name, which is that of the files with all tables.
        sound: The files that are there and agree with `SHA256SUMS`: a damaged one is named once, for that.
        outcome: Takes the problems.
        progress: Told which table is read.
    """
    package = _package(folder, sound, outcome)
    if package is None:
        return
    names = [item.name for item in package.resources]
    unread = sorted(
        name for name in sound if _may_hold_rows(name, names, dataset) and not format_of(name, {*names}, dataset)
    )
    outcome.not_checked += [f"formats: {name} is of no format that is known here" for name in unread]
    suffixes, tables, counted = set[str](), 0, _counted(folder, sound)
    for number, table in enumerate(names):
        progress(f"comparing {table}", number / len(names))
        if CSV.file_name(table, dataset) not in sound:
            continue
        try:
            text = _read_csv(folder, package, table)
            source = _source(text, package, table)
        except _FAILURES as error:
            outcome.report("format-unreadable", f"{table}.csv", f"cannot be read: {_first_line(error)}")
            continue
        tables += 1
        if lost := loss(text, **counted.get(table, {"rows": text.height, "present": {}})):
            outcome.report("format-differs", f"{table}.csv", f"{lost} ({REPORT})")
        del text
        others = [item for item in FORMATS if item is not CSV and item.file_name(table, dataset) in sound]
        for place, item in enumerate(others):
            progress(f"comparing {table}", (number + place / len(others)) / len(names))
            suffixes.add(item.suffix)
            outcome.problems += _compare(source, item, folder / item.file_name(table, dataset), names)
    formats = ", ".join(sorted(suffix.removeprefix(".") for suffix in suffixes)) or "no other format"
    outcome.checked.append(
        f"{tables} tables equal in csv and {formats}" if tables != 1 else f"1 table in csv and {formats}"
    )


def _may_hold_rows(name: str, tables: Sequence[str], dataset: str) -> bool:
    """Whether a file is named as files of data are."""
    return (name.partition(".")[0] in tables and not name.endswith(".diff.csv")) or PurePath(name).stem == dataset


def _package(folder: Path, sound: Set[str], outcome: Outcome) -> Package | None:
    if "datapackage.json" not in sound:
        outcome.not_checked.append("formats: datapackage.json is missing or damaged")
        return None
    try:
        return load_package(folder / "datapackage.json")
    except _FAILURES as error:
        outcome.report("format-unreadable", "datapackage.json", f"is no descriptor: {_first_line(error)}")
        return None


def _counted(folder: Path, sound: Set[str]) -> dict[str, dict[str, Any]]:
    """What validation counted, by table; nothing when the report does not say it, or not as a report does."""
    try:
        entries = json.loads((folder / REPORT).read_bytes())["tables"] if REPORT in sound else []
        return {
            str(entry["table"]): {"rows": int(entry["rows"]), "present": dict(entry.get("present", {}))}
            for entry in entries
        }
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _read_csv(folder: Path, package: Package, name: str) -> pl.DataFrame:
    text = read_csv(folder / f"{name}.csv")
    if text.columns != list(schema_of(package.resource(name)).names):
        raise UnlikeError("has other columns than datapackage.json says")
    return text


def _source(text: pl.DataFrame, package: Package, name: str) -> _Source:
    schema = schema_of(package.resource(name))
    rows, _ = type_rows(text, schema, name)
    return _Source(Table(Outline(name, schema), rows), text.select(schema.primary_key))


def _compare(source: _Source, item: Format, path: Path, tables: Sequence[str]) -> list[Problem]:
    table, name = source.table.name, path.name
    try:
        count, differences = first_differences(item.codec.read(source.table, path, tables), MOST_SHOWN)
    except _FAILURES as error:
        rule: Rule = "format-differs" if isinstance(error, UnlikeError) else "format-unreadable"
        message = str(error) if isinstance(error, UnlikeError) else f"cannot be read: {_first_line(error)}"
        return [Problem(rule=rule, file=name, table=table, message=message)]
    found = [_difference(source, name, one) for one in differences]
    if count > len(found):
        message = f"differs from {table}.csv in {count - len(found):,} more cells"
        found.append(Problem(rule="format-differs", file=name, table=table, message=message))
    return found


def _difference(source: _Source, name: str, item: Difference) -> Problem:
    keys = source.table.schema.primary_key
    expected, found = _shown(item.expected), _shown(item.found)
    return Problem(
        rule="format-differs",
        file=name,
        table=source.table.name,
        row=item.row + _HEADER_ROWS,
        key="|".join(str(source.keys[key][item.row]) for key in keys) if keys else None,
        column=item.name,
        expected=expected,
        found=found,
        message=f"holds {found!r} where {source.table.name}.csv has {expected!r}"
        if found is not None
        else f"holds nothing where {source.table.name}.csv has {expected!r}",
    )


def _shown(value: object) -> str | None:
    return None if value is None else str(value)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


_FAILURES = (Exception, pl.exceptions.PanicException)
"""What foreign readers raise on a damaged file: anything, and the panics of Rust code."""
