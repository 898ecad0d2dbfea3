"""Whether every format of a table holds what its canonical CSV holds, cell by cell.

The CSV is the identity of the data: its sha256 is the content digest in `release.json`. It is typed as it was when the release was
built and compared with what each other file gives back, so that equal columns mean an equal content digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from deedbook.descriptor import Resource, load_package
from deedbook.integrity.proof import Outcome, Problem, Progress
from deedbook.project import DESCRIPTOR
from deedbook.release.formats import CSV, FORMATS, Format, format_of
from deedbook.release.formats.columns import LeftOutError, UnlikeError, first_differences
from deedbook.release.formats.csv import read_csv
from deedbook.release.tables import Outline, Table, loss, schema_of, type_rows

REPORT = "validation.json"
MOST_SHOWN = 3
"""Differences of one table in one file that are told one by one."""
_HEADER_ROWS = 2
"""The record number of the first row."""


def check_formats(folder: Path, dataset: str, sound: Set[str], outcome: Outcome, progress: Progress) -> None:
    """Compares every table in every format.

    Args:
        folder: The release.
        dataset: Its name, which is that of the files with all tables.
        sound: The files that are there and agree with `SHA256SUMS`: a damaged one is named once, for that.
        outcome: Takes the problems.
        progress: Told which table is read.
    """
    if DESCRIPTOR not in sound:
        outcome.not_checked.append(f"formats: {DESCRIPTOR} is missing or damaged")
        return
    try:
        resources = {item.name: item for item in load_package(folder / DESCRIPTOR).resources}
    except _FAILURES as error:
        outcome.report("format-unreadable", DESCRIPTOR, f"is no descriptor: {first_line(error)}")
        return
    for name in sorted(sound):
        is_named_as_data = name.partition(".")[0] in resources and not name.endswith(".diff.csv")
        if (is_named_as_data or PurePath(name).stem == dataset) and not format_of(name, {*resources}, dataset):
            outcome.not_checked.append(f"formats: {name} is of no format that is known here")
    counted = _counted(folder, sound)
    tables, suffixes = 0, set[str]()
    for number, (name, resource) in enumerate(resources.items()):
        progress(f"comparing {name}", number / len(resources))
        here = [item for item in FORMATS if item.file_name(name, dataset) in sound]
        if CSV not in here:
            continue
        try:
            table, keys = _read_table(folder, resource, outcome, counted.get(name))
        except _FAILURES as error:
            outcome.report("format-unreadable", f"{name}.csv", f"cannot be read: {first_line(error)}")
            continue
        tables += 1
        for place, item in enumerate(here):
            progress(f"comparing {name}", (number + place / len(here)) / len(resources))
            if item is not CSV:
                path = folder / item.file_name(name, dataset)
                suffixes |= _compare(table, keys, item, path, [*resources], outcome)
    formats = ", ".join(sorted(suffixes)) or "no other format"
    outcome.checked.append(
        f"{tables} tables equal in csv and {formats}" if tables != 1 else f"1 table in csv and {formats}"
    )


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


def _read_table(
    folder: Path, resource: Resource, outcome: Outcome, counted: dict[str, Any] | None
) -> tuple[Table, pl.DataFrame]:
    """A table of the release as its CSV has it, and its key columns as text, to name a cell."""
    name, schema = resource.name, schema_of(resource)
    text = read_csv(folder / f"{name}.csv")
    if text.columns != list(schema.names):
        raise UnlikeError("has other columns than datapackage.json says")
    rows, _ = type_rows(text, schema)
    if lost := loss(text, **(counted or {"rows": text.height, "present": {}})):
        outcome.report("format-differs", f"{name}.csv", f"{lost} ({REPORT})")
    return Table(Outline(name, schema), rows), text.select(schema.primary_key)


def _compare(
    table: Table, keys: pl.DataFrame, item: Format, path: Path, tables: Sequence[str], outcome: Outcome
) -> set[str]:
    """Tells how a file differs from the table; the suffix of its format, if that holds the table."""
    try:
        outcome.problems += _differences(table, keys, item, path, tables)
    except LeftOutError as reason:
        outcome.not_checked.append(f"formats: {item.title} does not hold {table.name}: {reason}")
        return set()
    return {item.suffix.removeprefix(".")}


def _differences(
    table: Table, keys: pl.DataFrame, item: Format, path: Path, tables: Sequence[str]
) -> Iterator[Problem]:
    """How a file differs from the table; the first cells one by one."""
    differs = partial(Problem, rule="format-differs", file=path.name, table=table.name)
    try:
        count, differences = first_differences(item.codec.read(table, path, tables), MOST_SHOWN)
    except LeftOutError:
        raise
    except UnlikeError as error:
        yield differs(message=str(error))
        return
    except _FAILURES as error:
        message = f"cannot be read: {first_line(error)}"
        yield Problem(rule="format-unreadable", file=path.name, table=table.name, message=message)
        return
    for one in differences:
        expected, found = (None if value is None else str(value) for value in (one.expected, one.found))
        yield differs(
            row=one.row + _HEADER_ROWS,
            key="|".join(map(str, keys.row(one.row))) if keys.width else None,
            column=one.name,
            expected=expected,
            found=found,
            message=f"holds {'nothing' if found is None else repr(found)} where {table.name}.csv has {expected!r}",
        )
    if count > len(differences):
        yield differs(message=f"differs from {table.name}.csv in {count - len(differences):,} more cells")


def first_line(error: BaseException) -> str:
    """What an error says first; its kind when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


_FAILURES = (Exception, pl.exceptions.PanicException)
"""What foreign readers raise on a damaged file: anything, and the panics of Rust code."""
