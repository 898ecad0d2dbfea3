"""Rows that are none, or have too many or too few cells; quotes, escapes and bytes that are not what they should be.

Structure comes before cells: the cells of a row that is too short or too long stand under other labels than they should, so they
are not judged one by one. What a row probably is, is said in the words of its finding, which are made for those that are shown.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, compress

import numpy as np
import polars as pl

from deedbook.checking.cells import CellFailure, FieldPlan, Rows
from deedbook.checking.findings import Group, Words
from deedbook.checking.header import WORDS, Column
from deedbook.findings import plural, shorten
from deedbook.reading.text import Ragged, TextBlock

_MARKS = ("<<<<<<< ", "|||||||", "=======", ">>>>>>> ")
"""How the lines begin that git writes around the two sides of a conflict (`|||||||` with merge.conflictStyle diff3)."""
_TOTAL = r"(?i)^\W*(grand |sub-?)?(totals?|sums?|summe|gesamt|insgesamt|somme|totaux|suma|totale|итого|всего)\W*$"
_DECIMAL_COMMA = re.compile(r"\s*[+-]*\d+\s*,\s*[+-]*\d+\s*")
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
    conflicts = conflicts_in(block)
    empty = _empty_rows(block) if key or any(item.field.required for item in fields) else set()
    if not any((block.ragged, block.comments, block.faults, block.with_nul, empty, conflicts)):
        return Structure([], {})
    merged = set(chain.from_iterable(range(start, end + 1) for start, end in conflicts))
    uneven = [item for item in block.ragged if item.row not in merged]
    faults = list(_cell_faults(block, columns))
    shapes = _Shapes(block, columns, {item.field.name: item for item in fields})
    groups = [
        _group("merge-conflict", (start for start, _ in conflicts)),
        _group("blank-row", block.absent - block.comments - merged),
        _group("empty_row", empty - merged),
        *_extra_cells(uneven, shapes),
        *_missing_cells(uneven, shapes),
        *(group for _, group in faults),
    ]
    absent = sorted(block.absent | empty | merged)
    misplaced = _rows([*absent, *(item.row for item in uneven if shapes.is_misplaced(item.cells))])
    excused = dict.fromkeys((column.name for column in columns), misplaced) if len(misplaced) else {}
    for name, group in faults:
        if name and len(group.rows) and group.rule in {"encoding-error", "nul-character"}:
            excused[name] = np.union1d(excused.get(name, misplaced), group.rows)
    return Structure([group for group in groups if len(group.rows)], excused, absent)


def _empty_rows(block: TextBlock) -> set[int]:
    """The rows of several cells all of which are empty; it costs nothing where a column has no empty cell."""
    columns = block.frame.get_columns()
    if block.lines is not None:  # read one by one, where an empty cell is an empty text
        columns = [pl.select(pl.when(column != "").then(column).alias(column.name)).to_series() for column in columns]
    if len(columns) < 2 or not all(column.null_count() for column in columns):
        return set()
    is_empty = pl.DataFrame(columns).select(pl.all_horizontal(pl.all().is_null())).to_series()
    return set(is_empty.arg_true()) - {item.row for item in block.ragged} - block.absent


def _conflict_marks(block: TextBlock) -> dict[int, str]:
    """The records of one cell that begin like a mark of git."""
    if block.frame.width > 1:
        return {item.row: item.cells[0] for item in block.ragged if item.cells and item.cells[0].startswith(_MARKS)}
    column = block.frame.to_series()
    if not column.str.starts_with(_MARKS[0]).any():
        return {}
    is_mark = pl.select(pl.any_horizontal(column.str.starts_with(mark) for mark in _MARKS)).to_series()
    return dict(zip(is_mark.arg_true(), column.filter(is_mark), strict=True))


def conflicts_in(block: TextBlock) -> list[tuple[int, int]]:
    """The first and the last row of each conflict that git left; its marks are records of one cell."""
    marks, found = _conflict_marks(block), []
    start: int | None = 0 if any(text.startswith(_MARKS[0]) for text in marks.values()) else None
    for row, text in marks.items():
        if text.startswith(_MARKS[0]):
            start = row
        elif text.startswith(_MARKS[3]) and start is not None:
            found.append((start, row))
            start = None
    return found if start is None else [*found, (start, block.frame.height - 1)]


def _no_data(frame: pl.DataFrame, columns: Sequence[Column], rows: Rows) -> tuple[list[int], list[int]]:
    """Which of these rows are a total, and which a header once more."""
    texts = [frame.get_column(column.name).gather(rows) for column in columns[:3]]
    is_total = pl.select(pl.any_horizontal(text.str.contains(_TOTAL) for text in texts)).to_series().fill_null(False)
    is_header = (texts[0] == columns[0].label).fill_null(False)
    labels, most = tuple(column.label for column in columns), (len(columns) + 1) // 2
    totals = [row for row in rows[is_total.to_numpy()].tolist() if sum(map(bool, frame.row(row))) <= most]
    return totals, [row for row in rows[is_header.to_numpy()].tolist() if frame.row(row) == labels]


def fold_rows(
    structure: Structure, block: TextBlock, columns: Sequence[Column], failures: list[CellFailure]
) -> tuple[Structure, list[CellFailure]]:
    """The structure and the failures when rows that are no data, and fail for that reason, are one finding each.

    Such are a total below the rows, and a header that stands again among them.
    """
    if not failures:
        return structure, failures
    totals, headers = _no_data(block.frame, columns, np.unique(np.concatenate([item.rows for item in failures])))
    groups = [_group("total-row", totals), _group("repeated-header", headers)]
    strangers = _rows([*totals, *headers])
    if not len(strangers):
        return structure, failures
    names = [column.name for column in columns]
    excused = {name: np.union1d(structure.excused.get(name, strangers), strangers) for name in names}
    kept = []
    for failure in failures:
        is_kept = ~np.isin(failure.rows, strangers)
        if is_kept.any():
            kept.append(replace(failure, rows=failure.rows[is_kept], texts=failure.texts.filter(pl.Series(is_kept))))
    groups = [*structure.groups, *(group for group in groups if len(group.rows))]
    return Structure(groups, excused, sorted({*structure.absent, *strangers.tolist()})), kept


def _rows(rows: Iterable[int]) -> Rows:
    return np.array(sorted(set(rows)), np.int64)


def _group(
    name: str, rows: Iterable[int], say: Callable[[int], Words] | None = None, column: Column | None = None
) -> Group:
    """Rows of which the same is said, the words of `files.toml` where nothing else is."""
    words = WORDS.get(name, {})
    say = say or fixed(words["message"], words["hint"])
    title, number = (column.title, column.number) if column else (None, None)
    return Group(words.get("rule", name), _rows(rows), say, column=title, field_number=number)


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

    def is_misplaced(self, cells: Sequence[str]) -> bool:
        """Whether cells of a row may stand under other labels than they should."""
        return 0 < len(cells) < len(self.columns) or any(cells[len(self.columns) :])

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
                told = "one column" if lacking == 1 else f"{lacking} columns"
                shown = shorten(cells[at], 20)
                message = f"from `{self.columns[at].title}` on (`{shown}`) its cells stand {told} too far left"
                return message, f"add the missing {plural(lacking, 'delimiter')} before `{shown}`"
        return "", "add the missing delimiters"

    def too_long(self, cells: Sequence[str]) -> tuple[str, str]:
        """What is said of a row that is too long, and the hint."""
        beyond = len(cells) - len(self.columns)
        if not any(cells[len(self.columns) :]):
            return "", "remove the delimiters at its end"
        if any(cell.strip().startswith(_CURLY) for cell in cells):
            return "curly quotes (U+201C, U+201D) do not quote", 'use straight quotes (") around the cell'
        is_shifted = not self.fit(cells[: len(self.columns)], self.columns)
        for at in range(len(self.columns) if is_shifted else 0):
            if not self.fit(cells[:at], self.columns[:at]):
                break
            if not self.fit(cells[at + beyond + 1 :], self.columns[at + 1 :]):
                continue
            parts = cells[at : at + beyond + 1]
            whole = ",".join(parts)
            if _DECIMAL_COMMA.fullmatch(whole):
                return f"`{whole}` looks like one number with a decimal comma", f"write `{'.'.join(parts)}`"
            if self.fit([whole], self.columns[at : at + 1]):
                message = f"`{shorten(whole, 40)}` looks like one cell that holds the delimiter"
                return message, "put quotes around it"
        return "", "quote a cell that contains the delimiter, or remove it"


def _missing_cells(uneven: Sequence[Ragged], shapes: _Shapes) -> Iterator[Group]:
    short = [item for item in uneven if 0 < len(item.cells) < len(shapes.columns)]
    for column in shapes.columns[min((len(item.cells) for item in short), default=len(shapes.columns)) :]:
        items = [item for item in short if len(item.cells) < column.number]

        def words(at: int, column: Column = column, items: Sequence[Ragged] = items) -> Words:
            cells = items[at].cells
            cause, hint = shapes.too_short(cells, items[at].row)
            message = f"the cell of `{column.title}` is missing: the row ends after {plural(len(cells), 'cell')}"
            return Words(f"{message}; {cause}" if cause else message, hint)

        yield _group("missing-cell", (item.row for item in items), words, column)


def _extra_cells(uneven: Sequence[Ragged], shapes: _Shapes) -> Iterator[Group]:
    width = len(shapes.columns)
    by_position: dict[int, list[Ragged]] = defaultdict(list)
    for item in uneven:
        for position in range(width, len(item.cells)):
            by_position[position].append(item)
    for position, items in sorted(by_position.items()):

        def words(at: int, position: int = position, items: Sequence[Ragged] = items) -> Words:
            cells = items[at].cells
            cause, hint = shapes.too_long(cells)
            shown = f"`{shorten(cells[position])}`" if cells[position] else "empty"
            message = f"cell {position + 1} ({shown}) is one too many: the header has {plural(width, 'column')}"
            return Words(f"{message}; {cause}" if cause else message, hint, cells[position])

        yield replace(_group("extra-cell", (item.row for item in items), words), field_number=position + 1)


def _cell_faults(block: TextBlock, columns: Sequence[Column]) -> Iterator[tuple[str, Group]]:
    """What is not as it should be inside cells, with the name of the column if it is one of the file's.

    Text behind a closing quote is an error: readers differ in what they make of it; an escape that eats a letter, a warning.
    """
    by_place: dict[tuple[str, int, str], dict[int, str]] = defaultdict(dict)
    for item in block.faults:  # all bytes beyond the last column together
        byte = item.text if item.rule == "encoding-error" else ""
        by_place[(item.rule, min(item.column, len(columns)) if byte else item.column, byte)][item.row] = item.text
    within = dict(enumerate(columns))
    for (rule, at, byte), texts in sorted(by_place.items()):
        say = partial(_words, rule, list(map(texts.__getitem__, sorted(texts))))
        column = within.get(at)
        number = at + 1 if column or not byte else None
        group = _group(rule, texts, say, column)
        yield column.name if column else "", replace(group, severity=WORDS[rule]["severity"], field_number=number)
    suspects = block.frame[list(block.with_nul)]
    for column in columns if block.with_nul else ():
        has_nul = suspects.get_column(column.name).str.contains("\0", literal=True).fill_null(False)
        yield column.name, _group("nul-character", compress(block.with_nul, has_nul), None, column)


def _words(rule: str, texts: Sequence[str], at: int) -> Words:
    words, text = WORDS[rule], texts[at]
    more = ', or declare `"escapeChar": "\\\\"`' if rule == "stray-quote" and "\\" in text else ""
    message = words["message"].format(text=text, shown=shorten(text, 40))
    return Words(message, words["hint"] + more, None if rule == "encoding-error" else text)
