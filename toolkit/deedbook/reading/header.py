"""The header records of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deedbook.dialect import Dialect
from deedbook.reading.blocks import Cutter
from deedbook.reading.sequential import Records, is_comment, read_records
from deedbook.reading.source import SourceError

_LEAST = 1 << 16


def read_header(cutter: Cutter, dialect: Dialect, known: list[str] | None) -> tuple[list[str] | None, int, int, int]:
    """The labels, the number of columns, the number of the first data record and its line.

    A second file of a table may repeat the header (`known`) or go on without one.

    Raises:
        SourceError: when the header or the first record does not end.
    """
    taken = [cutter.take(_LEAST)]

    def more(size: int) -> bytes:
        taken.append(cutter.take(size))
        return taken[-1]

    records, above = _first_records(taken[0], dialect, more)
    if isinstance(records.end, SourceError):
        raise records.end
    if records.end:
        raise SourceError(
            "unclosed-quote", "a quote that opens in the first record is never closed", "close the quote, or double it"
        )
    rows = [record.cells for record in records.items]
    labels = header_labels(rows[above:], dialect)
    if not dialect.header_rows or not labels or (known is not None and sorted(labels) != sorted(known)):
        cutter.unread(b"".join(taken))
        width = len(known) if known is not None else len(rows[0]) if rows and not dialect.header_rows else 0
        return None, width, 1, 1
    cutter.unread(records.rest)
    cutter.records = len(rows)
    last = records.items[-1]
    return labels, len(labels), len(rows) + 1, last.line + last.lines + 1


def _first_records(data: bytes, dialect: Dialect, more: Callable[[int], bytes]) -> tuple[Records, int]:
    """The records up to the end of the header, and how many comments stand above it beyond the rows that it names."""
    taken = [data]

    def tell(size: int) -> bytes:
        taken.append(more(size))
        return taken[-1]

    count = max(dialect.header_rows, default=0)
    above = 0
    while True:
        records = read_records(b"".join(taken), dialect, tell, limit=max(count, 1) + above)
        first = above + min(dialect.header_rows, default=1) - 1
        if not count or first >= len(records.items) or not is_comment(records.items[first].cells, first + 1, dialect):
            return records, above
        above += 1


def header_labels(rows: Sequence[Sequence[str]], dialect: Dialect) -> list[str]:
    """The labels that the first records of a file make, in the schema's spelling where their case says nothing."""
    chosen = [rows[at - 1] for at in dialect.header_rows if at <= len(rows)]
    return [dialect.spelling.get(label.casefold(), label) for label in _join_labels(chosen, dialect.header_join)]


def _join_labels(rows: Sequence[Sequence[str]], joint: str) -> list[str]:
    width = max((len(row) for row in rows), default=0)
    labels = []
    for position in range(width):
        parts = [row[position] for row in rows if position < len(row)]
        distinct = [part for at, part in enumerate(parts) if part and (at == 0 or part != parts[at - 1])]
        labels.append(joint.join(distinct))
    return labels
