"""One door to the content of a table, whatever it is stored as."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from deedbook.descriptor import Dialect, Resource
from deedbook.reading.foreign import ForeignStream, is_foreign
from deedbook.reading.source import MAX_UNPACKED, ByteStream, open_bytes


@contextmanager
def open_table(resource: Resource, file: Path | None, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[ByteStream]:
    """The content of one file of a table, or of its inline data (None), as CSV bytes in `dialect_of`.

    Raises:
        SourceError: when it cannot be read.
    """
    if is_foreign(resource) or file is None:
        yield ForeignStream(resource, file)
        return
    with open_bytes(resource, file, max_unpacked=max_unpacked) as stream:
        yield stream


def dialect_of(resource: Resource) -> Dialect:
    """The dialect of the bytes that `open_table` gives."""
    if not is_foreign(resource):
        return resource.dialect
    declared = resource.dialect
    return replace(Dialect(), header=declared.header, header_rows=declared.header_rows, header_join=declared.header_join)
