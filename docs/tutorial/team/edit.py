"""Stands for a hand in a spreadsheet: changes the first sheet of a workbook.

Usage: python edit.py BOOK KEY                  deletes the row
       python edit.py BOOK KEY COLUMN=TEXT ...  types into the row; a new key adds one
"""

from __future__ import annotations

import sys

import openpyxl

name, key, *cells = sys.argv[1:]
book = openpyxl.load_workbook(name)
sheet = book.worksheets[0]
columns = {head.value: head.column or 0 for head in sheet[1]}
rows = {row[0].value: row[0].row for row in sheet.iter_rows(min_row=2) if row[0].value}
if not cells:
    sheet.delete_rows(rows[key])
at = rows.get(key, len(rows) + 2)
for column, text in [cell.split("=", 1) for cell in ([f"id={key}", *cells] if cells else [])]:
    sheet.cell(at, columns[column], int(text) if text.isdigit() else text)
book.save(name)
