"""A new dataset project: written beside its place and renamed once."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from deedbook import __version__
from deedbook.errors import RefusalError, SpaceError, UsageError
from deedbook.files import disk_refusal, rename, sync
from deedbook.names import name_problem

FILES = (
    ("deedbook.toml", "deedbook.toml"),
    ("README.md", "README.md"),
    ("requirements.txt", "requirements.txt"),
    ("dataset.sh", "ci/dataset.sh"),
    ("validate.yml", ".github/workflows/validate.yml"),
    ("publish.yml", ".github/workflows/publish.yml"),
    ("gitlab-ci.yml", ".gitlab-ci.yml"),
    ("pre-commit-config.yaml", ".pre-commit-config.yaml"),
    ("gitignore", ".gitignore"),
    ("gitattributes", ".gitattributes"),
    ("CHANGES.md", "datapackage/CHANGES.md"),
    ("LICENSE", "datapackage/LICENSE"),
)
"""The files of `files/`, and what they become."""
_RUNS = frozenset({"ci/dataset.sh"})
_TABLES = "datapackage"
_UNSLUGGED = re.compile(r"[^a-z0-9._-]+")
_DESCRIBED = ("title", "description", "version", "contributors", "sources", "keywords")


@dataclass(frozen=True, slots=True)
class Created:
    """A new project: its folder, the name of its dataset, and its files relative to the folder."""

    folder: Path
    name: str
    files: tuple[str, ...]


def create(folder: Path, *, name: str = "") -> Created:
    """A dataset project at `folder`, complete or not there.

    Args:
        folder: A folder that does not exist yet, or an empty one.
        name: The name of the dataset; made from that of the folder when empty.

    Raises:
        RefusalError: when there is something already.
        UsageError: when the name is none, or the folder cannot be written.
        SpaceError: when the disk is full.
    """
    target = folder.absolute()
    name = name or _slug(target.name)
    if problem := name_problem(name) or ("has capital letters" if name != name.lower() else ""):
        raise UsageError(
            f"{name!r} is no name of a dataset: it {problem}", "use small letters, digits, `.`, `_` and `-`"
        )
    _refuse_occupied(target, folder)
    staged = target.with_name(f".{target.name}.init-{os.getpid()}")
    try:
        staged.mkdir()
        files = tuple(_write(staged, name))
        if target.exists():
            target.rmdir()  # it is empty, or this fails
        rename(staged, target)
    except OSError as error:
        if reason := disk_refusal(error):
            raise SpaceError(f"{reason}: {folder} cannot be written", "free some space and try again") from None
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            raise RefusalError(f"{folder} is not empty any more", "name another folder") from None
        raise UsageError(f"{folder}: cannot be written: {error.strerror}", "name a folder in one that exists") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Created(target, name, files)


def _refuse_occupied(target: Path, folder: Path) -> None:
    """Raises when a project cannot be put there without touching what somebody has."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise RefusalError(f"{folder} exists and is no folder", "name a new folder")
    if not target.exists():
        return
    if any(target.iterdir()):
        raise RefusalError(f"{folder} is not empty, and nothing is overwritten", "name a new folder")
    if Path.cwd().resolve().is_relative_to(target.resolve()):
        raise RefusalError(
            f"{folder} is the folder that you are in, and it would be replaced",
            f"go one up: `cd ..`, then `deedbook init {target.name}`",
        )


def _slug(text: str) -> str:
    return _UNSLUGGED.sub("-", text.lower()).strip("-._") or "dataset"


def _write(root: Path, name: str) -> Iterator[str]:
    """Writes every file of a project; yields their paths."""
    known = {"@NAME@": name, "@VERSION@": __version__}
    source = resources.files(__package__)
    for packaged, path in FILES:
        text = (source / "files" / packaged).read_text(encoding="utf-8")
        for token, value in known.items():
            text = text.replace(token, value)
        yield _put(root, path, text.encode())
    for table in sorted((source / "tables").iterdir(), key=lambda item: item.name):
        yield _put(root, f"{_TABLES}/{table.name}", table.read_bytes())
    yield _put(root, f"{_TABLES}/code_values.csv", _reference("code_values.csv").read_bytes())
    descriptor = _descriptor(name, (source / "files" / "datapackage.json").read_text(encoding="utf-8"))
    yield _put(root, f"{_TABLES}/datapackage.json", descriptor.encode())
    for schema in sorted(schemas_root().iterdir(), key=lambda item: item.name):
        if schema.name.endswith((".schema.json", ".py")):
            yield _put(root, f"schemas/{schema.name}", schema.read_bytes())


def _put(root: Path, path: str, content: bytes) -> str:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    sync(file)
    if path in _RUNS:
        file.chmod(0o755)
    return path


def _descriptor(name: str, own: str) -> str:
    """The descriptor of the reference dataset, told anew where it speaks of that dataset."""
    raw: dict[str, Any] = json.loads(_reference("datapackage.json").read_text(encoding="utf-8"))
    said: dict[str, Any] = json.loads(own)
    raw["name"] = name
    for key in _DESCRIBED:
        raw[key] = said[key]
    raw["deedbook"] = {"previous": None}
    return json.dumps(raw, ensure_ascii=False, indent=2) + "\n"


def schemas_root() -> Traversable:
    """The schemas and rules of the reference dataset: those of the checkout, or what the wheel took along."""
    packaged = resources.files("deedbook") / "schemas"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "schemas"


def _reference(file: str) -> Traversable:
    packaged = resources.files(__package__) / "reference" / file
    return packaged if packaged.is_file() else Path(__file__).parents[3] / "datapackage" / file
