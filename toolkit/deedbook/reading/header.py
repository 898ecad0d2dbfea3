"""The header records of a file."""

from __future__ import annotations

from collections.abc import Sequence

from deedbook.descriptor import Dialect
from deedbook.reading.blocks import Cutter
from deedbook.reading.sequential import UnclosedError, read_records


def read_header(
    cutter: Cutter, dialect: Dialect, known: list[str] | None
) -> tuple[list[str] | None, int, int, int]:
    """The labels, the number of columns, the number of the first data record and its line.

    A second file of a table may repeat the header (`known`) or go on without one.
    """
    count = max(dialect.header_rows) if dialect.header and dialect.header_rows else 0
    taken = [cutter.take()]

    def more() -> bytes:
        taken.append(cutter.take())
        return taken[-1]

    left = b""
    try:
        records, left, _ = read_records(taken[0], dialect, more, limit=max(count, 1))
    except UnclosedError as error:
        records = error.records
    chosen = [records[row - 1].cells for row in dialect.header_rows if row <= len(records)] if count else []
    if not chosen or (known is not None and chosen[0] != known):
        cutter.unread(b"".join(taken))
        width = len(known) if known is not None else len(records[0].cells) if records and not count else 0
        return None, width, 1, 1
    cutter.unread(left)
    labels = _join_labels(chosen, dialect.header_join)
    return labels, len(labels), len(records) + 1, records[-1].line + records[-1].lines + 1


def _join_labels(rows: Sequence[Sequence[str]], joint: str) -> list[str]:
    width = max((len(row) for row in rows), default=0)
    labels = []
    for position in range(width):
        parts = [row[position] for row in rows if position < len(row)]
        distinct = [part for at, part in enumerate(parts) if part and (at == 0 or part != parts[at - 1])]
        labels.append(joint.join(distinct))
    return labels
