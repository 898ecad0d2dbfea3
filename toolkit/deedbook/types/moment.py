"""Days, times of day, moments, years and months."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import polars as pl

from deedbook.schema import Field
from deedbook.types.kind import Kind, Parser, ReasonError, converted, is_plain
from deedbook.types.number import is_number, is_whole

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_YEAR = re.compile(r"[0-9]{4}")
_YEARMONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_MIDNIGHT = re.compile(r"T24(?=:00:00(?:\.0+)?(?:Z|[+-]|\Z))")

_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DAY = (
    "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?"
LEXICAL = {
    "date": rf"\A{_DAY}\z",
    "datetime": rf"\A{_DAY}T{_CLOCK}\z",
    "time": rf"\A{_CLOCK}\z",
    "year": r"\A[0-9]{4}\z",
    "yearmonth": r"\A[0-9]{4}-(?:0[1-9]|1[0-2])\z",
}
"""What polars can tell to be a value of a type; the parsers accept a little more."""
_USUAL_MOMENT = (
    r"\A(?:[1-9][0-9]{3}|0[0-9]{2}[1-9])-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,6})?Z\z"
)
_CANONICAL_MOMENT = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{0,5}[1-9])?Z?\z"
_MOMENT = pl.Datetime("us", "UTC")


def pattern_of(field: Field) -> str | None:
    """The strptime pattern that a date, time or datetime is written in; None for the standard's own forms."""
    return None if field.format in {"default", "any", ""} else field.format.removeprefix("fmt:")


def read_date(field: Field, lenient: bool) -> Parser:
    """The parser of days."""
    if pattern := pattern_of(field):
        return lambda text: dt.datetime.strptime(text, pattern).date()  # noqa: DTZ007  # a calendar day has no zone
    if field.format == "any":
        return lambda text: _any_moment(text, lambda moment: moment.date())

    def parse(text: str) -> dt.date:
        if _DATE.fullmatch(text):
            return dt.date.fromisoformat(text)
        if lenient:
            return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
        raise ValueError(text)

    return parse


def read_datetime(field: Field, lenient: bool) -> Parser:
    """The parser of moments."""
    if pattern := pattern_of(field):
        read = _read_pattern(pattern)
        return lambda text: _in_utc(read(text))
    if field.format == "any":
        return lambda text: _any_moment(text, _in_utc)

    def parse(text: str) -> dt.datetime:
        if _DATE.fullmatch(text[:10]) and text[10:11] == "T" and _TIME.fullmatch(text[11:]):
            started = _MIDNIGHT.sub("T00", text)  # 24:00:00 is the first instant of the next day
            return _in_utc(dt.datetime.fromisoformat(started) + dt.timedelta(days=started != text))
        if lenient and text[16:17] == ":" and len(text) >= 19:
            import dateutil.parser

            return _in_utc(dateutil.parser.isoparse(text))
        raise ValueError(text)

    return parse


def read_time(field: Field, lenient: bool) -> Parser:
    """The parser of times of day."""
    if pattern := pattern_of(field):
        read = _read_pattern(pattern)

        def parse_by_pattern(text: str) -> dt.time:
            moment = read(text)
            if (moment.utcoffset() or dt.timedelta()).total_seconds() % 60:
                raise ReasonError("its offset has seconds, which a released time cannot have")
            return moment.timetz()

        return parse_by_pattern
    if field.format == "any":
        return lambda text: _any_moment(text, lambda moment: moment.timetz())

    def parse(text: str) -> dt.time:
        if _TIME.fullmatch(text) and not (lenient and text.startswith("24")):
            return dt.time.fromisoformat(text)
        if lenient and text[5:6] == ":" and len(text) >= 8:
            import dateutil.parser

            return dateutil.parser.isoparse(f"2000-01-01T{text}").timetz()
        raise ValueError(text)

    return parse


def _read_pattern(pattern: str) -> Callable[[str], dt.datetime]:
    """The reader of a strptime pattern; a `Z` at its end and the zone names of `%Z` mean UTC."""
    is_utc = pattern.endswith("Z")

    def parse(text: str) -> dt.datetime:
        moment = dt.datetime.strptime(text, pattern)  # noqa: DTZ007  # one without a zone stays one
        return moment.replace(tzinfo=dt.UTC) if is_utc and moment.tzinfo is None else moment

    return parse


def _any_moment(text: str, part: Callable[[dt.datetime], Any]) -> Any:
    """What a text in any form says; what it leaves open (which year?) is not filled in from the clock."""
    import dateutil.parser

    defaults = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)  # noqa: DTZ001  # what a text does not say shows
    moments = [dateutil.parser.parse(text, default=default) for default in defaults]
    first, second = map(part, moments)
    if first != second:
        raise ReasonError("the text does not say the whole date")
    return first


def _in_utc(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC; one without a zone is a local time and stays one."""
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment


def write_moment(value: dt.datetime) -> str:
    """A moment with a zone in UTC with a `Z`, one without a zone without."""
    text = value.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + ("Z" if value.tzinfo else "")


def key_of_time(value: dt.time) -> str:
    """The time of day in UTC if it has a zone; times of equal keys are equal."""
    since = dt.datetime.combine(dt.date(2000, 1, 2), value.replace(tzinfo=None)) - (value.utcoffset() or dt.timedelta())
    days = (since.date() - dt.date(2000, 1, 2)).days
    text = since.time().isoformat()
    day = f"{days:+d} " if days else ""
    return day + (text.rstrip("0") if "." in text else text) + ("Z" if value.tzinfo else "")


def as_utc(value: Any) -> Any:
    """A moment or time that can be compared with any other: without a zone, it counts as UTC."""
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def read_year(_field: Field, lenient: bool) -> Parser:
    """The parser of years."""

    def parse(text: str) -> int:
        if not _YEAR.fullmatch(text) and not (lenient and len(text) == 4 and int(text) >= 0):
            raise ValueError(text)
        return int(text)

    return parse


def read_yearmonth(_field: Field, lenient: bool) -> Parser:
    """The parser of years with a month."""

    def parse(text: str) -> tuple[int, int]:
        if not _YEARMONTH.fullmatch(text) and not lenient:
            raise ValueError(text)
        year, month = text.split("-")
        if not 1 <= int(month) <= 12:
            raise ValueError(text)
        return int(year), int(month)

    return parse


def _accept(field: Field, text: pl.Expr, _number: pl.Expr) -> list[pl.Expr] | None:
    if not is_plain(field):
        return None
    condition = text.str.contains(LEXICAL[field.type])
    match field.type:
        case "date":
            return [condition, text >= "0001"]
        case "datetime":  # in UTC too the years are 1 to 9999
            return [condition, text >= "0001-01-02", text < "9999-12-31"]
    return [condition]


def cast_date(field: Field, text: pl.Expr) -> pl.Expr | None:
    """Days at once, where they are written as the standard has it."""
    return text.str.to_date("%Y-%m-%d", strict=False) if is_plain(field) else None


def cast_datetime(field: Field, text: pl.Expr) -> pl.Expr:
    """Moments in UTC: those in the usual form at once, the others one by one."""
    parse = read_datetime(field, False)

    def value(text: str) -> dt.datetime:
        moment: dt.datetime = as_utc(parse(text))
        return moment

    if not is_plain(field):
        return converted(text, value, _MOMENT)
    usual = text.str.contains(_USUAL_MOMENT)
    plain = pl.when(usual).then(text).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False)
    others = converted(pl.when(~usual).then(text), value, _MOMENT)
    return plain.dt.replace_time_zone("UTC").fill_null(others)


def _formatted(value: dt.datetime | dt.date | dt.time, field: Field) -> str:
    pattern = pattern_of(field)
    return value.strftime(pattern) if pattern else value.isoformat()


def native_date(value: Any, field: Field) -> str | None:
    """A day of a spreadsheet; one with a time of midnight is a day too."""
    if isinstance(value, dt.datetime):
        value = value.date() if value.time() == dt.time() else None
    return _formatted(value, field) if isinstance(value, dt.date) else None


def native_year(value: Any, _field: Field) -> str | None:
    """A whole number with the digits of a year."""
    return f"{int(value):04d}" if is_number(value) and is_whole(value) and 0 <= value <= 9999 else None


DATE_KIND = Kind(
    "date",
    "a date (YYYY-MM-DD)",
    read_date,
    formats=None,
    dtype=pl.Date(),
    write=lambda value: str(value.isoformat()),
    is_canonical=lambda field: r"" if is_plain(field) else None,
    accepts=_accept,
    cast=cast_date,
    native=native_date,
)
DATETIME_KIND = Kind(
    "datetime",
    "a date and time (YYYY-MM-DDThh:mm:ss)",
    read_datetime,
    formats=None,
    dtype=_MOMENT,
    write=write_moment,
    is_canonical=lambda field: _CANONICAL_MOMENT if is_plain(field) else None,
    accepts=_accept,
    cast=cast_datetime,
    native=lambda value, field: _formatted(value, field) if isinstance(value, dt.datetime) else None,
    order=as_utc,
)
TIME_KIND = Kind(
    "time",
    "a time (hh:mm:ss)",
    read_time,
    formats=None,
    write=lambda value: str(value.isoformat()),
    is_canonical=lambda field: r"" if is_plain(field) else None,
    key=key_of_time,
    accepts=_accept,
    native=lambda value, field: _formatted(value, field) if isinstance(value, dt.time) else None,
    order=as_utc,
)
YEAR_KIND = Kind(
    "year",
    "a year (YYYY)",
    read_year,
    dtype=pl.Int64(),
    accepts=_accept,
    cast=lambda _field, text: text.cast(pl.Int64, strict=False),
    native=native_year,
)
YEARMONTH_KIND = Kind("yearmonth", "a year and month (YYYY-MM)", read_yearmonth, accepts=_accept)
