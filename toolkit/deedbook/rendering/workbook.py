"""The report as a workbook: the tables as they stand in their files, with the cells that have findings coloured and commented.

Every cell is text, so that `007`, `1-2`, `NA` and `=1+1` stay what they are. Row n of a sheet is record n of the file. A sheet
"Findings" lists what is shown, each with a link to its cell.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import xlsxwriter

from deedbook.findings import FINDING_FIELDS, SEVERITIES, Finding, Report, place_in_package
from deedbook.release.formats.cells import sheet_names
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.text import summary_line

_MOST_ROWS, _MOST_COLUMNS, _MOST_CHARACTERS = 1_048_576, 16_384, 32_000
"""What a sheet and a cell hold; a few characters are left for the note that a text is cut."""
_MOST_LINKS = 60_000
"""Excel follows no more than 65,530 links of a sheet."""
_LISTED = "Findings"
_COLUMNS = {"rule": 22, "severity": 9, "table": 16, "message": 60, "row": 8, "column": 18, "key": 16, "value": 24}
"""What is listed of a finding, with the width of its column in characters; the rest is as wide as its name."""
_FIELDS = (*_COLUMNS, *(name for name in FINDING_FIELDS if name not in _COLUMNS))
_COLORS = {"error": "#F8CBC6", "warning": "#FBE5B6", "info": "#D6E6F5"}
Place = tuple[int, int]
"""Row and column of a sheet, from 0."""


@dataclass(frozen=True)
class Sheet:
    """One file of a table as it is shown.

    Attributes:
        name: What the sheet is called.
        marks: The findings of each cell; those of a whole row stand at its first cell, those of a label at the header.
        rows: The records of the file.
    """

    name: str
    marks: Mapping[Place, Sequence[Finding]]
    rows: Iterable[Sequence[str]]


def render_xlsx(report: Report, view: View = PLAIN) -> bytes:
    """The report as the bytes of a workbook, with the `tables` of the view."""
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": f"Findings in {view.name or 'the data'}", "author": "deedbook"})
    names = sheet_names_of([(table, path) for table, path, _ in view.tables])
    listed = book.add_worksheet(_LISTED)
    for table, path, rows in view.tables:
        marks: dict[Place, list[Finding]] = {}
        for finding in report.open_findings:
            if (finding.table, finding.path) == (table, path) and (place := place_of_cell(finding)) is not None:
                marks.setdefault(place, []).append(finding)
        _write_table(book, Sheet(names[table, path], marks, rows))
    _write_findings(book, listed, report, names)
    book.close()
    return out.getvalue()


def sheet_names_of(files: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """By table and file the name of its sheet."""
    times = Counter(table for table, _ in files)
    wanted = [visible(f"{table} {path}" if times[table] > 1 else table) for table, path in files]
    names = sheet_names(wanted, f"{_LISTED.lower()}|history")
    return {file: names[name] for file, name in zip(files, wanted, strict=True)}


def place_of_cell(finding: Finding) -> Place | None:
    """The cell that a finding is about; None where it is about the table, or lies beyond what a sheet holds."""
    row, column = (finding.row or 1) - 1, (finding.field_number or 1) - 1
    is_placed = finding.row is not None or finding.field_number is not None
    return (row, column) if is_placed and row < _MOST_ROWS and column < _MOST_COLUMNS else None


def _write_table(book: Any, sheet: Sheet) -> None:
    """A sheet with the cells of a file; those with a finding are coloured as the worst of them, and say it in a comment."""
    page = book.add_worksheet(sheet.name)
    page.freeze_panes(1, 0)
    head, colors = _shapes(book)
    marked: dict[int, int] = {}  # for each row, how many cells it needs at least
    for row, column in sheet.marks:
        marked[row] = max(marked.get(row, 0), column + 1)
    for row, cells in enumerate(islice(sheet.rows, _MOST_ROWS)):
        for column in range(min(max(len(cells), marked.get(row, 0)), _MOST_COLUMNS)):
            found = sheet.marks.get((row, column), ())
            shape = colors[min((it.severity for it in found), key=SEVERITIES.index)] if found else None
            text = cells[column] if column < len(cells) else ""
            _write_text(page, row, column, text, shape or (head if row == 0 else None))
            if found:
                page.write_comment(
                    row, column, "\n\n".join(map(_said, found))[:_MOST_CHARACTERS], {"author": "deedbook"}
                )


def _shapes(book: Any) -> tuple[Any, dict[str, Any]]:
    """How a head is written, and the cell of a finding of each severity."""
    colors = {name: book.add_format({"bg_color": color}) for name, color in _COLORS.items()}
    return book.add_format({"bold": True, "bottom": 1}), colors


def _said(finding: Finding) -> str:
    """What a comment says of one finding."""
    parts = [f"{finding.severity} {finding.rule}", finding.message, finding.hint]
    return "\n".join(visible(part) for part in parts if part)


def _write_text(page: Any, row: int, column: int, text: str, shape: Any = None) -> None:
    """A cell with a text, cut and saying so where a cell does not hold it."""
    if len(text) * 2 > _MOST_CHARACTERS:  # a spreadsheet counts characters beyond the first 65,536 twice
        text = f"{text[: _MOST_CHARACTERS // 2]}... (cut: {len(text):,} characters)"
    if text or shape is not None:
        page.write_string(row, column, text, shape)


def _write_findings(book: Any, page: Any, report: Report, names: Mapping[tuple[str, str], str]) -> None:
    """The sheet of all findings that are shown, with a link to the cell of each, and what was not checked below them."""
    head, colors = _shapes(book)
    _write_text(page, 0, 0, summary_line(report), head)
    for column, name in enumerate(["cell", *_FIELDS]):
        page.set_column(column, column, _COLUMNS.get(name, len(name) + 4))
        _write_text(page, 2, column, name, head)
    page.freeze_panes(3, 1)
    page.autofilter(2, 0, 2 + max(1, len(report.findings)), len(_FIELDS))
    for row, finding in enumerate(report.findings, 3):
        place, sheet = place_of_cell(finding), names.get((finding.table, finding.path))
        if row < _MOST_LINKS and place is not None and sheet is not None:
            cell = xlsxwriter.utility.xl_rowcol_to_cell(*place)
            page.write_url(row, 0, f"internal:'{sheet}'!{cell}", string=cell)
        for column, name in enumerate(_FIELDS, 1):
            value = getattr(finding, name)
            if isinstance(value, int):
                page.write_number(row, column, value)
            else:
                _write_text(page, row, column, value or "", {"severity": colors[finding.severity]}.get(name))
    for row, entry in enumerate(report.not_checked, len(report.findings) + 4):
        told = f"{entry.name} of {place_in_package(entry) or 'the package'}: {entry.reason}"
        _write_text(page, row, 1, f"not checked: {told}")
