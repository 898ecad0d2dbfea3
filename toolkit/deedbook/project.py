"""A dataset project: its root, `deedbook.toml`, descriptor, schemas, rule files, waivers and corrections.

    ROOT/deedbook.toml              package, schemas, dist, [thresholds], [targets.NAME]
    ROOT/datapackage/               datapackage.json, one CSV per table, waivers.csv, corrections.csv, CHANGES.md
    ROOT/schemas/TABLE.schema.json  Table Schema of a table whose resource carries none
    ROOT/schemas/TABLE.py           its pandera rules; dataset.py: rules across tables and what releases derive

A folder without `deedbook.toml` but with a `datapackage.json` is a project without rules, as is a single descriptor.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deedbook.descriptor import Package, load_json, load_package, read_resource
from deedbook.errors import ProjectError, UsageError
from deedbook.schema import Label, read_schema

CONFIG = "deedbook.toml"
DESCRIPTOR = "datapackage.json"
DESCRIPTORS = (DESCRIPTOR, "datapackage.yaml", "datapackage.yml")
CODE_VALUES = "code_values"


@dataclass(frozen=True, slots=True)
class Config:
    """What `deedbook.toml` says; the defaults are those of a project that `init` writes."""

    package: str = "datapackage/datapackage.json"
    schemas: str = "schemas"
    dist: str = "dist"
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A maintainer's acceptance of one warning at one key; `row` is its record number in `waivers.csv`."""

    rule: str
    table: str
    key: str
    field: str
    reason: str
    by: str
    expires: str
    row: int


@dataclass(frozen=True, slots=True)
class Project:
    """Everything a validation or a build reads, loaded but for the tables themselves.

    Attributes:
        root: The folder that contains `deedbook.toml`, or the descriptor's folder.
        config: None when there is no `deedbook.toml`.
        rule_files: `TABLE.py` by table, and `dataset` for the rules across tables; they are not yet executed.
        waivers: None when the package has no `waivers.csv`.
    """

    root: Path
    package: Package
    config: Config | None = None
    rule_files: Mapping[str, Path] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] | None = None

    @property
    def is_here(self) -> bool:
        """Whether the working folder lies in the project: its rule files are code, and run unasked only where one works on it."""
        return Path.cwd().resolve().is_relative_to(self.root.resolve())

    @property
    def schemas(self) -> Path | None:
        """The folder of the project's schemas and rules."""
        return self.root / self.config.schemas if self.config else None

    @property
    def dist(self) -> Path:
        """Where releases are built."""
        return self.root / (self.config.dist if self.config else "dist")

    @property
    def release_folders(self) -> tuple[Path, ...]:
        """Where releases stand as `NAME/VERSION/`: what was built, then what was published into a folder."""
        targets = self.config.raw.get("targets") if self.config else None
        known = targets.values() if isinstance(targets, Mapping) else ()
        paths = [one.get("path") for one in known if isinstance(one, Mapping) and one.get("type") == "directory"]
        return self.dist, *(self.root / path for path in paths if isinstance(path, str))


def load_project(target: Path, *, schema: Path | None = None, name: str = "") -> Project:
    """The project that `target` means.

    Args:
        target: A folder with `deedbook.toml`, the descriptor that one names, another folder (its `datapackage.json`),
            a `.json` or `.yaml` descriptor, or a data file.
        schema: The Table Schema of a data file.
        name: The table's name for a data file; its stem when empty.

    Raises:
        UsageError: when the target does not exist, or is data without a schema.
        ProjectError: when something that it consists of cannot be read.
    """
    if not target.exists():
        raise UsageError(f"{target}: no such file or folder", "name a project folder, a descriptor or a data file")
    if target.is_dir():
        if (target / CONFIG).is_file():
            return _load_configured(target)
        found = [target / name for name in DESCRIPTORS if (target / name).is_file()]
        if not found:
            raise ProjectError(
                f"{target}: there is neither {CONFIG} nor {DESCRIPTOR}", "run `deedbook init` or name the descriptor"
            )
        return _finish(Project(target, load_package(found[0])))
    if target.suffix in {".json", ".yaml", ".yml"} and schema is None:
        owner = _owning_root(target)
        return _load_configured(owner) if owner else _finish(Project(target.parent, load_package(target)))
    if schema is None:
        raise UsageError(f"{target}: a data file needs a schema", "add --schema TABLE.schema.json")
    table = read_schema(load_json(schema, "schema"), str(schema))
    like = {"name": name or target.name.split(".")[0] or "table", "path": f"table{''.join(target.suffixes)}"}
    resource = replace(
        read_resource(like, target.parent, where=str(target)),
        paths=(target.name,),
        files=(target,),
        schema=table,
        schema_source=str(schema),
    )
    return Project(target.parent, Package(root=target.parent, path=None, resources=(resource,)))


def read_config(path: Path) -> Config:
    """What `deedbook.toml` says.

    Raises:
        ProjectError: when it is not TOML or a setting has the wrong type.
    """
    import tomllib  # a descriptor without a project needs none

    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read: {error}", "correct the file") from None
    for key in ("package", "schemas", "dist"):
        if not isinstance(raw.get(key, ""), str):
            raise ProjectError(f"{path}: `{key}` is a path in quotes")
    known = Config()
    return Config(
        package=raw.get("package", known.package),
        schemas=raw.get("schemas", known.schemas),
        dist=raw.get("dist", known.dist),
        raw=MappingProxyType(raw),
    )


def _owning_root(descriptor: Path) -> Path | None:
    """The project folder whose `deedbook.toml` names this descriptor."""
    resolved = descriptor.resolve()
    for folder in resolved.parents:
        config = folder / CONFIG
        if config.is_file():
            return folder if (folder / read_config(config).package).resolve() == resolved else None
    return None


def _load_configured(root: Path) -> Project:
    config = read_config(root / CONFIG)
    descriptor = root / config.package
    if not descriptor.is_file():
        raise ProjectError(f"{descriptor}: there is no such descriptor", f"correct `package` in {root / CONFIG}")
    schemas = root / config.schemas
    package = load_package(descriptor, schemas=schemas)
    names = [*(resource.name for resource in package.resources), "dataset"]
    rules = {name: file for name in names if (file := schemas / f"{name}.py").is_file()}
    return _finish(Project(root, package, config, MappingProxyType(rules)))


def _finish(project: Project) -> Project:
    """The project with categories filled from its code list and its waivers read."""
    package = project.package
    lists = read_code_lists(package)
    resources = tuple(
        replace(item, schema=item.schema.with_categories(lists)) if item.schema else item for item in package.resources
    )
    return replace(
        project, package=replace(package, resources=resources), waivers=_read_waivers(package.root / "waivers.csv")
    )


def read_code_lists(package: Package) -> dict[str, list[Label]]:
    """Code lists of the table `code_values` by name, in the order of `position` where it has one.

    Empty when the package has no such table or it cannot be read yet.
    """
    lists: dict[str, list[tuple[float, Label]]] = {}
    for resource in package.resources:
        if resource.name == CODE_VALUES and resource.files:
            for row in _read_rows(resource.files[0]):
                position = (row.get("position") or "").strip()
                place = float(position) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", position) else float("inf")
                label = Label(row.get("code") or "", row.get("label_en") or "")
                lists.setdefault(row.get("list") or "", []).append((place, label))
    return {name: [label for _, label in sorted(rows, key=lambda row: row[0])] for name, rows in lists.items()}


def _read_waivers(path: Path) -> tuple[Waiver, ...] | None:
    if not path.is_file():
        return None
    columns = ("rule", "table", "key", "field", "reason", "by", "expires")
    rows = _read_rows(path)
    if rows and (missing := [name for name in columns if name not in rows[0]]):
        raise ProjectError(f"{path}: the column {missing[0]!r} is missing", f"its header is {','.join(columns)}")
    return tuple(
        Waiver(**{name: row[name] or "" for name in columns}, row=number) for number, row in enumerate(rows, start=2)
    )


def _read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a small CSV file; unreadable bytes are replaced, since validation names them properly."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, csv.Error):
        return []
