"""Numbers with a range, such as deaths, over time: the sum of the best estimates, and of the lowest and the highest."""

from collections.abc import Mapping, Sequence

import polars as pl
from markupsafe import Markup

from deedbook.site.messages import Messages
from deedbook.site.pictures.bins import Bins, ordinals
from deedbook.site.pictures.facts import FIELDS, Facts
from deedbook.site.pictures.figure import Figure, source_of, variants
from deedbook.site.pictures.strips import Strip, time_axis
from deedbook.site.pictures.svg import LETTER, Canvas, bars, breadth, drawing, element, fixed, label
from deedbook.site.pictures.timeline import dated, span, strip_of

_HUNDREDTHS = 100
"""Numbers are summed as whole hundredths: sums of whole numbers are the same in any order."""


Series = Mapping[str, Strip]
"""What the events of each bin sum up to: `low`, `best` and `high`, or `best` alone where there is no range."""


def estimates(facts: Facts) -> Figure | None:
    """The sums over time, with their range where there is one; None for numbers of several units or of none."""
    bins = span(facts) if is_sum(facts) else None
    if bins is None or not (series := _sums(facts, bins)):
        return None
    words, kind = facts.words, "range" if "low" in series else "best"
    title = words(f"picture.sums.title.{kind}", field=_amount(facts))
    place, most = series["best"].peak
    totals = {name: _number(strip.total, words) for name, strip in series.items()}
    said = words(f"picture.sums.said.{kind}", **totals, bin=bins.name(place, words), most=_number(most, words))
    notes = ["picture.sums.read"] if "low" in series else []
    notes += ["picture.sums.spread"] if any(any(strip.spread) for strip in series.values()) else []
    caption = " ".join([said, *map(words, notes)])
    svg = variants("picture-sums", lambda canvas: _draw(canvas, (title, said), bins, series, words))
    header = (words(f"picture.unit.{bins.unit}"), *(words(f"picture.sums.{name}") for name in series))
    return Figure("sums", title, caption, svg, header, _rows(bins, series, words), source_of(facts.edition))


def _rows(bins: Bins, series: Series, words: Messages) -> tuple[tuple[object, ...], ...]:
    """The numbers of each bin that has some."""
    names = (bins.name(at, words) for at in range(bins.count))
    numbers = ([_whole(round(number, 2)) for number in strip.heights] for strip in series.values())
    return tuple(row for row in zip(names, *numbers, strict=True) if any(row[1:]))


def _amount(facts: Facts) -> str:
    """What is summed up."""
    is_dead = facts.roles.columns["best"].field in FIELDS["deaths"]
    return facts.words("picture.sums.deaths") if is_dead else facts.title("best")


def is_sum(facts: Facts) -> bool:
    """Whether events have numbers that may be added: not those of several units, nor levels."""
    if "best" not in facts.columns or facts.roles.columns["best"].field in FIELDS["levels"]:
        return False
    table = facts.edition.tables[facts.roles.events]
    return not any(table.field(name) for name in FIELDS["units"])


def _sums(facts: Facts, bins: Bins) -> Series:
    """The sums of each bin, those of events that may be of several bins spread evenly over them; nothing when nothing is counted."""
    names = ("low", "best", "high") if {"low", "high"} <= facts.columns else ("best",)
    ends = ((ordinals(end, bins.unit) - bins.first).alias(at) for end, at in (("start", "first"), ("end", "last")))
    wholes = [(pl.col(name).cast(pl.Float64) * _HUNDREDTHS).round().cast(pl.Int64).sum().alias(name) for name in names]
    found = dated(facts).group_by(*ends).agg(wholes).collect(engine="streaming").sort("first", "last")
    series = {name: strip_of(name, found.rename({name: "n"}), bins, _HUNDREDTHS) for name in names}
    if not any(strip.total for strip in series.values()):
        return {}
    return series if len({tuple(strip.heights) for strip in series.values()}) > 1 else {"best": series["best"]}


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


def _number(number: float, words: Messages) -> str:
    return words.number(_whole(round(number, 2)))


def _draw(canvas: Canvas, said: Sequence[str], bins: Bins, series: Series, words: Messages) -> Markup:
    """Columns for the best estimates and a bar from the lowest to the highest on each, over few round lines."""
    title, says = said
    height = 200.0 if canvas.is_narrow else 260.0
    best = series["best"]
    ticks = round_ticks(max(strip.peak[1] for strip in series.values()))
    left = max(breadth(_number(tick, words)) for tick in ticks) + 8
    room, top = canvas.width - left, 12.0
    base, step = top + height, room / bins.count
    unit = height / ticks[-1]
    parts = []
    for tick in ticks:
        y = base - tick * unit
        parts += [element("path", d=f"M{fixed(left)} {fixed(y)}H{canvas.width}", class_="picture-grid")]
        parts += [label(left - 6, y + 4, _number(tick, words), anchor="end", kind="picture-soft")]
    wide = max(step * 0.84, 0.8)
    columns = [
        (left + at * step + (step - wide) / 2, base - n * unit, wide, n * unit) for at, n in enumerate(best.heights)
    ]
    parts.append(element("path", d=bars(columns), class_="picture-sum"))
    vague = [(x, y, wide, more * unit) for (x, y, wide, _), more in zip(columns, best.spread, strict=True) if more]
    parts += [element("path", d=bars(vague), fill=canvas.hatch)] if vague else []
    if "low" in series:
        whiskers = "".join(
            f"M{fixed(left + (at + 0.5) * step)} {fixed(base - high * unit)}V{fixed(base - low * unit)}"
            for at, (low, high) in enumerate(zip(series["low"].heights, series["high"].heights, strict=True))
            if high > low
        )
        parts.append(element("path", d=whiskers, class_="picture-range", stroke_width=max(min(step * 0.24, 4), 1)))
    return drawing(canvas, base + 2 * LETTER + 6, title, says, *parts, time_axis(bins, (left, base, room), words))


def round_ticks(most: float) -> list[float]:
    """Three to six round numbers from nothing to at least the most."""
    size = 1.0
    while size * 10 <= most:
        size *= 10
    while size > most > 0:
        size /= 10
    step = next(size * part for part in (0.25, 0.5, 1, 2, 2.5) if size * part * 5 >= most)
    if step < 1 and most >= 1:
        step = 1
    count = 1
    while step * count < most:
        count += 1
    return [step * number for number in range(count + 1)]
