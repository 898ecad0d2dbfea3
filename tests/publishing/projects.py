"""A project with two built versions, and what a command in it leaves."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.versioning.dataset import make_dataset

TARGETS = """
[targets.public]
type = "directory"
path = "../site"
"""


def build_project(root: Path) -> Path:
    """A project that built 1.0.0 and then 1.1.0."""
    dataset = make_dataset(root, rows=20)
    dataset.release()
    dataset.rows.append(["I9999", "nine", "9"])
    assert dataset.release() == "1.1.0"
    return root


def copy_project(built: Path, root: Path, targets: str = TARGETS) -> Path:
    """A copy of it with targets."""
    shutil.copytree(built, root)
    with (root / "deedbook.toml").open("a") as file:
        file.write(targets)
    return root


def everything(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
