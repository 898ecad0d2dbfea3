"""The rules that an executor can judge: those that look at one row. Each of the others gets the reason why it is not checked."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace

import polars as pl

from deedbook.checking import verdicts
from deedbook.checking.rules import RuleBook, TableRules
from deedbook.descriptor import Package
from deedbook.rules.rule import Rule
from deedbook.types import dtype_of

BARE = "pandera-schema"
"""Stands for what a pandera schema demands beyond its checks."""
_LOCAL = "validate without --engine spark to have it checked"
_WHOLE = f"it looks at more than one row: {_LOCAL}"
_ACROSS = f"it looks into other tables: {_LOCAL}"
_UNSENT = f"it holds what cannot be sent to another machine: {_LOCAL}"


def narrowed(book: RuleBook, package: Package) -> RuleBook:
    """The rules of a project with the reason at each that no executor can judge."""
    types = {
        item.name: {column.name: dtype_of(column) for column in item.described.fields} for item in package.resources
    }
    tables = defaultdict(TableRules, book.tables)
    for name, own in book.tables.items():
        rules = [_narrowed(rule, types.get(name, {})) for rule in own.rules]
        if own.bare is not None:
            rules.append(Rule(id=BARE, passes=pl.lit(True), at="", message="", unmet=_WHOLE, where=own.file))
        tables[name] = replace(own, rules=tuple(rules), bare=None)
    if book.dataset is not None:
        frames = {name: pl.DataFrame(schema=schema) for name, schema in types.items()}
        created = dt.date.fromisoformat(package.created[:10]) if package.created else None
        for name, across in book.dataset(frames, created).items():
            told = (replace(rule, unmet=rule.unmet or _ACROSS) for rule in across.rules)
            tables[name] = replace(tables[name], rules=(*tables[name].rules, *told))
    return replace(book, tables=dict(tables), dataset=None)


def _narrowed(rule: Rule, types: dict[str, pl.DataType]) -> Rule:
    """The rule with why no executor can judge it."""
    import cloudpickle  # with which polars sends expressions, of the extra

    if rule.unmet:
        return rule
    if not verdicts.is_row_local(rule, types):
        return replace(rule, unmet=_WHOLE)
    try:
        cloudpickle.dumps(rule)
    except Exception:  # noqa: BLE001  # whatever a part of a rule raises that is no value
        return replace(rule, unmet=_UNSENT)
    return rule
