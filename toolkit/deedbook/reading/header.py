"""The header records of a file."""

from __future__ import annotations

from collections.abc import Sequence

from deedbook.descriptor import Dialect
from deedbook.reading.blocks import Cutter
from deedbook.reading.sequential import read_records
from deedbook.reading.source import SourceError

_LEAST = 1 << 16


def read_header(
    cutter: Cutter, dialect: Dialect, known: list[str] | None
) -> tuple[list[str] | None, int, int, int]:
    """The labels, the number of columns, the number of the first data record and its line.

    A second file of a table may repeat the header (`known`) or go on without one.

    Raises:
        SourceError: when the header or the first record does not end.
    """
    taken = [cutter.take(_LEAST)]

    def more(size: int) -> bytes:
        taken.append(cutter.take(size))
        return taken[-1]

    count = max(dialect.header_rows, default=0) if dialect.header else 0
    records = read_records(taken[0], dialect, more, limit=max(count, 1))
    if isinstance(records.end, SourceError):
        raise records.end
    if records.end:
        raise SourceError(
            "unclosed-quote", "a quote that opens in the first record is never closed", "close the quote, or double it"
        )
    rows = [record.cells for record in records.items]
    labels = _join_labels([rows[at - 1] for at in dialect.header_rows if at <= len(rows)], dialect.header_join)
    if not count or not labels or (known is not None and sorted(labels) != sorted(known)):
        cutter.unread(b"".join(taken))
        width = len(known) if known is not None else len(rows[0]) if rows and not count else 0
        return None, width, 1, 1
    cutter.unread(records.rest)
    last = records.items[-1]
    return labels, len(labels), len(rows) + 1, last.line + last.lines + 1


def _join_labels(rows: Sequence[Sequence[str]], joint: str) -> list[str]:
    width = max((len(row) for row in rows), default=0)
    labels = []
    for position in range(width):
        parts = [row[position] for row in rows if position < len(row)]
        distinct = [part for at, part in enumerate(parts) if part and (at == 0 or part != parts[at - 1])]
        labels.append(joint.join(distinct))
    return labels
