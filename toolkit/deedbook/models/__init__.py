"""Ready models of event data, each a folder of what a project's `schemas/` holds, made-up rows, and a note on the codebook.

    NAME/datapackage.json           its tables in the layout of the original, and the codebook that they follow
    NAME/TABLE.csv                  a few made-up rows
    NAME/schemas/TABLE.schema.json  what cells and keys must satisfy, missing codes, what every field means
    NAME/schemas/TABLE.rules.toml   what rows must satisfy, in SQL or by the builders of `deedbook.rules`
    NAME/schemas/dataset.rules.toml what a release adds: columns, and views with a schema of their own
    NAME/CODEBOOK.md                what a user of the original has to know
    NAME/alignment.toml             how its rows become rows of the evidence model, where `deedbook convert` can do that

`alignment`, the model of the reference dataset, is code besides: its schemas are those of that dataset. Nothing else of the
toolkit knows a column of a model.
"""

import csv
import re
from dataclasses import replace
from pathlib import Path

from deedbook.descriptor import Resource, load_package
from deedbook.findings import Finding

ALIGNMENT = "alignment"
LAYOUTS = ("flat", "ucdp-ged", "ucdp-prio-acd", "acled", "gdelt", "cow-alliances", "gtd", "icews", "polecat")
"""The models that are a folder alone."""
_FITS = 0.5
"""The least share of columns that a file has in common with a layout of its model; a file of another one has hardly any."""
_BEGINNING = 1 << 16
"""Bytes at the start of a file in which its first record lies."""
_NUMERIC = frozenset({"integer", "number"})


def folder_of(name: str) -> Path:
    """The folder of a model."""
    return Path(__file__).parent / name.replace("-", "_")


def tables_of(name: str) -> tuple[Resource, ...]:
    """The tables of a model that is a folder alone."""
    folder = folder_of(name)
    return load_package(folder / "datapackage.json", schemas=folder / "schemas").resources


def misfit(resource: Resource, name: str) -> Finding | None:
    """What is wrong with a text file that is read as a table of a model although it has another layout; None where it has that layout.

    Args:
        resource: The file, with the schema and the dialect of the table that it is read as.
        name: The model.
    """
    file = resource.files[0]
    if not file.is_file() or file.suffix.lower() not in {"", ".csv", ".tsv", ".txt", ".tab"}:
        return None
    with file.open("rb") as stream:
        text = (
            stream.read(_BEGINNING).decode(resource.encoding, errors="replace").removeprefix("\ufeff").rstrip("\ufffd")
        )
    ways = (
        replace(resource, dialect=replace(resource.dialect, delimiter=it))
        for it in f"{resource.dialect.delimiter},;\t|"
    )
    if not text.strip() or re.search("^\\s*<|[\0\ufffd]", text) or any(_fit(text, way) >= _FITS for way in ways):
        return None
    fits = {(other, table.name): _fit(text, table) for other in LAYOUTS for table in tables_of(other)}
    best = max(fits, key=fits.__getitem__)
    hint = "no shipped model has that layout: describe the file in a Table Schema and give `--schema`"
    if fits[best] >= _FITS:
        hint = f"it looks like the table `{best[1]}` of another model: `--model {best[0]} --table {best[1]}`"
    columns = len(resource.described.fields)
    message = f"the file has not the layout of `{name}`: its first row has hardly any of the {columns} columns"
    return Finding(
        rule="other-layout", severity="error", table=resource.name, path=resource.paths[0], message=message, hint=hint
    )


def _fit(text: str, table: Resource) -> float:
    """The share of columns that the beginning of a file has in common with a table, from 0 to 1."""
    schema, first = table.described, next(csv.reader(text.splitlines(), delimiter=table.dialect.delimiter), [])
    if table.dialect.header:
        return len({*first} & {*schema.names}) / max(min(len(first), len(schema.names)), 1)
    if len(first) != len(schema.fields):
        return 0.0
    cells = [cell for cell, field in zip(first, schema.fields, strict=True) if cell and field.type in _NUMERIC]
    return sum(bool(re.fullmatch(r"[-+0-9.eE]+", cell)) for cell in cells) / max(len(cells), 1)
