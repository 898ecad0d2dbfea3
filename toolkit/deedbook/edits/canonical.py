"""The tables of a project rewritten in canonical form; never a value, and never half a file.

Canonical is: UTF-8 without a byte-order mark, LF, cells quoted only where they must be, rows by primary key, letters composed
(Unicode NFC) where no key, code or pattern could come to mean something else.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from deedbook import files
from deedbook.descriptor import Resource
from deedbook.edits.cells import Cells, UnmendableError, read_cells, reason_to_leave
from deedbook.errors import DeedbookError, ProjectError, UsageError
from deedbook.project import Project
from deedbook.reading.tables import present, read_text
from deedbook.release.tables import sort_by_key
from deedbook.schema import Field, TableSchema
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
    tables = tables or ((project.table,) if project.table else ())
    resources = project.package.resources
    names = [item.name for item in resources]
    if unknown := [name for name in tables if name not in names]:
        raise UsageError(f"there is no table `{unknown[0]}`", f"the tables are {', '.join(names)}")
    chosen = [item for item in resources if not tables or item.name in tables]
    found = []
    for at, resource in enumerate(chosen):
        progress(f"rewriting {resource.name}", at / len(chosen))
        found.append(_rewrite(resource, _referenced(resource, resources), check=check))
    return tuple(found)


def _referenced(resource: Resource, resources: Sequence[Resource]) -> frozenset[str]:
    """The fields of a table that foreign keys point at."""
    keys = [(item, key) for item in resources if item.schema for key in item.schema.foreign_keys]
    return frozenset(
        name for item, key in keys if (key.resource or item.name) == resource.name for name in key.reference
    )


def _rewrite(resource: Resource, referenced: frozenset[str], *, check: bool) -> Rewritten:
    path = ", ".join(resource.paths)
    if reason := reason_to_leave(resource):
        return Rewritten(resource.name, path, "skipped", left=(reason,))
    file = resource.files[0]
    try:
        before = file.read_bytes()
        cells = read_cells(resource, file)
    except OSError as error:
        return Rewritten(resource.name, path, "unmendable", left=(f"it cannot be read: {error.strerror}",))
    except UnmendableError as error:
        return Rewritten(resource.name, path, "unmendable", left=(str(error),))
    arranged = _arrange(cells, resource.schema, referenced)
    after = _to_bytes(arranged.cells, resource.dialect.delimiter)
    if after == before:
        return Rewritten(resource.name, path, "canonical", left=arranged.left)
    if file.stat().st_nlink > 1:
        reason = "it has other names (hard links), which would keep the old content"
        return Rewritten(resource.name, path, "unmendable", left=(reason,))
    if not check:
        _replace(resource, file, before, after, arranged)
    return Rewritten(resource.name, path, "changed", _said(arranged, before, after), arranged.left)


def _said(arranged: _Arranged, before: bytes, after: bytes) -> tuple[str, ...]:
    """What was done, with what shows in the bytes only."""
    done = list(arranged.done)
    if before.count(b"\r") > after.count(b"\r"):
        done.append("lines end in LF")
    elif not before.endswith(b"\n"):
        done.append("the last line ends")
    if before.count(b'"') != after.count(b'"'):
        done.append("cells are quoted only where they must be")
    return tuple(done) or ("written in canonical form",)


def _replace(resource: Resource, file: Path, before: bytes, after: bytes, arranged: _Arranged) -> None:
    """The file with its new content, once that was read back and is proven to hold the same values."""
    try:
        files.replace(file, after, before=before, prove=lambda staged: _prove(resource, file, staged, arranged))
    except OSError as error:
        raise ProjectError(
            f"{file}: cannot be rewritten: {error.strerror}", "check the permissions of its folder"
        ) from None


def _prove(resource: Resource, old: Path, new: Path, arranged: _Arranged) -> None:
    """Raises unless the new file holds the arranged cells, and the same typed rows as the old one."""
    try:
        read = read_cells(resource, new)
    except UnmendableError as error:
        raise _differs(old, str(error)) from None
    if read.labels != arranged.cells.labels or not read.rows.equals(arranged.cells.rows):
        raise _differs(old, "its cells would be others")
    if not _values(resource, old).equals(_values(resource, new)):
        raise _differs(old, "its values would be others")


def _differs(file: Path, why: str) -> DeedbookError:
    return DeedbookError(
        f"{file}: cannot be written in canonical form: {why}; it stays as it was", "please report this"
    )


def _values(resource: Resource, file: Path) -> pl.DataFrame:
    """The rows as a validation sees them, in an order that does not depend on the file: text and canonical value of each cell."""
    schema = resource.schema
    blocks = list(read_text(replace(resource, files=(file,), paths=(file.name,))))
    frame = pl.concat(blocks) if blocks else pl.DataFrame()
    texts = [pl.col(name).str.normalize("NFC").alias(f"text {name}") for name in frame.columns]
    fields = [item for item in schema.fields if item.name in frame.columns] if schema else []
    values = [canonical_text(item).str.normalize("NFC").alias(f"value {item.name}") for item in fields]
    known = frame.select([*texts, *values])
    return known.sort(known.columns) if known.columns else known


_HARMLESS = frozenset({"required", "maxLength"})
"""Constraints that mean the same for composed letters."""


@dataclass(frozen=True, slots=True)
class _Arranged:
    """Cells in canonical form.

    Attributes:
        cells: The same rows, with the same values.
        done: What was done, in words.
        left: What could not be done, in words.
    """

    cells: Cells
    done: tuple[str, ...]
    left: tuple[str, ...]


def _arrange(cells: Cells, schema: TableSchema | None, referenced: frozenset[str]) -> _Arranged:
    """The cells in canonical form.

    Columns stay where they are, unless the schema demands their order (`fieldsMatch: exact`) and they stand in another one.

    Args:
        cells: What stands in the file.
        schema: The table's schema, when it has one.
        referenced: Fields that other tables refer to.
    """
    done = ["without its byte-order mark"] if cells.has_bom else []
    if cells.blanks:
        done.append(f"without {cells.blanks:,} blank line{'s' * (cells.blanks != 1)}")
    cells, composed, left = _compose(cells, schema, referenced)
    done += [f"{composed:,} cell{'s' * (composed != 1)} in Unicode NFC"] if composed else []
    if schema is not None and len(set(cells.labels)) == len(cells.labels):
        moved = _in_order(cells, schema)
        done += ["columns in the order of the schema"] if moved.labels != cells.labels else []
        sorted_ = _sorted(moved, schema)
        done += [f"sorted by {', '.join(schema.primary_key)}"] if not sorted_.rows.equals(moved.rows) else []
        cells = sorted_
    return _Arranged(replace(cells, has_bom=False, has_return=False, blanks=0), tuple(done), tuple(left))


def _compose(cells: Cells, schema: TableSchema | None, referenced: frozenset[str]) -> tuple[Cells, int, list[str]]:
    """Texts in NFC, where no key, code or pattern could come to mean something else; how many, and what was left."""
    columns, count, left = [], 0, []
    for name, label in zip(cells.rows.columns, cells.labels, strict=True):
        column = cells.rows.get_column(name)
        composed = column.str.normalize("NFC")
        odd = int((column != composed).sum())
        if odd and _may_compose(schema, label, referenced):
            count += odd
            columns.append(composed)
            continue
        if odd:
            left.append(
                f"{odd:,} cell{'s' * (odd != 1)} of `{label}` in other than Unicode NFC: keys and codes are left alone"
            )
        columns.append(column)
    return replace(cells, rows=pl.DataFrame(columns)), count, left


def _may_compose(schema: TableSchema | None, label: str, referenced: frozenset[str]) -> bool:
    if schema is None:
        return True
    if label not in schema.names:
        return True
    item = schema.field(label)
    keys = {*schema.primary_key, *(name for key in schema.unique_keys for name in key), *referenced}
    keys |= {name for key in schema.foreign_keys for name in key.fields}
    is_free = item.type == "string" and item.format in {"default", ""} and not item.categories and not item.code_list
    missing = all(unicodedata.is_normalized("NFC", text) for text in schema.missing_of(item))
    return is_free and missing and label not in keys and set(item.constraints) <= _HARMLESS


def _in_order(cells: Cells, schema: TableSchema) -> Cells:
    if schema.fields_match != "exact" or sorted(cells.labels) != sorted(schema.names):
        return cells
    places = {label: at for at, label in enumerate(cells.labels)}
    rows = cells.rows.select(pl.col(str(places[name])).alias(str(at)) for at, name in enumerate(schema.names))
    return replace(cells, labels=schema.names, rows=rows)


def _sorted(cells: Cells, schema: TableSchema) -> Cells:
    """The rows by primary key, as in a release; as they are where a column of the key is missing."""
    if not schema.primary_key or not set(schema.primary_key) <= set(cells.labels):
        return cells
    keys = cells.rows.select(_key_columns(cells, schema)).with_row_index("\0at")
    order = sort_by_key(keys, schema).get_column("\0at")
    return replace(cells, rows=cells.rows.select(pl.all().gather(order)))


def _key_columns(cells: Cells, schema: TableSchema) -> Iterator[pl.Expr]:
    for name in schema.primary_key:
        item = schema.field(name)
        text = present(str(cells.labels.index(name)), schema.missing_of(item))
        yield text.map_batches(_canonical(item), return_dtype=pl.String).alias(name)


def _canonical(item: Field) -> Callable[[pl.Series], pl.Series]:
    return lambda texts: texts.alias(item.name).to_frame().select(canonical_text(item)).to_series()


def _to_bytes(cells: Cells, delimiter: str) -> bytes:
    """The cells as canonical CSV; an empty cell is quoted only where its line would be blank."""
    out = io.BytesIO()
    header = pl.DataFrame([cells.labels], orient="row", schema=dict.fromkeys(cells.rows.columns, pl.String))
    rows = cells.rows if cells.rows.width == 1 else cells.rows.select(pl.when(pl.all() != "").then(pl.all()))
    for frame in (header, rows):
        frame.write_csv(out, include_header=False, separator=delimiter, line_terminator="\n", quote_style="necessary")
    return out.getvalue()
