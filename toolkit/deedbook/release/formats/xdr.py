"""R's own serialization, version 2, XDR ("R Internals", 1.8): vectors with attributes, written and read some values at a time."""

import gzip
import itertools
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self, cast

import numpy as np
import polars as pl

from deedbook.release.formats.texts import Texts

_NA_INTEGER = -(2**31)
_NA_REAL_LOW = 1954
_NA_REAL = np.uint64(0x7FF00000_00000000 | _NA_REAL_LOW)
"""R's NA of doubles is a NaN with this number in its lower half."""
_BYTES = 1 << 20
"""Unpacked at once."""
SLICE = 50_000
"""Texts that are read at a time."""
HEADER = b"X\n" + struct.pack(">iii", 2, 0x00040202, 0x00020300)
_SYMBOL, _PAIR, _LOGICAL, _INTEGER, _REAL, STRING, LIST = 1, 2, 10, 13, 14, 16, 19
_END, _REFERENCE = 0xFE, 0xFF
KIND, IS_OBJECT, HAS_ATTRIBUTES, _IS_TAGGED = 0xFF, 0x100, 0x200, 0x400
_NA_STRING = 9
_HEAD = struct.Struct(">Ii")
"""What a text is, and how many bytes it has."""
_NO_TEXT = -1
"""The length of NA."""
_NOTHING = pl.Series([], dtype=pl.String)
_ASCII, _UTF8 = 0x00040009, 0x00008009


@dataclass(frozen=True, slots=True)
class Value:
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


class Writer:
    """The serialized stream: it remembers the symbols, which are written once and referred to after."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._symbols: dict[str, int] = {}

    def value(self, value: Value) -> None:
        """Writes a vector that is there."""
        content = value.content
        self.vector(content.dtype, len(content), [content], value.attributes)

    def vector(
        self, dtype: pl.DataType, length: int, parts: Iterable[pl.Series], attributes: Mapping[str, Value]
    ) -> None:
        """Writes a vector of so many values, which come in parts."""
        kind = {pl.String: STRING, pl.Boolean: _LOGICAL, pl.Int32: _INTEGER}.get(dtype.base_type(), _REAL)
        flags = (HAS_ATTRIBUTES if attributes else 0) | (IS_OBJECT if "class" in attributes else 0)
        self._file.write(struct.pack(">Ii", kind | flags, length))
        for part in parts:
            if kind == STRING:
                self._file.write(_texts(part))
            elif kind == _REAL:
                bits = part.cast(pl.Float64).fill_null(0.0).to_numpy().astype(">f8").view(">u8").copy()
                bits[part.is_null().to_numpy()] = _NA_REAL
                self._file.write(bits.tobytes())
            else:
                self._file.write(part.cast(pl.Int32).fill_null(_NA_INTEGER).to_numpy().astype(">i4").tobytes())
        if attributes:
            self.attributes(attributes)

    def attributes(self, attributes: Mapping[str, Value]) -> None:
        """Writes what stands behind a vector."""
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


class Reader:
    """A place in the stream, and the symbols that it may refer to."""

    def __init__(self, file: gzip.GzipFile, most: int) -> None:
        self._file, self._left = file, most
        self._block, self._place = b"", 0
        self._symbols: list[str] = []

    def count_of_columns(self) -> int:
        """Of how many a data.frame, which follows, consists; its attributes stand behind them."""
        flags = self._number()
        if flags & KIND != LIST or not flags & HAS_ATTRIBUTES:
            raise ValueError("is no data.frame")
        return self._number()

    def head(self) -> tuple[int, int]:
        """What a vector, which follows, is, and how many values it has."""
        return self._number(), self._number()

    def rest(self, flags: int) -> dict[str, Value]:
        """What stands behind a vector."""
        return self.attributes() if flags & HAS_ATTRIBUTES else {}

    def value(self, flags: int, length: int) -> Value:
        """A vector whose head was read."""
        kind = flags & KIND
        if kind == STRING:
            counts = (min(SLICE, length - start) for start in range(0, length, SLICE))
            content = pl.concat([_NOTHING, *(self.texts(_NOTHING, count) for count in counts)])
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
        return Value(content, self.rest(flags))

    def attributes(self) -> dict[str, Value]:
        """What follows, up to its end, by name."""
        found = {}
        while (flags := self._number() & KIND) != _END:
            if flags != _PAIR:
                raise ValueError("has attributes of another form")
            symbol = self._number()
            if symbol & KIND == _SYMBOL:
                self._symbols.append(self._text() or "")
            elif symbol & KIND != _REFERENCE:
                raise ValueError("has an attribute without a name")
            name = self._symbols[-1 if symbol & KIND == _SYMBOL else (symbol >> 8) - 1]
            found[name] = self.value(*self.head())
        return found

    def _text(self) -> str | None:
        return cast(str | None, self.texts(_NOTHING, 1)[0])

    def texts(self, expected: pl.Series, count: int) -> pl.Series:
        """The next texts; those that are as expected are not made a second time."""
        if len(expected) == count and self._is_next(_texts(expected)):
            return expected
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

    def _is_next(self, expected: bytes) -> bool:
        """Whether these bytes follow, which are then behind it."""
        self._unpack(len(expected))
        is_next = self._block.startswith(expected, self._place) and len(expected) <= self._left
        if is_next:
            self._take(len(expected))
        return is_next

    def _take(self, length: int) -> bytes:
        self._demand(length)
        self._left -= length
        start, self._place = self._place, self._place + length
        return self._block[start : self._place]

    def _demand(self, length: int) -> None:
        """Unpacks more, until so many bytes are there."""
        if length > self._left:
            raise ValueError("unpacks to far more than the table holds")
        self._unpack(length)
        if len(self._block) - self._place < length:
            raise ValueError("ends early")

    def _unpack(self, length: int) -> None:
        """Unpacks more where fewer bytes are there."""
        if len(self._block) - self._place < length:
            rest = self._block[self._place :]
            self._block, self._place = rest + self._file.read(max(length - len(rest), _BYTES)), 0


def _texts(values: pl.Series) -> bytes:
    """Texts, each with its encoding and length; NA where one is missing."""
    held = Texts.of(values)
    is_ascii = held.lengths == held.values.str.len_chars().to_numpy()
    heads = np.empty((len(values), 2), dtype=">u4")
    heads[:, 0], heads[:, 1] = np.where(is_ascii, _ASCII, _UTF8), held.lengths
    heads[values.is_null().to_numpy()] = _NA_STRING, 2**32 + _NO_TEXT
    return held.behind(heads.view(np.uint8)).tobytes()
