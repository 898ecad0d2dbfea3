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
import itertools
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self, cast

import numpy as np
import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats import cells
from deedbook.release.formats.texts import Texts
from deedbook.release.rows import Rows
from deedbook.release.tables import Table
from deedbook.schema import Field

CAPACITY = cells.Capacity(is_finite=False, texts={"\x00": "loses the character U+0000"}, dropped="\x00")
_LARGEST_INTEGER = 2**31 - 1
_NA_INTEGER = -(2**31)
_NA_REAL_LOW = 1954
_NA_REAL = np.uint64(0x7FF00000_00000000 | _NA_REAL_LOW)
"""R's NA of doubles is a NaN with this number in its lower half."""
_BYTES = 1 << 20
"""Unpacked at once."""
_LEVEL = 6
_GRACE, _BYTES_OF_BYTE = 32 << 20, 4
"""Bytes that a file may unpack to, and more for each byte of the table: R's headers take eight for a cell of any length."""
_SLICE = 50_000

_HEADER = b"X\n" + struct.pack(">iii", 2, 0x00040202, 0x00020300)
_SYMBOL, _PAIR, _LOGICAL, _INTEGER, _REAL, _STRING, _LIST = 1, 2, 10, 13, 14, 16, 19
_END, _REFERENCE = 0xFE, 0xFF
_KIND, _IS_OBJECT, _HAS_ATTRIBUTES, _IS_TAGGED = 0xFF, 0x100, 0x200, 0x400
_NA_STRING = 9
_HEAD = struct.Struct(">Ii")
"""What a text is, and how many bytes it has."""
_NO_TEXT = -1
"""The length of NA."""
_NOTHING = pl.Series([], dtype=pl.String)
_ASCII, _UTF8 = 0x00040009, 0x00008009


@dataclass(frozen=True, slots=True)
class _Value:
    """A vector with its attributes."""

    content: pl.Series
    attributes: Mapping[str, Self] = field(default_factory=dict)

    @classmethod
    def texts(cls, values: Iterable[str], names: Iterable[str] = ()) -> Self:
        """Texts, with a name for each where names are given."""
        own = {"names": cls.texts(names)} if names else {}
        return cls(pl.Series([*values], dtype=pl.String), own)

    @property
    def column(self) -> pl.Series:
        """A column as values: the codes of a factor, days and times as such."""
        kind = list(self.attributes["class"].content) if "class" in self.attributes else []
        if kind[-1:] == ["factor"]:
            return self.attributes["levels"].content.gather(self.content.cast(pl.Int64) - 1)
        if kind == ["Date"]:
            return self.content.cast(pl.Int32).cast(pl.Date)
        if kind == ["POSIXct", "POSIXt"]:
            moments = (self.content * 1_000_000).round().cast(pl.Int64)
            return moments.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return self.content


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as R holds it: what makes its values, what they are, and its attributes."""

    values: pl.Expr
    dtype: pl.DataType
    attributes: Mapping[str, _Value] = field(default_factory=dict)


def _columns(table: Table, rows: Rows) -> Iterator[_Column]:
    """The columns of a table, each with its title as the attribute `label`."""
    extents, texts = cells.extents_of(rows), _Value.texts
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


def _labels(item: Field, dtype: pl.DataType) -> dict[str, _Value]:
    """The labels of a column of whole numbers, as an attribute; nothing where a code is wider than they are."""
    labels = cells.number_labels(item, 2**63 - 1)
    codes = pl.Series([*labels], dtype=pl.Int64).cast(dtype, strict=False)
    return (
        {} if not labels or codes.has_nulls() else {"labels": _Value(codes, {"names": _Value.texts(labels.values())})}
    )


def _codes_of(item: Field, rows: Rows) -> dict[str, str]:
    """The codes of a column of text with their labels; nothing where it holds other text."""
    codes = {str(entry.value): entry.label or str(entry.value) for entry in item.categories}
    if not codes or len(codes) < len(item.categories):
        return {}
    is_listed = pl.col(item.name).drop_nulls().is_in([*codes]).all()
    return codes if all(rows.asked([is_listed]).values()) else {}


def _factor(item: Field, codes: Mapping[str, str]) -> _Column:
    """A column of codes as their places in the list."""
    places, texts = [*range(1, len(codes) + 1)], _Value.texts
    kind = ["ordered", "factor"] if item.raw.get("categoriesOrdered") is True else ["factor"]
    own = {"levels": texts(codes), "class": texts(kind), "code_labels": texts(codes.values(), names=codes)}
    values = pl.col(item.name).replace_strict([*codes], places, default=None, return_dtype=pl.Int32)
    return _Column(values, pl.Int32(), own)


def write(table: Table, edition: Edition, path: Path) -> list[str]:
    """Writes one table, column by column."""
    rows, notes = CAPACITY.held(table.rows)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        writer = _Writer(file)
        file.write(_HEADER + struct.pack(">Ii", _LIST | _IS_OBJECT | _HAS_ATTRIBUTES, rows.width))
        for name, column in zip(table.schema.names, _columns(table, rows), strict=True):
            parts = (part.select(column.values).to_series() for part in rows.slices(_SLICE, [name]))
            writer.vector(column.dtype, rows.height, parts, column.attributes)
        numbers = _Value(pl.Series([None, -rows.height], dtype=pl.Int32))
        head = {"names": _Value.texts(table.schema.names), "row.names": numbers}
        facts = {"class": "data.frame", "dataset": edition.name}
        facts |= {"dataset_version": edition.version, "created": edition.moment}
        key = {"primary_key": _Value.texts(table.schema.primary_key)}
        writer.attributes(head | {name: _Value.texts([text]) for name, text in facts.items()} | key)
    return cells.said_of(notes)


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[cells.Pair]:
    """The columns of a file, beside the table's; what is read goes as far as `write`: plain columns, factors, days, times.

    Raises:
        ValueError: when the file is no data.frame, or has something that a release never has.
    """
    rows, _ = CAPACITY.held(table.rows)
    with gzip.open(path) as packed:
        if packed.read(len(_HEADER))[:2] != _HEADER[:2]:
            raise ValueError("is no XDR serialization of R")
        reader = _Reader(packed, _GRACE + _BYTES_OF_BYTE * table.rows.bytes)
        try:
            for position, (column, value) in enumerate(reader.items(map(rows.column, rows.columns))):
                if position < rows.width:  # of more columns, the names tell
                    found = value.column
                    if len(found) != len(column):
                        raise cells.unlike_height(len(found), len(column))
                    if isinstance(column.dtype, pl.Datetime) and not column.dtype.time_zone:
                        found = found.dt.replace_time_zone(None)  # R has no local times, so they are written as UTC
                    yield cells.Pair(column.name, column, cells.narrowed(found, column.dtype), 0, position)
            names = list(reader.attributes()["names"].content)
        except (struct.error, LookupError, UnicodeDecodeError) as error:
            raise ValueError(f"ends early or is no data.frame: {error}") from None
    cells.demand_columns(names, rows.columns)


class _Writer:
    """The serialized stream: it remembers the symbols, which are written once and referred to after."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._symbols: dict[str, int] = {}

    def value(self, value: _Value) -> None:
        content = value.content
        self.vector(content.dtype, len(content), [content], value.attributes)

    def vector(
        self, dtype: pl.DataType, length: int, parts: Iterable[pl.Series], attributes: Mapping[str, _Value]
    ) -> None:
        kind = {pl.String: _STRING, pl.Boolean: _LOGICAL, pl.Int32: _INTEGER}.get(dtype.base_type(), _REAL)
        flags = (_HAS_ATTRIBUTES if attributes else 0) | (_IS_OBJECT if "class" in attributes else 0)
        self._file.write(struct.pack(">Ii", kind | flags, length))
        for part in parts:
            if kind == _STRING:
                self._file.write(_texts(part))
            elif kind == _REAL:
                bits = part.cast(pl.Float64).fill_null(0.0).to_numpy().astype(">f8").view(">u8").copy()
                bits[part.is_null().to_numpy()] = _NA_REAL
                self._file.write(bits.tobytes())
            else:
                self._file.write(part.cast(pl.Int32).fill_null(_NA_INTEGER).to_numpy().astype(">i4").tobytes())
        if attributes:
            self.attributes(attributes)

    def attributes(self, attributes: Mapping[str, _Value]) -> None:
        for name, value in attributes.items():
            is_new = name not in self._symbols
            place = self._symbols.setdefault(name, len(self._symbols) + 1)
            symbol = (
                struct.pack(">I", _SYMBOL) + _texts(pl.Series([name]))
                if is_new
                else struct.pack(">I", place << 8 | _REFERENCE)
            )
            self._file.write(struct.pack(">I", _PAIR | _IS_TAGGED) + symbol)
            self.value(value)
        self._file.write(struct.pack(">I", _END))


class _Reader:
    """A place in the stream, and the symbols that it may refer to."""

    def __init__(self, file: gzip.GzipFile, most: int) -> None:
        self._file, self._left = file, most
        self._block, self._place = b"", 0
        self._symbols: list[str] = []

    def items(self, expected: Iterator[pl.Series]) -> Iterator[tuple[pl.Series, _Value]]:
        """What a list consists of behind what is expected, which may be the same; its attributes follow."""
        flags = self._number()
        if flags & _KIND != _LIST or not flags & _HAS_ATTRIBUTES:
            raise ValueError("is no data.frame")
        for _ in range(self._number()):
            column = next(expected, _NOTHING)
            yield column, self.value(column)

    def value(self, expected: pl.Series = _NOTHING) -> _Value:
        flags, length = self._number(), self._number()
        kind = flags & _KIND
        if kind == _STRING:
            like = expected if expected.dtype == pl.String and len(expected) == length else _NOTHING
            slices = ((like.slice(start, _SLICE), min(_SLICE, length - start)) for start in range(0, length, _SLICE))
            content = pl.concat([_NOTHING, *(self._texts(*one) for one in slices)])
        elif kind in {_INTEGER, _LOGICAL}:
            numbers = pl.Series(np.frombuffer(self._take(4 * length), dtype=">i4").astype(np.int32))
            content = numbers.set(numbers == _NA_INTEGER, None).cast(pl.Boolean if kind == _LOGICAL else pl.Int32)
        elif kind == _REAL:
            bits = np.frombuffer(self._take(8 * length), dtype=">u8")
            numbers = pl.Series(bits.astype(np.uint64).view(np.float64))
            missing = pl.Series((bits & 0xFFFFFFFF == _NA_REAL_LOW).astype(bool)) & numbers.is_nan()
            content = numbers.set(missing, None)
        else:
            raise ValueError(f"has a vector of the type {kind}")
        return _Value(content, self.attributes() if flags & _HAS_ATTRIBUTES else {})

    def attributes(self) -> dict[str, _Value]:
        found = {}
        while (flags := self._number() & _KIND) != _END:
            if flags != _PAIR:
                raise ValueError("has attributes of another form")
            symbol = self._number()
            if symbol & _KIND == _SYMBOL:
                self._symbols.append(self._text() or "")
            elif symbol & _KIND != _REFERENCE:
                raise ValueError("has an attribute without a name")
            name = self._symbols[-1 if symbol & _KIND == _SYMBOL else (symbol >> 8) - 1]
            found[name] = self.value()
        return found

    def _text(self) -> str | None:
        return cast(str | None, self._texts(_NOTHING, 1)[0])

    def _texts(self, expected: pl.Series, count: int) -> pl.Series:
        """The next texts; those that are as expected are not made a second time."""
        lengths, parts = list[int](), list[bytes]()
        while len(lengths) < count:
            found, size = self._whole_texts(count - len(lengths))
            if min(found) < _NO_TEXT:
                raise ValueError("has a text of less than nothing")
            block = np.frombuffer(self._take(size), dtype=np.uint8)
            is_text = np.ones(size, dtype=bool)
            starts = np.cumsum([0, *(_HEAD.size + max(length, 0) for length in found)])[:-1]
            is_text[starts[:, np.newaxis] + np.arange(_HEAD.size)] = False
            parts.append(block[is_text].tobytes())
            lengths += found
        content = b"".join(parts)
        if len(expected) == count:
            held = Texts.of(expected)
            missing = expected.is_null().to_numpy()
            if np.array_equal(np.where(missing, -1, held.lengths), lengths) and held.content.tobytes() == content:
                return expected
        ends = [*itertools.accumulate((max(length, 0) for length in lengths), initial=0)]
        cells = zip(lengths, ends, ends[1:], strict=False)
        texts = [None if length < 0 else content[start:end].decode() for length, start, end in cells]
        return pl.Series(texts, dtype=pl.String)

    def _whole_texts(self, most: int) -> tuple[list[int], int]:
        """The lengths of the texts that follow in what is unpacked, one at least, and how many bytes they take."""
        lengths, place, needed = list[int](), 0, _HEAD.size
        while not lengths:
            self._demand(needed)
            block, first, left = self._block, self._place, len(self._block) - self._place
            unpack = _HEAD.unpack_from
            while len(lengths) < most and place + _HEAD.size <= left:
                _, length = unpack(block, first + place)
                needed = place + _HEAD.size
                if length > 0:
                    needed += length
                if needed > left:
                    break
                lengths.append(length)
                place = needed
        return lengths, place

    def _number(self) -> int:
        return int.from_bytes(self._take(4))

    def _take(self, length: int) -> bytes:
        self._demand(length)
        self._left -= length
        start, self._place = self._place, self._place + length
        return self._block[start : self._place]

    def _demand(self, length: int) -> None:
        """Unpacks more, until so many bytes are there."""
        if length > self._left:
            raise ValueError("unpacks to far more than the table holds")
        if len(self._block) - self._place < length:
            rest = self._block[self._place :]
            self._block, self._place = rest + self._file.read(max(length - len(rest), _BYTES)), 0
            if len(self._block) < length:
                raise ValueError("ends early")


def _texts(values: pl.Series) -> bytes:
    """Texts, each with its encoding and length; NA where one is missing."""
    held = Texts.of(values)
    is_ascii = (values.str.len_bytes() == values.str.len_chars()).fill_null(True).to_numpy()
    heads = np.empty((len(values), 2), dtype=">u4")
    heads[:, 0], heads[:, 1] = np.where(is_ascii, _ASCII, _UTF8), held.lengths
    heads[values.is_null().to_numpy()] = _NA_STRING, 2**32 + _NO_TEXT
    return held.behind(heads.view(np.uint8)).tobytes()
