"""Rules that need no Python: `schemas/TABLE.rules.toml`, in place of `TABLE.py`, has a table for each.

[boat-too-full]                    # the id
passes = "taken <= seats"          # a condition in SQL: true where a row is fine, null passes
at = "taken"                       # this and what follows are attributes of `deedbook.rules.rule.Rule`
message = "{taken} of {seats} seats"

[crew-out-of-order]                # the first argument, where the builder asks for a name
builder = "values.in_order"        # a builder of this package
args = ["least", "usual", "most"]  # its arguments; those by name stand beside them, such as `message`

`schemas/dataset.rules.toml`, in place of `dataset.py`, says what releases add: whole views, and columns of tables by their keys.

[boat_years]                       # a view, which `boat_years.schema.json` describes, or a table of the package
sql = "SELECT boat, year, COUNT(*) AS trips FROM trips GROUP BY boat, year"

[trips]
key = ["trip"]
dates.left = ["year", "month", "day"]  # columns `left_first` and `left_last`: the days that a date in three fields allows
"""

import datetime as dt
import inspect
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl

from deedbook.errors import RuleError
from deedbook.rules import dates, duplicates, geography, references, text, values
from deedbook.rules.rule import PLACE, rule

_MODULES = {
    "dates": dates,
    "duplicates": duplicates,
    "geography": geography,
    "references": references,
    "text": text,
    "values": values,
}

Derive = Callable[[Mapping[str, pl.LazyFrame], dt.date], dict[str, pl.LazyFrame]]
"""What releases add to typed tables, by table or view."""


def read_rules(file: Path) -> pa.DataFrameSchema:
    """The rules of a file as a pandera schema.

    Raises:
        RuleError: when it is not TOML, or a rule in it cannot be made.
    """
    listed, checks = _read(file), list[pa.Check]()
    try:
        for name, item in listed.items():
            PLACE.set(f"{file}: [{name}]")
            said = dict(item)
            builder, args = said.pop("builder", ""), said.pop("args", ())
            if builder:
                module, _, function = builder.partition(".")
                build = getattr(_MODULES[module], function)
                is_named = "name" in inspect.signature(build).parameters
                made = build(*([name] if is_named else []), *args, **said)
            else:
                made = rule(name, pl.sql_expr(said.pop("passes", "")), **said)
            checks += [made] if isinstance(made, pa.Check) else made
    except (TypeError, ValueError, LookupError, AttributeError, pl.exceptions.PolarsError) as error:
        hint = "correct its condition, its builder or what it is given"
        raise RuleError(f"{PLACE.get()}: {error}", hint) from None
    finally:
        PLACE.set("")
    return pa.DataFrameSchema(checks=checks)


def read_derivations(file: Path) -> Derive:
    """What the file says that releases add.

    Raises:
        RuleError: when it is not TOML; where it runs, when SQL cannot be evaluated.
    """
    listed = _read(file)

    def derive(tables: Mapping[str, pl.LazyFrame], created: dt.date) -> dict[str, pl.LazyFrame]:
        del created  # nothing here rests on the day of the release
        context, found = pl.SQLContext(dict(tables)), dict[str, pl.LazyFrame]()
        for name, item in listed.items():
            try:
                if "sql" in item:
                    found[name] = context.execute(item["sql"])
                else:
                    found[name] = dates.bounds_of_parts(tables[name], item["key"], item["dates"])
                found[name].collect_schema()
            except (TypeError, LookupError, pl.exceptions.PolarsError) as error:
                raise RuleError(f"{file}: [{name}]: {error}", "correct its `sql`, or its `key` and `dates`") from None
        return found

    return derive


def _read(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """The tables of a file by name."""
    try:
        listed: Mapping[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RuleError(f"{file}: cannot be read: {error}", "correct the file") from None
    for name in (name for name, item in listed.items() if not isinstance(item, Mapping)):
        hint = "each rule is a table that is named by its id, such as [low-above-high]"
        raise RuleError(f"{file}: `{name}` is no table", hint)
    return listed
