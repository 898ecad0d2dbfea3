"""Events are added by a short form: each in one command, valid, and in all tables or in none."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deedbook import entries, files
from deedbook.cli.main import run
from deedbook.errors import UsageError
from deedbook.project import load_project
from deedbook.release.derivations import typed_tables
from tests.models.alignment.dataset import ROOT

FORMS = Path(__file__).with_name("public_record.yaml").read_text(encoding="utf-8").split("\n---\n")
MOST_WARNINGS = 2
EXPULSION = """
title: Northern state expels a diplomat of Russia
summary: The government declared a member of the Russian embassy unwanted and gave no reason in public.
type: diplomats.expel
date: 2024-03-01
who: {initiator: Armenia, recipient: Russland}
claims: [watson.de > S000001]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the reference dataset, in which one works."""
    shutil.copy(ROOT / "deedbook.toml", tmp_path)
    for name in ("datapackage", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "datapackage").iterdir() if path.is_file()}


def add(folder: Path, form: str, *options: str) -> int:
    (folder / "form.yaml").write_text(form, encoding="utf-8")
    return run(["add", "event", "form.yaml", "--on", "2026-11-22", *options])


def test_each_event_of_public_record_is_one_command(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = typed_tables(load_project(folder))["events"].height
    for form in FORMS:
        assert add(folder, form) == 0, capfd.readouterr()
        said = capfd.readouterr().out
        assert said.count("\nwarning ") <= MOST_WARNINGS, said
    assert typed_tables(load_project(folder))["events"].height == before + 25
    assert run(["validate", "--quiet"]) == 0
    assert run(["fmt", "--check", "--quiet"]) == 0


def test_rows_are_shown_and_nothing_is_written_by_a_dry_run(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = contents(folder)
    assert add(folder, EXPULSION, "--dry-run", "--set", "coder=coder-7") == 0
    said = capfd.readouterr().out
    assert "events:\n  event_id E000023" in said
    assert "coder coder-7" in said
    assert said.endswith("5 rows of 4 tables not written\n")
    assert contents(folder) == before


def test_an_error_writes_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = contents(folder)
    assert add(folder, EXPULSION.replace("recipient: Russland", "third_party: Russland")) == 1
    assert "error event-without-recipient at events E000023" in capfd.readouterr().out
    assert contents(folder) == before


def test_all_tables_are_put_back_when_one_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, replace = contents(folder), files.replace

    def fail_at_claims(path: Path, content: bytes, **rest: Any) -> None:
        if path.name == "claims.csv":
            raise OSError(5, "broken", str(path))
        replace(path, content, **rest)

    monkeypatch.setattr(files, "replace", fail_at_claims)
    assert add(folder, EXPULSION) != 0
    assert contents(folder) == before


def test_what_an_event_is_like_is_taken_from_it(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["add", "event", "--like", "E000017"]) == 0
    form = capfd.readouterr().out
    assert "type: talks.call" in form
    assert "A000026 > S000001" in form
    assert add(folder, "title: Aliyev and Zelenskyy talk once more\ndate: 2025-07~", "--like", "E000017") == 0
    assert "title Aliyev and Zelenskyy talk once more" in capfd.readouterr().out


def test_a_chain_is_the_sources_from_hop_to_hop(folder: Path) -> None:
    chain = "claims: [{chain: Defence Intelligence of Ukraine > Kyiv Independent > watson.de, says: It was so.}]"
    assert add(folder, EXPULSION.replace("claims: [watson.de > S000001]", chain)) == 0
    tables = typed_tables(load_project(folder))
    last = tables["claims"].row(-1, named=True)
    links = tables["claim_sources"].filter(claim_id=last["claim_id"]).select("source_id", "hop", "via_source_id")
    assert last["claimant_actor_id"] == "A000022"
    assert sorted(links.rows()) == [("S000001", 1, "S000002"), ("S000002", 0, None)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Armenia", "Armenja", "no actor goes by `Armenja`"),
        ("type:", "tipe:", "`tipe` is no field of `events`"),
        ("who:", "whom:", "`whom` is no field of `events`"),
        ("claims: [watson.de > S000001]", "claims: [{says: It was so.}]", "a claim has no `chain`"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(
    folder: Path, capfd: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    assert add(folder, EXPULSION.replace(old, new)) == UsageError.exit_code
    assert message in capfd.readouterr().err


def test_the_status_is_explained_by_the_lines_of_the_decision_table(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "E000017", "--project", str(ROOT)]) == 0
    said = capfd.readouterr().out
    assert (
        "no official: performative, and a party's record at hop 0 (evidence_class observable, has_record false)" in said
    )
    assert "-> reported: narration only" in said
    assert "hop 0: S000001" in said


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("event-without-initiator", "to mend it: add a participant who does the act"),
        ("type-error", "found in: the cell"),
    ],
)
def test_a_rule_is_explained_in_the_words_of_the_docs(name: str, lines: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", name, "--project", str(ROOT)]) == 0
    assert lines in capfd.readouterr().out


def test_ids_follow_the_highest_that_was_ever_issued(folder: Path) -> None:
    assert entries.next_id(load_project(folder), "events") == "E000023"
    with (folder / "datapackage/id_redirects.csv").open("a") as file:
        file.write("E000031,,events,duplicate,0.1.0,\n")
    assert entries.next_id(load_project(folder), "events") == "E000032"
    with (folder / "datapackage/corrections.csv").open("a") as file:
        file.write("0.2.0,events,E000040,,,,duplicate,,\n")
    assert entries.next_id(load_project(folder), "events") == "E000041"


@pytest.mark.parametrize("text", ["Lavrov", "Lawrow", "Лавров", "lavróv"])
def test_names_are_found_across_scripts(text: str) -> None:
    found = entries.find(load_project(ROOT), text)
    assert "A000018" in {item.key for item in found}
