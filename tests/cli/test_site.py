from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deedbook.project import load_project
from deedbook.publishing.publish import prepare
from deedbook.publishing.targets import read_target
from deedbook.publishing.targets.hosted import HostedCatalogue
from tests.cli.project import Outcome, run_in
from tests.site.catalogues import release

Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    return lambda *arguments: run_in(tmp_path, tuple(map(str, arguments)), monkeypatch, capfd)


def test_the_command_says_where_the_pages_are_and_how_many(tmp_path: Path, run: Run) -> None:
    root = release(tmp_path)
    done = run("site", root)
    assert done.code == 0
    assert done.out.startswith(f"{root}/site: ")
    assert " 0 removed" in done.out
    assert (root / "site" / "index.html").is_file()


def test_without_a_catalogue_it_is_the_one_that_the_project_publishes_to(tmp_path: Path, run: Run) -> None:
    root = release(tmp_path)
    assert run("site", "--project", tmp_path / "deeds", "--quiet").code == 0
    assert (root / "site" / "de" / "index.html").is_file()


def test_a_folder_that_is_no_catalogue_is_exit_3_with_the_next_step(tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    for verb in ("site", "serve"):
        done = run(verb, tmp_path / "empty")
        assert done.code == 3
        assert "has no catalog.json, so it is no catalogue" in done.err
        assert "deedbook publish" in done.err


def test_a_damaged_release_is_exit_4_and_the_others_have_pages(tmp_path: Path, run: Run) -> None:
    root = release(tmp_path)
    (root / "deeds" / "1.0.0" / "actors.csv").write_text("")
    done = run("site", root)
    assert done.code == 4
    assert "no pages of deeds 1.0.0" in done.err
    assert (root / "site" / "en" / "deeds" / "1.0.0" / "index.html").is_file()


def settings(project: Path, text: str) -> None:
    with (project / "deedbook.toml").open("a") as file:
        file.write(text)


def publish(project: Path, name: str = "public") -> list[str]:
    """Publishes what is built once more; the steps."""
    loaded = load_project(project)
    target = read_target(loaded, name)
    assert isinstance(target, HostedCatalogue)
    steps = target.steps(prepare(project / "dist" / "deeds" / "1.0.0"))
    facts: dict[str, str] = {}
    for step in steps:
        facts |= step.run(facts, lambda _bytes: None) or {}
    return [step.id for step in steps]


def test_publish_writes_the_pages_where_the_project_asks_for_them(tmp_path: Path) -> None:
    root, project = release(tmp_path), tmp_path / "deeds"
    assert "site" not in publish(project)
    assert not (root / "site").exists()
    settings(project, "[site]\npublish = true\n")
    assert "site" in publish(project)
    assert (root / "site" / "en" / "deeds" / "index.html").is_file()


def test_a_bucket_is_told_that_it_gets_none(tmp_path: Path) -> None:
    release(tmp_path)
    settings(tmp_path / "deeds", '[targets.far]\ntype = "s3"\nbucket = "b"\n[site]\npublish = true\n')
    target = read_target(load_project(tmp_path / "deeds"), "far")
    assert isinstance(target, HostedCatalogue)
    assert "writes no pages into a bucket" in target.next


@pytest.mark.parametrize("text", ["site = 1\n", "[site]\npublish = 1\n", "[site]\npublis = true\n"])
def test_a_wrong_setting_is_said(tmp_path: Path, run: Run, text: str) -> None:
    release(tmp_path)
    path = tmp_path / "deeds" / "deedbook.toml"
    path.write_text(text + path.read_text() if text.startswith("site") else path.read_text() + text)
    done = run("publish", "--to", "public", "--project", tmp_path / "deeds")
    assert done.code == 3
    assert "[site] has one setting" in done.err
