"""A project of a model whose tables have rows that exist, in place of the model's sample."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from deedbook import models
from deedbook.descriptor import Resource, read_resource
from deedbook.edits import Cells, UnmendableError, read_cells, reason_to_leave, to_bytes
from deedbook.errors import ProjectError
from deedbook.findings import listed
from deedbook.scaffold import Created, create

if TYPE_CHECKING:
    from deedbook.drafts import Draft, TableDraft

_LIKE = 0.6
"""The share of its columns that a table has in common with one of the model."""


def create_filled(folder: Path, model: str, draft: Draft, *, name: str = "") -> tuple[Created, list[str]]:
    """A dataset project of a model at `folder`, whose tables are those of a draft; and what of the draft has no place in it.

    A table that the draft has not is empty.

    Raises:
        ProjectError: when no table is like one of the model, two are like the same, or one cannot be read.
        RefusalError: when there is something already.
    """
    tables = models.tables_of(model)
    matched, left = _matched(model, tables, draft)

    def fill(root: Path) -> None:
        for table in tables:
            names = table.described.names
            cells = matched.get(table.name) or Cells(names, pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
            (root / "datapackage" / table.paths[0]).write_bytes(to_bytes(cells, table.dialect.delimiter))

    return create(folder, name=name, model=model, fill=fill), left


def _matched(model: str, tables: tuple[Resource, ...], draft: Draft) -> tuple[Mapping[str, Cells], list[str]]:
    """The cells of the tables of the model that tables of a draft are like, and those that are like none."""
    found, left = dict[str, Cells](), list[str]()
    for own in draft.tables:
        best = max(tables, key=lambda table: _likeness(own, table))
        place = own.origin or own.paths[0]
        if _likeness(own, best) < _LIKE or not best.dialect.header:
            known = listed(list(best.described.names), 5)
            left.append(
                f"{place}: its columns are those of no table of the model `{model}` (`{best.name}` has {known})"
            )
        elif best.name in found:
            raise ProjectError(
                f"{place}: another file is the table `{best.name}` already", "give one file for each table"
            )
        else:
            found[best.name] = _cells_of(own, draft.root)
    if not found:
        raise ProjectError("; ".join(left), "leave --model out, or name the columns as the model does")
    return found, left


def _likeness(own: TableDraft, table: Resource) -> float:
    """The share of the columns of a table, or of the model's, that both have."""
    names = {*table.described.names}
    return len(own.columns.keys() & names) / max(min(len(own.columns), len(names)), 1)


def _cells_of(own: TableDraft, root: Path) -> Cells:
    """The cells of a table that a person can edit.

    Raises:
        ProjectError: when nobody can.
    """
    resource = read_resource(own.raw, root, where=own.paths[0])
    try:
        if reason := reason_to_leave(resource):
            raise UnmendableError(f"it {reason}")
        return read_cells(resource, resource.files[0])
    except UnmendableError as error:
        raise ProjectError(f"{own.origin or own.paths[0]}: {error}", "mend the file, or leave it out") from None
