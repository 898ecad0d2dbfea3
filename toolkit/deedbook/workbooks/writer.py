"""The workbook that a project is edited in: a sheet for each table, what is wrong with them, and the memory of both."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from deedbook.findings import Finding
from deedbook.schema import Field, TableSchema
from deedbook.workbooks import ods
from deedbook.workbooks.pages import FINDINGS, LISTS, MEMORY, NUMBERS, VERSION, Page, value_of

_MORE_ROWS = 2_000
"""Rows below the last one that have the drop-downs too."""
_LOOKED_AT = 200
"""Rows that say how wide a column is."""
_DERIVED = "Derived: it is made anew from the other columns, and what is written here is not read."
_FORM_OF = {"date": "date", **dict.fromkeys(NUMBERS, "number")}
_MOST_NOTED = 2_000
"""Cells with a note of their own: each is a drawing, and programs slow down."""
_COLUMNS = {"severity": 10, "table": 18, "row": 8, "column": 20, "value": 24, "message": 60, "hint": 60, "rule": 26}
"""The columns of the sheet of findings, with their widths in characters."""
_FORMS: Mapping[str, dict[str, Any]] = {
    "head": {"bold": True, "bg_color": "#E8EDF3", "bottom": 1},
    "text": {"num_format": "@"},
    "date": {"num_format": "yyyy-mm-dd"},
    "number": {"num_format": "General"},
    "derived": {"num_format": "@", "font_color": "#808080", "italic": True, "bg_color": "#F4F4F4"},
    "found": {"num_format": "@", "text_wrap": True, "valign": "top"},
}


def write_workbook(
    path: Path, pages: Sequence[Page], schemas: Mapping[str, TableSchema], findings: Sequence[Finding]
) -> None:
    """Writes the workbook.

    Args:
        path: Where to; its suffix, `.xlsx` or `.ods`, says which kind.
        pages: The tables.
        schemas: The schema of each.
        findings: What a validation says of them.
    """
    book = ods.Workbook(str(path)) if path.suffix == ".ods" else xlsxwriter.Workbook(str(path))
    forms = {name: book.add_format(form) for name, form in _FORMS.items()}
    sheets = {page.table: book.add_worksheet(page.sheet) for page in pages}
    found, lists, memory = map(book.add_worksheet, (FINDINGS, LISTS, MEMORY))
    lists.hide()
    memory.very_hidden()
    memory.write_string(0, 0, VERSION)
    offered = 0
    for number, page in enumerate(pages, start=1):
        for column, text in enumerate((page.table, page.sheet, *page.pieces())):
            memory.write_string(number, column, text)
        sources = {}
        for name, entries in page.choices.items():
            lists.write_string(0, offered, f"{page.sheet}.{name}")
            for row, entry in enumerate(entries, start=1):
                lists.write_string(row, offered, entry)
            first, last = (xl_rowcol_to_cell(row, offered, True, True) for row in (1, len(entries)))
            sources[name] = f"={LISTS}!{first}:{last}"
            offered += 1
        _write_page(sheets[page.table], page, schemas[page.table], forms, sources)
    _write_findings(found, {page.table: page for page in pages}, sheets, findings, forms)
    book.close()


def _write_page(
    sheet: Worksheet, page: Page, schema: TableSchema, forms: Mapping[str, Any], sources: Mapping[str, str]
) -> None:
    last = len(page.rows) + _MORE_ROWS
    for column, label in enumerate(page.labels):
        item = schema.field(label) if label in schema.positions else None
        form = forms[_FORM_OF.get(item.type, "text") if item else "text"]
        _write_column(sheet, column, label, [value_of(row[column], item) for row in page.rows], form, forms["head"])
        if item is not None and (note := _note_of(item)):
            sheet.write_comment(0, column, note, {"x_scale": 2, "y_scale": 2})
        if label in sources:
            offer = {"validate": "list", "source": sources[label], "show_error": False}
            sheet.data_validation(1, column, last, column, offer)
    for column, (label, texts) in enumerate(page.derived.items(), start=len(page.labels)):
        _write_column(sheet, column, label, texts, forms["derived"], forms["head"])
        sheet.write_comment(0, column, _DERIVED)
        kept = {"validate": "custom", "value": "=FALSE", "error_title": "Derived", "error_message": _DERIVED}
        sheet.data_validation(1, column, last, column, kept)
    sheet.freeze_panes(1, len(page.key) if page.labels[: len(page.key)] == page.key else 0)
    sheet.autofilter(0, 0, max(1, len(page.rows)), max(0, len(page.labels) + len(page.derived) - 1))


def _write_column(
    sheet: Worksheet, column: int, label: str, values: Sequence[str | float | dt.date], form: Any, head: Any
) -> None:
    """A column under its label; a number or a date where it is one, nothing where a cell is empty."""
    longest = max(len(str(value)) for value in (label, *values[:_LOOKED_AT]))
    sheet.set_column(column, column, max(8, min(48, longest + 2)), form)
    sheet.write_string(0, column, label, head)
    for row, value in enumerate(values, start=1):
        if isinstance(value, dt.date):
            sheet.write_datetime(row, column, value, form)
        elif isinstance(value, float):
            sheet.write_number(row, column, value, form)
        elif value:
            sheet.write_string(row, column, value, form)


def _note_of(item: Field) -> str:
    """What the schema says of a field, for the note on its head."""
    kind = item.type if item.format in {"default", ""} else f"{item.type} ({item.format})"
    needed = "required" if item.required else ""
    bounds = [f"{name}: {value}" for name, value in item.constraints.items() if name not in {"required", "enum"}]
    example = f"example: {item.raw['example']}" if "example" in item.raw else ""
    return "\n".join(
        filter(None, (item.title, item.description, ", ".join(filter(None, (kind, needed))), *bounds, example))
    )


def _write_findings(
    sheet: Worksheet,
    pages: Mapping[str, Page],
    sheets: Mapping[str, Worksheet],
    findings: Sequence[Finding],
    forms: Mapping[str, Any],
) -> None:
    """A row for each finding, with a link to its cell, which has a note of it."""
    for column, (title, width) in enumerate(_COLUMNS.items()):
        sheet.set_column(column, column, width, forms["found"])
        sheet.write_string(0, column, title, forms["head"])
    sheet.freeze_panes(1, 0)
    notes: dict[tuple[str, int, int], list[str]] = {}
    for number, one in enumerate(findings, start=1):
        for column, name in enumerate(_COLUMNS):
            value = getattr(one, name)
            sheet.write_string(number, column, "" if value is None else str(value), forms["found"])
        page = pages.get(one.table or "")
        if page is not None and (place := page.place_of(one)):
            link = f"internal:'{page.sheet}'!{xl_rowcol_to_cell(*place)}"
            sheet.write_url(number, list(_COLUMNS).index("row"), link, string=str(one.row))
            notes.setdefault((page.table, *place), []).append(one.message)
    for (table, row, column), said in list(notes.items())[:_MOST_NOTED]:
        if row:  # the head has a note of its own
            sheets[table].write_comment(row, column, "\n".join(said))
