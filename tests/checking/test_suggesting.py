"""A foreign key that is in no row gets the nearest key that exists, or the advice to add it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deedbook.checking import suggesting
from deedbook.validation import validate
from tests.package import fields, make_package

SCHEMAS = {
    "places": fields("id", "name", primaryKey="id"),
    "events": fields("place", foreignKeys=[{"fields": "place", "reference": {"resource": "places", "fields": "id"}}]),
}


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("P00012", "did you mean `P000012` Pakse?"),
        ("P000018", "did you mean `P000012` Pakse?"),
        ("P00099x", "add it to `places` first"),
        ("X000012", "add it to `places` first"),
        ("", None),
    ],
)
def test_the_nearest_key_is_proposed(tmp_path: Path, value: str, hint: str | None) -> None:
    project = make_package(
        tmp_path, schemas=SCHEMAS, places="id,name\nP000012,Pakse\nQ000001,Vientiane\n", events=f'place\n"{value}"\n'
    )
    assert [(item.row, item.value, item.hint) for item in validate(project).findings] == (
        [(2, value, hint)] if hint else []
    )


def test_a_parent_too_large_to_search_proposes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggesting, "_MOST_PARENTS", 1)
    project = make_package(tmp_path, schemas=SCHEMAS, places="id,name\nP1,a\nP000012,b\n", events="place\nP00012\n")
    assert [item.hint for item in validate(project).findings] == ["add it to `places` first"]
