"""The bytes of a Stata file, release 118 ("Description of .dta file format 118", stata.com), written a slice of rows at a time.

    <stata_dta>
    <header>       release, byte order, numbers of variables and rows, data label, time stamp
    <map>          the positions of these sections, filled in at the end
    <variable_types> <varnames> <sortlist> <formats> <value_label_names> <variable_labels> <characteristics>
    <data>         the rows: numbers, texts of a fixed width, and for a long text (strL) the place where it stands
    <strls>        the long texts, each once a variable, in the order of rows
    <value_labels>

Written here because the writers for Python keep every text of a table as an object of its own, three times the table itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import polars as pl

Kind = Literal["byte", "int", "long", "double", "str", "strL"]
_SECTIONS = (
    "stata_dta",
    "map",
    "variable_types",
    "varnames",
    "sortlist",
    "formats",
    "value_label_names",
    "variable_labels",
    "characteristics",
    "data",
    "strls",
    "value_labels",
)
_CODES: Mapping[Kind, int] = {"strL": 32_768, "double": 65_526, "long": 65_528, "int": 65_529, "byte": 65_530}
_LAYOUTS = {"strL": "<u8", "double": "<f8", "long": "<i4", "int": "<i2", "byte": "<i1"}
_MISSING_INTEGER = {"long": 2_147_483_621, "int": 32_741, "byte": 101}
_MISSING_DOUBLE = np.frombuffer(bytes.fromhex("000000000000e07f"), "<f8")[0]
_NAME, _FORMAT, _LABEL = 129, 57, 321
"""Bytes of a name, a format and a label, a closing zero among them."""
_TEXT = 130
_ROW = 1 << 16
_SLICE = 20_000


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable with its values.

    Attributes:
        format: How Stata shows it, such as `%td`.
        values: Numbers as Stata holds them, or texts without nulls.
        width: Bytes of the longest text of a `str`.
        labels: Labels of whole numbers.
    """

    name: str
    kind: Kind
    format: str
    values: pl.Series
    label: str = ""
    width: int = 0
    labels: Mapping[int, str] = field(default_factory=dict)


def write_dta(path: Path, variables: Sequence[Variable], data_label: str, time_stamp: str) -> None:
    """Writes a file.

    Args:
        path: Where to.
        variables: At least one, all of the same length.
        data_label: At most 80 characters.
        time_stamp: As `22 Nov 2026 00:00`.
    """
    with path.open("wb") as file:
        places = [0]
        file.write(b"<stata_dta>" + _header(variables, data_label, time_stamp))
        map_place = file.tell()
        places.append(map_place)
        file.write(_tagged("map", bytes(8 * (len(_SECTIONS) + 2))))
        for name, content in _descriptions(variables):
            places.append(file.tell())
            file.write(_tagged(name, content))
        firsts = {place: _first_rows(item.values) for place, item in enumerate(variables) if item.kind == "strL"}
        for name, parts in (("data", _rows(variables, firsts)), ("strls", _long_texts(variables, firsts))):
            places.append(file.tell())
            _write_parts(file, name, parts)
        places.append(file.tell())
        _write_parts(file, "value_labels", (_value_labels(item) for item in variables if item.labels))
        places.append(file.tell())
        file.write(b"</stata_dta>")
        places.append(file.tell())
        file.seek(map_place)
        file.write(_tagged("map", struct.pack(f"<{len(places)}Q", *places)))


def _header(variables: Sequence[Variable], data_label: str, time_stamp: str) -> bytes:
    label, stamp = data_label.encode(), time_stamp.encode("ascii")
    return _tagged(
        "header",
        _tagged("release", b"118")
        + _tagged("byteorder", b"LSF")
        + _tagged("K", struct.pack("<H", len(variables)))
        + _tagged("N", struct.pack("<Q", len(variables[0].values)))
        + _tagged("label", struct.pack("<H", len(label)) + label)
        + _tagged("timestamp", bytes([len(stamp)]) + stamp),
    )


def _descriptions(variables: Sequence[Variable]) -> Iterator[tuple[str, bytes]]:
    codes = [item.width if item.kind == "str" else _CODES[item.kind] for item in variables]
    yield "variable_types", struct.pack(f"<{len(codes)}H", *codes)
    yield "varnames", b"".join(_padded(item.name, _NAME) for item in variables)
    yield "sortlist", bytes(2 * (len(variables) + 1))
    yield "formats", b"".join(_padded(item.format, _FORMAT) for item in variables)
    yield "value_label_names", b"".join(_padded(item.name if item.labels else "", _NAME) for item in variables)
    yield "variable_labels", b"".join(_padded(item.label, _LABEL) for item in variables)
    yield "characteristics", b""


def _rows(variables: Sequence[Variable], firsts: Mapping[int, pl.Series]) -> Iterator[bytes]:
    """The rows, some thousands at a time."""
    layout: list[tuple[str, Any]] = [
        (f"v{place}", f"S{item.width}" if item.kind == "str" else _LAYOUTS[item.kind])
        for place, item in enumerate(variables)
    ]
    for start in range(0, len(variables[0].values), _SLICE):
        size = len(variables[0].values.slice(start, _SLICE))
        rows = np.empty(size, dtype=layout)
        for place, item in enumerate(variables):
            values = item.values.slice(start, _SLICE)
            if item.kind == "strL":
                first = firsts[place].slice(start, _SLICE).to_numpy().astype(np.uint64)
                rows[f"v{place}"] = np.where(first > 0, first * _ROW + (place + 1), 0)
            elif item.kind == "str":
                rows[f"v{place}"] = [text.encode() for text in values]
            elif item.kind == "double":
                rows[f"v{place}"] = _doubles(values)
            else:
                rows[f"v{place}"] = values.fill_null(_MISSING_INTEGER[item.kind]).to_numpy()
        yield rows.tobytes()


def _doubles(values: pl.Series) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = values.cast(pl.Float64).fill_null(0.0).to_numpy().copy()
    numbers[values.is_null().to_numpy()] = _MISSING_DOUBLE
    return numbers


def _first_rows(texts: pl.Series) -> pl.Series:
    """For each row the number, from 1, of the first row with the same text; 0 for an empty text."""
    numbered = texts.to_frame("text").with_row_index("row", offset=1)
    first = pl.col("row").first().over("text")
    return numbered.select(pl.when(pl.col("text") == "").then(0).otherwise(first).alias("first")).to_series()


def _long_texts(variables: Sequence[Variable], firsts: Mapping[int, pl.Series]) -> Iterator[bytes]:
    """Every long text where it stands first, by row and variable."""
    for start in range(0, len(variables[0].values), _SLICE):
        found: list[tuple[int, int, bytes]] = []
        for place, first in firsts.items():
            rows = first.slice(start, _SLICE)
            is_first = rows == pl.Series(np.arange(start + 1, start + 1 + len(rows)))
            texts = variables[place].values.slice(start, _SLICE).filter(is_first)
            found += [(row, place + 1, text.encode()) for row, text in zip(rows.filter(is_first), texts, strict=True)]
        for row, number, text in sorted(found):
            yield b"GSO" + struct.pack("<IQBI", number, row, _TEXT, len(text) + 1) + text + b"\0"


def _value_labels(item: Variable) -> bytes:
    """The labels of a variable, by number."""
    labels = sorted(item.labels.items())
    texts = [text.encode() + b"\0" for _, text in labels]
    offsets = np.cumsum([0, *map(len, texts[:-1])]).astype("<i4")
    numbers = np.array([number for number, _ in labels], dtype="<i4")
    table = struct.pack("<ii", len(labels), sum(map(len, texts))) + offsets.tobytes() + numbers.tobytes()
    table += b"".join(texts)
    return _tagged("lbl", struct.pack("<i", len(table)) + _padded(item.name, _NAME) + bytes(3) + table)


def _write_parts(file: IO[bytes], name: str, parts: Iterator[bytes]) -> None:
    file.write(f"<{name}>".encode())
    for part in parts:
        file.write(part)
    file.write(f"</{name}>".encode())


def _tagged(name: str, content: bytes) -> bytes:
    return f"<{name}>".encode() + content + f"</{name}>".encode()


def _padded(text: str, size: int) -> bytes:
    return text.encode().ljust(size, b"\0")
