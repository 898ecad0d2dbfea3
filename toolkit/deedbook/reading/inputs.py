"""One door to the content of a table, whatever it is stored as: what is no CSV (inline data, JSON, spreadsheets) becomes CSV bytes.

Every value becomes the text that it would have in a CSV file (`native_text`), so one engine checks them all. Keyed rows have no
order of columns: theirs is that of the schema, then of appearance; a key that a row lacks is a missing value there.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.reading.records import header_labels
from deedbook.reading.source import JSON_FORMATS, MAX_UNPACKED, TEXT_FORMATS, ByteStream, SourceError, open_bytes
from deedbook.schema import Field, TableSchema
from deedbook.types import native_text

SHEET_FORMATS = frozenset({"xlsx", "xls", "ods"})
_FORM = "write [[labels], [cells], ...] or [{label: cell, ...}, ...]"
_LINE_ENDS = {"\r\n", "\n", "\r"}
"""All three are always understood, whichever is declared."""


def is_foreign(resource: Resource) -> bool:
    """Whether a table's bytes are not text cells already."""
    if isinstance(resource.data, str):
        return resource.format not in TEXT_FORMATS
    return resource.data is not None or resource.format not in TEXT_FORMATS


@contextmanager
def open_table(resource: Resource, file: Path | None, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[ByteStream]:
    """The content of one file of a table, or of its inline data (None), as CSV bytes in `dialect_of`.

    Raises:
        SourceError: when it cannot be read.
    """
    if is_foreign(resource):
        yield _ForeignStream(resource, file, dialect_of(resource), max_unpacked)
    elif file is None:
        yield io.BytesIO(str(resource.data).encode("utf-8", "replace"))
    elif resource.dialect.line_terminator in _LINE_ENDS:
        with open_bytes(resource, file, max_unpacked=max_unpacked) as stream:
            yield stream
    else:
        message = f"rows that end in {resource.dialect.line_terminator!r} cannot be read"
        raise SourceError("format-error", message, "write the file with line ends, and drop `lineTerminator`")


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


class _ForeignStream:
    """A table of another format, read as CSV bytes with the default dialect.

    Args:
        file: None for inline data.
        dialect: Where the header stands among the rows.
        max_unpacked: Bytes that a compressed file may unpack to.
    """

    def __init__(self, resource: Resource, file: Path | None, dialect: Dialect, max_unpacked: int) -> None:
        self._schema = resource.schema or TableSchema(())
        self._rows = iter(_rows_of(resource, file, max_unpacked))
        self._rest = b""
        self._failure: SourceError | None = None
        self._dialect = dialect
        self._header: list[list[str]] = []
        self._columns = [self._described(name) for name in self._schema.names]

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        while not self._failure and len(self._rest) + buffer.tell() < size:
            try:
                row = next(self._rows, None)
            except SourceError as error:  # what came before it is given out first
                self._failure = error
                break
            if row is None:
                break
            writer.writerow(self._texts(row))
        data = self._rest + buffer.getvalue().encode("utf-8", "replace")
        if self._failure and not data:
            raise self._failure
        self._rest = data[size:]
        return data[:size]

    def _texts(self, row: list[Any]) -> list[str]:
        if len(self._header) < max(self._dialect.header_rows, default=0):
            self._header.append([native_text(value, None) for value in row])
            labels = header_labels(self._header, self._dialect)
            self._columns = [self._described(label) for label in labels]
            return self._header[-1]
        beyond = max(0, len(row) - len(self._columns))
        columns = [*self._columns, *[(None, ("",))] * beyond][: len(row)]
        return [native_text(value, field, missing) for value, (field, missing) in zip(row, columns, strict=True)]

    def _described(self, label: str) -> tuple[Field | None, tuple[str, ...]]:
        """The field of a column and its missing values."""
        field = next((item for item in self._schema.fields if item.name == label), None)
        return (field, self._schema.missing_of(field)) if field else (None, ("",))


def _rows_of(resource: Resource, file: Path | None, max_unpacked: int) -> Iterable[list[Any]]:
    if file is None:
        return _rows_of_data(lambda: _items(_part(resource.data, resource)), resource)
    if resource.format in JSON_FORMATS:
        return _rows_of_data(lambda: _load(resource, file, max_unpacked), resource)
    if resource.format in SHEET_FORMATS:
        from deedbook.reading.sheets import rows_of_sheet

        return rows_of_sheet(file, resource)
    if resource.format == "parquet":
        from deedbook.reading.sheets import rows_of_parquet

        return rows_of_parquet(file, header=resource.dialect.header)
    raise SourceError("format-error", f"the format {resource.format!r} cannot be read", "export it as CSV")


def _load(resource: Resource, file: Path, max_unpacked: int) -> Iterator[Any]:
    """The rows of a JSON or JSON Lines file."""
    with open_bytes(resource, file, max_unpacked=max_unpacked) as stream:
        if resource.format == "json":
            data = b"".join(iter(lambda: stream.read(1 << 20), b""))
            yield from _items(_part(_parse(data, file.name), resource))
            return
        rest = b""
        number = 0
        while data := stream.read(1 << 20):
            *lines, rest = (rest + data).split(b"\n")
            for number, line in enumerate(lines, number + 1):  # noqa: B020  # goes on where it was
                if line.strip():
                    yield _parse(line, f"{file.name}, line {number}")
        if rest.strip():
            yield _parse(rest, f"{file.name}, line {number + 1}")


def _parse(data: bytes, where: str) -> Any:
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            name = next(name for at, (name, _) in enumerate(pairs) if name in dict(pairs[:at]))
            message = f"{where}: the member `{name}` stands twice in one object, and readers differ in which one counts"
            raise SourceError("source-error", message, "delete one of the two")
        return found

    try:
        return json.loads(data.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=members)
    except (ValueError, RecursionError) as error:
        raise SourceError("source-error", f"{where} is no JSON: {error}", "correct the file") from None


def _dialect(resource: Resource, name: str, old: str) -> Any:
    """A dialect property of structured data: v2 keeps it on top, frictionless-py under `json` by another name."""
    raw = resource.dialect.raw
    nested = raw.get("json")
    return raw.get(name, nested.get(old) if isinstance(nested, Mapping) else None)


def _part(data: Any, resource: Resource) -> Any:
    """What `property` of the dialect points at."""
    name = _dialect(resource, "property", "property")
    for step in str(name).split(".") if name else ():
        if not isinstance(data, Mapping) or step not in data:
            raise SourceError("source-error", f"there is no `{name}` in the data", "correct `property` in the dialect")
        data = data[step]
    return data


def _items(data: Any) -> Iterator[Any]:
    if not isinstance(data, list):
        raise SourceError("source-error", f"the data is {_kind(data)}, not a list of rows", _FORM)
    yield from data


def _rows_of_data(items: Callable[[], Iterator[Any]], resource: Resource) -> Iterator[list[Any]]:
    """The rows of keyed or listed data, labels first; `items` starts anew each time."""
    first = next(items(), None)
    names = resource.schema.names if resource.schema else ()
    if first is None:
        if resource.dialect.header and names:
            yield list(names)
        return
    is_keyed = isinstance(first, Mapping)
    labels: list[str] = []
    if is_keyed:
        labels = _dialect(resource, "itemKeys", "keys") or _labels(items(), names)
        if resource.dialect.header:
            yield labels
    for number, item in enumerate(items(), 1):
        if is_keyed and isinstance(item, Mapping):
            yield [item.get(label) for label in labels]
        elif not is_keyed and isinstance(item, list):
            yield item
        else:
            raise SourceError("source-error", f"item {number} of the data is {_kind(item)}, unlike the first", _FORM)


def _labels(items: Iterator[Any], names: tuple[str, ...]) -> list[str]:
    """All keys of the rows: those that are fields in the order of the schema, then the others as they appear."""
    seen: dict[str, None] = {}
    for item in items:
        if isinstance(item, Mapping):
            seen.update(dict.fromkeys(item))
    known = [name for name in names if name in seen]
    return [*known, *(key for key in seen if key not in known)]


def _kind(value: Any) -> str:
    known = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return known.get(type(value), "a number")
