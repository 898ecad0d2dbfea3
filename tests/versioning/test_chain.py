"""A chain has one line and forgets nothing: drafts, renames, tables that leave, ids that return, what is derived, reasons on the way."""

from __future__ import annotations

import csv
import json
import shutil
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from deedbook.changes.compare import compare
from deedbook.changes.sources import side_of_folder
from deedbook.checking.rules import load_rules
from deedbook.errors import ProjectError, UsageError
from deedbook.release.derived import derived_changes
from deedbook.versioning.history import find_homes, read_chain, row_history, with_span
from deedbook.versioning.plan import plan
from tests.versioning.dataset import Dataset, make_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """A dataset with one release."""
    made = make_dataset(tmp_path / "p")
    assert made.release() == "1.0.0"
    return made


def rules(dataset: Dataset) -> list[str]:
    return [item.rule for item in plan(dataset.load()).findings]


def without(dataset: Dataset, name: str) -> None:
    """The table leaves the descriptor."""
    raw = json.loads(dataset.descriptor.read_text())
    raw["resources"] = [item for item in raw["resources"] if item["name"] != name]
    dataset.descriptor.write_text(json.dumps(raw))


def with_notes(dataset: Dataset, rows: str = "id,text\nN1,a\n") -> None:
    """A second table."""
    (dataset.root / "notes.csv").write_text(rows)
    raw = json.loads(dataset.descriptor.read_text())
    schema = {"fields": [{"name": "id"}, {"name": "text"}], "primaryKey": ["id"]}
    raw["resources"].append({"name": "notes", "path": "notes.csv", "schema": schema})
    dataset.descriptor.write_text(json.dumps(raw))


def test_a_draft_counts_as_its_final_version_and_nothing_follows_it(dataset: Dataset) -> None:
    dataset.rows.append(["I0500", "new", "5"])
    assert plan(dataset.write(), version="1.0.1-rc.1").is_ready is False
    assert dataset.release(version="1.1.0-rc.1") == "1.1.0-rc.1"
    dataset.rows.append(["I0501", "new", "6"])
    assert plan(dataset.write(), version="1.1.0-rc.2").is_ready
    planned = plan(dataset.load())
    assert planned.verdict is not None
    assert (planned.version, planned.verdict.previous.version) == ("1.1.0", "1.0.0")
    assert dataset.release() == "1.1.0"
    table = pl.read_csv(dataset.root / "dist/items/1.1.0/items.csv")
    assert set(table.filter(pl.col("id").is_in(["I0500", "I0501"]))["first_release"]) == {"1.1.0"}


def test_a_table_that_leaves_is_acknowledged_and_its_ids_stay_retired(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "p", rows=20)
    with_notes(dataset)
    dataset.release()
    without(dataset, "notes")
    assert "table-shrank" in rules(dataset)
    (dataset.root / "corrections.csv").write_text(
        "version,table,key,field,old,new,reason,note,source\n2.0.0,notes,*,,,,scope,,\n"
    )
    assert dataset.release() == "2.0.0"
    with_notes(dataset)
    assert "retired-id-returned" in rules(dataset)


def test_an_id_that_was_withdrawn_does_not_return_without_redirects_either(dataset: Dataset) -> None:
    row = dataset.rows.pop()
    assert dataset.release() == "1.1.0"
    dataset.rows.append([row[0], "another", "1"])
    dataset.write()
    assert "retired-id-returned" in rules(dataset)


def test_a_withdrawn_predecessor_is_told(dataset: Dataset) -> None:
    entry = {"version": "1.0.0", "state": "yanked", "reason": "wrong units"}
    catalogue = {"datasets": {"items": {"versions": [entry]}}}
    (dataset.root / "dist" / "catalog.json").write_text(json.dumps(catalogue))
    dataset.rows.append(["I0500", "new", "5"])
    dataset.write()
    found = [item for item in plan(dataset.load()).findings if item.rule == "previous-yanked"]
    assert [(item.severity, "wrong units" in item.message) for item in found] == [("warning", True)]


def test_a_table_has_its_own_licence_or_that_of_the_package(dataset: Dataset) -> None:
    raw = json.loads(dataset.descriptor.read_text())
    for name, told in (("CC-BY-4.0", []), ("CC-BY-NC-4.0", ["licence-restricted"]), ("CC0-1.0", ["licence-relaxed"])):
        raw["resources"][0]["licenses"] = [{"name": name}]
        dataset.descriptor.write_text(json.dumps(raw))
        sides = side_of_folder(dataset.root / "dist/items/1.0.0"), side_of_folder(dataset.root)
        assert [item.kind for item in compare(*sides).schema] == told


def test_what_is_derived_otherwise_is_a_change(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "p", rows=5)
    (dataset.root / "deedbook.toml").write_text(
        'package = "datapackage.json"\nschemas = "schemas"\n[release]\nformats = []\n'
    )
    (dataset.root / "schemas").mkdir()
    file = dataset.root / "schemas" / "dataset.py"
    described = dataset.root / "schemas" / "sizes.schema.json"

    def derives(limit: int, *, view: bool = False, field: bool = True) -> list[tuple[str, str, str, str]]:
        code = 'import polars as pl\ndef schemas(tables, created): return {}\ndef derive(tables, created):\n    items = tables["items"]\n'
        code += (
            f'    found = {{"items": items.select("id", big=pl.col("size") > {limit})}}\n'
            if field
            else "    found = {}\n"
        )
        code += '    found["sizes"] = items.select("size")\n' if view else ""
        file.write_text(f"{code}    return found\n")
        described.unlink(missing_ok=True)
        if view:
            described.write_text('{"fields": [{"name": "size", "type": "integer"}]}')
        raw = json.loads(dataset.descriptor.read_text())
        derived = [{"name": "big", "type": "boolean"}] if field else []
        raw["resources"][0]["schema"]["derivedFields"] = derived
        dataset.descriptor.write_text(json.dumps(raw))
        project = dataset.load()
        folder = dataset.root / "dist/items/1.0.0"
        if not folder.exists():
            return []
        book = load_rules(project.rule_files)
        planned = plan(project, derived=partial(derived_changes, project, book))
        assert planned.verdict is not None
        return [(item.kind, item.table, item.field, item.new) for item in planned.verdict.changes.schema]

    derives(2)
    dataset.build()
    assert derives(2) == []
    assert derives(3) == [("derived-changed", "items", "big", "1 row")]
    assert derives(2, view=True) == [("table-added", "sizes", "", "")]
    assert derives(2, field=False) == []  # nothing is derived for the table any more: `build` says so


def test_a_renamed_field_keeps_the_history_of_its_rows(dataset: Dataset) -> None:
    dataset.fields[0]["name"], dataset.fields[1]["name"], dataset.key = "item", "label", ("item",)
    dataset.rows[3][2] = "-3"
    assert dataset.release() == "2.0.0"
    table = pl.read_csv(dataset.root / "dist/items/2.0.0/items.csv", infer_schema=False)
    assert set(table["first_release"]) == {"1.0.0"}
    assert table.filter(pl.col("last_changed_in") == "2.0.0")["item"].to_list() == ["I0003"]


def way(dataset: Dataset, key: str) -> list[tuple[str, ...]]:
    """What happened to a row, a tuple an event."""
    events = row_history(read_chain(find_homes(dataset.root)), "items", key)
    return [(item.version, item.what, item.old or "", item.new or "", item.reason) for item in events]


@pytest.fixture
def chain(dataset: Dataset) -> Dataset:
    """Four releases: a cell is corrected twice, its row re-keyed and its field renamed."""
    dataset.rows[3][1] = "second"
    dataset.plan()
    dataset.explain("source_correction", "the book says so")
    dataset.build()
    dataset.rows[3][0] = "J0003"
    assert dataset.release() == "1.1.0"
    dataset.rows[3][1] = "third"
    dataset.fields[1]["name"] = "label"
    dataset.rows.append(["J0500", "new", "5"])
    assert dataset.release() == "2.0.0"
    return dataset


def test_the_way_of_a_row_is_told_through_its_keys(chain: Dataset) -> None:
    assert way(chain, "J0003") == [
        ("2.0.0", "label", "second", "third", "coder_error"),
        ("1.1.0", "re-keyed", "I0003", "J0003", "coder_error"),
        ("1.0.1", "name", "item 3", "second", "source_correction"),
        ("1.0.0", "came with its table", "", "", ""),
    ]
    assert way(chain, "I0003") == way(chain, "J0003")[1:]
    assert way(chain, "J0500") == [("2.0.0", "added", "", "", "")]


def test_a_comparison_sums_up_the_releases_on_the_way(chain: Dataset) -> None:
    home = chain.root / "dist/items"
    sides = side_of_folder(home / "1.0.0"), side_of_folder(home / "2.0.0")
    ends = compare(*sides)
    whole = with_span(ends, *sides)
    assert whole.span is not None
    assert (whole.span.between, whole.span.missing) == (("1.1.0", "1.0.1"), None)
    assert whole.why("items", "J0003", "label")["reason"] == "coder_error"
    assert with_span(ends, *reversed(sides)) == ends
    shutil.rmtree(home / "1.0.1")
    cut = with_span(ends, *sides)
    assert cut.span is not None
    assert (cut.span.between, cut.span.missing) == (("1.1.0",), "1.0.1")


def test_a_chain_whose_release_was_exchanged_is_refused(chain: Dataset) -> None:
    manifest = chain.root / "dist/items/1.1.0/release.json"
    manifest.write_text(manifest.read_text() + " ")
    with pytest.raises(ProjectError, match="not the release that the next one follows"):
        list(read_chain(find_homes(chain.root)))


def test_releases_are_found_from_any_folder_that_means_them(chain: Dataset, tmp_path: Path) -> None:
    home = chain.root / "dist" / "items"
    for folder in (chain.root, home, home / "2.0.0", home.parent):
        assert find_homes(folder).newest == "2.0.0"
    assert find_homes(home / "1.1.0").newest == "1.1.0"
    with pytest.raises(UsageError, match="holds no release"):
        find_homes(tmp_path)


def test_a_declared_name_keeps_the_history_of_rows_and_tables(chain: Dataset) -> None:
    raw = json.loads(chain.descriptor.read_text())
    raw["resources"][0]["name"] = "things"
    raw["deedbook"]["renamed_tables"] = {"things": "items"}
    chain.descriptor.write_text(json.dumps(raw))
    chain.rows[5][0] = "J0005"
    version = chain.release()
    home = chain.root / "dist" / "items"
    told = json.loads((home / version / "changes.json").read_text())
    assert [(item["kind"], item["table"], item["old"]) for item in told["schema"]] == [
        ("table-renamed", "things", "items")
    ]
    assert (told["tables_added"], told["tables_removed"], told["tables"][0]["counts"]["added"]) == ({}, {}, 0)
    assert told["retired"] == {"things": ["I0003", "I0005"]}
    table = pl.read_csv(home / version / "things.csv").rows_by_key("id", named=True, unique=True)
    history = {key: (table[key]["first_release"], table[key]["last_changed_in"]) for key in ("I0007", "J0003", "J0005")}
    assert history == {"I0007": ("1.0.0", "1.0.0"), "J0003": ("1.0.0", "2.0.0"), "J0005": ("1.0.0", version)}
    assert "retired-id-returned" not in rules(chain)
    events = [(item.version, item.what) for item in row_history(read_chain(find_homes(chain.root)), "things", "J0003")]
    assert events == [
        (version, "the table was renamed"),
        ("2.0.0", "label"),
        ("1.1.0", "re-keyed"),
        ("1.0.1", "name"),
        ("1.0.0", "came with its table"),
    ]
    sides = side_of_folder(home / "1.0.0"), side_of_folder(home / version)
    assert with_span(compare(*sides), *sides).why("things", "J0003", "label")["reason"] == "coder_error"


def test_a_declared_field_keeps_its_cells_whatever_else_changes(dataset: Dataset) -> None:
    dataset.fields[1:] = [{"name": "size", "type": "integer"}, {"name": "label", "type": "string"}]
    dataset.rows = [[row[0], row[2], row[1]] for row in dataset.rows]
    raw = json.loads(dataset.descriptor.read_text())
    kinds = []
    for own in ({}, {"renamed_fields": {"label": "name"}}):
        dataset.write()
        raw["resources"][0]["schema"] = {"fields": dataset.fields, "primaryKey": ["id"], "deedbook": own}
        dataset.descriptor.write_text(json.dumps(raw))
        planned = plan(dataset.load())
        assert planned.verdict is not None
        kinds.append([item.kind for item in planned.verdict.changes.schema])
    assert kinds == [["field-removed", "field-added"], ["field-renamed", "field-moved"]]
    raw["resources"][0]["schema"]["deedbook"] = {"renamed_fields": {"labl": "name"}}
    dataset.descriptor.write_text(json.dumps(raw))
    with pytest.raises(ProjectError, match="`labl` is not there"):
        plan(dataset.load())


@pytest.mark.parametrize("name", ["self", "exprs"])
def test_a_field_may_be_added_that_is_called_as_an_argument_of_polars(tmp_path: Path, name: str) -> None:
    dataset = make_dataset(tmp_path / "project", rows=20)
    dataset.release()
    dataset.fields.append({"name": name, "type": "string"})
    dataset.rows = [[*row, "x" if number == 3 else ""] for number, row in enumerate(dataset.rows)]
    version = dataset.release()
    with (dataset.root / "dist" / "items" / version / "items.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows if row["last_changed_in"] == version] == ["I0003"]
    assert {row["first_release"] for row in rows} == {"1.0.0"}
