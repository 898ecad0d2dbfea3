"""Rules judged on typed rows: one Boolean a row, the rows that fail, and what their messages show."""

import string
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

import polars as pl

from deedbook.checking.findings import Group, Words
from deedbook.errors import RuleError
from deedbook.findings import nearest
from deedbook.rules.rule import Rule

FIX = "correct the rule file"
NO_ROW = pl.Series([None], dtype=pl.UInt32)
"""In place of row numbers: the table as a whole."""
_MEANT = "\0meant"
"""What `Rule.meant` gives, among the values of a rule; no field and no value is called so."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """Where one rule failed on one frame.

    Attributes:
        failing: Row numbers in the frame from 0, ascending (u32); a single null stands for the table as a whole.
        values: What messages need, one row per failing row, by placeholder; the cell of `rule.at` under its name.
        skipped: Rows that were not judged because a cell that the rule reads is bad.
    """

    rule: Rule
    failing: pl.Series
    values: pl.DataFrame
    skipped: int = 0

    def words(self, at: int) -> Words:
        """What to say of the n-th failing row; no value where the rule points at none."""
        row = self.values.row(at, named=True) if self.values.width else {}
        shown = {name: _text(value) for name, value in row.items()}
        value = None if row.get(self.rule.at) is None else shown[self.rule.at]
        meant = row.get(_MEANT)
        proposal = None if meant is None or _text(meant) == value else _text(meant)
        return Words(
            self.rule.message.format_map(shown), self.rule.hint.format_map(shown), value, proposal, proposal is not None
        )

    def group(self, field_number: int | None = None) -> Group:
        """The failing rows as findings of a table."""
        rule, rows = self.rule, self.failing.cast(pl.Int64).to_numpy()
        return Group(rule.id, rows, self.words, rule.severity, rule.column, field_number)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "nothing" if value is None else str(value)


def describe(error: BaseException) -> str:
    """An exception in one line, without the plan that polars adds."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".removesuffix(": ")


def fail(rule: Rule, problem: str) -> NoReturn:
    """Raises a `RuleError` that names the rule and where it is written."""
    raise RuleError(f"{rule.where or 'a rule file'}: the rule `{rule.id}` cannot be evaluated: {problem}", FIX)


def column_of(
    rule: Rule, part: pl.Expr | pl.Series, frame: pl.DataFrame, rows: pl.Series | None = None, what: str = ""
) -> pl.Series:
    """What a rule is or shows, on a frame or on these rows of it; whatever it raises, the rule is named."""
    try:
        column = part if isinstance(part, pl.Series) else frame.select(part.alias("part")).to_series()
        return column if rows is None else column.gather(rows)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        fail(rule, what + describe(error))


def demand_fields(rules: Iterable[Rule], table: str, fields: Collection[str]) -> None:
    """Proves that rules read, show and point at fields that there are.

    Raises:
        RuleError: for the first one that does not; with file, line and the nearest name.
    """
    for rule in (rule for rule in rules if rule.check is None):
        places = [(rule.at, "puts its findings at"), *((name, "reads") for name in sorted(_fields_of(rule)))]
        for name, what in places:
            if name and name not in fields and not name.startswith("^"):
                problem = f"{rule.where}: the rule `{rule.id}` {what} `{name}`, which is no field of `{table}`"
                raise RuleError(problem, f"{nearest(name, fields)} the fields are {', '.join(fields)}".lstrip())


def is_row_local(rule: Rule, schema: Mapping[str, pl.DataType]) -> bool:
    """Whether a rule gives the same verdict on any block of rows.

    `Expr.meta.is_row_separable` says so of `shift`, `mean` and `over` too (polars 2.1), so the optimiser is asked: it
    moves a slice below a projection only where every row stands for itself.
    """
    parts = _expressions(rule)
    if any((rule.check, rule.group, rule.reads, rule.at_most)) or len(parts) != 1 + len(rule.values) + (
        rule.meant is not None
    ):
        return False
    frame = pl.LazyFrame(schema=dict(schema))
    try:
        plans = [frame.select(part.alias("part")).slice(3, 7).explain() for part in parts]
    except pl.exceptions.PolarsError as error:
        fail(rule, describe(error))
    return all("SLICE[" not in plan for plan in plans)


def evaluate_rules(rules: Iterable[Rule], frame: pl.DataFrame, bad: Mapping[str, pl.Series]) -> tuple[RuleOutcome, ...]:
    """The rules that can be judged, judged on a typed frame whose bad cells are known."""
    ready = [rule for rule in rules if not rule.unmet and rule.check is None]
    return tuple(outcome_of(*judged, frame, bad) for judged in zip(ready, judge(ready, frame), strict=True))


def groups_on_rows(
    rules: Iterable[Rule], frame: pl.DataFrame, bad: Mapping[str, pl.Series]
) -> tuple[list[Group], Mapping[str, int]]:
    """What rules that look at one row find in a block, and how many rows each skipped."""
    outcomes, skipped = evaluate_rules(rules, frame, bad), Counter[str]()
    for outcome in outcomes:
        skipped[outcome.rule.id] += outcome.skipped
    return [outcome.group() for outcome in outcomes if len(outcome.failing)], skipped


def judge(rules: list[Rule], frame: pl.DataFrame) -> list[pl.Series]:
    """One Boolean series per rule, all expressions in one select.

    Every result is wrapped into a list first, so that a single value is seen instead of being repeated for every row.
    """
    lazy = {str(number): rule.passes.implode() for number, rule in enumerate(rules) if isinstance(rule.passes, pl.Expr)}
    try:
        found = frame.select(**lazy)
    except (Exception, SystemExit):
        for rule in rules:  # the first that cannot be evaluated alone is to blame
            column_of(rule, rule.passes, frame)
        raise
    verdicts = []
    for number, rule in enumerate(rules):
        verdict = rule.passes if isinstance(rule.passes, pl.Series) else found[str(number)][0]
        if len(verdict) != frame.height:
            fail(rule, f"it gives {len(verdict)} values for {frame.height} rows")
        if verdict.dtype not in (pl.Boolean, pl.Null):
            fail(rule, f"it gives {verdict.dtype}, not true or false")
        verdicts.append(verdict)
    return verdicts


def outcome_of(rule: Rule, verdict: pl.Series, frame: pl.DataFrame, bad: Mapping[str, pl.Series]) -> RuleOutcome:
    """The rows that fail; null passes, and rows with a bad cell that the rule reads are skipped."""
    mask = _mask(rule, frame, bad)
    skipped = 0 if mask is None else int(mask.sum())
    names = _placeholders(rule)  # of every rule, so that a wrong one is found early
    if unknown := names - rule.values.keys() - {*frame.columns}:
        fail(rule, f"its message names {{{min(unknown)}}}, which is neither a field nor among its values")
    if verdict.dtype == pl.Null or verdict.null_count() + int(verdict.sum()) == len(verdict):
        return RuleOutcome(rule, NO_ROW.clear(), pl.DataFrame(), skipped)
    failed = ~verdict if mask is None else ~verdict & ~mask
    failing = failed.fill_null(False).arg_true()
    limit = rule.at_most if isinstance(rule.at_most, int) else rule.at_most * (len(verdict) - skipped)
    if 0 < len(failing) <= limit:
        rule = replace(rule, severity="info")
    values = {}
    for name in sorted(names | ({rule.at} & {*frame.columns})):
        values[name] = column_of(rule, rule.values.get(name, pl.col(name)), frame, failing, f"its value `{name}`: ")
    if rule.meant is not None:
        values[_MEANT] = column_of(rule, rule.meant, frame, failing, "what it means: ")
    return RuleOutcome(rule, failing, pl.DataFrame(values), skipped)


def _mask(rule: Rule, frame: pl.DataFrame, bad: Mapping[str, pl.Series]) -> pl.Series | None:
    """The rows that are not judged: a cell that the rule reads is bad there, or in a row of the same group."""
    read = [] if rule.doubt is None else [rule.doubt.alias(" doubt")]
    read += [bad[name].alias(name) for name in sorted(columns_read([rule], frame.columns) & bad.keys())] if bad else []
    if not read:
        return None
    mask = pl.DataFrame(read).select(pl.any_horizontal(pl.all()).alias(" bad")).to_series()
    if rule.group:
        groups = frame.select(*rule.group).with_columns(mask)
        mask = groups.select(pl.col(" bad").any().over(rule.group)).to_series()
    return mask if mask.any() else None


def columns_read(rules: Iterable[Rule], names: Collection[str]) -> set[str]:
    """The fields of a table that any of the rules reads, shows or points at."""
    read = {name for rule in rules for name in {*_fields_of(rule), *_placeholders(rule) - rule.values.keys(), rule.at}}
    return read & {*names}


def _expressions(rule: Rule) -> list[pl.Expr]:
    """What the rule is and shows, but for series."""
    return [part for part in (rule.passes, *rule.values.values(), rule.meant) if isinstance(part, pl.Expr)]


def _fields_of(rule: Rule) -> set[str]:
    """The fields that are seen in the expressions of a rule, and those that it names."""
    return {name for part in _expressions(rule) for name in part.meta.root_names()} | {*rule.columns, *rule.group}


def _placeholders(rule: Rule) -> set[str]:
    """The names that the rule's message and hint need."""
    try:
        parts = [*string.Formatter().parse(rule.message), *string.Formatter().parse(rule.hint)]
    except ValueError as error:
        fail(rule, f"its message or hint has an unmatched brace ({error})")
    return {name for _, name, _, _ in parts if name is not None}
