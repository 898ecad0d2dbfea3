"""Facts that hold for a time: rows of one group whose times must not overlap."""

from __future__ import annotations

import polars as pl

from deedbook.rules.dates import certain_end, certain_start


def are_apart(group: tuple[str, ...], start: str, end: str, key: str) -> pl.Expr:
    """True where no row of the group that began earlier certainly lasts into this one.

    An empty start or end is open, so two rows without dates overlap. Of two rows that overlap the later one fails.

    Args:
        group: Fields whose equal values make a group; a row with one of them missing passes.
        start: EDTF field of the beginning.
        end: EDTF field of the end.
        key: Field that decides the order of rows with the same beginning.
    """
    begun = certain_start(start)
    lasting = certain_end(end).cum_max().shift(1).over(group, order_by=[begun, pl.col(key)])
    return pl.any_horizontal(pl.col(name).is_null() for name in group) | (lasting < begun)


def earlier(field: str, group: tuple[str, ...], start: str, key: str) -> pl.Expr:
    """The field of the row before this one in the order of `are_apart`, for a message."""
    return pl.col(field).shift(1).over(group, order_by=[certain_start(start), pl.col(key)])
