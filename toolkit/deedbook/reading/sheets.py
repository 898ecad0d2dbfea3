"""The rows of spreadsheets and of Parquet files, with the values that they hold."""

from __future__ import annotations

import importlib.util
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deedbook.descriptor import Resource
from deedbook.reading.source import READ_SIZE, SourceError
from deedbook.types import MISFIT

_READERS = {"xlsx": ("openpyxl",), "xls": ("xlrd",), "ods": ("ezodf", "lxml")}
_ROWS = 10_000
"""Rows of a Parquet file that become Python values at once."""


def rows_of_sheet(file: Path, resource: Resource) -> Iterator[list[Any]]:
    """The rows of a sheet; one without any value is blank.

    Cells that were only formatted are no data: empty rows at the end, and empty cells to the right of the header, are left
    out. A row that ends before the header does has empty cells there.
    """
    if not file.is_file():
        raise SourceError("scheme-error", f"the file {file.name} does not exist", "create it, or correct `path`")
    if absent := [name for name in _READERS[resource.format] if importlib.util.find_spec(name) is None]:
        hint = "pip install 'deedbook[sheets]'"
        raise SourceError("format-error", f"{file.name} needs the package {absent[0]}", hint)
    wanted = max(resource.dialect.header_rows, default=0)
    width = len(resource.schema.fields) if resource.schema and not wanted else 0
    blank = 0
    try:
        for number, cells in enumerate(_cells_of(file, resource), 1):
            row = list(cells)
            while row and row[-1] is None and (number <= wanted or len(row) > width):
                row.pop()
            if number in resource.dialect.header_rows:
                width = max(width, len(row))
            if all(value is None for value in row):
                blank += 1
                continue
            yield from ([] for _ in range(blank))
            blank = 0
            yield row if number <= wanted else row + [None] * (width - len(row))
    except Exception as error:  # noqa: BLE001  # whatever a reader of spreadsheets raises, the file is the cause
        raise SourceError(
            "source-error", f"{file.name} cannot be read: {error}", "check that it opens elsewhere"
        ) from None


def _cells_of(file: Path, resource: Resource) -> Iterator[Any]:
    """The values of each row, through openpyxl, or where the dialect asks for more than a sheet through frictionless."""
    raw = resource.dialect.raw
    kind = "ods" if resource.format == "ods" else "excel"
    control = dict(raw[kind]) if isinstance(raw.get(kind), Mapping) else {}
    if sheet := raw.get("sheetName") or raw.get("sheetNumber"):
        control["sheet"] = sheet
    if resource.format == "xlsx" and control.keys() <= {"sheet"}:
        return _cells_of_xlsx(file, control.get("sheet", 1))
    return _cells_through_frictionless(file, resource, {kind: control})


def _cells_of_xlsx(file: Path, sheet: str | int) -> Iterator[Any]:
    """The values of each row; one that was never calculated is its formula behind `MISFIT`."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        books = [openpyxl.load_workbook(file, read_only=True, data_only=True)]
        if _has_formulas(file):
            books.append(openpyxl.load_workbook(file, read_only=True))
    try:
        pages = []
        for book in books:
            names = book.sheetnames
            if sheet not in names and not (isinstance(sheet, int) and 0 < sheet <= len(book.worksheets)):
                raise ValueError(f"there is no sheet {sheet!r}; its sheets are {', '.join(names)}")
            pages.append(book[sheet] if isinstance(sheet, str) else book.worksheets[sheet - 1])
        for page in pages:
            page.reset_dimensions()  # which some programs write wrongly
        if len(pages) == 1:
            yield from pages[0].iter_rows(values_only=True)
            return
        for cells, formulas in zip(pages[0].iter_rows(), pages[1].iter_rows(values_only=True), strict=True):
            yield [  # a formula with an empty text as its result says that this is a text ("str")
                f"{MISFIT}{formula}" if cell.value is None and formula and cell.data_type != "str" else cell.value
                for cell, formula in zip(cells, formulas, strict=True)
            ]
    finally:
        for book in books:
            book.close()


def _has_formulas(file: Path) -> bool:
    """Whether a sheet of a workbook has a formula: without any, it need not be read twice."""
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                with archive.open(name) as stream:
                    before = b""
                    while data := stream.read(READ_SIZE):
                        if b"</f>" in before + data:
                            return True
                        before = data[-3:]
    return False


def _cells_through_frictionless(file: Path, resource: Resource, dialect: dict[str, Any]) -> Iterator[Any]:
    import frictionless

    descriptor = {"name": "table", "path": file.name, "format": resource.format, "dialect": dialect}
    with warnings.catch_warnings(), frictionless.system.use_context(trusted=True):
        warnings.simplefilter("ignore")
        parser = frictionless.system.create_parser(
            frictionless.Resource.from_descriptor(descriptor, basepath=str(file.parent))
        )
        parser.open()  # type: ignore[no-untyped-call]
    try:
        yield from parser.cell_stream
    finally:
        parser.close()


def rows_of_parquet(file: Path, *, header: bool) -> Iterator[list[Any]]:
    """The names of the columns where there is to be a header, then the rows."""
    import polars as pl

    if not file.is_file():
        raise SourceError("scheme-error", f"the file {file.name} does not exist", "create it, or correct `path`")
    try:
        frame = pl.scan_parquet(file, glob=False)
        if header:
            yield frame.collect_schema().names()
        start = 0
        while (part := frame.slice(start, _ROWS).collect()).height:
            yield from map(list, part.iter_rows())
            start += part.height
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0]
        raise SourceError("source-error", f"{file.name} cannot be read: {said}", "write it again") from None
