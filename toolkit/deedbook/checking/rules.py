"""Rule files executed, and their rules evaluated on typed frames: the engine's one door to pandera.

    SCHEMAS/TABLE.py     `schema`: a pandera DataFrameSchema (polars)
    SCHEMAS/dataset.py   `schemas(tables, created)`: such schemas by table, for rules that read other rows or
                         tables; `derive(tables, created)`: what releases add; `guards`: rules between releases

Checks made by `deedbook.rules.rule` are collected into one select. Any other pandera check is run by pandera itself,
one by one and on a typed eager frame, since pandera hides what a check raises among the failure cases, and checks no
data of a lazy frame. A rule that raises, or gives anything but one Boolean per row, is a `RuleError`, never a finding.
"""

from __future__ import annotations

import copy
import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from deedbook.checking.rulefiles import FIX, execute, guarded
from deedbook.checking.verdicts import NO_ROW, RuleOutcome, columns_read, fail, is_row_local, judge, outcome_of, render
from deedbook.errors import RuleError
from deedbook.findings import Severity
from deedbook.rules.guard import Guard, Releases
from deedbook.rules.rule import Rule, rule_of

__all__ = [
    "Evaluation",
    "RuleBook",
    "RuleOutcome",
    "TableRules",
    "columns_read",
    "evaluate",
    "is_row_local",
    "kebab",
    "load_rules",
    "render",
    "split",
]

Tables = Mapping[str, pl.DataFrame]
Derive = Callable[[Tables, dt.date | None], Mapping[str, pl.DataFrame]]
DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class TableRules:
    """The rules of one table.

    Attributes:
        rules: Those that the engine evaluates itself.
        checks: Other pandera checks, with the column that they stand at (None for the whole frame).
        bare: What a schema demands beyond its checks, such as the type of a column; None when nothing.
        file: The rule file.
    """

    rules: tuple[Rule, ...] = ()
    checks: tuple[tuple[str | None, pa.Check], ...] = ()
    bare: pa.DataFrameSchema | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """What a project's rule files hold, loaded.

    Attributes:
        tables: The rules of each `TABLE.py`.
        dataset: The rules across tables for typed tables and the release date; None without a `dataset.py`.
        derive: What releases add; None when `dataset.py` has none.
        guards: The rules between releases of the project's own model.
    """

    tables: Mapping[str, TableRules] = field(default_factory=dict)
    dataset: Callable[[Tables, dt.date | None], Mapping[str, TableRules]] | None = None
    derive: Derive | None = None
    guards: tuple[Guard[Releases], ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of every rule that ran, failing or not, and why others could not run."""

    outcomes: tuple[RuleOutcome, ...] = ()
    not_checked: tuple[tuple[Rule, str], ...] = ()


def load_rules(files: Mapping[str, Path]) -> RuleBook:
    """The executed rule files: `TABLE.py` by table, `dataset.py` under `dataset`.

    Raises:
        RuleError: when a file cannot be read or executed, or holds no pandera schema; with file and line.
    """
    tables = {}
    for name, path in files.items():
        if name == DATASET:
            continue
        schema = getattr(execute(path), "schema", None)
        tables[name] = _read_schema(schema, str(path), "`schema`")
    if DATASET not in files:
        return RuleBook(MappingProxyType(tables))
    path = files[DATASET]
    module = execute(path)
    make, derive = getattr(module, "schemas", None), getattr(module, "derive", None)
    if not callable(make):
        raise RuleError(f"{path}: there is no function `schemas(tables, created)`", "see docs on rules across tables")

    def dataset(frames: Tables, created: dt.date | None) -> dict[str, TableRules]:
        found = guarded(path, make)(frames, created)
        return {name: _read_schema(schema, str(path), f"`schemas` of {name}") for name, schema in found.items()}

    guards = getattr(module, "guards", ())
    if not isinstance(guards, tuple) or not all(isinstance(item, Guard) for item in guards):
        raise RuleError(f"{path}: `guards` has to be a tuple of deedbook.rules.guard.Guard", FIX)
    return RuleBook(MappingProxyType(tables), dataset, guarded(path, derive) if callable(derive) else None, guards)


def split(rules: TableRules, schema: Mapping[str, pl.DataType]) -> tuple[TableRules, TableRules]:
    """The rules that may run on any block of rows, and those that need the whole table.

    Args:
        rules: The rules of a table.
        schema: The types of its typed frame.
    """
    local = tuple(rule for rule in rules.rules if is_row_local(rule, schema))
    rest = tuple(rule for rule in rules.rules if rule not in local)
    return TableRules(local, file=rules.file), TableRules(rest, rules.checks, rules.bare, rules.file)


def evaluate(
    rules: TableRules, frame: pl.DataFrame, bad: Mapping[str, pl.Series] | None = None, broken: Collection[str] = ()
) -> Evaluation:
    """Every rule judged on a whole typed table or on one block of it.

    Args:
        rules: The rules of the table.
        frame: The typed rows; a missing or bad cell is null.
        bad: Which cells are bad, by column; a column that is not named is all good.
        broken: Tables with bad cells: rules that read them are not checked.

    Raises:
        RuleError: when a rule raises or does not give one Boolean per row.
    """
    bad = bad or {}
    not_checked, ready = [], []
    for rule in rules.rules:
        reason = rule.unmet or ", ".join(f"`{name}` has bad cells" for name in rule.reads if name in broken)
        if reason:
            not_checked.append((rule, reason))
        else:
            ready.append(rule)
    verdicts = judge(ready, frame)
    outcomes = [outcome_of(rule, verdict, frame, bad) for rule, verdict in zip(ready, verdicts, strict=True)]
    outcomes += _run_pandera(rules, frame, bad)
    return Evaluation(tuple(outcomes), tuple(not_checked))


def _run_pandera(rules: TableRules, frame: pl.DataFrame, bad: Mapping[str, pl.Series]) -> Iterator[RuleOutcome]:
    """The checks that pandera runs itself, whatever its environment variables say about skipping data."""
    if not rules.checks and rules.bare is None:
        return
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        for column, check in rules.checks:
            severity: Severity = "warning" if check.raise_warning else "error"
            text = str(check.error or check.name or "a check")
            rule = Rule(
                id=kebab(check.name or ""),
                passes=pl.lit(True),
                at=column or "",
                severity=severity,
                message=_plain(f"does not satisfy {text}"),
                where=_position(check, rules.file),
            )
            try:
                found = check(frame.lazy(), column).check_output.collect().to_series()
            except Exception as error:  # noqa: BLE001  (whatever a rule raises, it is named)
                fail(rule, f"{type(error).__name__}: {error}")
            yield _pandera_outcome(rule, found, frame, bad)
        if rules.bare is not None:
            yield from _run_bare(rules.bare, rules.file, frame, bad)


def _run_bare(
    schema: pa.DataFrameSchema, file: str, frame: pl.DataFrame, bad: Mapping[str, pl.Series]
) -> Iterator[RuleOutcome]:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        for error in errors.schema_errors:
            column = error.schema.name if isinstance(error.schema, pa.Column) else None
            rule = Rule(
                id=kebab(str(error.check)),
                passes=pl.lit(True),
                at=column or "",
                where=file,
                message=_plain(str(error).splitlines()[0]),
            )
            output = error.check_output
            yield _pandera_outcome(rule, pl.Series([False]) if output is None else output["check_output"], frame, bad)


def _pandera_outcome(rule: Rule, found: pl.Series, frame: pl.DataFrame, bad: Mapping[str, pl.Series]) -> RuleOutcome:
    """One finding a row; a single verdict is about the table as a whole."""
    if len(found) == frame.height:
        columns = (rule.at,) if rule.at else tuple(frame.columns)
        return outcome_of(replace(rule, columns=columns), found, frame, bad)
    if len(found) != 1:
        fail(rule, f"it gives {len(found)} values for {frame.height} rows")
    return RuleOutcome(rule, NO_ROW if found[0] is False else NO_ROW.clear(), pl.DataFrame())


def _plain(text: str) -> str:
    """A text without placeholders."""
    return text.replace("{", "{{").replace("}", "}}")


def kebab(name: str) -> str:
    """The id of a plain pandera check of that name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed-check"


def _position(check: pa.Check, file: str) -> str:
    code = getattr(getattr(check, "_check_fn", None), "__code__", None)
    return f"{file}:{code.co_firstlineno}" if code is not None and code.co_filename == file else file


def _read_schema(schema: object, file: str, what: str) -> TableRules:
    if not isinstance(schema, pa.DataFrameSchema):
        problem = "is missing" if schema is None else f"is a {type(schema).__name__}"
        raise RuleError(f"{file}: {what} {problem}; it has to be a pandera.polars.DataFrameSchema", FIX)
    placed: list[tuple[str | None, pa.Check]] = [(None, check) for check in schema.checks]
    placed += [(name, check) for name, column in schema.columns.items() for check in column.checks]
    rules = tuple(rule for _, check in placed if (rule := rule_of(check)) is not None)
    checks = tuple((name, check) for name, check in placed if rule_of(check) is None)
    demands = schema.columns or schema.unique or schema.strict or schema.ordered or schema.dtype
    return TableRules(rules, checks, _without_checks(schema) if demands else None, file)


def _without_checks(schema: pa.DataFrameSchema) -> pa.DataFrameSchema:
    bare = copy.copy(schema)
    bare.checks = []
    bare.columns = {name: copy.copy(column) for name, column in schema.columns.items()}
    for column in bare.columns.values():
        column.checks = []
    return bare
