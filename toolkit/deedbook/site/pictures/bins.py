"""Spans of time that events are counted in: days, months, quarters, years or decades, whichever shows the whole in few enough bars.

A bin is a whole number: days since 1970, months, quarters, years or decades since the year 0.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import polars as pl

from deedbook.site.messages import Messages

Unit = Literal["day", "month", "quarter", "year", "decade"]
_LIMITS: tuple[tuple[Unit, int], ...] = (("day", 62), ("month", 72), ("quarter", 72), ("year", 110))
"""The most bins of each unit; a bar is then at least four units wide in a narrow picture."""
_MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
_STEPS: dict[Unit, tuple[int, ...]] = {
    "day": (1, 2, 7, 14, 28),
    "month": (1, 3, 6, 12, 24, 60),
    "quarter": (1, 2, 4, 8, 20, 40),
    "year": (1, 2, 5, 10, 20, 50),
    "decade": (1, 2, 5, 10, 20, 50, 100),
}
"""How many bins may lie between two labels of an axis."""


@dataclass(frozen=True, slots=True)
class Bins:
    """A run of bins.

    Attributes:
        first: The first of them.
        count: How many; at least one.
    """

    unit: Unit
    first: int
    count: int

    def name(self, place: int, words: Messages, short: bool = False) -> str:
        """What the bin at a place is called, such as "May 2025"."""
        ordinal = self.first + place
        if self.unit == "day":
            day = dt.date(1970, 1, 1) + dt.timedelta(days=ordinal)
            return words("picture.bin.day", day=day.day, month=_month(words, day.month, short), year=str(day.year))
        year, part = divmod(ordinal * _MONTHS[self.unit], 12)
        values = {"year": str(year), "quarter": part // 3 + 1, "month": _month(words, part + 1, short)}
        return words(f"picture.bin.{self.unit}", **values)

    def marks(self, room: float, width: float, words: Messages) -> list[tuple[int, str]]:
        """The bins that an axis names, so far apart that each has its width in the room, and their names.

        Months and quarters of more than two years are named by years, at the first of a year.
        """
        step = next((s for s in _STEPS[self.unit] if room * s / self.count >= width), _STEPS[self.unit][-1])
        places = [p for p in range(self.count) if (self.first + p) % step == 0]
        if self.unit == "day":
            places = list(range(0, self.count, step))
        by_year = self.unit in ("month", "quarter") and step * _MONTHS[self.unit] >= 12
        named = [
            (p, str((self.first + p) * _MONTHS[self.unit] // 12) if by_year else self.name(p, words, short=True))
            for p in places
        ]
        return named or [(0, self.name(0, words, short=True))]


def _month(words: Messages, month: int, short: bool) -> str:
    return words("picture.months.short" if short else "picture.months").split()[month - 1]


def choose(first: dt.date, last: dt.date) -> Bins:
    """The bins between two days: of the smallest unit of which there are few enough."""
    for unit, limit in _LIMITS:
        low, high = ordinal(first, unit), ordinal(last, unit)
        if high - low < limit:
            return Bins(unit, low, high - low + 1)
    low, high = ordinal(first, "decade"), ordinal(last, "decade")
    return Bins("decade", low, high - low + 1)


def ordinal(day: dt.date, unit: Unit) -> int:
    """The bin of a day."""
    if unit == "day":
        return (day - dt.date(1970, 1, 1)).days
    return (day.year * 12 + day.month - 1) // _MONTHS[unit]


def ordinals(column: str, unit: Unit) -> pl.Expr:
    """The bins of a column of days."""
    days = pl.col(column)
    if unit == "day":
        return days.dt.epoch("d").cast(pl.Int64)
    return (days.dt.year().cast(pl.Int64) * 12 + days.dt.month().cast(pl.Int64) - 1) // _MONTHS[unit]
