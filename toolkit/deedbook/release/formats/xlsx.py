"""XLSX for people who open a table in a spreadsheet: README, one sheet per table, codebook.

Every text is written as text, so that `=1+1`, `007`, `NA` and `1-2` stay what they are. Numbers are numbers where a double
holds them, dates are dates where a column lies after February 1900 (Excel has no earlier ones), else text. A table
beyond Excel's limits (1,048,576 rows, 16,384 columns, 32,767 characters in a cell) is left out and named.
Rows stream to disk (`constant_memory`); `created` is the epoch, which also stamps the members of the zip.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter
from polars import selectors
from xlsxwriter.worksheet import Worksheet

from deedbook.integrity.containers import check_workbook
from deedbook.release.edition import Edition
from deedbook.release.formats import FORMATS, cells
from deedbook.release.rows import Rows
from deedbook.release.tables import Outline, Table

CAPACITY = cells.Capacity(
    days=(dt.date(1900, 3, 1), dt.date(9999, 12, 31)),
    beyond="dates before March 1900",
    # what XML or the format's own escape cannot hold as it is (ECMA-376, ST_Xstring)
    pattern=(
        "[\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_",
        "holds characters that are written as _xHHHH_; Excel shows them right, some readers do not decode them",
    ),
)
_MOST_ROWS = 1_048_576
_MOST_UNASKED = next(item.most_rows for item in FORMATS if item.name == "xlsx")
_MOST_COLUMNS = 16_384
_MOST_CHARACTERS = 32_767
_SLICE = 20_000
_CODEBOOK = {"table": 20, "field": 24, "type": 10, "title": 24, "description": 70, "required": 9, "codes": 60}
"""The columns of the codebook, with their widths in characters."""
_OWN_SHEETS = "readme|codebook|history"
"""Names that no table's sheet may have, in lower case; Excel itself forbids the last."""
_UNDECODED = {"\ufffe": "_xFFFE_", "\uffff": "_xFFFF_"}
"""What calamine leaves as Excel's escape of it."""


def read(table: Table, path: Path, tables: Sequence[str] = ()) -> Iterator[cells.Pair]:
    """The columns of a sheet, beside the table's; an empty text is there no other than a missing one.

    Args:
        table: The table.
        path: The file.
        tables: The names of all tables of the release, which decide how the sheets are called.
    """
    from python_calamine import CalamineWorkbook

    _demand_room(table.rows)
    decoded = pl.col(pl.String).replace("", None).str.replace_many(_UNDECODED)
    expected = CAPACITY.held(table.rows)[0].with_columns([decoded])
    sheet = sheet_names(tables or [table.name])[table.name]
    check_workbook(path)
    with CalamineWorkbook.from_path(str(path)) as book:
        if sheet not in book.sheet_names:
            if table.rows.height > _MOST_UNASKED:
                raise cells.LeftOutError(f"it has more than {_MOST_UNASKED:,} rows")
            raise cells.UnlikeError(f"has no sheet `{sheet}`")
        rows = book.get_sheet_by_name(sheet).iter_rows()
        cells.demand_columns(map(str, next(rows, [])), expected.columns)
        kinds = [*expected.schema.values()]
        records = ([_value(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows)
        parts = iter(lambda: list(itertools.islice(records, _SLICE)), [])
        yield from cells.pairs_of(
            expected, _filled_up(expected, (cells.frame_of(expected.schema, part) for part in parts))
        )


class Workbook:
    """A workbook that is being written: a README sheet, still empty since it names the limits, then a sheet for each table.

    Args:
        path: Where to.
        edition: The release.
        tables: The names of its tables.
    """

    def __init__(self, path: Path, edition: Edition, tables: Iterable[str]) -> None:
        self._sheets = sheet_names(list(tables))
        options = {"tmpdir": str(path.parent), "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, **options})
        title, created = f"{edition.title} {edition.version}", edition.epoch.replace(tzinfo=None)
        self._book.set_properties({"title": title, "created": created, "author": ""})
        self._outlines: list[Outline] = []
        self._readme = self._book.add_worksheet("README")
        self._head = self._book.add_format({"bold": True, "bg_color": "#E8EDF3", "bottom": 1})
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._wrap = self._book.add_format({"text_wrap": True, "valign": "top"})

    def add(self, table: Table) -> list[str]:
        """Writes one table on a sheet of its own."""
        self._outlines.append(table.outline)
        _demand_room(table.rows)
        name = self._sheets[table.name]
        rows, held = CAPACITY.held(table.rows)
        widths = {}
        for column in rows.slice(0, 200).iter_columns():
            longest = max(map(len, (column.name, *map(str, column.drop_nulls()))))
            widths[column.name] = max(8, min(48, longest + 2))
        sheet = self._add_sheet(name, widths, len(table.schema.primary_key) or 1)
        if rows.height:
            sheet.autofilter(0, 0, rows.height, rows.width - 1)
        rows = rows.with_columns([selectors.datetime().dt.replace_time_zone(None)])  # XlsxWriter knows no zones
        writers = [self._cell_writer(sheet, dtype) for dtype in rows.schema.values()]
        records = itertools.chain.from_iterable(part.iter_rows() for part in rows.slices(_SLICE))
        for number, record in enumerate(records, start=1):
            for place, value in enumerate(record):
                if value is not None:
                    writers[place](number, place, value)
        notes = cells.said_of(held)
        return notes if name == table.name else [*notes, f"its sheet is called `{name}`"]

    def close(self, readme: Sequence[str]) -> dict[str, str]:
        """Adds codebook and README and closes the file."""
        sheet = self._add_sheet("codebook", _CODEBOOK, 2)
        fields = [(outline, item) for outline in self._outlines for item in outline.schema.fields]
        for number, (outline, item) in enumerate(fields, start=1):
            codes = (f"{code.value} = {code.label}" if code.label else str(code.value) for code in item.categories)
            required = "yes" if item.name in outline.required else ""
            said = outline.name, item.name, item.type, item.title, item.description, required, "\n".join(codes)
            for column, text in enumerate(said):
                sheet.write_string(number, column, _fit(text, "CODEBOOK.md"), self._wrap)
        self._readme.set_column(0, 0, 110)
        for number, line in enumerate(readme):
            self._readme.write_string(number, 0, _fit(line, "README.md"), self._wrap if number else self._head)
        self._book.close()
        return {}

    def discard(self) -> None:
        """Closes the temporary files of a workbook that will not be finished."""
        for sheet in self._book.worksheets():
            if sheet.row_data_fh is not None:
                sheet.row_data_fh.close()
        self._book.fileclosed = True

    def _add_sheet(self, name: str, widths: Mapping[str, int], fixed: int) -> Worksheet:
        """A sheet with a head of these columns, their widths in characters, of which the first stay in view."""
        sheet = self._book.add_worksheet(name)
        for column, (title, width) in enumerate(widths.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, self._head)
        sheet.freeze_panes(1, fixed)
        return sheet

    def _cell_writer(self, sheet: Worksheet, dtype: pl.DataType) -> Callable[[int, int, Any], object]:
        """What writes a value of that type at a row and a column, both from 0."""
        if dtype.is_float():
            return lambda row, column, value: sheet.write_number(row, column, _Exact(value))
        if dtype.is_temporal():
            form = self._date if dtype == pl.Date else self._moment
            return lambda row, column, value: sheet.write_datetime(row, column, value, form)
        writer: Callable[[int, int, Any], object] = sheet.write_number if dtype.is_integer() else sheet.write_string
        return sheet.write_boolean if dtype == pl.Boolean else writer


open_book = Workbook
"""An empty workbook for tables of these names."""


def sheet_names(tables: Sequence[str]) -> dict[str, str]:
    """By table the name of its sheet."""
    return cells.sheet_names(tables, _OWN_SHEETS)


def _fit(text: str, where: str) -> str:
    """A text that a cell holds; a longer one says where the rest is, and keeps what fits whatever its characters count."""
    if _characters(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[: _MOST_CHARACTERS // 2 - 100]} (cut: the whole text is in {where})"


def _characters(text: str) -> int:
    """The length as Excel counts it, in units of UTF-16: two at most for a character."""
    return len(text.encode("utf-16-le")) // 2


def _demand_room(rows: Rows) -> None:
    """Refuses a table that Excel cannot hold.

    Raises:
        LeftOutError: with the reason.
    """
    if rows.height + 1 > _MOST_ROWS:
        raise cells.LeftOutError(f"{rows.height:,} rows do not fit on a sheet of {_MOST_ROWS:,}")
    if rows.width > _MOST_COLUMNS:
        raise cells.LeftOutError(f"{rows.width:,} columns do not fit on a sheet of {_MOST_COLUMNS:,}")
    for name in (name for name, extent in cells.extents_of(rows).items() if extent.widest > _MOST_CHARACTERS):
        texts = pl.col(name)
        long = rows.lazy.select(texts.filter(texts.str.len_bytes() > _MOST_CHARACTERS)).collect().to_series()
        if any(_characters(text) > _MOST_CHARACTERS for text in long):
            raise cells.LeftOutError(f"a cell of `{name}` has more than {_MOST_CHARACTERS:,} characters")


class _Exact(float):
    """A number that is spelled with all its digits, whatever format is asked for: XlsxWriter asks for 16, one too few."""

    def __format__(self, _format: str) -> str:
        return repr(float(self))


def _value(value: Any, dtype: pl.DataType) -> Any:
    """A value of calamine as one of the column's type: a spreadsheet has but one kind of number, and days are moments."""
    if value in {None, ""}:
        return None
    if isinstance(dtype, pl.String):
        return str(value)
    if not isinstance(value, dt.date):
        return int(value) if dtype.is_integer() and isinstance(value, float) and value.is_integer() else value
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    zone = dt.UTC if getattr(dtype, "time_zone", None) else None
    return moment.date() if isinstance(dtype, pl.Date) else moment.replace(tzinfo=zone)


def _filled_up(expected: Rows, slices: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The slices, and at their end the empty rows that a sheet does not have."""
    height = 0
    for found in slices:
        height += found.height
        yield found
    rest = expected.slice(height, max(0, expected.height - height))
    if rest.height and rest.null_count().sum_horizontal().item() == rest.height * rest.width:
        yield rest
