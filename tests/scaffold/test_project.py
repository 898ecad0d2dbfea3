"""A new project: whole, working, and never over something else."""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
import yaml

from deedbook.errors import RefusalError, UsageError
from deedbook.project import load_project
from deedbook.scaffold import FILES, create
from deedbook.validation import Options, validate
from tests.cli.project import Outcome
from tests.documents import REPOSITORY

Run = Callable[..., Outcome]
OWN = {"waivers.csv", "corrections.csv"}


def rows_of(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def test_a_new_project_is_valid_and_builds(project: Path, deedbook: Run) -> None:
    project.mkdir()
    assert deedbook("init", "Rivers of 2026").out.splitlines()[0] == (
        "made Rivers of 2026: the dataset `rivers-of-2026`, 57 files"
    )
    made = project / "Rivers of 2026"
    report = validate(load_project(made), Options(trust_rules=True))
    assert (report.errors, report.warnings, report.not_checked) == (0, 0, ())
    assert deedbook("build", str(made), "--trust-rules").code == 0
    assert (made / "dist" / "rivers-of-2026" / "0.1.0" / "events.csv").is_file()
    assert deedbook("plan", str(made)).out.startswith("rivers-of-2026: nothing to release")


@pytest.mark.parametrize("model", ["alignment", "flat"])
def test_a_new_project_has_cases_of_its_schemas_that_hold(model: str, project: Path, deedbook: Run) -> None:
    project.mkdir()
    made = create(project / "new", model=model)
    (case,) = (made.folder / "schemas" / "tests").iterdir()
    done = deedbook("test", str(made.folder), "--trust-rules")
    assert (done.code, done.out.splitlines()[-1][-17:]) == (0, "0 not as expected")
    case.write_text(
        case.read_text(encoding="utf-8").replace(",constraint-error:latitude", ",").replace("; deaths", ";x")
    )
    assert deedbook("test", str(made.folder), "--trust-rules").code == 1


def test_the_sample_is_drawn_from_the_reference_tables(tmp_path: Path) -> None:
    made = create(tmp_path / "new").folder / "datapackage"
    for table in sorted(made.glob("*.csv")):
        sample, reference = rows_of(table), rows_of(REPOSITORY / "datapackage" / table.name)
        assert sample[0] == reference[0]
        assert set(sample) <= set(reference)
        assert len(sample) > 1 or table.name in OWN | {"id_redirects.csv"}
        assert len(sample) < 30 or table.name == "code_values.csv"


def test_every_packaged_file_is_written_somewhere() -> None:
    packaged = {item.name for item in (resources.files("deedbook.scaffold") / "files").iterdir()}
    assert packaged == {*FILES} | {"datapackage.json"}


def test_names_are_filled_in_and_the_script_runs(tmp_path: Path) -> None:
    made = create(tmp_path / "new", name="acts")
    texts = {name: (made.folder / name).read_text(encoding="utf-8") for name in made.files}
    assert [name for name, text in texts.items() if "@NAME@" in text or "@VERSION@" in text] == []
    assert texts["README.md"].startswith("# acts\n")
    assert load_project(made.folder).package.name == "acts"
    assert (made.folder / "ci" / "dataset.sh").stat().st_mode & stat.S_IXUSR


def test_a_commit_is_checked_before_its_tables_are_rewritten(tmp_path: Path) -> None:
    config = yaml.safe_load((create(tmp_path / "new").folder / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    check, tidy = config["repos"][0]["hooks"]
    assert (check["entry"], check["fail_fast"], tidy["entry"]) == (
        "deedbook validate --staged --quiet",
        True,
        "deedbook fmt",
    )


def test_the_same_name_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = (create(tmp_path / side, name="acts") for side in ("one", "two"))
    assert one.files == two.files
    assert [(one.folder / name).read_bytes() for name in one.files] == [
        (two.folder / name).read_bytes() for name in two.files
    ]


def test_an_empty_folder_may_be_there_already(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    create(tmp_path / "new")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["new"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_is_overwritten(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "new"
    if kind == "file":
        target.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        (target / "mine").mkdir(parents=True)
    else:
        target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusalError):
        create(target)
    assert [item.name for item in tmp_path.iterdir()] == ["new"]


def test_the_folder_that_one_is_in_is_not_replaced(project: Path, deedbook: Run) -> None:
    project.mkdir()
    outcome = deedbook("init", ".")
    assert (outcome.code, "go one up" in outcome.err) == (4, True)
    assert list(project.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        if path.name == "events.csv":
            raise OSError(28, os.strerror(28))

    monkeypatch.setattr("deedbook.files.sync", fail)
    with pytest.raises(Exception, match="the disk is full"):
        create(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name"):
        create(tmp_path / "new", name="../Acts")
    with pytest.raises(UsageError, match="cannot be written"):
        create(tmp_path / "missing" / "new")
    assert list(tmp_path.iterdir()) == []
