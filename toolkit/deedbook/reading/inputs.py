"""One door to the content of a table, whatever it is stored as: what is no CSV (inline data, JSON, spreadsheets) becomes CSV bytes.

Every value becomes the text that it would have in a CSV file (`native_text`), so one engine checks them all. Keyed rows have no
order of columns: theirs is that of the schema, then of appearance; a key that a row lacks is a missing value there.
"""

import csv
import importlib
import importlib.util
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import chain, filterfalse, islice, repeat
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.descriptor import Resource, unique_members
from deedbook.dialect import Dialect
from deedbook.reading import source
from deedbook.reading.records import header_labels
from deedbook.reading.source import MAX_UNPACKED, READ_SIZE, SourceError
from deedbook.types import MISFIT, native_text

SHEET_FORMATS = frozenset({"xlsx", "xls", "ods"})
_FORM = "write [[labels], [cells], ...] or [{label: cell, ...}, ...]"
_READERS = {"xlsx": ("openpyxl",), "xls": ("xlrd", "frictionless"), "ods": ("ezodf", "lxml", "frictionless")}
_ROWS = 10_000
"""Rows of a Parquet file that become Python values at once."""
LINE_ENDS = {"\r\n", "\n", "\r", ""}
"""All three are always understood, whichever is declared."""


def is_foreign(resource: Resource) -> bool:
    """Whether a table's bytes are not text cells already."""
    return resource.format not in source.TEXT_FORMATS or not isinstance(resource.data, str | None)


@contextmanager
def open_table(
    resource: Resource, file: Path | None, *, max_unpacked: int = MAX_UNPACKED
) -> Iterator[source.ByteStream]:
    """The content of one file of a table, or of its inline data (None), as CSV bytes in `dialect_of`.

    Raises:
        SourceError: when it cannot be read.
    """
    if is_foreign(resource):
        yield source.Pieces(_as_csv(resource, file, max_unpacked))
    elif file is None:
        yield io.BytesIO(str(resource.data).encode("utf-8", "replace"))
    elif resource.dialect.line_terminator in LINE_ENDS:
        with source.open_bytes(resource, file, max_unpacked=max_unpacked) as stream:
            yield stream
    else:
        message = f"rows that end in {resource.dialect.line_terminator!r} cannot be read"
        raise SourceError("format-error", message, "write the file with line ends, and drop `lineTerminator`")


def dialect_of(resource: Resource) -> Dialect:
    """The dialect of the bytes that `open_table` gives."""
    declared = resource.dialect
    if not is_foreign(resource):
        return declared
    is_headed = declared.header and (resource.data != [] or bool(resource.described.fields))
    plain = Dialect(header=is_headed, header_rows=(1,) if is_headed else (), spelling=declared.spelling)
    if resource.format not in SHEET_FORMATS or resource.data == []:
        return plain
    kept = ("header_rows", "header_join", "comment_char", "comment_rows")
    return replace(plain, **{name: getattr(declared, name) for name in kept})


def _as_csv(resource: Resource, file: Path | None, max_unpacked: int) -> Iterator[bytes]:
    """A table of another format as CSV with the default dialect; what comes before a failure is given out first."""
    schema, dialect = resource.described, dialect_of(resource)
    known = {item.name: (item, schema.missing_of(item)) for item in schema.fields}
    as_text = partial(native_text, field=None)
    buffer, failure = io.StringIO(), None
    writer = csv.writer(buffer, lineterminator="\n")
    try:
        rows = iter(_rows_of(resource, file, max_unpacked))
        above = islice(rows, max(dialect.header_rows, default=0))
        header = [list(map(as_text, row)) for row in above]
        writer.writerows(header)
        columns = list(map(known.get, header_labels(header, dialect) if header else schema.names))
        for row in rows:
            pairs = zip(row, chain(columns, repeat(None)), strict=False)
            writer.writerow([native_text(value, *(column or (None,))) for value, column in pairs])
            if buffer.tell() > READ_SIZE:
                yield buffer.getvalue().encode("utf-8", "replace")
                buffer.seek(0)
                buffer.truncate()
    except SourceError as error:
        failure = error
    if buffer.tell():
        yield buffer.getvalue().encode("utf-8", "replace")
    if failure:
        raise failure


def _rows_of(resource: Resource, file: Path | None, max_unpacked: int) -> Iterable[list[Any]]:
    if file is None:
        return _rows_of_data(lambda: _items(resource.data, resource), resource)
    if resource.format in source.JSON_FORMATS:
        return _rows_of_data(lambda: _load(resource, file, max_unpacked), resource)
    if resource.format not in {*SHEET_FORMATS, "parquet"}:
        raise SourceError("format-error", f"the format {resource.format!r} cannot be read", "export it as CSV")
    if not file.is_file():
        raise source.no_file(file)
    return _rows_of_sheet(file, resource) if resource.format in SHEET_FORMATS else _rows_of_parquet(file, resource)


def _load(resource: Resource, file: Path, max_unpacked: int) -> Iterator[Any]:
    """The rows of a JSON or JSON Lines file."""
    with source.open_bytes(resource, file, max_unpacked=max_unpacked) as stream:
        pieces = iter(partial(stream.read, READ_SIZE), b"")
        if resource.format == "json":
            yield from _items(_parse(b"".join(pieces), file.name), resource)
            return
        rest, number = b"", 0
        for data in chain(pieces, [b"\n"]):
            *lines, rest = (rest + data).split(b"\n")
            for number, line in enumerate(lines, number + 1):  # noqa: B020  # goes on where it was
                if line.strip():
                    yield _parse(line, f"{file.name}, line {number}")


def _parse(data: bytes, where: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as error:
        raise SourceError("source-error", f"{where} is no JSON: {error}", "correct the file") from None


def _dialect(resource: Resource, name: str, old: str) -> Any:
    """A dialect property of structured data: v2 keeps it on top, frictionless-py under `json` by another name."""
    raw = resource.dialect.raw
    nested = raw.get("json")
    return raw.get(name, nested.get(old) if isinstance(nested, Mapping) else None)


def _items(data: Any, resource: Resource) -> Iterator[Any]:
    """The rows in what `property` of the dialect points at."""
    name = _dialect(resource, "property", "property")
    for step in str(name).split(".") if name else ():
        if not isinstance(data, Mapping) or step not in data:
            raise SourceError("source-error", f"there is no `{name}` in the data", "correct `property` in the dialect")
        data = data[step]
    if not isinstance(data, list):
        raise SourceError("source-error", f"the data is {_kind(data)}, not a list of rows", _FORM)
    yield from data


def _rows_of_data(items: Callable[[], Iterator[Any]], resource: Resource) -> Iterator[list[Any]]:
    """The rows of keyed or listed data, labels first; `items` starts anew each time."""
    first = next(items(), None)
    is_keyed = isinstance(first, Mapping)
    labels = [] if isinstance(first, list) else _labels(items(), resource)
    if resource.dialect.header and (labels or is_keyed):
        yield labels
    for number, item in enumerate(items(), 1):
        if not isinstance(item, Mapping if is_keyed else list):
            raise SourceError("source-error", f"item {number} of the data is {_kind(item)}, unlike the first", _FORM)
        yield [item.get(label) for label in labels] if isinstance(item, Mapping) else item


def _labels(items: Iterator[Any], resource: Resource) -> list[str]:
    """The keys of the rows: as `itemKeys` says, or those that are fields in the order of the schema, then the others as they appear."""
    names, first = resource.described.names, next(items, None)
    if first is None:
        return list(names)
    if own := _dialect(resource, "itemKeys", "keys"):
        return list(own)
    keyed = (item for item in chain([first], items) if isinstance(item, Mapping))
    seen = dict.fromkeys(chain.from_iterable(keyed))
    known = [name for name in names if name in seen]
    return [*known, *(key for key in seen if key not in known)]


def _kind(value: Any) -> str:
    known = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return known.get(type(value), "a number")


def _rows_of_sheet(file: Path, resource: Resource) -> Iterator[list[Any]]:
    """The rows of a sheet; one without any value is blank.

    Cells that were only formatted are no data: empty rows at the end, and empty cells to the right of the header, are left
    out. A row that ends before the header does has empty cells there.
    """
    for absent in filterfalse(importlib.util.find_spec, _READERS[resource.format]):
        hint = "pip install 'deedbook[sheets]'"
        raise SourceError("format-error", f"{file.name} needs the package {absent}", hint)
    wanted = max(resource.dialect.header_rows, default=0)
    width = 0 if wanted else len(resource.described.fields)
    blank = 0
    try:
        for number, cells in enumerate(_cells_of(file, resource), 1):
            row, least = list(cells), 0 if number <= wanted else width
            while len(row) > least and row[-1] is None:
                row.pop()
            if number in resource.dialect.header_rows:
                width = max(width, len(row))
            if row.count(None) == len(row):
                blank += 1
                continue
            yield from [[]] * blank
            blank = 0
            yield row + [None] * (least - len(row))
    except Exception as error:  # noqa: BLE001  # whatever a reader of spreadsheets raises, the file is the cause
        message = f"{file.name} cannot be read: {error}"
        raise SourceError("source-error", message, "check that it opens elsewhere") from None


def sheets_of(file: Path, kind: str) -> list[str]:
    """The names of the sheets of a workbook that hold anything.

    Raises:
        SourceError: when it cannot be read.
    """
    for absent in filterfalse(importlib.util.find_spec, _READERS[kind]):
        raise SourceError("format-error", f"{file.name} needs the package {absent}", "pip install 'deedbook[sheets]'")
    try:
        if kind == "xlsx":
            with _open_xlsx(file) as book:
                pages = filter(lambda page: page.sheet_state == "visible", book.worksheets)
                return [page.title for page in pages if any(map(any, page.iter_rows(values_only=True)))]
        if kind == "ods":
            pages = importlib.import_module("ezodf").opendoc(file).sheets
            return [page.name for page in pages if page.nrows() * page.ncols()]
        return list(importlib.import_module("xlrd").open_workbook(file).sheet_names())
    except Exception as error:  # noqa: BLE001  # whatever a reader of spreadsheets raises, the file is the cause
        message = f"{file.name} cannot be read: {error}"
        raise SourceError("source-error", message, "check that it opens elsewhere") from None


def _cells_of(file: Path, resource: Resource) -> Iterator[Any]:
    """The values of each row, through openpyxl, or where the dialect asks for more than a sheet through frictionless."""
    raw = resource.dialect.raw
    kind = "ods" if resource.format == "ods" else "excel"
    control = dict(raw[kind]) if isinstance(raw.get(kind), Mapping) else {}
    if sheet := raw.get("sheetName") or raw.get("sheetNumber"):
        control["sheet"] = sheet
    if resource.format == "xlsx" and control.keys() <= {"sheet"}:
        yield from _cells_of_xlsx(file, control.get("sheet", 1))
        return
    import frictionless

    descriptor = {"name": "table", "path": file.name, "format": resource.format, "dialect": {kind: control}}
    with warnings.catch_warnings(), frictionless.system.use_context(trusted=True):
        warnings.simplefilter("ignore")
        table = frictionless.Resource.from_descriptor(descriptor, basepath=str(file.parent))
        parser = frictionless.system.create_parser(table)
        parser.open()  # type: ignore[no-untyped-call]
    with closing(parser):
        yield from parser.cell_stream


def _open_xlsx(file: Path, *, data_only: bool = False) -> closing[Any]:
    """A workbook to be read row by row; with `data_only` the results of formulas in place of them."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return closing(openpyxl.load_workbook(file, read_only=True, data_only=data_only))


def _cells_of_xlsx(file: Path, sheet: str | int) -> Iterator[Any]:
    """The values of each row; one that was never calculated is its formula behind `MISFIT`."""

    def open_page(*, data_only: bool) -> Any:
        book = books.enter_context(_open_xlsx(file, data_only=data_only))
        pages: dict[str | int, Any] = {page.title: page for page in book.worksheets}
        pages.update(enumerate(book.worksheets, 1))
        if sheet not in pages:
            raise ValueError(f"there is no sheet {sheet!r}; its sheets are {', '.join(book.sheetnames)}")
        pages[sheet].reset_dimensions()  # which some programs write wrongly
        return pages[sheet]

    with ExitStack() as books:
        values = open_page(data_only=True)
        if not _has_formulas(file):
            yield from values.iter_rows(values_only=True)
            return
        formulas = open_page(data_only=False).iter_rows(values_only=True)
        for cells, texts in zip(values.iter_rows(), formulas, strict=True):
            yield [  # a formula with an empty text as its result says that this is a text ("str")
                f"{MISFIT}{text}" if cell.value is None and text and cell.data_type != "str" else cell.value
                for cell, text in zip(cells, texts, strict=True)
            ]


def _has_formulas(file: Path) -> bool:
    """Whether a sheet of a workbook has a formula: without any, it need not be read twice."""
    with zipfile.ZipFile(file) as archive:
        for name in (name for name in archive.namelist() if name.startswith("xl/worksheets/")):
            with archive.open(name) as stream:
                before = b""
                while data := stream.read(READ_SIZE):
                    if b"</f>" in before + data:
                        return True
                    before = data[-3:]
    return False


def _rows_of_parquet(file: Path, resource: Resource) -> Iterator[list[Any]]:
    """The names of the columns where there is to be a header, then the rows."""
    try:
        frame = pl.scan_parquet(file, glob=False)
        if resource.dialect.header:
            yield frame.collect_schema().names()
        start = 0
        while (part := frame.slice(start, _ROWS).collect()).height:
            yield from map(list, part.iter_rows())
            start += part.height
    except (pl.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0]
        raise SourceError("source-error", f"{file.name} cannot be read: {said}", "write it again") from None
