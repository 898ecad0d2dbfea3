"""One rule: an ordinary pandera check that also carries what a finding needs.

`rule(...)` makes a `pa.Check` that any pandera user can run; the engine reads the `Rule` that it carries and collects
the expressions of all rules of a table into one select.
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Required, TypedDict, TypeVar, Unpack, get_args

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData

from deedbook.descriptor import load_json
from deedbook.errors import RuleError
from deedbook.findings import Severity
from deedbook.schema import read_schema
from deedbook.types import dtype_of

Parameter = TypeVar("Parameter")
_CARRIED = "deedbook_rule"
_BUILDERS = tomllib.loads(Path(__file__).with_name("builders.toml").read_text("utf-8"))
_KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
PARAMETERS: ContextVar[Mapping[str, Mapping[str, object]]] = ContextVar("PARAMETERS", default=MappingProxyType({}))
"""What a project sets of its rules, by rule; the engine fills it while rule files run."""
PLACE: ContextVar[str] = ContextVar("PLACE", default="")
"""Where the rule stands that is being made, when no line of Python tells."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


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
            another one); rows whose verdict may rest on a bad cell there are skipped.
        columns: Fields that are read but cannot be seen in the expressions (a series hides them).
        ref: Where the rule comes from.
        at_most: How many rows may fail, or which share of them below 1: so few are told as `info`.
        on_request: Whether the rule takes so long that it runs only when it is asked for: by `--select`, or by `off = false` in
            `[rules.ID]` of `deedbook.toml`.
        unmet: Why the rule cannot be judged now, such as a release date that is not set yet; empty when it can.
        doubt: Rows whose verdict rests on bad cells, which the engine finds out; None where there are none.
        meant: What is to stand at `at` in a row that fails, where it can have meant nothing else: `deedbook fix` writes it.
        check: The check that pandera itself runs, in place of `passes`; None for a rule of ours.
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
    on_request: bool = False
    at_most: float = 0
    doubt: pl.Series | None = None
    meant: pl.Expr | None = None
    check: pa.Check | None = None
    where: str = ""

    @property
    def column(self) -> str | None:
        """The field that the finding points at; None for the whole row."""
        return self.at or None

    def __post_init__(self) -> None:
        """A single name is a tuple of one, and no values are none."""
        object.__setattr__(self, "values", self.values or {})
        for name in ("group", "reads", "columns"):
            if isinstance(given := getattr(self, name), str):
                object.__setattr__(self, name, (given,))


class Words(TypedDict, total=False):
    """What a rule says, when it applies, and what it reads and shows that its expression does not tell: attributes of `Rule`."""

    message: Required[str]
    hint: str
    severity: Severity
    ref: str
    group: tuple[str, ...] | str
    unmet: str
    on_request: bool
    at_most: float
    reads: tuple[str, ...] | str
    columns: tuple[str, ...] | str
    values: Mapping[str, pl.Expr | pl.Series]
    meant: pl.Expr


class Said(Words):
    """The same, and where."""

    at: str


def rule(name: str, passes: pl.Expr | pl.Series, **said: Unpack[Said]) -> pa.Check:
    """A pandera check that carries a `Rule`; the arguments are its attributes, of which `at` and `message` are needed.

    Raises:
        RuleError: when an argument is not what it has to be; with the line of the rule file.
    """
    where, severity = _caller(), said.get("severity", "error")
    _demand(where, name, passes, severity, said.get("at_most", 0))
    carried = Rule(id=name, passes=passes, where=where, **said)  # type: ignore[arg-type]  # it makes tuples of texts

    def run(data: PolarsData) -> pl.LazyFrame:
        verdict = passes if isinstance(passes, pl.Expr) else pl.lit(passes)
        dtypes = data.lazyframe.collect_schema()
        for column in verdict.meta.root_names():
            if dtypes.get(column) == pl.String and not _may_be_text(where.rpartition(":")[0], column):
                raise TypeError(f"cast first: `{column}` is text; `deedbook.read_tables` reads tables with their types")
        return data.lazyframe.select(verdict.fill_null(True).alias(name))

    error = f"{name}: {'; '.join(filter(None, [carried.message, carried.hint]))}"
    return pa.Check(run, name=name, error=error, raise_warning=severity != "error", statistics={_CARRIED: carried})


@cache
def _may_be_text(rule_file: str, column: str) -> bool:
    """Whether a column is text in the table of a rule file, or in one of the tables of rules across them; also where nobody says."""
    own = Path(rule_file).with_suffix(".schema.json")
    files = [own] if own.is_file() else sorted(own.parent.glob("*.schema.json"))
    schemas = [read_schema(load_json(file, "schema"), str(file)) for file in files]
    kinds = {dtype_of(schema.field(column)) for schema in schemas if column in schema.positions}
    return not kinds or pl.String() in kinds


def _demand(where: str, name: str, passes: object, severity: str, at_most: float) -> None:
    problem = hint = ""
    if not _KEBAB.fullmatch(name):
        problem, hint = f"the rule id `{name}` is not kebab-case", f"write it as `{kebab(name)}`"
    elif severity not in SEVERITIES:
        problem = f"the rule `{name}` has the severity `{severity}`"
        hint = f"the severities are {', '.join(SEVERITIES)}"
    elif not isinstance(passes, pl.Expr | pl.Series):
        problem = f"the rule `{name}` is given a {type(passes).__name__}, not a polars expression or series"
        hint = "write what has to hold, such as `pl.col(...) >= 0`"
    elif at_most < 0 or not (isinstance(at_most, int) or at_most < 1):
        problem = f"`at_most` of the rule `{name}` is {at_most}"
        hint = "write a number of rows, such as 5, or a share below 1, such as 0.01"
    if problem:
        raise RuleError(f"{where}: {problem}", hint)


def builder_rule(
    name: str, passes: pl.Expr | pl.Series, ref: str, fields: Mapping[str, str], *, words: str = "", **more: Any
) -> pa.Check:
    """A rule whose words stand in `builders.toml`.

    Args:
        name: Its id.
        passes: True where a row is fine.
        ref: Where the rule comes from.
        fields: The fields by the names that the words have for them.
        words: Where its words stand there, if not under its id.
        more: Other attributes of `Rule`.
    """
    said: Any = {
        key: re.sub("<([a-z0-9]+)>", lambda it: fields[it[1]], text) for key, text in _BUILDERS[words or name].items()
    }
    return rule(name, passes, ref=ref, **said, **more)


def parameter(rule_id: str, name: str, default: Parameter) -> Parameter:
    """What `[rules.RULE_ID]` of `deedbook.toml` sets under that name; the default without it, and in plain pandera.

    Raises:
        RuleError: when it has another type than the default.
    """
    found = PARAMETERS.get().get(rule_id, {}).get(name, default)
    if isinstance(default, tuple) and isinstance(found, list):
        return type(default)(found)
    if not isinstance(found, type(default)):
        problem = f"`{name}` of [rules.{rule_id}] is {found!r}"
        raise RuleError(f"{_caller()}: {problem}", f"write a {type(default).__name__}, as in {default!r}")
    return found


def kebab(name: str) -> str:
    """A text as a rule id; empty when it has no letter and no digit."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def rule_of(check: pa.Check) -> Rule | None:
    """The rule that a check carries; None for a plain pandera check."""
    carried = (check.statistics or {}).get(_CARRIED)
    return carried if isinstance(carried, Rule) else None


def _caller() -> str:
    """`FILE:LINE` of the rule file that is being executed, which is the first frame outside this package; of a declared rule its place."""
    if place := PLACE.get():
        return place
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("deedbook."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
