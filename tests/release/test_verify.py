"""`verify` names every kind of damage, and nothing in a good release."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from deedbook.errors import ProjectError, SpaceError, UsageError
from deedbook.integrity.proof import RULES
from deedbook.project import load_project
from deedbook.release.verification import verify
from tests.release.conftest import EVENTS, EVENTS_SCHEMA, TABLES, MakeProject
from tests.release.releases import (
    OTHER,
    OWN,
    copied,
    only,
    problems,
    release_of,
    repair_everything,
    repair_sums,
)


@pytest.fixture
def formats() -> tuple[str, ...]:
    """Those that are damaged here."""
    return "parquet", "jsonl", "sqlite"


@pytest.fixture
def signed(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signed release."""
    monkeypatch.setenv("DEEDBOOK_SIGNING_KEY", OWN.secret)
    return release_of(make_project(files={"datapackage/LICENSE": "CC BY", "datapackage/CHANGES.md": "# First\n"}))


@pytest.fixture
def plain(small_release: Path) -> Path:
    """A release without a signature."""
    return small_release


def successor(make_project: MakeProject, first: Path) -> Path:
    digest = hashlib.sha256((first / "release.json").read_bytes()).hexdigest()
    events = EVENTS.replace("12,007", "13,007")
    corrections = (
        "version,table,key,field,old,new,reason,note,source\n2.0.0,events,E000003,amount,12,13,coding-error,,\n"
    )
    project = make_project(
        {**TABLES, "events": (events, EVENTS_SCHEMA)},
        files={"datapackage/corrections.csv": corrections},
        version="2.0.0",
        deedbook={"previous": {"version": "1.0.0", "sha256": digest}},
    )
    return release_of(project)


def test_a_good_release_is_verified_and_the_summary_says_what_was(signed: Path) -> None:
    outcome = verify(signed, key=OWN.public)
    assert outcome.problems == []
    assert outcome.not_checked == []
    assert (outcome.name, outcome.version) == ("deeds", "1.0.0")
    said = ", ".join(outcome.checked)
    for part in (
        "checksums",
        f"signature of key {OWN.public.id}",
        "provenance of",
        "first of its chain",
        "2 tables equal",
    ):
        assert part in said


def test_a_release_without_a_signature_is_verified_and_that_is_said(plain: Path) -> None:
    outcome = verify(plain)
    assert outcome.is_intact
    assert outcome.not_checked == ["signature: the release has none"]


SEED = 20261122
FLIPS = 100


@pytest.mark.slow
def test_every_one_of_100_flipped_bytes_is_caught_and_its_file_named(signed: Path, tmp_path: Path) -> None:
    """Files are drawn, not bytes: a small file is hit as often as a large one, and each at least once."""
    chance = random.Random(SEED)  # noqa: S311
    names = sorted(path.name for path in signed.iterdir())
    assert len(names) <= FLIPS
    drawn = [*names, *chance.choices(names, k=FLIPS - len(names))]
    missed = []
    for number, name in enumerate(drawn):
        folder = copied(signed, tmp_path / "damaged")
        content = bytearray((folder / name).read_bytes())
        place = chance.randrange(len(content))
        content[place] ^= 1 << chance.randrange(8)
        (folder / name).write_bytes(content)
        named = {file for _, file in problems(folder, OWN.public)}
        if not named or (name not in named and name != "SHA256SUMS"):  # a flip in there is named by file or signature
            missed.append(f"flip {number}: byte {place} of {name}: {named or 'nothing found'}")
    print(f"seed {SEED}: caught {FLIPS - len(missed)} of {FLIPS} flipped bytes in {len(names)} files")  # noqa: T201
    assert missed == []


def test_a_missing_file_is_named(plain: Path) -> None:
    (plain / "events.jsonl").unlink()
    assert problems(plain) == [("file-missing", "events.jsonl")]


@pytest.mark.parametrize("name", ["SHA256SUMS", "release.json", "provenance.intoto.jsonl", "datapackage.json"])
def test_a_missing_list_of_files_is_named(plain: Path, name: str) -> None:
    (plain / name).unlink()
    assert ("file-missing", name) in problems(plain)


def test_an_extra_file_is_named(plain: Path) -> None:
    (plain / "more.csv").write_text("id\n")
    assert problems(plain) == [("file-extra", "more.csv")]


def test_what_python_leaves_beside_the_loader_is_named_as_that(plain: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", "import load"], cwd=plain, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    )
    assert "when load.py ran" in only(plain).message


def test_a_folder_or_a_link_in_a_release_is_named(plain: Path) -> None:
    (plain / "more").mkdir()
    (plain / "link.csv").symlink_to("/etc/hostname")
    assert problems(plain) == [("file-extra", "link.csv"), ("file-extra", "more")]


def test_a_file_swapped_between_two_releases_is_named(make_project: MakeProject, plain: Path) -> None:
    later = successor(make_project, plain)
    assert problems(later) == []
    shutil.copyfile(plain / "events.parquet", later / "events.parquet")
    assert problems(later) == [("file-changed", "events.parquet")]
    repair_everything(later)
    assert [
        (problem.rule, problem.column) for problem in verify(later).problems if problem.file == "events.parquet"
    ] == [
        ("metadata-differs", None),
        ("format-differs", "amount"),
        ("format-differs", "last_changed_in"),
    ]


def test_a_truncated_parquet_is_named(plain: Path) -> None:
    content = (plain / "actors.parquet").read_bytes()
    (plain / "actors.parquet").write_bytes(content[: len(content) // 2])
    assert problems(plain) == [("file-changed", "actors.parquet")]
    repair_everything(plain)
    assert ("format-unreadable", "actors.parquet") in problems(plain)


def change_cell(folder: Path) -> None:
    connection = sqlite3.connect(folder / "deeds.sqlite")
    with connection:
        connection.execute("UPDATE events SET amount = 13 WHERE event_id = 'E000003'")
    connection.close()


def test_a_changed_sqlite_cell_under_a_repaired_list_is_named_with_its_row_and_column(plain: Path) -> None:
    change_cell(plain)
    repair_sums(plain)
    changed, cell = verify(plain).problems
    assert (changed.rule, changed.file) == ("file-changed", "deeds.sqlite")
    assert "not what release.json and provenance.intoto.jsonl say" in changed.message
    assert (cell.rule, cell.file, cell.table, cell.row, cell.key, cell.column, cell.expected, cell.found) == (
        "format-differs",
        "deeds.sqlite",
        "events",
        4,
        "E000003",
        "amount",
        "12",
        "13",
    )


def test_a_changed_sqlite_cell_is_named_even_when_every_list_was_repaired(plain: Path) -> None:
    change_cell(plain)
    repair_everything(plain)
    found = verify(plain).problems
    assert [problem.column for problem in found if problem.rule == "format-differs"] == ["amount"]
    assert {problem.rule for problem in found} == {"format-differs", "metadata-differs"}


@pytest.mark.parametrize("formats", [None])
def test_a_changed_csv_is_caught_against_all_other_formats(plain: Path) -> None:
    text = (plain / "events.csv").read_text().replace("12,007", "14,007")
    (plain / "events.csv").write_text(text)
    repair_everything(plain)
    files = {problem.file for problem in verify(plain).problems if problem.column == "amount"}
    assert {"events.parquet", "events.jsonl", "deeds.sqlite", "deeds.xlsx"} <= files


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_missing_rows_and_other_columns_are_named(plain: Path, suffix: str) -> None:
    rows = pl.read_parquet(plain / "events.parquet")
    for changed, message in ((rows.head(2), "has 2 rows where the CSV has 3"), (rows.drop("note"), "has the column")):
        path = plain / f"events{suffix}"
        if suffix == ".parquet":
            changed.write_parquet(path)
        else:
            changed.write_ndjson(path)
        repair_sums(plain)
        found = [problem.message for problem in verify(plain).problems if problem.rule == "format-differs"]
        assert len(found) == 1
        assert message in found[0]


def test_a_wrong_key_is_named(signed: Path) -> None:
    found = verify(signed, key=OTHER.public).problems
    assert [(problem.rule, problem.file) for problem in found] == [
        ("signature-wrong", "SHA256SUMS.minisig"),
        ("provenance-wrong", "provenance.intoto.jsonl"),
    ]
    assert found[0].message == f"is of key {OWN.public.id}, not of {OTHER.public.id}"


def test_a_key_for_a_release_without_a_signature_is_a_problem(plain: Path) -> None:
    assert problems(plain, OWN.public) == [("signature-missing", "SHA256SUMS.minisig")]


def test_a_signature_that_was_taken_away_is_named_by_the_provenance(signed: Path) -> None:
    (signed / "SHA256SUMS.minisig").unlink()
    assert problems(signed) == [("signature-missing", "SHA256SUMS.minisig")]


def test_a_list_repaired_after_signing_is_caught_by_the_signature(signed: Path) -> None:
    change_cell(signed)
    repair_sums(signed)
    assert ("signature-wrong", "SHA256SUMS.minisig") in problems(signed, OWN.public)


def test_the_signature_of_another_release_is_caught(make_project: MakeProject, signed: Path, tmp_path: Path) -> None:
    later = successor(make_project, signed)
    shutil.copyfile(signed / "SHA256SUMS.minisig", later / "SHA256SUMS.minisig")
    assert {file for _, file in problems(later, OWN.public)} == {"SHA256SUMS.minisig"}
    alone = copied(later, tmp_path / "alone" / "2.0.0")
    assert "was made for something else" in only(alone).message


def test_a_chain_is_followed_back_to_the_first_release(make_project: MakeProject, plain: Path) -> None:
    later = successor(make_project, plain)
    outcome = verify(later)
    assert outcome.is_intact, outcome.problems
    assert "chain back to 1.0.0" in outcome.checked


def test_a_chain_whose_earlier_release_is_elsewhere_is_not_checked(
    make_project: MakeProject, plain: Path, tmp_path: Path
) -> None:
    alone = copied(successor(make_project, plain), tmp_path / "alone" / "2.0.0")
    outcome = verify(alone)
    assert outcome.is_intact
    assert "chain before 2.0.0: 1.0.0 is not beside it" in outcome.not_checked


def test_a_forged_chain_is_named(make_project: MakeProject, plain: Path) -> None:
    later = successor(make_project, plain)
    manifest = json.loads((plain / "release.json").read_text())
    manifest["title"] = "Other deeds"
    (plain / "release.json").write_text(json.dumps(manifest))
    repair_sums(plain)
    found = only(later)
    assert (found.rule, found.file) == ("chain-broken", "release.json")
    assert "2.0.0 names 1.0.0 with the sha256" in found.message


def test_a_release_that_names_another_predecessor_than_its_provenance_is_named(
    make_project: MakeProject, plain: Path
) -> None:
    later = successor(make_project, plain)
    manifest = json.loads((later / "release.json").read_text())
    manifest["previous"] = None
    (later / "release.json").write_text(json.dumps(manifest))
    repair_sums(later)
    assert problems(later) == [
        ("provenance-wrong", "provenance.intoto.jsonl"),
        ("file-changed", "release.json"),
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("CITATION.cff", 'version: "1.0.0"', 'version: "1.0.1"', "says version '1.0.1', release.json says '1.0.0'"),
        ("CITATION.cff", "title: ", 'title: "X" # ', "says title 'X'"),
        ("datapackage.json", '"title": "Deeds"', '"title": "Dees"', "says title 'Dees'"),
        ("BUILD.json", '"version": "1.0.0"', '"version": "2.0.0"', "says version '2.0.0'"),
    ],
)
def test_metadata_that_disagree_are_named(plain: Path, name: str, old: str, new: str, says: str) -> None:
    text = (plain / name).read_text()
    assert old in text
    (plain / name).write_text(text.replace(old, new, 1))
    repair_everything(plain)
    found = [problem for problem in verify(plain).problems if problem.rule == "metadata-differs"]
    assert found[0].file == name
    assert says in found[0].message


@pytest.mark.parametrize("junk", [b"", b"[]", b"{", b"[" * 100_000, b'{"files": 1, "tables": {}}', b"\xff"])
@pytest.mark.parametrize(
    "name", ["release.json", "provenance.intoto.jsonl", "BUILD.json", "SHA256SUMS", "CITATION.cff"]
)
def test_junk_in_place_of_a_document_is_a_problem_and_no_crash(plain: Path, name: str, junk: bytes) -> None:
    (plain / name).write_bytes(junk)
    assert problems(plain)
    repair_sums(plain)
    if name != "SHA256SUMS":
        assert problems(plain)


def test_what_is_too_long_to_be_read_is_named_once(plain: Path) -> None:
    with (plain / "events.csv").open("ab") as file:
        file.write(b"9" * (36 << 20) + b"\n")
    (plain / "changes.json").write_bytes(b"[" + b"{}," * 1_100_000 + b"1]")
    repair_everything(plain)
    found = verify(plain)
    assert ("format-unreadable", "events.csv") in {(problem.rule, problem.file) for problem in found.problems}
    assert "metadata: changes.json has more than 2,000,000 values" in found.not_checked


def packed(folder: Path, path: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{prefix}{file.name}")
    return path


@pytest.mark.parametrize("prefix", ["", "deeds-1.0.0/"])
def test_a_zip_of_a_release_is_verified(plain: Path, tmp_path: Path, prefix: str) -> None:
    path = packed(plain, tmp_path / "deeds.zip", prefix)
    assert verify(path).is_intact
    (plain / "more.csv").write_text("x")
    assert problems(packed(plain, path, prefix)) == [("file-extra", "more.csv")]


@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "a/b/c.csv", "C:evil.csv", "a\\..\\..\\evil.csv"])
def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(name, "x")
    assert problems(tmp_path / "evil.zip") == [("archive-unreadable", "evil.zip")]
    assert not list(tmp_path.rglob("evil.csv"))


def test_a_damaged_archive_is_a_problem(plain: Path, tmp_path: Path) -> None:
    path = packed(plain, tmp_path / "deeds.zip")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert problems(path) == [("archive-unreadable", "deeds.zip")]


def test_every_rule_has_an_entry_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "verify-a-release.md").read_text()
    assert [rule for rule in RULES if f"`{rule}`" not in page] == []


def test_what_is_no_release_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no release"):
        verify(tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        verify(tmp_path / "nothing")


def test_a_rebuild_gives_the_same_bytes(make_project: MakeProject, plain: Path) -> None:
    outcome = verify(plain, project=make_project())
    assert outcome.is_intact, outcome.problems
    assert "rebuilt with the same content digest for every table" in outcome.checked[-1]
    assert verify(successor(make_project, plain), project=load_project(plain.parents[2])).is_intact


def test_a_rebuild_of_a_release_with_its_own_epoch_gives_the_same_bytes(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    folder = release_of(make_project())
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert verify(folder, project=make_project()).is_intact


def test_a_rebuild_from_other_data_names_table_and_input(make_project: MakeProject, plain: Path) -> None:
    project = make_project({**TABLES, "events": (EVENTS.replace("12,007", "13,007"), EVENTS_SCHEMA)})
    outcome = verify(plain, project=project)
    first = next(problem for problem in outcome.problems if problem.file == "events.csv")
    assert (first.rule, first.message) == ("rebuild-differs", "the rebuilt table has another content digest")
    assert "events.jsonl" in {problem.file for problem in outcome.problems}
    assert outcome.notes == ["rebuilt from other inputs than BUILD.json lists: datapackage/events.csv"]


def test_a_rebuild_with_other_writers_proves_the_content_and_names_the_bytes(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = release_of(make_project())
    monkeypatch.setattr("deedbook.integrity.provenance.sqlite3.sqlite_version", "9.9.9")
    outcome = verify(folder, project=make_project())
    assert outcome.is_intact, outcome.problems
    assert "rebuilt with sqlite 9.9.9 instead of" in outcome.notes[0]
    assert "the same content digest for every table, other bytes in BUILD.json" in outcome.notes[0]


def test_a_full_disk_is_not_taken_for_a_damaged_release(small_release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("deedbook.release.equality.type_parts", fail)
    with pytest.raises(OSError, match="No space left"):
        verify(small_release)


def test_the_space_of_a_comparison_is_foretold(small_release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(small_release)._replace(free=10)
    monkeypatch.setattr("deedbook.release.equality.shutil.disk_usage", lambda _: usage)
    with pytest.raises(
        SpaceError, match=r"too full to compare \w+: its values take some 0.0 MB in .*, and 0.0 MB are free"
    ):
        verify(small_release)
