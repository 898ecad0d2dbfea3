"""Durations as XML Schema defines them (part 2, 3.2.6): months and seconds, which are only partially ordered."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from deedbook.schema import Field
from deedbook.types.kind import Kind, ReasonError, always

_FORM = re.compile(
    r"(?P<sign>-?)P(?=[0-9T])(?:(?P<years>[0-9]+)Y)?(?:(?P<months>[0-9]+)M)?(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+(?:\.[0-9]+)?)S)?)?"
)
_LONGEST = 1000
"""Characters of a duration; the arithmetic of longer ones takes seconds."""
_STARTS = ((1696, 9), (1697, 2), (1903, 3), (1903, 7))
"""The months from which two durations are compared: one is longer only if it ends later from each of them."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time; one month is neither shorter nor longer than 30 days, nor equal to them.

    Python asks `<` and `<=` the other way round for `>` and `>=`.
    """

    months: int
    seconds: Decimal

    def _ends(self) -> list[Decimal]:
        return [_days(year, month + self.months) * 86400 + self.seconds for year, month in _STARTS]

    def __lt__(self, other: Duration) -> bool:
        """Whether it ends earlier from every start."""
        return all(mine < its for mine, its in zip(self._ends(), other._ends(), strict=True))

    def __le__(self, other: Duration) -> bool:
        """Whether it ends later from no start."""
        return self == other or all(mine <= its for mine, its in zip(self._ends(), other._ends(), strict=True))

    def __str__(self) -> str:
        """The same text for equal durations."""
        sign = "-" if self.months < 0 or self.seconds < 0 else ""
        return f"{sign}P{abs(self.months)}MT{abs(self.seconds):f}S"


def parse_duration(text: str) -> Duration:
    """The duration that a text writes.

    Raises:
        ValueError: when it is none.
    """
    match = _FORM.fullmatch(text)
    if match is None or len(text) > _LONGEST:
        raise ReasonError("years, months and days stand after `P`, hours, minutes and seconds after `T`: P1Y2M, PT36H")
    part = {name: Decimal(value or 0) for name, value in match.groupdict().items() if name != "sign"}
    sign = -1 if match["sign"] else 1
    months = int(part["years"] * 12 + part["months"])
    days = part["weeks"] * 7 + part["days"]
    seconds = days * 86400 + part["hours"] * 3600 + part["minutes"] * 60 + part["seconds"]
    return Duration(sign * months, (sign * seconds).normalize() + 0)


def _days(year: int, month: int) -> int:
    """The days before the first of a month in the calendar without end; months count on across years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    before = year - 1 if month <= 2 else year
    shifted = (month + 9) % 12
    return 365 * before + before // 4 - before // 100 + before // 400 + (153 * shifted + 2) // 5


def read_duration(text: str, lenient: bool) -> Duration:
    """A duration, if lenient as frictionless-py reads it: also fractions of every unit, a plus sign, and the alternative form."""
    try:
        return parse_duration(text)
    except ValueError:
        if not lenient:
            raise
        import isodate

        found = isodate.parse_duration(text)
        months = int(getattr(found, "years", 0) * 12 + getattr(found, "months", 0))
        length = found.tdelta if isinstance(found, isodate.Duration) else found
        return Duration(months, Decimal(str(length.total_seconds())))


def _native(value: Any, _field: Field) -> str | None:
    if not isinstance(value, dt.timedelta):
        return None
    return f"{'-' if value < dt.timedelta() else ''}PT{abs(value).total_seconds():f}S"


KINDS = (
    Kind(
        "duration",
        "an ISO 8601 duration",
        always(read_duration),
        key=str,
        native=_native,
    ),
)
