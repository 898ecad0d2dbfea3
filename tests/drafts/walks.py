"""Files in six dialects, each with mistakes that a first check is to find."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl

COLUMNS = ("id", "day", "place", "deaths", "share", "note")
ROWS = [
    (f"{at:04}", f"2024-{at % 12 + 1:02}-{at % 28 + 1:02}", f"Köln {at % 7}", str(at % 9), f"{at}.5", f"note {at}")
    for at in range(1, 121)
]
ROWS[6] = ("0007", "spring 2024", "Köln 0", "7", "7.5", "note 7")
ROWS[8] = ("0009", "2024-10-10", "Köln 2", "0", "9.5", " a stray  space ")


def _text(delimiter: str, *, comma: bool = False) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([COLUMNS, *((*row[:4], row[4].replace(".", "," if comma else "."), row[5]) for row in ROWS)])
    return buffer.getvalue()


def _workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(COLUMNS)
    for key, day, place, deaths, share, note in ROWS:
        sheet.append([key, day, place, int(deaths), float(share), note])
    book.save(folder / "events.xlsx")
    return folder / "events.xlsx"


def _structured(folder: Path) -> Path:
    """Places as Parquet, and events as JSON."""
    places = pl.DataFrame({"place": [f"Köln {at}" for at in range(7)], "size": range(7)})
    places.write_parquet(folder / "places.parquet")
    events = [dict(zip(COLUMNS, (*row[:3], int(row[3]), float(row[4]), row[5]), strict=True)) for row in ROWS]
    (folder / "events.json").write_text(json.dumps({"about": "events", "rows": events}), "utf-8")
    return folder


def _bytes(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


DIALECTS: dict[str, Callable[[Path], Path]] = {
    "semicolons, decimal commas and cp1252": _bytes("events.csv", _text(";", comma=True).encode("cp1252")),
    "tabs": _bytes("events.tsv", _text("\t").encode()),
    "a workbook": _workbook,
    "gzip": _bytes("events.csv.gz", gzip.compress(_text(",").encode())),
    "UTF-16": _bytes("events.txt", _text("\t").encode("utf-16")),
    "JSON and Parquet": _structured,
}
"""How a file is put into a folder; returns what is named on the command line."""
