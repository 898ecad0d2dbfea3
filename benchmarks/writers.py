"""What each format of a release takes to write, beside what its usual writer for Python takes of the same rows.

Usage: python -m benchmarks.writers [--rows N] [--runs N]

The rows are the generated events, typed. Each run is a function of this process, ours and the other in turn; told are the least CPU
seconds. Ours also notes what a format cannot hold, and packs the JSON Lines and SPSS files, as those beside it do. What the columns
reach (the longest text, the greatest number) is asked once for all formats and has a line of its own. Beside R stands what gzip alone
takes for the bytes of its file, since no writer for Python knows dates and factors.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import sqlite3
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pyreadstat

from benchmarks import WORK
from benchmarks.generate import descriptor, generate
from deedbook.release.edition import Edition
from deedbook.release.formats import FORMATS, Format, cells
from deedbook.release.formats.csv import read_csv, write_csv
from deedbook.release.rows import Rows
from deedbook.release.tables import Outline, Table, release_schema, type_rows
from deedbook.schema import read_schema

EPOCH = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
EDITION = Edition(name="deeds", title="Deeds", description="", version="1.0.0", created=EPOCH, epoch=EPOCH)


def events(rows: int) -> Table:
    """The generated events, typed."""
    source = next(item for item in descriptor()["resources"] if item["name"] == "events")
    schema = release_schema(read_schema(source["schema"], "events"), ())
    typed, _ = type_rows(read_csv(generate(rows) / "events.csv"), schema)
    return Table(Outline("events", schema), Rows.of(typed))


def ours(item: Format, table: Table, folder: Path) -> None:
    """Writes a format as a release does."""
    path = folder / f"ours{item.suffix}"
    if item.is_per_table:
        item.codec.write(table, EDITION, path)
        if item.packed:
            item.codec.pack(path, folder / f"ours{item.packed}")
        return
    book = item.codec.open_book(path, EDITION, {table.name: table.schema})
    book.add(table)
    book.close([])


def _jsonl(table: Table, folder: Path) -> None:
    table.rows.lazy.collect().write_ndjson(folder / "t.jsonl")
    (folder / "t.jsonl.gz").write_bytes(gzip.compress((folder / "t.jsonl").read_bytes(), 6))


def _spss(table: Table, folder: Path) -> None:
    rows = table.rows.lazy.collect().with_columns(
        pl.col(pl.String).fill_null(""), pl.col(pl.Boolean, pl.Int64).cast(pl.Float64)
    )
    pyreadstat.write_sav(rows, folder / "t.sav", row_compress=True)
    pyreadstat.write_sav(rows, folder / "t.zsav", compress=True)


def _stata(table: Table, folder: Path) -> None:
    pyreadstat.write_dta(
        table.rows.lazy.collect().with_columns(pl.col(pl.String).fill_null("")), folder / "t.dta", version=14
    )


def _sqlite(table: Table, folder: Path) -> None:
    with sqlite3.connect(folder / "t.sqlite") as connection:
        connection.execute(f"CREATE TABLE events ({', '.join(table.rows.columns)})")
        marks = ", ".join("?" * table.rows.width)
        texts = table.rows.lazy.collect().with_columns(pl.col(pl.Date, pl.Datetime).dt.to_string())
        connection.executemany(f"INSERT INTO events VALUES ({marks})", texts.iter_rows())  # noqa: S608  # marks
    connection.close()


def _gzip(unpacked: bytes, _table: Table, folder: Path) -> int:
    return (folder / "t.rds").write_bytes(gzip.compress(unpacked, 6))


OTHERS: dict[str, tuple[str, Callable[[Table, Path], object]]] = {
    "csv": ("polars", lambda table, folder: table.rows.lazy.collect().write_csv(folder / "t.csv")),
    "parquet": ("polars", lambda table, folder: table.rows.lazy.collect().write_parquet(folder / "t.parquet")),
    "jsonl": ("polars, gzip", _jsonl),
    "stata": ("pyreadstat", _stata),
    "spss": ("pyreadstat, twice", _spss),
    "sqlite": ("sqlite3, without keys", _sqlite),
}


def _write_text(text: pl.DataFrame, folder: Path) -> None:
    write_csv(text, folder / "ours.csv")


def least(run: Callable[[Path], object], runs: int) -> float:
    """The least CPU seconds of some runs, each in a folder of its own."""
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            start = time.process_time()
            run(Path(scratch))
            found.append(time.process_time() - start)
    return min(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writers", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    table = events(options.rows)
    text = read_csv(generate(options.rows) / "events.csv")
    print("| format | CPU seconds | the other | CPU seconds |\n|---|---:|---|---:|")
    asked = least(lambda _: cells.extents_of.__wrapped__(table.rows), options.runs)
    print(f"| what columns reach | {asked:.2f} | | |")
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        r = next(item for item in FORMATS if item.name == "rds")
        ours(r, table, Path(scratch))
        unpacked = gzip.decompress((Path(scratch) / f"ours{r.suffix}").read_bytes())
    others = OTHERS | {"rds": ("gzip alone", partial(_gzip, unpacked))}
    for item in (one for one in FORMATS if one.name != "xlsx"):
        name, other = others[item.name]
        mine = least(partial(_write_text, text) if item.name == "csv" else partial(ours, item, table), options.runs)
        theirs = least(partial(other, table), options.runs)
        print(f"| {item.title} | {mine:.2f} | {name} | {theirs:.2f} |", flush=True)


if __name__ == "__main__":
    main()
