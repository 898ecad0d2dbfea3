"""Changes for a terminal, as Markdown for the comment of a pull request, and as one HTML page that needs nothing else.

Declarations come first, then table by table what matters:

events: 2,384 -> 2,752 rows; 372 added, 4 withdrawn, 2,380 revised
  side_b_id: 15 values, 256 only written otherwise
  - 13604|2016
  ~ 333|1978 side_b: "PDPA" -> "PDPA, Khalq"
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import groupby

import polars as pl

from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.findings import plural
from deedbook.rendering.escapes import visible
from deedbook.rendering.pages import template

_LONGEST, _LONGEST_WORDS = 60, 600
_MOST_CELLS = 20_000
"""Cells of whole rows that are shown of a table on the page, as far as that is not less than one row."""
_WORD = re.compile(r"\s+|[^\s\w]|\w+")
_MOST_WORDS = 300
_COUNTS = {
    "added": "added",
    "removed": "withdrawn",
    "rekeyed": "re-keyed",
    "revised": "revised",
    "rewritten": "only written otherwise",
}
"""What is counted of a table, in words."""
Words = list[tuple[str, str]]
"""Parts of a cell's text, each with `del`, `ins` or no mark."""


def render_text(changes: Changes, *, shown: int = 10) -> str:
    """The changes as lines; of each kind of change in a table the first `shown`, counts are exact all the same."""
    lines = [f"{visible(changes.old)} -> {visible(changes.new)}", ""]
    lines += [f"  {visible(item.sentence, 160)}" for item in changes.schema[: 5 * shown]]
    lines += _more(len(changes.schema) - 5 * shown, "  ")
    lines += [""] * bool(changes.schema)
    lines += [f"+ table {visible(name)}: {plural(rows, 'row')}" for name, rows in changes.rows_of_new.items()]
    lines += [f"- table {visible(name)}: {plural(rows, 'row')}" for name, rows in changes.rows_of_gone.items()]
    for table in changes.tables:
        if not table.is_equal:
            lines += [*_table(changes, table, shown), ""]
    lines.append(summary(changes))
    lines += [said] if (said := span_sentence(changes)) else []
    return "\n".join(lines) + "\n"


def summary(changes: Changes) -> str:
    """The verdict in one line."""
    if changes.is_equal:
        tables = len(changes.tables)
        return f"equal: {plural(tables, 'table')}, {plural(sum(item.new_rows for item in changes.tables), 'row')}"
    parts = [plural(len(changes.schema), "declaration")] if changes.schema else []
    differing = [item for item in changes.tables if not item.is_equal]
    parts += [f"{plural(len(differing), 'table')} with other rows"] if differing else []
    if not changes.needs_release:
        parts.append("no value differs, only how values are written")
    return f"different: {', '.join(parts)}"


def span_sentence(changes: Changes) -> str:
    """Which releases lie between the two, and whether they could be asked for reasons; empty where none can."""
    span = changes.span
    if span is None:
        return ""
    if span.missing:
        return f"only the ends were compared, and reasons may be missing: {visible(span.missing)} is not there"
    between = f"; in between: {', '.join(map(visible, reversed(span.between)))}" if span.between else ""
    return f"the releases on the way give {plural(len(changes.reasons), 'reason')}{between}"


def _table(changes: Changes, table: TableChanges, shown: int) -> Iterator[str]:
    said = [f"{number:,} {word}" for name, word in _COUNTS.items() if (number := table.counts[name])]
    yield f"{visible(table.table)}: {table.old_rows:,} -> {table.new_rows:,} rows; {', '.join(said)}"
    if not table.key:
        yield "  it has no primary key, so whole rows were compared"
    for name, values, texts in table.fields_changed():
        parts = ([plural(values, "value")] if values else []) + ([f"{texts:,} only written otherwise"] if texts else [])
        yield f"  {visible(name)}: {', '.join(parts)}"
    yield from _rows("+", table.added, changes, table, shown)
    yield from _rows("-", table.removed, changes, table, shown)
    for old, new in table.rekeyed.head(shown).iter_rows():
        yield f"  > {visible(f'{old} -> {new}', 2 * _LONGEST)}{_why(changes.why(table.table, old))}"
    yield from _more(table.rekeyed.height - shown, "  > ")
    if table.reused:
        yield f"  next to nothing is as before under {', '.join(visible(key, _LONGEST) for key in table.reused[:shown])}"
        yield from _more(len(table.reused) - shown, "  ")
    for key, name, kind, *cell in table.cells.head(10 * shown).iter_rows():
        if kind == "value":
            old, new = ("(empty)" if text is None else f'"{visible(text, _LONGEST)}"' for text in cell)
            why = _why(changes.why(table.table, key, name))
            yield f"  ~ {visible(key, _LONGEST)} {visible(name)}: {old} -> {new}{why}"
    yield from _more(table.values.height - 10 * shown, "  ")


def _rows(mark: str, rows: pl.DataFrame, changes: Changes, table: TableChanges, shown: int) -> Iterator[str]:
    """A line for each row: its key and the first of its values, or the whole row where the table has no key."""
    others = [name for name in table.fields if name not in table.key]
    for key, *cells in rows.select(KEY, *others).fill_null("").head(shown).iter_rows():
        text = " | ".join(filter(None, cells)) if table.key else ",".join(cells)
        label = f"{visible(key, _LONGEST)}{': ' if text else ''}" if table.key else ""
        why = _why(changes.why(table.table, key)) if mark == "-" else ""
        yield f"  {mark} {label}{visible(text, _LONGEST)}{why}"
    yield from _more(rows.height - shown, f"  {mark} ")


def _why(said: Mapping[str, str]) -> str:
    texts = [visible(said[part], _LONGEST) for part in ("reason", "note") if said.get(part)]
    return f" ({': '.join(texts)})" if texts else ""


def _more(left: int, indent: str) -> list[str]:
    return [f"{indent}... and {left:,} more"] if left > 0 else []


def render_markdown(changes: Changes, *, shown: int = 20) -> str:
    """The changes as a summary, a table of counts, and folded lists of the first changes of each table."""
    differing = [item for item in changes.tables if not item.is_equal]
    text = template("changes.md.j2").render(
        changes=changes,
        summary=summary(changes),
        span=span_sentence(changes),
        tables=differing,
        counted=_COUNTS,
        shown=shown,
    )
    return f"{text.rstrip()}\n"


def render_html(changes: Changes, *, shown: int = 200) -> str:
    """The page; of each kind of change in a table the first `shown` or fewer, counts are exact all the same."""
    differing = [item for item in changes.tables if not item.is_equal]
    return template("changes.html.j2").render(
        changes=changes,
        summary=summary(changes),
        span=span_sentence(changes),
        tables=[_view(item, shown) for item in differing],
        equal=[item.table for item in changes.tables if item.is_equal],
        shown=shown,
        has_rekeyed=any(item.rekeyed.height for item in differing),
        has_texts=any(item.rewritten for item in differing),
    )


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
        whole = [[(visible(text, _LONGEST_WORDS), mark)] for text, mark in ((old or "", "del"), (new or "", "ins"))]
        return None if old is None else whole[0], None if new is None else whole[1]
    left, right = [], []
    for what, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        marks = ("", "") if what == "equal" else ("del", "ins")
        left.append((visible("".join(before[start:end]), _LONGEST_WORDS), marks[0]))
        right.append((visible("".join(after[new_start:new_end]), _LONGEST_WORDS), marks[1]))
    return [word for word in left if word[0]], [word for word in right if word[0]]
