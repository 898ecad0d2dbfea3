"""Dates in EDTF (ISO 8601-2), levels 0 and 1: what a text certainly allows, as columns of first and last days.

A field of dates, moments or whole years works as a text does: a date allows itself alone, a year its days.

Bounds are strict: `~`, `?` and `%` never widen them. A side that is open (`..`) or not known (empty) is null. A date is
read once for every distinct text. Written here rather than taken from the `edtf` library, which the tests hold against
it: that one accepts 2023-02-29 and surrounding spaces, and turns a side that is not known into ten years.
"""

import calendar
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import pandera.polars as pa
import polars as pl

from deedbook.rules.rule import builder_rule, rule

Bounds = tuple[dt.date | None, dt.date | None]
Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

BEGINNING = dt.date(1, 1, 1)
END = dt.date(9999, 12, 31)
_FIRST_YEAR = 1000
_SPAN = pl.Struct({"first": pl.Date, "last": pl.Date, "is_edtf": pl.Boolean})

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?[?~%]?")
_MOMENT = re.compile(r"([0-9-]{10})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:Z|[+-][0-9]{2}(?::[0-9]{2})?)?")
_MASKED_YEAR = re.compile(r"[0-9]{2}(?:[0-9]X|XX)")
_MASKED_DATE = re.compile(r"([0-9]{4})-XX(?:-XX)?|([0-9]{4}-[0-9]{2})-XX")
_PRECISION = ((0, "day"), (5, "multi_day"), (6, "week"), (30, "month"), (92, "quarter_season"), (365, "year"))
"""Classes of a span by its most days."""
_SEASONS = {21: (3, 5), 22: (6, 8), 23: (9, 11), 24: (12, 2)}
"""First and last month, as on the northern hemisphere; a winter begins in the December of its year."""


@lru_cache(maxsize=1 << 16)
def bounds(text: str) -> Bounds | None:
    """The first and last day that an EDTF text of level 0 or 1 allows.

    Returns:
        None for a text that is not such a date, names a day that does not exist, runs backwards, or has a year
        that is not written with four digits from 1000.
    """
    if "/" not in text:
        return _one_date(text)
    sides = text.split("/")
    if len(sides) != 2 or not set(sides) - {"", ".."}:
        return None
    start, end = map(_side, sides)
    if start is None or end is None:
        return None
    first, last = start[0], end[1]
    return None if first and last and first > last else (first, last)


def _side(text: str) -> Bounds | None:
    """One side of an interval; unspecified digits in it would be level 2, a time of day is not allowed."""
    if text in {"", ".."}:
        return None, None
    return None if "X" in text or "T" in text else _one_date(text)


def _one_date(text: str) -> Bounds | None:
    if match := _DATE.fullmatch(text):
        month, day = (int(part) if part else None for part in match.groups()[1:])
        return _calendar_span(text, int(match[1]), month, day)
    if match := _MASKED_DATE.fullmatch(text):
        return _one_date(match[1] or match[2])
    if _MASKED_YEAR.fullmatch(text):
        first, last = int(text.replace("X", "0")), int(text.replace("X", "9"))
        return None if first < _FIRST_YEAR else (dt.date(first, 1, 1), dt.date(last, 12, 31))
    if match := _MOMENT.fullmatch(text):
        return _one_date(match[1]) if _DATE.fullmatch(match[1]) else None
    return None


def _calendar_span(text: str, year: int, month: int | None, day: int | None) -> Bounds | None:
    if year < _FIRST_YEAR:
        return None
    if month in _SEASONS and day is None and text[-1].isdigit():
        start, end = _SEASONS[month]
        return dt.date(year, start, 1), _month_end(year + (end < start), end)
    try:
        first = dt.date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    if day is not None:
        return first, first
    return first, _month_end(year, 12 if month is None else month)


def _month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


@lru_cache(maxsize=256)
def span(field: str) -> pl.Expr:
    """A struct of `first`, `last` and `is_edtf` for every row; all null where the cell is missing."""
    return pl.col(field).map_batches(_read_spans, return_dtype=_SPAN, is_elementwise=True)


def _read_spans(values: pl.Series) -> pl.Series:
    if values.dtype.is_temporal():
        day = pl.col(values.name).cast(pl.Date)
        span_of_day = pl.struct(first=day, last=day, is_edtf=pl.when(day.is_not_null()).then(pl.lit(True)))
        return values.to_frame().select(span_of_day.alias(values.name)).to_series()
    texts = values.cast(pl.String).str.zfill(4) if values.dtype.is_integer() else values
    distinct = texts.unique().drop_nulls().cast(pl.String)
    spans = [(*(found or (None, None)), found is not None) for found in map(bounds, distinct)]
    known = pl.DataFrame(spans, schema={"first": pl.Date, "last": pl.Date, "is_edtf": pl.Boolean}, orient="row")
    known = known.with_columns(text=distinct)
    rows = texts.alias("text").to_frame().join(known, on="text", how="left", maintain_order="left")
    return rows.select(pl.struct("first", "last", "is_edtf").alias(texts.name)).to_series()


def earliest(field: str) -> pl.Expr:
    """The first day that the date allows; null where it is missing, open on that side, or no EDTF."""
    return span(field).struct.field("first")


def latest(field: str) -> pl.Expr:
    """The last day that the date allows; null where it is missing, open on that side, or no EDTF."""
    return span(field).struct.field("last")


def is_edtf(field: str) -> pl.Expr:
    """Whether the text is EDTF level 0 or 1 with days that exist; null where the cell is missing."""
    return span(field).struct.field("is_edtf")


def is_hedged(field: str) -> pl.Expr:
    """Whether a date is marked as uncertain or approximate."""
    return pl.col(field).cast(pl.String).str.contains(r"[?~%]")


def precision(first: pl.Expr, last: pl.Expr) -> pl.Expr:
    """The class of the span between two days, as UCDP grades it (date_prec, all 16,566 Syria events agree)."""
    days = (last - first).dt.total_days()
    classes = [pl.when(days <= most).then(pl.lit(name)) for most, name in _PRECISION]
    return pl.when(days.is_null()).then(pl.lit("uncertain")).otherwise(pl.coalesce(*classes, pl.lit("longer")))


def certain_start(field: str) -> pl.Expr:
    """The day by which something has certainly begun: an empty cell has no start, an open bound is never certain."""
    return pl.when(pl.col(field).is_null()).then(pl.lit(BEGINNING)).otherwise(latest(field).fill_null(END))


def certain_end(field: str) -> pl.Expr:
    """The day up to which something certainly lasts: an empty cell has no end, an open bound is never certain."""
    return pl.when(pl.col(field).is_null()).then(pl.lit(END)).otherwise(earliest(field).fill_null(BEGINNING))


def well_formed(*fields: str, ref: str = "") -> list[pa.Check]:
    """Every field holds an EDTF date."""
    return [builder_rule("date-not-edtf", is_edtf(field), ref, {"field": field}) for field in fields]


def in_order(
    name: str, start: str, end: str, *, message: str, hint: str = "exchange or correct the dates", ref: str = ""
) -> pa.Check:
    """The end is not certainly before the start."""
    return rule(name, earliest(start) <= latest(end), at=end, ref=ref, message=message, hint=hint)


def fits_precision(
    name: str, precision_field: str, start: str, end: str, days: Mapping[Any, Sequence[int]], *, ref: str = ""
) -> pa.Check:
    """The days between start and end are as many as the class of precision says.

    Args:
        name: The rule's id.
        precision_field: The field of the class.
        start: The field of the first day.
        end: The field of the last day.
        days: Of each class, the fewest and the most days from the first to the last; a class that is not listed allows any.
        ref: Where the rule comes from.
    """
    grade, between = pl.col(precision_field).cast(pl.Int64), (latest(end) - earliest(start)).dt.total_days()
    least, most = (
        grade.replace_strict({int(it): span[at] for it, span in days.items()}, default=None) for at in (0, 1)
    )
    words = {"field": precision_field, "start": start, "end": end}
    return builder_rule(name, between.is_between(least, most), ref, words, words="date-precision-against-span")


def of_parts(year: str, month: str, day: str) -> tuple[pl.Expr, pl.Expr]:
    """The first and the last day that a date in three fields allows; a month or a day that is missing is not known."""
    y, m = (pl.col(name).cast(pl.Int64).cast(pl.String) for name in (year, month))
    d = pl.when(m.is_not_null()).then(pl.col(day).cast(pl.Int64).cast(pl.String))

    def at(month: pl.Expr, day: pl.Expr) -> pl.Expr:
        text = pl.format("{}-{}-{}", y.str.zfill(4), month.str.zfill(2), day.str.zfill(2))
        return text.str.to_date("%Y-%m-%d", strict=False)

    first = at(m.fill_null("1"), d.fill_null("1"))
    return first, pl.when(d.is_null()).then(at(m.fill_null("12"), pl.lit("1")).dt.month_end()).otherwise(first)


def bounds_of_parts(frame: Frame, key: Sequence[str], parts: Mapping[str, Sequence[str]]) -> Frame:
    """By the key, columns `NAME_first` and `NAME_last` for each NAME: the days that a date in three fields (year, month, day) allows."""
    days = {}
    for name, fields in parts.items():
        days[f"{name}_first"], days[f"{name}_last"] = of_parts(*fields)
    return frame.select(*key, **days)


def parts_exist(name: str, year: str, month: str, day: str, *, ref: str = "") -> pa.Check:
    """A date in three fields is a day of the calendar, as far as it is known."""
    passes = pl.col(year).is_null() | of_parts(year, month, day)[0].is_not_null()
    return builder_rule(name, passes, ref, {"year": year, "month": month, "day": day}, words="no-such-day")


def parts_in_order(name: str, start: Sequence[str], end: Sequence[str], *, ref: str = "") -> pa.Check:
    """A date in three fields (year, month, day) is not certainly before another."""
    passes = of_parts(*start)[0] <= of_parts(*end)[1]
    words = {"year": end[0], "month": end[1], "day": end[2], "from": "-".join(f"{{{it}}}" for it in start)}
    return builder_rule(name, passes, ref, words, words="parts-out-of-order")


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
