"""Rules on whole tables: a bad cell holds back the rows that rest on it, and no others; ids and fields are what they say."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from deedbook.errors import ProjectError, RuleError, UsageError
from deedbook.findings import Report
from deedbook.project import load_project
from deedbook.validation import Options, validate
from tests.package import fields

HEAD = "import pandera.polars as pa\nimport polars as pl\nfrom deedbook.rules.rule import parameter, rule\nfrom deedbook.rules.views import View, beside, judge\n"
ACTORS = "actor,name,home,n\nA1,North,SY,1\nA2,Harbour,RU,2\nA3,South,NA,3\n"
EVENTS = "event,actor,country,deaths\nE1,A1,SY,3\nE2,A2,UA,0\nE3,A3,RU,1\n"
HOME = """
    def schemas(tables, created):
        home = tables["events"].join(tables["actors"], on="actor", how="left", maintain_order="left")["home"]
        return {"events": pa.DataFrameSchema(checks=[rule("not-at-home", home == tables["events"]["country"], at="country",
            reads="actors", columns=("country", "actor"), message="{actor} is of {home}", values={"home": home})])}
    """
WITHOUT = """
    def schemas(tables, created):
        view = beside(View(tables["actors"]), "event", tables["events"].select("actor"), {"actor": "actor"}, ("events",))
        return {"actors": pa.DataFrameSchema(checks=[
            judge(view, "actor-without-event", pl.col("event.actor").is_not_null(), at="actor", message="never acts")])}
    """


def schemas() -> dict[str, Any]:
    actors = fields("actor", "name", "home", "n:integer", primaryKey=["actor"])
    actors["fields"][1]["constraints"] = {"minLength": 4}
    actors["fields"][2]["constraints"] = {"pattern": "[A-Z]{2}"}
    return {"actors": actors, "events": fields("event", "actor", "country", "deaths:integer", primaryKey=["event"])}


def write(root: Path, actors: str = ACTORS, events: str = EVENTS, config: str = "", **files: str) -> Path:
    (root / "schemas").mkdir()
    (root / "deedbook.toml").write_text(f'package = "datapackage.json"\n{config}')
    resources = []
    for name, text in (("actors", actors), ("events", events)):
        (root / f"{name}.csv").write_text(text)
        resources.append({"name": name, "path": f"{name}.csv"})
        (root / f"schemas/{name}.schema.json").write_text(json.dumps(schemas()[name]))
    (root / "datapackage.json").write_text(json.dumps({"name": "d", "resources": resources}))
    for name, text in files.items():
        (root / f"schemas/{name}.py").write_text(HEAD + textwrap.dedent(text))
    return root


def judged(root: Path, **options: Any) -> Report:
    return validate(load_project(root), Options(trust_rules=True, **options))


def found(report: Report, rule: str) -> list[int | None]:
    return [item.row for item in report.findings if item.rule == rule]


def skipped(report: Report, rule: str) -> list[int]:
    return [item.skipped for item in report.checked if item.name == rule]


@pytest.mark.parametrize("across", [False, True])
def test_a_rule_on_a_column_that_no_file_has_is_not_checked_and_its_reason_is_said(
    tmp_path: Path, across: bool
) -> None:
    rules = """
        schema = pa.DataFrameSchema(checks=[
            rule("killed-too-many", pl.col("deaths") < 9, at="deaths", message="{deaths}"),
            rule("no-actor", pl.col("actor") != "A9", at="actor", message="{actor}")])
        """
    events = EVENTS.replace("deaths", "killed")
    root = write(tmp_path, events=events, events_=rules, **({"dataset": HOME} if across else {}))
    (root / "schemas/events_.py").rename(root / "schemas/events.py")
    schema = {**schemas()["events"], "fieldsMatch": "partial"}
    (root / "schemas/events.schema.json").write_text(json.dumps(schema))
    report = judged(root)
    said = [(item.name, item.column, item.reason, item.accepted) for item in report.not_checked]
    assert said == [("killed-too-many", "deaths", "no file has `deaths`, which it reads", True)]
    assert (skipped(report, "killed-too-many"), skipped(report, "no-actor")) == ([], [0])


@pytest.mark.parametrize(
    ("actors", "rows", "held"),
    [
        (ACTORS, [3, 4], 0),
        (ACTORS.replace("North", "N"), [3, 4], 0),  # a column that the rule does not read
        (ACTORS.replace("3\n", "x\n"), [3, 4], 0),
        (ACTORS.replace("RU,2", "RUS,2"), [4], 1),  # the row that meets the bad cell is skipped, and no other
        (ACTORS.replace("A2,Harbour,RU", "A2,Harbour,russia"), [4], 1),
    ],
)
def test_a_bad_cell_of_another_table_holds_back_the_rows_that_meet_it(
    tmp_path: Path, actors: str, rows: list[int], held: int
) -> None:
    report = judged(write(tmp_path, actors, dataset=HOME))
    assert (found(report, "not-at-home"), skipped(report, "not-at-home")) == (rows, [held])
    assert report.not_checked == ()


def test_what_is_missing_may_be_what_a_bad_cell_should_have_been(tmp_path: Path) -> None:
    events = EVENTS.replace("E3,A3,RU,1", "E3,A1,RU,1")
    report = judged(write(tmp_path, events=events, dataset=WITHOUT))
    assert found(report, "actor-without-event") == [4]
    for name, broken in (("a", events.replace("E3,A1", "E3,")), ("b", events.replace("E3,A1,RU,1", "E3,A1,RU,x"))):
        (tmp_path / name).mkdir()
        schema = schemas()["events"]
        schema["fields"][1]["constraints"] = {"required": True}
        root = write(tmp_path / name, events=broken, dataset=WITHOUT)
        (root / "schemas/events.schema.json").write_text(json.dumps(schema))
        report = judged(root)
        expected = ([], [1]) if name == "a" else ([4], [0])
        assert (found(report, "actor-without-event"), skipped(report, "actor-without-event")) == expected


def test_a_column_without_a_good_cell_holds_back_what_reads_it(tmp_path: Path) -> None:
    lacking = {"home": "actor,name,n\nA1,North,1\nA2,South,2\n", "n": "actor,name,home\nA1,North,SY\nA2,South,RU\n"}
    for column, rows, held in (("home", [], 2), ("n", [3], 0)):
        folder = tmp_path / column
        folder.mkdir()
        report = judged(write(folder, lacking[column], dataset=HOME))
        assert (found(report, "not-at-home"), skipped(report, "not-at-home")) == (rows, [held])


def test_rules_that_look_up_a_key_without_a_good_cell_are_not_checked(tmp_path: Path) -> None:
    report = judged(write(tmp_path, "name,home,n\nNorth,SY,1\n", dataset=HOME))
    reasons = [item.reason for item in report.not_checked if item.name == "not-at-home"]
    assert reasons == ["`actors` has no good cell in `actor`"]


def test_rules_whose_code_does_not_run_on_other_cells_are_not_checked(tmp_path: Path) -> None:
    text = HOME.replace("    return", '    assert tables["actors"]["home"].null_count() == 0\n        return', 1)
    report = judged(write(tmp_path, ACTORS.replace("RU,2", "RUS,2"), dataset=text))
    assert [item.reason for item in report.not_checked if item.name == "not-at-home"] == ["`actors` has bad cells"]


LARGE = (
    'schema = pa.DataFrameSchema(checks=[rule("large", pl.col("deaths") < 1, at="deaths", message="{deaths} died")])'
)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (LARGE.replace('at="deaths"', 'at="death"'), "puts its findings at `death`, which is no field", "`deaths`"),
        (
            LARGE.replace('col("deaths")', 'col("dead")'),
            "reads `dead`, which is no field of `events`",
            "the fields are",
        ),
        (
            LARGE.replace("[rule(", "[rule('large', pl.col('deaths') < 9, at='deaths', message='b'), rule("),
            "the id `large`",
            "",
        ),
        (
            LARGE.replace("[rule(", "[rule('large', pl.col('deaths') < 9, at='actor', message='b'), rule("),
            "the id `large`",
            "",
        ),
    ],
)
def test_ids_and_fields_are_what_they_say(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(RuleError) as caught:
        judged(_with_rules(tmp_path, text))
    assert message in caught.value.message
    assert "events.py:5" in caught.value.message
    assert hint in caught.value.hint


def _with_rules(root: Path, text: str, config: str = "") -> Path:
    write(root, config=config)
    (root / "schemas/events.py").write_text(HEAD + text)
    return root


def test_a_rule_that_reads_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="reads `actor`, which is no table"):
        judged(write(tmp_path, dataset=HOME.replace('reads="actors"', 'reads="actor"')))


def reason(report: Report, rule: str) -> list[str]:
    return [item.reason for item in report.not_checked if item.name == rule]


def test_a_project_sets_severity_tolerance_and_off_with_a_reason(tmp_path: Path) -> None:
    settings = {
        'severity = "warning"': ("warning", 2),
        "at_most = 2": ("info", 2),
        "at_most = 0.5": ("error", 2),
        "off = true": ("", 0),
    }
    for number, (text, (severity, count)) in enumerate(settings.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        report = judged(_with_rules(folder, LARGE, f'[rules.large]\n{text}\nreason = "as agreed"\n'))
        assert [item.severity for item in report.findings] == [severity] * count
        assert reason(report, "large") == ["switched off in deedbook.toml: as agreed"] * (not severity)
        assert report.passes(strict=True) == (severity in {"", "info"})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('[rules.large]\nseverity = "fatal"\nreason = "x"\n', "`severity` is 'fatal'"),
        ('[rules.large]\noff = "yes"\nreason = "x"\n', "`off` is 'yes'"),
        ('[rules.large]\nat_most = -1\nreason = "x"\n', "`at_most` is -1"),
        ("[rules.large]\noff = true\n", "gives no `reason`"),
        ("[rules]\nlarge = false\n", "has to be a table"),
        ('[rules.larg]\noff = true\nreason = "x"\n', "[rules.larg] is about no rule"),
    ],
)
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, config: str, message: str) -> None:
    with pytest.raises(ProjectError) as caught:
        judged(_with_rules(tmp_path, LARGE, config))
    assert message in caught.value.message


def test_a_rule_file_asks_for_parameters(tmp_path: Path) -> None:
    text = LARGE.replace("< 1", "< parameter('large', 'limit', 1)")
    config = '[rules.large]\nlimit = 3\nreason = "three is not much"\n'
    assert found(judged(_with_rules(tmp_path, text, config)), "large") == [2]
    (tmp_path / "deedbook.toml").write_text('package = "datapackage.json"\n[rules.large]\nlimit = "3"\nreason = "x"\n')
    with pytest.raises(RuleError, match=r"`limit` of \[rules\.large\] is '3'"):
        judged(tmp_path)


def test_rules_are_chosen_by_pattern(tmp_path: Path) -> None:
    root = _with_rules(tmp_path, LARGE)
    assert reason(judged(root, ignore=("lar*",)), "large") == ["left out by --ignore"]
    assert found(judged(root, select=("large",)), "large") == [2, 4]
    with pytest.raises(UsageError, match="no rule is called lage") as caught:
        judged(root, select=("lage",))
    assert "did you mean `large`?" in caught.value.hint
