"""R `.rds`: a data.frame with real dates and times, factors for codes, labels as attributes, the version as an attribute.

Written here, in R's own serialization (version 2, XDR; "R Internals", 1.8), because the writers for Python know neither dates
nor attributes, and read here because the one reader is under the AGPL and turns days into text:

    data.frame    attributes names, row.names, class; dataset, dataset_version, created, primary_key
    column        text, integer (within 32 bits), double, logical, Date, POSIXct in UTC, or factor; attribute `label`: its title
    factor        levels are the codes in the order of their list, ordered where the schema says so; attribute `code_labels`:
                  the labels, named by code
    number        of a column with labelled codes: attribute `labels`, the codes named by their labels, as haven has them

Compressed without name and time. Whole numbers beyond 2^53 are text: R has no wider ones.
"""

import gzip
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats import cells
from deedbook.release.formats.xdr import (
    HAS_ATTRIBUTES,
    HEADER,
    IS_OBJECT,
    KIND,
    LIST,
    SLICE,
    STRING,
    Reader,
    Value,
    Writer,
)
from deedbook.release.rows import Rows
from deedbook.release.tables import Table
from deedbook.schema import Field

CAPACITY = cells.Capacity(is_finite=False, texts={"has_zero": "loses the character U+0000"}, dropped="\x00")
_LARGEST_INTEGER = 2**31 - 1
_LEVEL = 6
_GRACE, _BYTES_OF_BYTE = 32 << 20, 4
"""Bytes that a file may unpack to, and more for each byte of the table: R's headers take eight for a cell of any length."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as R holds it: what makes its values, what they are, and its attributes."""

    values: pl.Expr
    dtype: pl.DataType
    attributes: Mapping[str, Value] = field(default_factory=dict)


def _columns(table: Table, rows: Rows) -> Iterator[_Column]:
    """The columns of a table, each with its title as the attribute `label`."""
    extents, texts = cells.extents_of(rows), Value.texts
    for item in table.schema.fields:
        dtype, values = rows.schema[item.name], pl.col(item.name)
        column = _Column(values, dtype)
        if dtype == pl.Date:
            column = _Column(values.to_physical().cast(pl.Float64), pl.Float64(), {"class": texts(["Date"])})
        elif isinstance(dtype, pl.Datetime):
            own = {"class": texts(["POSIXct", "POSIXt"]), "tzone": texts(["UTC"])}
            column = _Column(values.dt.epoch("us") / 1_000_000, pl.Float64(), own)
        elif dtype.is_integer():
            extent = extents[item.name]
            is_narrow = extent.least >= -_LARGEST_INTEGER and extent.greatest <= _LARGEST_INTEGER
            kind = pl.Int32() if is_narrow else dtype
            column = _Column(values.cast(kind), kind, _labels(item, kind))
        elif dtype == pl.String and (codes := _codes_of(item, rows)):
            column = _factor(item, codes)
        title = {"label": texts([item.title])} if item.title else {}
        yield replace(column, attributes={**column.attributes, **title})


def _labels(item: Field, dtype: pl.DataType) -> dict[str, Value]:
    """The labels of a column of whole numbers, as an attribute; nothing where a code is wider than they are."""
    labels = cells.number_labels(item, 2**63 - 1)
    codes = pl.Series([*labels], dtype=pl.Int64).cast(dtype, strict=False)
    return {} if not labels or codes.has_nulls() else {"labels": Value(codes, {"names": Value.texts(labels.values())})}


def _codes_of(item: Field, rows: Rows) -> dict[str, str]:
    """The codes of a column of text with their labels; nothing where it holds other text."""
    codes = {str(entry.value): entry.label or str(entry.value) for entry in item.categories}
    if not codes or len(codes) < len(item.categories):
        return {}
    is_listed = pl.col(item.name).drop_nulls().is_in([*codes]).all()
    return codes if all(rows.asked([is_listed]).values()) else {}


def _factor(item: Field, codes: Mapping[str, str]) -> _Column:
    """A column of codes as their places in the list."""
    places, texts = [*range(1, len(codes) + 1)], Value.texts
    kind = ["ordered", "factor"] if item.raw.get("categoriesOrdered") is True else ["factor"]
    own = {"levels": texts(codes), "class": texts(kind), "code_labels": texts(codes.values(), names=codes)}
    values = pl.col(item.name).replace_strict([*codes], places, default=None, return_dtype=pl.Int32)
    return _Column(values, pl.Int32(), own)


def write(table: Table, edition: Edition, path: Path) -> list[str]:
    """Writes one table, column by column."""
    rows, notes = CAPACITY.held(table.rows)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        writer = Writer(file)
        file.write(HEADER + struct.pack(">Ii", LIST | IS_OBJECT | HAS_ATTRIBUTES, rows.width))
        for name, column in zip(table.schema.names, _columns(table, rows), strict=True):
            parts = (part.select(column.values).to_series() for part in rows.slices(SLICE, [name]))
            writer.vector(column.dtype, rows.height, parts, column.attributes)
        numbers = Value(pl.Series([None, -rows.height], dtype=pl.Int32))
        head = {"names": Value.texts(table.schema.names), "row.names": numbers}
        facts = {"class": "data.frame", "dataset": edition.name}
        facts |= {"dataset_version": edition.version, "created": edition.moment}
        key = {"primary_key": Value.texts(table.schema.primary_key)}
        writer.attributes(head | {name: Value.texts([text]) for name, text in facts.items()} | key)
    return cells.said_of(notes)


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[cells.Pair]:
    """The columns of a file, beside the table's; what is read goes as far as `write`: plain columns, factors, days, times.

    Raises:
        ValueError: when the file is no data.frame, or has something that a release never has.
    """
    rows, _ = CAPACITY.held(table.rows)
    with gzip.open(path) as packed:
        if packed.read(len(HEADER))[:2] != HEADER[:2]:
            raise ValueError("is no XDR serialization of R")
        reader = Reader(packed, _GRACE + _BYTES_OF_BYTE * table.rows.bytes)
        try:
            for position in range(reader.count_of_columns()):
                flags, height = reader.head()
                is_text = flags & KIND == STRING
                if position >= rows.width:  # the names tell of more columns
                    reader.value(flags, height)
                elif height != rows.height:
                    raise cells.unlike_height(height, rows.height)
                elif is_text and rows.schema[rows.columns[position]] == pl.String:
                    yield from _text_pairs(reader, rows, position)
                    reader.rest(flags)
                else:
                    column, found = rows.column(rows.columns[position]), reader.value(flags, height).column
                    if isinstance(column.dtype, pl.Datetime) and not column.dtype.time_zone:
                        found = found.dt.replace_time_zone(None)  # R has no local times, so they are written as UTC
                    yield cells.Pair(column.name, column, cells.narrowed(found, column.dtype), 0, position)
            names = list(reader.attributes()["names"].content)
        except (struct.error, LookupError, UnicodeDecodeError) as error:
            raise ValueError(f"ends early or is no data.frame: {error}") from None
    cells.demand_columns(names, rows.columns)


def _text_pairs(reader: Reader, rows: Rows, position: int) -> Iterator[cells.Pair]:
    """A column of text beside what stands there, some rows at a time."""
    name, start = rows.columns[position], 0
    for part in rows.slices(SLICE, [name]):
        expected = part.to_series()
        yield cells.Pair(name, expected, reader.texts(expected, len(expected)), start, position)
        start += len(expected)
