"""Every format gives back what the CSV holds, however odd, and a changed cell of any format is named."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.errors import UsageError
from deedbook.release.build import build
from deedbook.release.verification import verify
from deedbook.validation import Options
from tests.release.conftest import MakeProject
from tests.release.releases import release_of, repair_sums


@pytest.fixture
def formats() -> None:
    """Everything: this is about the formats."""


def fields(*specs: str) -> dict[str, Any]:
    parts = [spec.partition(":") for spec in specs]
    return {"fields": [{"name": name, "type": kind or "string"} for name, _, kind in parts], "primaryKey": parts[0][0]}


ODD: dict[str, tuple[str, dict[str, Any]]] = {
    "numbers": (
        "id,n,x\n1,9007199254740993,2.5\n2,-9007199254740993,1e308\n3,,-1\n4,0,-1e308\n5,1,0.30000000000000004\n6,,\n",
        fields("id:integer", "n:integer", "x:number"),
    ),
    "exact": (
        "id,n,m,x\n1,2147483647,127,0.30000000000000004\n2,-2147483648,-128,1e-300\n3,,,\n4,0,0,-0.0\n5,1,1,123456789.123456789\n",
        fields("id:integer", "n:integer", "m:integer", "x:number"),
    ),
    "huge": ("id,n\n1,123456789012345678901234567890\n2,\n", fields("id:integer", "n:integer")),
    "days": (
        (
            "id,early,day,moment,fine,clock\n"
            "a,0101-01-01,1999-12-31,2024-02-29T23:59:59Z,2024-01-01T00:00:00.123456Z,12:30:00\n"
            "b,9999-12-31,2024-02-29,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,\n"
            "c,,,,,\n"
        ),
        fields("id", "early:date", "day:date", "moment:datetime", "fine:datetime", "clock:time"),
    ),
    "texts": (
        'id,text\na,"a\r\nb"\nb,"\tx "\nc,_x0041_\nd,"\'q\'"\ne,""""""\nf,NA\ng,=1+1\nh,\u00fcn\u00ef\u2028z\ni,\ufffe\nj,-1\nk,\nl,TRUE\n',
        fields("id", "text"),
    ),
    "long": (f"id,text\na,{'x' * 40_000}\nb,{'ä' * 3000}\n", fields("id", "text")),
    "flags": ("id,yes\na,true\nb,false\nc,\n", fields("id", "yes:boolean")),
    "nothing": ("id,n,x,day,yes\n", fields("id", "n:integer", "x:number", "day:date", "yes:boolean")),
    "blank": ("id,n,x,day,yes,t\na,,,,,\n", fields("id", "n:integer", "x:number", "day:date", "yes:boolean", "t")),
    "end": ("end,if,strL,Id,ID\na,b,c,d,e\n", fields("end", "if", "strL", "Id", "ID")),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_values_are_equal_in_every_format(make_project: MakeProject, name: str) -> None:
    folder = release_of(make_project({name: ODD[name]}))
    outcome = verify(folder)
    assert outcome.problems == []
    assert "1 table in csv and" in " ".join(outcome.checked)


def test_a_text_that_is_empty_and_not_missing_is_equal_in_every_format(make_project: MakeProject) -> None:
    schema = {**fields("id", "text"), "missingValues": ["-"]}
    folder = release_of(make_project({"t": ('id,text\na,""\nb,-\nc,x\n', schema)}))
    assert verify(folder).problems == []


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "sqlite", "xlsx", "dta", "sav", "rds"])
def test_a_changed_cell_of_any_format_is_named(make_project: MakeProject, suffix: str) -> None:
    schema = fields("id", "n:integer", "day:date", "text")
    rows = "id,n,day,text\na,1,2024-01-01,x\nb,2,2024-01-02,y\n"
    one = release_of(make_project({"t": (rows, schema)}, folder="one"))
    for number, (old, new, column) in enumerate(
        [("b,2,", "b,3,", "n"), ("01-02", "01-03", "day"), (",y", ",z", "text")]
    ):
        other = release_of(make_project({"t": (rows.replace(old, new), schema)}, folder=f"other{number}"))
        name = f"deeds.{suffix}" if suffix in {"sqlite", "xlsx"} else f"t.{suffix}"
        (one / name).write_bytes((other / name).read_bytes())
        repair_sums(one)
        found = [problem for problem in verify(one).problems if problem.rule == "format-differs"]
        assert [(problem.file, problem.table, problem.row, problem.key, problem.column) for problem in found] == [
            (name, "t", 3, "b", column)
        ]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "dta", "sav", "rds"])
@pytest.mark.parametrize("content", [b"", b"junk", b"\0" * 4096])
def test_junk_in_place_of_a_table_is_named_and_no_crash(make_project: MakeProject, suffix: str, content: bytes) -> None:
    folder = release_of(make_project({"t": ("id\na\n", fields("id"))}))
    (folder / f"t.{suffix}").write_bytes(content)
    repair_sums(folder)
    rules = {problem.rule for problem in verify(folder).problems if problem.file == f"t.{suffix}"}
    assert rules & {"format-unreadable", "format-differs"}


def test_spss_needs_its_extra_to_be_written_and_none_to_be_compared(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project()
    folder = release_of(project)
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    verification = verify(folder)
    assert not verification.problems
    assert any("csv and dta, jsonl, parquet, rds, sav" in said for said in verification.checked)
    shutil.rmtree(project.dist)
    with pytest.raises(UsageError, match="pyreadstat is not installed") as raised:
        build(project, Options())
    assert raised.value.hint == "pip install 'deedbook[spss]'"
    assert not list(project.dist.rglob("*.*"))


def test_many_differences_are_counted(make_project: MakeProject, tmp_path: Path) -> None:
    folder = release_of(
        make_project({"t": ("id,n\n" + "".join(f"{n:03},1\n" for n in range(50)), fields("id", "n:integer"))})
    )
    rows = pl.read_parquet(folder / "t.parquet")
    rows.with_columns(pl.col("n") + 1).write_parquet(folder / "t.parquet")
    repair_sums(folder)
    found = [problem for problem in verify(folder).problems if problem.rule == "format-differs"]
    assert [problem.row for problem in found] == [None, 2, 3, 4]
    assert found[0].message == "differs from t.csv in 47 more cells"
