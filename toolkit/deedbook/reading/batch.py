"""The records of several small files to text columns at once: one query of the engine takes as long for a hundred rows as for a thousand."""

from collections.abc import Sequence

from deedbook.reading.blocks import scan
from deedbook.reading.text import Layout, TextBlock, is_regular, parse, rectangle


def record_count(data: bytes, layout: Layout) -> int:
    """How many records the bytes hold, each of them with a cell for each column as far as counting tells; 0 where that is not so.

    One record that is too long and one that is too short may hide each other, where nothing is quoted: a parser refuses the first.
    """
    width, delimiter, quote = len(layout.names), layout.dialect.delimiter.encode(), layout.dialect.quote_char.encode()
    if width < 2 or b"\0" in data or not data.endswith(b"\n") or not is_regular(data, layout):
        return 0  # of one column, a blank record is told from an empty cell by a closer look
    if not quote or quote not in data:
        records = data.count(b"\n")
        return records if data.count(delimiter) == records * (width - 1) else 0
    ends, cells = scan(data, layout.dialect)
    return len(ends) if (cells == width).all() else 0


def read_together(parts: Sequence[bytes], counts: Sequence[int], layout: Layout) -> list[TextBlock]:
    """The text columns of each part, as if it were read alone; none where they have to be read alone.

    Args:
        parts: Whole records, the last of each with its line end.
        counts: What `record_count` says of each.
        layout: How they become columns.
    """
    frame = parse(b"".join(parts), layout)
    if frame is None or frame.height != sum(counts):
        return []
    frame, start, blocks = frame.rechunk(), 0, []
    for data, height in zip(parts, counts, strict=True):
        blocks.append(rectangle(frame.slice(start, height), data, layout))
        start += height
    return blocks
