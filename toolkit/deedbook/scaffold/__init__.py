"""What `deedbook init` writes: a dataset project that passes `validate` and `build` as it is.

    deedbook.toml                    where things are, thresholds, a target of each type as a comment
    datapackage/datapackage.json     the descriptor, version 0.1.0, the first release planned
    datapackage/TABLE.csv            a sample of the reference dataset, to be replaced; `code_values.csv` is whole
    datapackage/waivers.csv  corrections.csv  CHANGES.md  LICENSE
    schemas/TABLE.schema.json  TABLE.py  dataset.py    what cells, keys and rows must satisfy
    schemas/tests/TABLE.csv          cases of that, which `deedbook test` runs: an example, where the model has one
    ci/dataset.sh                    what CI does, in plain shell: check a change, publish a release
    .github/workflows/validate.yml   on a pull request, without secrets
    .github/workflows/publish.yml    on a tag such as v1.2.0
    .gitlab-ci.yml                   the same for GitLab
    .pre-commit-config.yaml          tidies and validates before a commit
    requirements.in                  the version of deedbook
    requirements.txt                 that, and everything below it, by hash, as CI installs it; `ci/dataset.sh lock` writes it
    README.md  .gitignore  .gitattributes
    CODEBOOK.md                      of another model than `alignment`, which also has its own tables and schemas

Where it is made from files that exist, those are its tables, with the schemas that `deedbook.drafts` makes for them.

`files/` and `tables/` hold them; code list and descriptor are those of the reference dataset, which the wheel takes along
as `reference/`, or what a folder of `deedbook.models` has. A new project is written beside its place and renamed once.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deedbook import __version__, files, models
from deedbook.errors import RefusalError, UsageError
from deedbook.models import ALIGNMENT
from deedbook.names import name_problem

if TYPE_CHECKING:  # polars takes longer to import than a project to make
    from deedbook.drafts import Draft

_HERE = resources.files(__package__)
FILES: Mapping[str, str] = json.loads((_HERE / "places.json").read_bytes())
"""The files of `files/`, and what they become."""
_BESIDE = frozenset({"waivers.csv", "corrections.csv"})
"""What stands beside the tables of any model."""
CASES = "tests"
"""The folder of cases beside the schemas."""
_UNSLUGGED = re.compile(r"[^a-z0-9._-]+")
_DESCRIBED = ("title", "description", "version", "contributors", "sources", "keywords")


@dataclass(frozen=True, slots=True)
class Created:
    """A new project: its folder, the name of its dataset, and its files relative to the folder."""

    folder: Path
    name: str
    files: tuple[str, ...]


def create(
    folder: Path,
    *,
    name: str = "",
    model: str = ALIGNMENT,
    draft: Draft | None = None,
    said: Mapping[str, Any] = MappingProxyType({}),
    fill: Callable[[Path], object] = lambda _: None,
) -> Created:
    """A dataset project at `folder`, complete or not there.

    Args:
        folder: A folder that does not exist yet, or an empty one.
        name: The name of the dataset; made from that of the folder when empty.
        model: Whose tables, schemas and rules it has.
        draft: Files that exist, in place of a model.
        said: What the descriptor says, in place of what it would.
        fill: Puts other rows and files into the new project, before it is at its place.

    Raises:
        RefusalError: when there is something already.
        UsageError: when the name is none, or the folder cannot be written.
        SpaceError: when the disk is full.
    """
    target = folder.absolute()
    name = name or _UNSLUGGED.sub("-", target.name.lower()).strip("-._") or "dataset"
    if problem := name_problem(name) or ("has capital letters" if name != name.lower() else ""):
        hint = "use small letters, digits, `.`, `_` and `-`"
        raise UsageError(f"{name!r} is no name of a dataset: it {problem}", hint)
    _demand_free(target, folder)
    staged = target.with_name(f".{target.name}.init-{os.getpid()}")
    try:
        with files.explained_disk(f"{folder} cannot be written"), files.new_folder(target, staged) as root:
            contents = dict(contents_of(name, model, said, draft))
            for path, content in contents.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content)
            (root / FILES["dataset.sh"]).chmod(0o755)
            fill(root)
            if target.exists():
                target.rmdir()  # it is empty, or this fails
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            raise RefusalError(f"{folder} is not empty any more", "name another folder") from None
        raise UsageError(f"{folder}: cannot be written: {error.strerror}", "name a folder in one that exists") from None
    return Created(target, name, tuple(contents))


def _demand_free(target: Path, folder: Path) -> None:
    """Raises when a project cannot be put there without touching what somebody has."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise RefusalError(f"{folder} exists and is no folder", "name a new folder")
    if target.exists() and any(target.iterdir()):
        raise RefusalError(f"{folder} is not empty, and nothing is overwritten", "name a new folder")
    if target.exists() and Path.cwd().resolve().is_relative_to(target.resolve()):
        message = f"{folder} is the folder that you are in, and it would be replaced"
        raise RefusalError(message, f"go one up: `cd ..`, then `deedbook init {target.name}`")


def contents_of(
    name: str, model: str, said: Mapping[str, Any] = MappingProxyType({}), draft: Draft | None = None
) -> Iterator[tuple[str, bytes]]:
    """The path and the content of every file of a project, whose descriptor has what is said."""
    for packaged, path in FILES.items():
        text = (_HERE / "files" / packaged).read_bytes()
        yield path, text.replace(b"@NAME@", name.encode()).replace(b"@VERSION@", __version__.encode())
    raw: dict[str, Any] = json.loads(_packaged("scaffold/reference/datapackage.json", "datapackage").read_bytes())
    own = json.loads((_HERE / "files" / "datapackage.json").read_bytes())
    raw |= dict(zip(_DESCRIBED, map(own.__getitem__, _DESCRIBED), strict=True))
    schemas, tables = [*_packaged("schemas", ".").iterdir()], [*(_HERE / "tables").iterdir()]
    beside = [item for item in tables if item.name in _BESIDE]
    if draft is not None:
        schemas, tables = [], beside
        for sample in ("description", "keywords", "sources"):  # what they say is not true of other files
            del raw[sample]
        raw |= {"title": name, "deedbook": {}, "resources": [dict(table.raw) for table in draft.tables]}
        yield from draft.project_files()
    elif model == ALIGNMENT:
        tables.append(_packaged("scaffold/reference/code_values.csv", "datapackage"))
    else:
        folder = models.folder_of(model)
        raw |= {"deedbook": {}, **json.loads((folder / "datapackage.json").read_bytes())}
        schemas, tables = [*(folder / "schemas").iterdir()], [*beside, *folder.glob("*.csv")]
        yield "CODEBOOK.md", (folder / "CODEBOOK.md").read_bytes()
    for table in sorted(tables, key=lambda item: item.name):
        yield f"datapackage/{table.name}", table.read_bytes()
    raw |= {"name": name, "deedbook": {**raw["deedbook"], "previous": None}, **said}
    yield "datapackage/datapackage.json", files.json_document(raw).encode()
    for schema in sorted(schemas, key=lambda item: item.name):
        if schema.name.endswith((".schema.json", ".py", ".rules.toml")):
            yield f"schemas/{schema.name}", schema.read_bytes()
    for cases in (item for item in schemas if item.name == CASES and item.is_dir()):
        for case in sorted(cases.iterdir(), key=lambda item: item.name):
            yield f"schemas/{CASES}/{case.name}", case.read_bytes()


def _packaged(path: str, folder: str) -> Traversable:
    """What the wheel took along of the reference dataset, or the file of that name in a folder of the checkout."""
    packaged = resources.files("deedbook") / path
    name = path.rpartition("/")[2]
    return packaged if packaged.is_file() or packaged.is_dir() else Path(__file__).parents[3] / folder / name
