"""A project's rules on its tables: block by block where a rule looks at one row, on whole tables where it looks further."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from deedbook.checking.block import TypedRows
from deedbook.checking.findings import Records
from deedbook.checking.group import Group, Words
from deedbook.checking.plan import RowRules, RulePlan
from deedbook.checking.rules import Evaluation, RuleBook, RuleOutcome, TableRules, columns_read, evaluate, render, split
from deedbook.checking.table import TableOutcome
from deedbook.descriptor import Resource
from deedbook.findings import Check, Finding, NotChecked
from deedbook.schema import TableSchema
from deedbook.types import dtype_of


def plan_rules(book: RuleBook, resource: Resource) -> RulePlan:
    """How the rules of a table run. A project with rules across tables keeps every table's typed rows."""
    rules, schema = book.tables.get(resource.name, TableRules()), resource.schema or TableSchema(())
    if book.dataset is not None:
        return RulePlan(schema.names, keeps_typed=True)
    _, rest = split(rules, {item.name: dtype_of(item) for item in schema.fields})
    if rest.rules or rest.checks or rest.bare:
        return RulePlan(schema.names, keeps_typed=True)
    if not rules.rules:
        return RulePlan()
    return RulePlan(tuple(sorted(columns_read(rules.rules, schema.names))), row_rules=_row_rules(rules))


def _row_rules(rules: TableRules) -> RowRules:
    def run(frame: pl.DataFrame, bad: Mapping[str, pl.Series]) -> tuple[list[Group], Mapping[str, int]]:
        outcomes = evaluate(rules, frame, bad).outcomes
        return [_group(outcome) for outcome in outcomes if len(outcome.failing)], _skipped(outcomes)

    return run


def _group(outcome: RuleOutcome) -> Group:
    rule = outcome.rule
    rows = outcome.failing.cast(pl.Int64).to_numpy()
    return Group(rule.id, rows, lambda at: Words(*render(outcome, at)), severity=rule.severity, column=rule.at or None)


def _skipped(outcomes: Sequence[RuleOutcome]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.rule.id] = counts.get(outcome.rule.id, 0) + outcome.skipped
    return counts


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
    broken = {name for name, outcome in outcomes.items() if outcome.has_cell_errors or outcome.is_unread}
    across: Mapping[str, TableRules] = {}
    if book.dataset is not None:
        across = book.dataset({name: whole.frame for name, whole in wholes.items()}, created)
    ran: set[str] = set()
    for name, outcome in outcomes.items():
        own = book.tables.get(name, TableRules())
        if not outcome.plan.rules.keeps_typed:
            ran |= _list_rules(outcome, own, outcome.skipped)
            continue
        for rules in (own, across.get(name)):
            if rules is not None:
                evaluation = evaluate(rules, wholes[name].frame, wholes[name].bad, broken)
                _report(outcome, wholes[name], evaluation)
                ran |= {result.rule.id for result in evaluation.outcomes}
    return ran


def _list_rules(outcome: TableOutcome, rules: TableRules, skipped: Mapping[str, int]) -> set[str]:
    table = outcome.name
    outcome.checked += [Check(table, rule.id, rule.at or None, skipped.get(rule.id, 0)) for rule in rules.rules]
    return {rule.id for rule in rules.rules}


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


def _report(outcome: TableOutcome, whole: _Whole, evaluation: Evaluation) -> None:
    """Puts an evaluation of the whole table into its findings."""
    table = outcome.name
    outcome.not_checked += [
        NotChecked(table, rule.id, reason, rule.at or None) for rule, reason in evaluation.not_checked
    ]
    groups = []
    for result in evaluation.outcomes:
        outcome.checked.append(Check(table, result.rule.id, result.rule.at or None, result.skipped))
        if result.failing.null_count():
            _say_of_table(outcome, result)
        elif len(result.failing):
            group = _group(result)
            groups.append(replace(group, field_number=outcome.number_of(result.rule.at)))
    outcome.found.add(groups, whole.records)


def _say_of_table(outcome: TableOutcome, result: RuleOutcome) -> None:
    """A rule whose verdict is about the table as a whole."""
    message, hint, _ = render(result, 0)
    resource = outcome.plan.resource
    outcome.found.say(
        Finding(
            rule=result.rule.id,
            severity=result.rule.severity,
            table=resource.name,
            message=message,
            hint=hint,
            path=", ".join(resource.paths),
            column=result.rule.at or None,
        )
    )
