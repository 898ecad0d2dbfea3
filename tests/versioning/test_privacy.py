"""What went to protect people stands in no file of the release that took it away, nor in a later one."""

from __future__ import annotations

import json
from pathlib import Path

from deedbook.release.build import build
from deedbook.release.verification import verify
from deedbook.validation import Options
from deedbook.versioning.corrections import Correction, without_private
from tests.versioning.dataset import Dataset, make_dataset


def released(dataset: Dataset, reason: str) -> Path:
    dataset.plan()
    dataset.explain(reason)
    built = build(dataset.load())
    assert built.release is not None, built.report.findings
    return built.release.folder


def telling(folder: Path, text: str) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if text.encode() in path.read_bytes())


def a_release(tmp_path: Path) -> Dataset:
    dataset = make_dataset(tmp_path / "p")
    dataset.rows[7][1] = "Jane Roe"
    dataset.write()
    assert build(dataset.load()).release
    return dataset


def test_a_withdrawn_row_is_told_by_its_key_alone(tmp_path: Path) -> None:
    dataset = a_release(tmp_path)
    del dataset.rows[7]
    folder = released(dataset, "privacy")
    assert telling(folder, "Jane Roe") == []
    assert not (folder / "items.diff.csv").exists()
    assert "I0007" in (folder / "corrections.csv").read_text()
    assert verify(folder).is_intact


def test_a_corrected_cell_loses_its_old_value(tmp_path: Path) -> None:
    dataset = a_release(tmp_path)
    dataset.rows[7][1] = "a person"
    folder = released(dataset, "privacy")
    assert telling(folder, "Jane Roe") == []
    assert "1.0.1,items,I0007,name,,a person,privacy,," in (folder / "corrections.csv").read_text()


def test_for_other_reasons_the_old_content_stays(tmp_path: Path) -> None:
    dataset = a_release(tmp_path)
    del dataset.rows[7]
    dataset.rows[3][1] = "another"
    folder = released(dataset, "coder_error")
    assert telling(folder, "Jane Roe") == ["items.diff.csv"]
    assert (folder / "corrections.csv").read_bytes() == (dataset.root / "corrections.csv").read_bytes()


def test_a_later_withdrawal_hides_what_earlier_corrections_said(tmp_path: Path) -> None:
    dataset = a_release(tmp_path)
    dataset.rows[7][1] = "Jane R."
    assert "corrections.csv" in telling(released(dataset, "coder_error"), "Jane Roe")
    del dataset.rows[7]
    folder = released(dataset, "privacy")
    assert telling(folder, "Jane R") == []
    dataset.rows[3][1] = "another"
    assert telling(released(dataset, "coder_error"), "Jane R") == []


def test_rows_of_other_places_and_later_ones_keep_what_they_say() -> None:
    rows = [
        Correction("1.0.1", "items", "I1", "name", "a", "b", "coder_error"),
        Correction("1.0.1", "items", "I1", "size", "1", "2", "coder_error"),
        Correction("1.0.1", "items", "I2", "name", "c", "d", "coder_error"),
        Correction("1.1.0", "items", "I1", "name", "b", "e", "privacy"),
        Correction("1.10.0", "items", "I1", "name", "e", "f", "coder_error"),
    ]
    assert [(row.old, row.new) for row in without_private(rows)] == [
        ("", ""),
        ("1", "2"),
        ("c", "d"),
        ("", "e"),
        ("e", "f"),
    ]


def test_a_reason_for_a_whole_field_hides_every_earlier_value_of_it() -> None:
    rows = [
        Correction("1.0.1", "items", "I1", "name", "a", "b", "coder_error"),
        Correction("1.1.0", "items", "*", "name", "", "", "privacy"),
        Correction("1.1.0", "items", "I3", "name", "x", "y", "coder_error"),
    ]
    assert [(row.old, row.new) for row in without_private(rows)] == [("", ""), ("", ""), ("x", "y")]


def test_a_release_says_what_it_covers(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "p", rows=2)
    raw = json.loads(dataset.descriptor.read_text())
    fields = [{"name": "event_id", "type": "string"}, {"name": "date_edtf", "type": "string"}]
    raw["resources"].append(
        {"name": "events", "path": "events.csv", "schema": {"fields": fields, "primaryKey": ["event_id"]}}
    )
    dataset.descriptor.write_text(json.dumps(raw))
    (dataset.root / "events.csv").write_text("event_id,date_edtf\nE1,2024-05-01\nE2,2024-05\n")
    (dataset.root / "schemas").mkdir()
    rules = "from deedbook.models.alignment.guards import GUARDS as guards\ndef schemas(tables, created): return {}\n"
    (dataset.root / "schemas/dataset.py").write_text(rules)
    built = build(dataset.load(), Options(trust_rules=True))
    assert built.release is not None, built.report.findings
    document = json.loads((built.release.folder / "changes.json").read_text())
    assert document["history"][0]["coverage"] == ["events by month: 2024-05 2"]
    assert "* events by month: 2024-05 2\n" in (built.release.folder / "CHANGELOG.md").read_text()
