"""Every cell of a block against its field: one select of Boolean columns, then a look at what failed.

The acceptors say which cells are certainly fine. The texts of the others are judged exactly, once per distinct value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import not_
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from deedbook.checking.constraints import Constraints, constraints_of
from deedbook.checking.fast_path import PARSED, acceptor, parsed_number
from deedbook.checking.header import Column
from deedbook.schema import Field, TableSchema
from deedbook.types import MISFIT, parser
from deedbook.types.kind import UNREADABLE, Parser

if TYPE_CHECKING:
    import numpy.typing as npt

Rows: TypeAlias = "npt.NDArray[np.int64]"
_REMEMBERED = 50_000
_FEW = 500
"""Distinct texts of a column in a block that are compared with those of earlier blocks."""
_AT_ONCE = 500
"""Columns of one select; a plan of thousands takes more memory than the block."""
_SHORT = 24
"""Rows of so many columns that are sooner judged text by text."""
_LISTED = 1_000
"""Cells that are sooner told apart in Python, or too few to tell what a column is like."""


Problem = tuple[str, str | None]
"""The rule that a text breaks, and the constraint when the rule is `constraint-error`."""

TYPE_ERROR: Problem = ("type-error", None)
REQUIRED: Problem = ("constraint-error", "required")


@dataclass(frozen=True)
class FieldPlan:
    """How one column is checked.

    Attributes:
        missing: The texts that mean "no value".
        parse: The exact parser of the field.
        constraints: What the field declares, as tests.
        native: The source has types of its own, so a text may be marked as one that does not fit.
        verdicts: Texts already judged; shared by all blocks, bounded.
        narrow: Whether it pays to look at each distinct text once; decided by the first block.
        passed: Texts of a column with few of them that passed; shared by all blocks.
    """

    column: Column
    field: Field
    missing: tuple[str, ...]
    parse: Parser
    constraints: Constraints
    native: bool = False
    verdicts: dict[str | None, tuple[Problem, ...]] = dataclasses.field(default_factory=dict)
    narrow: list[bool] = dataclasses.field(default_factory=list)
    passed: set[str | None] = dataclasses.field(default_factory=set)

    def problems(self, text: str | None) -> tuple[Problem, ...]:
        """What is wrong with a text, exactly; None and the missing values mean that there is no value."""
        text = text or ""
        if self.native and text.startswith(MISFIT):
            return (TYPE_ERROR,)
        if text in self.missing:
            return (REQUIRED,) if self.field.required else ()
        try:
            value = self.parse(text)
        except UNREADABLE:
            return (TYPE_ERROR,)
        return tuple(("constraint-error", name) for name, test in self.constraints.tests if not test(text, value))

    @cached_property
    def accepted(self) -> pl.Expr | None:
        """True where a present text is certainly fine; None when there is no fast path."""
        return acceptor(self.field, self.missing)

    @cached_property
    def parsed(self) -> pl.Expr | None:
        """A column that `fails` reads besides the text."""
        return parsed_number(self.field) if self.accepted is not None else None

    @cached_property
    def fails(self) -> pl.Expr | None:
        """True where a cell has to be judged; None when no cell can be wrong."""
        text = pl.col(self.field.name)
        if self.accepted is None:
            fails = text.is_not_null()
        elif _is_plain(self.field, {"unique"}):
            fails = None
        else:
            fails = text.is_not_null() & ~self.accepted
        if self.native:
            misfits = text.str.starts_with(MISFIT).fill_null(False)
            fails = misfits if fails is None else misfits | fails
        if self.problems(""):
            fails = text.is_null() if fails is None else text.is_null() | fails
        return fails

    def is_narrow(self, frame: pl.DataFrame) -> bool:
        """Whether the column is expensive to check and has few distinct values, by a sample of the first block."""
        if not self.narrow:
            sample = frame[self.field.name].head(frame.height // 8)
            few = len(sample) > _LISTED and sample.n_unique() <= 0.85 * len(sample)  # a third of the block, or fewer
            self.narrow.append(few and not _is_plain(self.field, {"required", "unique"}))
        return self.narrow[0]

    def has_passed(self, values: pl.Series) -> bool:
        """Whether these are few texts that all passed before."""
        return len(values) <= _FEW and self.passed.issuperset(values.to_list())

    def verdict(self, text: str | None) -> tuple[Problem, ...]:
        """What is wrong with the text."""
        known = self.verdicts.get(text)
        if known is None:
            known = self.problems(text)
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


@dataclass(frozen=True, slots=True)
class CheckedCells:
    """What the cells of a block gave.

    Attributes:
        failures: The cells that break a rule, in column order.
        numbers: The numbers of the fields to keep, where the checks parse them.
        distinct: Of each column with few distinct texts, those texts, each once.
    """

    failures: list[CellFailure] = dataclasses.field(default_factory=list)
    numbers: dict[str, pl.Series] = dataclasses.field(default_factory=dict)
    distinct: dict[str, pl.Series] = dataclasses.field(default_factory=dict)

    def extend(self, other: CheckedCells) -> None:
        """Adds what other columns of the block gave."""
        self.failures.extend(other.failures)
        self.numbers.update(other.numbers)
        self.distinct.update(other.distinct)


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
        plan_field(column.field, schema.missing_of(column.field), where, lenient=lenient, native=native, column=column)
        for column in columns
        if column.field is not None
    ]


def plan_field(
    item: Field,
    missing: tuple[str, ...],
    where: str,
    *,
    lenient: bool = False,
    native: bool = False,
    column: Column | None = None,
) -> FieldPlan:
    """How one field is checked.

    Raises:
        ProjectError: when a constraint is declared with something that is no value of the field.
    """
    parse = parser(item, lenient=lenient)
    column = column or Column(1, item.name, item.name, item)
    return FieldPlan(column, item, missing, parse, constraints_of(item, parse, where), native)


def _is_plain(item: Field, constraints: Collection[str]) -> bool:
    """Whether a field is any text, and has at most these constraints."""
    plain = item.type == "any" or (item.type == "string" and item.format in {"default", ""})
    return plain and item.constraints.keys() <= set(constraints) and not item.categories


def check_cells(
    frame: pl.DataFrame, plans: Sequence[FieldPlan], excused: Mapping[str, Rows], keep: Collection[str] = ()
) -> CheckedCells:
    """Checks the cells of a block.

    Args:
        frame: The block's text columns, named after their fields.
        plans: How each column is checked.
        excused: Rows per column that are not judged, because the record is ragged, blank or no UTF-8 there.
        keep: Fields whose parsed numbers are wanted, where the checks parse them.
    """
    if len(plans) > _AT_ONCE and frame.height <= _SHORT:
        return CheckedCells([failure for plan in plans for failure in _judge_each(plan, frame, excused)])
    checks = [plan for plan in plans if plan.fails is not None]
    checked = CheckedCells()
    for start in range(0, len(checks) if frame.height else 0, _AT_ONCE):
        checked.extend(_check_at_once(frame, checks[start : start + _AT_ONCE], excused, keep))
    return checked


def _check_at_once(
    frame: pl.DataFrame, checks: Sequence[FieldPlan], excused: Mapping[str, Rows], keep: Collection[str]
) -> CheckedCells:
    """Checks the cells of some columns."""
    masks, checked = _suspected(frame, checks, keep)
    for plan in (plan for plan in checks if plan.field.name in masks):
        mask = masks[plan.field.name]
        if (pardoned := excused.get(plan.field.name)) is not None:
            fails = mask.to_numpy().copy()
            fails[pardoned] = False
            mask = pl.Series(fails)
        checked.failures.extend(_judge(plan, np.flatnonzero(mask.to_numpy()), frame[plan.field.name].filter(mask)))
    return checked


def _judge_each(plan: FieldPlan, frame: pl.DataFrame, excused: Mapping[str, Rows]) -> list[CellFailure]:
    """The failures of one column of a few rows, each of its texts judged: sooner done than planning a query of it."""
    texts = frame[plan.field.name]
    rows = [row for row, text in enumerate(texts.to_list()) if plan.verdict(text)]
    if rows and (pardoned := excused.get(plan.field.name)) is not None:
        rows = sorted(set(rows).difference(pardoned.tolist()))
    return _judge(plan, np.array(rows, np.int64), texts[rows]) if rows else []


def _suspected(
    frame: pl.DataFrame, checks: Sequence[FieldPlan], keep: Collection[str]
) -> tuple[dict[str, pl.Series], CheckedCells]:
    """The columns of which a cell has to be judged, with a mask of those cells; and what else was seen."""
    is_small = frame.height <= _LISTED
    are_narrow = [not is_small and plan.field.name not in keep and plan.is_narrow(frame) for plan in checks]
    narrow = list(compress(checks, are_narrow))
    wide = list(compress(checks, map(not_, are_narrow)))
    kept = [plan.field.name for plan in wide if plan.parsed is not None and plan.field.name in keep]
    if is_small:  # one query does, even if nothing fails
        found = _select(frame, checks, lambda fails: fails, [pl.col(PARSED + name) for name in kept])
        names = [plan.field.name for plan in checks if found[plan.field.name].any()]
        return {name: found[name] for name in names}, CheckedCells(numbers={it: found[PARSED + it] for it in kept})
    values = (pl.col(plan.field.name).unique().implode() for plan in narrow)
    numbers = (pl.col(PARSED + name).implode() for name in kept)
    seen = _select(frame, wide, lambda fails: fails.implode(), (*values, *numbers))  # one row of lists
    masks = {plan.field.name: mask for plan in wide if (mask := seen[plan.field.name].item()).any()}
    distinct = {plan.field.name: seen[plan.field.name].item().alias(plan.field.name) for plan in narrow}
    failed = _failed_values(list(distinct.values()), narrow)
    if failed:
        guilty = [plan for plan in narrow if plan.field.name in failed]
        masks |= _select(frame, guilty, lambda fails: fails).to_dict()
    return masks, CheckedCells(numbers={it: seen[PARSED + it].item() for it in kept}, distinct=distinct)


def _failed_values(values: Sequence[pl.Series], plans: Sequence[FieldPlan]) -> set[str]:
    """The columns of which a value fails; each has its distinct values once, and the first again to be as long as the others.

    A few that passed in earlier blocks need no second look.
    """
    open_ = [(item, plan) for item, plan in zip(values, plans, strict=True) if not plan.has_passed(item)]
    if not open_:
        return set()
    longest = max(len(item) for item, _ in open_)
    padded = [item.clone().append(item.new_from_index(0, longest - len(item))) for item, _ in open_]
    flags = _select(pl.DataFrame(padded), [plan for _, plan in open_], lambda fails: fails.any())
    failed = {name for name, flag in zip(flags.columns, flags.row(0), strict=True) if flag}
    for item, plan in open_:
        if plan.field.name not in failed and len(item) <= _FEW and len(plan.passed) < _REMEMBERED:
            plan.passed.update(item.to_list())
    return failed


def _select(
    frame: pl.DataFrame, plans: Sequence[FieldPlan], shape: Callable[[pl.Expr], pl.Expr], more: Sequence[pl.Expr] = ()
) -> pl.DataFrame:
    """A column for each plan: what `shape` makes of its Boolean expression; then `more`, which may read parsed numbers."""
    parsed = [plan.parsed for plan in plans if plan.parsed is not None]
    columns = [shape(plan.fails).alias(plan.field.name) for plan in plans if plan.fails is not None]
    query = frame.lazy().with_columns(parsed).select([*columns, *more])
    return query.collect(engine="in-memory", optimizations=_NO_SEARCH)


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
