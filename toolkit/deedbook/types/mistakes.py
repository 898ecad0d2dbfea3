"""Everyday mistakes: how a text looks that has one, what to call it, and what was probably meant.

They are looked at only when a text is no value of its field, so a sound file pays nothing for them: `mistakes.toml`, where they
stand, is read when the first is looked for.
"""

import datetime as dt
import re
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

_EXCEL = dt.datetime(1899, 12, 30)  # noqa: DTZ001  # a local time
"""Day 0 of Excel for days from March 1900 on: it counts a 29 February 1900, which never was."""


@dataclass(frozen=True, slots=True)
class Mistake:
    r"""One way in which a value goes wrong.

    Attributes:
        pattern: What the whole text looks like, in the syntax that Python and polars have in common.
        cause: What the text is, after "it" or "each of the 40 values".
        hint: What else can be done than to write what is proposed; what to do where nothing is.
        means: What was probably meant: a text with `\1` for a group of the pattern, or the name of a function below.
        part: From which to which character of that.
        safe: What a text looks like that can have meant nothing else; `fix --all-safe` mends no other.
    """

    pattern: str
    cause: str
    hint: str = ""
    means: str = ""
    part: tuple[int | None, int | None] = (0, None)
    safe: str = ""

    def is_safe(self, text: str) -> bool:
        """Whether a text that has the mistake can have meant nothing but `correct` of it."""
        return bool(self.safe) and re.fullmatch(self.safe, text, re.DOTALL) is not None

    def has(self, text: str) -> bool:
        """Whether a text looks like this mistake."""
        return re.fullmatch(self.pattern, text, re.DOTALL) is not None

    def correct(self, text: str) -> str | None:
        """What was probably meant; whoever proposes it has to see first that it is a value of the field."""
        found = re.fullmatch(self.pattern, text, re.DOTALL)
        if found is None or not self.means:
            return None
        convert: Callable[[Found], str | None] | None = globals().get(self.means)
        meant = convert(found) if convert else found.expand(self.means)
        return meant and meant[slice(*self.part)]


SPREADSHEET_ERROR = Mistake(
    r"(?:#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)|#{3,}|Err:[0-9]{3})",
    "is an error value of a spreadsheet",
    "correct the formula in the spreadsheet, or leave the cell empty",
)
FORMULA = Mistake(
    r"=\s*[A-Za-z0-9+(\"'-].*|[+@-][A-Z]+\(.*",
    "is the text of a formula, not the value that it gives",
    "write the calculated value (in a spreadsheet: copy, then paste values)",
)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    """The file, with its parts put into the patterns."""
    data: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    data["months"] = {name: number for number, names in enumerate(data["months"], 1) for name in names.split()}
    data["parts"] |= {"MONTHS": "|".join(data["months"]), "WORDS": "|".join(data["words"])}
    return data


@lru_cache(maxsize=32)
def mistakes_of(kind: str) -> dict[str, Mistake]:
    """The mistakes of a type by name, in the order in which they are looked for: its own stand between those of any type."""
    data, found = _data(), {"spreadsheet-error": SPREADSHEET_ERROR, "formula": FORMULA}
    for section in ("first", "number" if kind == "integer" else kind, "last"):
        for name, item in data.get(section, {}).items():
            pattern = re.sub("<([A-Z_0-9]+)>", lambda part: data["parts"][part[1]], item["pattern"])
            found[name] = Mistake(**{**item, "pattern": pattern.replace("\n", "")})
    return found


def readings() -> dict[str, Mistake]:
    """What a person may decide of a column whose texts can be read in two ways, by name."""
    return {name: Mistake(**item) for name, item in _data()["reading"].items()}


def mistakes_of_text(*more: str) -> list[Mistake]:
    """The mistakes that a code or an identifier may have, and more of them by name."""
    return [mistakes_of("number")[name] for name in ("spreadsheet-error", "formula", "stand-in", *more)]


Found = re.Match[str]


def unescaped(found: Found) -> str:
    """The text that a web page shows."""
    import html

    return html.unescape(re.sub("<[^<>]*>", "", found.string)).strip()


def unquoted(found: Found) -> str:
    """The text without the marks around it."""
    return found.string.strip().strip("'\u2018\u2019\u201c\u201d\u201e\"`")


def ascii_digits(found: Found) -> str:
    """Full-width letters and the digits of other scripts as those of ASCII."""
    plain = unicodedata.normalize("NFKC", found.string)
    return "".join(str(unicodedata.digit(it)) if unicodedata.category(it) == "Nd" else it for it in plain)


def only_digits(found: Found) -> str:
    """The sign and the digits of a text, a decimal comma as a point."""
    number = re.sub(r"[^0-9.,+-]", "", found.string).rstrip(".")
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", number):
        return number.replace(",", "")
    if re.fullmatch(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+", number):
        return number.replace(".", "").replace(",", ".")
    return number.replace(",", ".")


def negative(found: Found) -> str:
    """A number in brackets, or with its minus at the end."""
    return "-" + only_digits(found).rstrip("-")


def without_commas(found: Found) -> str:
    """A number without commas between its thousands."""
    return found.string.replace(",", "")


def without_points(found: Found) -> str:
    """A number without points between its thousands, and with a decimal point."""
    return found.string.replace(".", "").replace(",", ".")


def without_exponent(found: Found) -> str | None:
    """A whole number written out."""
    value = Decimal(found.string.replace(",", "."))
    return format(value, "f") if value == value.to_integral_value() else None


def multiplied(found: Found) -> str | None:
    """A number with the zeros for which its last word stands."""
    return format(Decimal(only_digits(found)).scaleb(_data()["zeros"][found[2].lower()]), "f")


def counted(found: Found) -> str:
    """The number that a word means."""
    return str(_data()["words"][found.string.lower()])


def day(found: Found) -> str:
    """The day of a year, a month and a day; years of two digits as spreadsheets read them: 00 to 29 are 2000 to 2029."""
    return dt.date(_year(found["year"]), int(found["month"]), int(found["day"])).isoformat()


def _year(text: str) -> int:
    return int(text) + (0 if len(text) > 2 else 2000 if int(text) < 30 else 1900)


def named_day(found: Found) -> str | None:
    """A day whose month is a word: `1 Feb 2022`, `February 1st, 2022`."""
    months, numbers = _months_and_numbers(found)
    if not months or len(numbers) != 2:
        return None
    year, day_of_month = numbers if int(numbers[0]) > 31 else reversed(numbers)
    return dt.date(_year(year), months[0], int(day_of_month)).isoformat()


def named_month(found: Found) -> str | None:
    """A month that is a word or stands first: `Feb 2022`, `02/2022`."""
    months, numbers = _months_and_numbers(found)
    if len(months) + len(numbers) != 2:
        return None
    month, year = (months[0], numbers[0]) if months else sorted(numbers, key=int)
    return dt.date(_year(year), int(month), 1).isoformat()[:7]


def _months_and_numbers(found: Found) -> tuple[list[int], list[str]]:
    words = re.findall(r"[^\W\d]+", found.string.lower())
    months = _data()["months"]
    return [months[word] for word in words if word in months], re.findall("[0-9]+", found.string)


def excel_moment(found: Found) -> str:
    """The moment that a number of days means in Excel."""
    return (_EXCEL + dt.timedelta(seconds=round(float(found.string.replace(",", ".")) * 86400))).isoformat()


def unix_moment(found: Found) -> str:
    """The moment that a number of seconds since 1970 means."""
    return dt.datetime.fromtimestamp(int(found[1]), dt.UTC).isoformat().replace("+00:00", "Z")


_CLOCK = re.compile(
    r"\s*([0-9]{1,2})[:.h]([0-9]{2})(?:[:.m]([0-9]{2}))?s?(?:[.,]([0-9]+))?\s*(?:([ap])?\.?m?\.?)\s*", re.IGNORECASE
)
_MOMENT = re.compile(
    r"\s*(.*?[0-9]{2})[ tT,]+([0-9]{1,2}[:.][0-9]{2}.*?)\s*(?:(z|Z|UTC|GMT)|([+-][0-9]{2}):?([0-9]{2}))?\s*"
)


def clock(found: Found) -> str | None:
    """A time of day of any everyday form as hh:mm:ss."""
    return _clock(found.string)


def _clock(text: str) -> str | None:
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if found[5]:
        hour = hour % 12 + (12 if found[5].lower() == "p" else 0)
    return f"{hour:02d}:{minute:02d}:{second:02d}" + (f".{found[4]}" if found[4] else "")


def moment(found: Found) -> str | None:
    """A date and a time with anything but a `T` between them, or without seconds."""
    parts = _MOMENT.fullmatch(found.string)
    time = _clock(parts[2]) if parts else None
    if parts is None or time is None:
        return None
    meant = next((item.correct(parts[1]) for item in mistakes_of("date").values() if item.has(parts[1])), None)
    zone = "Z" if parts[3] else f"{parts[4]}:{parts[5]}" if parts[4] else ""
    return f"{meant or parts[1]}T{time}{zone}"
