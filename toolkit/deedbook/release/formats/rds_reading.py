"""Reads an R `.rds` back, as far as `rds.write_rds` goes: a data.frame of plain columns, factors, days and times.

Written here because the one reader for Python is under the AGPL and turns days into text.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

_HEADER = 14
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


def read_rds(path: Path) -> dict[str, pl.Series]:
    """The columns of the data.frame by name.

    Raises:
        ValueError: when the file is none, or has something that a release never has.
    """
    with gzip.open(path) as file:
        content = file.read()
    if content[:2] != b"X\n":
        raise ValueError("is no XDR serialization of R")
    reader = _Reader(content)
    try:
        frame = reader.value()
        names = frame.attributes["names"].content
        return {name: _column(value) for name, value in zip(names, frame.content, strict=True)}
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError(f"ends early or is no data.frame: {error}") from None


class _Reader:
    """A place in the stream, and the symbols that it may refer to."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = _HEADER
        self._symbols: list[str] = []

    def value(self) -> Value:
        flags = self._number()
        content = self._content_of(flags & _KIND)
        return Value(content, self._attributes() if flags & _HAS_ATTRIBUTES else {})

    def _content_of(self, kind: int) -> Any:
        length = self._number()
        if kind == _LIST:
            return [self.value() for _ in range(length)]
        if kind == _STRING:
            return [self._text() for _ in range(length)]
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

    def _attributes(self) -> dict[str, Value]:
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
        taken = self._content[self._place : self._place + length]
        if len(taken) != length:
            raise ValueError("ends early")
        self._place += length
        return taken


def _column(value: Value) -> pl.Series:
    """A column as values: the codes of a factor, days and times as such."""
    kind = value.attributes.get("class", Value([])).content
    if kind == ["factor"]:
        levels = pl.Series(value.attributes["levels"].content, dtype=pl.String)
        return levels.gather(pl.Series(value.content, dtype=pl.Int64) - 1)
    if kind == ["Date"]:
        return pl.Series(value.content).cast(pl.Int32).cast(pl.Date)
    if kind == ["POSIXct", "POSIXt"]:
        moments = (pl.Series(value.content) * 1_000_000).round().cast(pl.Int64)
        return moments.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return pl.Series(value.content, dtype=pl.String) if isinstance(value.content, list) else pl.Series(value.content)
