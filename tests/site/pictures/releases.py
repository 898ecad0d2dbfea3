"""Releases as the site reads them, made of small tables in memory."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl

from deedbook.catalogue.records import Entry
from deedbook.site.editions import Edition, Field, Table
from deedbook.site.pictures.figure import Figure

TYPES: Mapping[type[pl.DataType], str] = {
    pl.String: "string",
    pl.Int64: "integer",
    pl.Float64: "number",
    pl.Date: "date",
    pl.Boolean: "boolean",
}
SVG = "{http://www.w3.org/2000/svg}"


def table(
    name: str,
    rows: pl.DataFrame,
    key: str,
    refers: Mapping[str, str] = {},
    codes: Mapping[str, dict[str, dict[str, str]]] = {},
) -> Table:
    """A table of a release; `refers` says which fields refer to which, `codes` what their codes are called."""
    fields = tuple(
        Field(
            name=column,
            title=column,
            description="",
            type=TYPES[type(kind)],
            format="default",
            codes=codes.get(column, {}),
            refers_to=(refers[column],) if column in refers else (),
            statistics={"rows": rows.height, "missing": rows[column].null_count()},
            crosswalk={},
            raw={"name": column},
        )
        for column, kind in rows.schema.items()
    )
    return Table(name, name, "", rows.height, False, (key,), fields, Path(name), {}, rows.lazy)


def edition(folder: Path, *tables: Table, history: list[dict[str, object]] | None = None) -> Edition:
    """A release of these tables, with a history where one is given."""
    if history is not None:
        (folder / "changes.json").write_text(json.dumps({"history": history}), encoding="utf-8")
    entry = Entry.__new__(Entry)
    return Edition("book", "1.0.0", entry, folder, {"title": "Book"}, {}, {}, {one.name: one for one in tables})


def drawings(figure: Figure) -> list[ET.Element]:
    """The drawings of a figure, parsed as XML: wide, narrow."""
    found = [
        ET.fromstring(f'<x xmlns="http://www.w3.org/2000/svg">{text}</x>')[0]  # noqa: S314 - our own drawing
        for text in figure.svg.split("\n")
    ]
    assert [one.tag for one in found] == [f"{SVG}svg"] * 2
    return found


def texts(figure: Figure) -> list[str]:
    """What the wide drawing writes, as it is shown."""
    return [one.text or "" for one in drawings(figure)[0].iter(f"{SVG}text")]


def styled(html: str) -> list[str]:
    """What a strict policy would forbid in HTML: style attributes, scripts and handlers."""
    return re.findall(r"<script|<style|\sstyle=|\son\w+=|javascript:[^ ]", html.replace("&#39;", "'"))
