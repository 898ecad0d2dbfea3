"""The workbook that a project is edited in: a sheet for each table, what is wrong with them, and the memory of both."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_rowcol_to_cell  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from deedbook.findings import Finding
from deedbook.schema import Field, TableSchema
from deedbook.workbooks.pages import FINDINGS, LISTS, MEMORY, NUMBERS, VERSION, Page, value_of

_MORE_ROWS = 2_000
"""Rows below the last one that have the drop-downs too."""
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
        path: Where to.
        pages: The tables.
        schemas: The schema of each.
        findings: What a validation says of them.
    """
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
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
        form = forms[
            "text" if item is None else "date" if item.type == "date" else "number" if item.type in NUMBERS else "text"
        ]
        texts = [row[column] for row in page.rows]
        width = max(8, min(48, 2 + max(map(len, (label, *texts[:200])))))
        sheet.set_column(column, column, width, form)
        sheet.write_string(0, column, label, forms["head"])
        if item is not None and (note := note_of(item)):
            sheet.write_comment(0, column, note, {"x_scale": 2, "y_scale": 2})
        if label in sources:
            offer = {"validate": "list", "source": sources[label], "show_error": False}
            sheet.data_validation(1, column, last, column, offer)
        for row, text in enumerate(texts, start=1):
            value = value_of(text, item)
            if isinstance(value, float):
                sheet.write_number(row, column, value, forms["number"])
            elif isinstance(value, str):
                sheet.write_string(row, column, value, forms["text"]) if value else None
            else:
                sheet.write_datetime(row, column, value, forms["date"])
    for column, (label, derived) in enumerate(page.derived.items(), start=len(page.labels)):
        sheet.set_column(column, column, 16, forms["derived"])
        sheet.write_string(0, column, label, forms["head"])
        sheet.write_comment(
            0, column, "Derived: it is made anew from the other columns, and what is written here is not read."
        )
        kept = {
            "validate": "custom",
            "value": "=FALSE",
            "error_title": "Derived",
            "error_message": "This column is derived.",
        }
        sheet.data_validation(1, column, last, column, kept)
        for row, text in enumerate(derived, start=1):
            sheet.write_string(row, column, text, forms["derived"])
    sheet.freeze_panes(1, len(page.key) if page.labels[: len(page.key)] == page.key else 0)
    sheet.autofilter(0, 0, max(1, len(page.rows)), max(0, len(page.labels) + len(page.derived) - 1))


def note_of(item: Field) -> str:
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
        if page is not None and one.row and one.row <= len(page.rows) + 1:
            place = page.labels.index(one.column) if one.column in page.labels else 0
            cell = xl_rowcol_to_cell(one.row - 1, place)
            sheet.write_url(number, list(_COLUMNS).index("row"), f"internal:'{page.sheet}'!{cell}", string=str(one.row))
            notes.setdefault((page.table, one.row - 1, place), []).append(one.message)
    for (table, row, column), said in list(notes.items())[:_MOST_NOTED]:
        if row:  # the head has a note of its own
            sheets[table].write_comment(row, column, "\n".join(said))
