"""`deedbook fix`: a preview, then what a person names; corrections of published rows are drafted."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from deedbook.cli.fix import choose
from deedbook.findings import Finding
from tests.cli.project import Outcome
from tests.package import fields, make_package
from tests.versioning.dataset import make_dataset

Run = Callable[..., Outcome]
CONTENT = b"id,day,count\n1,17.06.2023,7\n2,45107, 8\n3,2023-06-18,9\n"
SCHEMA = fields("id:integer", "day:date", "count:integer")


def table(root: Path) -> Path:
    make_package(root, schemas={"data": SCHEMA}, data=CONTENT)
    return root / "data.csv"


def test_without_an_option_the_proposals_are_shown_and_nothing_is_written(deedbook: Run, project: Path) -> None:
    file = table(project)
    outcome = deedbook("fix")
    assert outcome.code == 1
    assert "type-error in data.day: 2 cells, 1 safe" in outcome.out
    assert "  - 17.06.2023\n  + 2023-06-17\n" in outcome.out
    assert "  + 2023-06-30  (likely: look it up)\n" in outcome.out
    assert outcome.out.endswith("0 cells mended; 3 proposals left, 2 safe\n")
    assert file.read_bytes() == CONTENT
    assert not (project / "fix.patch").exists()


def test_what_is_safe_is_written_and_then_a_rule(deedbook: Run, project: Path) -> None:
    file = table(project)
    outcome = deedbook("fix", "--all-safe")
    assert outcome.code == 1
    assert outcome.out.endswith("2 cells mended, the change is in fix.patch; 1 proposal left, 0 safe\n")
    assert file.read_bytes() == b"id,day,count\n1,2023-06-17,7\n2,45107,8\n3,2023-06-18,9\n"
    assert b"-1,17.06.2023,7\n" in (project / "fix.patch").read_bytes()
    assert deedbook("fix", "--rule", "type-error").code == 0
    assert b"2,2023-06-30,8\n" in file.read_bytes()
    assert deedbook("fix").out == "0 cells mended; 0 proposals left, 0 safe\n"


def test_a_data_file_is_mended_by_its_schema(deedbook: Run, project: Path) -> None:
    project.mkdir()
    (project / "t.csv").write_bytes(CONTENT)
    (project / "t.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    assert deedbook("fix", "t.csv", "--schema", "t.json", "--all-safe").code == 1
    assert (project / "t.csv").read_bytes() == b"id,day,count\n1,2023-06-17,7\n2,45107,8\n3,2023-06-18,9\n"


def test_mended_cells_of_published_rows_get_rows_in_corrections(deedbook: Run, project: Path) -> None:
    dataset = make_dataset(project)
    dataset.release()
    file = dataset.root / "items.csv"
    file.write_bytes(file.read_bytes().replace(b",7\n", b", 7\n").replace(b",9\n", b",90.0\n"))
    outcome = deedbook("fix", "--all-safe")
    assert "corrections.csv: 1 row still needs a reason" in outcome.err
    assert ",9,90,,," in (dataset.root / "corrections.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(("answer", "count"), [("all", 2), ("safe", 1), ("none", 0), ("quit", 0), ("each", 2)])
def test_a_person_at_a_terminal_chooses_by_rule_and_column(
    monkeypatch: pytest.MonkeyPatch, answer: str, count: int
) -> None:
    found = [
        Finding(
            rule="type-error", severity="error", table="t", message="", row=row, value="1", proposal="2", certainty=sure
        )
        for row, sure in ((2, "safe"), (3, "likely"))
    ]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: answer)
    monkeypatch.setattr(click, "confirm", lambda *_: True)
    assert len(choose(found, (), 10, all_safe=False)) == count
