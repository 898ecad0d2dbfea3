"""A catalogue with what a site has to show: three versions of the reference dataset, one withdrawn; another model; texts that attack."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.external.conftest import ROOT, run

TARGET = '{before}\n[release]\nformats = ["parquet", "xlsx"]\n\n[targets.public]\ntype = "directory"\npath = "{path}"\n'
BIDI = "\u202egnp.exe\u202c"
ATTACKS = (
    "<script>window.attacked=1</script>",
    "</script><img src=x onerror=window.attacked=2>",
    "javascript:window.attacked=3",
    "data:text/html,<script>window.attacked=4</script>",
    'https://example.org/" onmouseover="window.attacked=5',
    "__proto__",
    "constructor",
    "toString",
    '=HYPERLINK("https://example.org","x")',
    "+1+cmd|' /C calc'!A0",
    BIDI,
    "a/b/../../c",
    "..",
    ".hidden. ",
    "index",
    "CON",
    "E1",
    "e1",
    "{{ 7*7 }}${7*7}#?&%2e%2e%2f",
    "<!--<style>*{display:none}</style>",
    "long " + "x<b>" * 25_000,
)
"""Names of actors and titles of events: each is text, and a key whose page has an address of its own."""


def make_catalogue(folder: Path) -> Path:
    """The catalogue, without its pages."""
    catalogue = folder / "catalogue"
    reference = folder / "reference"
    for name in ("datapackage", "schemas"):
        shutil.copytree(ROOT / name, reference / name)
    _release(reference, catalogue, (ROOT / "deedbook.toml").read_text(encoding="utf-8"))
    events = reference / "datapackage" / "events.csv"
    for day, old, new in (
        ("2026-11-28", "Ukraine takes control of Russia's Kursk region", "Ukraine captures Russia's Kursk region"),
        ("2026-11-29", "Ukraine captures Russia's Kursk region", "Ukraine takes Russia's Kursk region"),
    ):
        text = events.read_text(encoding="utf-8")
        assert old in text
        events.write_text(text.replace(old, new), encoding="utf-8")
        _plan(reference, day)
        _release(reference, catalogue)
    told = ("--reason", "a title was wrong", "--replaced-by", "0.2.2")
    deedbook(reference, "yank", "0.2.1", *told, "--to", "public")
    other = folder / "other"
    deedbook(folder, "init", "other", "--model", "ucdp-ged")
    _release(other, catalogue, (other / "deedbook.toml").read_text(encoding="utf-8"))
    _release(make_attacks(folder / "attacks"), catalogue)
    return catalogue


def make_attacks(project: Path) -> Path:
    """A project of events and actors whose ids, names, titles, codes and headers are attacks."""
    package = project / "datapackage"
    (project / "schemas").mkdir(parents=True)
    package.mkdir()
    odd = "note </script><b>"
    fields: list[dict[str, Any]] = [
        {"name": "event_id", "type": "string"},
        {"name": "date_start", "type": "date", "title": "Day <i>"},
        {"name": "title", "type": "string", "title": ATTACKS[1], "description": ATTACKS[0]},
        {
            "name": "kind",
            "type": "string",
            "categories": [{"value": text, "label": f"label {text}"} for text in ATTACKS[:4]],
        },
        {"name": "actor_id", "type": "string", "title": "Actor"},
        {"name": odd, "type": "string"},
    ]
    refers = [{"fields": ["actor_id"], "reference": {"resource": "actors", "fields": ["actor_id"]}}]
    events = {"fields": fields, "primaryKey": ["event_id"], "foreignKeys": refers, "title": "Events " + ATTACKS[0]}
    actors = {
        "fields": [{"name": "actor_id", "type": "string"}, {"name": "name", "type": "string"}],
        "primaryKey": ["actor_id"],
    }
    keys = [text[:60].strip() for text in ATTACKS]
    rows = [
        [key, f"2024-01-{number + 1:02}", text, ATTACKS[number % 4], key, ATTACKS[-1 - number]]
        for number, (key, text) in enumerate(zip(keys, ATTACKS, strict=True))
    ]
    _write(package / "events.csv", [field["name"] for field in fields], rows)
    _write(package / "actors.csv", ["actor_id", "name"], [[key, text] for key, text in zip(keys, ATTACKS, strict=True)])
    descriptor: dict[str, Any] = {
        "name": "attacks.of-2024",
        "title": "Attacks </title><script>window.attacked=6</script>",
        "description": f"{ATTACKS[1]} {BIDI}",
        "version": "1.0.0",
        "created": "2026-11-28T00:00:00Z",
        "licenses": [
            {"name": "CC0-1.0", "path": 'https://example.org/?"onmouseover=window.attacked', "title": "<b>CC0</b>"}
        ],
        "contributors": [{"title": "<img src=x onerror=window.attacked=8>", "roles": ["author"]}],
        "resources": [
            {"name": "events", "path": "events.csv", "schema": events, "title": "Events " + ATTACKS[0]},
            {"name": "actors", "path": "actors.csv", "schema": actors},
        ],
        "deedbook": {"previous": None},
    }
    (package / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    (project / "deedbook.toml").write_text('package = "datapackage/datapackage.json"\n', encoding="utf-8")
    return project


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([header, *rows])
    path.write_text(file.getvalue(), encoding="utf-8")


def _plan(project: Path, day: str) -> None:
    """Plans the next version, with a reason for what was corrected."""
    deedbook(project, "plan", "--write-corrections", codes=(0, 1))
    corrections = project / "datapackage" / "corrections.csv"
    rows = list(csv.reader(io.StringIO(corrections.read_text(encoding="utf-8"))))
    reason = rows[0].index("reason")
    _write(
        corrections, rows[0], [[*row[:reason], row[reason] or "coder_error", *row[reason + 1 :]] for row in rows[1:]]
    )
    deedbook(project, "plan", "--write", "--date", day)


def _release(project: Path, catalogue: Path, settings: str = "") -> None:
    """Builds what is planned and publishes it; with settings, they become those of the project."""
    toml = project / "deedbook.toml"
    text = settings or toml.read_text(encoding="utf-8")
    if "[targets.public]" not in re.sub(r"(?m)^#.*$", "", text):
        toml.write_text(TARGET.format(before=text, path=catalogue), encoding="utf-8")
    deedbook(project, "build")
    deedbook(project, "publish", "--to", "public")


def deedbook(folder: Path, *arguments: str | Path, codes: Sequence[int] = (0,)) -> str:
    """What the command line prints."""
    done = run(sys.executable, "-m", "deedbook", *arguments, folder=folder)
    assert done.returncode in codes, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
