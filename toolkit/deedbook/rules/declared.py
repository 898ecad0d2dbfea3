"""Rules that need no Python: `schemas/TABLE.rules.toml`, in place of `TABLE.py`, has a table for each.

[boat-too-full]                    # the id
passes = "taken <= seats"          # a condition in SQL: true where a row is fine, null passes
at = "taken"                       # this and what follows are attributes of `deedbook.rules.rule.Rule`
message = "{taken} of {seats} seats"

[crew-out-of-order]                # the first argument, where the builder asks for a name
builder = "values.in_order"        # a builder of this package
args = ["least", "usual", "most"]  # its arguments; those by name stand beside them, such as `message`
"""

import inspect
import tomllib
from collections.abc import Mapping
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


def read_rules(file: Path) -> pa.DataFrameSchema:
    """The rules of a file as a pandera schema.

    Raises:
        RuleError: when it is not TOML, or a rule in it cannot be made.
    """
    try:
        listed: Mapping[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RuleError(f"{file}: cannot be read: {error}", "correct the file") from None
    checks: list[pa.Check] = []
    try:
        for name, item in listed.items():
            PLACE.set(f"{file}: [{name}]")
            if not isinstance(item, Mapping):
                raise RuleError(
                    f"{file}: `{name}` is no table",
                    "each rule is a table that is named by its id, such as [low-above-high]",
                )
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
