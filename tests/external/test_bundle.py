"""The bundle's own tests, and that it picks and writes the rows that deedbook picks and writes for the expression it shows."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook.release.formats.csv import write_csv
from deedbook.release.tables import type_rows
from deedbook.schema import read_schema
from deedbook.site.addresses import slug
from tests.external.conftest import ROOT, SECONDS, tool
from tests.external.sites import ATTACKS

pytestmark = pytest.mark.external

SCRIPTS = ROOT / "tests" / "site" / "js"
VALUES = ROOT / "toolkit" / "deedbook" / "site" / "assets" / "src" / "values.js"
KINDS = {"title": "text", 'we"ird': "text", "status": "text", "number": "number", "share": "number", "year": "number"}
KINDS |= {"day": "date", "moment": "moment", "local": "moment", "is_it": "boolean"}
TYPES = {"number": "integer", "share": "number", "year": "year", "day": "date", "is_it": "boolean"}
TYPES |= {"moment": "datetime", "local": "datetime"}
ROWS = """\
title,"we""ird",status,number,share,year,day,moment,local,is_it
Straße X,=1+1,open,1,0.0000001,2000,2000-01-01,2000-01-01T00:00:00Z,2000-01-01T23:59:59.999999,true
ΟΔΟΣ,"a,b",shut,-3,10000000000000000000000,0044,2000-12-31,2000-12-31T23:59:59.5Z,1999-12-31T00:00:00,false
it's 50% a\\b,"q""q",open,9007199254740991,-2.25,1999,1999-06-30,1999-06-30T12:00:00Z,2000-01-02T00:00:00,
İstanbul,"",,,,,,,,true
"line
break",\u202emoc,open,5,0.1,2001,0001-01-01,1969-12-31T23:59:59.999999Z,2020-02-29T01:02:03,false
,<script>,shut,0,1.5,2002,2024-02-29,2024-02-29T00:00:00Z,,true
"""
CASES: list[tuple[dict[str, dict[str, Any]], str]] = [
    ({}, ""),
    ({}, "STRASSE"),
    ({}, "straße x"),
    ({}, "οδος"),
    ({}, "offen"),
    ({}, "it's 50%"),
    ({}, "nowhere"),
    ({"title": {"text": "İ"}}, ""),
    ({"title": {"text": "a\\b"}}, ""),
    ({'we"ird': {"text": '"'}}, ""),
    ({'we"ird': {"values": ["", "<script>"]}}, ""),
    ({"status": {"values": ["open", None]}}, ""),
    ({"status": {"values": [None]}}, ""),
    ({"status": {"missing": False}, "is_it": {"values": [False]}}, ""),
    ({"number": {"low": "-3", "high": "5"}}, ""),
    ({"number": {"values": [1, 5, None]}}, ""),
    ({"share": {"low": "0.0000001", "high": "1.5"}}, ""),
    ({"year": {"high": "1999"}}, ""),
    ({"day": {"low": "1999-06-30", "high": "2000-12-31"}}, ""),
    ({"moment": {"low": "2000-01-01", "high": "2000-12-31"}}, "open"),
    ({"local": {"high": "2000-01-01"}}, ""),
    ({"day": {"missing": True}, "is_it": {"missing": False}}, ""),
]


def browser_cells(values: pl.Series) -> list[Any]:
    """The values as the Parquet file of a release gives them to the browser: days, microseconds, numbers, texts."""
    physical = values.to_physical() if values.dtype.is_temporal() else values
    return physical.to_list()


def test_the_bundle_picks_and_writes_what_its_expression_means_to_deedbook(tmp_path: Path) -> None:
    node = tool("node")
    fields = [{"name": name, "type": TYPES.get(name, "string")} for name in KINDS]
    schema = read_schema({"fields": fields}, "rows")
    text = pl.read_csv(io.StringIO(ROWS), infer_schema=False)
    text.columns = list(KINDS)
    typed, notes = type_rows(text, schema)
    assert notes == []
    shown = [
        {"name": name, "title": name, "type": TYPES.get(name, "string"), "kind": kind, "zoned": name == "moment"}
        for name, kind in KINDS.items()
    ]
    shown[2]["codes"] = [["open", "offen"], ["shut", "zu"]]
    columns = [[column.name, browser_cells(column)] for column in typed.iter_columns()]
    cases = [{"filters": list(filters.items()), "search": search} for filters, search in CASES]
    asked = json.dumps({"fields": shown, "columns": columns, "cases": cases})
    done = subprocess.run(
        [node, SCRIPTS / "pick.mjs"], input=asked, capture_output=True, text=True, check=True, timeout=SECONDS
    )
    for case, found in zip(cases, json.loads(done.stdout), strict=True):
        mask = (
            typed.with_columns(pl.sql_expr(found["where"]).alias("picked")).get_column("picked").fill_null(value=False)
        )
        rows = text.filter(mask)
        assert found["rows"] == mask.arg_true().to_list(), (case, found["where"])
        file = io.BytesIO()
        write_csv(rows, file)
        assert found["csv"].encode() == file.getvalue().split(b"\n", 1)[1], case


def test_the_page_of_a_row_has_the_address_that_it_was_written_to() -> None:
    odd = [
        "index",
        "INDEX",
        "con",
        "COM1",
        "com1.x",
        "a.",
        "..",
        "A B",
        "Straße",
        "İ-K",
        "e1",
        "E1",
        "E-0001",
        "x" * 101,
    ]
    texts = [*ATTACKS, *odd, "ABCDEFGHI1", "", "12", "1e5", "a_b.c-d", "~", "-x-", "\U0001f600"]
    program = f"""
        import {{ slug }} from {json.dumps(VALUES.as_uri())};
        console.log(JSON.stringify(JSON.parse(process.argv[1]).map(slug)));
    """
    command = [tool("node"), "--input-type=module", "--eval", program, json.dumps(texts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    assert json.loads(done.stdout) == [slug(text) for text in texts]


def test_the_parts_that_need_no_browser_do_what_their_own_tests_say() -> None:
    command = [tool("node"), "--test", *sorted(map(str, SCRIPTS.glob("*.test.mjs")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stdout
