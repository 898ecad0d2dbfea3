"""`index.html`: the release as one self-contained page, every file with size and sha256, schema.org JSON-LD inside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deedbook.release.media import FORMAT_TITLES
from deedbook.release.metadata.record import File, Record
from deedbook.release.metadata.schemaorg import dataset
from deedbook.release.pages import render
from deedbook.release.tables import Outline


@dataclass(frozen=True, slots=True)
class TableFiles:
    """A table with its files in the order of the formats."""

    outline: Outline
    rows: int
    files: tuple[File | None, ...]


def index_html(record: Record, files: Sequence[File], changes: Mapping[str, Any]) -> str:
    """The page.

    Args:
        record: The release.
        files: Everything in its folder but this page and what is written after it.
        changes: The content of `changes.json`.
    """
    formats = [title for title in FORMAT_TITLES.values() if any(file.table and file.format == title for file in files)]
    of_table = {(file.table, file.format): file for file in files if file.table}
    return render(
        "index.html.j2",
        record=record,
        formats=formats,
        tables=[
            TableFiles(outline, file.rows, tuple(of_table.get((outline.name, kind)) for kind in formats))
            for outline, file in record.tables
        ],
        loads=_loads(record, {file.name for file in files}),
        history=changes.get("history") or (),
        diffs=[file for file in files if file.name.endswith(".diff.csv")],
        whole=[file for file in files if file.format and not file.table],
        files=files,
        total=sum(file.bytes for file in files),
        json_ld=script_json(dataset(record)),
    )


def _loads(record: Record, names: set[str]) -> list[tuple[str, str, str]]:
    """Tool, code and file of each way to load the release that it has."""
    tables = [outline.name for outline, _ in record.tables]
    table = "events" if "events" in tables else (tables or ["TABLE"])[0]
    variable = "".join(letter if letter.isalnum() else "_" for letter in table)
    ways = (
        ("Python", f'from load import load\n{variable} = load("{table}")', "load.py"),
        ("R", f'source("load.R")\n{variable} <- load_table("{table}", labels = TRUE)', "load.R"),
        ("Stata", "do load.do", "load.do"),
        ("SPSS", f"GET FILE='{table}.sav'.", f"{table}.sav"),
        ("DuckDB", f"duckdb {record.name}.duckdb < load.sql", "load.sql"),
        ("SQLite", f"sqlite3 {record.name}.sqlite 'SELECT * FROM \"{table}\"'", f"{record.name}.sqlite"),  # noqa: S608  # shown, not run
        ("Excel", f"{record.name}.xlsx", f"{record.name}.xlsx"),
    )
    return [way for way in ways if way[2] in names]


def script_json(content: object) -> str:
    """JSON that nothing in it can end the script element."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
