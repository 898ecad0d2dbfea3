"""Rows of a table by their record numbers, with the labels of their cells: what a report shows a cell in."""

import codecs
import csv
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from deedbook.descriptor import Package, Resource
from deedbook.findings import Excerpt, Finding
from deedbook.reading.inputs import dialect_of, open_table
from deedbook.reading.records import header_labels
from deedbook.reading.source import ByteStream, SourceError
from deedbook.reading.text import open_reader

_PIECE = 1 << 20
"""Bytes that are read at once."""


def read_excerpts(package: Package, findings: Iterable[Finding]) -> dict[tuple[str, str], Excerpt]:
    """The rows of findings, by table and file."""
    wanted: dict[tuple[str, str], set[int]] = {}
    for item in findings:
        if item.row is not None:
            wanted.setdefault((item.table, item.path), set()).add(item.row)
    tables = {item.name: item for item in package.resources}
    found = {}
    for (table, path), rows in wanted.items():
        if (resource := tables.get(table)) is not None and resource.is_table:
            number = resource.paths.index(path) if path in resource.paths else 0
            found[table, path] = read_excerpt(resource, number, rows)
    return found


def read_excerpt(resource: Resource, number: int, wanted: Collection[int]) -> Excerpt:
    """The wanted rows of a file of a table, as far as it can be read."""
    dialect = dialect_of(resource)
    head: list[list[str]] = []
    rows: dict[int, list[str]] = {}
    for at, cells in enumerate(records_of(resource, number), 1):
        if at <= max(dialect.header_rows, default=0):
            head.append(cells)
        if at in wanted:
            rows[at] = cells
        if len(rows) == len(wanted):
            break
    return Excerpt(header_labels(head, dialect) or resource.described.names, rows)


def records_of(resource: Resource, number: int) -> Iterator[list[str]]:
    """The records of a file of a table from its first one on, as far as it can be read."""
    # what keeps a file from being read has a finding of its own
    with suppress(SourceError, csv.Error), open_table(resource, resource.sources[number]) as stream:
        yield from open_reader(_lines(stream), dialect_of(resource))


def read_files(package: Package) -> list[tuple[str, str, Iterator[list[str]]]]:
    """Each file of a table with its records, read when they are asked for."""
    return [
        (item.name, (item.paths or ("",))[number], records_of(item, number))
        for item in package.resources
        if item.is_table
        for number in range(len(item.sources))
    ]


def _lines(stream: ByteStream) -> Iterator[str]:
    """The text of a stream, line by line, with the ends of the lines; bytes that are no text are replaced."""
    rest = ""
    for text in codecs.iterdecode(iter(lambda: stream.read(_PIECE), b""), "utf-8", "replace"):
        *lines, rest = (rest + text).split("\n")  # no other character ends a line
        yield from (f"{line}\n" for line in lines)
    yield rest
