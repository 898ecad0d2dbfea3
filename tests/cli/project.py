"""A small dataset project, whole in one call, and the outcome of a command in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from deedbook.cli.main import run

SCHEMA = {
    "fields": [
        {"name": "id", "type": "string", "constraints": {"required": True}},
        {"name": "start", "type": "date"},
        {"name": "end", "type": "date"},
    ],
    "primaryKey": ["id"],
}
RULES = '''
    """Rules of events."""
    import pandera.polars as pa
    import polars as pl
    from deedbook.rules.rule import rule

    schema = pa.DataFrameSchema(checks=[
        rule("ends-before-start", pl.col("start") <= pl.col("end"), at="end", message="ends on {end}, before {start}"),
        rule("title-in-capitals", pl.col("id") != pl.col("id").str.to_uppercase(), at="id", severity="warning",
             message="is written in capitals"),
    ])
'''
GOOD = """\
    id,start,end
    a,2024-01-01,2024-01-02
    b,2024-01-03,
"""
BAD = """\
    id,start,end
    a,2024-01-01,2024-01-02
    b,2024-13-03,
"""
UNUSUAL = """\
    id,start,end
    A,2024-01-01,2024-01-02
"""
WRONG = """\
    id,start,end
    a,2024-01-02,2024-01-01
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


def write_project(root: Path, events: str = GOOD, *, rules: str = RULES, version: str = "1.0.0") -> Path:
    """A project with one table at `root`; with no rules it starts in half of the time."""
    (root / "data").mkdir(parents=True, exist_ok=True)
    (root / "schemas").mkdir(exist_ok=True)
    (root / "deedbook.toml").write_text('package = "data/datapackage.json"\n', encoding="utf-8")
    descriptor = {
        "name": "small",
        "title": "Small",
        "version": version,
        "created": "2026-01-01T00:00:00Z",
        "licenses": [{"name": "CC0-1.0"}],
        "contributors": [{"title": "A. Maintainer"}],
        "resources": [{"name": "events", "path": "events.csv"}],
        "deedbook": {"previous": None},
    }
    (root / "data" / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    (root / "data" / "events.csv").write_text(dedent(events), encoding="utf-8")
    (root / "schemas" / "events.schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    if rules:
        (root / "schemas" / "events.py").write_text(dedent(rules), encoding="utf-8")
    return root


def run_in(
    folder: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Outcome:
    """`deedbook ARGUMENTS` with the folder as working directory."""
    monkeypatch.chdir(folder)
    capfd.readouterr()
    code = run(arguments)
    out, err = capfd.readouterr()
    return Outcome(code, out, err)
