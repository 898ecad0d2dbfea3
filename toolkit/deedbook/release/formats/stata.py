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

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

import numpy as np
import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats import cells, statistical
from deedbook.release.formats.cells import Pair
from deedbook.release.formats.dta import DOUBLE, INTEGERS, LONG_TEXT, LONG_TEXT_HEAD, NAME, ROW, StataFile, Storage
from deedbook.release.formats.statistical import STATA
from deedbook.release.formats.texts import Texts
from deedbook.release.rows import Rows
from deedbook.release.tables import Table

_WIDEST_FIXED = 244
"""Texts beyond this many bytes are strL: a fixed width would be paid in every row."""


_FORMAT, _LABEL = 57, 321
"""Bytes of a format and a label, a closing zero among them."""
_TEXT = 130
_SLICE = 20_000


@dataclass(frozen=True, slots=True)
class Variable:
    """A column, how it is stored, and what makes its numbers as Stata holds them, or its texts without nulls."""

    column: statistical.Column
    storage: Storage
    values: pl.Expr

    @property
    def value_labels(self) -> bytes:
        """The labels by number, as a section of the file; empty without labels."""
        if not self.column.labels:
            return b""
        labels = sorted(self.column.labels.items())
        texts = [text.encode() + b"\0" for _, text in labels]
        offsets = np.cumsum([0, *map(len, texts[:-1])]).astype("<i4")
        numbers = np.array([number for number, _ in labels], dtype="<i4")
        table = struct.pack("<ii", len(labels), sum(map(len, texts))) + offsets.tobytes() + numbers.tobytes()
        table += b"".join(texts)
        head = b"<lbl>" + struct.pack("<i", len(table)) + _padded([self.column.name], NAME)
        return head + bytes(3) + table + b"</lbl>"


def write(table: Table, edition: Edition, path: Path) -> list[str]:
    """Writes one table.

    Raises:
        LeftOutError: when it has no columns, or too many.
    """
    variables = statistical.variables_of(table, STATA)
    label, epoch = statistical.file_label(edition, table, STATA), edition.epoch
    stamp = f"{epoch.day:02} {statistical.MONTHS[epoch.month - 1]} {epoch.year:04} {epoch:%H:%M}"
    extents = variables.extents
    write_dta(path, [_variable(item, extents[item.name]) for item in variables.columns], variables.rows, label, stamp)
    return variables.notes


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The variables of a file, beside the table's."""
    return statistical.read_pairs(table, path, STATA, StataFile)


def _variable(column: statistical.Column, extent: cells.Extent) -> Variable:
    """The column in the smallest kind that holds it."""
    values, dtype = pl.col(column.name), column.dtype
    if isinstance(dtype, pl.String):
        width = max(1, extent.widest)
        is_long = width > _WIDEST_FIXED
        return Variable(column, LONG_TEXT if is_long else Storage(width, f"S{width}", f"%{width}s"), values)
    if isinstance(dtype, pl.Date | pl.Datetime):
        form, unit = ("%td", STATA.day) if isinstance(dtype, pl.Date) else ("%tc", STATA.moment)
        numbers = (values.cast(pl.Datetime("ms")).to_physical() + STATA.before_1970) // unit
        return Variable(column, replace(DOUBLE, format=form), numbers)
    fitting = (kind for kind in INTEGERS if kind.least <= extent.least and extent.greatest < kind.missing)
    return Variable(column, next(fitting, DOUBLE) if dtype == pl.Int64 else DOUBLE, values)


def write_dta(path: Path, variables: Sequence[Variable], rows: Rows, data_label: str, time_stamp: str) -> None:
    """Writes a file.

    Args:
        path: Where to.
        variables: At least one.
        rows: Their columns by name.
        data_label: At most 80 characters.
        time_stamp: As `22 Nov 2026 00:00`.
    """
    label, stamp, height = data_label.encode(), time_stamp.encode("ascii"), rows.height
    header = (
        b"<release>118</release><byteorder>LSF</byteorder>"
        + (b"<K>" + struct.pack("<H", len(variables)) + b"</K><N>" + struct.pack("<Q", height) + b"</N>")
        + (b"<label>" + struct.pack("<H", len(label)) + label + b"</label>")
        + (b"<timestamp>" + bytes([len(stamp)]) + stamp + b"</timestamp>")
    )
    long = (place for place, item in enumerate(variables) if item.storage == LONG_TEXT)
    firsts = {place: _first_rows(rows.column(variables[place].column.name)) for place in long}
    columns = [*map(attrgetter("column"), variables)]
    codes = np.array([item.storage.code for item in variables], dtype="<u2")
    label_names = (column.name if column.labels else "" for column in columns)
    sections: dict[str, Iterable[bytes]] = {
        "map": [bytes(8 * 14)],
        "variable_types": [codes.tobytes()],
        "varnames": [_padded(map(attrgetter("name"), columns), NAME)],
        "sortlist": [bytes(2 * (len(variables) + 1))],
        "formats": [_padded(map(attrgetter("storage.format"), variables), _FORMAT)],
        "value_label_names": [_padded(label_names, NAME)],
        "variable_labels": [_padded(map(attrgetter("title"), columns), _LABEL)],
        "characteristics": [],
        "data": _rows(variables, rows, firsts),
        "strls": _long_texts(columns, rows, firsts),
        "value_labels": map(attrgetter("value_labels"), variables),
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


def _first_rows(texts: pl.Series) -> pl.Series:
    """For each row the number, from 1, of the first row with the same text; 0 for an empty text."""
    numbered = texts.to_frame("text").with_row_index("row", offset=1)
    first = pl.col("row").first().over("text")
    return numbered.select(pl.when(pl.col("text") == "").then(0).otherwise(first).alias("first")).to_series()


def _rows(variables: Sequence[Variable], rows: Rows, firsts: Mapping[int, pl.Series]) -> Iterator[bytes]:
    """The rows, some thousands at a time."""
    layout = [(f"v{place}", item.storage.layout) for place, item in enumerate(variables)]
    start = 0
    for part in rows.slices(_SLICE):
        records = np.empty(part.height, dtype=layout)
        held = part.select(item.values.alias(f"v{place}") for place, item in enumerate(variables)).get_columns()
        for place, (item, values) in enumerate(zip(variables, held, strict=True)):
            storage = item.storage
            if place in firsts:
                first = firsts[place].slice(start, part.height).to_numpy().astype(np.uint64)
                records[f"v{place}"] = np.where(first > 0, first * ROW + (place + 1), 0)
            elif values.dtype == pl.String:
                width = int(storage.layout[1:])
                records[f"v{place}"] = Texts.of(values).padded(width, b"\0").view(storage.layout)[:, 0]
            else:
                numbers = values.cast(pl.Float64) if storage.layout == DOUBLE.layout else values
                filled = (numbers.fill_null(storage.missing) if numbers.null_count() else numbers).to_numpy()
                if item.column.kinds is not None:
                    kinds = part.get_column(statistical.kinds_of(item.column.name))
                    filled = filled + kinds.fill_null(0).to_numpy() * storage.step
                records[f"v{place}"] = filled
        start += part.height
        yield records.tobytes()


def _long_texts(columns: Sequence[statistical.Column], rows: Rows, firsts: Mapping[int, pl.Series]) -> Iterator[bytes]:
    """Every long text where it stands first, by row and variable."""
    start = 0
    for part in rows.slices(_SLICE, [columns[place].name for place in firsts]) if firsts else ():
        found = []
        for place, first in firsts.items():
            numbers = first.slice(start, part.height)
            is_first = numbers == pl.Series(np.arange(start + 1, start + 1 + part.height))
            values = part.get_column(columns[place].name).filter(is_first)
            texts_held = {"row": numbers.filter(is_first), "variable": place + 1, "text": values}
            schema = {"row": pl.UInt64, "variable": pl.UInt32, "text": pl.String}
            found.append(pl.DataFrame(texts_held, schema=schema))
        start += part.height
        ordered = pl.concat(found).sort("row", "variable")
        texts = Texts.of(ordered.select(pl.col("text") + pl.lit("\0")).to_series())
        heads = np.zeros(ordered.height, dtype=LONG_TEXT_HEAD)
        heads["word"], heads["kind"], heads["length"] = b"GSO", _TEXT, texts.lengths
        heads["variable"], heads["row"] = (
            ordered.get_column("variable").to_numpy(),
            ordered.get_column("row").to_numpy(),
        )
        yield texts.behind(heads.view(np.uint8).reshape(-1, heads.itemsize)).tobytes()


def _padded(texts: Iterable[str], size: int) -> bytes:
    return b"".join(text.encode().ljust(size, b"\0") for text in texts)
