"""Drafts for people: a table of the columns of each table, what is to be settled, and what could not be described."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from deedbook import files
from deedbook.findings import listed, plural, shorten
from deedbook.rendering.escapes import visible

if TYPE_CHECKING:
    from deedbook.drafts import Draft, TableDraft
    from deedbook.drafts.guesses import Proposal

_HEADER = ("column", "type", "filled", "also", "what speaks for it")
_WIDTH = 60
"""Characters of what is drafted of a column besides its type."""
_OF_TYPE = frozenset({"type", "format", "itemType", "delimiter", "decimalChar", "groupChar"})
"""Properties that are shown beside the type; of the others the name is shown too."""


def render_draft(draft: Draft) -> str:
    """The drafts as text."""
    parts = ["\n".join(_lines_of(table)) for table in draft.tables]
    todos = []
    for name, guess in ((table.name, guess) for table in draft.tables for guess in table.todos):
        rows = ", ".join(f"row {row:,} `{visible(shorten(text, 30))}`" for row, text in guess.exceptions[:5])
        place = visible(".".join(filter(None, (name, guess.field))))
        todos.append(f"  {place}: {visible(guess.todo)}" + (f" ({rows})" if rows else ""))
    if todos:
        head = f"To settle ({plural(len(todos), 'question')}, in deedbook.guess of the schemas):"
        parts.append("\n".join([head, *todos]))
    parts += [f"{visible(file)}: cannot be described: {visible(why)}" for file, why in draft.undescribed.items()]
    return "\n\n".join(parts) + "\n"


def render_json(draft: Draft) -> str:
    """The drafts as one JSON document."""
    schemas = {table.name: table.schema for table in draft.tables}
    record = {"descriptor": draft.descriptor("schemas"), "schemas": schemas, "undescribed": dict(draft.undescribed)}
    return files.json_document(record)


FORMATS = {"text": render_draft, "json": render_json}


def render_proposals(proposals: Sequence[Proposal], *, check: bool) -> str:
    """What new data change, or would, one line each, and why."""
    lines = []
    for item in proposals:
        place = ".".join(filter(None, (item.table, item.guess.field, item.guess.name)))
        old, new = (visible(json.dumps(value, ensure_ascii=False), 100) for value in (item.current, item.guess.value))
        verb = "settled, stays" if item.is_settled else "would change" if check else "changed"
        lines.append(f"{visible(place)}: {verb}: {old} -> {new} ({visible(item.guess.evidence, 200)})")
    return "\n".join(lines or ["the drafts say what the data do"]) + "\n"


def _lines_of(table: TableDraft) -> Iterator[str]:
    """The file, what is drafted of the table, and a line for each column."""
    places = (listed(table.paths, 3), table.raw.get("dialect", {}).get("sheetName"))
    where = ", sheet ".join(visible(place) for place in places if place)
    where += f", made of {visible(table.origin)}" if table.origin else ""
    yield f"{visible(table.name)} ({where}): {plural(table.rows, 'row')}, {plural(len(table.columns), 'column')}"
    for guess in table.guesses_of(""):
        value = "" if guess.value is None else f" {visible(json.dumps(guess.value, ensure_ascii=False), 200)}"
        yield f"  {guess.name}{value}: {visible(guess.evidence, 200)}"
    rows = [_HEADER, *(_row_of(table, name, filled) for name, filled in table.columns.items())]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        yield f"  {'  '.join(map(str.ljust, row, widths))}".rstrip()


def _row_of(table: TableDraft, name: str, filled: int) -> tuple[str, ...]:
    """What is drafted of a column."""
    own = table.guesses_of(name)
    kind = " ".join(str(guess.value).replace("\t", "\\t") for guess in own if guess.name in _OF_TYPE)
    said = [
        guess.name.removeprefix("constraints.")
        + ("" if guess.value is True else f" {json.dumps(guess.value, ensure_ascii=False)}")
        for guess in own
        if guess.name not in _OF_TYPE and guess.value is not None
    ]
    share = "all" if filled == table.rows else f"{filled / table.rows:.1%}"
    todo = ["todo"] * any(guess.todo for guess in own)  # which is never cut off
    also = ", ".join([*filter(None, [shorten(", ".join(said), _WIDTH - 6 * len(todo))]), *todo])
    cells = (shorten(name, 32), kind, share, also, shorten(own[0].evidence if own else "", 100))
    return tuple(map(visible, cells))
