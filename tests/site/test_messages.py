from __future__ import annotations

import csv
import string
from collections.abc import Iterator
from pathlib import Path

import deedbook.site
from deedbook.site.messages import LANGUAGES, messages

FOLDER = Path(deedbook.site.__file__).parent


def rows() -> Iterator[dict[str, str]]:
    with (FOLDER / "messages.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_every_text_stands_in_every_language_once_in_order() -> None:
    keys = [row["key"] for row in rows()]
    assert keys == sorted(set(keys))
    assert [row["key"] for row in rows() if not all(row[lang].strip() for lang in LANGUAGES)] == []


def test_a_text_has_the_same_placeholders_in_every_language() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [row["key"] for row in rows() if names(row["en"]) != names(row["de"])] == []


def test_numbers_days_and_sizes_are_written_as_the_language_does() -> None:
    english, german = messages("en"), messages("de")
    assert (english.number(1234.5), german.number(1234.5)) == ("1,234.5", "1.234,5")
    assert (english.day("2026-03-01T10:00:00Z"), german.day("2026-03-01")) == ("1 March 2026", "1. März 2026")
    assert english.day("about 2026") == "about 2026"
    assert (english.size(1_500_000), german.size(1_500_000)) == ("1.5 MB", "1,5 MB")
    assert english.count("page.rows", 1) == "1 row"
    assert german.count("page.rows", 2000) == "2.000 Zeilen"
