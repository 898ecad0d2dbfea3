"""JSON Lines: one object per row, numbers and booleans as such, dates and times as ISO text, missing as null."""

from __future__ import annotations

from pathlib import Path

from deedbook.release.tables import Limit, Table, non_finite_columns, text_of


def write_jsonl(table: Table, path: Path) -> tuple[Limit, ...]:
    """Writes one table; columns with NaN or infinity are text in it, since JSON has no such numbers."""
    special = non_finite_columns(table.rows)
    rows = table.rows.with_columns(
        text_of(name, dtype) for name, dtype in table.rows.schema.items() if dtype.is_temporal() or name in special
    )
    rows.write_ndjson(path)
    return tuple(
        Limit("JSON Lines", table.name, f"`{name}` is text: JSON has neither NaN nor infinity") for name in special
    )
