"""`fmt` over files that nobody here wrote: each is unchanged, or reads, by the csv module, to the same cells."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from deedbook.edits import rewrite
from deedbook.errors import DeedbookError
from deedbook.project import load_project
from tests.documents import REPOSITORY

SHARED = REPOSITORY.parent / "shared"
FOLDERS = ("conformance", "realdata", "cases")

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")


def records(content: bytes) -> list[list[str]] | None:
    """The records of a file in NFC, blank ones left out; None when it is no UTF-8 or no CSV."""
    csv.field_size_limit(1 << 30)
    try:
        text = unicodedata.normalize("NFC", content.decode("utf-8-sig"))
        return [record for record in csv.reader(io.StringIO(text, newline=""), strict=True) if record]
    except (UnicodeDecodeError, csv.Error):
        return None


def become(file: Path, folder: Path) -> str:
    """What `fmt` made of a copy of the file whose header is described as text: one word."""
    before = file.read_bytes()
    cells = records(before)
    names = list(dict.fromkeys(cells[0])) if cells else ["a"]
    (folder / "t.csv").write_bytes(before)
    schema = {"fields": [{"name": name, "type": "string"} for name in names if name] or [{"name": "a"}]}
    resource = {"name": "t", "path": "t.csv", "schema": schema}
    (folder / "datapackage.json").write_text(json.dumps({"name": "p", "resources": [resource]}))
    try:
        rewrite(load_project(folder))
    except DeedbookError:
        return "refused" if (folder / "t.csv").read_bytes() == before else "HARMED"
    after = (folder / "t.csv").read_bytes()
    if after == before:
        return "unchanged"
    return "rewritten" if cells is not None and records(after) == cells else "HARMED"


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_every_file_is_unchanged_or_has_the_same_cells(name: str, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    harmed = []
    for number, file in enumerate(sorted((SHARED / name).rglob("*.csv"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        state = become(file, folder)
        counts[state] += 1
        harmed += [str(file.relative_to(SHARED))] if state == "HARMED" else []
    print(f"\n  {name}: {dict(counts)}")  # noqa: T201  # what the test is about
    assert sum(counts.values()) > 0
    assert harmed == []
