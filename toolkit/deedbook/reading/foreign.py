"""Tables that are no CSV: inline data, JSON, and spreadsheets through frictionless' readers, as CSV bytes.

Every value becomes the text that it would have in a CSV file, so one engine checks them all.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deedbook.descriptor import Resource
from deedbook.reading.source import SourceError

TEXT_FORMATS = frozenset({"csv", "tsv", "txt", "tab"})
_READ_BY_FRICTIONLESS = frozenset({"xlsx", "xls", "ods"})


def is_foreign(resource: Resource) -> bool:
    """Whether a table's bytes are not text cells already."""
    return resource.data is not None or resource.format not in TEXT_FORMATS


class ForeignStream:
    """A table of another format, read as CSV bytes with the default dialect."""

    def __init__(self, resource: Resource, file: Path | None) -> None:
        self._rows = iter(_rows_of(resource, file))
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        while len(self._rest) + buffer.tell() < size and (row := next(self._rows, None)) is not None:
            writer.writerow([text_of(value) for value in row])
        data = self._rest + buffer.getvalue().encode("utf-8", "replace")
        self._rest = data[size:]
        return data[:size]


def text_of(value: Any) -> str:
    """The text that a value has in a CSV file."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case dt.datetime() if value.time() == dt.time():
            return value.date().isoformat()
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _rows_of(resource: Resource, file: Path | None) -> Iterable[list[Any]]:
    if file is None:
        return _rows_of_data(resource.data)
    if resource.format in {"json", "jsonl", "ndjson"}:
        return _rows_of_data(_load(resource, file))
    if resource.format in _READ_BY_FRICTIONLESS:
        return _rows_of_sheet(file, resource)
    hint = "export it as CSV"
    raise SourceError("format-error", f"the format {resource.format!r} cannot be read", hint)


def _load(resource: Resource, file: Path) -> Any:
    try:
        text = file.read_text(encoding=resource.encoding)
        if resource.format == "json":
            return json.loads(text)
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError, LookupError, RecursionError) as error:
        raise SourceError("source-error", f"{file.name} is no {resource.format}: {error}", "correct the file") from None


def _rows_of_data(data: Any) -> Iterator[list[Any]]:
    """The rows of keyed or listed data, labels first."""
    if isinstance(data, str) or not isinstance(data, list):
        raise SourceError("source-error", "inline data is a list of rows", "write [[labels], [cells], ...] or [{...}, ...]")
    if data and all(isinstance(row, Mapping) for row in data):
        labels = list(data[0])
        yield labels
        for row in data:
            yield [row.get(label) for label in labels] + [value for key, value in row.items() if key not in labels]
        return
    for row in data:
        if not isinstance(row, list):
            raise SourceError("source-error", f"{row!r} is no row", "write [[labels], [cells], ...] or [{...}, ...]")
        yield row


def _rows_of_sheet(file: Path, resource: Resource) -> Iterator[list[Any]]:
    import frictionless

    descriptor = {"path": file.name, "format": resource.format, "dialect": dict(resource.dialect.raw)}
    try:
        with frictionless.Resource(descriptor, basepath=str(file.parent)) as opened:
            for row in opened.cell_stream:
                yield list(row)
    except (frictionless.FrictionlessException, OSError, ValueError, KeyError) as error:
        raise SourceError("source-error", f"{file.name} cannot be read: {error}", "check that it opens elsewhere") from None
