"""Facts that hold for a time: rows of one group whose times must not overlap."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from deedbook.rules import dates
from deedbook.rules.dates import certain_end, certain_start
from deedbook.rules.views import View, beside, judge


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
    return pl.any_horizontal(pl.col(name).is_null() for name in group) | (lasting < begun).fill_null(True)


def earlier(field: str, group: tuple[str, ...], start: str, key: str) -> pl.Expr:
    """The field of the row before this one in the order of `are_apart`, for a message."""
    return pl.col(field).shift(1).over(group, order_by=[certain_start(start), pl.col(key)])


def inside_events(tables: Mapping[str, pl.DataFrame]) -> list[pa.Check]:
    """An episode begins and ends while its events take place, as far as the dates are certain."""
    checks = []
    for side, verb in (("start", "starts"), ("end", "ends")):
        times = tables["events"].select(
            "event_id", "date_edtf", first=dates.earliest("date_edtf"), last=dates.latest("date_edtf")
        )
        view = beside(View(tables["alignments"]), "event", times, {f"{side}_event_id": "event_id"}, ("events",))
        first, last = dates.earliest(f"{side}_edtf"), dates.latest(f"{side}_edtf")
        meets = (first <= pl.col("event.last")).fill_null(True) & (last >= pl.col("event.first")).fill_null(True)
        checks.append(
            judge(
                view,
                f"episode-{verb}-outside-event",
                meets,
                at=f"{side}_edtf",
                ref="R-55",
                message=f"{verb} {{{side}_edtf}}, but {{{side}_event_id}} is of {{date}}",
                hint="correct one of the dates",
                values={"date": pl.col("event.date_edtf")},
            )
        )
    return checks


def pair_in_order(tables: Mapping[str, pl.DataFrame]) -> pa.Check:
    """An alignment that has no direction is stored once, the lower id first."""
    kinds = tables["code_values"].filter(pl.col("list") == "alignment_kind").select("code", "is_directed")
    view = beside(View(tables["alignments"]), "kind", kinds, {"kind": "code"}, ("code_values",))
    a, b = pl.col("actor_a"), pl.col("actor_b")
    longer = b.str.len_chars() - a.str.len_chars().cast(pl.Int64)  # A1000000 comes after A999999
    is_ordered = pl.when(longer == 0).then(a <= b).otherwise(longer > 0)
    return judge(
        view,
        "symmetric-pair-out-of-order",
        pl.col("kind.is_directed") | is_ordered,
        at="actor_a",
        ref="R-54",
        message="{kind} has no direction, so {actor_b} comes first",
        hint="exchange actor_a and actor_b",
    )
