"""All pictures of a release together: whole, safe and always the same."""

import csv
import datetime as dt
import random
import re
import string
from pathlib import Path

import polars as pl
import pytest

from deedbook.site import messages as module
from deedbook.site.editions import Edition
from deedbook.site.messages import messages
from deedbook.site.pictures import PICTURES, Figure, Missing, pictures
from deedbook.site.pictures.figure import MOST_ROWS
from tests.site.pictures.releases import drawings, edition, styled, table

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "\u202egnp.exe",
    "]]><!--",
    "&amp;amp;",
    "x" * 100_000,
    "=cmd|' /C calc'!A0",
    "\x00\x1b[31m\ud7ff\ufffe",
    "",
    "../..",
)


def release(folder: Path, names: tuple[str, ...], order: int = 0) -> Edition:
    """A release whose every label is one of these names; its rows in another order for each number."""
    dice = random.Random(7)  # noqa: S311 - a fixed example
    rows = [
        {
            "event_id": number,
            "date_start": dt.date(2020, 1, 1) + dt.timedelta(days=dice.randrange(1500)),
            "event_type": names[number % len(names)],
            "status": names[(number + 1) % len(names)],
            "n_origins": number % 4,
            "n_denials": number % 2,
            "latitude": 30 + dice.random() * 5,
            "longitude": 40 + dice.random() * 5,
            "place": names[(number * 3) % len(names)],
            "side_a": names[dice.randrange(len(names))],
            "side_b": names[dice.randrange(len(names))],
            "low": float(number % 3),
            "best": number % 3 + 0.1,
            "high": number % 3 + 2.7,
            "note": None if number % 2 else "x",
        }
        for number in range(400)
    ]
    frame = pl.DataFrame([rows[(at * 7 + order) % 400] for at in range(400)] if order else rows)
    history: list[dict[str, object]] = [
        {"version": names[at % len(names)], "created": "2026-01-01", "tables": [{"table": "events", "added": at}]}
        for at in range(3)
    ]
    return edition(folder, table("events", frame, "event_id"), history=history)


@pytest.mark.parametrize("lang", module.LANGUAGES)
def test_every_picture_is_whole_and_says_what_it_is(lang: str, tmp_path: Path) -> None:
    made = pictures(release(tmp_path, ("North", "South", "East")), lang)
    figures = [one for one in made if isinstance(one, Figure)]
    assert len(figures) == len(PICTURES)
    for figure in figures:
        for drawing in drawings(figure):
            ids = {part.get("id") for part in drawing.iter() if part.get("id")}
            assert drawing.get("role") == "img"
            assert set((drawing.get("aria-labelledby") or "").split()) <= ids
            assert (drawing.findtext("{*}title"), bool(drawing.findtext("{*}desc"))) == (figure.title, True)
        assert all(len(row) == len(figure.columns) for row in figure.rows)
    whole = "".join(figure.html(messages(lang)) for figure in figures)
    named = re.findall(r'\sid="([^"]+)"', whole)
    assert len(named) == len(set(named))


def test_labels_from_data_are_text_and_nothing_else(tmp_path: Path) -> None:
    for figure in pictures(release(tmp_path, HOSTILE), "en"):
        assert isinstance(figure, Figure)
        assert len(drawings(figure)) == 2
        html = figure.html(messages("en"))
        assert "<script" not in html
        assert "<img" not in html
        assert not re.search(r"<[^>]*\s(on\w+|style|href)=", html)
        assert "\u202e" not in figure.svg
        assert len(figure.svg) < 200_000


def test_no_picture_needs_a_style_or_a_script(tmp_path: Path) -> None:
    for figure in pictures(release(tmp_path, ("North", "South")), "de"):
        assert isinstance(figure, Figure)
        assert styled(figure.html(messages("de"))) == []
        colours = re.findall(r'\s(?:fill|stroke)="([^"]*)"', figure.svg)
        assert all(re.fullmatch(r"url\(#[\w-]+-(hatch|picture-all|picture-bar)\)", colour) for colour in colours)


def test_the_same_release_gives_the_same_bytes_whatever_the_order_of_its_rows(tmp_path: Path) -> None:
    names = ("North", "South", "East", "West")
    made = [
        [one.html(messages("en")) for one in pictures(release(tmp_path, names, order), "en") if isinstance(one, Figure)]
        for order in (0, 0, 1, 3)
    ]
    assert made[0] == made[1] == made[2] == made[3]


def test_a_release_without_events_says_what_each_picture_lacks(tmp_path: Path) -> None:
    rows = pl.DataFrame({"code": ["a"], "label": ["b"]})
    for lang in module.LANGUAGES:
        made = pictures(edition(tmp_path, table("codes", rows, "code")), lang)
        assert [one.id for one in made] == [name for name, _ in PICTURES]
        assert all(isinstance(one, Missing) and one.reason for one in made)


def test_a_table_without_rows_gives_no_picture_of_events(tmp_path: Path) -> None:
    whole = release(tmp_path, ("North", "South"))
    empty = table("events", whole.tables["events"].frame().clear(), "event_id")
    (tmp_path / "changes.json").unlink()
    assert all(isinstance(one, Missing) for one in pictures(edition(tmp_path, empty), "en"))


def test_the_table_behind_a_picture_is_capped_and_the_count_said(tmp_path: Path) -> None:
    figure = next(one for one in pictures(release(tmp_path, ("North", "South")), "en") if one.id == "map")
    assert isinstance(figure, Figure)
    html = figure.html(messages("en"))
    assert len(figure.rows) > MOST_ROWS
    assert html.count("<tr>") == MOST_ROWS + 1
    assert f"The first {MOST_ROWS} of {len(figure.rows)} rows." in html


def test_texts_have_the_same_placeholders_in_every_language() -> None:
    path = Path(module.__file__).parent / "messages.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["key"].startswith("picture.")]
    for row in rows:
        fields = [{name for _, name, _, _ in string.Formatter().parse(row[lang]) if name} for lang in module.LANGUAGES]
        assert fields[0] == fields[1], row["key"]
    assert [row["key"] for row in rows] == sorted(row["key"] for row in rows)
