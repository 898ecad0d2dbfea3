"""Cells in canonical order with their letters composed, and what that changes."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from deedbook.checking.canonical import canonical_text
from deedbook.reading.tables import present
from deedbook.release.tables import sort_by_key
from deedbook.schema import Field, TableSchema
from deedbook.tidying.reading import Cells

_HARMLESS = frozenset({"required", "maxLength"})
"""Constraints that mean the same for composed letters."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """Cells in canonical form.

    Attributes:
        cells: The same rows, with the same values.
        done: What was done, in words.
        left: What could not be done, in words.
    """

    cells: Cells
    done: tuple[str, ...]
    left: tuple[str, ...]


def arrange(cells: Cells, schema: TableSchema | None, referenced: frozenset[str]) -> Arranged:
    """The cells in canonical form.

    Columns stay where they are, unless the schema demands their order (`fieldsMatch: exact`) and they stand in another one.

    Args:
        cells: What stands in the file.
        schema: The table's schema, when it has one.
        referenced: Fields that other tables refer to.
    """
    done = ["without its byte-order mark"] if cells.has_bom else []
    if cells.blanks:
        done.append(f"without {cells.blanks:,} blank line{'s' * (cells.blanks != 1)}")
    cells, composed, left = _compose(cells, schema, referenced)
    done += [f"{composed:,} cell{'s' * (composed != 1)} in Unicode NFC"] if composed else []
    if schema is not None and len(set(cells.labels)) == len(cells.labels):
        moved = _in_order(cells, schema)
        done += ["columns in the order of the schema"] if moved.labels != cells.labels else []
        sorted_ = _sorted(moved, schema)
        done += [f"sorted by {', '.join(schema.primary_key)}"] if not sorted_.rows.equals(moved.rows) else []
        cells = sorted_
    return Arranged(replace(cells, has_bom=False, has_return=False, blanks=0), tuple(done), tuple(left))


def _compose(cells: Cells, schema: TableSchema | None, referenced: frozenset[str]) -> tuple[Cells, int, list[str]]:
    """Texts in NFC, where no key, code or pattern could come to mean something else; how many, and what was left."""
    columns, count, left = [], 0, []
    for name, label in zip(cells.rows.columns, cells.labels, strict=True):
        column = cells.rows.get_column(name)
        composed = column.str.normalize("NFC")
        odd = int((column != composed).sum())
        if odd and _may_compose(schema, label, referenced):
            count += odd
            columns.append(composed)
            continue
        if odd:
            left.append(
                f"{odd:,} cell{'s' * (odd != 1)} of `{label}` in other than Unicode NFC: keys and codes are left alone"
            )
        columns.append(column)
    return replace(cells, rows=pl.DataFrame(columns)), count, left


def _may_compose(schema: TableSchema | None, label: str, referenced: frozenset[str]) -> bool:
    if schema is None:
        return True
    if label not in schema.names:
        return True
    item = schema.field(label)
    keys = {*schema.primary_key, *(name for key in schema.unique_keys for name in key), *referenced}
    keys |= {name for key in schema.foreign_keys for name in key.fields}
    is_free = item.type == "string" and item.format in {"default", ""} and not item.categories and not item.code_list
    missing = all(unicodedata.is_normalized("NFC", text) for text in schema.missing_of(item))
    return is_free and missing and label not in keys and set(item.constraints) <= _HARMLESS


def _in_order(cells: Cells, schema: TableSchema) -> Cells:
    if schema.fields_match != "exact" or sorted(cells.labels) != sorted(schema.names):
        return cells
    places = {label: at for at, label in enumerate(cells.labels)}
    rows = cells.rows.select(pl.col(str(places[name])).alias(str(at)) for at, name in enumerate(schema.names))
    return replace(cells, labels=schema.names, rows=rows)


def _sorted(cells: Cells, schema: TableSchema) -> Cells:
    """The rows by primary key, as in a release; as they are where a column of the key is missing."""
    if not schema.primary_key or not set(schema.primary_key) <= set(cells.labels):
        return cells
    keys = cells.rows.select(_key_columns(cells, schema)).with_row_index("\0at")
    order = sort_by_key(keys, schema).get_column("\0at")
    return replace(cells, rows=cells.rows.select(pl.all().gather(order)))


def _key_columns(cells: Cells, schema: TableSchema) -> Iterator[pl.Expr]:
    for name in schema.primary_key:
        item = schema.field(name)
        text = present(str(cells.labels.index(name)), schema.missing_of(item))
        yield text.map_batches(_canonical(item), return_dtype=pl.String).alias(name)


def _canonical(item: Field) -> Callable[[pl.Series], pl.Series]:
    return lambda texts: texts.alias(item.name).to_frame().select(canonical_text(item)).to_series()


def to_bytes(cells: Cells, delimiter: str) -> bytes:
    """The cells as canonical CSV; an empty cell is quoted only where its line would be blank."""
    out = io.BytesIO()
    header = pl.DataFrame([cells.labels], orient="row", schema=dict.fromkeys(cells.rows.columns, pl.String))
    rows = cells.rows if cells.rows.width == 1 else cells.rows.select(pl.when(pl.all() != "").then(pl.all()))
    for frame in (header, rows):
        frame.write_csv(out, include_header=False, separator=delimiter, line_terminator="\n", quote_style="necessary")
    return out.getvalue()
