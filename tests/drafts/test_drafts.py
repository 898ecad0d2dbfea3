"""Drafts of several tables, of other formats than CSV, and what becomes of them when data change."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from deedbook import drafts
from deedbook.errors import RefusalError, UsageError
from deedbook.findings import Report
from deedbook.project import load_project
from deedbook.scaffold import create
from deedbook.validation import validate
from tests.package import as_bytes

EVENTS = "id,country,actor_id,date\n" + "".join(f"E{at:03},CH,A{at % 3},2020-01-{at:02}\n" for at in range(1, 25))
ACTORS = "actor_id,name\nA0,Ada\nA1,Grace\nA2,Mary\n"


def _put(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(as_bytes(content))
    return folder


def _described(folder: Path) -> tuple[drafts.Draft, Report]:
    draft = drafts.describe([folder])
    drafts.write(draft)
    return draft, validate(load_project(folder))


def _fields(schema: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["type"] for item in schema["fields"]}


def test_a_reference_to_another_table_is_found_by_its_name_and_its_values(tmp_path: Path) -> None:
    draft, report = _described(_put(tmp_path, events__csv=EVENTS, actors__csv=ACTORS))
    schemas = {table.name: table.schema for table in draft.tables}
    assert schemas["actors"]["primaryKey"] == ["actor_id"]
    assert schemas["events"]["foreignKeys"] == [
        {"fields": ["actor_id"], "reference": {"resource": "actors", "fields": ["actor_id"]}}
    ]
    assert "foreignKeys" not in schemas["actors"]
    assert report.valid


def test_a_reference_that_loses_values_is_asked_with_their_rows(tmp_path: Path) -> None:
    more = "".join(f"A{at},Name {at}\n" for at in range(3, 12))
    events = (
        EVENTS + "".join(f"E{at:03},CH,A{at - 40},2020-02-01\n" for at in range(43, 52)) + "E099,CH,A99,2020-03-01\n"
    )
    draft, report = _described(_put(tmp_path, events__csv=events, actors__csv=ACTORS + more))
    (todo,) = [guess for table in draft.tables for guess in table.todos]
    assert "is it a reference to `actors`?" in todo.todo
    assert "rows 35" in todo.todo
    assert report.valid


def test_a_table_may_refer_to_itself(tmp_path: Path) -> None:
    places = "place_id,name,parent_place_id\n" + "".join(f"{at},Place {at},{max(at // 2, 1)}\n" for at in range(1, 15))
    draft, report = _described(_put(tmp_path, places__csv=places))
    (reference,) = draft.tables[0].schema["foreignKeys"]
    assert reference == {"fields": ["parent_place_id"], "reference": {"resource": "", "fields": ["place_id"]}}
    assert report.valid


def test_numbers_that_happen_to_be_ids_of_another_table_are_no_reference(tmp_path: Path) -> None:
    counts = "id,deaths\n" + "".join(f"{at},{at % 7 + 1}\n" for at in range(1, 40))
    others = "id,size\n" + "".join(f"{at},{at * 3}\n" for at in range(1, 40))
    draft, _ = _described(_put(tmp_path, counts__csv=counts, others__csv=others))
    assert [table.schema.get("foreignKeys") for table in draft.tables] == [None, None]


def test_a_workbook_has_a_table_for_each_sheet(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        first, second, _ = (book.add_worksheet(name) for name in ("Events", "Actors", "Empty"))
        first.write_row(0, 0, ["A title above"])
        form = book.add_format({"num_format": "yyyy-mm-dd"})
        for at, row in enumerate([["id", "actor_id", "n"], *([f"E{at}", f"A{at % 2}", at] for at in range(6))], 1):
            first.write_row(at, 0, row)
            first.write(at, 3, "day" if at == 1 else dt.date(2020, 1, at), form)
            first.write(at, 4, "moment" if at == 1 else dt.datetime(2020, 1, at, at), form)  # noqa: DTZ001
        for at, row in enumerate([["actor_id", "name", "code"], ["A0", "Ada", 1], ["A1", "Grace", "x"]]):
            second.write_row(at, 0, row)
    draft, report = _described(tmp_path)
    assert [table.name for table in draft.tables] == ["events", "actors"]
    assert draft.tables[0].raw["dialect"] == {"sheetName": "Events", "headerRows": [2]}
    types = _fields(draft.tables[0].schema)
    assert (types["n"], types["day"], types["moment"]) == ("integer", "date", "datetime")
    assert _fields(draft.tables[1].schema)["code"] == "any"  # numbers and texts, each stored as such
    assert report.valid


@pytest.mark.parametrize("kind", ["parquet", "json", "jsonl", "csv.gz", "csv.zst"])
def test_other_formats_are_described_by_their_values(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame({"id": range(1, 13), "name": [f"n {at}" for at in range(12)], "size": [1.5, None, 3.25] * 4})
    file = tmp_path / f"table.{kind}"
    match kind:
        case "parquet":
            frame.write_parquet(file)
        case "json":
            file.write_text(json.dumps({"about": "sizes", "rows": frame.to_dicts()}), "utf-8")
        case "jsonl":
            frame.write_ndjson(file)
        case "csv.gz":
            file.write_bytes(gzip.compress(frame.write_csv().encode()))
        case _:
            import zstandard

            file.write_bytes(zstandard.compress(frame.write_csv().encode()))
    draft, report = _described(tmp_path)
    assert _fields(draft.tables[0].schema) == {"id": "integer", "name": "string", "size": "number"}
    assert draft.tables[0].rows == 12
    assert report.valid


def test_what_is_seen_only_late_in_a_file_counts_too(tmp_path: Path) -> None:
    rows = [f"{at},{at},2020-01-01" for at in range(1, 5000)] + ["5000,1.5,2020-01-01", "5001,NA,soon"]
    draft, report = _described(_put(tmp_path, table__csv="id,size,date\n" + "\n".join(rows) + "\n"))
    schema = draft.tables[0].schema
    assert _fields(schema) == {"id": "integer", "size": "number", "date": "string"}
    assert schema["fields"][1]["missingValues"] == ["", "NA"]
    (todo,) = draft.tables[0].todos
    assert (todo.field, todo.exceptions) == ("date", ((5002, "soon"),))
    assert report.valid


def test_a_file_that_cannot_be_described_says_why_and_the_others_are(tmp_path: Path) -> None:
    _put(
        tmp_path,
        good__csv=ACTORS,
        twice__csv="a,a\n1,2\n",
        star__csv="^a$,b\n1,2\n",
        page__csv="\0\0\0\0",
        empty__csv="",
    )
    draft = drafts.describe([tmp_path])
    assert [table.name for table in draft.tables] == ["good"]
    reasons = {Path(file).name: why for file, why in draft.undescribed.items()}
    assert reasons.keys() == {"twice.csv", "star.csv", "page.csv", "empty.csv"}
    assert "two columns are named `a`" in reasons["twice.csv"]


def test_nothing_is_overwritten_and_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no table"):
        drafts.describe([tmp_path])
    _described(_put(tmp_path, actors__csv=ACTORS))
    with pytest.raises(RefusalError, match="nothing is overwritten"):
        drafts.write(drafts.describe([tmp_path]))


def test_a_model_that_fits_is_named(tmp_path: Path) -> None:
    header = "event_id_cnty,event_date,year,time_precision,disorder_type,event_type,sub_event_type,actor1,country,iso,fatalities"
    row = "SYR1,2020-01-01,2020,1,Demonstrations,Protests,Peaceful protest,Protesters (Syria),Syria,760,0"
    draft = drafts.describe([_put(tmp_path, table__csv=f"{header}\n{row}\n")])
    assert [guess.evidence.split(":")[0] for guess in draft.tables[0].guesses if guess.name == "model"] == ["acled"]


def test_new_data_change_what_nobody_settled_and_nothing_else(tmp_path: Path) -> None:
    _described(
        _put(tmp_path, table__csv="id,size,kind\n" + "".join(f"{at},{at},{'ab'[at % 2]}\n" for at in range(1, 120)))
    )
    file = tmp_path / "schemas" / "table.schema.json"
    schema = json.loads(file.read_text())
    schema["fields"][2]["constraints"]["enum"] = ["a", "b", "c"]  # a person knows of one more
    schema["fields"][1]["title"] = "Size"
    file.write_text(json.dumps(schema))
    with (tmp_path / "table.csv").open("a") as table:
        table.write("120,2.5,d\n121,,a\n")
    proposals = drafts.update(tmp_path)
    by_place = {(item.guess.field, item.guess.name): item for item in proposals}
    assert by_place["size", "type"].guess.value == "number"
    assert not by_place["size", "type"].is_settled
    assert by_place["kind", "constraints.enum"].is_settled
    new = json.loads(file.read_text())
    assert (new["fields"][1]["type"], new["fields"][1]["title"]) == ("number", "Size")
    assert new["fields"][2]["constraints"]["enum"] == ["a", "b", "c"]
    assert "required" not in new["fields"][1]["constraints"]
    assert [item for item in drafts.update(tmp_path) if not item.is_settled] == []


def test_a_question_stays_a_warning_until_its_todo_is_deleted_and_is_not_asked_again(tmp_path: Path) -> None:
    _, report = _described(_put(tmp_path, table__csv="id,date\n1,10-12-2021\n2,11-01-2021\n3,01-02-2021\n"))
    (finding,) = report.findings
    assert (finding.rule, finding.severity, finding.column) == ("open-question", "warning", "date")
    file = tmp_path / "schemas" / "table.schema.json"
    schema = json.loads(file.read_text())
    for guess in schema["deedbook"]["guess"]:
        guess.pop("todo", None)
    file.write_text(json.dumps(schema))
    assert validate(load_project(tmp_path)).findings == ()
    drafts.update(tmp_path)
    assert validate(load_project(tmp_path)).findings == ()


def test_new_rows_answer_no_question_about_the_file(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes("id;town\n1;Köln\n2;Gößweinstein\n3;Mühlhausen\n".encode("cp1252"))
    drafts.write(drafts.describe([tmp_path / "table.csv"]))
    with (tmp_path / "table.csv").open("ab") as table:
        table.write(b"4;Ulm\n")
    drafts.update(tmp_path)
    (finding,) = validate(load_project(tmp_path)).findings
    assert (finding.rule, finding.column) == ("open-question", None)
    assert "is it cp1252?" in finding.message


def test_a_project_of_files_says_nothing_of_the_sample(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,name\nA1,x\nA2,y\n", encoding="utf-8")
    made = create(tmp_path / "own", draft=drafts.describe([tmp_path / "t.csv"]))
    raw = json.loads((made.folder / "datapackage" / "datapackage.json").read_text(encoding="utf-8"))
    assert raw["title"] == "own"
    assert not raw.keys() & {"description", "keywords", "sources"}


def test_a_project_is_made_from_files_that_exist(tmp_path: Path) -> None:
    _put(tmp_path, events__csv=EVENTS, actors__csv=ACTORS)
    created = create(tmp_path / "mine", draft=drafts.describe([tmp_path]))
    assert {"datapackage/events.csv", "schemas/events.schema.json", "deedbook.toml"} <= set(created.files)
    report = validate(load_project(tmp_path / "mine"))
    assert report.valid
    assert {table.table for table in report.tables} == {"events", "actors"}


def _drafted(folder: Path, rows: int) -> tuple[Path, dict[str, Any]]:
    """The draft of a table with a list of two kinds and a day that is none, and where it stands."""
    days = [f"2024-01-{at % 28 + 1:02}" if at != 5 else "soon" for at in range(rows)]
    lines = [f"{at},{'ab'[at % 2]},{day}\n" for at, day in enumerate(days, 1)]
    _described(_put(folder, table__csv="id,kind,day\n" + "".join(lines)))
    file = folder / "schemas" / "table.schema.json"
    return file, json.loads(file.read_text("utf-8"))


def _answer(file: Path, schema: dict[str, Any], field: str) -> None:
    for guess in schema["deedbook"]["guess"]:
        if guess.get("field") == field:
            guess.pop("todo", None)
    file.write_text(json.dumps(schema), "utf-8")


def test_an_answer_settles_a_property_and_other_data_are_only_listed(tmp_path: Path) -> None:
    file, schema = _drafted(tmp_path, 60)
    _answer(file, schema, "kind")  # these are all kinds
    _answer(file, schema, "day")  # it stays a column of text
    table = tmp_path / "table.csv"
    table.write_text(table.read_text("utf-8").replace("soon", "2024-01-06") + "61,c,2024-02-01\n", "utf-8")
    proposals = {(item.guess.field, item.guess.name): item for item in drafts.update(tmp_path)}
    assert proposals["kind", "constraints.enum"].is_settled
    assert proposals["day", "type"].is_settled
    new = {item["name"]: item for item in json.loads(file.read_text("utf-8"))["fields"]}
    assert (new["kind"]["constraints"]["enum"], new["day"]["type"]) == (["a", "b"], "string")
    found = {(item.rule, item.column) for item in validate(load_project(tmp_path)).findings}
    assert found == {("constraint-error", "kind")}
    assert {(item.guess.field, item.is_settled) for item in drafts.update(tmp_path)} >= {("kind", True), ("day", True)}


def test_an_open_question_follows_the_data(tmp_path: Path) -> None:
    file, _ = _drafted(tmp_path, 60)
    table = tmp_path / "table.csv"
    table.write_text(table.read_text("utf-8").replace("soon", "2024-01-06") + "61,c,2024-02-01\n", "utf-8")
    before = file.read_bytes()
    assert drafts.update(tmp_path, check=True)
    assert file.read_bytes() == before
    drafts.update(tmp_path)
    new = {item["name"]: item for item in json.loads(file.read_text("utf-8"))["fields"]}
    assert (new["kind"]["constraints"]["enum"], new["day"]["type"]) == (["a", "b", "c"], "date")
    asked = [item.column for item in validate(load_project(tmp_path)).findings if item.rule == "open-question"]
    assert asked == ["kind"]


def test_a_question_that_comes_up_later_is_asked(tmp_path: Path) -> None:
    _put(tmp_path, table__csv="id,kind\n" + "".join(f"{at},{'ab'[at % 2]}\n" for at in range(120)))
    drafts.write(drafts.describe([tmp_path / "table.csv"]))
    assert validate(load_project(tmp_path)).findings == ()
    with (tmp_path / "table.csv").open("a") as table:
        table.write("120,c\n")
    drafts.update(tmp_path)
    (finding,) = validate(load_project(tmp_path)).findings
    assert "c stands there once" in finding.message
