"""Rows that are none, or have too many or too few cells; quotes, escapes and bytes that are not what they should be.

Structure comes before cells: the cells of a row that is too short or too long stand under other labels than they should, so they
are not judged one by one. What a row probably is, is said in the words of its finding, which are made for those that are shown.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, compress
from operator import attrgetter, itemgetter

import numpy as np
import polars as pl

from deedbook.checking.cells import CellFailure, FieldPlan, Rows
from deedbook.checking.findings import Group, Words
from deedbook.checking.header import WORDS, Column
from deedbook.findings import plural, shorten
from deedbook.reading.text import Ragged, TextBlock

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
    conflicts = block.conflicts
    empty = block.empty if key or any(item.field.required for item in fields) else set()
    if not any((block.ragged, block.comments, block.faults, block.with_nul, empty, conflicts)):
        return Structure([], {})
    merged = set(chain.from_iterable(conflicts))
    uneven = [item for item in block.ragged if item.row not in merged]
    shapes = _Shapes(block, columns, fields)
    faults = [*shapes.odd_cells(), *shapes.nul_cells()]
    groups = [
        _group("merge-conflict", map(attrgetter("start"), conflicts)),
        _group("blank-row", block.absent - block.comments - merged),
        _group("empty_row", empty - merged),
        *shapes.extra_cells(uneven),
        *shapes.missing_cells(uneven),
        *map(itemgetter(1), faults),
    ]
    absent = sorted(block.absent | empty | merged)
    misplaced = _rows(chain(absent, shapes.misplaced(uneven)))
    excused = dict.fromkeys(map(attrgetter("name"), columns), misplaced) if len(misplaced) else {}
    for name, group in faults:
        if name:
            excused[name] = np.union1d(excused.get(name, misplaced), group.rows)
    return Structure(_told(groups), excused, absent)


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
    groups = [*structure.groups, *_told(groups)]
    return Structure(groups, excused, sorted({*structure.absent, *strangers.tolist()})), kept


def _told(groups: Iterable[Group]) -> list[Group]:
    """Those with rows."""
    return [group for group in groups if len(group.rows)]


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


@dataclass(frozen=True)
class _Shapes:
    """What rows of a wrong length probably are."""

    block: TextBlock
    columns: Sequence[Column]
    fields: Sequence[FieldPlan]

    @cached_property
    def plans(self) -> Mapping[str, FieldPlan]:
        """How the columns are checked, by field."""
        return {item.field.name: item for item in self.fields}

    def misplaced(self, uneven: Iterable[Ragged]) -> Iterator[int]:
        """The rows whose cells may stand under other labels than they should."""
        for item in uneven:
            if 0 < len(item.cells) < len(self.columns) or any(item.cells[len(self.columns) :]):
                yield item.row

    def fit(self, cells: Sequence[str], columns: Sequence[Column]) -> bool:
        """Whether each cell fits the field of its column."""
        pairs = zip(cells, columns, strict=True)
        return not any(self.plans[column.name].problems(cell) for cell, column in pairs if column.name in self.plans)

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

    def missing_cells(self, uneven: Sequence[Ragged]) -> Iterator[Group]:
        """For each column, the rows that end before it."""
        short = [item for item in uneven if 0 < len(item.cells) < len(self.columns)]
        for column in self.columns[min((len(item.cells) for item in short), default=len(self.columns)) :]:
            items = [item for item in short if len(item.cells) < column.number]

            def words(at: int, column: Column = column, items: Sequence[Ragged] = items) -> Words:
                cells = items[at].cells
                cause, hint = self.too_short(cells, items[at].row)
                message = f"the cell of `{column.title}` is missing: the row ends after {plural(len(cells), 'cell')}"
                return Words(f"{message}; {cause}" if cause else message, hint)

            yield _group("missing-cell", (item.row for item in items), words, column)

    def extra_cells(self, uneven: Sequence[Ragged]) -> Iterator[Group]:
        """For each place beyond the last column, the rows that have a cell there."""
        width = len(self.columns)
        by_position: dict[int, list[Ragged]] = defaultdict(list)
        for item in uneven:
            for position in range(width, len(item.cells)):
                by_position[position].append(item)
        for position, items in sorted(by_position.items()):

            def words(at: int, position: int = position, items: Sequence[Ragged] = items) -> Words:
                cells = items[at].cells
                cause, hint = self.too_long(cells)
                shown = f"`{shorten(cells[position])}`" if cells[position] else "empty"
                message = f"cell {position + 1} ({shown}) is one too many: the header has {plural(width, 'column')}"
                return Words(f"{message}; {cause}" if cause else message, hint, cells[position])

            yield replace(_group("extra-cell", (item.row for item in items), words), field_number=position + 1)

    def odd_cells(self) -> Iterator[tuple[str, Group]]:
        """What is not as it should be inside cells, with the name of the column if its cells are not to be judged.

        Text behind a closing quote is an error: readers differ in what they make of it; an escape that eats a letter, a warning.
        """
        by_place: dict[tuple[str, int, str], dict[int, str]] = defaultdict(dict)
        width = len(self.columns)
        for item in self.block.faults:  # all bytes beyond the last column together
            byte = item.text if item.rule == "encoding-error" else ""
            by_place[(item.rule, min(item.column, width) if byte else item.column, byte)][item.row] = item.text
        for (rule, at, byte), texts in sorted(by_place.items()):
            say = partial(_words, rule, list(map(texts.__getitem__, sorted(texts))))
            column = self.columns[at] if at < width else None
            number = at + 1 if column or not byte else None
            group = replace(_group(rule, texts, say, column), severity=WORDS[rule]["severity"], field_number=number)
            yield column.name if column and byte else "", group

    def nul_cells(self) -> Iterator[tuple[str, Group]]:
        """The cells with a NUL character, with the name of the column."""
        suspects = self.block.frame[list(self.block.with_nul)]
        for column in self.columns if self.block.with_nul else ():
            has_nul = suspects.get_column(column.name).str.contains("\0", literal=True).fill_null(False)
            if rows := list(compress(self.block.with_nul, has_nul)):
                yield column.name, _group("nul-character", rows, None, column)


def _words(rule: str, texts: Sequence[str], at: int) -> Words:
    words, text = WORDS[rule], texts[at]
    more = ', or declare `"escapeChar": "\\\\"`' if rule == "stray-quote" and "\\" in text else ""
    message = words["message"].format(text=text, shown=shorten(text, 40))
    return Words(message, words["hint"] + more, None if rule == "encoding-error" else text)
