"""Code that loads a table as what it is, `NA` a text, ids text, nothing guessed: the release's own programs, and a few lines a tool.

A reader that guesses turns Namibia's code `NA` into a missing value, `007` into 7 and `1-2` into a date. Every snippet names
the types, and says that only an empty cell is missing.

`load.py`, `load.sql`, `load.R` and `load.do` load the tables of the release after they have checked their hashes. Each reads the files
beside it, or, told a folder or an address, those there: the hashes prove that they are the ones of this release. The one for Python has
the hash of `datapackage.json`, which has those of the tables.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

import polars as pl

from deedbook.release.contents import Contents
from deedbook.release.formats import FORMATS, Format, Usage
from deedbook.release.pages import render
from deedbook.release.tables import Limit

_IN_CODE = re.compile(r"[\x00-\x1f\x7f-\x9f`\\]")
"""What ends a line, a fence of Markdown or a name of R; a name with it is in no code that people paste."""
_STATA_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,27}")
_KINDS = {pl.Boolean: "boolean", pl.Int64: "integer", pl.Float64: "number", pl.Date: "date"}


def loader_names(formats: Iterable[Format]) -> tuple[str, ...]:
    """The programs that a release with these formats has."""
    return tuple(item.loader for item in formats if item.loader)


def loaders(contents: Contents, descriptor: str) -> Mapping[str, str]:
    """The programs by name; `descriptor` is the content of `datapackage.json`."""
    described, found = hashlib.sha256(descriptor.encode()).hexdigest(), {}
    for item in contents.formats:
        tables = []
        for outline in [table.outline for table in contents.tables] if item.loader else []:
            file = contents.folder / item.file_name(outline.name, "")
            if file.is_file():
                known = {"file": file.name, "sha256": contents.digest(file), "frame": _plain(outline.name)[:32]}
                tables.append({"outline": outline, **known})
        if item.loader:
            values = {"descriptor": described, "edition": contents.edition, "tables": tables}
            found[item.loader] = render(f"{item.loader}.j2", **values)
    return found


def usages(table: str, dataset: str, names: Set[str], limits: Iterable[Limit]) -> list[Usage]:
    """The shortest way to load a table of the release with each tool.

    Args:
        table: The table.
        dataset: The name of the dataset, which is that of the files with all tables.
        names: The files that the release has.
        limits: What its formats do not hold.
    """
    without = {limit.format.lower() for limit in limits if limit.is_left_out and limit.table == table}
    files = [(item, item.file_name(table, dataset)) for item in FORMATS]
    named = {"table": table, "variable": _variable(table), "dataset": dataset}
    return [
        replace(item.usage, code=item.usage.code.format(**named), file=item.loader or file)
        for item, file in files
        if item.usage and file in names and item.name not in without
    ]


def snippets(table: str, dtypes: Mapping[str, pl.DataType]) -> str:
    """How to load a table without the loaders, tool by tool, as Markdown.

    Args:
        table: The table's name.
        dtypes: The types of its columns in the typed formats.
    """
    if _IN_CODE.search("".join(dtypes)):
        return "A column has a name that code would have to quote in a way of its own: use the loaders.\n\n"
    kinds = {name: _kind(dtype) for name, dtype in dtypes.items()}
    days = [name for name, kind in kinds.items() if kind == "date" and _STATA_NAME.fullmatch(name)]
    texts = [place for place, kind in enumerate(kinds.values(), 1) if kind not in {"integer", "number"}]
    return render(
        "snippets.md.j2", table=table, variable=_variable(table), kinds=kinds, texts=texts, stata_days=days[:2]
    )


def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return "datetime" if dtype.time_zone else "local datetime"
    return _KINDS.get(dtype.base_type(), "string")


def _variable(table: str) -> str:
    """The table's name as a variable in R and Python."""
    return _plain(table) if not table[0].isdigit() else f"t_{_plain(table)}"


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
