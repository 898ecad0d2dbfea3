"""Stands for a hand in a spreadsheet: changes the first sheet of a workbook, or saves it as CSV.

Usage: python edit.py BOOK                      prints the sheet as CSV
       python edit.py BOOK KEY                  deletes the row
       python edit.py BOOK KEY COLUMN=TEXT ...  types into the row; a new key adds one
"""

from __future__ import annotations

import csv
import sys
from datetime import date

import openpyxl

name, *arguments = sys.argv[1:]
book = openpyxl.load_workbook(name)
sheet = book.worksheets[0]
if not arguments:
    csv.writer(sys.stdout, lineterminator="\n").writerows(
        [str(value)[:10] if isinstance(value, date) else value for value in row]
        for row in sheet.iter_rows(values_only=True)
    )
    sys.exit()
key, *cells = arguments
columns = {head.value: head.column or 0 for head in sheet[1]}
rows = {row[0].value: row[0].row for row in sheet.iter_rows(min_row=2) if row[0].value}
if not cells:
    sheet.delete_rows(rows[key])
at = rows.get(key, len(rows) + 2)
for column, text in [cell.split("=", 1) for cell in ([f"id={key}", *cells] if cells else [])]:
    sheet.cell(at, columns[column], int(text) if text.isdigit() else text)
book.save(name)
