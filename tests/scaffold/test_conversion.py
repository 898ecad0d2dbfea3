"""Tables of other models become projects of the evidence model: ids and counts kept, the rest listed and counted."""

from __future__ import annotations

import csv
import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from deedbook import models
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.project import load_project
from deedbook.scaffold import conversion, create
from deedbook.scaffold.conversion import Code, Converted, Sum, convert
from deedbook.validation import Options, validate
from tests.cli.project import Outcome
from tests.conformance import SHARED

Run = Callable[..., Outcome]
Row = dict[str, str]
DAY = dt.date(2026, 3, 1)
GED = SHARED / "realdata" / "ucdp-ged-syria" / "ucdp_syria_df.csv"


def rows_of(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(made: Converted, name: str) -> list[Row]:
    return rows_of(made.project.folder / "datapackage" / f"{name}.csv")


def write(path: Path, layout: str, changes: Iterable[Row]) -> Path:
    """A table of the layout: the first row of its sample once for each of the changes."""
    sample = rows_of(models.folder_of(layout) / "events.csv")[0]
    key = {"ucdp-ged": "id", "acled": "event_id_cnty"}[layout]
    rows = [{**sample, key: re.sub(r"\d+", "", sample[key]) + str(101 + at), **own} for at, own in enumerate(changes)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sample)
        writer.writeheader()
        writer.writerows(rows)
    return path


def converted(tmp_path: Path, layout: str, *changes: Row) -> Converted:
    return convert(write(tmp_path / "source.csv", layout, changes), tmp_path / "made", day=DAY)


def errors_of(made: Converted) -> set[tuple[str, str]]:
    report = validate(load_project(made.project.folder), Options(trust_rules=True))
    return {(it.table, it.rule) for it in report.findings if it.severity == "error"}


def warnings_of(made: Converted) -> set[str]:
    report = validate(load_project(made.project.folder), Options(trust_rules=True))
    return {it.rule for it in report.findings if it.severity == "warning"}


@pytest.mark.parametrize("layout", ["ucdp-ged", "acled"])
def test_every_field_of_a_layout_is_used_or_has_a_reason(layout: str, tmp_path: Path) -> None:
    raw = tomllib.loads((models.folder_of(layout) / "alignment.toml").read_text("utf-8"))
    made = convert(models.folder_of(layout) / "events.csv", tmp_path / "made", day=DAY)
    assert made.layout == layout
    assert dict.fromkeys(made.fields, "").keys() == raw["not_mapped"].keys()
    assert all(why for _, why in made.fields.values())


@pytest.mark.parametrize("layout", ["ucdp-ged", "acled"])
def test_codes_are_codes_of_the_target(layout: str, tmp_path: Path) -> None:
    raw = tomllib.loads((models.folder_of(layout) / "alignment.toml").read_text("utf-8"))
    created = create(tmp_path / "new").folder / "datapackage" / "code_values.csv"
    known = {row["code"] for row in rows_of(created)}
    targets = {
        code.rstrip("†") for name, it in raw["codes"].items() if name != "spelling" for code in it["values"].values()
    }
    assert targets <= known


def test_an_event_of_ucdp_keeps_its_number_and_its_estimates(tmp_path: Path) -> None:
    made = converted(tmp_path, "ucdp-ged", {"id": "214797.0", "date_end": "2020-05-05", "date_prec": "2"})
    [event] = table(made, "events")
    assert (event["event_id"], event["date_edtf"]) == ("E214797", "2020-05-02/2020-05-05")
    assert [event[f"quantity{part}"] for part in ("_low", "", "_high", "_unit")] == ["3", "4", "6", "killed"]
    claims = {(it["aspect"], it["value_bound"], it["value_number"]) for it in table(made, "claims")}
    assert claims == {
        ("occurrence", "", ""),
        ("quantity", "at_least", "3"),
        ("quantity", "about", "4"),
        ("quantity", "at_most", "6"),
    }
    assert {it["locator"] for it in table(made, "claim_sources")} == {"", "id 214797"}
    sides = [(it["actor_id"], it["role"], it["quantity"]) for it in table(made, "event_participants")]
    assert sides == [("A000118", "initiator", "2"), ("A004456", "recipient", "1")]
    codes = {(it["scheme"], it["code"]) for it in table(made, "actor_codes")}
    assert codes == {("ucdp_actor", "118"), ("ucdp_actor", "4456"), ("gw_num", "652")}
    assert errors_of(made) == set()


def test_reports_of_ucdp_are_claims_of_their_publishers_relayed_by_it(tmp_path: Path) -> None:
    reports = {
        "source_office": "SOHR;Example Agency",
        "source_date": "2020-05-03;2020-05-04",
        "source_headline": "Clashes;More clashes",
        "source_original": "",
    }
    made = converted(tmp_path, "ucdp-ged", reports)
    names = {it["actor_id"]: it["name"] for it in table(made, "actors")}
    said = [it for it in table(made, "claims") if it["aspect"] == "occurrence"]
    found = {(names[it["claimant_actor_id"]], it["claimed_on"], it["coded_position"]) for it in said}
    assert found == {("SOHR", "2020-05-03", "uninvolved"), ("Example Agency", "2020-05-04", "")}
    titles = {it["source_id"]: it["title"] for it in table(made, "sources")}
    chains = {
        (titles[it["source_id"]], it["hop"])
        for it in table(made, "claim_sources")
        if it["via_source_id"] or it["hop"] == "0"
    }
    assert chains >= {("Clashes", "0"), ("More clashes", "0"), ("UCDP Georeferenced Event Dataset (GED)", "1")}
    assert (errors_of(made), warnings_of(made)) == (set(), {"position-not-known"})


def test_what_cannot_be_kept_is_named_and_the_rest_is_valid(tmp_path: Path) -> None:
    made = converted(
        tmp_path,
        "ucdp-ged",
        {"low": "5"},
        {"type_of_violence": "4"},
        {"side_b_new_id": "118", "side_b": "Government of Xyzland"},
        {"adm_1": ""},
        {"source_date": "2019-01-01"},
        {"where_description": "unknown"},
        {"source_headline": "One; two"},
        {"source_office": "", "source_date": "", "source_headline": ""},
    )
    assert (made.read, made.rows["events"]) == (8, 6)
    assert sum(made.left_out.values()) == 2
    assert sorted(made.adjusted.values()) == [1] * 6
    assert Code("type_of_violence", "4", "", False, 1) in made.codes
    assert Sum("deaths, low", 20, 20) in made.sums
    assert all(it.before == it.after for it in made.sums)
    listed = {(it["key"], it["what"]) for it in rows_of(made.project.folder / conversion.LISTED)}
    assert listed == {("102", "left out"), ("103", "left out")} | {
        (key, "adjusted") for key in ("101", "104", "105", "107", "108")
    }
    report = (made.project.folder / conversion.REPORT).read_text("utf-8")
    assert "8 rows read, 6 converted, 2 left out" in report
    assert "| type_of_violence | 4 | nothing | 1 |" in report
    assert errors_of(made) == set()


def test_an_acled_event_has_the_roles_and_the_date_that_it_allows(tmp_path: Path) -> None:
    police = {
        "actor2": "Police Forces of Xyzland (2020-)",
        "inter2": "State forces",
        "actor1": "Protesters (Xyzland)",
        "inter1": "Protesters",
    }
    made = converted(
        tmp_path,
        "acled",
        {"time_precision": "2"},
        {"time_precision": "3", "sub_event_type": "Agreement", "event_type": "Strategic developments"},
        {"sub_event_type": "Excessive force against protesters", "event_type": "Protests", **police},
        {"assoc_actor_1": "Militia A; Militia B", "source": "Example Daily; Radio X", "fatalities": "0"},
    )
    dates = [it["date_edtf"] for it in table(made, "events")]
    assert dates == ["2024-03-07~", "2024-03", "2024-03-07", "2024-03-07"]
    names = {it["actor_id"]: it["name"] for it in table(made, "actors")}
    roles: dict[str, set[tuple[str, str]]] = {}
    for it in table(made, "event_participants"):
        roles.setdefault(it["event_id"], set()).add((names[it["actor_id"]], it["role"]))
    army, front = "Military Forces of Xyzland (2020-)", "XLF: Xyzland Liberation Front"
    assert roles["E000001"] == {(army, "initiator"), (front, "recipient")}
    assert roles["E000002"] == {(army, "initiator"), (front, "initiator")}
    assert roles["E000003"] == {
        ("Police Forces of Xyzland (2020-)", "initiator"),
        ("Protesters (Xyzland)", "recipient"),
    }
    assert roles["E000004"] == roles["E000001"] | {("Militia A", "co_initiator"), ("Militia B", "co_initiator")}
    assert [it["quantity"] for it in table(made, "events")] == ["2", "2", "2", ""]
    assert {it["locator"] for it in table(made, "claim_sources")} >= {
        f"event_id_cnty XYZ{at}" for at in range(101, 105)
    }
    assert sum(it["event_id"] == "E000004" for it in table(made, "claims")) == 2
    assert errors_of(made) == set()


def test_acts_that_the_model_has_no_place_for_are_left_out_by_code(tmp_path: Path) -> None:
    protest = {"sub_event_type": "Peaceful protest", "event_type": "Protests", "actor2": "", "inter2": ""}
    alone = {"actor2": "", "inter2": ""}
    same = {"actor2": "Military Forces of Xyzland (2020-)", "inter2": "State forces"}
    made = converted(tmp_path, "acled", {}, protest, alone, same, {"fatalities": "40"})
    assert (made.rows["events"], [*made.left_out.values()]) == (2, [1, 1, 1, 0])
    assert Code("sub_event_type", "Peaceful protest", "", False, 1) in made.codes
    assert Sum("deaths", 42, 42) in made.sums


def test_the_result_does_not_depend_on_the_order_of_the_rows(tmp_path: Path) -> None:
    changes = [
        {"id": str(at), "source_headline": f"Headline {at % 3}", "where_coordinates": f"Town {at % 4}"}
        for at in range(9)
    ]
    there = convert(write(tmp_path / "a.csv", "ucdp-ged", changes[1:]), tmp_path / "there", day=DAY)
    back = convert(write(tmp_path / "b.csv", "ucdp-ged", changes[:0:-1]), tmp_path / "back", day=DAY)
    for name in ("actors", "places", "sources", "events", "claims", "claim_sources"):
        assert table(there, name) == table(back, name)


def test_a_project_of_a_layout_can_be_converted(tmp_path: Path) -> None:
    source = create(tmp_path / "mine", model="acled").folder
    made = convert(source, tmp_path / "made", day=DAY, name="acts")
    assert (made.layout, made.project.name, made.read) == ("acled", "acts", 3)


def test_a_third_layout_is_one_file(tmp_path: Path) -> None:
    crosswalk = tmp_path / "mine.toml"
    crosswalk.write_text(
        """
layout = "gtd"
source = "a codebook"
table = "incidents"
key = "eventid"
needs = ["eventid", "country_txt"]
keep = ["code_values"]
descriptor = {title = "Attacks"}
sums = [{what = "groups", before = "SELECT COUNT(DISTINCT country_txt) AS n FROM rows", after = "SELECT COUNT(*) AS n FROM actors"}]

[sql]
actors = "SELECT DISTINCT LOWER(country_txt) AS key, country_txt AS name, 'armed_group' AS actor_type, 'REB' AS sector FROM rows"
""",
        encoding="utf-8",
    )
    source = models.folder_of("gtd") / "incidents.csv"
    made = convert(source, tmp_path / "made", crosswalk=crosswalk, day=DAY)
    assert [it["actor_id"] for it in table(made, "actors")] == [f"A{1 + at:06}" for at in range(made.rows["actors"])]
    assert made.sums[0].before == made.sums[0].after == made.rows["actors"]
    assert made.rows["actors"] > 0
    assert made.fields["iyear"] == (made.read, "")
    crosswalk.write_text(crosswalk.read_text("utf-8").replace("LOWER(country_txt)", "LOWER(nothing)"), encoding="utf-8")
    with pytest.raises(ProjectError, match="the crosswalk's query `actors`"):
        convert(source, tmp_path / "other", crosswalk=crosswalk, day=DAY)
    assert not (tmp_path / "other").exists()
    crosswalk.write_text('layout = "gtd"\n', encoding="utf-8")
    with pytest.raises(ProjectError, match="there is no `source`"):
        convert(source, tmp_path / "other", crosswalk=crosswalk, day=DAY)
    with pytest.raises(UsageError, match="there is no crosswalk from gtd to alignment"):
        convert(source, tmp_path / "other", layout="gtd", day=DAY)


def test_another_layout_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"for ucdp-ged it lacks 14 columns such as `id`.*; for acled it lacks"):
        convert(models.folder_of("gtd") / "incidents.csv", tmp_path / "made", day=DAY)
    with pytest.raises(UsageError, match="for acled it lacks a table `events`"):
        convert(create(tmp_path / "votes", model="gtd").folder, tmp_path / "made", layout="acled", day=DAY)
    assert not (tmp_path / "made").exists()


def test_a_cell_that_is_no_value_and_a_folder_with_something_in_it_change_nothing(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="a text in `best` is not a number"):
        converted(tmp_path, "ucdp-ged", {"best": "four"})
    assert not (tmp_path / "made").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RefusalError):
        convert(models.folder_of("acled") / "events.csv", tmp_path / "full", day=DAY)
    assert [it.name for it in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_the_command_prints_what_was_not_mapped_and_what_comes_next(project: Path, deedbook: Run) -> None:
    project.mkdir()
    done = deedbook(
        "convert", str(models.folder_of("ucdp-ged") / "events.csv"), "new", "--to", "alignment", "--on", "2026-03-01"
    )
    assert done.code == 0
    assert "| priogrid_gid | 3 | follows from the coordinates |" in done.out
    assert done.out.splitlines()[-1] == "next: cd new && deedbook validate && deedbook build"
    assert "coded_on" in (project / "new" / "datapackage" / "events.csv").read_text("utf-8").splitlines()[0]
    assert deedbook("build", "new", "--trust-rules", "-q").code == 0


@pytest.mark.skipif(not GED.is_file(), reason="../shared/realdata is absent")
@pytest.mark.slow
def test_the_events_of_syria_keep_ids_and_counts(tmp_path: Path) -> None:
    made = convert(GED, tmp_path / "made", day=DAY)
    assert (made.read, made.rows["events"], sum(made.left_out.values())) == (16_566, 16_566, 0)
    assert all(it.before == it.after for it in made.sums)
    ids = {f"E{float(row['id']):06.0f}" for row in rows_of(GED)}
    assert {row["event_id"] for row in table(made, "events")} == ids
