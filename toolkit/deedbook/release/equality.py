"""Whether every format of a table holds what its canonical CSV holds, cell by cell.

The CSV is the identity of the data: its sha256 is the content digest in `release.json`. It is typed as it was when the release was
built and compared with what each other file gives back, so that equal columns mean an equal content digest.
"""

import json
import shutil
from collections.abc import Iterator, Sequence, Set
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from deedbook import files
from deedbook.descriptor import Resource, load_package
from deedbook.errors import SpaceError
from deedbook.integrity.proof import Outcome, Problem, Progress
from deedbook.project import DESCRIPTOR
from deedbook.release.formats import CSV, FORMATS, Format, format_of
from deedbook.release.formats.cells import Difference, LeftOutError, UnlikeError, first_differences
from deedbook.release.formats.csv import read_parts, row_of
from deedbook.release.rows import part_bytes
from deedbook.release.tables import Outline, Table, loss, schema_of, type_parts

REPORT = "validation.json"
MOST_SHOWN = 3
"""Differences of one table in one file that are told one by one."""
_HEADER_ROWS = 2
"""The record number of the first row."""


def check_formats(
    folder: Path, dataset: str, sound: Set[str], outcome: Outcome, progress: Progress, memory: int
) -> None:
    """Compares every table in every format.

    Args:
        folder: The release.
        dataset: Its name, which is that of the files with all tables.
        sound: The files that are there and agree with `SHA256SUMS`: a damaged one is named once, for that.
        outcome: Takes the problems.
        progress: Told which table is read.
        memory: Bytes; with less of it, less of a table is in memory at a time.

    Raises:
        SpaceError: when there is no room for the values of a table.
    """
    if DESCRIPTOR not in sound:
        outcome.not_checked.append(f"formats: {DESCRIPTOR} is missing or damaged")
        return
    try:
        resources = {item.name: item for item in load_package(folder / DESCRIPTOR).resources}
    except _FAILURES as error:
        outcome.report("format-unreadable", DESCRIPTOR, f"is no descriptor: {first_line(error)}")
        return
    outcome.not_checked += _unknown_files(sound, resources.keys(), dataset)
    counted = _counted(folder, sound)
    suffixes: list[set[str]] = []
    for number, (name, resource) in enumerate(resources.items()):
        progress(f"comparing {name}", number / len(resources))
        here = {item: folder / file for item in FORMATS if (file := item.file_among(sound, name, dataset))}
        with files.scratch("verify") as scratch:
            source, size = here.pop(CSV, None), part_bytes(memory)
            if source and (free := shutil.disk_usage(scratch).free) < (needed := source.stat().st_size) / 2:
                said = f"its values take some {needed / 1e6:,.1f} MB in {scratch.parent}, and {free / 1e6:,.1f} MB are free"
                raise SpaceError(f"the disk is too full to compare {name}: {said}", "free some space, or set TMPDIR")
            table = _read_table(source, resource, outcome, counted.get(name), scratch, size)
            if source is None or table is None:
                continue
            suffixes.append(set())
            for place, (item, path) in enumerate(here.items(), start=1):
                progress(f"comparing {name}", (number + place / (len(here) + 1)) / len(resources))
                suffixes[-1] |= _compare(table, source, item, path, [*resources], outcome)
    formats = ", ".join(sorted(set().union(*suffixes))) or "no other format"
    outcome.checked.append(f"{len(suffixes)} table{'s equal' * (len(suffixes) != 1)} in csv and {formats}")


def _unknown_files(sound: Set[str], tables: Set[str], dataset: str) -> Iterator[str]:
    """Says of each file that looks like data and is of no format that it was not compared."""
    for name in sorted(sound):
        is_data = name.partition(".")[0] in tables and not name.endswith(".diff.csv")
        if (is_data or PurePath(name).stem == dataset) and not format_of(name, tables, dataset):
            yield f"formats: {name} is of no format that is known here"


def _counted(folder: Path, sound: Set[str]) -> dict[str, dict[str, Any]]:
    """What validation counted, by table; nothing when the report does not say it as a report does."""
    if REPORT not in sound:
        return {}
    try:
        return {
            str(entry["table"]): {"rows": int(entry["rows"]), "present": dict(entry.get("present", {}))}
            for entry in json.loads((folder / REPORT).read_bytes())["tables"]
        }
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _read_table(
    path: Path | None, resource: Resource, outcome: Outcome, counted: dict[str, Any] | None, scratch: Path, size: int
) -> Table | None:
    """A table of the release as its CSV has it, in a folder, in parts of about so many bytes; None when it cannot be read."""
    if path is None:
        return None
    try:
        schema = schema_of(resource)
        filled = dict.fromkeys(next(read_parts(path, size)).columns, 0)
        if [*filled] != list(schema.names):
            raise UnlikeError("has other columns than datapackage.json says")

        def text() -> Iterator[pl.DataFrame]:
            filled.update(dict.fromkeys(filled, 0))
            for part in read_parts(path, size):
                for column in part.iter_columns():
                    filled[column.name] += column.count()
                yield part

        rows, _ = type_parts(text, schema, scratch / "values")
        if lost := loss(rows.height, filled, **(counted or {"rows": rows.height, "present": {}})):
            outcome.report("format-differs", path.name, f"{lost} ({REPORT})")
        return Table(Outline(resource.name, schema), rows)
    except _FAILURES as error:
        if files.is_full(error):  # where the values are put: nothing is wrong with the release
            raise
        outcome.report("format-unreadable", path.name, f"cannot be read: {first_line(error)}")
        return None


def _compare(table: Table, source: Path, item: Format, path: Path, tables: Sequence[str], outcome: Outcome) -> set[str]:
    """Tells how a file differs from the table, the first cells one by one; the suffix of its format, if that holds the table.

    `source` is the CSV of the table.
    """
    differs = partial(Problem, rule="format-differs", file=path.name, table=table.name)
    count, differences = 0, list[Difference]()
    try:
        count, differences = first_differences(item.codec.read(table, path, tables), MOST_SHOWN)
    except LeftOutError as reason:
        outcome.not_checked.append(f"formats: {item.title} does not hold {table.name}: {reason}")
        return set()
    except ModuleNotFoundError as error:
        outcome.not_checked.append(f"formats: {path.name}: the package {error.name} is not installed here")
        return set()
    except UnlikeError as error:
        outcome.problems.append(differs(message=str(error)))
    except _FAILURES as error:
        outcome.problems.append(differs(rule="format-unreadable", message=f"cannot be read: {first_line(error)}"))
    for one in differences:
        expected, found = one.texts
        holds = f"holds {'nothing' if found is None else repr(found)} where {table.name}.csv has {expected!r}"
        key = (
            "|".join(map(str, row_of(source, one.row, table.schema.primary_key))) if table.schema.primary_key else None
        )
        row = one.row + _HEADER_ROWS
        outcome.problems.append(
            differs(row=row, key=key, column=one.name, expected=expected, found=found, message=holds)
        )
    if count > len(differences):
        left = f"differs from {table.name}.csv in {count - len(differences):,} more cells"
        outcome.problems.append(differs(message=left))
    return {item.suffix.removeprefix(".")}


def first_line(error: BaseException) -> str:
    """What an error says first; its kind when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


_FAILURES = (Exception, pl.exceptions.PanicException)
"""What foreign readers raise on a damaged file: anything, and the panics of Rust code."""
