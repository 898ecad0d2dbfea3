"""The rows of a sorted table as CSV and as values: executors write both of each part, and here the pieces of CSV are joined.

FOLDER/000012.csv           a part as the CSV has it, until it is joined
FOLDER/000012-000000.arrow  the same as values
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from deedbook.cluster.releases import Written, named_when_whole
from deedbook.release import tables
from deedbook.release.formats.csv import write_csv, write_rows
from deedbook.release.rows import Rows

if TYPE_CHECKING:
    from deedbook.cluster.tasks import Executors
    from deedbook.schema import TableSchema

_PIECE = 1 << 20
"""Bytes that are joined at a time."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A part of a table.

    Attributes:
        text: Its rows as CSV.
        values: The same as values.
        filled: The filled cells of each column.
        facts: What was seen of each.
        forms: How each is released, as far as this part tells.
    """

    text: Path
    values: Written
    filled: list[int]
    facts: list[tuple[bool, bool, bool, int]]
    forms: list[tuple[bool, bool]]

    def tell(self, seen: Sequence[tables.Seen], filled: dict[str, int]) -> None:
        """Adds what this part says of each column."""
        for column, facts, count in zip(seen, self.facts, self.filled, strict=True):
            column.join(*facts)
            filled[column.item.name] += count


def copied_rows(
    executors: Executors, text: Rows, schema: TableSchema, path: Path, folder: Path
) -> tuple[Rows, list[str], Mapping[str, int]]:
    """What `release.contents.copied_rows` gives, the values on storage that all share."""
    empty = pl.DataFrame(schema=dict.fromkeys(schema.names, pl.String))
    folder.mkdir()
    parts = [(number, part) for number, part in enumerate(text.parts) if text.heights[number]]
    together = max(1, executors.span * len(parts) // max(1, text.bytes))
    copied = executors.each(parts, partial(_copy, schema, folder, ()), together)
    _join(empty, copied, path)
    seen, filled = [tables.Seen(item) for item in schema.fields], dict.fromkeys(schema.names, 0)
    for one in copied:
        one.tell(seen, filled)
    forms = [column.form for column in seen]
    others = [at for at, one in enumerate(copied) if one.forms != forms]
    again = executors.each([parts[at] for at in others], partial(_copy, schema, folder, seen), together)
    for at, one in zip(others, again, strict=True):
        copied[at] = one
    text.discard()
    head, whole = tables.shaped_rows(empty, seen, is_new=False), Written.of(one.values for one in copied)
    return whole.rows(head, folder), tables.notes_of(seen), filled


def _copy(schema: TableSchema, folder: Path, known: Sequence[tables.Seen], item: tuple[int, pl.LazyFrame]) -> Copied:
    """Copies a part; where it is known what all parts say of the columns, only its values."""
    number, part = item[0], item[1].collect()
    text, values, seen = folder / f"{number:06}.csv", Written(), known or [tables.Seen(one) for one in schema.fields]
    values.put(tables.shaped_rows(part, seen, is_new=not known), folder, f"{number:06}")
    if not known:
        with named_when_whole(text) as place:
            write_rows(part, place)
    filled = [column.count() for column in part.iter_columns()]
    return Copied(text, values, filled, [column.facts for column in seen], [column.form for column in seen])


def _join(empty: pl.DataFrame, parts: Sequence[Copied], path: Path) -> None:
    """Writes the CSV of all parts, and lets go of their pieces."""
    with path.open("wb") as file:
        write_csv(empty, file)
        for part in parts:
            with part.text.open("rb") as rows:
                shutil.copyfileobj(rows, file, _PIECE)
            part.text.unlink()
