"""A side may be a project, a release, its zip, a version, a git ref, a descriptor or a CSV file."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from deedbook.changes.compare import compare
from deedbook.changes.sources import open_sides
from deedbook.errors import ProjectError, UsageError
from tests.package import fields, make_package


def equal(old: str, new: str, here: Path, schema: Path | None = None) -> bool:
    with open_sides(old, new, here=here, schema=schema) as (before, after):
        return compare(before, after).is_equal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_package(tmp_path / "data", schemas={"t": fields("a", "b", primaryKey=["a"])}, t="a,b\n1,x\n")
    return tmp_path / "data"


def test_folder_descriptor_and_zip_are_the_same(folder: Path, tmp_path: Path) -> None:
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "data")
    for other in (str(folder / "datapackage.json"), packed):
        assert equal(str(folder), other, folder)


def test_csv_files_are_one_table_with_a_schema(folder: Path, tmp_path: Path) -> None:
    schema = tmp_path / "s.json"
    schema.write_text(json.dumps(fields("a", "b", primaryKey=["a"])))
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,y\n")
    assert equal(str(folder / "t.csv"), str(folder / "t.csv"), folder, schema)
    assert not equal(str(folder / "t.csv"), str(other), folder, schema)
    with pytest.raises(UsageError, match="needs a schema"):
        equal(str(other), str(other), folder)


def test_a_git_ref_is_read_out_of_the_repository(folder: Path, tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")

    def run(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run([git or "git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    run("init", "-q")
    (tmp_path / ".gitattributes").write_text("*.csv export-ignore\n")  # `git archive` would leave the table out
    (folder / "link.csv").symlink_to("/etc/passwd")
    run("add", ".")
    run("commit", "-qm", "one")
    assert equal("git:HEAD", str(folder), folder)
    (folder / "t.csv").write_text("a,b\n1,y\n")
    assert not equal("git:HEAD", str(folder), folder)
    with pytest.raises(ProjectError, match="does not know"):
        equal("git:nowhere", str(folder), folder)


def test_a_zip_that_climbs_out_or_holds_no_package_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("../evil.csv", "x")
    with pytest.raises(ProjectError, match="leaves the archive"):
        equal(str(bad), str(bad), tmp_path)
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(ProjectError, match="holds neither"):
        equal(str(empty), str(empty), tmp_path)


def test_two_columns_of_one_name_are_not_compared(tmp_path: Path) -> None:
    schema = tmp_path / "s.json"
    schema.write_text(json.dumps(fields("a", "b")))
    for name, text in (("old", "a,b,b\n1,x,y\n"), ("new", "a,b,b\n1,z,y\n")):
        (tmp_path / f"{name}.csv").write_text(text)
    with pytest.raises(ProjectError, match="two columns are named `b`"):
        equal(str(tmp_path / "old.csv"), str(tmp_path / "new.csv"), tmp_path, schema)


def test_what_exists_nowhere_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        equal("nothing", str(folder), folder)
    with pytest.raises(UsageError, match=r"no version 1\.2\.3"):
        equal("1.2.3", str(folder), folder)
