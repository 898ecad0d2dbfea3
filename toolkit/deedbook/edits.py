"""The tables of a project rewritten in canonical form; never a value, and never half a file.

Canonical is: UTF-8 without a byte-order mark, LF, cells quoted only where they must be, rows by primary key, letters composed
(Unicode NFC) where no key, code or pattern could come to mean something else.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Literal

import polars as pl

from deedbook import files
from deedbook.checking.files import Beginning
from deedbook.checking.header import match_header
from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.errors import DeedbookError, ProjectError, RefusalError, UsageError
from deedbook.findings import plural
from deedbook.project import Project
from deedbook.reading import blocks, inputs, pipeline, records, source, tables, text
from deedbook.release.tables import sort_by_key
from deedbook.schema import TableSchema
from deedbook.types import canonical_text

State = Literal["canonical", "changed", "unmendable", "skipped"]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What became of a table.

    Attributes:
        path: Its file, as the descriptor names it.
        state: `changed` also of one that would change; `skipped` when it is written otherwise on purpose.
        done: What was changed, or would be, in words.
        left: What stays as it is although it is not canonical, and why.
    """

    table: str
    path: str
    state: State
    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def rewrite(
    project: Project,
    *,
    check: bool = False,
    tables: Sequence[str] = (),
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> tuple[Rewritten, ...]:
    """Every table of the project in canonical form.

    Args:
        project: The project.
        check: Change nothing, only say what would change.
        tables: Names of the tables; all when empty.
        progress: Told what is done, and which share of the work is behind us.

    Raises:
        UsageError: when there is no such table.
        RefusalError: when somebody changed a file in the meantime.
        SpaceError: when the disk is full.
    """
    tables = tables or tuple(filter(None, [project.table]))
    resources = project.package.resources
    names = [item.name for item in resources]
    if unknown := [name for name in tables if name not in names]:
        raise UsageError(f"there is no table `{unknown[0]}`", f"the tables are {', '.join(names)}")
    chosen = [item for item in resources if not tables or item.name in tables]
    found = []
    for at, resource in enumerate(chosen):
        progress(f"rewriting {resource.name}", at / len(chosen))
        found.append(_rewrite_table(resource, project.package.referenced(resource.name), check=check))
    return tuple(found)


def _rewrite_table(resource: Resource, referenced: frozenset[str], *, check: bool) -> Rewritten:
    """A table in canonical form, of which other tables refer to these fields. See `rewrite`."""

    def became(state: State, done: Sequence[str] = (), left: Sequence[str] = ()) -> Rewritten:
        return Rewritten(resource.name, ", ".join(resource.paths), state, tuple(done), tuple(left))

    if reason := reason_to_leave(resource):
        return became("skipped", left=[reason])
    file = resource.files[0]
    try:
        before = file.read_bytes()
        cells = read_cells(resource, file)
    except (OSError, UnmendableError) as error:
        fault = f"it cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        return became("unmendable", left=[fault])
    cells, done, left = arrange(cells, resource.schema, referenced)
    after = to_bytes(cells, resource.dialect.delimiter)
    if after == before:
        return became("canonical", left=left)
    if fault := link_fault(file):
        return became("unmendable", left=[fault])
    if not check:
        replace_table(file, after, before, lambda staged: _prove(resource, file, staged, cells))
    is_ended, has_fewer = before.endswith(b"\n"), before.count(b"\r") > after.count(b"\r")
    visible = {  # in the bytes only
        "lines end in LF": has_fewer,
        "the last line ends": not is_ended and not has_fewer,
        "cells are quoted only where they must be": before.count(b'"') != after.count(b'"'),
    }
    return became("changed", [*done, *compress(visible, visible.values())] or ["written in canonical form"], left)


def link_fault(file: Path) -> str:
    """Why a file cannot be replaced without leaving another behind; empty when it can."""
    return "it has other names (hard links), which would keep the old content" if file.stat().st_nlink > 1 else ""


def replace_table(file: Path, after: bytes, before: bytes, prove: Callable[[Path], object]) -> None:
    """The file with its new content. See `files.replace`.

    Raises:
        ProjectError: when its folder cannot be written.
    """
    try:
        files.replace(file, after, before=before, prove=prove)
    except OSError as error:
        message = f"{file}: cannot be rewritten: {error.strerror}"
        raise ProjectError(message, "check the permissions of its folder") from None


def _prove(resource: Resource, old: Path, new: Path, cells: Cells) -> None:
    """Raises unless the new file, read back, holds these cells, and the same typed rows as the old one."""
    try:
        read = read_cells(resource, new)
        is_same = read.labels == cells.labels and read.rows.equals(cells.rows)
        fault = "" if is_same else "its cells would be others"
        if is_same and not _values(resource, old).equals(_values(resource, new)):
            fault = "its values would be others"
    except UnmendableError as error:
        fault = str(error)
    if fault:
        message = f"{old}: cannot be written in canonical form: {fault}; it stays as it was"
        raise DeedbookError(message, "please report this")


def _values(resource: Resource, file: Path) -> pl.DataFrame:
    """The rows as a validation sees them, in an order that does not depend on the file: text and canonical value of each cell."""
    schema = resource.schema
    blocks = list(tables.read_text(replace(resource, files=(file,), paths=(file.name,))))
    frame = pl.concat(blocks) if blocks else pl.DataFrame()
    texts = [pl.col(name).str.normalize("NFC").alias(f"text {name}") for name in frame.columns]
    fields = [item for item in schema.fields if item.name in frame.columns] if schema else []
    values = [canonical_text(item).str.normalize("NFC").alias(f"value {item.name}") for item in fields]
    known = frame.select([*texts, *values])
    return known.sort(known.columns) if known.columns else known


_HARMLESS = frozenset({"required", "maxLength"})
"""Constraints that mean the same for composed letters."""


def arrange(cells: Cells, schema: TableSchema | None, referenced: frozenset[str]) -> tuple[Cells, list[str], list[str]]:
    """The cells in canonical form, with the same values; what was done, and what could not be done, in words.

    Columns stay where they are, unless the schema demands their order (`fieldsMatch: exact`) and they stand in another one.

    Args:
        cells: What stands in the file.
        schema: The table's schema, when it has one.
        referenced: Fields that other tables refer to.
    """
    composed, left = cells.composed(schema, referenced)
    count = sum(int((new != old).sum()) for new, old in zip(composed.rows, cells.rows, strict=True))
    rows = placed = ordered = composed.rows
    labels, described = cells.labels, schema or TableSchema(())
    if tuple(rows.columns) == labels:
        if described.fields_match == "exact" and sorted(labels) == sorted(described.names):
            placed = ordered = rows.select(described.names)
        if described.primary_key and set(described.primary_key) <= set(labels):
            keys = list(map(described.field, described.primary_key))
            held = placed.select(tables.present(item.name, described.missing_of(item)) for item in keys)
            values = held.select(canonical_text(item).alias(item.name) for item in keys).with_row_index("\0at")
            ordered = placed.select(pl.all().gather(sort_by_key(values, described).get_column("\0at")))
        labels = tuple(ordered.columns)
    done = {
        "without its byte-order mark": cells.has_bom,
        f"without {plural(cells.blanks, 'blank line')}": cells.blanks,
        f"{plural(count, 'cell')} in Unicode NFC": count,
        "columns in the order of the schema": placed.columns != rows.columns,
        f"sorted by {', '.join(described.primary_key)}": not ordered.equals(placed),
    }
    return Cells(labels, ordered), list(compress(done, done.values())), left


def _may_compose(schema: TableSchema | None, label: str, referenced: frozenset[str]) -> bool:
    """Whether composed letters mean the same in a column: not in keys, codes and patterns."""
    if schema is None or label not in schema.positions:
        return True
    item = schema.field(label)
    return all(
        (
            item.type == "string" and item.format in {"default", ""},
            not (item.categories or item.code_list or label in schema.keyed | referenced),
            set(item.constraints) <= _HARMLESS,
            all(unicodedata.is_normalized("NFC", text) for text in schema.missing_of(item)),
        )
    )


def to_bytes(cells: Cells, delimiter: str) -> bytes:
    """The cells as canonical CSV; an empty cell is quoted only where its line would be blank."""
    out = io.BytesIO()
    header = pl.DataFrame([cells.labels], orient="row", schema=dict.fromkeys(cells.rows.columns, pl.String))
    rows = cells.rows if cells.rows.width == 1 else cells.rows.select(pl.when(pl.all() != "").then(pl.all()))
    for frame in (header, rows):
        frame.write_csv(out, include_header=False, separator=delimiter, line_terminator="\n", quote_style="necessary")
    return out.getvalue()


class UnmendableError(Exception):
    """The file has a mistake that only a person can mend."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What stands in a file.

    Attributes:
        labels: The header.
        rows: A String column for each column of the file, named by its label, or by its position where two labels are equal; an empty
            cell is "".
        blanks: Records without a cell, which hold no row.
    """

    labels: tuple[str, ...]
    rows: pl.DataFrame
    has_bom: bool = False
    blanks: int = 0

    def composed(self, schema: TableSchema | None, referenced: frozenset[str]) -> tuple[Cells, list[str]]:
        """The same with composed letters where they mean the same, and in words which columns keep others."""
        columns, left = [], []
        for column, label in zip(self.rows, self.labels, strict=True):
            text = column.str.normalize("NFC")
            odd = int((column != text).sum())
            if odd and not _may_compose(schema, label, referenced):
                left.append(
                    f"{plural(odd, 'cell')} of `{label}` in other than Unicode NFC: keys and codes are left alone"
                )
                text = column
            columns.append(text)
        return replace(self, rows=pl.DataFrame(columns)), left


def reason_to_leave(resource: Resource) -> str:
    """Why a table is written as it is on purpose, and is no business of this; empty when it is."""
    dialect = resource.dialect
    plain = Dialect(delimiter=dialect.delimiter, line_terminator=dialect.line_terminator, raw=dialect.raw)
    is_proven = bool(resource.hash) or resource.bytes is not None
    is_utf8 = source.codec_of(resource) in {"utf-8", "utf-8-sig", "ascii"}
    reasons = {
        "is no table": not resource.is_table,
        "is in no file of this package": resource.data is not None or not resource.files,
        f"is stored as {resource.format}": inputs.is_foreign(resource),
        f"is compressed ({resource.compression})": bool(resource.compression),
        "has a declared hash or size, which a rewritten file would not have": is_proven,
        "is in several files, which continue each other": len(resource.files) > 1,
        f"is declared as {resource.encoding}; convert it and declare utf-8": not is_utf8,
        "has a dialect of its own": dialect != plain or not dialect.delimiter.isascii(),
    }
    return next((reason for reason, is_so in reasons.items() if is_so), "")


def read_cells(resource: Resource, file: Path) -> Cells:
    """The cells of a table's file.

    Raises:
        UnmendableError: when a record is no row, or the file cannot be read to its end.
    """
    try:
        with source.open_bytes(resource, file) as stream:
            cutter = blocks.Cutter(stream, resource.dialect)
            header = records.read_header(cutter, resource.dialect, None)
            labels, width, row = tuple(header.labels or ()), header.width, header.row
            if not labels:
                raise UnmendableError("it has no header")
            _refuse_unknown(header, resource)
            names = labels if len(set(labels)) == width else tuple(map(str, range(width)))
            frames, blanks = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], 0
            for done in pipeline.run(cutter, text.Layout(names, resource.dialect), lambda block: block):
                block = done.result
                for fault in broken_rows(block, row, width):
                    raise UnmendableError(fault)
                row += block.frame.height
                blanks += len(block.absent)
                frames.append(tables.without_absent(block))
    except source.SourceError as error:
        raise UnmendableError(error.message) from None
    return Cells(labels, pl.concat(frames, rechunk=True).fill_null(""), cutter.has_bom, blanks)


def _refuse_unknown(header: records.FileHeader, resource: Resource) -> None:
    """Refuses a file that is not what it claims, or whose header the schema does not know: its cells are not understood."""
    schema, labels = resource.described, tuple(header.labels or ())
    beginning = Beginning(header, resource, schema)
    if cause := beginning.cause(None):
        raise UnmendableError(cause.message)
    if schema.fields_match == "exact" and sorted(labels) == sorted(schema.names):
        if labels != schema.names and not beginning.fits()[0]:
            message = "the columns stand in another order than in the schema, and values do not fit their labels"
            raise UnmendableError(message)
    elif schema.fields and (problems := match_header(labels, schema, header.width).problems):
        raise UnmendableError(problems[0].message)


_FAULTS = {"stray-quote": "has text behind a closing quote", "encoding-error": "is not UTF-8 (byte {})"}


def broken_rows(block: text.TextBlock, first: int, width: int) -> Iterator[str]:
    """Why records of a block are no rows of so many cells, in words; the first has that number in its file."""
    for rows in block.conflicts:
        yield f"an unresolved merge conflict begins in row {first + rows.start}"
    for fault in block.faults:
        if fault.rule in _FAULTS:
            yield f"row {first + fault.row} {_FAULTS[fault.rule].format(fault.text)}"
    for item in block.ragged:
        if item.cells:
            yield f"row {first + item.row} has {plural(len(item.cells), 'cell')} instead of {width}"


def write_all(changes: Mapping[Path, tuple[bytes, bytes]]) -> None:
    """All files with their new content, given what they hold now; when one cannot be written, those before it are put back.

    Raises:
        RefusalError: when somebody changed a file in the meantime, or one has other names (hard links).
        SpaceError: when the disk is full.
    """
    for file in changes:
        if fault := link_fault(file):
            raise RefusalError(
                f"{file}: {fault}", f"give it a copy of its own: cp {file.name} new && mv new {file.name}"
            )
    with ExitStack() as undo:
        for file, (before, after) in changes.items():
            files.replace(file, after, before=before)
            undo.callback(files.replace, file, before, before=after)
        undo.pop_all()
