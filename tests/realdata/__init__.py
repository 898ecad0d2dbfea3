"""Real tables that nobody here wrote, with schemas and rules written by hand: see ../shared/realdata/INDEX.md.

    NAME.datapackage.json   the descriptor; its paths are relative to ../shared/realdata/NAME
    ucdp_ged_syria.py       the pandera rules of the Syria table

The tables are read where they are and skipped by name where they are absent.
"""

from __future__ import annotations

import json
from pathlib import Path

from deedbook.descriptor import read_package
from deedbook.project import Project
from tests.conformance import SHARED

HERE = Path(__file__).parent
REALDATA = SHARED / "realdata"


def load_real_project(name: str, root: Path | None = None, rules: dict[str, Path] | None = None) -> Project:
    """The project of one descriptor; its tables stand in `root`, or in ../shared."""
    root = root or REALDATA / name
    raw = json.loads((HERE / f"{name}.datapackage.json").read_text(encoding="utf-8"))
    return Project(root, read_package(raw, root, where=name), rule_files=rules or {})
