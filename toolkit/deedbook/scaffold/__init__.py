"""What `deedbook init` writes: a dataset project that passes `validate` and `build` as it is.

    deedbook.toml                    where things are, thresholds, a target of each type as a comment
    datapackage/datapackage.json     the descriptor, version 0.1.0, the first release planned
    datapackage/TABLE.csv            a sample of the reference dataset, to be replaced; `code_values.csv` is whole
    datapackage/waivers.csv  corrections.csv  CHANGES.md  LICENSE
    schemas/TABLE.schema.json  TABLE.py  dataset.py    what cells, keys and rows must satisfy
    ci/dataset.sh                    what CI does, in plain shell: check a change, publish a release
    .github/workflows/validate.yml   on a pull request, without secrets
    .github/workflows/publish.yml    on a tag such as v1.2.0
    .gitlab-ci.yml                   the same for GitLab
    .pre-commit-config.yaml          tidies and validates before a commit
    requirements.in                  the version of deedbook
    requirements.txt                 that, and everything below it, by hash, as CI installs it; `ci/dataset.sh lock` writes it
    README.md  .gitignore  .gitattributes

`files/` and `tables/` hold them; code list and descriptor are those of the reference dataset, which the wheel takes along
as `reference/`. A new project is written beside its place and renamed once.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from deedbook import __version__, files
from deedbook.errors import RefusalError, UsageError
from deedbook.names import name_problem

FILES = (
    ("deedbook.toml", "deedbook.toml"),
    ("README.md", "README.md"),
    ("requirements.in", "requirements.in"),
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
    name = name or _UNSLUGGED.sub("-", target.name.lower()).strip("-._") or "dataset"
    if problem := name_problem(name) or ("has capital letters" if name != name.lower() else ""):
        raise UsageError(
            f"{name!r} is no name of a dataset: it {problem}", "use small letters, digits, `.`, `_` and `-`"
        )
    _demand_free(target, folder)
    staged = target.with_name(f".{target.name}.init-{os.getpid()}")
    try:
        with files.explained_disk(f"{folder} cannot be written"), files.new_folder(target, staged) as root:
            written = tuple(_write(root, name))
            if target.exists():
                target.rmdir()  # it is empty, or this fails
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            raise RefusalError(f"{folder} is not empty any more", "name another folder") from None
        raise UsageError(f"{folder}: cannot be written: {error.strerror}", "name a folder in one that exists") from None
    return Created(target, name, written)


def _demand_free(target: Path, folder: Path) -> None:
    """Raises when a project cannot be put there without touching what somebody has."""
    if not target.is_dir() or target.is_symlink():
        if target.is_symlink() or target.exists():
            raise RefusalError(f"{folder} exists and is no folder", "name a new folder")
        return
    if any(target.iterdir()):
        raise RefusalError(f"{folder} is not empty, and nothing is overwritten", "name a new folder")
    if Path.cwd().resolve().is_relative_to(target.resolve()):
        raise RefusalError(
            f"{folder} is the folder that you are in, and it would be replaced",
            f"go one up: `cd ..`, then `deedbook init {target.name}`",
        )


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
    raw: dict[str, Any] = json.loads(_reference("datapackage.json").read_bytes())
    own = json.loads((source / "files" / "datapackage.json").read_bytes())
    raw |= {"name": name, **{key: own[key] for key in _DESCRIBED}, "deedbook": {"previous": None}}
    descriptor = json.dumps(raw, ensure_ascii=False, indent=2) + "\n"
    yield _put(root, f"{_TABLES}/datapackage.json", descriptor.encode())
    for schema in sorted(schemas_root().iterdir(), key=lambda item: item.name):
        if schema.name.endswith((".schema.json", ".py")):
            yield _put(root, f"schemas/{schema.name}", schema.read_bytes())


def _put(root: Path, path: str, content: bytes) -> str:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    files.sync(file)
    if path in _RUNS:
        file.chmod(0o755)
    return path


def schemas_root() -> Traversable:
    """The schemas and rules of the reference dataset: those of the checkout, or what the wheel took along."""
    packaged = resources.files("deedbook") / "schemas"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "schemas"


def _reference(file: str) -> Traversable:
    packaged = resources.files(__package__) / "reference" / file
    return packaged if packaged.is_file() else Path(__file__).parents[3] / "datapackage" / file
