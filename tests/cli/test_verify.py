"""`deedbook verify`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.project import RULES, Outcome, write_project

Run = Callable[..., Outcome]
RELEASE = "dist/small/1.0.0"


@pytest.fixture
def folder(project: Path, deedbook: Run) -> Path:
    """A built release."""
    write_project(project)
    assert deedbook("build").code == 0
    return project / RELEASE


def test_a_good_release_is_summed_up_in_a_line(folder: Path, deedbook: Run) -> None:
    outcome = deedbook("verify", RELEASE)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("verified small 1.0.0: ")
    assert outcome.out.endswith("not verified: signature: the release has none\n")
    assert deedbook("verify", RELEASE, "--quiet") == Outcome(0, "", "")


def test_each_problem_is_a_line(folder: Path, deedbook: Run) -> None:
    (folder / "events.jsonl").unlink()
    (folder / "extra\x1b[2J.txt").write_text("x")
    outcome = deedbook("verify", RELEASE, "--quiet")
    assert outcome.code == 1
    lines = outcome.out.splitlines()
    assert lines[0].startswith("events.jsonl: is missing; SHA256SUMS and release.json")
    assert lines[0].endswith(" [file-missing]")
    assert lines[1] == "extra\\x1b[2J.txt: is no part of the release: nothing lists it [file-extra]"
    assert lines[2] == "not intact: small 1.0.0: 2 problems"


def test_json_has_the_problems_as_records(folder: Path, deedbook: Run) -> None:
    (folder / "events.jsonl").unlink()
    outcome = deedbook("verify", RELEASE, "--format", "json")
    record = json.loads(outcome.out)
    assert outcome.code == 1
    assert (record["verification_version"], record["intact"], record["name"]) == (1, False, "small")
    assert [(problem["rule"], problem["file"]) for problem in record["problems"]] == [("file-missing", "events.jsonl")]


def test_a_rebuild_proves_the_bytes_or_names_what_differs(folder: Path, project: Path, deedbook: Run) -> None:
    outcome = deedbook("verify", RELEASE, "--rebuild")
    assert outcome.code == 0, outcome.out
    assert "rebuilt with the same content digest for every table" in outcome.out
    write_project(project, "id,start,end\na,2024-01-01,2024-01-05\n", rules=RULES)
    outcome = deedbook("verify", RELEASE, "--rebuild")
    assert outcome.code == 1
    assert "events.csv: the rebuilt table has another content digest [rebuild-differs]" in outcome.out
    assert "note: rebuilt from other inputs than BUILD.json lists: data/events.csv" in outcome.out


def test_the_rules_of_a_project_elsewhere_run_only_when_trusted(
    folder: Path, project: Path, deedbook: Run, tmp_path: Path
) -> None:
    write_project(tmp_path / "other")
    arguments = ("verify", RELEASE, "--rebuild", "--project", str(tmp_path / "other"))
    refused = deedbook(*arguments)
    assert (refused.code, "--trust-rules" in refused.err) == (2, True)
    assert deedbook(*arguments, "--trust-rules").code == 0


def test_keys_made_by_keygen_sign_and_prove(
    project: Path, deedbook: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_project(project)
    monkeypatch.setenv("DEEDBOOK_SIGNING_KEY_PASSWORD", "open sesame")
    made = deedbook("keygen", "--output", str(tmp_path / "own"))
    assert made.code == 0
    assert made.out.strip() in (tmp_path / "own.pub").read_text()
    assert "open sesame" not in made.out + made.err
    assert deedbook("keygen", "--output", str(tmp_path / "own")).code == 4
    monkeypatch.setenv("DEEDBOOK_SIGNING_KEY_FILE", str(tmp_path / "own.key"))
    assert deedbook("build").code == 0
    for key in (str(tmp_path / "own.pub"), made.out.strip()):
        outcome = deedbook("verify", RELEASE, "--key", key)
        assert outcome.code == 0, outcome.out
        assert "signature of key" in outcome.out
    deedbook("keygen", "--output", str(tmp_path / "other"))
    outcome = deedbook("verify", RELEASE, "--key", str(tmp_path / "other.pub"))
    assert outcome.code == 1
    assert "SHA256SUMS.minisig: is of key" in outcome.out


@pytest.mark.parametrize("arguments", [("nothing",), (RELEASE, "--key", "nonsense"), ("deedbook.toml",)])
def test_what_does_not_fit_together_is_usage(folder: Path, deedbook: Run, arguments: tuple[str, ...]) -> None:
    outcome = deedbook("verify", *arguments)
    assert outcome.code == 2
    assert outcome.err.count("\n") >= 2


def test_a_folder_that_is_no_release_cannot_be_read(folder: Path, deedbook: Run) -> None:
    assert deedbook("verify", "data").code == 3
