"""Writes a package of events with two parent tables, clean or with planted errors and a manifest of them.

    work/NAME/datapackage.json      Data Package v2: events (20 columns, primary key, three foreign keys), actors, sources
    work/NAME/deedbook.toml         makes it a project, so that schemas/events.py (an event ends after it starts) runs
    work/NAME/events.csv            about 321 bytes a row: Cyrillic, quoted URLs and headlines, 2 % with a line break
    work/NAME/actors.csv            200,000 rows; work/NAME/sources.csv 500,000 rows
    work/NAME/manifest.csv          row,kind,field,type: what must be found, and nothing else

The same arguments give the same bytes: every chunk of 250,000 rows has its own seed.

Usage: python -m benchmarks.generate ROWS [--variant clean/dirty/dirtyx/all-bad] [--seed N]
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl

from benchmarks import WORK

CHUNK = 250_000
ACTORS = 200_000
SOURCES = 500_000
VARIANTS = ("clean", "dirty", "dirtyx", "all-bad")

EVENT_TYPES = [f"T{number:02d}" for number in range(1, 41)]
STATUSES = ["reported", "confirmed", "disputed", "denied", "withdrawn"]
COUNTRIES = ["LAO", "THA", "KHM", "VNM", "MMR", "CHN", "RUS", "UKR", "SYR", "IRQ", "MLI", "SDN", "ETH", "COL", "PHL"]
METHODS = ["statement", "meeting", "visit", "vote", "sanction", "clash", "bombardment", "protest"]
PLACES = [
    "Вьентьян",
    "Луангпхабанг",
    "Саваннакхет",
    "Пномпень",
    "Бангкок",
    "Ханой",
    "Дамаск",
    "Aleppo",
    "Mopti",
    "Хартум",
]
WORDS = [
    "правительство",
    "заявило",
    "отрицает",
    "подтвердило",
    "переговоры",
    "граница",
    "силы",
    "рядом",
    "после",
    "встречи",
    "ministers",
    "agreed",
    "late",
    "talks",
    "said",
    "forces",
    "near",
    "the",
    "border",
    "was",
]
REGION_TAIL = ["", " район", " провинция", " oblast"]

COLUMNS = (
    "event_id",
    "event_type",
    "status",
    "country",
    "method",
    "date_start",
    "date_end",
    "recorded_at",
    "actor1_id",
    "actor2_id",
    "source_id",
    "latitude",
    "longitude",
    "precision",
    "fatalities",
    "severity",
    "confirmed",
    "place",
    "url",
    "headline",
)
QUOTED = ("url", "headline")


@dataclass(frozen=True, slots=True)
class Planted:
    """One kind of error: the column, the text put into it, and the findings that must follow.

    `text` is None where the cell is not simply replaced (`plant_text` and `break_line` know those kinds).
    """

    kind: str
    column: str
    type: str
    text: str | None = None


KINDS = (
    Planted("type-date-start", "date_start", "type-error", "2024-02-30"),
    Planted("type-date-end", "date_end", "type-error", "31.12.2024"),
    Planted("type-recorded-at", "recorded_at", "type-error", "2024-01-01 10:00:00"),
    Planted("type-latitude", "latitude", "type-error", "12.5N"),
    Planted("type-longitude", "longitude", "type-error", "E12"),
    Planted("type-precision", "precision", "type-error", "3.5"),
    Planted("type-fatalities", "fatalities", "type-error", "many"),
    Planted("type-severity", "severity", "type-error", "1_0"),
    Planted("type-confirmed", "confirmed", "type-error", "yes"),
    Planted("range-latitude", "latitude", "constraint-error", "90.000001"),
    Planted("range-longitude", "longitude", "constraint-error", "-180.5"),
    Planted("range-precision", "precision", "constraint-error", "8"),
    Planted("range-fatalities", "fatalities", "constraint-error", "-1"),
    Planted("range-severity", "severity", "constraint-error", "10.01"),
    Planted("length-place", "place", "constraint-error", "Ж" * 81),
    Planted("pattern-event-id", "event_id", "constraint-error"),
    Planted("uri-url", "url", "type-error", '"no scheme, at all"'),
    Planted("enum-event-type", "event_type", "constraint-error", "T99"),
    Planted("enum-status", "status", "constraint-error", "Reported"),
    Planted("enum-country", "country", "constraint-error", "XXX"),
    Planted("enum-method", "method", "constraint-error", "telepathy"),
    Planted("required-event-type", "event_type", "constraint-error", ""),
    Planted("required-date-start", "date_start", "constraint-error", ""),
    Planted("required-actor1", "actor1_id", "constraint-error", ""),
    Planted("required-source", "source_id", "constraint-error", ""),
    Planted("required-headline", "headline", "constraint-error", '""'),
    Planted("duplicate-key", "", "primary-key"),
    Planted("orphan-actor1", "actor1_id", "foreign-key", "A9999991"),
    Planted("orphan-actor2", "actor2_id", "foreign-key", "A9999992"),
    Planted("orphan-source", "source_id", "foreign-key", "S9999993"),
    Planted("extra-cell", "", "extra-cell"),
    Planted("missing-cell", "", "missing-cell"),
    Planted("missing-cells", "", "missing-cell"),
    Planted("date-order", "date_end", "event-ends-before-start", "1899-12-31"),
)
EXTRA_KINDS = (
    Planted("invalid-utf-8", "headline", "encoding-error"),
    Planted("nul-byte", "headline", "nul-character"),
)
MISSING_CELLS = 5


def generate(rows: int, variant: str = "clean", seed: int = 20261122) -> Path:
    """The folder of that package, written unless it is there."""
    folder = WORK / f"events-{rows}-{variant}-{seed}"
    if (folder / "manifest.csv").is_file():
        return folder
    staged = folder.with_suffix(".staged")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    _write_descriptor(staged)
    _write_parents(staged, seed)
    planted = _plan(rows, variant, seed)
    with (staged / "events.csv").open("wb") as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        for start in range(0, rows, CHUNK):
            _write_chunk(file, start, min(CHUNK, rows - start), seed, planted, variant)
    _write_manifest(staged / "manifest.csv", planted)
    staged.rename(folder)
    return folder


def event_id(row: int) -> str:
    """The key of a data row (the first is 0): unique, and not in order."""
    return f"E{(row * 48_271 + 7) % 100_000_000:08d}"


def _plan(rows: int, variant: str, seed: int) -> dict[int, Planted]:
    """The data rows that get an error: one in ten thousand and at least two of each kind, never two errors in a row."""
    if variant not in {"dirty", "dirtyx"}:
        return {}
    kinds = KINDS + (EXTRA_KINDS if variant == "dirtyx" else ())
    count = max(rows // 10_000, 2 * len(kinds))
    generator = np.random.default_rng([seed, 1])
    places = np.sort(generator.choice(np.arange(1, rows), size=count, replace=False))  # row 0 is what a key can repeat
    order = [kinds[number % len(kinds)] for number in range(count)]
    generator.shuffle(order)
    planted = dict(zip(places.tolist(), order, strict=True))
    # a key may only repeat one that stands as it was
    return {row: kind for row, kind in planted.items() if kind.kind != "duplicate-key" or row // 2 not in planted}


def _write_chunk(
    file: IO[bytes], start: int, height: int, seed: int, planted: dict[int, Planted], variant: str
) -> None:
    generator = np.random.default_rng([seed, 2, start])
    frame = _chunk(start, height, generator)
    here = {row - start: kind for row, kind in planted.items() if start <= row < start + height}
    columns = {name: frame[name] for name in COLUMNS}
    if variant == "all-bad":
        columns["precision"] = pl.Series("precision", ["x"]).new_from_index(0, height)
    for row, kind in here.items():
        replaced = _replacement(kind, start + row)
        if replaced is not None:
            column, text = replaced
            columns[column] = columns[column].scatter(row, text)
    lines = pl.DataFrame(columns).select(pl.concat_str(pl.all(), separator=",").alias("line"))["line"]
    broken = {row: kind for row, kind in here.items() if _replacement(kind, 0) is None}
    position = 0
    for row in sorted(broken):
        _write_lines(file, lines.slice(position, row - position))
        file.write(_break_line(frame.row(row), broken[row]) + b"\n")
        position = row + 1
    _write_lines(file, lines.slice(position))


def _write_lines(file: IO[bytes], lines: pl.Series) -> None:
    pl.DataFrame({"line": lines}).write_csv(file, include_header=False, quote_style="never")


def _replacement(kind: Planted, row: int) -> tuple[str, str] | None:
    """The cell that an error replaces and its text as written; None for errors of the whole line."""
    match kind.kind:
        case "duplicate-key":
            return "event_id", event_id(row // 2)
        case "pattern-event-id":
            return "event_id", f"e{row:08d}"
        case _:
            return None if kind.text is None else (kind.column, kind.text)


def _break_line(cells: tuple[str, ...], kind: Planted) -> bytes:
    match kind.kind:
        case "extra-cell":
            return ",".join([*cells, "surplus"]).encode()
        case "missing-cell":
            return ",".join(cells[:-1]).encode()
        case "missing-cells":
            return ",".join(cells[:-MISSING_CELLS]).encode()
        case "invalid-utf-8":
            return ",".join(cells[:-1]).encode() + b',"broken \xd0 letter"'
        case _:
            return ",".join(cells[:-1]).encode() + b',"a NUL \x00 byte"'


def _chunk(start: int, height: int, generator: np.random.Generator) -> pl.DataFrame:
    """The cells of a chunk as they are written."""
    row = pl.Series("row", np.arange(start, start + height, dtype=np.int64))
    day = generator.integers(0, 9_000, height)
    length = generator.integers(0, 5, height)
    second = generator.integers(0, 86_400, height)
    numbers = pl.DataFrame(
        {
            "row": row,
            "day": day,
            "length": length,
            "second": second,
            "actor1": generator.integers(0, ACTORS, height),
            "actor2": generator.integers(0, ACTORS, height),
            "lonely": generator.random(height) < 0.2,
            "source": generator.integers(0, SOURCES, height),
            "latitude": generator.uniform(-85, 85, height),
            "longitude": generator.uniform(-179, 179, height),
            "severity": generator.uniform(0, 10, height),
            "fatalities": generator.geometric(0.4, height) - 1,
            "precision": generator.integers(1, 8, height),
            "broken": generator.random(height) < 0.02,
            "page": generator.integers(0, 10**9, height),
        }
    )
    epoch = pl.lit("2000-01-01").str.to_date()
    start_day = epoch + pl.duration(days=pl.col("day"))
    end_day = start_day + pl.duration(days=pl.col("length"))
    moment = end_day.cast(pl.Datetime("ms")) + pl.duration(seconds=pl.col("second"))
    frame = numbers.select(
        event_id="E" + _padded((pl.col("row") * 48_271 + 7) % 100_000_000, 8),
        event_type=_pick(EVENT_TYPES, generator, height),
        status=_pick(STATUSES, generator, height),
        country=_pick(COUNTRIES, generator, height),
        method=_pick(METHODS, generator, height),
        date_start=start_day.dt.to_string("%Y-%m-%d"),
        date_end=end_day.dt.to_string("%Y-%m-%d"),
        recorded_at=moment.dt.to_string("%Y-%m-%dT%H:%M:%S") + "Z",
        actor1_id="A" + _padded(pl.col("actor1"), 7),
        actor2_id=pl.when("lonely").then(pl.lit("")).otherwise("A" + _padded(pl.col("actor2"), 7)),
        source_id="S" + _padded(pl.col("source"), 7),
        latitude=pl.col("latitude").round(5).cast(pl.String),
        longitude=pl.col("longitude").round(5).cast(pl.String),
        precision=pl.col("precision").cast(pl.String),
        fatalities=pl.col("fatalities").cast(pl.String),
        severity=pl.col("severity").round(2).cast(pl.String),
        confirmed=_pick(["true", "false"], generator, height),
        place=_pick(PLACES, generator, height) + _pick(REGION_TAIL, generator, height),
        url='"https://news.example.org/archive?a=1,b=' + pl.col("page").cast(pl.String) + '&lang=ru"',
        broken=pl.col("broken"),
    )
    words = [_pick(WORDS, generator, height) for _ in range(7)]
    spoken = pl.concat_str(words[:3], separator=" ")
    rest = pl.concat_str(words[3:], separator=" ")
    ending = pl.when("broken").then(pl.lit("\n")).otherwise(pl.lit(" "))
    headline = '"""' + spoken + '"", ' + pl.col("place") + "," + ending + rest + '"'
    return frame.with_columns(headline=headline).select(COLUMNS)


def _padded(expression: pl.Expr, width: int) -> pl.Expr:
    return expression.cast(pl.String).str.zfill(width)


def _pick(values: list[str], generator: np.random.Generator, height: int) -> pl.Expr:
    picked = pl.Series(values).gather(pl.Series(generator.integers(0, len(values), height)))
    return pl.lit(picked)


def _write_parents(folder: Path, seed: int) -> None:
    """The parents are the same for every size, so that they are generated once and linked."""
    shared = WORK / f"parents-{seed}"
    if not shared.is_dir():
        staged = shared.with_suffix(".staged")
        staged.mkdir(parents=True, exist_ok=True)
        generator = np.random.default_rng([seed, 3])
        row = pl.int_range(ACTORS, eager=True).cast(pl.String)
        actors = pl.DataFrame({"row": row}).select(
            actor_id="A" + pl.col("row").str.zfill(7),
            name=_pick(WORDS, generator, ACTORS) + " " + _pick(PLACES, generator, ACTORS) + " " + pl.col("row"),
            kind=_pick(["state", "group", "civilians"], generator, ACTORS),
            country=_pick(COUNTRIES, generator, ACTORS),
        )
        actors.write_csv(staged / "actors.csv")
        row = pl.int_range(SOURCES, eager=True).cast(pl.String)
        sources = pl.DataFrame({"row": row}).select(
            source_id="S" + pl.col("row").str.zfill(7),
            publisher="agency " + pl.col("row"),
            url="https://news.example.org/" + pl.col("row"),
            language=_pick(["ru", "en", "lo"], generator, SOURCES),
        )
        sources.write_csv(staged / "sources.csv")
        staged.rename(shared)
    for name in ("actors.csv", "sources.csv"):
        (folder / name).hardlink_to(shared / name)


def _write_manifest(path: Path, planted: dict[int, Planted]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row", "kind", "field", "type"])
        for row in sorted(planted):
            for field in _fields_of(planted[row]):
                writer.writerow([row + 2, planted[row].kind, field, planted[row].type])


def _fields_of(kind: Planted) -> Iterator[str]:
    """The 1-based fields that the findings name; empty for findings of a whole row."""
    width = len(COLUMNS)
    match kind.kind:
        case "extra-cell":
            yield str(width + 1)
        case "missing-cell":
            yield str(width)
        case "missing-cells":
            yield from map(str, range(width - MISSING_CELLS + 1, width + 1))
        case _ if kind.type in {"primary-key", "foreign-key"} or not kind.column:
            yield ""
        case _:
            yield str(COLUMNS.index(kind.column) + 1)


def descriptor() -> dict[str, Any]:
    """The Data Package v2 descriptor of every generated package."""

    def field(name: str, kind: str = "string", *, form: str = "", **constraints: Any) -> dict[str, Any]:
        return {
            "name": name,
            "type": kind,
            **({"format": form} if form else {}),
            **({"constraints": constraints} if constraints else {}),
        }

    events = [
        field("event_id", required=True, pattern="E[0-9]{8}"),
        field("event_type", required=True, enum=EVENT_TYPES),
        field("status", required=True, enum=STATUSES),
        field("country", required=True, enum=COUNTRIES),
        field("method", enum=METHODS),
        field("date_start", "date", required=True, minimum="1900-01-01"),
        field("date_end", "date"),
        field("recorded_at", "datetime", required=True),
        field("actor1_id", required=True),
        field("actor2_id"),
        field("source_id", required=True),
        field("latitude", "number", minimum=-90, maximum=90),
        field("longitude", "number", minimum=-180, maximum=180),
        field("precision", "integer", required=True, minimum=1, maximum=7),
        field("fatalities", "integer", minimum=0),
        field("severity", "number", minimum=0, maximum=10),
        field("confirmed", "boolean"),
        field("place", minLength=1, maxLength=80),
        field("url", form="uri"),
        field("headline", required=True, maxLength=500),
    ]
    keys = [
        {"fields": [name], "reference": {"resource": resource, "fields": [target]}}
        for name, resource, target in (
            ("actor1_id", "actors", "actor_id"),
            ("actor2_id", "actors", "actor_id"),
            ("source_id", "sources", "source_id"),
        )
    ]
    actors = [field("actor_id", required=True), field("name"), field("kind"), field("country", enum=COUNTRIES)]
    sources = [field("source_id", required=True), field("publisher"), field("url", form="uri"), field("language")]
    schemas = {
        "events": {"fields": events, "primaryKey": ["event_id"], "foreignKeys": keys},
        "actors": {"fields": actors, "primaryKey": ["actor_id"]},
        "sources": {"fields": sources, "primaryKey": ["source_id"]},
    }
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "generated-events",
        "resources": [
            {
                "name": name,
                "type": "table",
                "path": f"{name}.csv",
                "format": "csv",
                "encoding": "utf-8",
                "schema": schema,
            }
            for name, schema in schemas.items()
        ],
    }


RULES = '''"""What an events row must satisfy beyond its cells."""

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import rule

start, end = pl.col("date_start"), pl.col("date_end")
schema = pa.DataFrameSchema(
    checks=[
        rule(
            "event-ends-before-start",
            end >= start,
            at="date_end",
            message="ends on {date_end}, before it starts on {date_start}",
            hint="swap the dates",
        )
    ]
)
'''


def _write_descriptor(folder: Path) -> None:
    (folder / "datapackage.json").write_text(json.dumps(descriptor(), indent=2) + "\n", encoding="utf-8")
    (folder / "deedbook.toml").write_text('package = "datapackage.json"\nschemas = "schemas"\n', encoding="utf-8")
    (folder / "schemas").mkdir()
    (folder / "schemas" / "events.py").write_text(RULES, encoding="utf-8")


def main() -> None:
    """Generates one package and prints where it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("--variant", choices=VARIANTS, default="clean")
    parser.add_argument("--seed", type=int, default=20261122)
    options = parser.parse_args()
    print(generate(options.rows, options.variant, options.seed))


if __name__ == "__main__":
    main()
