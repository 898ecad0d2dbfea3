"""The cells of one file as they stand there, without types, missing values or names that a schema gives."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from deedbook.checking.files import find_cause, labels_fit
from deedbook.checking.header import match_header
from deedbook.checking.structure import conflicts_in
from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.findings import plural
from deedbook.reading.blocks import Cutter
from deedbook.reading.inputs import is_foreign
from deedbook.reading.pipeline import run
from deedbook.reading.records import FileHeader, Unclosed, read_header
from deedbook.reading.source import SourceError, open_bytes
from deedbook.reading.text import Layout, TextBlock
from deedbook.schema import TableSchema

_UTF8 = {"utf-8", "utf-8-sig", "ascii"}


class UnmendableError(Exception):
    """The file has a mistake that only a person can mend."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What stands in a file.

    Attributes:
        labels: The header.
        rows: A String column for each column of the file, named by its position; an empty cell is "".
        blanks: Records without a cell, which hold no row.
    """

    labels: tuple[str, ...]
    rows: pl.DataFrame
    has_bom: bool
    has_return: bool
    blanks: int


def reason_to_leave(resource: Resource) -> str:
    """Why a table is written as it is on purpose, and is no business of this; empty when it is."""
    if not resource.is_table:
        return "is no table"
    if resource.data is not None or not resource.files:
        return "is in no file of this package"
    if is_foreign(resource):
        return f"is stored as {resource.format}"
    if resource.compression:
        return f"is compressed ({resource.compression})"
    if resource.hash or resource.bytes is not None:
        return "has a declared hash or size, which a rewritten file would not have"
    if len(resource.files) > 1:
        return "is in several files, which continue each other"
    if _codec(resource.encoding) not in _UTF8:
        return f"is declared as {resource.encoding}; convert it and declare utf-8"
    plain = replace(
        Dialect(delimiter=resource.dialect.delimiter),
        line_terminator=resource.dialect.line_terminator,
        raw=resource.dialect.raw,
    )
    if resource.dialect != plain or not resource.dialect.delimiter.isascii():
        return "has a dialect of its own"
    return ""


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return encoding


def read_cells(resource: Resource, file: Path) -> Cells:
    """The cells of a table's file.

    Raises:
        UnmendableError: when a record is no row, or the file cannot be read to its end.
    """
    try:
        with open_bytes(resource, file) as stream:
            cutter = Cutter(stream, resource.dialect)
            header = read_header(cutter, resource.dialect, None)
            labels, width, row = header.labels, header.width, header.row
            if labels is None or not width:
                raise UnmendableError("it has no header")
            _refuse_unknown(header, resource)
            layout = Layout(tuple(map(str, range(width))), resource.dialect)
            frames, blanks, has_return = [pl.DataFrame(schema=dict.fromkeys(layout.names, pl.String))], 0, False
            for done in run(cutter, layout, lambda block: block):
                if isinstance(done, Unclosed):
                    raise UnmendableError("a quote is never closed")
                block = done.result
                _refuse_broken(block, row, width)
                row += block.frame.height
                blanks += len(block.absent)
                has_return |= block.has_return
                frames.append(_present(block))
    except SourceError as error:
        raise UnmendableError(error.message) from None
    rows = pl.concat(frames, rechunk=True).fill_null("")
    return Cells(tuple(labels), rows, cutter.has_bom, has_return, blanks)


def _refuse_unknown(header: FileHeader, resource: Resource) -> None:
    """Refuses a file that is not what it claims, or whose header the schema does not know: its cells are not understood."""
    schema = resource.schema or TableSchema(())
    if cause := find_cause(header, None, resource, schema):
        raise UnmendableError(cause.message)
    labels = header.labels or []
    if not schema.fields:
        return
    is_reordered = schema.fields_match == "exact" and sorted(labels) == sorted(schema.names)
    if not is_reordered and (problems := match_header(labels, schema, header.width).problems):
        raise UnmendableError(problems[0].message)
    if is_reordered and tuple(labels) != schema.names and not labels_fit(header, resource, schema)[0]:
        raise UnmendableError(
            "the columns stand in another order than in the schema, and values do not fit their labels"
        )


def _refuse_broken(block: TextBlock, first: int, width: int) -> None:
    for start, _ in conflicts_in(block):
        raise UnmendableError(f"an unresolved merge conflict begins in row {first + start}")
    for mark in block.odd_marks:
        if mark.is_quote:
            raise UnmendableError(f"row {first + mark.row} has text behind a closing quote")
    for bad in block.bad_bytes:
        raise UnmendableError(f"row {first + bad.row} is not UTF-8 (byte 0x{bad.byte:02x})")
    for ragged in block.ragged:
        if ragged.cells:
            raise UnmendableError(
                f"row {first + ragged.row} has {plural(len(ragged.cells), 'cell')} instead of {width}"
            )


def _present(block: TextBlock) -> pl.DataFrame:
    if not block.absent:
        return block.frame
    absent = pl.Series(sorted(block.absent), dtype=pl.UInt32)
    return block.frame.with_row_index("\0at").filter(~pl.col("\0at").is_in(absent.implode())).drop("\0at")
