"""What the interface says, in every language: `messages.csv`, one row a text, for Python and for what runs in the browser.

Keys begin with their part: `page.`, `explorer.`, `story.`, `picture.`. `{name}` in a text is replaced; a text whose number matters
has two rows, `KEY.one` and `KEY.other`.
"""

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deedbook.release.pages import size

LANGUAGES = ("en", "de")
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}


@dataclass(frozen=True, slots=True)
class Messages:
    """The texts of one language."""

    lang: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of a key, its placeholders replaced; whole numbers are written as the language does."""
        shown = {name: self.number(one) if isinstance(one, int) else one for name, one in values.items()}
        return self.texts[key].format(**shown) if shown else self.texts[key]

    def count(self, key: str, count: int, /, **values: object) -> str:
        """The text of a key for so many, `{count}` among its placeholders."""
        return self(f"{key}.{'one' if count == 1 else 'other'}", count=count, **values)

    def number(self, value: float) -> str:
        """A number with the separators of the language."""
        text = f"{value:,}"
        return text.translate(str.maketrans(",.", ".,")) if self.lang == "de" else text

    def size(self, count: int) -> str:
        """A number of bytes in a unit that people read."""
        text = size(count)
        return text.replace(".", ",") if self.lang == "de" else text

    def day(self, text: object) -> str:
        """A date, or a moment's date, in words; as it is when it is none."""
        try:
            day = dt.date.fromisoformat(str(text)[:10])
        except ValueError:
            return str(text or "")
        month = _MONTHS[self.lang].split()[day.month - 1]
        return f"{day.day}{'.' if self.lang == 'de' else ''} {month} {day.year}"

    def part(self, *prefixes: str) -> dict[str, str]:
        """The texts whose keys begin so, for the browser."""
        return {key: text for key, text in self.texts.items() if key.startswith(prefixes)}


@cache
def messages(lang: str) -> Messages:
    """What the interface says in a language of `LANGUAGES`."""
    with (Path(__file__).parent / "messages.csv").open(encoding="utf-8", newline="") as file:
        return Messages(lang, {row["key"]: row[lang] for row in csv.DictReader(file)})
