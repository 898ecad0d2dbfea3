"""Records that have too many or too few cells, blank records, and bytes that are no text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows
from deedbook.checking.group import Group, Words
from deedbook.checking.header import Column
from deedbook.findings import shorten
from deedbook.reading.text import Ragged, TextBlock


@dataclass(frozen=True, slots=True)
class Structure:
    """What is wrong with the records of a block.

    Attributes:
        excused: For each column, the rows whose cell is not to be judged: it is not there, or it is no text.
        absent: The rows that hold nothing: blank records and comments.
    """

    groups: list[Group]
    excused: dict[str, Rows]
    absent: Sequence[int] = ()


def check_structure(block: TextBlock, columns: Sequence[Column]) -> Structure:
    """The structural findings of a block."""
    groups: list[Group] = []
    if not (block.ragged or block.absent or block.bad_bytes or block.with_nul):
        return Structure(groups, {})
    absent = sorted(block.absent)
    excused: dict[str, list[int]] = defaultdict(list)
    blank = [item.row for item in block.ragged if not item.cells]
    if blank:
        groups.append(Group("blank-row", _rows(blank), fixed("the row is blank", "delete the line")))
    groups += _extra_cells(block.ragged, len(columns))
    rows = np.array([item.row for item in block.ragged if item.cells], np.int64)
    lengths = np.array([len(item.cells) for item in block.ragged if item.cells], np.int64)
    for column in columns[lengths.min(initial=len(columns)) :]:
        is_short = lengths < column.number
        groups.append(_missing_cells(rows[is_short], lengths[is_short], column))
        excused[column.name] += rows[is_short].tolist()
    groups += _bad_text(block, columns, excused)
    for column in columns if absent else ():
        excused[column.name] += absent
    return Structure(groups, {name: _rows(rows) for name, rows in excused.items()}, absent)


def _rows(rows: Iterable[int]) -> Rows:
    return np.array(sorted(set(rows)), np.int64)


def fixed(message: str, hint: str, value: str | None = None) -> Callable[[int], Words]:
    """The same words for every row."""
    words = Words(message, hint, value)
    return lambda _at: words


def _missing_cells(rows: Rows, lengths: Rows, column: Column) -> Group:
    name = column.field.name if column.field else column.label

    def words(at: int) -> Words:
        message = f"the cell of `{name}` is missing: the row ends after {lengths[at]} cells"
        return Words(message, "add the missing delimiters")

    return Group("missing-cell", rows, words, column=name, field_number=column.number)


def _extra_cells(ragged: Sequence[Ragged], width: int) -> list[Group]:
    by_position: dict[int, list[Ragged]] = defaultdict(list)
    for item in ragged:
        for position in range(width, len(item.cells)):
            by_position[position].append(item)
    groups = []
    for position, items in sorted(by_position.items()):
        cells = [item.cells[position] for item in items]
        groups.append(_extra_group(position + 1, width, [item.row for item in items], cells))
    return groups


def _extra_group(number: int, width: int, rows: list[int], cells: list[str]) -> Group:
    def words(at: int) -> Words:
        message = f"cell {number} (`{shorten(cells[at])}`) is one too many: the header has {width} columns"
        return Words(message, "quote a cell that contains the delimiter, or remove it", cells[at])

    return Group("extra-cell", np.array(rows, np.int64), words, field_number=number)


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
