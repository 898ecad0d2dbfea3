"""R `.rds`: a data.frame with real dates and times, factors for codes, labels as attributes, the version as an attribute.

Written here, in R's own serialization (version 2, XDR; "R Internals", 1.8), because the writers for Python know neither dates
nor attributes:

    data.frame    attributes names, row.names, class; dataset, dataset_version, created, primary_key
    column        text, integer (within 32 bits), double, logical, Date, POSIXct in UTC, or factor; attribute `label`: its title
    factor        levels are the codes in the order of their list; attribute `code_labels`: the labels, named by code

Compressed without name and time. Whole numbers beyond 2^53 are text: R has no wider ones.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from deedbook.release.edition import Edition, moment_text
from deedbook.release.tables import Limit, Table, text_of
from deedbook.schema import Field

FORMAT = "R"
_LARGEST_EXACT = 2**53
_LARGEST_INTEGER = 2**31 - 1
_NA_INTEGER = -(2**31)
_NA_REAL = np.frombuffer(bytes.fromhex("7ff00000000007a2"), dtype=">u8")[0]
_LEVEL = 6
_SLICE = 50_000

_HEADER = b"X\n" + struct.pack(">iii", 2, 0x00040202, 0x00020300)
_SYMBOL, _PAIR, _LOGICAL, _INTEGER, _REAL, _STRING, _LIST = 1, 0x402, 10, 13, 14, 16, 19
_END, _REFERENCE = 0xFE, 0xFF
_HAS_ATTRIBUTES, _IS_OBJECT = 0x200, 0x100
_NA_STRING = struct.pack(">ii", 9, -1)
_ASCII, _UTF8 = 0x00040009, 0x00008009

Writer = Callable[[], None]


def write_rds(table: Table, edition: Edition, path: Path) -> tuple[Limit, ...]:
    """Writes one table."""
    columns, limits = holdable(table)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        stream = _Stream(file)
        stream.write(_HEADER)
        stream.flags(_LIST, is_object=True, has_attributes=True)
        stream.length(len(columns))
        for item, values in zip(table.schema.fields, columns, strict=True):
            _write_column(stream, item, values)
        stream.attributes(
            {
                "names": lambda: stream.texts(table.schema.names),
                "row.names": lambda: stream.integers(np.array([_NA_INTEGER, -table.rows.height])),
                "class": lambda: stream.texts(["data.frame"]),
                "dataset": lambda: stream.texts([edition.name]),
                "dataset_version": lambda: stream.texts([edition.version]),
                "created": lambda: stream.texts([moment_text(edition.created)]),
                "primary_key": lambda: stream.texts(table.schema.primary_key),
            }
        )
    return limits


class _Stream:
    """The serialized stream: it remembers the symbols, which are written once and referred to after."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._symbols: dict[str, int] = {}

    def write(self, content: bytes) -> None:
        self._file.write(content)

    def number(self, value: int) -> None:
        self.write(struct.pack(">I", value))

    def length(self, value: int) -> None:
        self.write(struct.pack(">i", value))

    def flags(self, kind: int, *, is_object: bool = False, has_attributes: bool = False) -> None:
        self.number(kind | (_IS_OBJECT if is_object else 0) | (_HAS_ATTRIBUTES if has_attributes else 0))

    def integers(self, values: np.ndarray, *, kind: int = _INTEGER, **flags: bool) -> None:
        self.flags(kind, **flags)
        self.length(len(values))
        self.write(values.astype(">i4").tobytes())

    def reals(self, values: pl.Series, **flags: bool) -> None:
        self.flags(_REAL, **flags)
        self.length(len(values))
        numbers = values.cast(pl.Float64).fill_null(0.0).to_numpy().astype(">f8").view(">u8").copy()
        numbers[values.is_null().to_numpy()] = _NA_REAL
        self.write(numbers.tobytes())

    def texts(self, values: Sequence[str | None] | pl.Series, **flags: bool) -> None:
        self.flags(_STRING, **flags)
        self.length(len(values))
        for start in range(0, len(values), _SLICE):
            self.write(b"".join(map(_text, values[start : start + _SLICE])))

    def attributes(self, writers: Mapping[str, Writer]) -> None:
        for name, write_value in writers.items():
            self.number(_PAIR)
            self._symbol(name)
            write_value()
        self.number(_END)

    def _symbol(self, name: str) -> None:
        if name in self._symbols:
            self.number(self._symbols[name] << 8 | _REFERENCE)
            return
        self._symbols[name] = len(self._symbols) + 1
        self.number(_SYMBOL)
        self.write(_text(name))


def _text(value: str | None) -> bytes:
    """One text with its encoding; NA when it is missing."""
    if value is None:
        return _NA_STRING
    content = value.encode()
    return struct.pack(">Ii", _ASCII if content.isascii() else _UTF8, len(content)) + content


def _write_column(stream: _Stream, item: Field, values: pl.Series) -> None:
    label = {"label": lambda: stream.texts([item.title])} if item.title else {}
    has_label = bool(label)
    dtype = values.dtype
    if isinstance(dtype, pl.String) and _is_coded(item, values):
        _write_factor(stream, item, values, label)
    elif isinstance(dtype, pl.Date):
        stream.reals(values.to_physical(), is_object=True, has_attributes=True)
        stream.attributes({"class": lambda: stream.texts(["Date"]), **label})
    elif isinstance(dtype, pl.Datetime):
        stream.reals(values.dt.epoch("us") / 1_000_000, is_object=True, has_attributes=True)
        classes = ["POSIXct", "POSIXt"]
        zone: dict[str, Writer] = {"class": lambda: stream.texts(classes), "tzone": lambda: stream.texts(["UTC"])}
        stream.attributes({**zone, **label})
    else:
        _write_plain(stream, values, has_label)
        if has_label:
            stream.attributes(label)


def _write_plain(stream: _Stream, values: pl.Series, has_label: bool) -> None:
    if isinstance(values.dtype, pl.String):
        stream.texts(values, has_attributes=has_label)
    elif values.dtype == pl.Boolean or (values.dtype.is_integer() and _fits_32_bits(values)):
        numbers = values.cast(pl.Int32).fill_null(_NA_INTEGER).to_numpy()
        stream.integers(numbers, kind=_LOGICAL if values.dtype == pl.Boolean else _INTEGER, has_attributes=has_label)
    else:
        stream.reals(values, has_attributes=has_label)


def _write_factor(stream: _Stream, item: Field, values: pl.Series, label: Mapping[str, Writer]) -> None:
    codes = [str(entry.value) for entry in item.categories]
    places = values.replace_strict(codes, list(range(1, len(codes) + 1)), default=None, return_dtype=pl.Int32)
    stream.integers(places.fill_null(_NA_INTEGER).to_numpy(), is_object=True, has_attributes=True)

    def code_labels() -> None:
        stream.texts([entry.label or str(entry.value) for entry in item.categories], has_attributes=True)
        stream.attributes({"names": lambda: stream.texts(codes)})

    stream.attributes(
        {
            "levels": lambda: stream.texts(codes),
            "class": lambda: stream.texts(["factor"]),
            "code_labels": code_labels,
            **label,
        }
    )


def _is_coded(item: Field, values: pl.Series) -> bool:
    """Whether every value is one of the field's codes."""
    codes = [str(entry.value) for entry in item.categories]
    return bool(codes) and len(set(codes)) == len(codes) and bool(values.drop_nulls().is_in(codes).all())


def _fits_32_bits(values: pl.Series) -> bool:
    return bool(values.is_between(-_LARGEST_INTEGER, _LARGEST_INTEGER).all())


def holdable(table: Table) -> tuple[list[pl.Series], tuple[Limit, ...]]:
    """The columns, those of numbers beyond 2^53 as text."""
    columns, limits = [], []
    for name, values in ((column.name, column) for column in table.rows.iter_columns()):
        held = values
        if values.dtype.is_integer() and not values.is_between(-_LARGEST_EXACT, _LARGEST_EXACT).all():
            held = values.to_frame().select(text_of(name, values.dtype)).to_series()
            limits.append(Limit(FORMAT, table.name, f"`{name}` is text (numbers beyond 2^53)"))
        if isinstance(values.dtype, pl.String) and values.str.contains("\x00", literal=True).any():
            held = values.str.replace_all("\x00", "", literal=True)
            limits.append(Limit(FORMAT, table.name, f"`{name}` loses the character U+0000"))
        columns.append(held)
    return columns, tuple(limits)
