"""One door to the content of a table, whatever it is stored as."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.reading.foreign import SHEET_FORMATS, ForeignStream, is_foreign
from deedbook.reading.source import MAX_UNPACKED, ByteStream, SourceError, open_bytes


@contextmanager
def open_table(resource: Resource, file: Path | None, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[ByteStream]:
    """The content of one file of a table, or of its inline data (None), as CSV bytes in `dialect_of`.

    Raises:
        SourceError: when it cannot be read.
    """
    if is_foreign(resource):
        yield ForeignStream(resource, file, dialect_of(resource), max_unpacked)
    elif file is None:
        yield io.BytesIO(str(resource.data).encode("utf-8", "replace"))
    elif resource.dialect.line_terminator in _LINE_ENDS:
        with open_bytes(resource, file, max_unpacked=max_unpacked) as stream:
            yield stream
    else:
        message = f"rows that end in {resource.dialect.line_terminator!r} cannot be read"
        raise SourceError("format-error", message, "write the file with line ends, and drop `lineTerminator`")


_LINE_ENDS = {"\r\n", "\n", "\r"}
"""All three are always understood, whichever is declared."""


def dialect_of(resource: Resource) -> Dialect:
    """The dialect of the bytes that `open_table` gives."""
    declared = resource.dialect
    if not is_foreign(resource):
        return declared
    written = replace(Dialect(), header=declared.header, spelling=declared.spelling)
    if resource.data == []:
        has_header = declared.header and resource.schema is not None and bool(resource.schema.fields)
        return replace(written, header=has_header, header_rows=(1,) if has_header else ())
    if resource.format not in SHEET_FORMATS:
        return replace(written, header_rows=(1,) if declared.header else ())
    return replace(
        written,
        header_rows=declared.header_rows,
        header_join=declared.header_join,
        comment_char=declared.comment_char,
        comment_rows=declared.comment_rows,
    )
