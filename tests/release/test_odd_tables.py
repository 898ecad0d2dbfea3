"""Tables that a maintainer may well have, built and built again: what stands in them is what a release holds."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.cli.main import run


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


class Dataset:
    """A project of one table `t`, whose releases are read back as rows."""

    def __init__(self, root: Path, fields: list[dict[str, Any]], key: str | None = "id") -> None:
        self.root, self.fields, self.key = root, fields, key
        (root / "data").mkdir()
        (root / "schemas").mkdir()
        (root / "deedbook.toml").write_text('package = "data/datapackage.json"\n', encoding="utf-8")

    def build(self, version: str, table: str, previous: str = "", corrected: str = "") -> int:
        """The exit code; `corrected` is `key,field,old,new` of the one cell that is another than before."""
        schema: dict[str, Any] = {"fields": self.fields, **({"primaryKey": self.key} if self.key else {})}
        descriptor = {
            "name": "odd",
            "title": "Odd",
            "version": version,
            "created": f"2026-01-1{version[0]}T00:00:00Z",
            "licenses": [{"name": "CC0-1.0"}],
            "contributors": [{"title": "A. Maintainer"}],
            "resources": [{"name": "t", "path": "t.csv", "schema": schema}],
            "deedbook": {"previous": self._pin(previous) if previous else None},
        }
        (self.root / "data" / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
        (self.root / "data" / "t.csv").write_text(table, encoding="utf-8", newline="")
        rows = f"{version},t,{corrected},recount,," if corrected else ""
        header = "version,table,key,field,old,new,reason,note,source"
        (self.root / "data" / "corrections.csv").write_text(
            f"{header}\n{rows}\n" if rows else f"{header}\n", encoding="utf-8"
        )
        return run(["build", str(self.root), "--quiet"])

    def _pin(self, version: str) -> dict[str, str]:
        manifest = (self.folder(version) / "release.json").read_bytes()
        return {"version": version, "sha256": hashlib.sha256(manifest).hexdigest()}

    def folder(self, version: str) -> Path:
        return self.root / "dist" / "odd" / version

    def rows(self, version: str) -> list[list[str]]:
        with (self.folder(version) / "t.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))


def _field(name: str, type_: str = "string", **more: object) -> dict[str, Any]:
    return {"name": name, "type": type_, **more}


def test_a_column_that_is_called_like_the_history_is_kept(tmp_path: Path) -> None:
    data = Dataset(tmp_path, [_field("id"), _field("first_release", "date")])
    assert data.build("1.0.0", "id,first_release\na,1999-05-01\nb,\n") == 0
    assert data.rows("1.0.0") == [
        ["id", "first_release", "last_changed_in"],
        ["a", "1999-05-01", "1.0.0"],
        ["b", "", "1.0.0"],
    ]
    assert (
        data.build(
            "2.0.0", "id,first_release\na,1999-05-01\nb,2001-01-01\nc,\n", "1.0.0", "b,first_release,,2001-01-01"
        )
        == 0
    )
    assert data.rows("2.0.0")[1:] == [["a", "1999-05-01", "1.0.0"], ["b", "2001-01-01", "2.0.0"], ["c", "", "2.0.0"]]


@pytest.mark.parametrize("name", ['q"q', "s (old)", "two\nlines", "a,b"])
def test_an_odd_field_name_verifies_and_keeps_its_history(tmp_path: Path, name: str) -> None:
    data = Dataset(tmp_path, [_field("id"), _field("s"), _field(name)])
    label = '"' + name.replace('"', '""') + '"'
    assert data.build("1.0.0", f"id,s,{label}\na,1,x\nb,2,y\n") == 0
    assert run(["verify", str(data.folder("1.0.0"))]) == 0
    corrected = 'b,"' + name.replace('"', '""') + '",y,z'
    assert data.build("2.0.0", f"id,s,{label}\na,1,x\nb,2,z\nc,3,\n", "1.0.0", corrected) == 0
    assert [row[-2:] for row in data.rows("2.0.0")[1:]] == [["1.0.0", "1.0.0"], ["1.0.0", "2.0.0"], ["2.0.0", "2.0.0"]]
    assert run(["verify", str(data.folder("2.0.0"))]) == 0


def test_rows_without_a_key_are_known_by_their_cells(tmp_path: Path) -> None:
    data = Dataset(tmp_path, [_field("n", "integer"), _field("s")], key=None)
    assert data.build("1.0.0", "n,s\n1,a\n1,a\n2,\n") == 0
    assert data.build("2.0.0", "n,s\n9,z\n1,a\n2,\n1,a\n1,a\n", previous="1.0.0") == 0
    assert data.rows("2.0.0")[1:] == [
        ["9", "z", "2.0.0", "2.0.0"],
        ["1", "a", "1.0.0", "1.0.0"],
        ["2", "", "1.0.0", "1.0.0"],
        ["1", "a", "1.0.0", "1.0.0"],
        ["1", "a", "2.0.0", "2.0.0"],
    ]


def test_the_python_loader_reads_integers_of_any_size_and_the_snippet_every_moment(tmp_path: Path) -> None:
    data = Dataset(tmp_path, [_field("id"), _field("big", "integer"), _field("at", "datetime")])
    table = "id,big,at\na,99999999999999999999,2024-01-01T10:00:00Z\nb,5,2024-01-01T10:00:00.5Z\n"
    assert data.build("1.0.0", table) == 0
    readme = (data.folder("1.0.0") / "README.md").read_text(encoding="utf-8")
    snippet = readme.partition("**Python, pandas**")[2].partition("```python\n")[2].partition("```")[0]
    script = f"from load import load\nf = load('t')\n{snippet}\n"
    script += "print(f.big.tolist(), f['at'].dtype.kind, t.big.tolist(), t['at'].dtype.kind, len(t))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=data.folder("1.0.0"), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("['99999999999999999999', '5'] M ['99999999999999999999', '5'] M 2\n", 0)


def test_the_codebook_counts_and_shows_values_as_they_stand(tmp_path: Path) -> None:
    fields = [
        _field("id"),
        _field("yes", "boolean", categories=[{"value": True, "label": "Ja"}, {"value": False, "label": "Nein"}]),
        _field("x", "number", categories=[{"value": 1.5, "label": "l"}, {"value": 2, "label": "two"}]),
    ]
    data = Dataset(tmp_path, fields)
    assert data.build("1.0.0", "id,yes,x\n1.0,true,1.5\n3.0,false,2\n") == 0
    codebook = (data.folder("1.0.0") / "CODEBOOK.md").read_text(encoding="utf-8")
    for line in ("| `true` | Ja |  | 1 |", "| `false` | Nein |  | 1 |", "| `1.5` | l |  | 1 |", "| `2` | two |  | 1 |"):
        assert line in codebook
    assert "First and last: `1.0`, `3.0`" in codebook


def test_a_file_in_the_place_of_the_releases_is_a_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Dataset(tmp_path, [_field("id")])
    (tmp_path / "dist").write_text("")
    assert data.build("1.0.0", "id\na\n") == 4
    assert "a file is in the way\n  move that file away" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("id,s,t\n1,a,x\n", "id,s,t\n1,a,CHANGED\n", "the column `t` is in no field"),
        ("id,s\n1,a\n", "id,s\n1,a,b,c\n", "a row has more cells than the header"),
        ("id,s\n1,\udcff\n", "id,s\n1,\udcfe\n", "a cell is not UTF-8"),
    ],
)
def test_what_no_field_holds_is_not_called_equal(
    tmp_path: Path, old: str, new: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / "t.schema.json"
    schema.write_text(json.dumps({"fields": [_field("id", "integer"), _field("s")], "primaryKey": "id"}))
    for name, text in (("old", old), ("new", new)):
        (tmp_path / f"{name}.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert run(["diff", str(tmp_path / "old.csv"), str(tmp_path / "new.csv"), "--schema", str(schema)]) == 3
    assert f"{reason}\n  validate the table first" in capsys.readouterr().err


def test_a_line_end_inside_a_cell_is_none_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = Dataset(tmp_path, [_field("id"), _field("s")])
    assert data.build("1.0.0", 'id,s\na,"d\r\ne"\nb,\n') == 0
    assert run(["validate", str(tmp_path), "--strict"]) == 0
    (tmp_path / "data" / "t.csv").write_bytes(b'id,s\r\na,"d\r\ne"\r\nb,\r\n')
    assert run(["validate", str(tmp_path), "--strict"]) == 1
    assert "lines end in a carriage return" in capsys.readouterr().out


def test_a_report_follows_a_link_and_fills_a_pipe(tmp_path: Path) -> None:
    data = Dataset(tmp_path, [_field("id")])
    assert data.build("1.0.0", "id\na\n") == 0
    report, link = tmp_path / "report.json", tmp_path / "link.json"
    report.write_text("old")
    link.symlink_to(report)
    assert run(["validate", str(tmp_path), "-q", "-f", "json", "-o", str(link)]) == 0
    assert (link.is_symlink(), json.loads(report.read_text())["valid"]) == (True, True)
    done = subprocess.run(
        [sys.executable, "-m", "deedbook", "validate", str(tmp_path), "-q", "-f", "json", "-o", "/dev/stderr"],
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (json.loads(done.stderr)["valid"], Path("/dev/stderr").is_symlink()) == (True, True)


def test_a_table_with_doubled_quotes_in_its_header_is_read_as_it_was_written(tmp_path: Path) -> None:
    from deedbook.release.formats.csv import read_csv

    (tmp_path / "t.csv").write_bytes(b'"q""q",b\n1,\n')
    assert read_csv(tmp_path / "t.csv").equals(
        pl.DataFrame({'q"q': ["1"], "b": [None]}, schema_overrides={"b": pl.String})
    )
