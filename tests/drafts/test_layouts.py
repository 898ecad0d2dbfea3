"""Tables in the layouts of public ones validate under their drafts, and the drafts are what a person would have written."""

from pathlib import Path

import pytest

from deedbook import drafts
from deedbook.project import load_project
from deedbook.validation import validate
from tests.drafts.layouts import LAYOUTS, Layout


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_layout_validates_under_its_draft(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / f"table.{layout.suffix}").write_bytes(layout.content)
    draft = drafts.describe([tmp_path])
    drafts.write(draft)
    report = validate(load_project(tmp_path))
    assert [item for item in report.findings if item.severity == "error"] == []
    assert draft.undescribed == {}
    (table,) = draft.tables
    assert (table.raw.get("dialect", {}), table.raw.get("encoding", "utf-8")) == (layout.dialect, layout.encoding)
    fields = {
        item["name"]: " ".join([item["type"], *filter(None, [item.get("format")])]) for item in table.schema["fields"]
    }
    assert {name: fields.get(name) for name in layout.types} == layout.types
    assert tuple(table.schema.get("primaryKey", ())) == layout.key
    assert {guess.field for guess in table.todos} == layout.todos
    asked = {item.column or "" for item in report.findings if item.rule == "open-question"}
    assert asked == layout.todos
