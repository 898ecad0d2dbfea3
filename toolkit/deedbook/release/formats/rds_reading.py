"""Reads an R `.rds` back, as far as `rds.write_rds` goes: a data.frame of plain columns, factors, days and times.

Written here because the one reader for Python is under the AGPL and turns days into text.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

_HEADER = 14
_BYTES = 1 << 20
_SLICE = 50_000
_NA_INTEGER = -(2**31)
_NA_REAL_LOW = 1954
_SYMBOL, _PAIR, _LOGICAL, _INTEGER, _REAL, _STRING, _LIST = 1, 2, 10, 13, 14, 16, 19
_END, _REFERENCE = 0xFE, 0xFF
_KIND, _HAS_ATTRIBUTES = 0xFF, 0x200


@dataclass(frozen=True, slots=True)
class Value:
    """A vector with its attributes; a list has the vectors that it consists of."""

    content: Any
    attributes: Mapping[str, Value] = field(default_factory=dict)


class Frame:
    """A data.frame, read from its beginning to its end once: first every column, then the names.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: list[str] = []

    def columns(self) -> Iterator[pl.Series]:
        """The columns in order, one in memory at a time.

        Raises:
            ValueError: when the file is no data.frame, or has something that a release never has.
        """
        with gzip.open(self._path) as file:
            if file.read(_HEADER)[:2] != b"X\n":
                raise ValueError("is no XDR serialization of R")
            reader = _Reader(file)
            try:
                for value in reader.items():
                    yield _column(value)
                self._names = list(reader.attributes()["names"].content)
            except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
                raise ValueError(f"ends early or is no data.frame: {error}") from None

    def names(self) -> list[str]:
        """The names of the columns, known when all of them were read."""
        return self._names


class _Reader:
    """A place in the stream, and the symbols that it may refer to."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._content = b""
        self._place = 0
        self._symbols: list[str] = []

    def items(self) -> Iterator[Value]:
        """What a list consists of; its attributes follow."""
        flags = self._number()
        if flags & _KIND != _LIST or not flags & _HAS_ATTRIBUTES:
            raise ValueError("is no data.frame")
        for _ in range(self._number()):
            yield self.value()

    def value(self) -> Value:
        flags = self._number()
        content = self._content_of(flags & _KIND)
        return Value(content, self.attributes() if flags & _HAS_ATTRIBUTES else {})

    def _content_of(self, kind: int) -> Any:
        length = self._number()
        if kind == _LIST:
            return [self.value() for _ in range(length)]
        if kind == _STRING:
            return self._texts(length)
        if kind in {_INTEGER, _LOGICAL}:
            numbers = pl.Series(np.frombuffer(self._take(4 * length), dtype=">i4").astype(np.int32))
            numbers = numbers.set(numbers == _NA_INTEGER, None)
            return numbers.cast(pl.Boolean) if kind == _LOGICAL else numbers
        if kind == _REAL:
            bits = np.frombuffer(self._take(8 * length), dtype=">u8")
            numbers = pl.Series(bits.astype(np.uint64).view(np.float64))
            missing = pl.Series((bits & 0xFFFFFFFF == _NA_REAL_LOW).astype(bool)) & numbers.is_nan()
            return numbers.set(missing, None)
        raise ValueError(f"has a vector of the type {kind}")

    def _texts(self, length: int) -> pl.Series:
        parts = [pl.Series([], dtype=pl.String)]
        for start in range(0, length, _SLICE):
            texts = [self._text() for _ in range(min(_SLICE, length - start))]
            parts.append(pl.Series(texts, dtype=pl.String))
        return pl.concat(parts)

    def attributes(self) -> dict[str, Value]:
        found = {}
        while (flags := self._number()) & _KIND != _END:
            if flags & _KIND != _PAIR:
                raise ValueError("has attributes of another form")
            name = self._name()
            found[name] = self.value()
        return found

    def _name(self) -> str:
        flags = self._number()
        if flags & _KIND == _REFERENCE:
            return self._symbols[(flags >> 8) - 1]
        if flags & _KIND != _SYMBOL:
            raise ValueError("has an attribute without a name")
        self._symbols.append(self._text() or "")
        return self._symbols[-1]

    def _text(self) -> str | None:
        self._number()
        length = self._number(signed=True)
        return None if length < 0 else self._take(length).decode("utf-8")

    def _number(self, *, signed: bool = False) -> int:
        number: int = struct.unpack(">i" if signed else ">I", self._take(4))[0]
        return number

    def _take(self, length: int) -> bytes:
        if self._place + length > len(self._content):
            self._content = self._content[self._place :] + self._file.read(max(length, _BYTES))
            self._place = 0
        taken = self._content[self._place : self._place + length]
        if len(taken) != length:
            raise ValueError("ends early")
        self._place += length
        return taken


def _column(value: Value) -> pl.Series:
    """A column as values: the codes of a factor, days and times as such."""
    kind = list(value.attributes["class"].content) if "class" in value.attributes else []
    if kind == ["factor"]:
        levels: pl.Series = value.attributes["levels"].content
        return levels.gather(pl.Series(value.content, dtype=pl.Int64) - 1)
    if kind == ["Date"]:
        return pl.Series(value.content).cast(pl.Int32).cast(pl.Date)
    if kind == ["POSIXct", "POSIXt"]:
        moments = (pl.Series(value.content) * 1_000_000).round().cast(pl.Int64)
        return moments.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.Series(value.content)
