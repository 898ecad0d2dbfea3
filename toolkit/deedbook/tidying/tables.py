"""The tables of a project rewritten in canonical form; never a value, and never half a file."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from deedbook.checking.canonical import canonical_text
from deedbook.descriptor import Resource
from deedbook.errors import DeedbookError, ProjectError, RefusalError, SpaceError, UsageError
from deedbook.project import Project
from deedbook.reading.tables import read_text
from deedbook.tidying.arranging import Arranged, arrange, to_bytes
from deedbook.tidying.reading import UnmendableError, read_cells, reason_to_leave

State = Literal["canonical", "changed", "unmendable", "skipped"]


@dataclass(frozen=True, slots=True)
class Tidied:
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


def tidy(
    project: Project,
    *,
    check: bool = False,
    tables: Sequence[str] = (),
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> tuple[Tidied, ...]:
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
    resources = project.package.resources
    names = [item.name for item in resources]
    if unknown := [name for name in tables if name not in names]:
        raise UsageError(f"there is no table `{unknown[0]}`", f"the tables are {', '.join(names)}")
    chosen = [item for item in resources if not tables or item.name in tables]
    found = []
    for at, resource in enumerate(chosen):
        progress(f"tidying {resource.name}", at / len(chosen))
        found.append(_tidy(resource, _referenced(resource, resources), check=check))
    return tuple(found)


def _referenced(resource: Resource, resources: Sequence[Resource]) -> frozenset[str]:
    """The fields of a table that foreign keys point at."""
    keys = [(item, key) for item in resources if item.schema for key in item.schema.foreign_keys]
    return frozenset(
        name for item, key in keys if (key.resource or item.name) == resource.name for name in key.reference
    )


def _tidy(resource: Resource, referenced: frozenset[str], *, check: bool) -> Tidied:
    path = ", ".join(resource.paths)
    if reason := reason_to_leave(resource):
        return Tidied(resource.name, path, "skipped", left=(reason,))
    file = resource.files[0]
    try:
        before = file.read_bytes()
        cells = read_cells(resource, file)
    except OSError as error:
        return Tidied(resource.name, path, "unmendable", left=(f"it cannot be read: {error.strerror}",))
    except UnmendableError as error:
        return Tidied(resource.name, path, "unmendable", left=(str(error),))
    arranged = arrange(cells, resource.schema, referenced)
    after = to_bytes(arranged.cells, resource.dialect.delimiter)
    if after == before:
        return Tidied(resource.name, path, "canonical", left=arranged.left)
    if not check:
        _replace(resource, file, before, after, arranged)
    return Tidied(resource.name, path, "changed", _said(arranged, before, after), arranged.left)


def _said(arranged: Arranged, before: bytes, after: bytes) -> tuple[str, ...]:
    """What was done, with what shows in the bytes only."""
    done = list(arranged.done)
    if before.count(b"\r") > after.count(b"\r"):
        done.append("lines end in LF")
    elif not before.endswith(b"\n"):
        done.append("the last line ends")
    if before.count(b'"') != after.count(b'"'):
        done.append("cells are quoted only where they must be")
    return tuple(done) or ("written in canonical form",)


def _replace(resource: Resource, file: Path, before: bytes, after: bytes, arranged: Arranged) -> None:
    """The file with its new content, once that was read back and is proven to hold the same values."""
    target = file.resolve()
    staged = target.with_name(f".{target.name}.fmt-{os.getpid()}")
    try:
        with staged.open("wb") as handle:
            handle.write(after)
            handle.flush()
            os.fsync(handle.fileno())
        shutil.copymode(target, staged)
        _prove(resource, file, staged, arranged)
        if target.read_bytes() != before:
            raise RefusalError(f"{file}: somebody changed it in the meantime", "run `deedbook fmt` again")
        staged.replace(target)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise SpaceError(f"the disk is full: {file} stays as it was", "free some space and try again") from None
        raise ProjectError(
            f"{file}: cannot be rewritten: {error.strerror}", "check the permissions of its folder"
        ) from None
    finally:
        staged.unlink(missing_ok=True)


def _prove(resource: Resource, old: Path, new: Path, arranged: Arranged) -> None:
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
