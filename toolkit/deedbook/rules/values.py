"""Values of one row that go together: numbers in order or that add up, codes that allow each other, codes within codes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import builder_rule


def in_order(name: str, *fields: str, ref: str = "") -> pa.Check:
    """No number is above the one that follows it, such as a low, a best and a high estimate; missing ones are passed over."""
    pairs = [(one, other) for at, one in enumerate(fields) for other in fields[at + 1 :]]
    passes = pl.all_horizontal((pl.col(one) <= pl.col(other)).fill_null(True) for one, other in pairs)
    words = {"field": fields[len(fields) // 2], "all": ", ".join(f"{{{field}}}" for field in fields)}
    return builder_rule(name, passes, ref, words, words="numbers-out-of-order")


def adds_up(name: str, total: str, parts: Sequence[str], *, ref: str = "") -> pa.Check:
    """A number is the sum of others, as far as none of them is missing."""
    passes = pl.col(total) == pl.sum_horizontal(*parts, ignore_nulls=False)
    words = {"field": total, "all": " + ".join(f"{{{field}}}" for field in parts)}
    return builder_rule(name, passes, ref, words, words="numbers-do-not-add-up")


def fits(name: str, field: str, of: str, allowed: Mapping[Any, Sequence[Any]], *, ref: str = "") -> pa.Check:
    """A code is one of those that go with another code, such as the subtypes of a type.

    Args:
        name: The rule's id.
        field: The field that is looked at.
        of: The field that says which codes may stand there.
        allowed: Code of `of` to those of `field`; a code that is not listed allows any.
        ref: Where the rule comes from.
    """
    own, other = pl.col(field).cast(pl.String), pl.col(of).cast(pl.String)
    known = pl.any_horizontal((other == str(it)) & own.is_in([*map(str, codes)]) for it, codes in allowed.items())
    passes = known | ~other.is_in([*map(str, allowed)])
    return builder_rule(name, passes, ref, {"field": field, "of": of}, words="codes-do-not-fit")


def within(name: str, code: str, group: str, *, ref: str = "") -> pa.Check:
    """A code begins with the code of the group that it belongs to, as `0211` with `021`."""
    passes = pl.col(code).cast(pl.String).str.starts_with(pl.col(group).cast(pl.String))
    return builder_rule(name, passes, ref, {"field": code, "of": group}, words="code-outside-its-group")


def together(name: str, *fields: str, ref: str = "") -> pa.Check:
    """All of these cells have a value, or none has."""
    given = [pl.col(field).is_not_null() for field in fields]
    words = {"field": fields[0], "all": ", ".join(fields)}
    return builder_rule(name, pl.all_horizontal(given) | ~pl.any_horizontal(given), ref, words, words="not-all-given")
