"""`deedbook validate`."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import jsonschema
import pytest

from deedbook.rendering.data import report_schema
from tests.cli.project import BAD, GOOD, SCHEMA, UNUSUAL, WRONG, Outcome, write_project

Run = Callable[..., Outcome]


def test_a_good_project_exits_with_0_and_one_line(project: Path, deedbook: Run) -> None:
    write_project(project)
    outcome = deedbook("validate")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("valid: 1 table, 2 rows, 6 cells, ")
    assert outcome.out.count("\n") == 1


def test_a_bad_cell_exits_with_1_and_is_named(project: Path, deedbook: Run) -> None:
    write_project(project, BAD)
    outcome = deedbook("validate")
    assert outcome.code == 1
    assert "error type-error in start: 1" in outcome.out
    assert "row 3 b: `2024-13-03`" in outcome.out
    assert outcome.out.splitlines()[-1].startswith("invalid: ")


def test_a_broken_rule_exits_with_1_and_no_rules_leaves_it_out(project: Path, deedbook: Run) -> None:
    write_project(project, WRONG)
    outcome = deedbook("validate")
    assert outcome.code == 1
    assert "row 2 a" in outcome.out
    assert "ends on 2024-01-01, before 2024-01-02" in outcome.out
    assert deedbook("validate", "--no-rules").code == 0


def test_a_warning_passes_but_not_strictly(project: Path, deedbook: Run) -> None:
    write_project(project, UNUSUAL)
    assert deedbook("validate").code == 0
    strict = deedbook("validate", "--strict")
    assert strict.code == 1
    assert strict.err == "not passed, because --strict: 1 unwaived warning\n"


def test_a_waived_warning_passes_strictly(project: Path, deedbook: Run) -> None:
    write_project(project, UNUSUAL)
    waivers = "rule,table,key,field,reason,by,expires\ntitle-in-capitals,events,A,id,it is a name,me,\n"
    (project / "data" / "waivers.csv").write_text(waivers, encoding="utf-8")
    outcome = deedbook("validate", "--strict")
    assert (outcome.code, outcome.err) == (0, "")
    assert "no warnings (1 waived)" in outcome.out


def test_rules_of_another_project_run_only_when_they_are_trusted(project: Path, deedbook: Run, tmp_path: Path) -> None:
    elsewhere = write_project(tmp_path / "other", WRONG)
    project.mkdir()
    outcome = deedbook("validate", str(elsewhere))
    assert outcome.code == 0
    assert "Not checked:" in outcome.out
    assert "--trust-rules" in outcome.out
    assert deedbook("validate", str(elsewhere), "--strict").code == 1
    assert deedbook("validate", str(elsewhere), "--trust-rules").code == 1


def test_rules_run_from_a_folder_inside_the_project(
    project: Path, deedbook: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(project, WRONG)
    monkeypatch.chdir(project / "data")
    assert deedbook("validate", str(project)).code == 1


@pytest.mark.parametrize("format_", ["json", "frictionless"])
def test_machines_get_json_on_stdout_and_nothing_else(project: Path, deedbook: Run, format_: str) -> None:
    write_project(project, BAD)
    outcome = deedbook("validate", "--format", format_)
    assert (outcome.code, outcome.err) == (1, "")
    assert json.loads(outcome.out)["valid"] is False


def test_the_json_report_fits_its_schema(project: Path, deedbook: Run) -> None:
    write_project(project, BAD)
    jsonschema.validate(json.loads(deedbook("validate", "--format", "json").out), report_schema())


def test_a_report_in_a_file_is_summed_up_on_stderr(project: Path, deedbook: Run) -> None:
    write_project(project, BAD)
    outcome = deedbook("validate", "--format", "json", "-o", "report.json")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("invalid: 1 table")
    assert json.loads((project / "report.json").read_text(encoding="utf-8"))["report_version"] == 1


def test_a_report_that_cannot_be_written_is_a_usage_error(project: Path, deedbook: Run) -> None:
    write_project(project)
    outcome = deedbook("validate", "-o", "no/such/folder/report.txt")
    assert outcome.code == 2
    assert "no/such/folder/report.txt: cannot be written" in outcome.err


def test_quiet_says_nothing_when_all_is_well(project: Path, deedbook: Run) -> None:
    write_project(project)
    assert deedbook("validate", "--quiet") == Outcome(0, "", "")
    write_project(project, BAD)
    assert "row 3" in deedbook("validate", "--quiet").out


def test_all_findings_go_into_a_file_however_few_are_shown(project: Path, deedbook: Run) -> None:
    rows = "".join(f"    r{number},no date,\n" for number in range(30))
    write_project(project, f"    id,start,end\n{rows}")
    outcome = deedbook("validate", "--max-findings", "2", "--findings", "all.csv")
    assert "... and 28 more" in outcome.out
    with (project / "all.csv").open(encoding="utf-8", newline="") as file:
        assert sorted(int(row["row"]) for row in csv.DictReader(file)) == list(range(2, 32))


def test_a_table_that_is_not_there_is_a_usage_error(project: Path, deedbook: Run) -> None:
    write_project(project)
    outcome = deedbook("validate", "--table", "evnts")
    assert outcome.code == 2
    assert "there is no table `evnts`" in outcome.err


def test_data_with_a_schema_needs_no_descriptor(project: Path, deedbook: Run) -> None:
    write_project(project, BAD)
    (project / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    assert deedbook("validate", "data/events.csv", "--schema", "schema.json").code == 1
    (project / "other.csv").write_text("id\n1\n", encoding="utf-8")
    without = deedbook("validate", "other.csv")
    assert (without.code, "--schema" in without.err) == (2, True)


def test_a_file_of_a_project_is_validated_as_its_table(project: Path, deedbook: Run) -> None:
    write_project(project, BAD)
    outcome = deedbook("validate", "data/events.csv")
    assert (outcome.code, "`2024-13-03`" in outcome.out) == (1, True)
    assert deedbook("validate", ".", "--delimiter", ";").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["validate", "nowhere"], 2, "nowhere: no such file or folder"),
        (["validate", "--format", "xml"], 2, "'xml' is not one of"),
        (["validate", "--memory", "much"], 2, "'much' is no size; write 512M or 2G"),
        (["validate", "--findings", "all.xlsx"], 2, "all.xlsx"),
        (["validate", "empty"], 3, "there is neither deedbook.toml nor datapackage.json"),
        (["validate", "broken.json"], 3, "not valid JSON"),
        (["validate", "escaping.json"], 3, "leaves the package"),
    ],
)
def test_what_cannot_be_done_is_one_message_and_an_exit_code(
    project: Path, deedbook: Run, arguments: list[str], code: int, said: str
) -> None:
    write_project(project)
    (project / "empty").mkdir()
    (project / "broken.json").write_text("{", encoding="utf-8")
    escaping = {"resources": [{"name": "x", "path": "../x.csv"}]}
    (project / "escaping.json").write_text(json.dumps(escaping), encoding="utf-8")
    outcome = deedbook(*arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "rules", ["schema = (", "import pandera.polars as pa\nschema = pa.DataFrameSchema(checks=[1 / 0])"]
)
def test_a_rule_file_that_does_not_load_is_exit_3_with_its_line(project: Path, deedbook: Run, rules: str) -> None:
    write_project(project, rules=rules)
    outcome = deedbook("validate")
    assert outcome.code == 3
    assert "events.py" in outcome.err
    assert "Traceback" not in outcome.err


def test_annotations_name_files_from_the_root_of_the_repository(
    project: Path, deedbook: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(project / "sets" / "small", BAD)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project))
    outcome = deedbook("validate", "sets/small", "--trust-rules", "--format", "github")
    assert outcome.code == 1
    assert outcome.out.startswith(
        "::error file=sets/small/data/events.csv,line=3,col=2,title=type-error in events.start::row 3 b: "
    )
    monkeypatch.delenv("GITHUB_WORKSPACE")
    assert "file=sets/small/data/events.csv," in deedbook("validate", "sets/small", "-f", "github", "--no-rules").out


def test_a_job_summary_is_markdown(project: Path, deedbook: Run) -> None:
    write_project(project, BAD)
    assert deedbook("validate", "--format", "markdown").out.startswith("### ❌ Invalid: 1 error, no warnings\n")


@pytest.mark.parametrize("target", ["-", "/dev/stdin"])
def test_piped_data_is_read_twice_like_a_file(tmp_path: Path, target: str) -> None:
    schema = tmp_path / "ids.schema.json"
    schema.write_text('{"fields": [{"name": "id", "type": "integer"}], "primaryKey": "id"}', encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "deedbook", "validate", target, "--schema", str(schema), "--format", "json"],
        input=b"id\n1\n2\n1\n",
        capture_output=True,
        check=False,
    )
    report = json.loads(run.stdout)
    assert [(item["rule"], item["row"], item["path"]) for item in report["findings"]] == [("primary-key", 4, "stdin")]
    assert (run.returncode, run.stderr) == (1, b"")


def test_piped_data_needs_a_schema(project: Path, deedbook: Run) -> None:
    write_project(project)
    outcome = deedbook("validate", "-")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "deedbook: -: data that is piped in needs a schema\n  add --schema TABLE.schema.json\n"


def test_a_table_that_is_a_pipe_is_refused_unread(project: Path, deedbook: Run) -> None:
    write_project(project)
    table = project / "data" / "events.csv"
    table.unlink()
    os.mkfifo(table)
    outcome = deedbook("validate")
    assert outcome.code == 1
    assert "events.csv is a pipe, and rows may be read twice\n      save it as a file" in outcome.out


def test_a_disk_that_takes_no_more_is_not_a_bug(tmp_path: Path) -> None:
    schema = tmp_path / "ids.schema.json"
    schema.write_text('{"fields": [{"name": "id"}]}', encoding="utf-8")
    script = 'ulimit -f 64; exec "$0" -m deedbook validate - --schema "$1"'
    run = subprocess.run(
        ["bash", "-c", script, sys.executable, str(schema)],
        input=b"id\n" + b"a\n" * 100_000,
        capture_output=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    reason = "a file reached the largest size that is allowed here (ulimit -f)"
    hint = f"free some space and try again; temporary files are in {tmp_path}, or where TMPDIR says"
    assert (run.returncode, run.stdout, run.stderr.decode()) == (75, b"", f"deedbook: {reason}\n  {hint}\n")
    assert list(tmp_path.iterdir()) == [schema]


def test_what_is_staged_is_validated_whatever_the_files_say(project: Path, deedbook: Run) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    write_project(project, BAD)
    for arguments in (["init", "-q"], ["add", "."]):
        subprocess.run([git, "-C", str(project), *arguments], check=True, capture_output=True)
    write_project(project)
    assert deedbook("validate").code == 0
    done = deedbook("validate", "--staged", "--format", "concise")
    assert (done.code, done.out.startswith("data/events.csv:3")) == (1, True)
    subprocess.run([git, "-C", str(project), "add", "."], check=True, capture_output=True)
    (project / "data" / "events.csv").write_text("no table", encoding="utf-8")
    done = deedbook("validate", "--staged")
    assert (done.code, "2 rules" in done.out) == (0, True)
    assert deedbook("validate", "--staged", "--schema", "schemas/events.schema.json").code == 2


def test_a_project_that_is_not_in_git_has_nothing_staged(project: Path, deedbook: Run) -> None:
    write_project(project)
    assert deedbook("validate", "--staged").code == 3


def test_watching_validates_again_when_a_file_changes(
    project: Path, deedbook: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(project)
    edits = [BAD, "", GOOD]

    def pause(_seconds: float) -> None:
        if not edits:
            raise KeyboardInterrupt
        if edit := edits.pop(0):
            (project / "data" / "events.csv").write_text(dedent(edit), encoding="utf-8")

    monkeypatch.setattr("deedbook.cli.watch.time.sleep", pause)
    done = deedbook("validate", "--watch", "-o", "report.txt")
    assert (done.code, done.err.count("watching . (ctrl-C ends it)"), done.err.count("invalid:")) == (130, 3, 1)
    assert (project / "report.txt").read_text("utf-8").startswith("valid:")
    assert deedbook("validate", "-", "--watch").code == 2
