"""Changes for a terminal: what is declared otherwise, then table by table the counts and the changes that matter.

events: 2,384 -> 2,752 rows; 372 added, 4 withdrawn, 2,380 revised
  side_b_id: 15 values, 256 only written otherwise
  - 13604|2016
  ~ 333|1978 side_b: "PDPA" -> "PDPA, Khalq"
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from deedbook.changes.records import KEY, CellChange, Changes, TableChanges
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import plural

_LONGEST = 60


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


def counts(table: TableChanges) -> str:
    """The numbers of a table in words."""
    parts = [
        f"{number:,} {word}"
        for number, word in (
            (table.added.height, "added"),
            (table.removed.height, "withdrawn"),
            (table.rekeyed.height, "re-keyed"),
            (table.revised, "revised"),
            (table.rewritten, "only written otherwise"),
        )
        if number
    ]
    return f"{table.old_rows:,} -> {table.new_rows:,} rows; {', '.join(parts)}"


def field_counts(values: int, texts: int) -> str:
    """How many cells of a field changed."""
    parts = [plural(values, "value")] if values else []
    return ", ".join([*parts, *([f"{texts:,} only written otherwise"] if texts else [])])


def _table(table: TableChanges, shown: int) -> Iterator[str]:
    yield f"{visible(table.table)}: {counts(table)}"
    if not table.key:
        yield "  it has no primary key, so whole rows were compared"
    for name, values, texts in table.fields_changed():
        yield f"  {visible(name)}: {field_counts(values, texts)}"
    yield from _keys("+", table.added, table, shown)
    yield from _keys("-", table.removed, table, shown)
    pairs = [f"{old} -> {new}" for old, new in table.rekeyed.iter_rows()]
    yield from (f"  > {visible(pair, 2 * _LONGEST)}" for pair in pairs[:shown])
    yield from _more(len(pairs) - shown, "  > ")
    if table.reused:
        yield f"  next to nothing is as before under {', '.join(visible(key, _LONGEST) for key in table.reused[:shown])}"
        yield from _more(len(table.reused) - shown, "  ")
    cells = table.values
    for number, cell in enumerate(table.iter_cells()):
        if number >= 10 * shown:
            break
        if cell.kind == "value":
            yield f"  ~ {cell_line(cell)}"
    yield from _more(cells.height - 10 * shown, "  ")


def cell_line(cell: CellChange) -> str:
    """A changed cell on one line."""
    return f"{visible(cell.key, _LONGEST)} {visible(cell.field)}: {_value(cell.old)} -> {_value(cell.new)}"


def _value(text: str | None) -> str:
    return "(empty)" if text is None else f'"{visible(text, _LONGEST)}"'


def rows_named(table: TableChanges, *, added: bool) -> list[str]:
    """The added or removed rows by their keys; without a primary key, the first hundred of them as they stand."""
    frame = table.added if added else table.removed
    if table.key:
        return frame.get_column(KEY).to_list()
    return [",".join(cell or "" for cell in row) for row in frame.drop(KEY).head(100).iter_rows()]


def _keys(mark: str, rows: pl.DataFrame, table: TableChanges, shown: int) -> Iterator[str]:
    """A line for each row: its key and the first of its values, or the whole row where the table has no key."""
    others = [name for name in table.fields if name not in table.key]
    for row in rows.head(shown).iter_rows(named=True):
        values = [row[name] or "" for name in others]
        text = " | ".join(value for value in values if value) if table.key else ",".join(values)
        key = f"{visible(row[KEY], _LONGEST)}{': ' if text else ''}" if table.key else ""
        yield f"  {mark} {key}{visible(text, _LONGEST)}"
    yield from _more(rows.height - shown, f"  {mark} ")


def _more(left: int, indent: str) -> list[str]:
    return [f"{indent}... and {left:,} more"] if left > 0 else []
