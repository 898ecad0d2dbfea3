"""A plan says what is missing; a build refuses until it is there; going below the floor needs a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deedbook.errors import ProjectError, RefusalError
from deedbook.release.build import build
from deedbook.versioning.corrections import Correction, read_corrections
from deedbook.versioning.plan import plan, set_member
from deedbook.versioning.previous import demand_one_beginning
from tests.versioning.dataset import Dataset, make_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """A dataset with one release."""
    made = make_dataset(tmp_path / "p")
    assert build(made.load()).release
    return made


def rules(dataset: Dataset) -> set[str]:
    return {item.rule for item in build(dataset.load()).report.findings if item.severity == "error"}


def folder(dataset: Dataset, version: str) -> Path:
    return dataset.root / "dist" / "items" / version


def test_a_build_refuses_while_a_reason_is_missing(dataset: Dataset) -> None:
    dataset.rows[3][1] = "another"
    del dataset.rows[9]
    planned = dataset.plan()
    assert (planned.version, planned.is_ready) == ("1.1.0", False)
    assert rules(dataset) == {"correction-without-reason"}
    assert not folder(dataset, "1.1.0").exists()
    assert read_corrections(dataset.load()) == (
        Correction("1.1.0", "items", "I0009", "", "", "", row=2),
        Correction("1.1.0", "items", "I0003", "name", "item 3", "another", row=3),
    )
    dataset.explain("coder_error", "read again")
    built = build(dataset.load())
    assert built.release is not None
    document = json.loads((built.release.folder / "changes.json").read_text())
    table = document["tables"][0]
    assert table["removed"] == [{"key": "I0009", "reason": "coder_error", "note": "read again"}]
    assert table["changed"][0]["reason"] == "coder_error"
    assert document["retired"] == {"items": ["I0009"]}
    assert document["history"][0]["reasons"] == {"coder_error": 2}
    assert (built.release.folder / "corrections.csv").is_file()
    assert (built.release.folder / "items.diff.csv").read_text().count("\n---,") == 1


def test_a_reason_for_other_values_is_outdated(dataset: Dataset) -> None:
    dataset.rows[3][1] = "another"
    dataset.plan()
    dataset.explain()
    dataset.rows[3][1] = "yet another"
    dataset.write()
    assert rules(dataset) == {"correction-outdated"}
    dataset.plan()
    assert [(row.new, row.reason) for row in read_corrections(dataset.load())] == [("yet another", "coder_error")]
    assert build(dataset.load()).release is not None


def test_open_reasons_follow_the_planned_version(dataset: Dataset) -> None:
    dataset.rows[3][1] = "another"
    dataset.plan()
    dataset.explain()
    dataset.rows.append(["I0500", "new", "5"])
    assert dataset.plan().version == "1.1.0"
    assert [row.version for row in read_corrections(dataset.load())] == ["1.1.0"]
    assert build(dataset.load()).release is not None


def test_many_cells_of_one_field_need_one_reason(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "p", rows=1200)
    build(dataset.load())
    for row in dataset.rows:
        row[1] += "."
    assert dataset.release() == "2.0.0"
    assert [(row.key, row.field) for row in read_corrections(dataset.load())] == [("*", "name")]


def test_a_version_may_be_higher_but_lower_only_with_a_reason(dataset: Dataset) -> None:
    dataset.rows.append(["I0500", "new", "5"])
    assert plan(dataset.write(), version="3.0.0").is_ready
    low = plan(dataset.load(), version="1.0.1")
    assert [item.rule for item in low.findings if item.severity == "error"] == ["version-below-floor"]
    assert dataset.release(version="1.0.1", override="one late row of the same survey") == "1.0.1"
    manifest = json.loads((folder(dataset, "1.0.1") / "release.json").read_text())
    assert manifest["bump"]["override"] == "one late row of the same survey"
    assert manifest["bump"]["rules"] == [{"rule": "rows-added", "level": "minor", "count": 1, "where": {"items": 1}}]
    dataset.rows.append(["I0501", "new", "6"])
    assert dataset.release() == "1.1.0"
    assert json.loads(dataset.descriptor.read_text())["deedbook"]["override"] is None


def test_a_planned_version_below_the_floor_is_not_built(dataset: Dataset) -> None:
    dataset.rows.append(["I0500", "new", "5"])
    dataset.plan()
    dataset.fields.pop()
    for row in dataset.rows:
        row.pop()
    dataset.write()
    assert rules(dataset) == {"version-below-floor"}


def test_a_table_that_shrinks_has_to_be_acknowledged(dataset: Dataset) -> None:
    del dataset.rows[:60]
    dataset.plan()
    dataset.explain()
    assert rules(dataset) == {"table-shrank"}
    dataset.acknowledge("2.0.0")
    assert build(dataset.load()).release is not None


def test_a_reason_outside_the_list_and_one_for_nothing_are_named(dataset: Dataset) -> None:
    (dataset.root / "code_values.csv").write_text("list,code\nreason,scope\n", encoding="utf-8")
    raw = json.loads(dataset.descriptor.read_text())
    listed = {"fields": [{"name": "list"}, {"name": "code"}], "primaryKey": ["list", "code"]}
    raw["resources"].append({"name": "code_values", "path": "code_values.csv", "schema": listed})
    dataset.descriptor.write_text(json.dumps(raw))
    dataset.rows[3][1] = "another"
    dataset.plan()
    dataset.explain("whim")
    assert rules(dataset) == {"correction-reason-unknown"}
    dataset.explain("whim")
    file = dataset.root / "corrections.csv"
    file.write_text(file.read_text().replace("whim", "scope") + "1.1.0,items,I0005,name,a,b,scope,,\n")
    built = build(dataset.load())
    assert [item.rule for item in built.report.findings] == ["correction-unmatched"]
    assert built.release is not None


def test_a_version_comes_after_the_one_before(dataset: Dataset) -> None:
    dataset.rows.append(["I0500", "new", "5"])
    found = plan(dataset.write(), version="0.9.0", override="a late idea")
    assert [item.rule for item in found.findings if item.severity == "error"] == ["version-not-after-previous"]


def test_a_date_that_goes_back_stops_plan_and_build(dataset: Dataset) -> None:
    dataset.rows.append(["I0500", "new", "5"])
    dataset.plan()
    dataset.describe(created="2025-12-31T00:00:00Z")
    assert "created-before-previous" in {item.rule for item in plan(dataset.load()).findings}
    assert rules(dataset) == {"created-before-previous"}


def test_a_previous_release_that_was_changed_stops_the_build(dataset: Dataset) -> None:
    dataset.rows.append(["I0500", "new", "5"])
    dataset.plan()
    (folder(dataset, "1.0.0") / "release.json").write_text("{}")
    with pytest.raises(ProjectError, match="is not the previous release"):
        build(dataset.load())


def test_nothing_to_release_builds_nothing(dataset: Dataset) -> None:
    raw = json.loads(dataset.descriptor.read_text())
    dataset.rows.append(["I0500", "new", "5"])
    dataset.plan()
    dataset.rows.pop()
    dataset.write()
    built = build(dataset.load())
    assert built.unchanged
    assert not folder(dataset, "1.1.0").exists()
    assert raw["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ('{"a": 1, "b": 2}', ["a"], "x", '{"a": "x", "b": 2}'),
        ('{\n\t"a": 1\n}\n', ["b"], {"c": 1}, '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 1\n\t}\n}\n'),
        ('{"d": {"p": null}, "z": [1,  2]}', ["d", "p"], {"v": "1"}, '{"d": {"p": {"v": "1"}}, "z": [1,  2]}'),
        ("{}", ["d", "p"], None, '{"d": {"p": null}}'),
        ('{\r\n  "a" : "\\u00e9"\r\n}', ["a"], "ü", '{\r\n  "a" : "ü"\r\n}'),
    ],
)
def test_a_member_is_set_and_every_other_byte_stays(text: str, path: list[str], value: object, expected: str) -> None:
    assert set_member(text, path, value) == expected


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"version": "1.1"}, "is not SemVer"),
        ({"created": "soon"}, "no ISO 8601 time"),
        ({"licenses": [{"path": "legal/TERMS.md"}]}, "legal/TERMS.md"),
    ],
)
def test_a_plan_says_what_a_build_would_refuse(dataset: Dataset, said: dict[str, Any], told: str) -> None:
    dataset.describe(**said)
    for ask in (plan, build):
        with pytest.raises(ProjectError, match=told):
            ask(dataset.load())


def test_all_that_is_missing_is_said_at_once(dataset: Dataset) -> None:
    dataset.describe(created="", version="", deedbook={})
    with pytest.raises(ProjectError, match=r"`version` and `created` and `deedbook\.previous` are missing"):
        build(dataset.load())


def test_a_chain_has_one_beginning_and_one_line(dataset: Dataset) -> None:
    dataset.describe(version="1.0.1", deedbook={"previous": None})
    for refuse in (plan, build, demand_one_beginning):
        with pytest.raises(ProjectError, match=r"previous` is null, but 1\.0\.0 was released"):
            refuse(dataset.load())
    dataset.describe(version="1.0.0")
    follows_first = json.loads(dataset.descriptor.read_text())
    dataset.rows.append(["I0500", "new", "5"])
    assert dataset.release() == "1.1.0"
    before = json.loads(dataset.descriptor.read_text())["deedbook"]["previous"]
    dataset.descriptor.write_text(json.dumps(follows_first | {"version": "1.2.0", "deedbook": {"previous": before}}))
    for refuse in (plan, build):
        with pytest.raises(RefusalError, match=r"follows 1\.0\.0, but 1\.1\.0 was released since"):
            refuse(dataset.load())


def test_what_cannot_be_right_of_licence_and_people_is_doubted(dataset: Dataset) -> None:
    dataset.describe(
        licenses=[{"name": "cc-by-9999"}, {"name": "ODC-PDDL-1.0"}],
        contributors=[{"title": "A", "path": f"https://orcid.org/0000-0002-1825-00{end}"} for end in ("97", "98")],
    )
    assert [item.rule for item in plan(dataset.load()).findings if item.severity == "warning"] == [
        "licence-unknown",
        "orcid-wrong",
    ]
