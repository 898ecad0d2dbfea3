"""What each format of a release takes to write, beside its encoder alone and beside the usual writer for Python of the same rows.

Usage: python -m benchmarks.writers [--rows N] [--runs N]

The rows are the generated events as values, in parts on disk as a build has them. Each run is a function of this process, ours and the
others in turn; told are the least CPU seconds. Ours also notes what a format cannot hold, and packs JSON Lines and SPSS, as a build does.
The encoder alone writes the same bytes, or packs those that are there: polars for CSV, Parquet and JSON Lines, zlib for what is packed,
and for SQLite `sqlite3`, its own tool, imports the CSV, without keys and checks. What the columns reach (the longest text, the greatest
number) is asked once for all formats and has a line of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
import pyreadstat

from benchmarks import WORK
from benchmarks.generate import descriptor, generate
from deedbook.release.edition import Edition
from deedbook.release.formats import FORMATS, Format, cells, parquet
from deedbook.release.formats.csv import copy_csv, read_parts
from deedbook.release.formats.sav import BLOCK
from deedbook.release.rows import PART_BYTES
from deedbook.release.tables import Outline, Table, release_schema, type_parts
from deedbook.schema import read_schema

EPOCH = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
EDITION = Edition(name="deeds", title="Deeds", description="", version="1.0.0", created=EPOCH, epoch=EPOCH)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows to write: as a build has them, as text and as values, in memory, and the files that ours made of them."""

    text: list[pl.DataFrame]
    table: Table
    frame: pl.DataFrame
    made: Path


Write = Callable[[Rows, Path], object]


def events(rows: int, folder: Path) -> Table:
    """The generated events as values, in parts in a folder."""
    source = next(item for item in descriptor()["resources"] if item["name"] == "events")
    schema = release_schema(read_schema(source["schema"], "events"), ())
    typed, _ = type_parts(lambda: read_parts(generate(rows) / "events.csv", PART_BYTES), schema, folder)
    return Table(Outline("events", schema), typed)


def ours(item: Format, rows: Rows, folder: Path) -> None:
    """Writes a format as a release does."""
    path, table = folder / f"ours{item.suffix}", rows.table
    if item.name == "csv":
        for _ in copy_csv(iter(rows.text), table.schema.names, path):
            pass
    elif item.is_per_table:
        item.codec.write(table, EDITION, path)
        if item.packed:
            item.codec.pack(path, folder / f"ours{item.packed}")
    else:
        book = item.codec.open_book(path, EDITION, {table.name: table.schema})
        book.add(table)
        book.close([])


def _gzip(plain: bytes, path: Path) -> None:
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        file.write(plain)


def _parquet(rows: Rows, folder: Path) -> None:
    rows.frame.write_parquet(
        folder / "t.parquet", compression="zstd", compression_level=3, row_group_size=parquet.group_of(rows.frame.width)
    )


def _jsonl(rows: Rows, folder: Path) -> None:
    rows.frame.write_ndjson(folder / "t.jsonl")
    _gzip((rows.made / "ours.jsonl").read_bytes(), folder / "t.gz")


def _spss(rows: Rows, folder: Path) -> None:
    with (rows.made / "ours.sav").open("rb") as plain, (folder / "t").open("wb") as file:
        file.writelines(map(zlib.compress, iter(lambda: plain.read(BLOCK), b"")))


def _sqlite(rows: Rows, folder: Path) -> None:
    told = [".mode csv", f".import {rows.made / 'ours.csv'} events"]
    subprocess.run([shutil.which("sqlite3") or "sqlite3", str(folder / "t.sqlite"), *told], check=True)  # noqa: S603  # of this machine


def _rds(rows: Rows, folder: Path) -> None:
    with gzip.open(rows.made / "ours.rds") as packed:  # a tenth of what packing takes
        _gzip(packed.read(), folder / "t")


ALONE: dict[str, tuple[str, Write]] = {
    "csv": ("polars", lambda rows, folder: rows.frame.write_csv(folder / "t.csv")),
    "parquet": ("polars", _parquet),
    "jsonl": ("polars, gzip", _jsonl),
    "spss": ("zlib", _spss),
    "sqlite": ("sqlite3 .import", _sqlite),
    "rds": ("gzip", _rds),
}


def _jsonl_of_python(rows: Rows, folder: Path) -> None:
    rows.frame.write_ndjson(folder / "t.jsonl")
    _gzip((folder / "t.jsonl").read_bytes(), folder / "t.gz")


def _spss_of_python(rows: Rows, folder: Path) -> None:
    plain = rows.frame.with_columns(pl.col(pl.String).fill_null(""), pl.col(pl.Boolean, pl.Int64).cast(pl.Float64))
    pyreadstat.write_sav(plain, folder / "t.sav", row_compress=True)
    pyreadstat.write_sav(plain, folder / "t.zsav", compress=True)


def _stata_of_python(rows: Rows, folder: Path) -> None:
    pyreadstat.write_dta(rows.frame.with_columns(pl.col(pl.String).fill_null("")), folder / "t.dta", version=14)


def _sqlite_of_python(rows: Rows, folder: Path) -> None:
    with sqlite3.connect(folder / "t.sqlite") as connection:
        connection.execute(f"CREATE TABLE events ({', '.join(rows.frame.columns)})")
        marks = ", ".join("?" * rows.frame.width)
        texts = rows.frame.with_columns(pl.col(pl.Date, pl.Datetime).dt.to_string())
        connection.executemany(f"INSERT INTO events VALUES ({marks})", texts.iter_rows())  # noqa: S608  # marks
    connection.close()


USUAL: dict[str, tuple[str, Write]] = {
    "jsonl": ("polars, gzip", _jsonl_of_python),
    "stata": ("pyreadstat", _stata_of_python),
    "spss": ("pyreadstat, twice", _spss_of_python),
    "sqlite": ("sqlite3, without keys", _sqlite_of_python),
}


def seconds() -> float:
    """CPU seconds of this process and its children so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def least(write: Callable[[Path], object], runs: int) -> float:
    """The least CPU seconds of some runs, each in a folder of its own."""
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=WORK) as scratch:
            start = seconds()
            write(Path(scratch))
            found.append(seconds() - start)
    return min(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writers", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        home = Path(scratch)
        table = events(options.rows, home / "values")
        text = [*read_parts(generate(options.rows) / "events.csv", PART_BYTES)]
        rows = Rows(text, table, table.rows.lazy.collect(), home / "made")
        rows.made.mkdir()
        print(
            "| format | CPU seconds | the encoder alone | its | the usual writer | its |\n|---|---:|---|---:|---|---:|"
        )
        asked = least(lambda _: cells.extents_of.__wrapped__(table.rows), options.runs)
        print(f"| what columns reach | {asked:.2f} | | | | |", flush=True)
        for item in (one for one in FORMATS if one.name != "xlsx"):
            ours(item, rows, rows.made)
            told = [f"{least(partial(ours, item, rows), options.runs):.2f}"]
            for known in (ALONE, USUAL):
                name, write = known.get(item.name, ("", None))
                told += [name, f"{least(partial(write, rows), options.runs):.2f}" if write else ""]
            print(f"| {item.title} | {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
