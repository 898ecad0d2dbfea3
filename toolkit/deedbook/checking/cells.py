"""Every cell of a block against its field: one select of Boolean columns, then a look at what failed.

The acceptors say which cells are certainly fine. The texts of the others are judged exactly, once per distinct value. In a table of
many columns those that are declared alike are checked as one long column, so that a query costs once what each column did.
"""

import dataclasses
import functools
import operator
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from deedbook.checking.acceptors import PARSED, acceptor, parsed_number, proof
from deedbook.checking.constraints import Constraints, constraints_of
from deedbook.schema import Field
from deedbook.types import MISFIT, parser
from deedbook.types.kind import UNREADABLE, Parser, is_plain

Rows: TypeAlias = npt.NDArray[np.int64]
_REMEMBERED = 50_000
_FEW = 500
"""Distinct texts of a column in a block that are compared with those of earlier blocks."""
AT_ONCE = 500
"""Columns of one select; a plan of thousands takes more memory than the block."""
_SHORT = 24
"""Rows of so many columns that are sooner judged text by text."""
_LISTED = 1_000
"""Cells that are sooner told apart in Python, or too few to tell what a column is like."""
_SAMPLED = 8
"""Of so many rows of a block one is looked at to tell what a column is like."""
_TRIED = 20
"""Blocks that tell whether a column of the next one is likely to be proven."""
_MOST_STACKED = 1 << 20
"""Cells of one long column: more take more memory, and no less time for each."""

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
        number: The position of the column in the file.
    """

    field: Field
    missing: tuple[str, ...]
    parse: Parser
    constraints: Constraints
    native: bool = False
    number: int = 1

    @cached_property
    def narrow(self) -> list[bool]:
        """Whether it pays to look at each distinct text once; decided by the first block."""
        return []

    @cached_property
    def passed(self) -> set[str | None]:
        """Texts of a column with few of them that passed; shared by all blocks."""
        return set()

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
    def takes_empty(self) -> bool:
        """Whether an empty text, were it not missing, would be a value: else none is left where no cell had to be judged."""
        if self.problems(""):
            return False
        try:
            value = self.parse("")
        except UNREADABLE:
            return False
        return all(test("", value) for _, test in self.constraints.tests)

    @property
    def name(self) -> str:
        """The name of the field, and of the column in a block."""
        return self.field.name

    @cached_property
    def form(self) -> str:
        """What is the same for two columns of a file where a text passes in one if it does in the other."""
        it = self.field
        return repr((it.type, it.format, it.constraints, it.options, it.categories, self.missing, self.native))

    @cached_property
    def accepted(self) -> pl.Expr | None:
        """True where a present text is certainly fine; None when there is no fast path."""
        return acceptor(self.field, self.missing)

    @cached_property
    def parsed(self) -> pl.Expr | None:
        """A column that `fails` reads besides the text."""
        return parsed_number(self.field) if self.accepted is not None else None

    @cached_property
    def proof(self) -> pl.Expr | None:
        """True of a column without a cell that `fails`; None when only a look at each tells."""
        if self.native or self.accepted is None or self.is_any_text("unique"):
            return None
        holds = proof(self.field, self.missing)
        return holds & (pl.col(self.name).null_count() == 0) if self.problems("") else holds

    @cached_property
    def proofs(self) -> list[bool]:
        """Whether the column of each of the last blocks was proven; shared by all blocks."""
        return []

    @cached_property
    def fails(self) -> pl.Expr | None:
        """True where a cell has to be judged; None when no cell can be wrong."""
        text = pl.col(self.name)
        reasons = []
        if self.problems(""):
            reasons.append(text.is_null())
        if self.native:
            reasons.append(text.str.starts_with(MISFIT).fill_null(False))
        if self.accepted is None:
            reasons.append(text.is_not_null())
        elif not self.is_any_text("unique"):
            reasons.append(text.is_not_null() & ~self.accepted)
        return functools.reduce(operator.or_, reasons) if reasons else None

    def is_mostly_proven(self) -> bool:
        """Whether trying to prove a block's column pays: a failure costs a look at each cell besides."""
        return self.proof is not None and 2 * self.proofs.count(False) <= len(self.proofs) + 1

    def note(self, *, is_proven: bool) -> bool:
        """Remembers whether a column was proven, and says it."""
        self.proofs[:] = [*self.proofs[1 - _TRIED :], is_proven]
        return is_proven

    def is_any_text(self, *constraints: str) -> bool:
        """Whether the field takes any text, and has at most these constraints."""
        item = self.field
        plain = item.type == "any" or (item.type == "string" and is_plain(item))
        return plain and item.constraints.keys() <= set(constraints) and not item.categories

    def has_number(self, keep: Collection[str]) -> bool:
        """Whether the column's numbers are parsed, and among those to keep."""
        return self.parsed is not None and self.name in keep

    def is_narrow(self, frame: pl.DataFrame) -> bool:
        """Whether the column is expensive to check and has few distinct values, by a sample of the first block."""
        narrow = self.narrow  # read once: another thread may make it at the same time
        if not narrow:
            sample = frame[self.name].head(frame.height // _SAMPLED)
            few = len(sample) > _LISTED and sample.n_unique() <= 0.85 * len(sample)  # a third of the block, or fewer
            narrow.append(few and not self.is_any_text("required", "unique"))
        return narrow[0]

    def has_passed(self, values: pl.Series) -> bool:
        """Whether these are few texts that all passed before."""
        return len(values) <= _FEW and self.passed.issuperset(values.to_list())

    @cached_property
    def verdict(self) -> Callable[[str | None], tuple[Problem, ...]]:
        """What is wrong with a text, remembered for all blocks."""
        return lru_cache(maxsize=_REMEMBERED)(self.problems)


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
        filled: The columns in which no cell holds an empty text; one without a value is null.
    """

    failures: list[CellFailure] = dataclasses.field(default_factory=list)
    numbers: dict[str, pl.Series] = dataclasses.field(default_factory=dict)
    distinct: dict[str, pl.Series] = dataclasses.field(default_factory=dict)
    filled: set[str] = dataclasses.field(default_factory=set)


def plan_field(
    item: Field, missing: tuple[str, ...], where: str, *, number: int = 1, lenient: bool = False, native: bool = False
) -> FieldPlan:
    """How one field is checked.

    Args:
        item: The field.
        missing: The texts that mean "no value" in it.
        where: The schema's place, for messages.
        number: The position of its column in the file.
        lenient: Accept what frictionless-py accepts.
        native: The source has types of its own, so a text may be marked as one that does not fit.

    Raises:
        ProjectError: when a constraint is declared with something that is no value of the field.
    """
    parse = parser(item, lenient=lenient)
    return FieldPlan(item, missing, parse, constraints_of(item, parse, where), native, number)


def check_cells(
    frame: pl.DataFrame,
    plans: Sequence[FieldPlan],
    excused: Mapping[str, Rows],
    keep: Collection[str] = (),
    suspected: Mapping[str, pl.Series] | None = None,
) -> CheckedCells:
    """Checks the cells of a block.

    Args:
        frame: The block's text columns, named after their fields.
        plans: How each column is checked.
        excused: Rows per column that are not judged, because the record is ragged, blank or no UTF-8 there.
        keep: Fields whose parsed numbers are wanted, where the checks parse them.
        suspected: The columns of which a cell has to be judged, with a mask of those cells, where that is known already.
    """
    checked = CheckedCells()
    masks = suspected
    if masks is None:
        masks = _suspected(frame, plans, keep, checked) if frame.height else {}
    checked.filled.update(plan.name for plan in plans if plan.name not in masks and not plan.takes_empty)
    for plan in (plan for plan in plans if plan.name in masks):
        fails = masks[plan.name].to_numpy().copy()
        fails[excused.get(plan.name, [])] = False
        column = frame[plan.name]
        texts = column if fails.all() else column.filter(pl.Series(fails))  # of many columns a copy each takes long
        checked.failures.extend(_judge(plan, np.flatnonzero(fails), texts))
    return checked


def _suspected(
    frame: pl.DataFrame, plans: Sequence[FieldPlan], keep: Collection[str], checked: CheckedCells
) -> dict[str, pl.Series]:
    """The columns of which a cell has to be judged, with a mask of those cells; `checked` gets what else was seen."""
    masks: dict[str, pl.Series] = {}
    stacks, others = _stacks(frame, plans, keep)
    for stack in stacks:
        masks.update(_suspected_of_stack(frame, stack))
    if len(others) > AT_ONCE and frame.height <= _SHORT:
        return masks | _suspected_of_record(frame, others)
    others = [plan for plan in others if plan.fails is not None]
    suspected = _suspected_of_few if frame.height <= _LISTED else _suspected_of_many
    for start in range(0, len(others), AT_ONCE):
        masks.update(suspected(frame, others[start : start + AT_ONCE], keep, checked))
    return masks


def _stacks(
    frame: pl.DataFrame, plans: Sequence[FieldPlan], keep: Collection[str]
) -> tuple[list[Sequence[FieldPlan]], list[FieldPlan]]:
    """The columns that are checked as one, and the others; a tall one may have so few distinct texts that these are checked."""
    if frame.height > _SAMPLED * _LISTED:
        return [], list(plans)
    forms, stacks, others = defaultdict[str, list[FieldPlan]](list), list[Sequence[FieldPlan]](), list[FieldPlan]()
    for plan in plans:
        (others if plan.name in keep else forms[plan.form]).append(plan)
    most = max(_MOST_STACKED // frame.height, 1)
    for alike in forms.values():
        if len(alike) == 1:  # a query of its own takes less than a second column of a common one
            others += alike
        elif alike[0].fails is not None:
            stacks += (alike[at : at + most] for at in range(0, len(alike), most))
    return stacks, others


def _suspected_of_stack(frame: pl.DataFrame, stack: Sequence[FieldPlan]) -> dict[str, pl.Series]:
    """The columns of which a cell has to be judged, with a mask, each checked as a part of one long column."""
    first, height = stack[0], frame.height
    long = pl.concat([frame[plan.name] for plan in stack], rechunk=True).alias(first.name).to_frame()
    if first.is_mostly_proven() and first.note(is_proven=select(long, [], lambda fails: fails, [], [first]).item()):
        return {}
    fails = select(long, [first], lambda fails: fails).to_series()
    if not fails.any():
        return {}
    failing = np.flatnonzero(fails.to_numpy().reshape(len(stack), height).any(axis=1)).tolist()
    return {stack[at].name: fails.slice(at * height, height) for at in failing}


def _suspected_of_record(frame: pl.DataFrame, checks: Sequence[FieldPlan]) -> dict[str, pl.Series]:
    """The columns of which a cell fails, with a mask, each text judged: sooner done than planning a query of thousands."""
    columns = {plan.name: [bool(plan.problems(text)) for text in frame[plan.name].to_list()] for plan in checks}
    return {name: pl.Series(fails) for name, fails in columns.items() if any(fails)}


def _suspected_of_few(
    frame: pl.DataFrame, checks: Sequence[FieldPlan], keep: Collection[str], checked: CheckedCells
) -> dict[str, pl.Series]:
    """The same by one query even if nothing fails."""
    kept = [plan.name for plan in checks if plan.has_number(keep)]
    found = select(frame, checks, lambda fails: fails, [pl.col(PARSED + name) for name in kept])
    checked.numbers.update({name: found[PARSED + name] for name in kept})
    return {plan.name: found[plan.name] for plan in checks if found[plan.name].any()}


def _suspected_of_many(
    frame: pl.DataFrame, checks: Sequence[FieldPlan], keep: Collection[str], checked: CheckedCells
) -> dict[str, pl.Series]:
    """The same of many rows, with the distinct values of narrow columns; `checked` gets what else was seen."""
    ways = _Ways()
    for plan in checks:
        way = ways.narrow if plan.name not in keep and plan.is_narrow(frame) else ways.others
        (ways.proven if way is ways.others and plan.is_mostly_proven() else way).append(plan)
    seen = _seen(frame, ways, keep, checked)
    doubtful = [plan for plan in ways.proven if not plan.note(is_proven=seen[plan.name])]
    failed = [*_failed_values(checked.distinct, ways.narrow), *doubtful]
    masks = {plan.name: seen[plan.name] for plan in ways.others}
    masks |= select(frame, failed, lambda fails: fails).to_dict() if failed else {}
    return {name: mask for name, mask in masks.items() if mask.any()}


@dataclass(frozen=True, slots=True)
class _Ways:
    """The columns of which each distinct text is looked at, those that are proven as a whole, and those of which each cell is looked at."""

    narrow: list[FieldPlan] = dataclasses.field(default_factory=list)
    proven: list[FieldPlan] = dataclasses.field(default_factory=list)
    others: list[FieldPlan] = dataclasses.field(default_factory=list)


def _seen(frame: pl.DataFrame, ways: _Ways, keep: Collection[str], checked: CheckedCells) -> dict[str, Any]:
    """A mask of the cells of each column, whether it was proven, or its distinct texts, by one query."""
    kept = [plan.name for plan in (*ways.proven, *ways.others) if plan.has_number(keep)]
    more = [pl.col(plan.name).unique().implode() for plan in ways.narrow]
    more += [pl.col(PARSED + name).implode() for name in kept]
    found = select(frame, ways.others, lambda fails: fails.implode(), more, ways.proven)
    seen = {column.name: column.item() for column in found}
    checked.numbers.update({name: seen[PARSED + name] for name in kept})
    checked.distinct.update({plan.name: seen[plan.name].alias(plan.name) for plan in ways.narrow})
    return seen


def _failed_values(values: Mapping[str, pl.Series], plans: Sequence[FieldPlan]) -> list[FieldPlan]:
    """The plans of the columns of which a value fails; each has its distinct values, and the first again to be as long as others.

    A few that passed in earlier blocks need no second look.
    """
    unknown = [plan for plan in plans if not plan.has_passed(values[plan.name])]
    if not unknown:
        return []
    texts = [values[plan.name] for plan in unknown]
    longest = max(map(len, texts))
    padded = pl.DataFrame([item.clone().append(item.new_from_index(0, longest - len(item))) for item in texts])
    flags = select(padded, unknown, lambda fails: fails.any()).row(0)
    for plan, item, fails in zip(unknown, texts, flags, strict=True):
        if not fails and len(item) <= _FEW and len(plan.passed) < _REMEMBERED:
            plan.passed.update(item.to_list())
    return [plan for plan, fails in zip(unknown, flags, strict=True) if fails]


def select(
    frame: pl.DataFrame,
    plans: Sequence[FieldPlan],
    shape: Callable[[pl.Expr], pl.Expr],
    more: Sequence[pl.Expr] = (),
    proven: Sequence[FieldPlan] = (),
) -> pl.DataFrame:
    """A column for each plan: what `shape` makes of its Boolean expression; then `more`, which may read parsed numbers, and proofs."""
    parsed = [plan.parsed for plan in (*plans, *proven) if plan.parsed is not None]
    columns = [shape(plan.fails).alias(plan.name) for plan in plans if plan.fails is not None]
    proofs = [plan.proof.alias(plan.name) for plan in proven if plan.proof is not None]
    query = frame.lazy().with_columns(parsed).select([*columns, *more, *proofs])
    return query.collect(engine="in-memory", optimizations=AS_WRITTEN)


AS_WRITTEN = pl.QueryOptFlags.none()
"""What is shared is named already; looking for more costs a tenth of the time, and as long as the query itself in a small block."""


def _judge(plan: FieldPlan, rows: Rows, texts: pl.Series) -> list[CellFailure]:
    """The failures among the suspected cells of one column, one for each problem that occurs."""
    distinct = set((texts if len(texts) < _LISTED else texts.unique()).to_list())
    judge = plan.problems if len(distinct) == 1 else plan.verdict  # which takes a kilobyte to remember what it says
    verdicts = {text: judge(text) for text in distinct}
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
