"""Changes for a terminal, and as Markdown for the comment of a pull request: declarations, then table by table what matters.

events: 2,384 -> 2,752 rows; 372 added, 4 withdrawn, 2,380 revised
  side_b_id: 15 values, 256 only written otherwise
  - 13604|2016
  ~ 333|1978 side_b: "PDPA" -> "PDPA, Khalq"
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.findings import plural
from deedbook.rendering.escapes import code, plain, table_row, visible

_LONGEST, _LONGEST_CELL = 60, 80
_COUNTS = {
    "added": "added",
    "removed": "withdrawn",
    "rekeyed": "re-keyed",
    "revised": "revised",
    "rewritten": "only written otherwise",
}
"""What is counted of a table, in words."""


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
            lines += [*_table(table, shown), ""]
    lines.append(summary(changes))
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


def _table(table: TableChanges, shown: int) -> Iterator[str]:
    said = [f"{number:,} {word}" for name, word in _COUNTS.items() if (number := table.counts[name])]
    yield f"{visible(table.table)}: {table.old_rows:,} -> {table.new_rows:,} rows; {', '.join(said)}"
    if not table.key:
        yield "  it has no primary key, so whole rows were compared"
    for name, values, texts in table.fields_changed():
        parts = ([plural(values, "value")] if values else []) + ([f"{texts:,} only written otherwise"] if texts else [])
        yield f"  {visible(name)}: {', '.join(parts)}"
    yield from _rows("+", table.added, table, shown)
    yield from _rows("-", table.removed, table, shown)
    for old, new in table.rekeyed.head(shown).iter_rows():
        yield f"  > {visible(f'{old} -> {new}', 2 * _LONGEST)}"
    yield from _more(table.rekeyed.height - shown, "  > ")
    if table.reused:
        yield f"  next to nothing is as before under {', '.join(visible(key, _LONGEST) for key in table.reused[:shown])}"
        yield from _more(len(table.reused) - shown, "  ")
    for key, name, kind, *cell in table.cells.head(10 * shown).iter_rows():
        if kind == "value":
            old, new = ("(empty)" if text is None else f'"{visible(text, _LONGEST)}"' for text in cell)
            yield f"  ~ {visible(key, _LONGEST)} {visible(name)}: {old} -> {new}"
    yield from _more(table.values.height - 10 * shown, "  ")


def _rows(mark: str, rows: pl.DataFrame, table: TableChanges, shown: int) -> Iterator[str]:
    """A line for each row: its key and the first of its values, or the whole row where the table has no key."""
    others = [name for name in table.fields if name not in table.key]
    for key, *cells in rows.select(KEY, *others).fill_null("").head(shown).iter_rows():
        text = " | ".join(filter(None, cells)) if table.key else ",".join(cells)
        label = f"{visible(key, _LONGEST)}{': ' if text else ''}" if table.key else ""
        yield f"  {mark} {label}{visible(text, _LONGEST)}"
    yield from _more(rows.height - shown, f"  {mark} ")


def _more(left: int, indent: str) -> list[str]:
    return [f"{indent}... and {left:,} more"] if left > 0 else []


def render_markdown(changes: Changes, *, shown: int = 20) -> str:
    """The changes as a summary, a table of counts, and folded lists of the first changes of each table."""
    lines = [f"### Changes: {_text(changes.old)} to {_text(changes.new)}", "", _text(summary(changes)), ""]
    lines += [f"* {_text(item.sentence, 160)}" for item in changes.schema[:shown]]
    lines += [f"* and {len(changes.schema) - shown:,} more declarations"] if len(changes.schema) > shown else []
    lines += [f"* new table {_text(name)}: {rows:,} rows" for name, rows in changes.rows_of_new.items()]
    lines += [f"* removed table {_text(name)}: {rows:,} rows" for name, rows in changes.rows_of_gone.items()]
    differing = [item for item in changes.tables if not item.is_equal]
    if differing:
        lines += ["", table_row("table", "rows", *_COUNTS.values()), "|---|---:|---:|---:|---:|---:|---:|"]
    for item in differing:
        counts = [f"{item.counts[name]:,}" for name in _COUNTS]
        lines.append(table_row(_text(item.table), f"{item.old_rows:,} → {item.new_rows:,}", *counts))
    lines.append("")
    for item in differing:
        lines += _details(item, shown)
    return "\n".join(lines).rstrip() + "\n"


def _details(table: TableChanges, shown: int) -> Iterator[str]:
    """The first changes of a table, folded; rows by their keys, or as they stand where there is no key."""
    lists = []
    for said, frame in (("Added", table.added), ("Withdrawn", table.removed)):
        first = frame.head(shown)
        whole = [",".join(row) for row in first.drop(KEY).fill_null("").iter_rows()]
        lists.append((said, [_cell(row) for row in (first.get_column(KEY) if table.key else whole)], frame.height))
    pairs = [f"{_cell(old)} → {_cell(new)}" for old, new in table.rekeyed.head(shown).iter_rows()]
    lists.append(("Re-keyed", pairs, table.rekeyed.height))
    values = table.values
    if not (values.height or any(texts for _, texts, _ in lists)):
        return
    yield f"<details><summary>{_text(table.table)}</summary>\n"
    for said, texts, count in lists:
        if texts:
            yield f"{said}: {', '.join(texts)}{_rest(count - shown)}\n"
    if values.height:
        yield "| key | field | before | now |\n|---|---|---|---|"
        for key, name, _, old, new in values.head(shown).iter_rows():
            yield table_row(_cell(key), _text(name), _cell(old), _cell(new))
        yield f"\n{_rest(values.height - shown)}" if values.height > shown else ""
    yield "\n</details>\n"


def _rest(left: int) -> str:
    return f" and {left:,} more" if left > 0 else ""


def _text(text: str, longest: int = _LONGEST_CELL) -> str:
    return plain(text, longest)


def _cell(text: str | None) -> str:
    return code(text, _LONGEST_CELL) if text else ""
