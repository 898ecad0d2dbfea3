"""Rules in TOML: a condition in SQL or a builder, and a clear sentence for what cannot be made."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from deedbook.checking.rules import evaluate, load_rules
from deedbook.errors import ProjectError, RuleError
from deedbook.project import load_project
from deedbook.rules.declared import read_rules
from deedbook.scaffold import create

RULES = """
[boat-too-full]
passes = "taken <= seats"
at = "taken"
message = "{taken} of {seats} seats"

[crew-out-of-order]
builder = "values.in_order"
args = ["least", "most"]

[clean]
builder = "text.clean"
args = ["boat"]
"""
BOATS = pl.DataFrame(
    {"boat": ["Aurora", " Bounty", "Zora"], "seats": [4, 2, 2], "taken": [3, 5, None], "least": [1, 1, 3], "most": 2}
)


def write(folder: Path, text: str) -> Path:
    file = folder / "boats.rules.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_declared_rule_fails_where_its_condition_or_its_builder_says(tmp_path: Path) -> None:
    book = load_rules({"boats": write(tmp_path, RULES)})
    found = {it.rule.id: it.failing.to_list() for it in evaluate(book.tables["boats"], BOATS) if len(it.failing)}
    assert found == {"boat-too-full": [1], "crew-out-of-order": [2], "text-has-stray-space": [1]}


def test_a_rule_that_cannot_be_judged_is_named_with_its_file(tmp_path: Path) -> None:
    book = load_rules({"boats": write(tmp_path, RULES.replace("taken <= seats", "takn <= seats"))})
    with pytest.raises(RuleError, match=r"boats\.rules\.toml: \[boat-too-full\]"):
        list(evaluate(book.tables["boats"], BOATS))


def test_what_almost_every_events_table_needs_is_declared_as_the_page_shows(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/builders.md").read_text(encoding="utf-8")
    rules = page.split("What almost every table of events needs")[1].split("```toml\n")[1].split("```")[0]
    events = pl.DataFrame(
        {
            "id": ["E1", "E2", "E3", "E4", "E5", "E6"],
            "date_start": [dt.date(2024, 5, day) for day in (2, 9, 4, 4, 5, 6)],
            "date_end": [dt.date(2024, 5, day) for day in (3, 8, 4, 4, 5, 6)],
            "low": [1, 1, 5, 0, 0, 0],
            "best": [2, 1, 3, 0, 0, 0],
            "high": [3, 1, 9, 0, 0, 0],
            "place": ["a", "b", "c", "c", "d", "e"],
            "source": ["s", "s", "s", "s", None, "s"],
            "page": [1, 1, 1, 1, 7, 1],
            "latitude": [17.9, 18.0, 18.1, 18.2, 102.6, None],
            "longitude": [102.6, 102.5, 102.4, 102.3, 18.1, 102.0],
            "country": ["LAO"] * 6,
        }
    )
    book = load_rules({"events": write(tmp_path, rules)})
    found = {it.rule.id: it.failing.to_list() for it in evaluate(book.tables["events"], events) if len(it.failing)}
    assert found == {
        "ends-before-it-starts": [1],
        "deaths-out-of-order": [2],
        "source-without-page": [4],
        "coordinates-incomplete": [5],
        "coordinates-look-swapped": [4],
        "event-entered-twice": [3],
    }


def test_the_schema_is_one_of_pandera(tmp_path: Path) -> None:
    schema = read_rules(write(tmp_path, RULES))
    assert [check.name for check in schema.checks][:2] == ["boat-too-full", "crew-out-of-order"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a\n", "cannot be read"),
        ("a = 1", "boats.rules.toml: `a` is no table"),
        ('[a-b]\npasses = "x <"\nat = "x"\nmessage = "m"', "unable to parse"),
        ('[a-b]\npasses = "x < 1"', "'at' and 'message'"),
        ('[a-b]\nbuilder = "values.in_ordr"\nargs = ["x"]', "in_ordr"),
        ('[a-b]\nbuilder = "os.remove"\nargs = ["x"]', "[a-b]: "),
        ('[A]\npasses = "x < 1"\nat = "x"\nmessage = "m"', "is not kebab-case"),
    ],
)
def test_what_cannot_be_made_is_said(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"boats\.rules\.toml") as raised:
        read_rules(write(tmp_path, text))
    assert said in str(raised.value)


def test_a_list_of_rules_is_no_table_of_them(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="`rules` is no table"):
        read_rules(write(tmp_path, "[[rules]]\nid = 'x'\n"))


def test_a_table_has_one_file_of_rules(tmp_path: Path) -> None:
    made = create(tmp_path / "new", model="flat").folder
    (made / "schemas" / "events.py").write_text("", encoding="utf-8")
    with pytest.raises(ProjectError, match=r"the table `events` has rules in events\.py too"):
        load_project(made)


def test_declared_rules_of_no_table_are_named(tmp_path: Path) -> None:
    made = create(tmp_path / "new", model="flat").folder
    (made / "schemas" / "actors.rules.toml").rename(made / "schemas" / "actor.rules.toml")
    with pytest.raises(ProjectError, match=r"actor\.rules\.toml: there is no table `actor`"):
        load_project(made)
