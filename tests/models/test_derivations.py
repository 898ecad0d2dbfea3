"""What a release of each model adds, computed from its made-up rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from deedbook import models
from deedbook.checking.rules import load_rules
from deedbook.errors import RuleError
from deedbook.project import load_project
from deedbook.release.derivations import Derived, derive_frames
from deedbook.release.derived import derived_view
from deedbook.release.rows import Scratch
from deedbook.rules import dates
from deedbook.scaffold import create

DAY = dt.date(2024, 3, 7)
EXPECTED: dict[str, dict[str, list[tuple[object, ...]]]] = {
    "flat": {
        "events": [
            ("E0001", "Russia", "Laos", 1),
            ("E0002", "Students of Vientiane", "Laos", 3),
            ("E0003", "Ministry of Defence of Laos", "Russia", 1),
        ]
    },
    "ucdp-prio-acd": {
        "episodes": [
            (409, dt.date(2013, 1, 1), 2013, 2013, 1, None, 2),
            (11342, dt.date(2012, 11, 15), 2012, 2012, 1, dt.date(2012, 12, 21), 1),
            (11342, dt.date(2014, 7, 1), 2014, 2014, 1, None, 1),
        ]
    },
    "gdelt": {"dyad_days": [(DAY, "RUS", "LAO", 1, 1, 4, 4), (DAY, "RUS", "LAO", 3, 1, 4, 4)]},
    "gtd": {
        "incidents": [
            ("202003070001", dt.date(2020, 3, 7), dt.date(2020, 3, 7)),
            ("202003000002", dt.date(2020, 3, 1), dt.date(2020, 3, 31)),
        ]
    },
    "cow-alliances": {"dyads": [(900, 365, 812, 1952, None)]},
}


def frames_of(model: str, folder: Path) -> dict[str, pl.DataFrame]:
    project = load_project(create(folder / "new", model=model).folder)
    book = load_rules(project.rule_files)
    assert book.dataset is None
    return derive_frames(project, book, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("model", models.LAYOUTS)
def test_every_view_is_what_its_schema_says(model: str, tmp_path: Path) -> None:
    frames = frames_of(model, tmp_path)
    assert frames
    project = load_project(tmp_path / "new")
    tables = {item.name: item.described for item in project.package.resources}
    for name, frame in frames.items():
        if name in tables:
            fields = (*tables[name].primary_key, *(item.name for item in tables[name].derived_fields))
            assert tuple(frame.columns) == fields
            assert frame.height == frame.unique(list(tables[name].primary_key)).height
        else:
            scratch = Scratch(tmp_path / f"rows of {name}", 1 << 20)
            outline, rows = derived_view(project, Derived(name, frame.lazy()), scratch)
            text = rows.lazy.collect()
            key = list(outline.schema.primary_key)
            assert text.unique(key).height == text.height > 0
            assert text.select(pl.all_horizontal(pl.col(key).is_not_null()).all()).item()


@pytest.mark.parametrize(("model", "name"), [(model, name) for model in EXPECTED for name in EXPECTED[model]])
def test_the_rows_of_a_model_are_counted_by_hand(model: str, name: str, tmp_path: Path) -> None:
    assert sorted(frames_of(model, tmp_path)[name].rows(), key=str) == sorted(EXPECTED[model][name], key=str)


def test_who_fights_in_ucdp_ged_is_counted(tmp_path: Path) -> None:
    sides = frames_of("ucdp-ged", tmp_path)["sides"]
    assert dict(sides.select("name", "n_events").iter_rows()) == {
        "Government of Xyzland": 3,
        "Rebels of Xyzland": 2,
        "Civilians": 1,
    }


def test_a_date_in_parts_has_bounds() -> None:
    frame = pl.DataFrame({"id": [1, 2, 3], "y": [2024, 2024, None], "m": [2, None, 1], "d": [None, 5, 1]})
    found = dates.bounds_of_parts(frame, ["id"], {"date": ("y", "m", "d")})
    expected = [(1, dt.date(2024, 2, 1), dt.date(2024, 2, 29)), (2, dt.date(2024, 1, 1), dt.date(2024, 12, 31))]
    assert found.rows() == [*expected, (3, None, None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[boats]\nsql = "SELECT bot FROM trips"\n', "bot"),
        ('[boats]\nsql = "SELECT boat FROM trps"\n', "trps"),
        ("[trips]\nkey = ['boat']\n", "'dates'"),
        ("[boats]\nkey = ['boat']\ndates = {}\n", "'boats'"),
    ],
)
def test_what_cannot_be_derived_is_named(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "dataset.rules.toml"
    file.write_text(text)
    derive = load_rules({"dataset": file}).derive_lazily
    assert derive is not None
    with pytest.raises(RuleError, match=r"dataset\.rules\.toml: \[(boats|trips)\]: ") as raised:
        derive({"trips": pl.LazyFrame({"boat": ["A"]})}, DAY)
    assert said in str(raised.value)


def test_rules_across_tables_may_be_left_out_beside_what_is_derived_and_not_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "dataset.py"
    file.write_text("def derive(tables, created):\n    return {}\n")
    assert load_rules({"dataset": file}).derive is not None
    for text in ("", "schemas = 1\ndef derive(tables, created):\n    return {}\n"):
        file.write_text(text)
        with pytest.raises(RuleError, match="there is no function `schemas"):
            load_rules({"dataset": file})
