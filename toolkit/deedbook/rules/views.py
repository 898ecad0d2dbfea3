"""A table's rows with facts from other tables beside them, and rules on both that know what they read.

The column of a fact is named `PREFIX.field`. So a rule that is written with `pl.col("event.event_type")` shows by
itself which tables it reads and through which own fields, and is masked accordingly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Unpack

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import Said, rule


@dataclass(frozen=True, slots=True)
class Fact:
    """Where the columns of one prefix come from: own fields of the table, and tables that were read."""

    keys: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The rows of a table, in order, with facts beside them; a row without a counterpart has null facts."""

    frame: pl.DataFrame
    facts: Mapping[str, Fact] = field(default_factory=dict)


def beside(view: View, prefix: str, frame: pl.DataFrame, on: Mapping[str, str] | str, reads: tuple[str, ...]) -> View:
    """The view with the columns of `frame` as facts.

    Args:
        view: The rows and the facts that they have already.
        prefix: The first part of the new columns' names.
        frame: At most one row a key; of several the first is taken, since the key has its own finding.
        on: Field or fact of the view to field of `frame`; a field that both have by its name.
        reads: The tables of which `frame` was made.
    """
    on = {on: on} if isinstance(on, str) else on
    theirs = list(on.values())
    facts = frame.unique(theirs, keep="first", maintain_order=True).rename(lambda name: f"{prefix}.{name}")
    right = [f"{prefix}.{name}" for name in theirs]
    joined = view.frame.join(facts, left_on=list(on), right_on=right, how="left", coalesce=False, maintain_order="left")
    keys, passed = _origin(view, on)
    return View(joined, {**view.facts, prefix: Fact(keys, tuple(sorted({*reads, *passed})))})


def judge(view: View, name: str, passes: pl.Expr, **said: Unpack[Said]) -> pa.Check:
    """A rule on a table, judged on its view; which columns and tables it reads is seen from the expressions."""
    parts = {"passes": passes, **(said.get("values") or {})}
    roots = {root for part in parts.values() if isinstance(part, pl.Expr) for root in part.meta.root_names()}
    columns, reads = _origin(view, roots)
    found = view.frame.select(**parts)
    said |= {"reads": reads, "columns": columns, "values": {key: found[key] for key in found.columns[1:]}}
    return rule(name, found["passes"], **said)


def _origin(view: View, names: Mapping[str, str] | set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The own fields and the other tables behind some columns of a view."""
    prefixes = {name.split(".")[0] for name in names if "." in name}
    own = {name for name in names if "." not in name}
    keys = own.union(*(view.facts[prefix].keys for prefix in prefixes))
    reads = set[str]().union(*(view.facts[prefix].reads for prefix in prefixes))
    return tuple(sorted(keys)), tuple(sorted(reads))
