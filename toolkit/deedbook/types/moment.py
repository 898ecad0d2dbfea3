"""Days, times of day, moments, years and months."""

import datetime as dt
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from deedbook.schema import Field
from deedbook.types.kind import Kind, Parser, always, converted, demand, is_plain
from deedbook.types.number import is_number, is_whole

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_MIDNIGHT = re.compile(r"T24(?=:00:00(?:\.0+)?(?:Z|[+-]|\Z))")

_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
"""A leap year but for the year 0, which no calendar has."""


def _day_of(year: str) -> str:
    """A day of a year that this matches, with 29 February in leap years only."""
    return (
        f"(?:{year}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
    )


_DAY = _day_of("[0-9]{4}")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?"
LEXICAL = {
    "date": _DAY,
    "datetime": f"{_DAY}T{_CLOCK}",
    "time": _CLOCK,
    "year": "[0-9]{4}",
    "yearmonth": "[0-9]{4}-(?:0[1-9]|1[0-2])",
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


def _reader(
    part: Callable[[dt.datetime], Any], standard: Callable[[str, bool], Any]
) -> Callable[[Field, bool], Parser]:
    """The parser of a type: what `part` takes of a moment that a pattern or any form gives, else the standard's form."""

    def read(field: Field, lenient: bool) -> Parser:
        if pattern := pattern_of(field):
            return lambda text: part(_by_pattern(text, pattern))
        return partial(_any_form, part) if field.format == "any" else lambda text: standard(text, lenient)

    return read


def _by_pattern(text: str, pattern: str) -> dt.datetime:
    """The moment of a strptime pattern; a `Z` at its end and the zone names of `%Z` mean UTC."""
    moment = dt.datetime.strptime(text, pattern)  # noqa: DTZ007  # one without a zone stays one
    return moment.replace(tzinfo=dt.UTC) if pattern.endswith("Z") and moment.tzinfo is None else moment


def _any_form(part: Callable[[dt.datetime], Any], text: str) -> Any:
    """What a text in any form says; what it leaves open (which year?) is not filled in from the clock."""
    import dateutil.parser

    defaults = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)  # noqa: DTZ001  # what a text does not say shows
    first, second = (part(dateutil.parser.parse(text, default=default)) for default in defaults)
    demand(first == second, "the text does not say the whole date")
    return first


def _loosely_iso(text: str) -> dt.datetime:
    import dateutil.parser

    return dateutil.parser.isoparse(text)


def standard_date(text: str, lenient: bool) -> dt.date:
    """The day that a text of the standard form says."""
    if _DATE.fullmatch(text):
        return dt.date.fromisoformat(text)
    if lenient:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a calendar day has no zone
    raise ValueError(text)


def standard_moment(text: str, lenient: bool) -> dt.datetime:
    """The moment that a text of the standard form says."""
    if _DATE.fullmatch(text[:10]) and text[10:11] == "T" and _TIME.fullmatch(text[11:]):
        started = _MIDNIGHT.sub("T00", text)  # 24:00:00 is the first instant of the next day
        return _in_utc(dt.datetime.fromisoformat(started) + dt.timedelta(days=started != text))
    if lenient and text[16:17] == ":" and len(text) >= 19:
        return _in_utc(_loosely_iso(text))
    raise ValueError(text)


def standard_time(text: str, lenient: bool) -> dt.time:
    """The time of day that a text of the standard form says."""
    if _TIME.fullmatch(text) and not (lenient and text.startswith("24")):
        return dt.time.fromisoformat(text)
    if lenient and text[5:6] == ":" and len(text) >= 8:
        return _loosely_iso(f"2000-01-01T{text}").timetz()
    raise ValueError(text)


def time_of(moment: dt.datetime) -> dt.time:
    """The time of day of a moment, with its zone."""
    offset = moment.utcoffset() or dt.timedelta()
    demand(offset.total_seconds() % 60 == 0, "its offset has seconds, which a released time cannot have")
    return moment.timetz()


def _in_utc(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC; one without a zone is a local time and stays one."""
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment


def standard_year(text: str, lenient: bool) -> int:
    """The year that a text says."""
    if not re.fullmatch(LEXICAL["year"], text) and not (lenient and len(text) == 4 and int(text) >= 0):
        raise ValueError(text)
    return int(text)


def standard_yearmonth(text: str, lenient: bool) -> tuple[int, int]:
    """The year and the month that a text says."""
    if not re.fullmatch(LEXICAL["yearmonth"], text) and not lenient:
        raise ValueError(text)
    year, month = map(int, text.split("-"))
    if not 1 <= month <= 12:
        raise ValueError(text)
    return year, month


def write_moment(value: dt.datetime) -> str:
    """A moment with a zone in UTC with a `Z`, one without a zone without."""
    text = value.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + ("Z" if value.tzinfo else "")


def key_of_time(value: dt.time) -> str:
    """The time of day in UTC if it has a zone; times of equal keys are equal."""
    since = dt.datetime.combine(dt.date(2000, 1, 2), value.replace(tzinfo=None)) - (value.utcoffset() or dt.timedelta())
    days = since.day - 2
    text = write_moment(since)[11:]
    return (f"{days:+d} " if days else "") + text + ("Z" if value.tzinfo else "")


def as_utc(value: Any) -> Any:
    """A moment or time that can be compared with any other: without a zone, it counts as UTC."""
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


_YEARS = "[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8]|0[1-9][0-9]{2}|00[1-9][0-9]|000[2-9]"
"""2 to 9998: what is in them is in a year that there is, in UTC too."""
_ACCEPTED = {
    **LEXICAL,
    "date": _day_of(f"(?:{_YEARS}|0001|9999)"),
    "datetime": f"{_day_of(f'(?:{_YEARS})')}T{_CLOCK}",
}


def _accept(field: Field, text: pl.Expr, _number: pl.Expr) -> list[pl.Expr] | None:
    return [text.str.contains(rf"\A{_ACCEPTED[field.type]}\z")] if is_plain(field) else None


read_datetime = _reader(_in_utc, standard_moment)


def cast_datetime(field: Field, text: pl.Expr) -> pl.Expr:
    """Moments in UTC: those in the usual form at once, the others one by one."""
    parse = read_datetime(field, False)
    usual = text.str.contains(_USUAL_MOMENT)
    plain = pl.when(usual).then(text).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False)
    others = converted(pl.when(~usual).then(text), lambda text: as_utc(parse(text)), _MOMENT)
    return plain.dt.replace_time_zone("UTC").fill_null(others)


def _native(value: Any, field: Field) -> str | None:
    """A day, moment or time of a spreadsheet as its field writes it; a day with a time of midnight is a day too."""
    if field.type == "date" and isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    if type(value).__name__ != field.type:  # Python's classes have the names of the types
        return None
    pattern = pattern_of(field)
    return str(value.strftime(pattern) if pattern else value.isoformat())


def native_year(value: Any, _field: Field) -> str | None:
    """A whole number with the digits of a year."""
    return f"{int(value):04d}" if is_number(value) and is_whole(value) and 0 <= value <= 9999 else None


_kind = partial(Kind, formats=None, canonical="", write=lambda value: str(value.isoformat()), accepts=_accept)
KINDS = (
    _kind(
        "date",
        "a date (YYYY-MM-DD)",
        _reader(lambda moment: moment.date(), standard_date),
        dtype=pl.Date(),
        cast=lambda _field, text: text.str.to_date("%Y-%m-%d", strict=False),
        native=_native,
    ),
    _kind(
        "datetime",
        "a date and time (YYYY-MM-DDThh:mm:ss)",
        read_datetime,
        dtype=_MOMENT,
        write=write_moment,
        canonical=_CANONICAL_MOMENT,
        cast=cast_datetime,
        fit=as_utc,
        native=_native,
        order=as_utc,
    ),
    _kind(
        "time",
        "a time (hh:mm:ss)",
        _reader(time_of, standard_time),
        key=key_of_time,
        native=_native,
        order=as_utc,
    ),
    _kind(
        "year",
        "a year (YYYY)",
        always(standard_year),
        formats=frozenset(),
        dtype=pl.Int64(),
        write="{:04d}".format,
        native=native_year,
    ),
    _kind(
        "yearmonth",
        "a year and month (YYYY-MM)",
        always(standard_yearmonth),
        formats=frozenset(),
        write=lambda value: f"{value[0]:04d}-{value[1]:02d}",
    ),
)
