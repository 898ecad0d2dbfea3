"""Spaces that nobody sees in free text: a part of the value to the standard, a safe proposal where a schema or a rule asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deedbook import drafts
from deedbook.project import load_project
from deedbook.repairs import mend, propose
from deedbook.validation import Options, validate
from tests.package import fields, make_package

CONTENT = 'id,note\n1,Aleppo \n2," north  of  it"\n3,"a list:\n  first\n  second"\n4,نیم\u200cروز\n5,"10\u00a0000 people"\n6,plain\n'
PLAIN: dict[str, Any] = fields("id:integer", "note") | {"deedbook": {"plainSpaces": True}}


def test_a_space_is_a_part_of_the_value_where_nobody_asked(tmp_path: Path) -> None:
    project = make_package(tmp_path, schemas={"data": fields("id:integer", "note")}, data=CONTENT.encode())
    assert validate(project).findings == ()


def test_stray_spaces_are_warnings_that_fix_mends(tmp_path: Path) -> None:
    project = make_package(tmp_path, schemas={"data": PLAIN}, data=CONTENT.encode())
    report = validate(project)
    assert report.valid
    assert [(it.rule, it.severity, it.row, it.proposal, it.certainty) for it in report.findings] == [
        ("spaces-in-text", "warning", 2, "Aleppo", "safe"),
        ("spaces-in-text", "warning", 3, "north of it", "safe"),
    ]
    mend(project, propose(project, Options(), {}))
    assert (tmp_path / "data.csv").read_text("utf-8") == CONTENT.replace("Aleppo ", "Aleppo").replace(
        " north  of  it", "north of it"
    )
    assert validate(project).findings == ()


def test_a_draft_asks_for_plain_spaces_and_a_person_may_take_that_back(tmp_path: Path) -> None:
    rows = "".join(f"{at},text of row {at}\n" for at in range(1, 40))
    (tmp_path / "table.csv").write_text(f"id,note\n{rows}40, stray \n", "utf-8")
    drafts.write(drafts.describe([tmp_path / "table.csv"]))
    (finding,) = validate(load_project(tmp_path)).findings
    assert (finding.rule, finding.row, finding.proposal) == ("spaces-in-text", 41, "stray")
    file = tmp_path / "schemas" / "table.schema.json"
    schema = json.loads(file.read_text("utf-8"))
    del schema["deedbook"]["plainSpaces"]
    file.write_text(json.dumps(schema), "utf-8")
    drafts.update(tmp_path)
    assert "plainSpaces" not in json.loads(file.read_text("utf-8"))["deedbook"]
    assert validate(load_project(tmp_path)).findings == ()


@pytest.mark.parametrize(
    ("builder", "text", "meant"),
    [
        ("text.clean", " Aleppo\u00a0city\u200b ", "Aleppo city"),
        ("text.single_spaces", "a  b   c\n  d", "a b c\n  d"),
    ],
)
def test_a_rule_may_say_what_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builder: str, text: str, meant: str
) -> None:
    rows = json.dumps(text, ensure_ascii=False).replace("\\n", "\n")
    (tmp_path / "data.csv").write_text(f"id,note\n1,{rows}\n", "utf-8")
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "data.schema.json").write_text(json.dumps(fields("id:integer", "note")), "utf-8")
    (tmp_path / "schemas" / "data.rules.toml").write_text(f'[r]\nbuilder = "{builder}"\nargs = ["note"]\n', "utf-8")
    resource = {"name": "data", "path": "data.csv", "schema": "schemas/data.schema.json"}
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "spaces", "resources": [resource]}), "utf-8")
    (tmp_path / "deedbook.toml").write_text('[project]\npackage = "datapackage.json"\nschemas = "schemas"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    (finding,) = validate(load_project(tmp_path)).findings
    assert (finding.proposal, finding.certainty, finding.field_number) == (meant, "safe", 2)
