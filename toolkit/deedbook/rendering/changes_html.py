"""Changes as one HTML page that needs nothing else: counts first, then what changed, table by table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby, starmap
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from deedbook.changes.records import KEY, CellChange, Changes, TableChanges
from deedbook.rendering.changes_text import summary
from deedbook.rendering.escapes import visible

_LONGEST = 600
_MOST_CELLS = 20_000
"""Cells of whole rows that are shown of a table, as far as that is not less than one row."""
_WORD = re.compile(r"\s+|[^\s\w]|\w+")
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a cell's text; `mark` is `del`, `ins` or empty."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class CellView:
    """A changed cell as it is shown: what went is marked in `old`, what came in `new`; None is an empty cell."""

    field: str
    kind: str
    old: list[Piece] | None
    new: list[Piece] | None


@dataclass(frozen=True, slots=True)
class RowView:
    """A changed row with its changed cells."""

    key: str
    cells: list[CellView]


@dataclass(frozen=True, slots=True)
class TableView:
    """A table that differs, cut to what is shown."""

    changes: TableChanges
    rows: list[RowView]
    changed_rows: int
    added: list[list[str]]
    removed: list[list[str]]
    rekeyed: list[tuple[str, str]]


def render_html(changes: Changes, *, shown: int = 200) -> str:
    """The page; of each kind of change in a table the first `shown` or fewer, counts are exact all the same."""
    differing = [item for item in changes.tables if not item.is_equal]
    return _template().render(
        changes=changes,
        summary=summary(changes),
        tables=[_view(item, shown) for item in differing],
        equal=[item.table for item in changes.tables if item.is_equal],
        shown=shown,
        has_rekeyed=any(item.rekeyed.height for item in differing),
        has_texts=any(item.rewritten for item in differing),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["visible"] = lambda text: visible(str(text), _LONGEST)
    environment.filters["number"] = lambda number: f"{number:,}"
    return environment.get_template("changes.html.j2")


def _view(table: TableChanges, shown: int) -> TableView:
    rows = []
    few = max(1, min(shown, _MOST_CELLS // max(len(table.fields), 1)))
    keys = table.cells.get_column("key").unique(maintain_order=True)
    cells = table.cells.filter(pl.col("key").is_in(keys.head(few).implode()))
    for key, group in groupby(starmap(CellChange, cells.iter_rows()), key=lambda cell: cell.key):
        rows.append(RowView(key, [_cell(cell) for cell in group]))
    return TableView(
        table,
        rows,
        len(keys),
        _lines(table, few, added=True),
        _lines(table, few, added=False),
        [(old, new) for old, new in table.rekeyed.head(shown).iter_rows()],
    )


def _lines(table: TableChanges, shown: int, *, added: bool) -> list[list[str]]:
    frame = (table.added if added else table.removed).drop(KEY)
    return [[cell or "" for cell in row] for row in frame.head(shown).iter_rows()]


def _cell(cell: CellChange) -> CellView:
    old, new = _pieces(cell.old, cell.new)
    return CellView(cell.field, cell.kind, old, new)


def _pieces(old: str | None, new: str | None) -> tuple[list[Piece] | None, list[Piece] | None]:
    """Both texts cut into words, those that differ marked; whole texts where they are long or have little in common."""
    if old is None or new is None:
        return (
            None if old is None else [Piece(visible(old, _LONGEST), "del")],
            None if new is None else [Piece(visible(new, _LONGEST), "ins")],
        )
    before, after = _WORD.findall(old), _WORD.findall(new)
    if len(before) + len(after) > _MOST_WORDS or min(len(before), len(after)) < 4:
        return [Piece(visible(old, _LONGEST), "del")], [Piece(visible(new, _LONGEST), "ins")]
    from difflib import SequenceMatcher

    left, right = [], []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        left.append(Piece(visible("".join(before[start:end]), _LONGEST), "" if what == "equal" else "del"))
        right.append(Piece(visible("".join(after[new_start:new_end]), _LONGEST), "" if what == "equal" else "ins"))
    return [item for item in left if item.text], [item for item in right if item.text]
