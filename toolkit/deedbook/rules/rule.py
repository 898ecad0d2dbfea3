"""One rule: an ordinary pandera check that also carries what a finding needs.

`rule(...)` makes a `pa.Check` that any pandera user can run; the engine reads the `Rule` that it carries and collects
the expressions of all rules of a table into one select.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from deedbook.findings import Severity

_CARRIED = "deedbook_rule"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """What a rule says and how it is evaluated.

    Attributes:
        id: Stable kebab-case name that users silence, count and cite.
        passes: True where a row is fine, False where it is not, null where it cannot be judged (null passes).
            A series is aligned with the rows of the table.
        at: The field that the finding points at; empty for the whole row.
        message: A sentence with `{field}` for the row's own values and `{name}` for those in `values`.
        group: The fields whose equal values form the group that the rule looks at; a group in which a row has a bad
            cell is skipped.
        reads: Tables that the rule looks into besides the row itself, perhaps the own table (a row that refers to
            another one); it is not checked while one of them has cell errors.
        columns: Fields that are read but cannot be seen in the expressions (a series hides them).
        ref: Where the rule comes from.
        unmet: Why the rule cannot be judged now, such as a release date that is not set yet; empty when it can.
        where: `FILE:LINE` where the rule is written, for the message when it raises.
    """

    id: str
    passes: pl.Expr | pl.Series
    at: str
    message: str
    hint: str = ""
    severity: Severity = "error"
    ref: str = ""
    group: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    values: Mapping[str, pl.Expr | pl.Series] = field(default_factory=dict)
    unmet: str = ""
    where: str = ""


def rule(
    name: str,
    passes: pl.Expr | pl.Series,
    *,
    at: str,
    message: str,
    hint: str = "",
    severity: Severity = "error",
    ref: str = "",
    group: tuple[str, ...] = (),
    reads: tuple[str, ...] = (),
    columns: tuple[str, ...] = (),
    values: Mapping[str, pl.Expr | pl.Series] | None = None,
    unmet: str = "",
) -> pa.Check:
    """A pandera check that carries a `Rule`; the arguments are its attributes."""
    carried = Rule(
        id=name,
        passes=passes,
        at=at,
        message=message,
        hint=hint,
        severity=severity,
        ref=ref,
        group=group,
        reads=reads,
        columns=columns,
        values=values or {},
        unmet=unmet,
        where=_caller(),
    )

    def run(data: PolarsData) -> pl.LazyFrame:
        verdict = passes if isinstance(passes, pl.Expr) else pl.lit(passes)
        return data.lazyframe.select(verdict.fill_null(True).alias(name))

    return pa.Check(run, name=name, error=name, raise_warning=severity != "error", statistics={_CARRIED: carried})


def rule_of(check: pa.Check) -> Rule | None:
    """The rule that a check carries; None for a plain pandera check."""
    carried = (check.statistics or {}).get(_CARRIED)
    return carried if isinstance(carried, Rule) else None


def _caller() -> str:
    """`FILE:LINE` of the rule file that is being executed: the first frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("deedbook."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
