"""Keys and references beyond what Table Schema says of them."""

from collections.abc import Sequence
from typing import Unpack

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import Said, Words, builder_rule, rule


def distinct_beyond_case(*key: str, ref: str = "") -> pa.Check:
    """No two primary keys differ in upper and lower case only."""
    others = pl.struct(key).n_unique().over([pl.col(name).str.to_lowercase() for name in key])
    words = {"last": key[-1], "shown": "|".join(f"{{{name}}}" for name in key)}
    return builder_rule("key-differs-only-in-case", others == 1, ref, words, group=key)


def distinct(name: str, *fields: str, ref: str = "") -> pa.Check:
    """No row is the same in all of these fields as one before it: all but the id name what was entered twice. Empty rows pass."""
    is_given = pl.any_horizontal(pl.col(field).is_not_null() for field in fields)
    passes = pl.struct(fields).is_first_distinct() | ~is_given
    return builder_rule(name, passes, ref, {"all": ", ".join(fields)}, words="row-entered-twice", group=fields)


def not_listed(
    name: str, field: str, rows: pl.DataFrame, *, key: str, shows: Sequence[str], **said: Unpack[Words]
) -> pa.Check:
    """No cell of the field is among the keys of some rows, such as those of retired ids or of deprecated codes.

    Args:
        name: The rule's id.
        field: The field that is looked at.
        rows: The rows that name what may not be used any more.
        key: The field of `rows` that says what.
        shows: Fields of `rows`; message and hint may name them.
        said: The message and other attributes of `Rule`, such as the tables of which `rows` was made (`reads`).
    """
    known = rows.drop_nulls(key).unique(key, keep="last")
    keys, cell = known[key].to_list(), pl.col(field)
    shown = {name: dict(zip(keys, known[name].to_list(), strict=True)) for name in shows}
    values = {it: cell.replace_strict(to, default=None, return_dtype=pl.String) for it, to in shown.items()}
    words: Said = {"severity": "warning", **said, "at": field, "values": values}
    return rule(name, ~cell.is_in(keys), **words)
