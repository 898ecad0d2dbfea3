"""What is known to be wrong with real tables is found, what is right is not, and a planted error is found where it is."""

from __future__ import annotations

import random
import shutil
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from deedbook.descriptor import read_resource
from deedbook.findings import Finding, Report
from deedbook.project import Project, load_project
from deedbook.reading.tables import read_text
from deedbook.validation import Options, validate
from tests.conformance.verdict import ALL
from tests.realdata import HERE, REALDATA, load_real_project
from tests.realdata.planting import Records, plant, read_records

if not REALDATA.is_dir():
    pytest.skip(f"{REALDATA} is absent", allow_module_level=True)

SYRIA = REALDATA / "ucdp-ged-syria" / "ucdp_syria_df.csv"
SYRIA_RULES = {"events": HERE / "ucdp_ged_syria.py"}
MULTI_LINE = 18  # records of the Syria table with a line break in a cell


@cache
def syria() -> Records:
    return read_records(SYRIA)


@cache
def report_on_syria() -> Report:
    return run(load_real_project("ucdp-ged-syria", rules=SYRIA_RULES))


def run(project: Project) -> Report:
    return validate(project, Options(max_findings=ALL, trust_rules=True))


def counts(report: Report, severity: str = "error") -> dict[tuple[str, str], int]:
    return {(total.table, total.rule): total.count for total in report.totals if total.severity == severity}


def errors(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity == "error"]


def places(report: Report) -> list[tuple[str, int | None, str | None]]:
    return [(finding.rule, finding.row, finding.column) for finding in report.findings]


def test_exactly_101_events_have_estimates_out_of_order() -> None:
    report = report_on_syria()
    assert counts(report) == {("events", "estimates-out-of-order"): 101}
    assert counts(report, "warning") == {("events", "html-in-text"): 126}  # `&#8217;` in headlines and articles
    assert report.not_checked == ()
    frame = pl.read_csv(SYRIA, infer_schema=False).with_row_index("row", offset=2)
    low, best, high = (pl.col(name).cast(pl.Float64) for name in ("low", "best", "high"))
    wrong = frame.filter((low > best) | (best > high))["row"].to_list()
    assert [finding.row for finding in errors(report)] == wrong


def test_the_date_precision_rule_was_enforced_and_fails_nowhere() -> None:
    report = report_on_syria()
    assert "date-precision-against-span" in {check.name for check in report.checked}
    assert report.tables[0].rows == 16_566
    assert report.tables[0].cells == 16_566 * 41


def _planted_rows() -> list[int]:
    if not SYRIA.is_file():
        return []
    records = syria()
    following = records.after_multi_line
    assert len(following) == MULTI_LINE
    drawn = random.Random(20261122).sample(range(2, len(records.texts) + 1), 6)  # noqa: S311  # places, not secrets
    return sorted({2, following[0], following[-1], len(records.texts), *drawn})


@pytest.mark.parametrize("number", _planted_rows())
def test_a_planted_error_is_found_at_its_row_and_line(number: int, tmp_path: Path) -> None:
    def break_date(text: bytes) -> bytes:
        parts = text.rsplit(b",", 9)
        parts[1] = b"2016-02-30"  # date_start is the ninth cell from the end, and none of those is quoted
        return b",".join(parts)

    line = plant(syria(), number, break_date, tmp_path / SYRIA.name)
    report = run(load_real_project("ucdp-ged-syria", tmp_path))
    assert [(f.rule, f.row, f.line, f.column, f.field_number, f.value) for f in errors(report)] == [
        ("type-error", number, line, "date_start", 33, "2016-02-30")
    ]


def test_un_votes_has_no_orphan_and_no_other_error() -> None:
    report = run(load_real_project("un-votes"))
    assert counts(report) == {}
    assert [table.rows for table in report.tables] == [870_109, 6_203]
    assert report.not_checked == ()


def test_keys_of_un_votes_compare_as_values_across_types() -> None:
    project = load_real_project("un-votes")
    raw = {**project.package.raw}
    calls = {**raw["resources"][1]}
    fields = [{**field, "type": "integer"} if field["name"] == "rcid" else field for field in calls["schema"]["fields"]]
    calls["schema"] = {**calls["schema"], "fields": fields}
    votes = raw["resources"][0]
    resources = tuple(read_resource(entry, project.root, where="un-votes") for entry in (votes, calls))
    package = type(project.package)(root=project.root, path=None, resources=resources)
    assert counts(run(Project(project.root, package))) == {}  # `3.0` refers to `3`


@pytest.mark.parametrize("number", [2, 435_055, 870_110])
def test_an_orphan_planted_into_un_votes_is_found_at_its_row(number: int, tmp_path: Path) -> None:
    records = read_records(REALDATA / "un-votes" / "un_votes.csv")
    shutil.copy(REALDATA / "un-votes" / "un_roll_calls.csv", tmp_path)
    plant(records, number, lambda text: b"1000000.0," + text.split(b",", 1)[1], tmp_path / "un_votes.csv")
    report = run(load_real_project("un-votes", tmp_path))
    assert [(finding.rule, finding.row) for finding in errors(report)] == [("foreign-key", number)]


def test_na_is_namibia_and_an_empty_code_is_missing() -> None:
    resource = load_real_project("un-votes").package.resource("un_votes")
    namibia = missing = 0
    for frame in read_text(resource):
        codes = frame["country_code"]
        namibia += int((codes == "NA").sum())
        missing += int(codes.fill_null("").eq("").sum())
    assert (namibia, missing) == (2_455, 5_444)


def test_a_required_code_is_missing_in_5444_votes_and_namibia_is_none_of_them() -> None:
    project = load_real_project("un-votes")
    votes = {**project.package.resource("un_votes").raw}
    fields = [
        {**field, "constraints": {"required": True}} if field["name"] == "country_code" else field
        for field in votes["schema"]["fields"]
    ]
    votes["schema"] = {"fields": fields}
    resource = read_resource(votes, project.root, where="un-votes")
    report = run(Project(project.root, type(project.package)(root=project.root, path=None, resources=(resource,))))
    assert counts(report) == {("un_votes", "constraint-error"): 5_444}


def test_the_country_codes_package_is_valid_as_published() -> None:
    report = run(load_project(REALDATA / "country-codes" / "datapackage.yml"))
    assert counts(report) == {}
    assert [table.rows for table in report.tables] == [249]
    assert report.not_checked == ()


def test_132_ucdp_actors_are_missing_from_the_translation_and_four_lists_have_double_spaces() -> None:
    report = run(load_real_project("ucdp-prio-acd"))
    assert counts(report) == {("conflicts_25", "constraint-error"): 4, ("actors", "foreign-key"): 132}
    assert [table.rows for table in report.tables] == [2_384, 2_752, 1_687, 3_014]
    children = pl.read_csv(REALDATA / "ucdp-prio-acd" / "actorlist.csv").with_row_index("row", offset=2)
    parents = pl.read_csv(REALDATA / "ucdp-prio-acd" / "translate_actor.csv")
    orphans = children.join(parents, left_on="ActorID", right_on="new_id", how="anti")["row"].sort().to_list()
    assert [finding.row for finding in report.findings if finding.rule == "foreign-key"] == orphans
