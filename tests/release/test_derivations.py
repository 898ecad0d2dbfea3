"""What is derived lazily has the bytes of what is derived of whole tables, and needs no memory that grows with them."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest

from deedbook.checking.rules import load_book
from deedbook.errors import ProjectError, RuleError
from deedbook.project import Project
from deedbook.release import derivations, rows
from deedbook.release.build import Built, build
from deedbook.release.derivations import derive, memory_needed
from tests.release.conftest import MakeProject

DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
COUNT = 900
KINDS = ("visit", "grant", "talk")
ITEMS = "id,kind,day,n,x\n" + "".join(
    f"I{at * 379 % COUNT:05},{KINDS[at % 3]},2024-{at % 12 + 1:02}-01,{at if at % 7 else ''},{at / 7}\n"
    for at in range(COUNT)
)
KINDS_OF = {"id": "string", "kind": "string", "day": "date", "n": "integer", "x": "number"}
DERIVED = [{"name": "twice", "type": "integer"}, {"name": "upper", "type": "string"}]
SCHEMA = {
    "fields": [{"name": name, "type": kind} for name, kind in KINDS_OF.items()],
    "primaryKey": "id",
    "derivedFields": DERIVED,
}
VIEWS = {
    "days": {
        "fields": [{"name": "kind"}, {"name": "day", "type": "date"}, {"name": "n", "type": "integer"}],
        "primaryKey": ["kind", "day"],
    },
    "wide": {
        "fields": [{"name": "id"}, {"name": "kind"}, {"name": "sum", "type": "number"}],
        "primaryKey": ["id", "kind"],
    },
    "unsorted": {"fields": [{"name": "id"}]},
}
LAZY = """
import polars as pl

def derive_lazily(tables, created):
    items = tables["items"]
    own = items.select("id", (pl.col("n") * 2).alias("twice"), pl.col("kind").str.to_uppercase().alias("upper"))
    days = items.group_by("kind", "day").agg(pl.col("n").sum())
    wide = items.join(items.group_by("kind").agg(pl.col("x").sum().alias("sum")), on="kind").select("id", "kind", "sum")
    return {"items": own, "days": days, "wide": wide, "unsorted": items.filter(pl.col("n") > 3).select("id")}
"""
WHOLE = (
    LAZY.replace("derive_lazily", "derive")
    .replace('["items"]', '["items"].lazy()')
    .replace("    return {", "    found = {")
)
WHOLE += "    return {name: frame.collect() for name, frame in found.items()}\n"


def folder_of(built: Built) -> Path:
    assert built.release is not None, built.report.findings
    return built.release.folder


def project_of(make_project: MakeProject, code: str, text: str = ITEMS) -> Project:
    described = {
        f"schemas/{name}.schema.json": json.dumps(schema) for name, schema in VIEWS.items() if f'"{name}"' in code
    }
    return make_project({"items": (text, SCHEMA)}, files={"schemas/dataset.py": code, **described})


def test_a_lazy_frame_has_the_bytes_of_a_whole_one(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = folder_of(build(project_of(make_project, WHOLE)))
    before = {path.name: path.read_bytes() for path in whole.glob("*.csv")}
    assert {"items.csv", "days.csv", "wide.csv", "unsorted.csv"} <= {*before}
    assert before["items.csv"].startswith(b"id,kind,day,n,x,twice,upper,first_release,last_changed_in\nI00000,visit,")
    for kept, size in ((rows._KEPT, rows.PART_BYTES), (0, 700)):
        monkeypatch.setattr(rows, "_KEPT", kept)
        monkeypatch.setattr(derivations, "PART_BYTES", size)
        monkeypatch.setattr("deedbook.release.derived.PART_BYTES", size)
        project = project_of(make_project, LAZY)
        monkeypatch.setattr("deedbook.release.rows.part_bytes", lambda _memory, size=size: size)
        folder = folder_of(build(project, snapshot=True))
        found = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
        snapshot = {name: data.replace(b"1.0.0-snapshot", b"1.0.0") for name, data in found.items()}
        assert snapshot == before


@pytest.mark.parametrize(
    ("name", "is_streamed", "keeps"),
    [
        ("items", True, ""),
        ("days", True, "a row for each group"),
        ("wide", False, None),  # a sum of reals is rounded as its terms come
        ("unsorted", False, ""),  # no key sorts its rows
    ],
)
def test_only_what_does_not_see_the_order_of_rows_is_streamed(
    name: str, is_streamed: bool, keeps: str | None, make_project: MakeProject
) -> None:
    project = project_of(make_project, LAZY)
    found = derive(project, load_book(project), DAY)[name]
    assert found.is_streamed == is_streamed
    assert keeps is None or found.keeps == keeps


@pytest.mark.parametrize(
    ("expression", "is_streamed"),
    [
        ('items.group_by("id").agg(pl.col("n").sum())', True),
        ('items.group_by("id").agg(pl.col("n").min(), b=pl.col("x").max(), c=pl.len())', True),
        ("items.unique()", True),
        ('items.join(items, on="id", how="anti")', True),
        ('items.group_by("id").agg(pl.col("x").sum())', False),
        ('items.group_by("id").agg((pl.col("n") / 3).sum())', False),
        ('items.group_by("id").agg(pl.col("n").cast(pl.Float64).sum())', False),
        ('items.group_by("id").agg(pl.col("n").sqrt().sum())', False),
        ('items.group_by("id").agg(pl.col("n").first())', False),
        ('items.group_by("id").agg(pl.col("n").std())', False),
        ('items.with_columns(pl.col("n").shift())', False),
        ('items.with_columns(pl.col("n").sum().over("kind"))', False),
        ("items.with_row_index()", False),
        ('items.unique("kind", keep="any")', False),
        ('items.unique("kind", keep="first")', False),
        ("items.head(3)", False),
        ('items.group_by("id").agg(pl.len()).head(3)', False),
        ('items.group_by("id").agg((pl.col("n") * 0.5).sum())', False),
        ('items.group_by("id").agg(pl.col("n").filter(pl.col("kind").str.starts_with("v")).count())', True),
        ('items.join(items.select("id", k="kind"), on="id").sort("id").with_columns(pl.col("day").dt.year())', True),
        ('pl.concat([items, items]).filter(pl.col("n").is_in([1, 2]) | pl.col("day").is_null())', True),
        ('items.select(pl.col("kind").map_elements(str.upper, return_dtype=pl.String))', False),
        ('items.select(pl.col("n").reverse())', False),
        ('items.group_by("kind").agg("id")', False),
        ('items.group_by("kind").agg(pl.col("id").str.join(","))', False),
        ("items.map_batches(lambda frame: frame)", False),
    ],
)
def test_what_the_order_of_rows_could_change_is_told_from_the_query(
    expression: str, is_streamed: bool, make_project: MakeProject
) -> None:
    code = f'import polars as pl\ndef derive_lazily(tables, created):\n    items = tables["items"]\n    return {{"items": {expression}}}\n'
    project = project_of(make_project, code)
    assert derive(project, load_book(project), DAY)["items"].is_streamed == is_streamed


def test_what_needs_more_memory_than_it_may_have_is_said_before(
    make_project: MakeProject, caplog: pytest.LogCaptureFixture
) -> None:
    project = project_of(make_project, LAZY)
    assert not [*memory_needed(project, load_book(project), 1 << 20)]
    told = [*memory_needed(project, load_book(project), 1000)]
    assert [text.partition(":")[0] for text in told] == [
        "`days` is streamed, but keeps in memory a row for each group",
        "`wide` is derived of whole columns in memory",
        "`unsorted` is derived of whole columns in memory",
    ]
    caplog.set_level("INFO", "deedbook")
    derivations.tell_memory(project, load_book(project), 1000)
    assert caplog.messages == told
    whole = project_of(make_project, WHOLE)
    assert [
        "`derive` in dataset.py gets whole tables" in text for text in memory_needed(whole, load_book(whole), 1)
    ] == [True]


@pytest.mark.parametrize(
    ("derived", "said"),
    [
        (
            'items.select("id", twice="n", upper="kind").head(5)',
            "`derive` gives 5 rows for `items`, which has 900 of other keys",
        ),
        ('items.select("id", twice="n")', "lacks upper"),
        (
            'items.select(pl.col("id").replace("I00007", "J"), twice="n", upper="kind")',
            "other keys than those of `items`",
        ),
        (
            'items.select("id", pl.col("kind").cast(pl.Int64).alias("twice"), upper="kind")',
            "conversion from `str` to `i64` failed",
        ),
    ],
)
def test_derived_columns_that_do_not_fit_are_refused(derived: str, said: str, make_project: MakeProject) -> None:
    code = f'import polars as pl\ndef derive_lazily(tables, created):\n    items = tables["items"]\n    return {{"items": {derived}}}\n'
    with pytest.raises((ProjectError, RuleError)) as raised:
        build(project_of(make_project, code))
    assert said in raised.value.message


MEASURED = """
import datetime as dt, resource, sys
from pathlib import Path
from deedbook.checking.rules import load_book
from deedbook.project import load_project
from deedbook.release.derivations import derive

project = load_project(Path(sys.argv[1]))
book = load_book(project)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for item in derive(project, book, dt.datetime(2026, 1, 1)).values():
    for part in item.parts(1 << 20):
        assert part.estimated_size() < 20e6
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_view_over_a_table_is_derived_in_less_memory_than_the_table_takes(make_project: MakeProject) -> None:
    size = 240_000_000
    row = f"2024-01-01,7,0.5,{'x' * 470}\n"
    schema = {**SCHEMA, "fields": [*SCHEMA["fields"], {"name": "text"}], "derivedFields": []}
    code = """
        import polars as pl

        def derive_lazily(tables, created):
            items = tables["items"]
            return {"days": items.group_by("kind", "day").agg(pl.col("n").sum()), "wide": items.select("id", "text")}
    """
    described = {f"schemas/{name}.schema.json": json.dumps(VIEWS[name]) for name in ("days", "wide")}
    project = make_project({"items": ("id\n", schema)}, files={"schemas/dataset.py": code, **described})
    with (project.package.root / "items.csv").open("w") as file:
        file.write("id,kind,day,n,x,text\n")
        file.writelines(f"I{at:06},{KINDS[at % 3]},{row}" for at in range(size // 500))
    done = subprocess.run([sys.executable, "-c", MEASURED, project.root], capture_output=True, text=True, check=False)
    assert not done.stderr
    assert int(done.stdout) * 1024 < size * 0.8  # as whole columns they take more than the table
