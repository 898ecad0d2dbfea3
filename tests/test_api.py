"""The public names: what Python says is what the command line says, and frames are read as the values that they hold."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.polars as pa
import polars as pl
import pytest

import deedbook
from deedbook import models
from deedbook.rules import values
from tests.package import fields, make_package

SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "string", "constraints": {"required": True}},
        {"name": "least", "type": "integer"},
        {"name": "most", "type": "integer"},
        {"name": "on", "type": "date", "format": "%d.%m.%Y"},
        {"name": "sure", "type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]},
        {"name": "at", "type": "datetime"},
    ],
    "primaryKey": ["id"],
}
VALUES = {
    "id": ["a", "b", "c"],
    "least": [1, None, 3],
    "most": [2, 1, 1],
    "on": [dt.date(2024, 3, 7), None, dt.date(1999, 12, 31)],
    "sure": [True, None, False],
    "at": [dt.datetime(2024, 3, 7, 12, 30, tzinfo=dt.UTC), None, dt.datetime(2024, 3, 7, tzinfo=dt.UTC)],
}
RULES = pa.DataFrameSchema(checks=[values.in_order("out-of-order", "least", "most")])


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame])
def test_a_frame_is_read_as_the_values_that_it_holds(make: Any) -> None:
    report = deedbook.validate(make(VALUES), schema=SCHEMA, rules=RULES, table="counts")
    assert [(item.table, item.row, item.key, item.rule) for item in report.findings] == [
        ("counts", 4, "c", "out-of-order")
    ]
    assert (report.valid, report.not_checked, [total.count for total in report.totals]) == (False, (), [1])


def test_texts_of_a_frame_are_read_as_a_file_is() -> None:
    frame = pl.DataFrame(
        {**dict.fromkeys(VALUES), "id": ["a", "b"], "on": ["07.03.2024", "2024-03-07"], "sure": ["ja", "true"]}
    )
    report = deedbook.validate(frame, schema=SCHEMA)
    assert [(item.row, item.column, item.proposal) for item in report.findings] == [
        (3, "on", "07.03.2024"),
        (3, "sure", "ja"),
    ]
    found = report.to_polars()
    assert found.select("rule", "row", "column").rows() == [("type-error", 3, "on"), ("type-error", 3, "sure")]
    assert found.schema["row"] == pl.Int64
    assert deedbook.validate(frame.head(1), schema=SCHEMA).to_polars().schema == found.schema


def test_a_report_shows_itself(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["<b>", "<b>"]})
    report = deedbook.validate(frame, schema=fields("id", primaryKey=["id"]))
    assert str(report).endswith("1 error, no warnings")
    assert "<b>" not in report._repr_html_()
    assert "primary-key" in report._repr_html_()
    assert report.to_dict()["totals"][0]["count"] == 1


def test_it_is_the_report_of_the_command_line() -> None:
    file = models.folder_of("acled") / "events.csv"
    for arguments, more in (({"model": "acled"}, ["--model", "acled"]), ({"model": "flat"}, ["--model", "flat"])):
        record = deedbook.validate(file, **arguments).to_dict()  # type: ignore[arg-type]
        command = [sys.executable, "-m", "deedbook", "validate", str(file), *more, "--format", "json"]
        said = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
        for one in (record, said):
            one["stats"].pop("seconds")
            for finding in one["findings"]:
                finding.pop("hint")
        assert record == said


def test_a_model_reads_frames_too() -> None:
    frame = pl.read_csv(
        models.folder_of("gdelt") / "mentions.csv", separator="\t", has_header=False, infer_schema=False
    )
    names = [item.name for item in models.tables_of("gdelt")[1].described.fields]
    report = deedbook.validate(
        frame.rename(dict(zip(frame.columns, names, strict=True))), model="gdelt", table="mentions"
    )
    assert report.valid


def test_a_described_file_is_valid_under_its_draft(tmp_path: Path) -> None:
    file = tmp_path / "towns.csv"
    file.write_text("town;people\nRiga;605802\nLiepaja;67360\n", encoding="utf-8")
    drafted = deedbook.describe(file)
    assert [field["type"] for field in drafted["towns"]["fields"]] == ["string", "integer"]
    frame = pl.DataFrame({"town": ["Riga"], "people": [605802]})
    assert deedbook.validate(frame, schema=drafted["towns"]).valid
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(deedbook.DeedbookError, match=r"empty\.csv"):
        deedbook.describe(tmp_path / "empty.csv")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: deedbook.validate(pl.DataFrame({"id": ["a"]})), "a frame needs a schema\ngive schema="),
        (lambda: deedbook.validate("no.csv"), "no.csv: no such file or folder"),
        (lambda: deedbook.validate("t.csv"), "add schema='TABLE.schema.json'"),
        (lambda: deedbook.validate("t.csv", model="acledd"), "there is no model 'acledd'\ndid you mean `acled`?"),
        (lambda: deedbook.validate("t.csv", model="flat", schema="x.json"), "leave one of them out"),
        (lambda: deedbook.validate(pl.DataFrame({"id": [[1]]}), schema=SCHEMA), "the column `id` holds List(Int64)"),
        (lambda: deedbook.diff("t.csv", "no"), "no"),
        (lambda: deedbook.build("t.csv"), "t.csv"),
        (lambda: deedbook.plan("none"), "none: no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_terms_of_python(
    call: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("id\na\n", encoding="utf-8")
    with pytest.raises(deedbook.DeedbookError) as raised:
        call()
    assert said in str(raised.value)
    assert "--" not in str(raised.value)


def test_rules_that_did_not_run_are_trusted_in_python(tmp_path: Path) -> None:
    make_package(tmp_path, schemas={"t": fields("n:integer")}, t="n\n-1\n")
    (tmp_path / "deedbook.toml").write_text('package = "datapackage.json"\n')
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "t.rules.toml").write_text('[below-zero]\npasses = "n >= 0"\nat = "n"\nmessage = "{n}"\n')
    assert [item.reason for item in deedbook.validate(tmp_path).not_checked] == [
        "rule files are code: run inside the project, or trust them with trust_rules=True"
    ]
    assert [item.rule for item in deedbook.validate(tmp_path, trust_rules=True).findings] == ["below-zero"]
    assert (
        deedbook.validate(tmp_path / "t.csv", schema=fields("n:integer"), rules=tmp_path / "schemas/t.rules.toml").valid
        is False
    )
    with pytest.raises(deedbook.DeedbookError, match="trust_rules=True"):
        deedbook.build(tmp_path)


def test_a_project_is_planned_built_and_compared(tmp_path: Path) -> None:
    make_package(tmp_path, schemas={"t": fields("id", "n:integer", primaryKey=["id"])}, t="id,n\na,1\nb,2\n")
    raw = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    raw |= {"version": "0.1.0", "created": "2026-11-27", "licenses": [{"name": "CC0-1.0"}], "title": "Counts"}
    raw |= {"description": "Counts.", "deedbook": {"previous": None}, "contributors": [{"title": "Ann Lee"}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(raw), encoding="utf-8")
    planned = deedbook.plan(tmp_path)
    assert (planned.version, planned.ready, planned.to_dict()["ready"]) == ("0.1.0", True, True)
    built = deedbook.build(tmp_path)
    assert built.report.valid
    assert built.folder == tmp_path / "dist" / "package" / "0.1.0"
    assert deedbook.diff(built.folder, tmp_path).equal
    (tmp_path / "t.csv").write_text("id,n\na,1\nb,3\n", encoding="utf-8")
    changes = deedbook.diff(built.folder, tmp_path)
    assert not changes.equal
    assert "t" in str(changes)
    assert changes.to_dict()["tables"]
    assert changes._repr_html_().startswith("<iframe srcdoc=")
    (tmp_path / "t.csv").write_text("id,n\na,x\n", encoding="utf-8")
    failed = deedbook.build(tmp_path)
    assert (failed.folder, failed.report.valid) == (None, False)


def test_every_public_name_is_there_and_has_its_words() -> None:
    page = (Path(deedbook.__file__).parents[2] / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    for name in deedbook.__all__:
        assert getattr(deedbook, name).__doc__ or name == "__version__"
        assert name == "__version__" or f"## deedbook.{name}\n" in page
