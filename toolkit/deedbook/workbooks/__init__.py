"""Workbooks to edit: the tables of a project on sheets, and what a person changed there back in the tables.

pages.py      a table on a sheet: its columns, its rows as they were, what may be chosen; the memory of that in the workbook itself
writer.py     the workbook: drop-downs, notes, formats, findings
reader.py     a workbook that came back, from whatever program: its structure, then the cells
returned.py   what was changed in it, held against the tables as they are now; and their files written

A workbook is

    TABLE ...    a sheet for each table: the columns in the order of the file, then what is derived, in grey
    findings     what a validation says, with links to the cells
    lists        hidden: the entries of the drop-downs, a column for each
    deedbook     hidden: by table its sheet, and the cells as they were when it was written (`pages.Page.pieces`)

Cells are compared with what they were, never with how a program likes to write them: what nobody touched comes back to the letter.
"""
