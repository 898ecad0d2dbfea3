from __future__ import annotations

import json
from pathlib import Path

import pytest

from deedbook.errors import ProjectError, UsageError
from deedbook.site.editions import catalogue_of, read_site, text_of_value
from tests.site.catalogues import EVENTS, SCHEMAS, field, release


def test_releases_come_newest_first_with_typed_tables(published: Path) -> None:
    (shelf,) = read_site(published)
    assert [one.version for one in shelf.editions] == ["1.1.0", "1.0.0"]
    assert shelf.latest is shelf.editions[0]
    events = shelf.editions[0].tables["events"]
    assert events.key == ("event_id",)
    assert events.frame().get_column("day").dtype.is_temporal()
    assert events.field("actor_id").refers_to == ("actors.actor_id",)  # type: ignore[union-attr]


def test_a_code_is_shown_by_its_label_and_anything_else_as_it_is(published: Path) -> None:
    (shelf,) = read_site(published)
    field_ = shelf.editions[0].tables["events"].field("event_type")
    assert field_ is not None
    assert [field_.label(value, "de") for value in ("talks", "unheard of", None)] == ["Talks", "unheard of", ""]


def test_a_label_of_the_table_of_codes_is_in_the_language_asked_for(tmp_path: Path) -> None:
    codes = {
        "fields": [field("list"), field("code"), field("label_en"), field("label_de")],
        "primaryKey": ["list", "code"],
    }
    fields = [{**one, "codeList": "kind"} if one["name"] == "event_type" else one for one in EVENTS["fields"]]
    for one in fields:
        one.pop("categories", None) if "codeList" in one else None
    rows = {
        "events": "event_id,title,day,event_type,actor_id,place\nE1,They meet,1990-03-21,talks,A1,\n",
        "actors": "actor_id,name\nA1,Laos\n",
        "code_values": "list,code,label_en,label_de\nkind,talks,Talks,Gespräche\n",
    }
    root = release(
        tmp_path, rows=rows, schemas={**SCHEMAS, "events": {**EVENTS, "fields": fields}, "code_values": codes}
    )
    (shelf,) = read_site(root)
    found = shelf.editions[0].tables["events"].field("event_type")
    assert found is not None
    assert (found.label("talks", "de"), found.label("talks", "en")) == ("Gespräche", "Talks")


def test_a_damaged_release_is_kept_apart_and_the_others_are_read(root: Path) -> None:
    with (root / "deeds" / "1.1.0" / "events.csv").open("a") as file:
        file.write("E9,x,,,,\n")
    (shelf,) = read_site(root)
    assert [one.version for one in shelf.editions] == ["1.0.0"]
    assert shelf.latest is shelf.editions[0]
    assert [one.entry.version for one in shelf.damaged] == ["1.1.0"]
    assert "events.csv was changed" in shelf.damaged[0].problem
    assert str(root) not in shelf.damaged[0].problem


def test_another_release_than_the_catalogue_names_is_damaged(root: Path) -> None:
    path = root / "catalog.json"
    catalogue = json.loads(path.read_text())
    catalogue["datasets"]["deeds"]["versions"][0]["release_sha256"] = "0" * 64
    path.write_text(json.dumps(catalogue))
    (shelf,) = read_site(root)
    assert "another release" in shelf.damaged[0].problem


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"has no catalog\.json") as caught:
        read_site(tmp_path)
    assert "publish" in caught.value.hint


def test_the_catalogue_of_a_project_is_the_folder_that_it_publishes_to(tmp_path: Path) -> None:
    root = release(tmp_path)
    assert catalogue_of(tmp_path / "deeds").resolve() == root.resolve()
    assert catalogue_of(root) == root
    (root / "catalog.json").unlink()
    with pytest.raises(UsageError, match="publishes to no folder that holds a catalogue yet"):
        catalogue_of(tmp_path / "deeds")


def test_a_whole_number_that_is_held_as_a_double_is_written_without_a_point() -> None:
    assert [text_of_value(value) for value in (1.0, 1.5, True, None, "x", 3)] == ["1", "1.5", "true", "", "x", "3"]
