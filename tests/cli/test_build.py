"""`deedbook build`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deedbook.project import load_project
from deedbook.release.edition import read_edition
from deedbook.release.folders import staging
from tests.cli.project import BAD, UNUSUAL, Outcome, write_project

Run = Callable[..., Outcome]


def test_a_good_project_becomes_a_release(project: Path, deedbook: Run) -> None:
    write_project(project)
    outcome = deedbook("build")
    assert (outcome.code, outcome.err) == (0, "")
    assert "built dist/small/1.0.0: " in outcome.out
    assert (project / "dist" / "small" / "1.0.0" / "release.json").is_file()


def test_the_same_content_again_is_no_failure(project: Path, deedbook: Run) -> None:
    write_project(project)
    deedbook("build")
    outcome = deedbook("build")
    assert outcome.code == 0
    assert "nothing to release: dist/small/1.0.0 has the same content" in outcome.out


def test_other_content_under_the_same_version_is_refused(project: Path, deedbook: Run) -> None:
    write_project(project)
    deedbook("build")
    write_project(project, UNUSUAL)
    outcome = deedbook("build")
    assert outcome.code == 4
    assert "other content under this version" in outcome.err


def test_errors_in_the_data_build_nothing(project: Path, deedbook: Run) -> None:
    write_project(project, BAD)
    outcome = deedbook("build")
    assert outcome.code == 1
    assert "row 3 b" in outcome.out
    assert outcome.err == "nothing was built: a release holds no errors\n"
    assert not (project / "dist" / "small" / "1.0.0").exists()


def test_a_snapshot_replaces_the_last_one(project: Path, deedbook: Run) -> None:
    write_project(project)
    assert deedbook("build", "--snapshot").code == 0
    write_project(project, UNUSUAL)
    assert deedbook("build", "--snapshot").code == 0
    folder = project / "dist" / "small" / "1.0.0-snapshot"
    assert "A,2024-01-01" in (folder / "events.csv").read_text(encoding="utf-8")


def test_a_project_that_one_is_not_in_is_built_only_when_trusted(project: Path, deedbook: Run, tmp_path: Path) -> None:
    elsewhere = write_project(tmp_path / "other")
    project.mkdir()
    refused = deedbook("build", str(elsewhere))
    assert (refused.code, "--trust-rules" in refused.err) == (2, True)
    assert deedbook("build", str(elsewhere), "--trust-rules", "--quiet") == Outcome(0, "", "")


def test_a_second_build_at_once_is_refused(project: Path, deedbook: Run) -> None:
    write_project(project)
    loaded = load_project(project)
    with staging(read_edition(loaded.package, loaded.dist), loaded.dist):
        outcome = deedbook("build")
    assert outcome.code == 4
    assert "another build" in outcome.err
    assert deedbook("build").code == 0
