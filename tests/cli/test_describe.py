"""`deedbook describe` as a user meets it: the table on the terminal, the files, exit codes."""

import json
from pathlib import Path

import pytest

from deedbook.cli.main import run

TABLE = "id,date\n" + "".join(f"{at},2020-01-{at:02}\n" for at in range(1, 13))


def test_two_commands_lead_from_a_file_to_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "table.csv").write_text(TABLE, "utf-8")
    assert run(["describe", str(tmp_path / "table.csv")]) == 0
    said = capsys.readouterr()
    assert "table (table.csv): 12 rows, 2 columns" in said.out
    assert "primaryKey" in said.out
    assert "next: deedbook validate" in said.err
    assert run(["validate", str(tmp_path)]) == 0
    assert run(["describe", str(tmp_path)]) == 4
    assert run(["describe", "--update", str(tmp_path)]) == 0
    assert "the drafts say what the data do" in capsys.readouterr().out


def test_json_has_descriptor_and_schemas_and_check_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "table.csv").write_text(TABLE, "utf-8")
    assert run(["describe", "--check", "--format", "json", str(tmp_path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["schemas"]["table"]["primaryKey"] == ["id"]
    assert said["descriptor"]["resources"][0]["schema"] == "schemas/table.schema.json"
    assert [file.name for file in tmp_path.iterdir()] == ["table.csv"]


def test_a_file_that_cannot_be_described_is_exit_code_1_or_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.csv").write_text("a,a\n1,2\n", "utf-8")
    assert run(["describe", str(tmp_path)]) == 3
    (tmp_path / "table.csv").write_text(TABLE, "utf-8")
    assert run(["describe", str(tmp_path)]) == 1
    assert "two columns are named `a`" in capsys.readouterr().out


def test_init_takes_files_that_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "table.csv").write_text(TABLE, "utf-8")
    assert run(["init", str(tmp_path / "mine"), "--from", str(tmp_path / "table.csv")]) == 0
    assert "made" in capsys.readouterr().out
    assert run(["validate", str(tmp_path / "mine")]) == 0
    assert run(["init", str(tmp_path / "other"), "--from", str(tmp_path / "table.csv"), "--model", "flat"]) == 3
    assert "its columns are those of no table of the model `flat`" in capsys.readouterr().err
