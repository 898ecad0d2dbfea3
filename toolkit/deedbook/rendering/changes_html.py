"""Changes as one HTML page that needs nothing else: counts first, then what changed, table by table."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import cache
from itertools import groupby
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.rendering.changes import summary
from deedbook.rendering.escapes import visible

_LONGEST = 600
_MOST_CELLS = 20_000
"""Cells of whole rows that are shown of a table, as far as that is not less than one row."""
_WORD = re.compile(r"\s+|[^\s\w]|\w+")
_MOST_WORDS = 300
Words = list[tuple[str, str]]
"""Parts of a cell's text, each with `del`, `ins` or no mark."""


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


def _view(table: TableChanges, shown: int) -> dict[str, object]:
    """A table that differs, cut to what is shown."""
    few = max(1, min(shown, _MOST_CELLS // max(len(table.fields), 1)))
    keys = table.cells.get_column("key").unique(maintain_order=True)
    cells = table.cells.filter(pl.col("key").is_in(keys.head(few).implode()))
    rows = groupby(cells.iter_rows(named=True), key=lambda cell: cell["key"])
    return {
        "changes": table,
        "rows": [(key, [(cell, *_words(cell["old"], cell["new"])) for cell in group]) for key, group in rows],
        "changed_rows": len(keys),
        "added": table.added.drop(KEY).fill_null("").head(few).rows(),
        "removed": table.removed.drop(KEY).fill_null("").head(few).rows(),
        "rekeyed": table.rekeyed.head(shown).rows(),
    }


def _words(old: str | None, new: str | None) -> tuple[Words | None, Words | None]:
    """Both texts cut into words, those that differ marked; whole texts where they are long or have little in common."""
    before, after = _WORD.findall(old or ""), _WORD.findall(new or "")
    if len(before) + len(after) > _MOST_WORDS or min(len(before), len(after)) < 4:
        whole = [[(visible(text, _LONGEST), mark)] for text, mark in ((old or "", "del"), (new or "", "ins"))]
        return None if old is None else whole[0], None if new is None else whole[1]
    left, right = [], []
    for what, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        marks = ("", "") if what == "equal" else ("del", "ins")
        left.append((visible("".join(before[start:end]), _LONGEST), marks[0]))
        right.append((visible("".join(after[new_start:new_end]), _LONGEST), marks[1]))
    return [word for word in left if word[0]], [word for word in right if word[0]]
