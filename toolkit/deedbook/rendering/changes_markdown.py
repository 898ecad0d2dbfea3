"""Changes as Markdown, short enough for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from deedbook.changes.records import Changes, TableChanges
from deedbook.rendering.changes_text import rows_named, summary
from deedbook.rendering.markup import code, plain

_LONGEST = 80
SHOWN = 20


def render_markdown(changes: Changes, *, shown: int = SHOWN) -> str:
    """The changes as a summary, a table of counts, and folded lists of the first changes of each table."""
    lines = [f"### Changes: {_text(changes.old)} to {_text(changes.new)}", "", _text(summary(changes)), ""]
    lines += [f"* {_text(item.sentence, 160)}" for item in changes.schema[:shown]]
    lines += [f"* and {len(changes.schema) - shown:,} more declarations"] if len(changes.schema) > shown else []
    lines += [f"* new table {_text(name)}: {rows:,} rows" for name, rows in changes.rows_of_new.items()]
    lines += [f"* removed table {_text(name)}: {rows:,} rows" for name, rows in changes.rows_of_gone.items()]
    differing = [item for item in changes.tables if not item.is_equal]
    if differing:
        lines += ["", "| table | rows | added | withdrawn | re-keyed | revised | only written otherwise |"]
        lines += ["|---|---:|---:|---:|---:|---:|---:|", *map(_row, differing), ""]
    for table in differing:
        lines += _details(table, shown)
    return "\n".join(lines).rstrip() + "\n"


def _row(table: TableChanges) -> str:
    numbers = (
        table.added.height,
        table.removed.height,
        table.rekeyed.height,
        table.revised,
        table.rewritten,
    )
    return (
        f"| {_text(table.table)} | {table.old_rows:,} → {table.new_rows:,} | "
        + " | ".join(f"{n:,}" for n in numbers)
        + " |"
    )


def _details(table: TableChanges, shown: int) -> Iterator[str]:
    values = table.values
    come, gone = (rows_named(table, added=added) for added in (True, False))
    if not (values.height or come or gone or table.rekeyed.height):
        return
    yield f"<details><summary>{_text(table.table)}</summary>\n"
    for said, rows in (("Added", come), ("Withdrawn", gone)):
        if rows:
            yield f"{said}: {', '.join(map(_cell, rows[:shown]))}{_rest(len(rows) - shown)}\n"
    if table.rekeyed.height:
        pairs = [f"{_cell(old)} → {_cell(new)}" for old, new in table.rekeyed.head(shown).iter_rows()]
        yield f"Re-keyed: {', '.join(pairs)}{_rest(table.rekeyed.height - shown)}\n"
    if values.height:
        yield "| key | field | before | now |\n|---|---|---|---|"
        for key, name, _, old, new in values.head(shown).iter_rows():
            yield f"| {_cell(key)} | {_text(name)} | {_cell(old)} | {_cell(new)} |"
        yield f"\n{_rest(values.height - shown)}" if values.height > shown else ""
    yield "\n</details>\n"


def _rest(left: int) -> str:
    return f" and {left:,} more" if left > 0 else ""


def _text(text: str, longest: int = _LONGEST) -> str:
    return plain(text, longest)


def _cell(text: str | None) -> str:
    return code(text, _LONGEST) if text else ""
