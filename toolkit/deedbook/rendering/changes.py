"""Changes for a terminal, as Markdown for the comment of a pull request, and as one HTML page that needs nothing else.

Declarations come first, then table by table what matters:

events: 2,384 -> 2,752 rows; 372 added, 4 withdrawn, 2,380 revised
  side_b_id: 15 values, 256 only written otherwise
  - 13604|2016
  ~ 333|1978 side_b: "PDPA" -> "PDPA, Khalq"
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

import polars as pl

from deedbook import files
from deedbook.changes.highlighter import highlighter_csv
from deedbook.changes.records import KEY, Changes, TableChanges, changes_record
from deedbook.errors import UsageError
from deedbook.findings import plural
from deedbook.rendering.escapes import visible
from deedbook.rendering.pages import template

_LONGEST, _LONGEST_WORDS = 60, 600
_MOST_CELLS = 20_000
"""Cells of whole rows that are shown of a table on the page, as far as that is not less than one row."""
_WORD = re.compile(r"\s+|[^\s\w]|\w+")
_MOST_WORDS = 300
Words = list[tuple[str, str]]
"""Parts of a cell's text, each with `del`, `ins` or no mark."""


def render_text(changes: Changes, shown: int = 10) -> str:
    """The changes as lines; of each kind of change in a table the first `shown`, counts are exact all the same."""

    def whole_rows(table: TableChanges, rows: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
        """Key, and in words the key and the first of the values, or the whole row where the table has no key."""
        others = [name for name in table.fields if name not in table.key]
        for key, *cells in rows.select(KEY, *others).fill_null("").head(shown).iter_rows():
            text = " | ".join(filter(None, cells)) if table.key else ",".join(cells)
            label = f"{visible(key, _LONGEST)}{': ' if text else ''}" if table.key else ""
            yield key, label, visible(text, _LONGEST)

    return _rendered("changes.txt.j2", changes, shown, whole_rows=whole_rows)


def _rendered(name: str, changes: Changes, shown: int, **more: Any) -> str:
    """A template, told the tables that differ."""
    tables = [item for item in changes.tables if not item.is_equal]
    return template(name).render(more, changes=changes, tables=tables, shown=shown, visible=visible, plural=plural)


def render_json(changes: Changes, _shown: int = 10) -> str:
    """The changes as JSON, all of them."""
    return files.json_document(changes_record(changes))


def render_markdown(changes: Changes, shown: int = 10) -> str:
    """The changes as a summary, a table of counts, and folded lists of the first changes of each table."""
    return f"{_rendered('changes.md.j2', changes, 2 * shown).rstrip()}\n"


def render_html(changes: Changes, shown: int = 10) -> str:
    """The page; of each kind of change in a table the first 20 times `shown` or fewer, counts are exact all the same."""
    most = 20 * shown

    def view_of(table: TableChanges) -> dict[str, object]:
        """What is shown of a table."""
        few = max(1, min(most, _MOST_CELLS // max(len(table.fields), 1)))
        keys = table.cells.get_column("key").unique(maintain_order=True)
        cells = table.cells.filter(pl.col("key").is_in(keys.head(few).implode()))
        rows = groupby(cells.iter_rows(named=True), key=lambda cell: cell["key"])
        return {
            "rows": [(key, [(cell, *_words(cell["old"], cell["new"])) for cell in group]) for key, group in rows],
            "changed_rows": len(keys),
            "added": table.added.drop(KEY).fill_null("").head(few).rows(),
            "removed": table.removed.drop(KEY).fill_null("").head(few).rows(),
            "rekeyed": table.rekeyed.head(most).rows(),
        }

    return _rendered("changes.html.j2", changes, most, view_of=view_of)


def render_patch(changes: Changes, _shown: int = 10) -> str:
    """The changes of one table, as the daff tool patches with.

    Raises:
        UsageError: when there are several tables.
    """
    if len(changes.tables) != 1:
        names = ", ".join(item.table for item in changes.tables if not item.is_equal) or "equal"
        raise UsageError("a daff diff is one of one table", f"name it with --table (those that differ: {names})")
    return highlighter_csv(changes, changes.tables[0])


RENDERERS: Mapping[str, Callable[[Changes, int], str]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "html": render_html,
    "daff": render_patch,
}


def _words(old: str | None, new: str | None) -> list[Words | None]:
    """Both texts cut into words, those that differ marked; whole texts where they are long or have little in common."""

    def marked(parts: Iterable[tuple[str, str]]) -> Words:
        return [(visible(text, _LONGEST_WORDS), mark) for text, mark in parts if text]

    before, after = _WORD.findall(old or ""), _WORD.findall(new or "")
    if len(before) + len(after) > _MOST_WORDS or min(len(before), len(after)) < 4:
        sides = ((old, "del"), (new, "ins"))
        return [None if text is None else [(visible(text, _LONGEST_WORDS), mark)] for text, mark in sides]
    left: list[tuple[str, str]] = []
    right: list[tuple[str, str]] = []
    for what, *at in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        marks = {"equal": ("", "")}.get(what, ("del", "ins"))
        left.append(("".join(before[at[0] : at[1]]), marks[0]))
        right.append(("".join(after[at[2] : at[3]]), marks[1]))
    return [marked(left), marked(right)]
