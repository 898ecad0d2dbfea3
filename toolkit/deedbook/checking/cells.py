"""Every cell of a block against its field: one select of Boolean columns, then a look at what failed.

The acceptors say which cells are certainly fine. The texts of the others are judged exactly, once per distinct value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.checking.accepting import acceptor, parsed_number
from deedbook.checking.header import Column
from deedbook.checking.judging import Judge, Problem, judge_of
from deedbook.reading.native import MISFIT
from deedbook.schema import Field, TableSchema

Rows = npt.NDArray[np.int64]
_REMEMBERED = 50_000
_AT_ONCE = 500
"""Columns of one select; a plan of thousands takes more memory than the block."""
_LISTED = 1_000
"""Cells that are sooner told apart in Python."""


@dataclass(frozen=True)
class FieldPlan:
    """How one column is checked.

    Attributes:
        fails: True where a cell has to be judged; None when no cell can be wrong.
        parsed: A column that `fails` reads besides the text.
        verdicts: Texts already judged; shared by all blocks, bounded.
    """

    column: Column
    field: Field
    judge: Judge
    fails: pl.Expr | None
    parsed: pl.Expr | None = None
    verdicts: dict[str | None, tuple[Problem, ...]] = dataclasses.field(default_factory=dict)

    def verdict(self, text: str | None) -> tuple[Problem, ...]:
        """What is wrong with the text."""
        known = self.verdicts.get(text)
        if known is None:
            known = self.judge(text)
            if len(self.verdicts) < _REMEMBERED:
                self.verdicts[text] = known
        return known


@dataclass(frozen=True, slots=True)
class CellFailure:
    """The cells of one column and block that break one rule: aligned rows (in the block, rising) and texts."""

    problem: Problem
    plan: FieldPlan
    rows: Rows
    texts: pl.Series


def plan_fields(
    columns: Sequence[Column], schema: TableSchema, where: str, *, lenient: bool = False, native: bool = False
) -> list[FieldPlan]:
    """The plan of every column that a field describes.

    Args:
        columns: The columns of the file, each with the field that describes it.
        schema: Says which texts mean "no value".
        where: The schema's place, for messages.
        lenient: Accept what frictionless-py accepts.
        native: The source has types of its own, so a text may be marked as one that does not fit.

    Raises:
        ProjectError: when a constraint is declared wrongly.
    """
    return [
        _plan_field(column, column.field, schema.missing_of(column.field), where, lenient=lenient, native=native)
        for column in columns
        if column.field is not None
    ]


def _plan_field(
    column: Column, item: Field, missing: tuple[str, ...], where: str, *, lenient: bool, native: bool
) -> FieldPlan:
    judge = judge_of(item, missing, where, lenient=lenient)
    text = pl.col(item.name)
    accepted = acceptor(item, missing)
    empty_is_fine = not judge("")
    if accepted is None:
        fails = text.is_not_null()
    elif _accepts_all(item):
        fails = None
    else:
        fails = text.is_not_null() & ~accepted.fill_null(False)
    if native:
        misfits = text.str.starts_with(MISFIT).fill_null(False)
        fails = misfits if fails is None else misfits | fails
    if not empty_is_fine:
        fails = text.is_null() if fails is None else text.is_null() | fails
    return FieldPlan(column, item, judge, fails, parsed_number(item) if accepted is not None else None)


def _accepts_all(item: Field) -> bool:
    """Whether no present text can be wrong."""
    checked = set(item.constraints) - {"unique"}
    plain = item.type == "any" or (item.type == "string" and item.format in {"default", ""})
    return plain and not checked and not item.categories


def check_cells(frame: pl.DataFrame, plans: Sequence[FieldPlan], excused: Mapping[str, Rows]) -> list[CellFailure]:
    """The cells of a block that break a rule, in column order.

    Args:
        frame: The block's text columns, named after their fields.
        plans: How each column is checked.
        excused: Rows per column that are not judged, because the record is ragged, blank or no UTF-8 there.
    """
    checks = [plan for plan in plans if plan.fails is not None]
    if len(checks) > _AT_ONCE:
        parts = (checks[start : start + _AT_ONCE] for start in range(0, len(checks), _AT_ONCE))
        return [failure for part in parts for failure in check_cells(frame, part, excused)]
    if not checks or not frame.height:
        return []
    flags = _select(frame, checks, lambda fails: fails.any())
    failed = [plan for plan, flag in zip(checks, flags.row(0), strict=True) if flag]
    if not failed:
        return []
    masks = _select(frame, failed, lambda fails: fails)
    failures: list[CellFailure] = []
    for plan, mask in zip(failed, masks.iter_columns(), strict=True):
        rows = np.flatnonzero(mask.to_numpy())
        if (pardoned := excused.get(plan.field.name)) is not None:
            rows = rows[~np.isin(rows, pardoned)]
        failures += _judge(plan, rows, frame[plan.field.name].gather(rows))
    return failures


def _select(frame: pl.DataFrame, plans: Sequence[FieldPlan], shape: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """A column for each plan: what `shape` makes of its Boolean expression."""
    parsed = [plan.parsed for plan in plans if plan.parsed is not None]
    columns = [shape(plan.fails).alias(str(at)) for at, plan in enumerate(plans) if plan.fails is not None]
    return frame.lazy().with_columns(parsed).select(columns).collect(optimizations=_NO_SEARCH)


_NO_SEARCH = pl.QueryOptFlags(comm_subexpr_elim=False)
"""What is shared is named already; looking for more costs a tenth of the time."""


def _judge(plan: FieldPlan, rows: Rows, texts: pl.Series) -> list[CellFailure]:
    """The failures among the suspected cells of one column, one for each problem that occurs."""
    distinct = set((texts if len(texts) < _LISTED else texts.unique()).to_list())
    verdicts = {text: plan.verdict(text) for text in distinct}
    problems = sorted({problem for found in verdicts.values() for problem in found}, key=str)
    failures = []
    for problem in problems:
        guilty = [text for text, found in verdicts.items() if problem in found]
        if len(guilty) == len(distinct):
            failures.append(CellFailure(problem, plan, rows, texts))
            continue
        mask = texts.is_in(pl.Series(guilty, dtype=pl.String).implode(), nulls_equal=True)
        failures.append(CellFailure(problem, plan, rows[mask.to_numpy()], texts.filter(mask)))
    return failures
