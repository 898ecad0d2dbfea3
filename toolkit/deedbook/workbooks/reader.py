"""A workbook that came back: whether it still has the structure that it was written with, and what its cells hold.

Values come through calamine, which reads XLSX and ODS alike; what it does not tell (merged and hidden cells, protection, formulas
that nobody calculated) is looked up in the XML. Rows that are merely hidden by a filter are read too, but whoever filtered may
have changed what he did not see, so they are named.
"""

import html
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from deedbook.errors import ProjectError, UsageError
from deedbook.findings import listed
from deedbook.integrity.containers import ArchiveError, check_workbook
from deedbook.schema import TableSchema
from deedbook.workbooks.pages import MEMORY, VERSION, Page, Row, read_page, text_of

_MOST_NAMED = 8
_CONTENT = "content.xml"
_SPACES = {b"tab": b"&#9;", b"line-break": b"&#10;"}
_SPACE = re.compile(rb"<text:(tab|line-break)\b[^>]*/>")
_SHEET = re.compile(rb'<sheet\b[^>]*?\bname="([^"]*)"[^>]*?\br:id="([^"]*)"')
_TARGET = re.compile(rb"<Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(rb'([\w:-]+)="([^"]*)"')
_PLACES = re.compile(rb'<table:table [^>]*?table:name="([^"]*)"')
_OF_XLSX: Mapping[str, re.Pattern[bytes]] = {
    "has merged cells ({}): split them": re.compile(rb'<mergeCell\b[^>]*?\bref="([^"]*)"'),
    "is protected: take the protection off": re.compile(rb"<(sheetProtection)\b"),
    "has rows that are hidden or filtered out ({}): show all rows": re.compile(
        rb'<row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"'
    ),
    "has formulas that no program has calculated ({}): open and save it in one, or write the values": re.compile(
        rb'<c\b[^>]*?\br="([A-Z]+\d+)"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
    ),
}
"""By what is wrong with a sheet, what says so in its XML."""
_OF_ODS: Mapping[str, re.Pattern[bytes]] = {
    "has merged cells: split them": re.compile(rb'table:number-(?:columns|rows)-spanned="(?!1")(\d+)"'),
    "is protected: take the protection off": re.compile(rb'\A[^>]*table:(protected)="true"'),
    "has rows that are hidden or filtered out: show all rows": re.compile(
        rb'<table:table-row\b[^>]*table:visibility="(filter|collapse)"'
    ),
    "has formulas that no program has calculated ({}): open and save it in one, or write the values": re.compile(
        rb'<table:table-cell\b(?![^>]*office:value-type)[^>]*table:formula="([^"]*)"'
    ),
}


@dataclass(frozen=True, slots=True)
class Returned:
    """A workbook that came back.

    Attributes:
        pages: The tables as they were written.
        rows: By table the rows that stand there now, in the columns of its page, each with its row in the sheet.
        faults: What keeps it from being read, in words; nothing may be written then.
    """

    pages: tuple[Page, ...]
    rows: Mapping[str, Sequence[tuple[int, Row]]]
    faults: tuple[str, ...]


def read_workbook(path: Path, schemas: Mapping[str, TableSchema]) -> Returned:
    """What a workbook of `deedbook export` holds now, whatever program saved it last.

    Args:
        path: An XLSX or ODS file.
        schemas: By table how its values are written.

    Raises:
        UsageError: when there is none, or no program of ours wrote it.
        ProjectError: when it cannot be read, or its memory is damaged.
    """
    there = _read_sheets(path)
    memory = there.get(MEMORY) or [[""]]
    if memory[0][0] != VERSION:
        what = f"{path}: was not written by `deedbook export`, or its hidden sheet `{MEMORY}` is gone"
        raise UsageError(what, "export a workbook, and edit that one")
    pages = tuple(read_page([str(piece) for piece in row[2:] if piece], str(path)) for row in memory[1:] if row[0])
    faults, rows = list(_faults_of_file(path, pages)), {}
    for page in pages:
        found = list(_faults_of_sheet(page, there.get(page.sheet)))
        faults += [f"sheet `{page.sheet}` {fault}" for fault in found]
        if not found:
            rows[page.table] = list(_rows_of(page, there[page.sheet], schemas.get(page.table, TableSchema(()))))
    return Returned(pages, rows, tuple(faults))


def _read_sheets(path: Path) -> dict[str, list[list[Any]]]:
    """The values of every sheet of a workbook, row by row.

    Raises:
        UsageError: when there is no such file.
        ProjectError: when it cannot be read, or has a password.
    """
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file", "name a workbook that `deedbook export` wrote")
    try:
        check_workbook(path)
        with closing(CalamineWorkbook.from_filelike(_plain_file(path))) as book:
            return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except PasswordError:
        raise ProjectError(f"{path} is protected with a password", "save it without one") from None
    except (ArchiveError, CalamineError, OSError, ValueError) as error:
        hint = "save it as .xlsx or .ods, without a password"
        raise ProjectError(f"{path}: cannot be read as a workbook: {error}", hint) from None


def _plain_file(path: Path) -> io.BytesIO:
    """The file; an ODS with its tabs and line ends as characters, since calamine passes over the elements that stand for them."""
    content = path.read_bytes()
    if not zipfile.is_zipfile(path):
        return io.BytesIO(content)
    with zipfile.ZipFile(path) as archive:
        if _CONTENT not in archive.namelist():
            return io.BytesIO(content)
        changed = io.BytesIO()
        with zipfile.ZipFile(changed, "w") as copy:
            for name in archive.namelist():
                part = archive.read(name)
                copy.writestr(name, _SPACE.sub(lambda found: _SPACES[found[1]], part) if name == _CONTENT else part)
    changed.seek(0)
    return changed


def _faults_of_file(path: Path, pages: Sequence[Page]) -> Iterator[str]:
    """What the XML says that no workbook may have that is brought back."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if any(name.endswith("vbaProject.bin") or name.startswith("Basic/") for name in names):
            yield f"{path.name} has macros: save it without them (as .xlsx or .ods)"
        parts, patterns = (_ods_parts(archive), _OF_ODS) if _CONTENT in names else (_xlsx_parts(archive), _OF_XLSX)
        for page in pages:
            for said, pattern in patterns.items():
                if places := pattern.findall(parts.get(page.sheet, b"")):
                    texts = [html.unescape(place.decode("utf-8", "replace")) for place in places]
                    yield f"sheet `{page.sheet}` {said.format(listed(texts, _MOST_NAMED))}"


def _xlsx_parts(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The XML of each sheet by its name, of an XLSX."""
    relations = [dict(_ATTRIBUTE.findall(tag)) for tag in _TARGET.findall(archive.read("xl/_rels/workbook.xml.rels"))]
    targets = {one.get(b"Id"): one.get(b"Target", b"").decode().removeprefix("/xl/").lstrip("/") for one in relations}
    sheets = {
        html.unescape(name.decode()): targets.get(at, "")
        for name, at in _SHEET.findall(archive.read("xl/workbook.xml"))
    }
    return {
        name: archive.read(f"xl/{target}") for name, target in sheets.items() if f"xl/{target}" in archive.namelist()
    }


def _ods_parts(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The XML of each sheet by its name, of an ODS."""
    content = archive.read(_CONTENT)
    starts = [*_PLACES.finditer(content)]
    ends = [*(start.start() for start in starts[1:]), len(content)]
    return {html.unescape(one[1].decode()): content[one.start() : end] for one, end in zip(starts, ends, strict=True)}


def _faults_of_sheet(page: Page, cells: Sequence[Sequence[Any]] | None) -> Iterator[str]:
    """How a sheet has another structure than it was written with."""
    if not cells:
        yield f"is gone, or empty: it holds the table `{page.table}`"
        return
    head = _head(cells)
    yield from page.faults_of(head)
    if any(cell != "" for row in cells[1:] for name, cell in zip(head, row, strict=True) if not name):
        yield "has cells in a column without a name"


def _head(cells: Sequence[Sequence[Any]]) -> list[str]:
    """The labels of the columns of a sheet."""
    return [str(cell).strip() for cell in cells[0]]


def _rows_of(page: Page, cells: Sequence[Sequence[Any]], schema: TableSchema) -> Iterator[tuple[int, Row]]:
    """The rows that hold anything in the columns of the table, each with its row in the sheet."""
    head = _head(cells)
    columns = [
        (head.index(label), schema.field(label) if label in schema.positions else None, page.choices.get(label, {}))
        for label in page.labels
    ]
    for number, row in enumerate(cells[1:], start=2):
        texts = ((text_of(row[place], item), choices) for place, item, choices in columns)
        found = tuple(choices.get(text, text) for text, choices in texts)
        if any(found):
            yield number, found
