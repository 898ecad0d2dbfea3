"""A project's rules on its tables: block by block where a rule looks at one row, on whole tables where it looks further.

A rule across tables is a series that the project's own code made, so which cells of other tables it rests on cannot be read
from it. Where tables have bad cells it is found out: the code runs again on tables in which these cells are other ones, and
the rows whose verdict or message changes with them are skipped, and no others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from deedbook.checking.block import TypedRows
from deedbook.checking.findings import Records
from deedbook.checking.group import Group, Words
from deedbook.checking.plan import RowRules, RulePlan
from deedbook.checking.rulefiles import nearest
from deedbook.checking.rules import Frames, RuleBook, TableRules, evaluate
from deedbook.checking.table import TableOutcome
from deedbook.checking.verdicts import (
    Evaluation,
    RuleOutcome,
    columns_read,
    demand_fields,
    evaluate_rules,
    is_row_local,
    judge,
    render,
)
from deedbook.descriptor import Resource
from deedbook.errors import RuleError
from deedbook.findings import Check, Finding, NotChecked
from deedbook.rules.rule import Rule
from deedbook.schema import TableSchema
from deedbook.types import dtype_of

_STAND_INS = 2
"""How many good values of a column stand in for its bad ones in turn; with one alone a verdict may be the same by chance."""


def plan_rules(book: RuleBook, resource: Resource) -> RulePlan:
    """How the rules of a table run. A project with rules across tables keeps every table's typed rows.

    Raises:
        RuleError: when a rule reads or names a field that there is not.
    """
    table, schema = resource.name, resource.schema or TableSchema(())
    rules = book.tables.get(table, TableRules())
    if schema.fields:
        demand_fields(rules.rules, table, schema.names)
    demand_distinct(table, rules.all_rules)
    types = {item.name: dtype_of(item) for item in schema.fields}
    ready = [rule for rule in rules.rules if not rule.unmet]
    needs_all = book.dataset is not None or rules.checks or rules.bare
    if needs_all or not all(is_row_local(rule, types) for rule in ready):
        return RulePlan(schema.names, keeps_typed=True)
    return (
        RulePlan(tuple(sorted(columns_read(ready, schema.names))), row_rules=_row_rules(ready)) if ready else RulePlan()
    )


def demand_distinct(table: str, rules: Sequence[Rule]) -> None:
    """Proves that an id means one thing in a table: one severity, and one message, which may stand at several fields.

    Raises:
        RuleError: for the second of two rules with one id.
    """
    seen: dict[str, Rule] = {}
    places: set[tuple[str, str]] = set()
    for rule in rules:
        first = seen.setdefault(rule.id, rule)
        says = [item.message.replace(f"{{{item.at}}}", "{}") for item in (first, rule)]
        is_other = first is not rule and (says[0] != says[1] or first.severity != rule.severity)
        if is_other or (rule.id, rule.at) in places:
            problem = f"two rules of `{table}` have the id `{rule.id}` (the first: {first.where})"
            raise RuleError(f"{rule.where}: {problem}", "waivers and reports name a rule by its id: give one a new id")
        places.add((rule.id, rule.at))


def _row_rules(rules: Sequence[Rule]) -> RowRules:
    def run(frame: pl.DataFrame, bad: Mapping[str, pl.Series]) -> tuple[list[Group], Mapping[str, int]]:
        outcomes = evaluate_rules(rules, frame, bad).outcomes
        skipped: dict[str, int] = {}
        for outcome in outcomes:
            skipped[outcome.rule.id] = skipped.get(outcome.rule.id, 0) + outcome.skipped
        return [_group(outcome) for outcome in outcomes if len(outcome.failing)], skipped

    return run


def _group(outcome: RuleOutcome) -> Group:
    rule = outcome.rule
    rows = outcome.failing.cast(pl.Int64).to_numpy()
    return Group(rule.id, rows, lambda at: Words(*render(outcome, at)), severity=rule.severity, column=rule.at or None)


@dataclass(frozen=True, slots=True)
class _Whole:
    """All typed rows of a table, and where they stand."""

    frame: pl.DataFrame
    bad: Mapping[str, pl.Series]
    records: Records


def judge_tables(book: RuleBook, outcomes: Mapping[str, TableOutcome], created: dt.date | None) -> set[str]:
    """Runs every rule that did not run on blocks, reports what it finds, and gives the ids of all rules that were judged.

    Raises:
        RuleError: when a rule raises.
    """
    wholes = {name: _whole(outcome) for name, outcome in outcomes.items() if outcome.plan.rules.keeps_typed}
    across = _rules_across(book, wholes, outcomes, created)
    known = [guard.id for guard in book.guards]
    ran: set[str] = set()
    for name, outcome in outcomes.items():
        own, further = book.tables.get(name, TableRules()), across.get(name, TableRules())
        known += [rule.id for rule in (*own.all_rules, *further.all_rules)]
        if outcome.plan.rules.keeps_typed:
            demand_distinct(name, [*own.all_rules, *further.all_rules])
            for rules in (own, further):
                evaluation = evaluate(rules, wholes[name].frame, wholes[name].bad)
                _report(book, outcome, wholes[name], evaluation)
                ran |= {result.rule.id for result in evaluation.outcomes}
        else:
            for rule in own.rules:
                if rule.unmet:
                    outcome.not_checked.append(_held(book, name, rule, rule.unmet))
                else:
                    outcome.checked.append(Check(name, rule.id, rule.at or None, outcome.skipped.get(rule.id, 0)))
                    ran.add(rule.id)
    book.settings.demand_known(known)
    return ran


def demand_tables_read(rules: Sequence[Rule], tables: Collection[str]) -> None:
    """Proves that rules read tables that there are.

    Raises:
        RuleError: for the first one that does not; with file, line and the nearest name.
    """
    for rule in rules:
        if unknown := [name for name in rule.reads if name not in tables]:
            hint = f"{nearest(unknown[0], tables)}the tables are {', '.join(sorted(tables))}"
            raise RuleError(f"{rule.where}: the rule `{rule.id}` reads `{unknown[0]}`, which is no table", hint)


def _rules_across(
    book: RuleBook, wholes: Mapping[str, _Whole], outcomes: Mapping[str, TableOutcome], created: dt.date | None
) -> Mapping[str, TableRules]:
    """The rules across tables by table; rows whose verdict rests on a bad cell of any table are null."""
    if book.dataset is None:
        return {}
    frames = {name: whole.frame for name, whole in wholes.items()}
    across = book.dataset(frames, created)
    for name, rules in across.items():
        if outcomes[name].plan.resource.schema is not None:
            demand_fields(rules.rules, name, frames[name].columns)
        demand_tables_read(rules.rules, frames)
    lost = {name: reason for name in outcomes if (reason := _lost(outcomes[name], wholes[name]))}
    bad = {name: whole.bad for name, whole in wholes.items() if name not in lost and whole.bad}
    other = _on_other_cells(book, frames, bad, created) if bad else ()
    judged = {}
    for name, rules in across.items():
        parts = []
        for at, rule in enumerate(rules.rules):
            reasons = [lost[table] for table in rule.reads if table in lost]
            if other is None:  # the project's code does not run on other cells
                reasons += [f"`{table}` has bad cells" for table in rule.reads if table in bad]
            elif bad and not reasons and not rule.unmet:
                rule = _without_doubt(rule, frames[name], [(run[name].rules[at], empty) for run, empty in other])
            parts.append(replace(rule, unmet=rule.unmet or ", ".join(reasons)))
        judged[name] = replace(rules, rules=tuple(parts))
    return judged


def _lost(outcome: TableOutcome, whole: _Whole) -> str:
    """Why nothing can be said of rules that look into a table; empty when something can."""
    if outcome.is_unread:
        return f"`{outcome.name}` could not be read"
    keys = {name for key in outcome.plan.keys for name in key.names}
    keys |= {name for item in outcome.plan.references for name in item.key.fields}
    empty = [name for name, mask in whole.bad.items() if name in keys and mask.all()]
    return f"`{outcome.name}` has no good cell in `{empty[0]}`" if empty else ""


def _on_other_cells(
    book: RuleBook, frames: Frames, bad: Mapping[str, Mapping[str, pl.Series]], created: dt.date | None
) -> list[tuple[Mapping[str, TableRules], bool]] | None:
    """The rules across tables made anew on tables with other cells; True where whole columns are empty.

    None where the project's code raises on such tables, or makes other rules.
    """
    found = []
    try:
        for changed, is_empty in _other_tables(frames, bad):
            found.append((book.dataset(changed, created) if book.dataset else {}, is_empty))
    except RuleError:
        return None
    shapes = [{name: [rule.id for rule in rules.rules] for name, rules in run.items()} for run, _ in found]
    return found if all(shape == shapes[0] for shape in shapes) else None


def _other_tables(
    frames: Frames, bad: Mapping[str, Mapping[str, pl.Series]]
) -> Iterator[tuple[dict[str, pl.DataFrame], bool]]:
    """The tables as they are, with whole columns empty that have a bad cell, with those cells empty, and with good values."""
    yield dict(frames), False

    def changed(value_of: Mapping[str, Mapping[str, pl.Series]]) -> dict[str, pl.DataFrame]:
        return {**frames, **{name: frames[name].with_columns(**columns) for name, columns in value_of.items()}}

    yield (
        changed({name: {c: frames[name][c].clear(frames[name].height) for c in masks} for name, masks in bad.items()}),
        True,
    )
    for nth in range(-1, _STAND_INS):
        yield (
            changed(
                {
                    name: {c: _replaced(frames[name][c], mask, nth) for c, mask in masks.items()}
                    for name, masks in bad.items()
                }
            ),
            False,
        )


def _replaced(values: pl.Series, mask: pl.Series, nth: int) -> pl.Series:
    """The column with its n-th good value in place of bad ones, or with nothing there (-1)."""
    good = values.filter(~mask).drop_nulls().unique(maintain_order=True)
    good = good if len(good) else pl.Series(range(1, _STAND_INS + 1)).cast(values.dtype, strict=False)
    value = good[nth % len(good)] if nth >= 0 else None
    return pl.select(pl.when(mask).then(pl.lit(value, values.dtype)).otherwise(values).alias(values.name)).to_series()


def _without_doubt(rule: Rule, frame: pl.DataFrame, others: Sequence[tuple[Rule, bool]]) -> Rule:
    """The rule, null where what it says of a row changes with cells that are bad.

    A rule that fails where it passed, once whole columns are empty, finds what is missing: each of its findings may be owed
    to a bad cell.
    """
    if isinstance(rule.passes, pl.Expr) and not rule.reads:
        return rule
    was, *runs = [(_says(item, frame), is_empty) for item, is_empty in others]
    emptied = next(says for says, is_empty in runs if is_empty)
    hashes = was[0].hash_rows()
    marks = [says.hash_rows() != hashes for says, is_empty in runs if not is_empty]
    failed, fails = (~says["passes"].fill_null(True) for says in (was[0], emptied))
    if (fails & ~failed).any():
        marks.append(failed)
    doubt = pl.DataFrame({str(n): mark for n, mark in enumerate(marks)}).select(pl.any_horizontal(pl.all())).to_series()
    return replace(rule, doubt=doubt) if doubt.any() else rule


def _says(rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
    """Verdict and shown values of a rule, one row a row of its table."""
    shown = [
        (value if isinstance(value, pl.Series) else frame.select(value).to_series()).alias(f" {name}")
        for name, value in rule.values.items()
    ]
    return pl.DataFrame([judge([rule], frame)[0].cast(pl.Boolean).alias("passes"), *shown])


def _held(book: RuleBook, table: str, rule: Rule, reason: str) -> NotChecked:
    return NotChecked(table, rule.id, reason, rule.at or None, accepted=bool(book.settings.reason_against(rule.id)))


def _whole(outcome: TableOutcome) -> _Whole:
    """The typed blocks of a table as one; a table that could not be read has no rows."""
    schema = outcome.plan.schema
    blocks = [(first, line, rows) for first, line, rows in outcome.typed]
    empty = pl.DataFrame(schema={item.name: dtype_of(item) for item in schema.fields})
    frame = pl.concat([empty, *(rows.frame for _, _, rows in blocks)])
    names = {name for _, _, rows in blocks for name in rows.bad}
    bad = {name: pl.concat([_mask(rows, name) for _, _, rows in blocks]) for name in sorted(names)}
    keys = pl.concat([rows.keys for _, _, rows in blocks]) if blocks else pl.DataFrame()
    none = np.empty(0, np.int64)
    numbers = np.concatenate([none, *(rows.rows + first for first, _, rows in blocks)])
    lines = np.concatenate([none, *(rows.lines + line for _, line, rows in blocks)])
    return _Whole(frame, bad, Records(numbers, lines, keys))


def _mask(rows: TypedRows, name: str) -> pl.Series:
    return rows.bad.get(name, pl.Series(name, [False]).new_from_index(0, rows.frame.height))


def _report(book: RuleBook, outcome: TableOutcome, whole: _Whole, evaluation: Evaluation) -> None:
    """Puts an evaluation of the whole table into its findings."""
    table, resource = outcome.name, outcome.plan.resource
    outcome.not_checked += [_held(book, table, rule, reason) for rule, reason in evaluation.not_checked]
    groups = []
    for result in evaluation.outcomes:
        rule = result.rule
        outcome.checked.append(Check(table, rule.id, rule.at or None, result.skipped))
        if result.failing.null_count():  # the verdict is about the table as a whole
            message, hint, _ = render(result, 0)
            said = Finding(rule=rule.id, severity=rule.severity, table=table, message=message, hint=hint)
            outcome.found.say(replace(said, path=", ".join(resource.paths), column=rule.at or None))
        elif len(result.failing):
            groups.append(replace(_group(result), field_number=outcome.number_of(rule.at)))
    outcome.found.add(groups, whole.records)
