"""Everyday mistakes in dates, times, years and months."""

from __future__ import annotations

import datetime as dt
import re

from deedbook.types.mistake import Mistake

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january janvier enero \u044f\u043d\u0432\u0430\u0440\u044f",
            "feb februar february f\u00e9vrier febrero \u0444\u0435\u0432\u0440\u0430\u043b\u044f",
            "mar m\u00e4r march m\u00e4rz mars marzo \u043c\u0430\u0440\u0442\u0430",
            "apr april avril abril \u0430\u043f\u0440\u0435\u043b\u044f",
            "may mai mayo \u043c\u0430\u044f",
            "jun june juni juin junio \u0438\u044e\u043d\u044f",
            "jul july juli juillet julio \u0438\u044e\u043b\u044f",
            "aug august ao\u00fbt agosto \u0430\u0432\u0433\u0443\u0441\u0442\u0430",
            "sep sept september septembre septiembre \u0441\u0435\u043d\u0442\u044f\u0431\u0440\u044f",
            "oct okt october oktober octobre octubre \u043e\u043a\u0442\u044f\u0431\u0440\u044f",
            "nov november novembre noviembre \u043d\u043e\u044f\u0431\u0440\u044f",
            "dec dez december dezember d\u00e9cembre diciembre \u0434\u0435\u043a\u0430\u0431\u0440\u044f",
        ),
        1,
    )
    for name in names.split()
}
_MONTH_NAME = "|".join(_MONTHS)
_EXCEL = dt.date(1899, 12, 30)
"""Day 0 of Excel for days from March 1900 on: it counts a 29 February 1900, which never was."""
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:\s*(?i:[ap]\.?m\.?))?"


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return None


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall("[0-9]+", text)[:3]]


def _year(year: int) -> int:
    """A year of two digits, as spreadsheets read it: 00 to 29 are 2000 to 2029."""
    return year if year > 99 else year + (2000 if year < 30 else 1900)


def _day_first(text: str) -> str | None:
    day, month, year = _numbers(text)
    return _iso(_year(year), month, day)


def _month_first(text: str) -> str | None:
    month, day, year = _numbers(text)
    return _iso(_year(year), month, day)


def _year_first(text: str) -> str | None:
    return _iso(*_numbers(text))


def _exchanged(text: str) -> str | None:
    year, day, month = _numbers(text)
    return _iso(year, month, day)


def _from_excel(text: str) -> str:
    return (_EXCEL + dt.timedelta(days=int(float(text.replace(",", "."))))).isoformat()


def _from_excel_time(text: str) -> str:
    number = float(text.replace(",", "."))
    moment = dt.datetime.combine(_EXCEL, dt.time()) + dt.timedelta(seconds=round(number * 86400))
    return moment.isoformat()


def _named_month(text: str) -> str | None:
    """A day whose month is a word: `1 Feb 2022`, `February 1st, 2022`."""
    words = re.findall(r"[^\W\d]+", text.lower())
    month = next((_MONTHS[word] for word in words if word in _MONTHS), None)
    numbers = [int(part) for part in re.findall("[0-9]+", text)]
    if month is None or len(numbers) != 2:
        return None
    year, day = (numbers[0], numbers[1]) if numbers[0] > 31 else (numbers[1], numbers[0])
    return _iso(_year(year), month, day)


def _with_month(text: str) -> str | None:
    """A month that is a word or stands first: `Feb 2022`, `02/2022`."""
    words = [_MONTHS[word] for word in re.findall(r"[^\W\d]+", text.lower()) if word in _MONTHS]
    numbers = [int(part) for part in re.findall("[0-9]+", text)]
    if len(words) + len(numbers) != 2:
        return None
    month, year = (words[0], numbers[0]) if words else (min(numbers), max(numbers))
    return f"{_year(year):04d}-{month:02d}" if 1 <= month <= 12 else None


def _clock(text: str) -> str | None:
    """A time of day of any everyday form as hh:mm:ss."""
    found = re.fullmatch(
        r"\s*([0-9]{1,2})[:.h]([0-9]{2})(?:[:.m]([0-9]{2}))?s?(?:[.,]([0-9]+))?\s*([ap]?)\.?m?\.?\s*", text.lower()
    )
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if found[5]:
        hour = hour % 12 + (12 if found[5] == "p" else 0)
    return f"{hour:02d}:{minute:02d}:{second:02d}" + (f".{found[4]}" if found[4] else "")


def _moment(text: str) -> str | None:
    """A date and a time with anything but a `T` between them, or without seconds."""
    found = re.fullmatch(
        r"\s*(.*?[0-9]{2})[ tT,]+([0-9]{1,2}[:.][0-9]{2}.*?)\s*(z|Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?\s*", text
    )
    if not found:
        return None
    day = next(
        (made for mistake in DATE_MISTAKES if mistake.has(found[1]) and (made := mistake.correct(found[1]))), found[1]
    )
    clock, zone = _clock(found[2]), found[3] or ""
    zone = "Z" if zone.upper() in {"Z", "UTC", "GMT"} else zone if ":" in zone or not zone else f"{zone[:3]}:{zone[3:]}"
    return f"{day}T{clock}{zone}" if clock else None


_OTHER_ORDER = "or declare its `format`: "
_UP_TO_12, _ABOVE_12, _YEAR = "(?:0?[1-9]|1[0-2])", "(?:1[3-9]|2[0-9]|3[01])", "(?:[0-9]{4}|[0-9]{2})"
DAY_FIRST = Mistake(
    rf"{_ABOVE_12}[/-]{_UP_TO_12}[/-]{_YEAR}",
    "is written with the day first (`%d/%m/%Y`)",
    f"{_OTHER_ORDER}`%d/%m/%Y`",
    correct=_day_first,
)
MONTH_FIRST = Mistake(
    rf"{_UP_TO_12}[/-]{_ABOVE_12}[/-]{_YEAR}",
    "is written with the month first (`%m/%d/%Y`)",
    f"{_OTHER_ORDER}`%m/%d/%Y`",
    correct=_month_first,
)
DAY_OR_MONTH_FIRST = Mistake(
    rf"[0-9]{{1,2}}[/-][0-9]{{1,2}}[/-]{_YEAR}",
    "is written with the day or the month first",
    "write YYYY-MM-DD, or declare the `format`: `%d/%m/%Y` if the day comes first, `%m/%d/%Y` if the month does",
)
"""One date does not tell; other dates of its column may."""
DATE_MISTAKES = (
    Mistake(
        r"[2-5][0-9]{4}(?:[.,][0-9]*)?",
        "is a day number of Excel (a serial date)",
        "format the column as a date in the spreadsheet before it is exported",
        correct=_from_excel,
    ),
    Mistake(
        r"[0-9]{1,2}\.\s?[0-9]{1,2}\.\s?(?:[0-9]{4}|[0-9]{2})",
        "is written day.month.year",
        f"{_OTHER_ORDER}`%d.%m.%Y`",
        correct=_day_first,
    ),
    DAY_FIRST,
    MONTH_FIRST,
    DAY_OR_MONTH_FIRST,
    Mistake(
        r"[0-9]{4}-(?:1[3-9]|2[0-9]|3[01])-(?:0[1-9]|1[0-2])",
        "has no such month: day and month may be exchanged",
        correct=_exchanged,
    ),
    Mistake(
        r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}",
        "is not a day of the calendar, or not written with hyphens and two digits each",
        "the calendar has no such day: look it up in the source",
        correct=_year_first,
    ),
    Mistake(
        r"[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",
        "has no hyphens",
        f"{_OTHER_ORDER}`%Y%m%d`",
        correct=lambda text: f"{text[:4]}-{text[4:6]}-{text[6:]}",
    ),
    Mistake(
        rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T].*|.*[0-9]{{2,4}} {_CLOCK}",
        "has a time of day, which a date has not",
        "or declare the type `datetime`",
        correct=lambda text: text.strip()[:10],
    ),
    Mistake(r"[0-9]{5,}-[0-9]{1,2}-[0-9]{1,2}", "has a year with a digit too many", "look the year up in the source"),
    Mistake(r"[0-9]{2}-[0-9]{2}-[0-9]{2}", "has a year of two digits", "write the year with four digits"),
    Mistake(
        r"[0-9]{4}(?:-(?:0[0-9]|1[0-2]))?(?:-00)?|(?i:early|mid|late)?[ -]*[0-9]{4}s?",
        "has no day: it is a year or a month",
        "write the whole day, or declare the type `year` or `yearmonth`",
    ),
    Mistake(
        r"(?:1[0-9]{9}|1[0-9]{12})",
        "is a count of seconds since 1970 (a Unix time)",
        correct=lambda text: dt.datetime.fromtimestamp(int(text[:10]), dt.UTC).date().isoformat(),
    ),
    Mistake(
        rf"[0-9].*(?i:{_MONTH_NAME}).*|(?i:{_MONTH_NAME}).*[0-9].*",
        "has its month in words",
        "write YYYY-MM-DD",
        correct=_named_month,
    ),
    Mistake(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}[?~%]+|[<>~].*|.*[/.]{1,2}[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "is uncertain, or an interval: a date is one day",
        "write one day, and the doubt in a column of its own",
    ),
)
DATETIME_MISTAKES = (
    Mistake(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?[+-](?:[0-9]{4}|[0-9]{2})",
        "has an offset without a colon and minutes",
        "or use `Z` for UTC",
        correct=lambda text: re.sub("([+-][0-9]{2})([0-9]{2})?$", lambda it: f"{it[1]}:{it[2] or '00'}", text),
    ),
    Mistake(
        r"[2-5][0-9]{4}(?:[.,][0-9]+)?",
        "is a day number of Excel (a serial date)",
        "format the column as a date in the spreadsheet before it is exported",
        correct=_from_excel_time,
    ),
    Mistake(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "has no time of day", "write the time too, or declare the type `date`"),
    Mistake(
        r"1[0-9]{9}(?:[0-9]{3})?",
        "is a count of seconds since 1970 (a Unix time)",
        correct=lambda text: dt.datetime.fromtimestamp(int(text[:10]), dt.UTC).isoformat().replace("+00:00", "Z"),
    ),
    Mistake(
        r".*[0-9]:[0-9].*",
        "is not written as YYYY-MM-DDThh:mm:ss, with a `T` before the time and with seconds",
        "or declare its `format`",
        correct=_moment,
    ),
)
TIME_MISTAKES = (
    Mistake(
        r"[0-9]{1,2}[:.h][0-9]{2}(?:[:.m][0-9]{2})?s?(?:[.,][0-9]+)?\s*(?i:[ap]?\.?m?\.?)",
        "is not written as hh:mm:ss, with two digits each",
        "or declare its `format`",
        correct=_clock,
    ),
    Mistake(
        r"0?[.,][0-9]+",
        "is a part of a day, as Excel stores times",
        "format the column as a time in the spreadsheet before it is exported",
        correct=lambda text: _from_excel_time(text)[11:],
    ),
    Mistake(
        r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?[+-][0-9]{4}",
        "has an offset without a colon",
        correct=lambda text: f"{text[:-2]}:{text[-2:]}",
    ),
    Mistake(
        r".*[0-9]{4}-[0-9]{2}-[0-9]{2}.*", "has a date, which a time of day has not", "declare the type `datetime`"
    ),
)
YEAR_MISTAKES = (
    Mistake(r"[0-9]{4}[.,]0*", "is a year written with decimals", correct=lambda text: text[:4]),
    Mistake(
        r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}.*)?",
        "is a whole date",
        "or declare the type `date` or `yearmonth`",
        correct=lambda text: text[:4],
    ),
    Mistake(r"'?[0-9]{2}", "has two digits", "write the year with four digits"),
    Mistake(r"[0-9]{5,}", "has a digit too many", "look the year up in the source"),
    Mistake(
        r"[0-9]{4}\s*[-/\u2013]\s*[0-9]{2,4}",
        "is a range of years",
        "write a single year, or put the first and the last into two columns",
    ),
)
YEARMONTH_MISTAKES = (
    Mistake(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", "has a day", "or declare the type `date`", correct=lambda text: text[:7]),
    Mistake(r"[0-9]{6}", "has no hyphen", correct=lambda text: f"{text[:4]}-{text[4:]}"),
    Mistake(r"[0-9]{4}", "has no month", "write the month too, or declare the type `year`"),
    Mistake(
        r"[^\W\d]+[-. /]*[0-9]{2,4}|[0-9]{1,4}[-./ ][0-9]{1,4}|[0-9]{4}[-. /]*[^\W\d]+",
        "is not written as YYYY-MM",
        correct=_with_month,
    ),
)
