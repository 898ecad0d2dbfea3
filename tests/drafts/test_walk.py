"""From files that exist to the first useful finding in two commands, and to a built release in ten."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deedbook.cli.main import run
from tests.conformance import SHARED
from tests.drafts.walks import DIALECTS, ROWS

REALDATA = SHARED / "realdata"
FIRST = {
    "un-votes": "garbled-text in short",
    "ucdp-ged-syria": "html-in-text in source_article",
    "ucdp-prio-acd": "all but 4 cells are of the type integer",
    "country-codes": "does NA mean that there is no value?",
}
"""What the first check of each real dataset says."""
Walk = Callable[..., str]


@pytest.fixture
def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Walk]:
    """A command of ten in the folder of the project, once there is one; gives what it says."""
    count = 0

    def command(*args: str, code: int = 0) -> str:
        nonlocal count
        count += 1
        capsys.readouterr()
        assert (run(list(args)), args) == (code, args)
        if args[0] == "init":
            monkeypatch.chdir(args[1])
        said = capsys.readouterr()
        return said.out + said.err

    monkeypatch.chdir(tmp_path)
    yield command
    assert count <= 10


@pytest.mark.parametrize("name", DIALECTS)
def test_two_commands_lead_from_a_file_to_its_mistakes_and_more_to_a_table_without(
    tmp_path: Path, walk: Walk, name: str
) -> None:
    (tmp_path / "files").mkdir()
    walk("init", "mine", "--from", str(DIALECTS[name](tmp_path / "files")))
    found = walk("validate")
    assert "all but 1 cell are of the type date" in found
    assert "(row 8 `spring 2024`)" in found
    assert "row 10 0009: ` a stray  space ` has a space at its start" in found
    walk("fix", "--all-safe")
    table = tmp_path / "mine" / "datapackage" / ("events.tsv" if name == "tabs" else "events.csv")
    lines = table.read_text("utf-8").splitlines()
    assert len(lines) == len(ROWS) + 1
    assert "a stray space" in lines[9]
    assert lines[1].startswith("0001")
    assert "Köln 1" in lines[1]
    walk("fmt")
    assert "1 table" in walk("export") if name != "JSON and Parquet" else "2 tables" in walk("export")
    assert "nothing was changed" in walk("import", "mine.xlsx")
    assert "spaces-in-text" not in walk("validate")


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_a_release_follows(tmp_path: Path, walk: Walk, name: str) -> None:
    (tmp_path / "files").mkdir()
    for args in (("init", "mine", "--from", str(DIALECTS[name](tmp_path / "files"))), ("fix", "--all-safe"), ("fmt",)):
        walk(*args)
    assert "built dist/mine/0.1.0" in walk("build")
    assert "verified mine 0.1.0" in walk("verify", "dist/mine/0.1.0")


@pytest.mark.skipif(not REALDATA.is_dir(), reason="the real tables are not here")
@pytest.mark.slow
@pytest.mark.parametrize("name", FIRST)
def test_a_real_dataset_is_walked_alike(tmp_path: Path, walk: Walk, name: str) -> None:
    shutil.copytree(REALDATA / name, tmp_path / "files", copy_function=shutil.copyfile)
    walk("init", "mine", "--from", str(tmp_path / "files"))
    assert FIRST[name] in walk("validate")
    walk("fix", "--all-safe", code=1 if name.startswith("ucdp") else 0)
    walk("fmt")
    if name in {"country-codes", "ucdp-prio-acd"}:  # the others take a minute and more
        assert "built dist/mine/0.1.0" in walk("build")
        assert "verified mine 0.1.0" in walk("verify", "dist/mine/0.1.0")
