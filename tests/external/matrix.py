"""What each reader finds in its format of a release, in one line each: `python -m tests.external.matrix [FOLDER ...]`.

Without a folder, two releases are built: the reference dataset, and a table of everything that breaks formats. The first line is what
the CSV holds; every other says whether it is the same, or names the first difference. Exit code 1 when one differs.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import polars as pl
import pyreadstat

from deedbook.project import load_project
from deedbook.release.build import build
from deedbook.validation import Options
from tests.external.conftest import ROOT
from tests.external.test_readers import (
    HARD,
    READERS,
    Facts,
    agree,
    facts,
    in_pspp,
    in_r,
    lines_of_r,
    read,
    tables_of,
)
from tests.release.conftest import write_project

HEADER = ("reader", "tables", "rows", "missing", "longest", "first day", "last day", "labels", "verdict")
Line = tuple[str, ...]


def matrix(folder: Path) -> Iterator[Line]:
    """One line per reader."""
    expected = {table: list(facts(table, pl.read_parquet(folder / f"{table}.parquet"))) for table in tables_of(folder)}
    yield _line("the release", expected, expected, None)
    for reader in (*READERS, "sqlite by sqlite3"):
        found = {table: list(facts(table, read(reader, table, folder))) for table in expected}
        yield _line(reader, expected, found, labels(reader, folder))
    by_r = in_r(folder)
    shown = {(line[0], line[1], line[2]): line[8] for line in lines_of_r(folder)}
    for kind in ("csv", "rds", "dta", "sav", "sqlite", "xlsx"):
        found = {table: entries for (name, table), entries in by_r.items() if name == kind}
        count = sum(len(text.split("|")) for (name, _, _), text in shown.items() if name == kind and text)
        yield _line(f"{kind} by R", expected, found, count or None)
    texts = {table: [entry for entry in entries if entry.longest is not None] for table, entries in expected.items()}
    yield _line("sav by PSPP (text)", texts, in_pspp(folder), None)


def labels(reader: str, folder: Path) -> int | None:
    """How many value labels a reader of statistics files finds; None for a format that has none."""
    if reader == "dta by pandas":
        count = 0
        for table in tables_of(folder):
            with pd.read_stata(folder / f"{table}.dta", iterator=True) as stata:
                count += sum(len(codes) for codes in stata.value_labels().values())
        return count
    read_one = {"dta by pyreadstat": pyreadstat.read_dta, "sav by pyreadstat": pyreadstat.read_sav}.get(reader)
    if read_one is None:
        return None
    suffix = reader.split()[0]
    metas = [read_one(str(folder / f"{table}.{suffix}"))[1] for table in tables_of(folder)]
    return sum(len(codes) for meta in metas for codes in meta.variable_value_labels.values())


def _line(reader: str, expected: dict[str, list[Facts]], found: dict[str, list[Facts]], labelled: int | None) -> Line:
    faults = [f"{table} is missing" for table in expected if table not in found]
    faults += [fault for table, entries in found.items() for fault in agree(expected[table], entries)]
    known = {(entry.table, entry.column) for entries in expected.values() for entry in entries}
    own = [entry for entries in found.values() for entry in entries if (entry.table, entry.column) in known]
    days = [day for entry in own for day in (entry.first, entry.last) if day]
    numbers = (
        len(found),
        sum(max((e.rows for e in entries), default=0) for entries in found.values()),
        sum(entry.missing for entry in own),
        max((entry.longest or 0 for entry in own), default=0),
    )
    verdict = "the same" if not faults else f"differs: {faults[0]}"
    said = "" if labelled is None else f"{labelled:,}"
    return (reader, *(f"{number:,}" for number in numbers), min(days, default=""), max(days, default=""), said, verdict)


def table(lines: Sequence[Line]) -> Iterator[str]:
    """The lines in columns."""
    rows = [HEADER, *lines]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADER))]
    for row in rows:
        cells = (
            cell.ljust(width) if at in {0, 8} else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def built(scratch: Path) -> Iterator[Path]:
    """The two releases that are read when none is named."""
    for name in ("deedbook.toml", "datapackage", "schemas"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, scratch / "reference" / name)
    for project in (load_project(scratch / "reference"), write_project(scratch / "hard", HARD)):
        release = build(project, Options(trust_rules=True)).release
        assert release is not None
        yield release.folder


def main(folders: Iterable[Path]) -> bool:
    """Prints the matrix of each release; whether all readers agree."""
    agreeing = True
    for folder in folders:
        lines = list(matrix(folder))
        agreeing &= all(line[-1] == "the same" for line in lines)
        sys.stdout.write(
            f"{folder.parent.name} {folder.name}\n\n" + "".join(f"  {row}\n" for row in table(lines)) + "\n"
        )
    return agreeing


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "reference").mkdir()
        chosen = [Path(argument).resolve() for argument in sys.argv[1:]] or built(Path(name))
        sys.exit(not main(chosen))
