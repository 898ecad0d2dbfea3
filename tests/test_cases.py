"""Cases of schemas and rules: every row as expected, or said what is not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.cases import Surprise, judge, read_cases
from deedbook.errors import ProjectError, UsageError
from deedbook.project import Project, load_project
from tests.cli.conftest import deedbook, project
from tests.cli.project import Outcome
from tests.package import fields, make_package

__all__ = ["deedbook", "project"]

RULES = """
[ends-before-it-starts]
builder = "dates.in_order"
args = ["starts", "ends"]
message = "ends on {ends}, starts on {starts}"
"""
EVENTS = fields(
    *("id", "starts:date", "ends:date", "place"),
    primaryKey=["id"],
    foreignKeys=[{"fields": ["place"], "reference": {"resource": "places", "fields": ["id"]}}],
)
GOOD = """\
id,starts,ends,place,expected
E1,2024-05-02,2024-05-03,P1,
E2,2024-05-09,2024-05-08,P1,ends-before-it-starts
E3,9 May,2024-05-08,P9,type-error:starts; foreign-key
"""


def make(root: Path, **cases: str) -> Project:
    schemas = {"events": EVENTS, "places": fields("id", primaryKey=["id"])}
    make_package(root, schemas=schemas, events="id,starts,ends,place\n", places="id\nP1\n")
    (root / "deedbook.toml").write_text('package = "datapackage.json"\n', encoding="utf-8")
    (root / "schemas" / "tests").mkdir(parents=True)
    (root / "schemas" / "events.rules.toml").write_text(RULES, encoding="utf-8")
    for name, content in cases.items():
        (root / "schemas" / "tests" / f"{name.replace('_', '.')}.csv").write_text(content, encoding="utf-8")
    return load_project(root)


def surprises(root: Path, content: str) -> list[Surprise]:
    made = make(root, events=content)
    (case,) = read_cases(made)
    return judge(made, case, trust_rules=True)


def test_rows_are_as_expected(tmp_path: Path) -> None:
    assert surprises(tmp_path, GOOD) == []


def test_what_is_found_or_not_found_against_expectation_is_said(tmp_path: Path) -> None:
    content = (
        GOOD.replace(",ends-before-it-starts", ",")
        .replace(",P1,\n", ",P1,foreign-key\n", 1)
        .replace(":starts", ":ends")
    )
    assert [(item.row, item.rule, bool(item.found)) for item in surprises(tmp_path, content)] == [
        (2, "foreign-key", False),
        (3, "ends-before-it-starts:ends", True),
        (4, "type-error:starts", True),
        (4, "type-error:ends", False),
    ]


def test_columns_that_are_left_out_are_empty(tmp_path: Path) -> None:
    assert surprises(tmp_path, "starts,id,expected\n2024-05-02,E1,\n,E1,primary-key\n") == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("event", GOOD, "there is no table `event`"),
        ("events", "id,starts\nE1,2024-05-02\n", "last column is not `expected`"),
        ("events_dates", "id,expected\nE1\n", "more or fewer cells"),
        ("events", "", "last column"),
    ],
)
def test_what_is_no_case_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        read_cases(make(tmp_path, **{name: content}))


def test_the_command_says_what_is_not_as_expected(deedbook: Callable[..., Outcome], project: Path) -> None:
    make(project, events=GOOD, events_more="id,expected\nE1,\nE1,\n")
    outcome = deedbook("test")
    assert outcome.code == 1
    assert "events.csv: 3 rows as expected\n" in outcome.out
    assert "events.more.csv row 3: primary-key" in outcome.out
    assert outcome.out.endswith("5 rows: 1 not as expected\n")


def test_a_project_without_cases_is_told_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are no cases"):
        read_cases(make(tmp_path))
