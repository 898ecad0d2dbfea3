"""Each line of the floor table is triggered by its change, and by nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from deedbook.changes.compare import compare
from deedbook.changes.sources import Side
from deedbook.errors import ProjectError
from deedbook.project import load_project
from deedbook.versioning.bump import BUMP_RULES, Thresholds, applied_rules, read_thresholds
from deedbook.versioning.numbers import Level, raised, read_version

ROWS = [
    [f"E{number}", f"name {number}", "2024-01-01", "visit" if number % 2 else "grant", number] for number in range(200)
]
DATA: dict[str, Any] = {
    "descriptor": {
        "name": "deeds",
        "title": "Deeds",
        "description": "Who did what.",
        "licenses": [{"name": "CC-BY-4.0"}],
    },
    "tables": {
        "events": {
            "schema": {
                "fields": [
                    {"name": "id", "type": "string", "title": "Id"},
                    {"name": "name", "type": "string", "title": "Name", "constraints": {"maxLength": 50}},
                    {"name": "day", "type": "date", "title": "Day"},
                    {
                        "name": "kind",
                        "type": "string",
                        "title": "Kind",
                        "categories": [
                            {"value": "visit", "label": "Visit"},
                            {"value": "grant", "label": "Grant"},
                            {"value": "talk", "label": "Talk"},
                        ],
                    },
                    {"name": "size", "type": "integer", "title": "Size", "constraints": {"minimum": 0}},
                ],
                "primaryKey": ["id"],
            },
            "rows": ROWS,
        },
        "notes": {"schema": {"fields": [{"name": "id"}, {"name": "text"}], "primaryKey": ["id"]}, "rows": [["1", "x"]]},
    },
}


def write(root: Path, data: dict[str, Any]) -> Side:
    root.mkdir()
    resources = []
    for name, table in data["tables"].items():
        lines = [[item["name"] for item in table["schema"]["fields"]], *table["rows"]]
        (root / f"{name}.csv").write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
        resources.append({"name": name, "path": f"{name}.csv", "schema": table["schema"]})
    (root / "datapackage.json").write_text(json.dumps({**data["descriptor"], "resources": resources}))
    return Side(root.name, load_project(root))


def field(data: dict[str, Any], at: int) -> dict[str, Any]:
    found: dict[str, Any] = data["tables"]["events"]["schema"]["fields"][at]
    return found


def edit(what: str, data: dict[str, Any]) -> None:  # noqa: C901  # one line of the table a case
    events = data["tables"]["events"]
    schema, rows = events["schema"], events["rows"]
    match what:
        case "table-removed":
            del data["tables"]["notes"]
        case "table-renamed":
            data["tables"]["remarks"] = data["tables"].pop("notes")
            data["descriptor"]["deedbook"] = {"renamed_tables": {"remarks": "notes"}}
        case "field-removed":
            del schema["fields"][4]
            events["rows"] = [row[:4] for row in rows]
        case "field-renamed":
            field(data, 4)["name"] = "number"
        case "field-retyped":
            field(data, 4)["type"] = "number"
        case "field-moved":
            schema["fields"][3:5] = schema["fields"][4], schema["fields"][3]
            events["rows"] = [[*row[:3], row[4], row[3]] for row in rows]
        case "field-inserted":
            schema["fields"].insert(1, {"name": "extra"})
            events["rows"] = [[row[0], "", *row[1:]] for row in rows]
        case "constraint-tightened":
            field(data, 1)["constraints"]["maxLength"] = 40
        case "primary-key-changed":
            schema["primaryKey"] = ["id", "name"]
            schema["fields"][1]["constraints"]["required"] = True
        case "code-removed":
            del field(data, 3)["categories"][2]
        case "code-meaning-changed":
            field(data, 3)["categories"][2]["label"] = "Negotiation"
        case "licence-restricted":
            data["descriptor"]["licenses"] = [{"name": "CC-BY-NC-4.0"}]
        case "many-rows-revised":
            events["rows"] = [[*row[:4], 7 if number < 11 else row[4]] for number, row in enumerate(rows, start=-1)]
        case "many-rows-withdrawn":
            events["rows"] = rows[3:]
        case "table-added":
            data["tables"]["more"] = {"schema": {"fields": [{"name": "id"}], "primaryKey": ["id"]}, "rows": [["a"]]}
        case "rows-added":
            rows.append(["E900", "new", "2024-05-05", "visit", 5])
        case "code-added":
            field(data, 3)["categories"].append({"value": "other", "label": "Other"})
        case "field-added":
            schema["fields"].append({"name": "extra"})
            events["rows"] = [[*row, ""] for row in rows]
        case "constraint-relaxed":
            del field(data, 4)["constraints"]["minimum"]
        case "licence-relaxed":
            data["descriptor"]["licenses"] = [{"name": "CC0-1.0"}]
        case "rows-withdrawn":
            events["rows"] = rows[2:]
        case "values-corrected":
            rows[7][1] = "another name"
        case "metadata-changed":
            field(data, 2)["description"] = "The first day."


# what a project derives is compared where a release is planned: tests/versioning/test_chain.py
@pytest.mark.parametrize("rule", [rule.rule for rule in BUMP_RULES if rule.rule != "derived-changed"])
def test_each_change_triggers_exactly_its_rule(rule: str, tmp_path: Path) -> None:
    new = copy.deepcopy(DATA)
    edit(rule, new)
    changes = compare(write(tmp_path / "old", DATA), write(tmp_path / "new", new))
    expected = {rule} | ({"constraint-tightened"} if rule == "primary-key-changed" else set())
    assert {item.rule for item in applied_rules(changes, Thresholds())} == expected


def test_bytes_alone_ask_for_no_release(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", DATA), write(tmp_path / "new", DATA)
    file = tmp_path / "new" / "events.csv"
    file.write_text(file.read_text().replace("\n", "\r\n").replace(",7\r", ",007\r"))
    changes = compare(old, new)
    assert not changes.is_equal
    assert not changes.needs_release
    assert not applied_rules(changes, Thresholds())


def test_ids_of_rules_are_unique_and_levels_fall() -> None:
    assert len({rule.rule for rule in BUMP_RULES}) == len(BUMP_RULES)
    order: list[Level] = ["major", "minor", "patch"]
    levels = [order.index(rule.level) for rule in BUMP_RULES]
    assert levels == sorted(levels)


@pytest.mark.parametrize(
    ("previous", "level", "version"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "none", "1.2.3"),
        ("0.2.3", "major", "0.3.0"),
        ("0.2.3", "minor", "0.2.4"),
        ("0.2.3", "patch", "0.2.4"),
        ("1.0.0-rc.1", "patch", "1.0.0"),
    ],
)
def test_versions_are_raised(previous: str, level: Level, version: str) -> None:
    assert raised(previous, level) == version


def test_versions_sort_by_precedence() -> None:
    texts = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0",
        "1.0.1",
        "1.10.0",
    ]
    assert sorted(texts[4:] + texts[:4], key=read_version) == texts


@pytest.mark.parametrize("setting", ["revised = 2", 'revised = "x"', "other = 1", "withdrawn = true"])
def test_thresholds_are_shares(setting: str, tmp_path: Path) -> None:
    write(tmp_path / "p", DATA)
    (tmp_path / "p" / "deedbook.toml").write_text(f'package = "datapackage.json"\n[thresholds]\n{setting}\n')
    with pytest.raises(ProjectError, match="thresholds"):
        read_thresholds(load_project(tmp_path / "p"))
