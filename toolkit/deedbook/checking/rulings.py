"""A project's rules on its tables: block by block where a rule looks at one row, on whole tables where it looks further.

A rule across tables is a series that the project's own code made, so which cells of other tables it rests on cannot be read
from it. Where tables have bad cells it is found out: the code runs again on tables in which these cells are other ones, and
the rows whose verdict or message changes with them are skipped, and no others.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from operator import or_

import polars as pl

from deedbook.checking import verdicts
from deedbook.checking.findings import Group, Records
from deedbook.checking.plan import TablePlan
from deedbook.checking.rules import Frames, RuleBook, TableRules, evaluate
from deedbook.checking.table import TableOutcome, TypedRows
from deedbook.errors import RuleError
from deedbook.findings import Check, Finding, NotChecked
from deedbook.rules.rule import Rule
from deedbook.schema import TableSchema
from deedbook.types import dtype_of

_STAND_INS = 2
"""How many good values of a column stand in for its bad ones in turn; with one alone a verdict may be the same by chance."""


def plan_rules(book: RuleBook, plan: TablePlan) -> TablePlan:
    """How the rules of a table run. A project with rules across tables keeps every table's typed rows.

    Raises:
        RuleError: when a rule reads or names a field that there is not.
    """
    table, schema = plan.resource.name, plan.resource.schema or TableSchema(())
    rules = book.tables.get(table, TableRules())
    if schema.fields:
        verdicts.demand_fields(rules.rules, table, schema.names)
    demand_distinct(table, rules.rules)
    types = {item.name: dtype_of(item) for item in schema.fields}
    ready = [rule for rule in rules.rules if not rule.unmet]
    if book.dataset or rules.bare or not all(verdicts.is_row_local(rule, types) for rule in ready):
        return replace(plan, typed=schema.names, keeps_typed=True)
    read = tuple(sorted(verdicts.columns_read(ready, schema.names)))
    return replace(plan, typed=read, row_rules=partial(_run_row_rules, ready))


def demand_distinct(table: str, rules: Sequence[Rule]) -> None:
    """Proves that an id means one thing in a table: one severity, and one message, which may stand at several fields.

    Raises:
        RuleError: for the second of two rules with one id.
    """
    seen: dict[str, Rule] = {}
    places: set[tuple[str, str]] = set()
    for rule in rules:
        first = seen.setdefault(rule.id, rule)
        says = [(item.message.replace(f"{{{item.at}}}", "{}"), item.severity) for item in (first, rule)]
        if says[0] != says[1] or (rule.id, rule.at) in places:
            problem = f"two rules of `{table}` have the id `{rule.id}` (the first: {first.where})"
            raise RuleError(f"{rule.where}: {problem}", "waivers and reports name a rule by its id: give one a new id")
        places.add((rule.id, rule.at))


def _run_row_rules(
    rules: Sequence[Rule], frame: pl.DataFrame, bad: Mapping[str, pl.Series]
) -> tuple[list[Group], Mapping[str, int]]:
    outcomes, skipped = verdicts.evaluate_rules(rules, frame, bad), Counter[str]()
    for outcome in outcomes:
        skipped[outcome.rule.id] += outcome.skipped
    return [outcome.group() for outcome in outcomes if len(outcome.failing)], skipped


def judge_tables(book: RuleBook, outcomes: Mapping[str, TableOutcome], created: dt.date | None) -> set[str]:
    """Runs every rule that did not run on blocks, reports what it finds, and gives the ids of all rules that were judged.

    Raises:
        RuleError: when a rule raises.
    """
    wholes = {name: _whole(outcome) for name, outcome in outcomes.items() if outcome.plan.keeps_typed}
    across = _rules_across(book, wholes, outcomes, created)
    known, ran = [guard.id for guard in book.guards], set[str]()
    for name, outcome in outcomes.items():
        parts = [book.tables.get(name, TableRules()), across.get(name, TableRules())]
        rules = [*parts[0].rules, *parts[1].rules]
        known += [rule.id for rule in rules]
        if whole := wholes.get(name):
            demand_distinct(name, rules)
            checks = _judge_whole(outcome, parts, whole)
        else:
            checks = [Check(name, it.id, it.column, outcome.skipped.get(it.id, 0)) for it in rules if not it.unmet]
        outcome.checked += checks
        outcome.not_checked += [
            NotChecked(name, rule.id, rule.unmet, rule.column, bool(book.settings.reason_against(rule.id)))
            for rule in rules
            if rule.unmet
        ]
        ran.update(check.name for check in checks)
    book.settings.demand_known(known)
    return ran


def _judge_whole(outcome: TableOutcome, parts: Sequence[TableRules], whole: TypedRows) -> list[Check]:
    """Judges the rules of a whole table and puts what they say into its findings; tells which were judged."""
    groups, checks = [], []
    for result in [result for part in parts for result in evaluate(part, whole.frame, whole.bad)]:
        rule = result.rule
        checks.append(Check(outcome.name, rule.id, rule.column, result.skipped))
        if result.failing.null_count():  # the verdict is about the table as a whole
            words, path = result.words(0), ", ".join(outcome.plan.resource.paths)
            said = Finding(rule=rule.id, severity=rule.severity, table=outcome.name, message=words.message, path=path)
            outcome.found.say(replace(said, column=rule.column, hint=words.hint))
        elif len(result.failing):
            groups.append(result.group(outcome.number_of(rule.at)))
    outcome.found.add(groups, whole.records)
    return checks


def _rules_across(
    book: RuleBook, wholes: Mapping[str, TypedRows], outcomes: Mapping[str, TableOutcome], created: dt.date | None
) -> Mapping[str, TableRules]:
    """The rules across tables by table; rows whose verdict rests on a bad cell of any table are null."""
    make = book.dataset
    if make is None:
        return {}
    frames = {name: whole.frame for name, whole in wholes.items()}
    across = make(frames, created)
    for name, rules in across.items():
        if outcomes[name].plan.resource.schema is not None:
            verdicts.demand_fields(rules.rules, name, frames[name].columns)
    lost = {name: reason for name, whole in wholes.items() if (reason := _lost(outcomes[name], whole))}
    bad = {name: whole.bad for name, whole in wholes.items() if name not in lost and whole.bad}
    runs = _runs_on_other_cells(lambda others: make(others, created), frames, bad, across)
    if runs is None:  # what the project's code makes of other cells says nothing
        lost |= {name: f"`{name}` has bad cells" for name in bad}

    judged = {}
    for name, rules in across.items():
        others = [[run[name].rules[at] for run in runs or ()] for at in range(len(rules.rules))]
        found = (_held_back(*both, frames[name], lost) for both in zip(rules.rules, others, strict=True))
        judged[name] = replace(rules, rules=tuple(found))
    return judged


def _held_back(rule: Rule, others: Sequence[Rule], frame: pl.DataFrame, lost: Mapping[str, str]) -> Rule:
    """The rule with why it cannot be judged, or the rows that rest on bad cells; `others` are what it was on other cells."""
    unmet = rule.unmet or ", ".join(lost[table] for table in rule.reads if table in lost)
    if unmet or not others or not (rule.reads or isinstance(rule.passes, pl.Series)):
        return replace(rule, unmet=unmet)
    return replace(rule, doubt=_doubt(frame, rule, *others))


def _lost(outcome: TableOutcome, whole: TypedRows) -> str:
    """Why nothing can be said of rules that look into a table; empty when something can."""
    if outcome.is_unread:
        return f"`{outcome.name}` could not be read"
    keyed = {name for key in (*outcome.plan.keys, *outcome.plan.references) for name in key.names}
    empty = next((name for name, mask in whole.bad.items() if name in keyed and mask.all()), "")
    return f"`{outcome.name}` has no good cell in `{empty}`" if empty else ""


def _runs_on_other_cells(
    make: Callable[[Frames], Mapping[str, TableRules]],
    frames: Frames,
    bad: Mapping[str, Mapping[str, pl.Series]],
    across: Mapping[str, TableRules],
) -> list[Mapping[str, TableRules]] | None:
    """The rules that the project's code makes of tables whose bad cells, by table and column, are other ones.

    First whole columns that have a bad cell are empty, then those cells alone, then good values stand in for them. None where the
    code gives other rules or cannot take such tables.
    """
    others: list[Callable[[pl.Series, pl.Series], pl.Series]] = [
        lambda values, _mask: values.clear(len(values)),
        lambda values, mask: values.zip_with(~mask, values.clear(len(values))),
        *(partial(_nth_good, n) for n in range(_STAND_INS)),
    ]
    runs = []
    for other in others if bad else ():
        tables = dict(frames)
        for name, masks in bad.items():
            tables[name] = frames[name].with_columns(other(frames[name][it], mask) for it, mask in masks.items())
        try:
            runs.append(make(tables))
        except RuleError:
            return None
    ids = [{name: [rule.id for rule in rules.rules] for name, rules in run.items()} for run in (across, *runs)]
    return runs if all(found == ids[0] for found in ids) else None


def _nth_good(n: int, values: pl.Series, mask: pl.Series) -> pl.Series:
    """The column with one of its good values, or a made-up one, in place of bad ones."""
    good = values.filter(~mask).drop_nulls().unique(maintain_order=True)
    good = good if len(good) else pl.Series(range(1, _STAND_INS + 1)).cast(values.dtype, strict=False)
    return values.zip_with(~mask, good.new_from_index(n % len(good), len(values)))


def _doubt(frame: pl.DataFrame, rule: Rule, emptied: Rule, *others: Rule) -> pl.Series | None:
    """The rows of which a rule says something else where cells that are bad are other ones; None where there is none.

    A rule that fails where it passed, once whole columns are empty, finds what is missing: each of its findings may be owed
    to a bad cell.
    """
    said, of_nothing = _says(rule, frame), _says(emptied, frame)
    hashes = said.hash_rows()
    doubt = reduce(or_, (_says(other, frame).hash_rows() != hashes for other in others))
    failed, fails = (~says["passes"].fill_null(True) for says in (said, of_nothing))
    if (fails & ~failed).any():
        doubt |= failed
    return doubt if doubt.any() else None


def _says(rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
    """Verdict and shown values of a rule, one row a row of its table."""
    shown = [verdicts.column_of(rule, value, frame).alias(f" {name}") for name, value in rule.values.items()]
    return pl.DataFrame([verdicts.judge([rule], frame)[0].cast(pl.Boolean).alias("passes"), *shown])


def _whole(outcome: TableOutcome) -> TypedRows:
    """The typed blocks of a table as one; a table that could not be read has no rows."""
    schema, blocks = {item.name: dtype_of(item) for item in outcome.plan.schema.fields}, outcome.typed
    bad = {}
    for name in sorted({name for rows in blocks for name in rows.bad}):
        good = pl.Series(name, [False])
        bad[name] = pl.concat([it.bad.get(name, good.new_from_index(0, it.frame.height)) for it in blocks])
    frame = pl.concat([pl.DataFrame(schema=schema), *(rows.frame for rows in blocks)])
    return TypedRows(frame, bad, Records.joined([rows.records for rows in blocks]))
