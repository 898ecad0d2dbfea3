"""Edits that people make in a workbook, each with what it has to come back as."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from tests.workbooks.books import Change

Edit = Callable[[Workbook], None]
COLUMNS = ("deed_id", "actor_id", "code", "day", "amount", "weight", "sure", "note")
LONG = "Ein langer Satz. " * 1_800


def cell(key: str, column: str, value: object, *, is_text: bool = False) -> Edit:
    """A value typed into a cell of `deeds`."""

    def edit(book: Workbook) -> None:
        sheet = book["deeds"]
        row = next(row[0].row for row in sheet.iter_rows() if row[0].value == key)
        place = sheet.cell(row, COLUMNS.index(column) + 1)
        place.value = value  # type: ignore[assignment]
        if is_text:
            place.data_type = "s"

    return edit


def insert(place: int, *values: object) -> Edit:
    """A row put before the row of that number."""

    def edit(book: Workbook) -> None:
        sheet = book["deeds"]
        sheet.insert_rows(place)
        for column, value in enumerate(values, start=1):
            sheet.cell(place, column).value = value  # type: ignore[assignment]

    return edit


def sorted_by(column: str) -> Edit:
    """The rows of `deeds` in the order of a column, the last one first."""

    def edit(book: Workbook) -> None:
        sheet, at = book["deeds"], COLUMNS.index(column)
        rows = _values(sheet)
        rows.sort(key=lambda row: str(row[at]), reverse=True)
        _put(sheet, rows)

    return edit


def all_of(*edits: Edit) -> Edit:
    """Several edits, one after the other."""

    def edit(book: Workbook) -> None:
        for one in edits:
            one(book)

    return edit


def column_moved(book: Workbook) -> None:
    """`note` stands before `deed_id`."""
    sheet = book["deeds"]
    rows = [[row[-1], *row[:-1]] for row in _values(sheet, first=1)]
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            _set(sheet.cell(number, column), value)


def ali(book: Workbook) -> None:
    """The actor without a name gets one."""
    book["actors"].cell(3, 2).value = "Ali"


def looks(book: Workbook) -> None:
    """Colours, widths and a sheet of somebody's own."""
    sheet = book["deeds"]
    sheet["A2"].font = Font(bold=True, color="FF0000")
    sheet.column_dimensions["H"].width = 90
    book.create_sheet("scratch")["A1"] = "mine"


def _values(sheet: Worksheet, first: int = 2) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=first)]


def _put(sheet: Worksheet, rows: Iterable[list[Any]]) -> None:
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            _set(sheet.cell(number, column), value)


def _set(place: Any, value: Any) -> None:
    place.value = value
    if isinstance(value, str):
        place.data_type = "s"
    elif isinstance(value, dt.datetime):
        place.number_format = "yyyy-mm-dd"


def of(key: str, column: str, old: str, new: str) -> Change:
    return "cell", "deeds", key, column, old, new


EDITS: dict[str, tuple[Edit, set[Change]]] = {
    "another text": (cell("D1", "note", "second"), {of("D1", "note", "first", "second")}),
    "a cell emptied": (cell("D1", "note", None), {of("D1", "note", "first", "")}),
    "an empty cell filled": (cell("D3", "note", "new"), {of("D3", "note", "", "new")}),
    "leading zeros": (cell("D3", "code", "0010"), {of("D3", "code", "010", "0010")}),
    "an entry with its label": (cell("D3", "code", "007 | Bond"), {of("D3", "code", "010", "007")}),
    "a key with its label": (cell("D3", "actor_id", "A1 | Kurds"), {of("D3", "actor_id", "A2", "A1")}),
    "NA": (cell("D1", "code", "NA"), {of("D1", "code", "007", "NA")}),
    "a number among texts": (cell("D1", "code", 7), {of("D1", "code", "007", "7")}),
    "a date": (cell("D1", "day", dt.date(2024, 3, 1)), {of("D1", "day", "2024-02-29", "2024-03-01")}),
    "a date as text": (cell("D2", "day", "2024-03-01"), {of("D2", "day", "", "2024-03-01")}),
    "a date before 1900": (cell("D2", "day", "1812-06-24"), {of("D2", "day", "", "1812-06-24")}),
    "no date": (cell("D1", "day", None), {of("D1", "day", "2024-02-29", "")}),
    "an integer": (cell("D1", "amount", 13), {of("D1", "amount", "12", "13")}),
    "an integer of many digits": (
        cell("D3", "amount", "9007199254740995"),
        {of("D3", "amount", "9007199254740993", "9007199254740995")},
    ),
    "a decimal": (cell("D1", "weight", 0.1), {of("D1", "weight", "0.5", "0.1")}),
    "true": (cell("D2", "sure", value=True), {of("D2", "sure", "", "true")}),
    "a text like a formula": (cell("D1", "note", "=2*2", is_text=True), {of("D1", "note", "first", "=2*2")}),
    "a long text": (cell("D1", "note", LONG.strip()), {of("D1", "note", "first", LONG.strip())}),
    "a text of two lines": (cell("D1", "note", "a\nb"), {of("D1", "note", "first", "a\nb")}),
    "a row at the end": (insert(6, "D5", "A1", "007"), {("added", "deeds", "D5")}),
    "a row in the middle": (insert(3, "D0", "A2"), {("added", "deeds", "D0")}),
    "empty rows": (all_of(insert(3), insert(3)), set()),
    "a row deleted": (lambda book: book["deeds"].delete_rows(3), {("removed", "deeds", "D2")}),
    "rows sorted": (sorted_by("note"), set()),
    "rows sorted, and one of them changed": (
        all_of(sorted_by("code"), cell("D4", "weight", 3)),
        {of("D4", "weight", "0.5", "3")},
    ),
    "another key": (cell("D1", "deed_id", "D9"), {("re-keyed", "deeds", "D1", "D9")}),
    "a column moved": (column_moved, set()),
    "colours, widths and a sheet of one's own": (looks, set()),
    "two tables": (
        all_of(cell("D1", "note", "x"), ali),
        {of("D1", "note", "first", "x"), ("cell", "actors", "A2", "name", "", "Ali")},
    ),
}
