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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deedbook.descriptor import Package, load_json, load_package, read_resource
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import nearest
from deedbook.schema import Label, read_schema

CONFIG = "deedbook.toml"
DESCRIPTOR = "datapackage.json"
DESCRIPTORS = (DESCRIPTOR, "datapackage.yaml", "datapackage.yml")
CODE_VALUES = "code_values"
DATASET = "dataset"
"""The rule file of rules across tables."""


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
        table: The one table that is meant, where the project was found by a file of it; empty for all.
    """

    root: Path
    package: Package
    config: Config | None = None
    rule_files: Mapping[str, Path] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] | None = None
    table: str = ""

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


@dataclass(frozen=True, slots=True)
class Reading:
    """How a data file without a descriptor is read.

    Attributes:
        schema: Its Table Schema; without one, the project that it belongs to says what it is.
        name: The table's name; the file's stem when empty.
        delimiter: The delimiter; that of its format when empty.
        encoding: The encoding; UTF-8 when empty.
        sheet: The name or the number of a sheet of a workbook; the first when empty.
    """

    schema: Path | None = None
    name: str = ""
    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""


def load_project(target: Path, reading: Reading | None = None) -> Project:
    """The project that `target` means.

    Args:
        target: A folder with `deedbook.toml`, the descriptor that one names, another folder (its `datapackage.json`),
            a `.json` or `.yaml` descriptor, or a data file.
        reading: How a data file is read; None where only a project or a descriptor will do.

    Raises:
        UsageError: when the target does not exist, or is data that neither a schema nor a project describes.
        ProjectError: when something that it consists of cannot be read.
    """
    if not target.exists():
        raise UsageError(f"{target}: no such file or folder", "name a project folder, a descriptor or a data file")
    if reading is not None and reading.schema is not None:
        return _load_file(target, reading, reading.schema)
    if reading is not None and (reading.delimiter or reading.encoding or reading.sheet):
        raise UsageError(
            "how a file is read is said for a data file with a schema of its own", "add --schema TABLE.schema.json"
        )
    if target.is_dir():
        if (target / CONFIG).is_file():
            return _load_configured(target)
        found = [target / name for name in DESCRIPTORS if (target / name).is_file()]
        if not found:
            raise ProjectError(
                f"{target}: there is neither {CONFIG} nor {DESCRIPTOR}", "run `deedbook init` or name the descriptor"
            )
        return _finish(Project(target, load_package(found[0])))
    if (owner := _owner_of(target)) is not None and (reading or not owner.table):
        return owner
    if target.suffix in {".json", ".yaml", ".yml"}:
        return _finish(Project(target.parent, load_package(target)))
    raise UsageError(
        f"{target}: a data file needs a schema, and no project or datapackage.json above it has this file as a table",
        "add --schema TABLE.schema.json",
    )


def _load_file(target: Path, reading: Reading, schema: Path) -> Project:
    """A project of one data file; foreign keys that refer to other tables are kept, and cannot be looked up."""
    table = read_schema(load_json(schema, "schema"), str(schema))
    sheet = int(reading.sheet) if reading.sheet.isdecimal() else reading.sheet
    dialect = {
        **({"delimiter": reading.delimiter} if reading.delimiter else {}),
        **({"sheetNumber" if isinstance(sheet, int) else "sheetName": sheet} if sheet else {}),
    }
    like = {
        "name": reading.name or target.name.split(".")[0] or "table",
        "path": f"table{''.join(target.suffixes)}",
        **({"encoding": reading.encoding} if reading.encoding else {}),
        **({"dialect": dialect} if dialect else {}),
    }
    resource = replace(
        read_resource(like, target.parent, where=str(target)),
        paths=(target.name,),
        files=(target,),
        schema=table,
        schema_source=str(schema),
    )
    return Project(target.parent, Package(root=target.parent, path=None, resources=(resource,)))


def _owner_of(file: Path) -> Project | None:
    """The project that names a descriptor, or has a file as one of its tables: the nearest above it."""
    resolved = file.resolve()
    configured = next((folder for folder in resolved.parents if (folder / CONFIG).is_file()), None)
    if configured is not None:
        descriptor = configured / _descriptor_of(configured, read_config(configured / CONFIG))
        if descriptor.resolve() == resolved:
            return _load_configured(configured)
        if file.suffix in {".json", ".yaml", ".yml"} and resolved.name in DESCRIPTORS:
            return None
    described = next(
        (folder / name for folder in resolved.parents for name in DESCRIPTORS if (folder / name).is_file()), None
    )
    candidates: list[Callable[[], Project]] = []
    if configured is not None and descriptor.is_file():
        candidates.append(lambda: _load_configured(configured))
    if described is not None and described != resolved:
        candidates.append(lambda: _finish(Project(described.parent, load_package(described))))
    for load in candidates:
        project = load()
        for resource in project.package.resources:
            if resolved in {item.resolve() for item in resource.files}:
                return replace(project, table=resource.name)
    return None


def _descriptor_of(root: Path, config: Config) -> str:
    """The descriptor that a `deedbook.toml` names, or where it names none, the one that is there."""
    if "package" in config.raw:
        return config.package
    places = (config.package, *DESCRIPTORS)
    return next((name for name in places if (root / name).is_file()), config.package)


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


def _load_configured(root: Path) -> Project:
    config = read_config(root / CONFIG)
    descriptor = root / _descriptor_of(root, config)
    if not descriptor.is_file():
        raise ProjectError(f"{descriptor}: there is no such descriptor", f"correct `package` in {root / CONFIG}")
    schemas = root / config.schemas
    package = load_package(descriptor, schemas=schemas)
    names = [*(resource.name for resource in package.resources), DATASET]
    rules = {name: file for name in names if (file := schemas / f"{name}.py").is_file()}
    _refuse_strays(root, schemas, package)
    return _finish(Project(root, package, config, MappingProxyType(rules)))


def _refuse_strays(root: Path, schemas: Path, package: Package) -> None:
    """Raises for a file of schemas or rules that has no effect: it belongs to no table, or its table has a schema of its own.

    The schema of a view belongs to the rules across tables, which name the view. In a folder that also holds other things (the root, or
    that of the tables) only what is called nearly like a table is one.
    """
    if not schemas.is_dir():
        return
    tables = {item.name: item for item in package.resources}
    used = {item.schema_source for item in package.resources}
    rules = schemas / f"{DATASET}.py"
    across = rules.read_text(encoding="utf-8", errors="replace") if rules.is_file() else ""
    is_shared = schemas.resolve() in {root.resolve(), package.root.resolve()}
    for file in sorted(schemas.iterdir()):
        is_schema = file.name.endswith(".schema.json")
        name = file.name.removesuffix(".schema.json") if is_schema else file.stem
        if not (is_schema or file.suffix == ".py") or name.startswith(("_", ".")) or name == "conftest":
            continue
        if is_schema and name in tables and "schema" in tables[name].raw and str(file) not in used:
            message = f"{file}: has no effect, because the table `{name}` has a `schema` in {package.path}"
            raise ProjectError(message, "delete one of the two")
        is_rules_across = name == DATASET and not is_schema
        if name in tables or is_rules_across or str(file) in used or (is_schema and _names_view(across, name)):
            continue
        if close := nearest(name, tables, "" if is_shared else f"the tables are {', '.join(tables)}"):
            raise ProjectError(f"{file}: there is no table `{name}`", close)


def _names_view(rules: str, name: str) -> bool:
    """Whether the rules across tables derive something and name that view, or leave deriving to a function from elsewhere."""
    return "derive" in rules and (f'"{name}"' in rules or f"'{name}'" in rules or "def derive" not in rules)


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
