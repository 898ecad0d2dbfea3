"""Stata `.dta`, release 118 (Stata 14 and later): labels, long texts as strL, days as %td, times as %tc.

The data label holds dataset, version and table; the time stamp is the epoch. Missing text is empty text, since Stata has no
other. Numbers are of the smallest type that holds a column. A file is written a slice of rows at a time ("Description of .dta
file format 118", stata.com), because the writers for Python keep every text of a table as an object of its own, three times the
table itself:

    <stata_dta>
    <header>       release, byte order, numbers of variables and rows, data label, time stamp
    <map>          the positions of these sections, filled in at the end
    <variable_types> <varnames> <sortlist> <formats> <value_label_names> <variable_labels> <characteristics>
    <data>         the rows: numbers, texts of a fixed width, and for a long text (strL) the place where it stands
    <strls>        the long texts, each once a variable, in the order of rows
    <value_labels>
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats import statistical
from deedbook.release.formats.columns import Capacity
from deedbook.release.formats.comparison import Pair
from deedbook.release.tables import Limit, Table

Kind = Literal["byte", "int", "long", "double", "str", "strL"]
_RESERVED = """
    _all _b _coef _cons _n _N _pi _pred _rc _skip byte double float if in int long str strL using with
"""
"""Words that Stata keeps for itself (User's Guide, 11.3)."""
PROGRAM = statistical.Program(
    capacity=Capacity(
        format="Stata",
        days=(dt.date(100, 1, 1), dt.date(9999, 12, 31)),
        beyond="days before 0100-01-01 or after 9999-12-31",
        largest=8.9e307,
        texts=statistical.TEXTS,
    ),
    longest_text=2_000_000_000,
    longest_name=32,
    reserved=frozenset([*_RESERVED.split(), *(f"str{width}" for width in range(1, 2046))]),
    folds_case=False,
    longest_title=80,
    longest_label=32_000,
    most_columns=32_767,
    epoch=dt.date(1960, 1, 1),
    day=statistical.MILLISECONDS_OF_DAY,
    moment=1,
    reader="read_dta",
)
_LONGEST_FILE_LABEL = 80
_WIDEST_FIXED = 244
"""Texts beyond this many bytes are strL: a fixed width would be paid in every row."""


@dataclass(frozen=True, slots=True)
class _Storage:
    """How a kind is stored: its code, numpy's word for it, how Stata shows it, the missing value, the least that is none."""

    code: int
    layout: str
    format: str
    missing: float = 0
    least: int = 0


_STORAGE: Mapping[Kind, _Storage] = {
    "byte": _Storage(65_530, "<i1", "%8.0g", 101, -127),
    "int": _Storage(65_529, "<i2", "%8.0g", 32_741, -32_767),
    "long": _Storage(65_528, "<i4", "%12.0g", 2_147_483_621, -2_147_483_647),
    "double": _Storage(65_526, "<f8", "%10.0g", float.fromhex("0x1p+1023")),
    "strL": _Storage(32_768, "<u8", "%9s"),
}
_INTEGERS: tuple[Kind, ...] = ("byte", "int", "long")
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
    labels: Mapping[int | float, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """What stands for its kind in a file."""
        return self.width if self.kind == "str" else _STORAGE[self.kind].code

    @property
    def layout(self) -> str:
        """How numpy calls what is stored."""
        return f"S{self.width}" if self.kind == "str" else _STORAGE[self.kind].layout


def write(table: Table, edition: Edition, path: Path) -> tuple[Limit, ...]:
    """Writes one table; one that Stata cannot hold is left out and named."""
    columns, limits = statistical.columns_for(table, PROGRAM)
    if not 0 < len(columns) <= PROGRAM.most_columns:
        return PROGRAM.capacity.left_out(table, f"it has {len(columns)} columns")
    epoch = edition.epoch
    write_dta(
        path,
        [_variable(column) for column in columns],
        statistical.file_label(edition, table, _LONGEST_FILE_LABEL),
        f"{epoch.day:02} {statistical.MONTHS[epoch.month - 1]} {epoch.year:04} {epoch:%H:%M}",
    )
    return limits


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The variables of a file, beside the table's."""
    return statistical.read_pairs(table, path, PROGRAM)


def _variable(column: statistical.Column) -> Variable:
    """The column in the smallest kind that holds it."""
    values, dtype = column.values, column.values.dtype
    kind: Kind = "double"
    form, width = "", 0
    if isinstance(dtype, pl.String):
        longest = max([1, *values.str.len_bytes().unique()])
        kind, form, width = ("strL", "", 0) if longest > _WIDEST_FIXED else ("str", f"%{longest}s", longest)
    elif isinstance(dtype, pl.Date | pl.Datetime):
        form, unit = ("%td", PROGRAM.day) if isinstance(dtype, pl.Date) else ("%tc", PROGRAM.moment)
        values = (values.cast(pl.Datetime("ms")).to_physical() + PROGRAM.before_1970) // unit
    elif dtype == pl.Int64:
        bounds = ((name, _STORAGE[name].least, _STORAGE[name].missing - 1) for name in _INTEGERS)
        kind = next((name for name, least, most in bounds if values.is_between(least, most).all()), "double")
    return Variable(column.name, kind, form or _STORAGE[kind].format, values, column.title, width, column.labels)


def write_dta(path: Path, variables: Sequence[Variable], data_label: str, time_stamp: str) -> None:
    """Writes a file.

    Args:
        path: Where to.
        variables: At least one, all of the same length.
        data_label: At most 80 characters.
        time_stamp: As `22 Nov 2026 00:00`.
    """
    label, stamp, height = data_label.encode(), time_stamp.encode("ascii"), len(variables[0].values)
    header = (
        b"<release>118</release><byteorder>LSF</byteorder>"
        + (b"<K>" + struct.pack("<H", len(variables)) + b"</K><N>" + struct.pack("<Q", height) + b"</N>")
        + (b"<label>" + struct.pack("<H", len(label)) + label + b"</label>")
        + (b"<timestamp>" + bytes([len(stamp)]) + stamp + b"</timestamp>")
    )
    firsts = {place: _first_rows(item.values) for place, item in enumerate(variables) if item.kind == "strL"}
    sections: dict[str, Iterable[bytes]] = {
        "map": [bytes(8 * 14)],
        "variable_types": [struct.pack("<H", item.code) for item in variables],
        "varnames": [_padded(item.name, _NAME) for item in variables],
        "sortlist": [bytes(2 * (len(variables) + 1))],
        "formats": [_padded(item.format, _FORMAT) for item in variables],
        "value_label_names": [_padded(item.name if item.labels else "", _NAME) for item in variables],
        "variable_labels": [_padded(item.label, _LABEL) for item in variables],
        "characteristics": [],
        "data": _rows(variables, firsts),
        "strls": _long_texts(variables, firsts),
        "value_labels": map(_value_labels, variables),
    }
    with path.open("wb") as file:
        file.write(b"<stata_dta><header>" + header + b"</header>")
        places = [0]
        for name, parts in sections.items():
            places.append(file.tell())
            file.write(f"<{name}>".encode())
            file.writelines(parts)
            file.write(f"</{name}>".encode())
        places.append(file.tell())
        file.write(b"</stata_dta>")
        places.append(file.tell())
        file.seek(places[1])
        file.write(b"<map>" + struct.pack(f"<{len(places)}Q", *places))


def _rows(variables: Sequence[Variable], firsts: Mapping[int, pl.Series]) -> Iterator[bytes]:
    """The rows, some thousands at a time."""
    layout = [(f"v{place}", item.layout) for place, item in enumerate(variables)]
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
            else:
                numbers = values.cast(pl.Float64) if item.kind == "double" else values
                rows[f"v{place}"] = numbers.fill_null(_STORAGE[item.kind].missing).to_numpy()
        yield rows.tobytes()


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
    """The labels of a variable, by number; nothing without labels."""
    if not item.labels:
        return b""
    labels = sorted(item.labels.items())
    texts = [text.encode() + b"\0" for _, text in labels]
    offsets = np.cumsum([0, *map(len, texts[:-1])]).astype("<i4")
    numbers = np.array([number for number, _ in labels], dtype="<i4")
    table = struct.pack("<ii", len(labels), sum(map(len, texts))) + offsets.tobytes() + numbers.tobytes()
    table += b"".join(texts)
    return b"<lbl>" + struct.pack("<i", len(table)) + _padded(item.name, _NAME) + bytes(3) + table + b"</lbl>"


def _padded(text: str, size: int) -> bytes:
    return text.encode().ljust(size, b"\0")
