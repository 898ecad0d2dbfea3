"""`deedbook yank`, `unyank` and `versions`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.project import Outcome
from tests.publishing.projects import everything

Run = Callable[..., Outcome]
TO = ("--to", "public")


@pytest.fixture
def site(published: Path, tmp_path: Path) -> Path:
    """The catalogue with both versions."""
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    return tmp_path / "site"


def latest(site: Path) -> dict[str, str]:
    raw = json.loads((site / "latest.json").read_text())
    return {name: item["version"] for name, item in raw["datasets"].items()}


def test_a_yank_moves_latest_tells_everybody_and_leaves_the_files(site: Path, deedbook: Run) -> None:
    files = [everything(site / "items" / version) for version in ("1.0.0", "1.1.0")]
    outcome = deedbook("yank", "1.1.0", "--reason", "wrong <b>sums", "--replaced-by", "1.0.0", *TO)
    assert (outcome.code, outcome.out, outcome.err) == (0, "yanked items 1.1.0 at public\n", "")
    assert latest(site) == {"items": "1.0.0"}
    assert [everything(site / "items" / version) for version in ("1.0.0", "1.1.0")] == files
    assert "wrong &lt;b&gt;sums" in (site / "index.html").read_text()
    assert "1.1.0 was yanked" in (site / "feed.xml").read_text()
    assert "items/1.1.0" not in (site / "catalog.dcat.ttl").read_text()
    outcome = deedbook("versions", *TO)
    assert "yanked" in outcome.out.splitlines()[1]
    assert "wrong <b>sums  use 1.0.0" in outcome.out.splitlines()[1]


def test_an_unyank_takes_it_back(site: Path, deedbook: Run) -> None:
    deedbook("yank", "1.1.0", "--reason", "why", *TO)
    outcome = deedbook("unyank", "1.1.0", *TO)
    assert (outcome.code, outcome.out) == (0, "unyanked items 1.1.0 at public\n")
    assert latest(site) == {"items": "1.1.0"}


def test_a_yank_of_the_last_version_leaves_none(site: Path, deedbook: Run) -> None:
    for version in ("1.0.0", "1.1.0"):
        deedbook("yank", version, "--reason", "why", *TO)
    assert latest(site) == {}


def test_publishing_a_yanked_version_again_does_not_bring_it_back(site: Path, deedbook: Run) -> None:
    deedbook("yank", "1.1.0", "--reason", "why", *TO)
    before = everything(site)
    assert deedbook("publish", "1.1.0", *TO).code == 0
    assert everything(site) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("yank", "9.0.0", "--reason", "why"), "the versions there are 1.1.0, 1.0.0"),
        (("yank", "1.0.0", "--reason", " "), "needs a reason"),
        (("yank", "1.0.0"), "--reason"),
        (("yank", "1.0.0", "--reason", "why", "--replaced-by", "9.0.0"), "no published version 9.0.0"),
        (("yank", "1.0.0", "--reason", "why", "--replaced-by", "1.0.0"), "cannot replace"),
        (("unyank", "9.0.0"), "no published version 9.0.0"),
    ],
)
def test_what_makes_no_sense_changes_nothing(site: Path, deedbook: Run, arguments: tuple[str, ...], said: str) -> None:
    before = everything(site)
    for more in ((), ("--dry-run",)):
        outcome = deedbook(*arguments, *TO, *more)
        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err
    assert everything(site) == before


def test_a_dry_run_says_what_would_be_done(site: Path, deedbook: Run) -> None:
    before = everything(site)
    outcome = deedbook("yank", "1.1.0", "--reason", "why", *TO, "--dry-run")
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "Yank items 1.1.0 in catalog.json")
    assert everything(site) == before


def test_the_reason_cannot_rule_the_terminal(site: Path, deedbook: Run) -> None:  # it is published there
    deedbook("yank", "1.1.0", "--reason", "clear\x1b[2J this", *TO)
    assert "clear\\x1b[2J this" in deedbook("versions", *TO).out


def test_versions_for_machines_are_those_of_the_catalogue(site: Path, deedbook: Run) -> None:
    outcome = deedbook("versions", "items", "--from", str(site), "--format", "json")
    assert outcome.code == 0
    assert json.loads(outcome.out)["datasets"] == json.loads((site / "catalog.json").read_text())["datasets"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "which catalogue?"),
        (("--to", "public", "--from", "x"), 2, "which catalogue?"),
        (("--from", "nowhere"), 2, "there is no catalogue"),
        (("others", "--to", "public"), 2, "the datasets there are items"),
        (("--to", "nobody"), 2, "there is no target `nobody`"),
    ],
)
@pytest.mark.usefixtures("site")
def test_which_versions_has_to_be_said(deedbook: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    outcome = deedbook("versions", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
