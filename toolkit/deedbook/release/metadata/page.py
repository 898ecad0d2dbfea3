"""`index.html`: the release as one self-contained page, every file with size and sha256, schema.org JSON-LD inside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deedbook.release.loading import quick_ways
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
        loads=quick_ways([outline.name for outline, _ in record.tables], record.name, {file.name for file in files}),
        history=changes.get("history") or (),
        diffs=[file for file in files if file.name.endswith(".diff.csv")],
        whole=[file for file in files if file.format and not file.table],
        files=files,
        total=sum(file.bytes for file in files),
        json_ld=script_json(dataset(record)),
    )


def script_json(content: object) -> str:
    """JSON that nothing in it can end the script element."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
