"""Events over time, by type and by status, and by the pairs of actors that meet most."""

import datetime as dt

import numpy as np
import polars as pl

from deedbook.site.messages import Messages
from deedbook.site.pictures.bins import Bins, choose, ordinals
from deedbook.site.pictures.facts import Facts
from deedbook.site.pictures.figure import Figure, source_of, variants
from deedbook.site.pictures.strips import Strip, draw_strips

_AND = " \u2013 "
"""Between the names of a pair."""
_MOST = 7
"""Rows beside that of all events; what is less frequent is one more row."""


def by_type(facts: Facts) -> Figure | None:
    """Events over time by type; only all of them where there are no types."""
    return _by_code(facts, "type") if "type" in facts.columns else figure_of(facts, "all", [])


def by_status(facts: Facts) -> Figure | None:
    """Events over time by status."""
    return _by_code(facts, "status") if "status" in facts.columns else None


def by_pair(facts: Facts) -> Figure | None:
    """Events over time by the pairs of actors that most of them name; who acts on whom does not count."""
    bins = span(facts)
    if bins is None or facts.ties is None or "id" not in facts.columns:
        return None
    low, high = pl.min_horizontal("one", "other"), pl.max_horizontal("one", "other")
    pairs = facts.ties.select("id", pl.concat_str(low, pl.lit(_AND), high).alias("pair")).unique()
    groups = grouped(dated(facts).join(pairs, on="id"), bins, "pair")
    names = _ranked(groups)[: _MOST - 1]
    rows = [strip_of(str(name), groups.filter(pl.col("by") == name), bins) for name in names]
    return figure_of(facts, "pair", rows) if rows else None


def dated(facts: Facts) -> pl.LazyFrame:
    """The events that have a date, `start` and `end` not missing."""
    end = pl.col("end") if "end" in facts.columns else pl.col("start")
    start = pl.coalesce("start", end)
    whole = facts.events.with_columns(
        start.alias("start"), pl.max_horizontal(pl.coalesce(end, start), start).alias("end")
    )
    return whole.drop_nulls("start")


def span(facts: Facts) -> Bins | None:
    """The bins of all events; None when none of them has a date."""
    if not facts.has_dates:
        return None
    first, last = dated(facts).select(pl.col("start").min(), pl.col("end").max()).collect(engine="streaming").row(0)
    return choose(first, last) if isinstance(first, dt.date) else None


def grouped(events: pl.LazyFrame, bins: Bins, by: str) -> pl.DataFrame:
    """A row for the events of each `by` whose dates begin and end in the same bins, `first` and `last`: how many, `n`."""
    low, high = ordinals("start", bins.unit) - bins.first, ordinals("end", bins.unit) - bins.first
    groups = events.group_by(low.alias("first"), high.alias("last"), pl.col(by).alias("by")).agg(pl.len().alias("n"))
    return groups.collect(engine="streaming").sort("first", "last", "by", nulls_last=True)


def strip_of(name: str, groups: pl.DataFrame, bins: Bins, scale: int = 1) -> Strip:
    """The row of bars of some groups, `n` being `scale` times what is drawn; events that may be of several bins are spread evenly over them."""
    sure, steps = np.zeros(bins.count), np.zeros(bins.count + 1)
    for first, last, n in groups.select("first", "last", "n").iter_rows():
        if first == last:
            sure[first] += n
        else:
            steps[first] += n / (last - first + 1)
            steps[last + 1] -= n / (last - first + 1)
    spread = [round(float(each) / scale, 6) + 0.0 for each in np.cumsum(steps[:-1])]
    return Strip(name, [float(each) / scale for each in sure], spread, int(groups["n"].sum()) / scale)


def _ranked(groups: pl.DataFrame) -> list[object]:
    sums = groups.group_by("by").agg(pl.col("n").sum())
    return sums.sort("n", "by", descending=[True, False], nulls_last=True)["by"].to_list()


def _by_code(facts: Facts, role: str) -> Figure | None:
    bins = span(facts)
    if bins is None:
        return None
    groups = grouped(dated(facts), bins, role)
    codes = _ranked(groups)
    shown, rest = (codes, []) if len(codes) <= _MOST + 1 else (codes[:_MOST], codes[_MOST:])
    rows = [
        strip_of(facts.label(role, code), groups.filter(pl.col("by").eq_missing(pl.lit(code))), bins) for code in shown
    ]
    if rest:
        others = groups.filter(pl.col("by").is_in(shown).not_() | pl.col("by").is_null() & (None not in shown))
        rows.append(strip_of(facts.words("picture.others", count=len(rest)), others, bins))
    return figure_of(facts, role, rows)


def figure_of(facts: Facts, by: str, rows: list[Strip]) -> Figure | None:
    """The rows below that of all events; None when none of these has a date."""
    bins, words = span(facts), facts.words
    if bins is None:
        return None
    groups = grouped(dated(facts), bins, "start")
    whole = strip_of(words("picture.all"), groups, bins)
    count = facts.events.select(pl.len()).collect(engine="streaming").item()
    unit = words(f"picture.unit.{bins.unit}")
    title = words(f"picture.time.{by}", field=facts.title(by), unit=unit)
    said = _said(whole, bins, int(count), words)
    caption = " ".join(
        [
            said,
            *([words("picture.time.spread")] if any(whole.spread) else []),
            *([words("picture.time.scale")] if rows else []),
        ]
    )
    strips = [whole, *rows]
    svg = variants(f"picture-time-{by}", lambda canvas: draw_strips(canvas, title, said, bins, strips, words))
    columns = (unit, *(strip.name for strip in strips))
    cells = tuple(
        (bins.name(at, words), *(_sum(strip, at) for strip in strips))
        for at in range(bins.count)
        if any(_sum(strip, at) for strip in strips)
    )
    return Figure(f"time-{by}", title, caption, svg, columns, cells, source_of(facts.edition))


def _sum(strip: Strip, at: int) -> int | float:
    number = strip.sure[at] + strip.spread[at]
    return int(number) if number == int(number) else round(number, 2)


def _said(whole: Strip, bins: Bins, count: int, words: Messages) -> str:
    """What the picture tells first: how many events, from when to when, and when most."""
    peak = max(whole.sure)
    at = whole.sure.index(peak)
    values = {"count": int(whole.total), "first": bins.name(0, words), "last": bins.name(bins.count - 1, words)}
    said = words("picture.time.said", **values)
    if peak and bins.count > 1:
        said += " " + words(
            "picture.time.sure" if any(whole.spread) else "picture.time.most", bin=bins.name(at, words), count=int(peak)
        )
    missing = count - int(whole.total)
    return said + (" " + words("picture.time.undated", count=missing) if missing else "")
