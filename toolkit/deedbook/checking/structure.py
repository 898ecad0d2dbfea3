"""Rows that are none, or have too many or too few cells; quotes, escapes and bytes that are not what they should be.

Structure comes before cells: the cells of a row that is too short or too long stand under other labels than they should, so they
are not judged one by one. What a row probably is, is said in the words of its finding, which are made for those that are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import polars as pl

from deedbook.checking.cells import CellFailure, FieldPlan, Rows
from deedbook.checking.findings import Group, Words
from deedbook.checking.header import Column
from deedbook.findings import plural, shorten
from deedbook.reading.text import MARK, REPLACEMENT, Ragged, TextBlock

_MARKS = ("<<<<<<< ", "|||||||", "=======", ">>>>>>> ")
"""How the lines begin that git writes around the two sides of a conflict (`|||||||` with merge.conflictStyle diff3)."""
_TOTAL = r"(?i)^\W*(grand |sub-?)?(totals?|sums?|summe|gesamt|insgesamt|somme|totaux|suma|totale|итого|всего)\W*$"
_CURLY = ("\u201c", "\u201d", "\u201e", "\u00ab", "\u2018")


@dataclass(frozen=True, slots=True)
class Structure:
    """What is wrong with the records of a block.

    Attributes:
        excused: For each column, the rows whose cell is not to be judged: it is not there, or it is no text.
        absent: The rows that hold nothing: blank records and comments, and what a merge left.
    """

    groups: list[Group]
    excused: dict[str, Rows]
    absent: Sequence[int] = ()


def check_structure(
    block: TextBlock, columns: Sequence[Column], fields: Sequence[FieldPlan] = (), key: Sequence[str] = ()
) -> Structure:
    """The structural findings of a block.

    Args:
        block: The records.
        columns: The columns of the file.
        fields: How the columns are checked, to see how the cells of a row are shifted.
        key: The primary key, none of which may be missing.
    """
    groups: list[Group] = []
    empty = _empty_rows(block) if key or any(item.field.required for item in fields) else []
    conflicts = conflicts_in(block)
    is_sound = not (block.ragged or block.absent or block.bad_bytes or block.with_nul or block.odd_marks)
    if is_sound and not empty and not conflicts:
        return Structure(groups, {})
    excused: dict[str, list[int]] = defaultdict(list)
    merged = {row for start, end in conflicts for row in range(start, end + 1)}
    if conflicts:
        words = fixed("an unresolved merge conflict begins here", "resolve it, and delete the marks that git wrote")
        groups.append(Group("merge-conflict", _rows(start for start, _ in conflicts), words))
    if blank := [item.row for item in block.ragged if not item.cells and item.row not in merged]:
        groups.append(Group("blank-row", _rows(blank), fixed("the row is blank", "delete the line")))
    if empty := [row for row in empty if row not in merged]:
        groups.append(Group("blank-row", _rows(empty), fixed("every cell of the row is empty", "delete the line")))
    absent = sorted({*block.absent, *empty, *merged})
    uneven = [item for item in block.ragged if item.cells and item.row not in merged]
    shapes = _Shapes(block, columns, {item.field.name: item for item in fields})
    groups += _extra_cells(uneven, shapes)
    short = [item for item in uneven if len(item.cells) < len(columns)]
    for column in columns[min((len(item.cells) for item in short), default=len(columns)) :]:
        groups.append(_missing_cells([item for item in short if len(item.cells) < column.number], column, shapes))
    misplaced = [item.row for item in uneven if len(item.cells) < len(columns) or any(item.cells[len(columns) :])]
    groups += _odd_marks(block, columns)
    groups += _bad_text(block, columns, excused)
    for column in columns if absent or misplaced else ():
        excused[column.name] += [*absent, *misplaced]
    return Structure(groups, {name: _rows(rows) for name, rows in excused.items()}, absent)


def _empty_rows(block: TextBlock) -> list[int]:
    """The rows of several cells all of which are empty; it costs nothing where a column has no empty cell."""
    frame = block.frame
    columns = frame.get_columns()
    if block.lines is not None:  # read one by one, where an empty cell is an empty text
        columns = [
            pl.Series(column.name, pl.select(pl.when(column != "").then(column)).to_series()) for column in columns
        ]
    if frame.width < 2 or not all(column.null_count() for column in columns):
        return []
    is_empty = pl.DataFrame(columns).select(pl.all_horizontal(pl.all().is_null())).to_series()
    uneven = {item.row for item in block.ragged} | block.absent
    return [row for row in is_empty.arg_true().to_list() if row not in uneven]


def conflicts_in(block: TextBlock) -> list[tuple[int, int]]:
    """The first and the last row of each conflict that git left; its marks are records of one cell."""
    marks = [(item.row, item.cells[0]) for item in block.ragged if item.cells and item.cells[0].startswith(_MARKS)]
    if block.frame.width == 1:
        column = block.frame.to_series()
        if column.str.starts_with(_MARKS[0]).any():
            rows = pl.any_horizontal(column.str.starts_with(mark) for mark in _MARKS)
            at = pl.select(rows).to_series().arg_true()
            marks = list(zip(at.to_list(), column.gather(at).to_list(), strict=True))
    is_conflict = any(text.startswith(_MARKS[0]) for _, text in marks)
    found, start = [], 0 if is_conflict else None
    for row, text in marks:
        if text.startswith(_MARKS[0]):
            start = row
        elif text.startswith(_MARKS[3]) and start is not None:
            found.append((start, row))
            start = None
    if is_conflict and start is not None:
        found.append((start, block.frame.height - 1))
    return found


def fold_rows(
    structure: Structure, block: TextBlock, columns: Sequence[Column], failures: list[CellFailure]
) -> tuple[Structure, list[CellFailure]]:
    """The structure and the failures when rows that are no data, and fail for that reason, are one finding each.

    Such are a total below the rows, and a header that stands again among them.
    """
    if not failures:
        return structure, failures
    rows = np.unique(np.concatenate([failure.rows for failure in failures]))
    frame = block.frame
    texts = [frame.get_column(column.name).gather(rows) for column in columns[:3]]
    is_total = pl.select(pl.any_horizontal(text.str.contains(_TOTAL) for text in texts)).to_series().fill_null(False)
    is_header = (texts[0] == columns[0].label).fill_null(False)
    totals = [row for row in rows[is_total.to_numpy()].tolist() if 2 * _filled(frame.row(row)) <= len(columns) + 1]
    labels = tuple(column.label for column in columns)
    headers = [row for row in rows[is_header.to_numpy()].tolist() if frame.row(row) == labels]
    if not totals and not headers:
        return structure, failures
    groups = [*structure.groups]
    if totals:
        groups.append(
            Group("total-row", _rows(totals), fixed("the row looks like a total, not like data", "delete it"))
        )
    if headers:
        groups.append(
            Group("repeated-header", _rows(headers), fixed("the header stands again in this row", "delete it"))
        )
    strangers = _rows([*totals, *headers])
    excused = {
        column.name: np.union1d(structure.excused.get(column.name, strangers[:0]), strangers) for column in columns
    }
    kept = []
    for failure in failures:
        is_kept = ~np.isin(failure.rows, strangers)
        if is_kept.any():
            kept.append(replace(failure, rows=failure.rows[is_kept], texts=failure.texts.filter(pl.Series(is_kept))))
    return Structure(groups, excused, sorted({*structure.absent, *strangers.tolist()})), kept


def _filled(cells: Sequence[str | None]) -> int:
    return sum(bool(cell) for cell in cells)


def _rows(rows: Iterable[int]) -> Rows:
    return np.array(sorted(set(rows)), np.int64)


def fixed(message: str, hint: str, value: str | None = None) -> Callable[[int], Words]:
    """The same words for every row."""
    words = Words(message, hint, value)
    return lambda _at: words


@dataclass(frozen=True, slots=True)
class _Shapes:
    """What rows of a wrong length probably are."""

    block: TextBlock
    columns: Sequence[Column]
    fields: Mapping[str, FieldPlan]

    def fit(self, cells: Sequence[str], columns: Sequence[Column]) -> bool:
        """Whether each cell fits the field of its column."""
        pairs = zip(cells, columns, strict=True)
        return not any(self.fields[column.name].problems(cell) for cell, column in pairs if column.name in self.fields)

    def too_short(self, cells: Sequence[str], row: int) -> tuple[str, str]:
        """What is said of a row that is too short, and the hint."""
        lacking = len(self.columns) - len(cells)
        if self.block.is_cut and row == self.block.frame.height - 1:
            return "the file ends in it without a line end and is probably cut off", "get the file again"
        is_shifted = not self.fit(cells, self.columns[: len(cells)])
        for at in range(1, len(cells) if is_shifted else 0):
            if self.fit(cells[:at], self.columns[:at]) and self.fit(cells[at:], self.columns[at + lacking :]):
                column = self.columns[at]
                name = column.field.name if column.field else column.label
                told = "one column" if lacking == 1 else f"{lacking} columns"
                message = f"from `{name}` on (`{shorten(cells[at], 20)}`) its cells stand {told} too far left"
                return message, f"add the missing {plural(lacking, 'delimiter')} before `{shorten(cells[at], 20)}`"
        return "", "add the missing delimiters"

    def too_long(self, cells: Sequence[str]) -> tuple[str, str]:
        """What is said of a row that is too long, and the hint."""
        beyond = len(cells) - len(self.columns)
        delimiter = ","
        if not any(cells[len(self.columns) :]):
            return "", "remove the delimiters at its end"
        if any(cell.strip().startswith(_CURLY) for cell in cells):
            return "curly quotes (U+201C, U+201D) do not quote", 'use straight quotes (") around the cell'
        is_shifted = not self.fit(cells[: len(self.columns)], self.columns)
        for at in range(len(self.columns) if is_shifted else 0):
            if not self.fit(cells[:at], self.columns[:at]):
                break
            if self.fit(cells[at + beyond + 1 :], self.columns[at + 1 :]):
                parts = cells[at : at + beyond + 1]
                if beyond == 1 and all(part.strip().lstrip("+-").isdigit() for part in parts):
                    return (
                        f"`{delimiter.join(parts)}` looks like one number with a decimal comma",
                        f"write `{'.'.join(parts)}`",
                    )
                if self.fit([delimiter.join(parts)], self.columns[at : at + 1]):
                    shown = shorten(delimiter.join(parts), 40)
                    return f"`{shown}` looks like one cell that holds the delimiter", "put quotes around it"
        return "", "quote a cell that contains the delimiter, or remove it"


def _missing_cells(items: Sequence[Ragged], column: Column, shapes: _Shapes) -> Group:
    name = column.field.name if column.field else column.label

    def words(at: int) -> Words:
        item = items[at]
        cause, hint = shapes.too_short(item.cells, item.row)
        message = f"the cell of `{name}` is missing: the row ends after {plural(len(item.cells), 'cell')}"
        return Words(f"{message}; {cause}" if cause else message, hint)

    return Group("missing-cell", _rows(item.row for item in items), words, column=name, field_number=column.number)


def _extra_cells(uneven: Sequence[Ragged], shapes: _Shapes) -> list[Group]:
    width = len(shapes.columns)
    by_position: dict[int, list[Ragged]] = defaultdict(list)
    for item in uneven:
        for position in range(width, len(item.cells)):
            by_position[position].append(item)
    return [_extra_group(position, items, shapes) for position, items in sorted(by_position.items())]


def _extra_group(position: int, items: list[Ragged], shapes: _Shapes) -> Group:
    header = plural(len(shapes.columns), "column")

    def words(at: int) -> Words:
        cells = items[at].cells
        cause, hint = shapes.too_long(cells)
        cell = (
            f"cell {position + 1} (`{shorten(cells[position])}`)" if cells[position] else f"cell {position + 1} (empty)"
        )
        message = f"{cell} is one too many: the header has {header}"
        return Words(f"{message}; {cause}" if cause else message, hint, cells[position])

    return Group("extra-cell", _rows(item.row for item in items), words, field_number=position + 1)


def _odd_marks(block: TextBlock, columns: Sequence[Column]) -> list[Group]:
    """Text behind a closing quote is an error: readers differ in what they make of it; an escape that eats a letter, a warning."""
    by_place: dict[tuple[bool, int], list[int]] = defaultdict(list)
    texts: dict[tuple[bool, int, int], str] = {}
    for item in block.odd_marks:
        by_place[(item.is_quote, item.column)].append(item.row)
        texts[(item.is_quote, item.column, item.row)] = MARK.sub(REPLACEMENT, item.text)
    groups = []
    for (is_quote, at), rows in sorted(by_place.items()):
        column = columns[at] if at < len(columns) else None
        name = (column.field.name if column.field else column.label) if column else None
        say = _stray_quote if is_quote else _lost_escape
        found = [texts[(is_quote, at, row)] for row in rows]
        group = Group(
            "stray-quote" if is_quote else "lost-escape",
            _rows(rows),
            lambda at, found=found, say=say: say(found[at]),  # type: ignore[misc]  # what it keeps has the types above
            severity="error" if is_quote else "warning",
            column=name,
            field_number=at + 1,
        )
        groups.append(group)
    return groups


def _stray_quote(text: str) -> Words:
    escaped = ', or declare `"escapeChar": "\\\\"`' if "\\" in text else ""
    message = f"text stands behind a closing quote: `{shorten(text, 40)}`"
    return Words(message, f"double every quote inside a quoted cell{escaped}", text)


def _lost_escape(text: str) -> Words:
    message = f"in `{shorten(text, 40)}` the escape character is lost, and only what follows it is read"
    return Words(message, "write the escape character twice, or drop `escapeChar` from the dialect", text)


def _bad_text(block: TextBlock, columns: Sequence[Column], excused: dict[str, list[int]]) -> list[Group]:
    groups = []
    by_place: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in block.bad_bytes:
        by_place[(min(place.column, len(columns)), place.byte)].append(place.row)
    for (at, byte), rows in sorted(by_place.items()):
        column = columns[at] if at < len(columns) else None
        message = f"the byte 0x{byte:02x} is not UTF-8"
        groups.append(_text_group("encoding-error", rows, column, message, "save the file as UTF-8"))
        if column:
            excused[column.name] += rows
    if block.with_nul:
        suspects = block.frame[list(block.with_nul)].lazy()
        has_nul = suspects.select(pl.all().str.contains("\0", literal=True).fill_null(False)).collect()
        for column in columns:
            rows = list(compress(block.with_nul, has_nul[column.name]))
            if rows:
                groups.append(
                    _text_group("nul-character", rows, column, "the cell contains a NUL character", "remove it")
                )
                excused[column.name] += rows
    return groups


def _text_group(rule: str, rows: list[int], column: Column | None, message: str, hint: str) -> Group:
    name = (column.field.name if column.field else column.label) if column else None
    number = column.number if column else None
    return Group(rule, _rows(rows), fixed(message, hint), column=name, field_number=number)
