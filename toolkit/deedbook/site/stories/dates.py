"""Dates in words, no more precise than they are: EDTF of levels 0 and 1, or a first and a last day."""

import datetime as dt
import re
from functools import lru_cache

from deedbook.site.messages import Messages, messages

_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?([~?%])?")
_MASKED = re.compile(r"(\d{4})-XX(?:-XX)?|(\d{4}-\d\d)-XX|(\d{3})X")
_DOUBTS = {"": "", "~": "about", "?": "uncertain", "%": "both"}
_SEASONS = range(21, 25)


def in_words(text: str, say: Messages) -> str:
    """What an EDTF text says; the text itself where it is none of levels 0 and 1."""
    return _in_words(text, say.lang)


@lru_cache(maxsize=1 << 15)
def _in_words(text: str, lang: str) -> str:
    say = messages(lang)
    start, slash, end = text.partition("/")
    sides = [side if side in {"", ".."} else _one(side, say) for side in (start, end)]
    if not slash:
        return sides[0] or text
    if ("" in sides and not {start, end} & {""}) or {*sides} <= {"", ".."}:
        return text
    if start in {"", ".."}:
        return say("story.date.until" if start else "story.date.until_unknown", end=sides[1])
    if end in {"", ".."}:
        return say("story.date.since" if end else "story.date.since_unknown", start=sides[0])
    return say("story.date.span", start=sides[0], end=sides[1])


def _one(text: str, say: Messages) -> str:
    """A date that is no interval; empty when the text is none."""
    if found := _DATE.fullmatch(text):
        words = _plain(found[1], found[2], found[3], say)
        doubt = _DOUBTS[found[4] or ""]
        return say(f"story.date.{doubt}", date=words) if doubt and words else words
    if found := _MASKED.fullmatch(text):
        year, month, decade = found.groups()
        if decade:
            return say("story.date.decade", decade=f"{decade}0")
        return say("story.date.within", date=year or _plain(month[:4], month[5:], None, say))
    return ""


def _plain(year: str, month: str | None, day: str | None, say: Messages) -> str:
    """A date without doubts; empty when there is no such day."""
    if month is None:
        return year
    if int(month) in _SEASONS and day is None:
        return say(f"story.date.season.{month}", year=year)
    try:
        dt.date(int(year), int(month), int(day or 1))
    except ValueError:
        return ""
    whole = say.day(f"{year}-{month}-{day or '01'}")
    return whole if day else whole.partition(" ")[2]


def span_in_words(first: dt.date | None, last: dt.date | None, say: Messages) -> str:
    """A first and a last day; whole months and years by their names; empty when neither is known."""
    if first is None or last is None:
        known = first or last
        return (
            say("story.date.since" if first else "story.date.until", start=say.day(known), end=say.day(known))
            if known
            else ""
        )
    if first == last:
        return say.day(first)
    after = last + dt.timedelta(days=1)
    if first.day == after.day == 1:
        if first.month == after.month == 1 and after.year == first.year + 1:
            return str(first.year)
        if (after.year - first.year) * 12 + after.month - first.month == 1:
            return say.day(first).partition(" ")[2]
    return say("story.date.span", start=say.day(first), end=say.day(last))


def years(text: str) -> tuple[float | None, float | None]:
    """The strict bounds of an EDTF text as years with a fraction, None being open or not known."""
    start, slash, end = text.partition("/")
    first, last = _bounds(start), _bounds(end if slash else start)
    return first[0] if first else None, last[1] if last else None


def _bounds(text: str) -> tuple[float, float] | None:
    found = _DATE.match(text)
    if not found:
        return None
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if not 1 <= month <= 12:
        return float(year), year + 1.0
    begin = year + (month - 1) / 12
    return (begin + (day - 1) / 372, begin + day / 372) if day else (begin, begin + 1 / 12)
