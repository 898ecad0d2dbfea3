"""A project's rules on its tables: block by block where a rule looks at one row, on whole tables where it looks further.

A rule across tables is a series that the project's own code made, so which cells of other tables it rests on cannot be read
from it. Where tables have bad cells it is found out: the code runs again on tables in which these cells are other ones, and
the rows whose verdict or message changes with them are skipped, and no others.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from itertools import chain
from operator import or_

import polars as pl

from deedbook.checking import verdicts
from deedbook.checking.block import TypedRows
from deedbook.checking.plan import TablePlan
from deedbook.checking.rules import Frames, RuleBook, TableRules, evaluate
from deedbook.checking.table import TableOutcome
from deedbook.errors import RuleError
from deedbook.findings import Check, Finding, NotChecked
from deedbook.rules.rule import Rule
from deedbook.schema import TableSchema
from deedbook.types import dtype_of

Make = Callable[[Frames], Mapping[str, TableRules]]
"""Makes the rules across tables of typed tables."""
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
    return replace(plan, typed=read, row_rules=partial(verdicts.groups_on_rows, ready))


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


def judge_tables(
    book: RuleBook, outcomes: Mapping[str, TableOutcome], created: dt.date | None, others: Iterable[str] = ()
) -> dict[str, list[str]]:
    """Runs every rule that did not run on blocks, reports what it finds, and gives the ids of the rules of each table.

    Args:
        book: The rules.
        outcomes: The tables that were read.
        created: The release date.
        others: The ids of the rules of tables that did not have to be read.

    Raises:
        RuleError: when a rule raises.
    """
    wholes = {name: outcome.whole() for name, outcome in outcomes.items() if outcome.plan.keeps_typed}
    across = _rules_across(book, wholes, outcomes, created)
    ids: dict[str, list[str]] = {}
    for name, outcome in outcomes.items():
        parts = [book.tables.get(name, TableRules()), across.get(name, TableRules())]
        rules = [*parts[0].rules, *parts[1].rules]
        ids[name] = [rule.id for rule in rules]
        if whole := wholes.get(name):
            demand_distinct(name, rules)
            checks = _judge_whole(outcome, parts, whole)
        else:
            checks = [Check(name, it.id, it.column, outcome.skipped.get(it.id, 0)) for it in rules if not it.unmet]
        without = [*_without_columns(outcome, rules)]
        idle = {(item.name, item.column) for item in without}
        outcome.checked += [check for check in checks if (check.name, check.column) not in idle]
        outcome.not_checked += [*book.unmet(name, rules), *without]
    book.settings.demand_known([*(guard.id for guard in book.guards), *others, *chain.from_iterable(ids.values())])
    return ids


def _without_columns(outcome: TableOutcome, rules: Iterable[Rule]) -> Iterator[NotChecked]:
    """The rules that read columns which no file of the table has, which the maintainer accepts where the schema lets them be absent."""
    lacking, schema = outcome.lacking, outcome.plan.schema
    may_lack = schema.fields_match in {"superset", "partial"}
    for rule in rules if lacking else ():
        if not rule.unmet and (names := verdicts.columns_read([rule], lacking)):
            said = ", ".join(f"`{name}`" for name in schema.names if name in names)
            yield NotChecked(outcome.name, rule.id, f"no file has {said}, which it reads", rule.column, may_lack)


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
    lost = {name: outcomes[name].reason_lost(whole) for name, whole in wholes.items()}
    return _held_back(lambda others: make(others, created), across, wholes, lost)


def _held_back(
    make: Make, across: Mapping[str, TableRules], wholes: Mapping[str, TypedRows], lost: dict[str, str]
) -> dict[str, TableRules]:
    """The rules with why one cannot be judged, or with the rows of each that rest on bad cells; `lost` are tables of no use."""
    frames = {name: whole.frame for name, whole in wholes.items()}
    bad = {name: whole.bad for name, whole in wholes.items() if whole.bad and not lost[name]}
    runs = _runs_on_other_cells(make, frames, bad, across)
    if not runs:  # what the project's code makes of other cells says nothing
        lost |= {name: f"`{name}` has bad cells" for name in bad}
        runs = [across]
    judged = {}
    for name, rules in across.items():
        found = zip(*(run[name].rules for run in runs), strict=True)
        judged[name] = replace(rules, rules=tuple(_doubted(*same, frame=frames[name], lost=lost) for same in found))
    return judged


def _doubted(rule: Rule, *others: Rule, frame: pl.DataFrame, lost: Mapping[str, str]) -> Rule:
    """One rule of them; `others` are what it was on other cells."""
    unmet = rule.unmet or ", ".join(filter(None, map(lost.get, rule.reads)))
    if unmet or not others or not (rule.reads or isinstance(rule.passes, pl.Series)):
        return replace(rule, unmet=unmet)
    return replace(rule, doubt=_doubt(frame, rule, *others))


def _runs_on_other_cells(
    make: Make,
    frames: Frames,
    bad: Mapping[str, Mapping[str, pl.Series]],
    across: Mapping[str, TableRules],
) -> list[Mapping[str, TableRules]]:
    """The rules, and those that the project's code makes of tables whose bad cells, by table and column, are other ones.

    First whole columns that have a bad cell are empty, then those cells alone, then good values stand in for them. None where the
    code gives other rules or cannot take such tables.
    """
    others: list[Callable[[pl.Series, pl.Series], pl.Series]] = [
        lambda values, _mask: values.clear(len(values)),
        lambda values, mask: values.zip_with(~mask, values.clear(len(values))),
        *(partial(_nth_good, n) for n in range(_STAND_INS)),
    ]
    runs = [across]
    for other in others if bad else ():
        tables = dict(frames)
        for name, masks in bad.items():
            tables[name] = frames[name].with_columns(other(frames[name][it], mask) for it, mask in masks.items())
        try:
            runs.append(make(tables))
        except RuleError:
            return []
        if _ids_of(runs[-1]) != _ids_of(across):
            return []
    return runs


def _ids_of(rules: Mapping[str, TableRules]) -> dict[str, list[str]]:
    return {name: [rule.id for rule in own.rules] for name, own in rules.items()}


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
