"""`BUILD.json`: what a release was made from and with, so that somebody else can make the same bytes.

Writer versions decide the bytes of Parquet, SQLite, XLSX, Stata, SPSS and R (never the content digests), inputs are the files of the
project, and the epoch is the only time. No host, user, path outside the project or clock is in it.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import zlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import deedbook
from deedbook.integrity.digests import sha256_of
from deedbook.project import CONFIG, Project
from deedbook.release.edition import Edition, moment_text

BUILD_FILE = "BUILD.json"
LOCK_FILE = "requirements.lock"
_WRITERS = ("polars", "xlsxwriter", "jinja2", "numpy", "pyreadstat")
_BESIDE_TABLES = ("waivers.csv", "corrections.csv", "CHANGES.md", "LICENSE")


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the release was made from; `path` is relative to the project."""

    path: str
    bytes: int
    sha256: str


def read_inputs(project: Project) -> tuple[InputFile, ...]:
    """Every file that decides what is released, sorted by path."""
    package = project.package
    files = {file for resource in package.resources for file in resource.files}
    files |= {package.root / name for name in _BESIDE_TABLES}
    files |= {file for file in (package.path, project.root / CONFIG, project.root / LOCK_FILE) if file is not None}
    if project.schemas is not None:
        files |= {*project.schemas.glob("*.schema.json"), *project.schemas.glob("*.py")}
    return tuple(
        InputFile(_relative(file, project.root), file.stat().st_size, sha256_of(file))
        for file in sorted(files, key=lambda file: _relative(file, project.root))
        if file.is_file()
    )


def build_json(edition: Edition, inputs: tuple[InputFile, ...]) -> str:
    """The content of `BUILD.json`."""
    locks = [item.sha256 for item in inputs if item.path == LOCK_FILE]
    record = {
        "build_version": 1,
        "dataset": edition.name,
        "version": edition.version,
        "epoch": int(edition.epoch.timestamp()),
        "epoch_time": moment_text(edition.epoch),
        "lock_sha256": locks[0] if locks else None,
        "writers": writer_versions(),
        "inputs": [{"path": item.path, "bytes": item.bytes, "sha256": item.sha256} for item in inputs],
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def writer_versions() -> dict[str, str]:
    """The versions of everything that decides the bytes of a release."""
    return {
        "deedbook": deedbook.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in _WRITERS},
        "sqlite": sqlite3.sqlite_version,
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def _relative(file: Path, root: Path) -> str:
    try:
        return file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return file.name
