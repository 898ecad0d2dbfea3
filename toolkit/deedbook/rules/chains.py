"""Rows that point at another row of the same table: where a chain ends, and which rows run in a circle.

Chains are followed by doubling: after k rounds every row points 2^k steps ahead, so a chain of a million rows takes 20
rounds, and what has not come to rest by then runs in a circle.
"""

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import builder_rule


def climb(keys: pl.Series, parents: pl.Series, stops: pl.Series | None = None) -> pl.Series:
    """The key at the end of every row's chain, aligned with the rows.

    Args:
        keys: The key of every row.
        parents: The key of the row that each row points at; null, or a key that no row has, ends the chain.
        stops: True where a chain ends whatever the row points at.

    Returns:
        Null where the chain leads into a circle.
    """
    step = _steps(keys, parents, stops)
    far = _follow(step)
    ends = pl.DataFrame({"key": keys.gather(far), "ended": step.gather(far) == far})
    return ends.select(pl.when("ended").then("key")).to_series()


def in_circle(keys: pl.Series, parents: pl.Series) -> pl.Series:
    """Whether a row comes back to itself; a row that only leads into a circle does not."""
    step = _steps(keys, parents, None)
    far = _follow(step)
    turning = far.filter(step.gather(far) != far)
    return _numbers(keys).is_in(turning.implode()) | (keys == parents).fill_null(False)


def no_circle(name: str, frame: pl.DataFrame, *, table: str, key: str, link: str, ref: str = "") -> pa.Check:
    """No row points at itself, or comes back to itself by following its links.

    Args:
        name: The rule's id.
        frame: The rows of the table.
        table: Its name.
        key: The field that holds the key of a row.
        link: The field that holds the key of the row that it points at.
        ref: Where the rule comes from.
    """
    words = {"key": key, "link": link}
    is_straight = ~in_circle(frame[key], frame[link])
    return builder_rule(name, is_straight, ref, words, words="in-a-circle", columns=(key, link), reads=(table,))


def _numbers(keys: pl.Series) -> pl.Series:
    return pl.int_range(len(keys), dtype=pl.UInt32, eager=True)


def _steps(keys: pl.Series, parents: pl.Series, stops: pl.Series | None) -> pl.Series:
    """The row number one step ahead; a row that ends its chain is its own next step."""
    known = pl.DataFrame({"parent": keys, "next": _numbers(keys)}).drop_nulls("parent").unique("parent", keep="first")
    rows = pl.DataFrame({"parent": parents, "row": _numbers(keys)})
    step = pl.coalesce("next", "row")
    if stops is not None:
        step = pl.when(stops.fill_null(False)).then("row").otherwise(step)
    return rows.join(known, on="parent", how="left", maintain_order="left").select(step.alias("step")).to_series()


def _follow(step: pl.Series) -> pl.Series:
    for _ in range(len(step).bit_length()):
        step = step.gather(step)
    return step
