"""A dataset project: its root, `deedbook.toml`, descriptor, schemas, rule files, waivers and corrections.

    ROOT/deedbook.toml              package, schemas, dist, [thresholds], [targets.NAME]
    ROOT/datapackage/               datapackage.json, one CSV per table, waivers.csv, corrections.csv, CHANGES.md
    ROOT/schemas/TABLE.schema.json  Table Schema of a table whose resource carries none
    ROOT/schemas/TABLE.py           its pandera rules, or TABLE.rules.toml; dataset.py: rules across tables and what releases derive

A folder without `deedbook.toml` but with a `datapackage.json` is a project without rules, as is a single descriptor.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from deedbook.descriptor import Package, load_json, load_package, read_resource
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import NotChecked, nearest
from deedbook.names import alike, name_problem, table_problem
from deedbook.schema import Label, read_schema

if TYPE_CHECKING:
    import polars as pl

CONFIG = "deedbook.toml"
DESCRIPTOR = "datapackage.json"
DESCRIPTORS = (DESCRIPTOR, "datapackage.yaml", "datapackage.yml")
_DESCRIPTOR_SUFFIXES = {".json", ".yaml", ".yml"}
CODE_VALUES = "code_values"
DECLARED = ".rules.toml"
"""How the name of a file of rules ends that are declared, not programmed."""
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

    @property
    def has_releases(self) -> bool:
        """Whether anything was built or published into a folder."""
        return any((folder / self.package.name).is_dir() for folder in self.release_folders)

    def refuse_strays(self, schemas: Path) -> None:
        """Proves that every file of schemas or rules has an effect.

        The schema of a view belongs to the rules across tables, which name the view. In a folder that also holds other things (the
        root, or that of the tables) only what is called nearly like a table is one.

        Raises:
            ProjectError: for one that belongs to no table, or whose table has a schema of its own.
        """
        tables = {item.name: item.raw for item in self.package.resources}
        used = {str(schemas / "conftest.py"), *map(attrgetter("schema_source"), self.package.resources)}
        is_shared = schemas.resolve() in {self.root.resolve(), self.package.root.resolve()}
        otherwise = "" if is_shared else f"the tables are {', '.join(tables)}"
        files = chain.from_iterable(map(schemas.glob, ("[!_.]*.schema.json", "[!_.]*.py", f"[!_.]*{DECLARED}")))
        for file in map(Path, sorted(set(map(str, files)) - used)):
            name, is_schema = _table_of(file), file.suffix == ".json"
            if is_schema and "schema" in tables.get(name, ()):
                message = f"{file}: has no effect, because the table `{name}` has a `schema` in {self.package.path}"
                raise ProjectError(message, "delete one of the two")
            is_known = self.derives(name) if is_schema else name == DATASET
            close = nearest(name, tables, otherwise)
            if close and not (is_known or name in tables):
                raise ProjectError(f"{file}: there is no table `{name}`", close)

    def derives(self, name: str) -> bool:
        """Whether the rules across tables derive something and name that view, or leave deriving to a function from elsewhere."""
        file = self.rule_files.get(DATASET)
        rules = file.read_text(encoding="utf-8", errors="replace") if file else ""
        if file and file.name.endswith(DECLARED):
            return f"[{name}]" in rules
        return "derive" in rules and (f'"{name}"' in rules or f"'{name}'" in rules or "def derive" not in rules)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a data file without a descriptor is read.

    Attributes:
        schema: Its Table Schema; without one, the project that it belongs to says what it is.
        name: The table's name; the file's stem when empty.
        delimiter: The delimiter; that of its format when empty.
        encoding: The encoding; UTF-8 when empty.
        sheet: The name or the number of a sheet of a workbook; the first when empty.
        model: A folder with a descriptor and `schemas/`, in place of a schema: the file is its table of that name, else its first.
    """

    schema: Path | None = None
    name: str = ""
    delimiter: str = ""
    encoding: str = ""
    sheet: str = ""
    model: Path | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it says what the file holds, so that no project has to."""
        return self.schema is not None or self.model is not None

    @property
    def dialect(self) -> dict[str, Any]:
        """What it says of the dialect."""
        sheet = {"sheetNumber": int(self.sheet)} if self.sheet.isdecimal() else {"sheetName": self.sheet}
        return {name: value for name, value in {"delimiter": self.delimiter, **sheet}.items() if value}


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
    given = reading or Reading()
    if given.is_whole:
        return _load_file(target, given)
    if given != Reading(name=given.name):
        message = "how a file is read is said for a data file with a schema of its own"
        raise UsageError(message, "add --schema TABLE.schema.json")
    if target.is_dir():
        return _load_folder(target)
    if (owner := _owner_of(target)) is not None and (reading or not owner.table):
        return owner
    if target.suffix in _DESCRIPTOR_SUFFIXES:
        return _finish(Project(target.parent, load_package(target)))
    raise UsageError(
        f"{target}: a data file needs a schema, and no project or datapackage.json above it has this file as a table",
        "add --schema TABLE.schema.json",
    )


def _load_folder(root: Path) -> Project:
    """The project in a folder: that of its `deedbook.toml`, or else of its descriptor. See `load_project`."""
    if (root / CONFIG).is_file():
        return _load_configured(root)
    if (found := _descriptor_in(root)) is None:
        message = f"{root}: there is neither {CONFIG} nor {DESCRIPTOR}"
        raise ProjectError(message, "run `deedbook init` or name the descriptor")
    return _finish(Project(root, load_package(found)))


def _load_file(target: Path, reading: Reading) -> Project:
    """A project of one data file; foreign keys that refer to other tables are kept, and cannot be looked up. See `load_project`."""
    name = reading.name or target.name.split(".")[0] or "table"
    like: dict[str, Any] = {"name": name}
    rules = {}
    if reading.model is not None:
        schemas = reading.model / "schemas"
        tables = {item.name: item for item in load_package(reading.model / DESCRIPTOR, schemas=schemas).resources}
        if reading.name and name not in tables:
            raise UsageError(f"the model has no table `{name}`", nearest(name, tables, f"it has {', '.join(tables)}"))
        model = tables.get(name) or next(iter(tables.values()))
        like, table, source = dict(model.raw), model.schema, model.schema_source
        rules = _rules_in(schemas, [model.name])
    else:
        source = str(reading.schema)
        table = read_schema(load_json(Path(source), "schema"), source)
    like |= {
        "path": f"table{''.join(target.suffixes)}",
        "encoding": reading.encoding or like.get("encoding", "utf-8"),
        "dialect": like.get("dialect", {}) | reading.dialect,
    }
    resource = read_resource(like, target.parent, where=str(target))
    resource = replace(resource, paths=(target.name,), files=(target,), schema=table, schema_source=source)
    return Project(target.parent, Package(root=target.parent, path=None, resources=(resource,)), rule_files=rules)


def _owner_of(file: Path) -> Project | None:
    """The project that names a descriptor, or has a file as one of its tables: the nearest above it."""
    resolved = file.resolve()
    for project in _projects_above(resolved):
        if project.config and project.package.path and project.package.path.resolve() == resolved:
            return project
        for resource in project.package.resources:
            if resolved in {item.resolve() for item in resource.files}:
                return replace(project, table=resource.name)
    return None


def _projects_above(file: Path) -> Iterator[Project]:
    """The nearest project with a `deedbook.toml`, then the nearest descriptor; each is loaded when it is asked for."""
    configured = next((folder for folder in file.parents if (folder / CONFIG).is_file()), None)
    if configured is not None:
        _, descriptor = _read_config(configured)
        if file.name in DESCRIPTORS and descriptor.resolve() != file:
            return  # a package of its own
        if descriptor.is_file():
            yield _load_configured(configured)
    described = next(filter(None, map(_descriptor_in, file.parents)), None)
    if described is not None and described != file:
        yield _finish(Project(described.parent, load_package(described)))


def _descriptor_in(folder: Path) -> Path | None:
    return next((folder / name for name in DESCRIPTORS if (folder / name).is_file()), None)


def _read_config(root: Path) -> tuple[Config, Path]:
    """What `deedbook.toml` says, and the descriptor that it names, or where it names none, the one that is there.

    Raises:
        ProjectError: when it is not TOML or a setting has the wrong type.
    """
    import tomllib  # a descriptor without a project needs none

    path = root / CONFIG
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read: {error}", "correct the file") from None
    own = {key: raw[key] for key in ("package", "schemas", "dist") if key in raw}
    for key, value in own.items():
        if not isinstance(value, str):
            raise ProjectError(f"{path}: `{key}` is a path in quotes")
    config = Config(**own, raw=MappingProxyType(raw))
    places = [root / name for name in (config.package, *(() if "package" in raw else DESCRIPTORS))]
    return config, next(filter(Path.is_file, places), places[0])


def _load_configured(root: Path) -> Project:
    config, descriptor = _read_config(root)
    if not descriptor.is_file():
        raise ProjectError(f"{descriptor}: there is no such descriptor", f"correct `package` in {root / CONFIG}")
    schemas = root / config.schemas
    package = load_package(descriptor, schemas=schemas)
    names = [*(resource.name for resource in package.resources), DATASET]
    rules = _rules_in(schemas, names)
    project = Project(root, package, config, MappingProxyType(rules))
    project.refuse_strays(schemas)
    return _finish(project)


def _rules_in(schemas: Path, names: Iterable[str]) -> dict[str, Path]:
    """The file of rules of every table that has one, and the one of rules across tables, which is Python."""
    found: dict[str, Path] = {}
    for file in (schemas / f"{name}{suffix}" for name in names for suffix in (".py", DECLARED)):
        name = _table_of(file)
        if file.is_file() and found.setdefault(name, file) != file:
            raise ProjectError(f"{file}: the table `{name}` has rules in {found[name].name} too", "keep one of the two")
    return found


def _table_of(file: Path) -> str:
    """The table that a file of schemas or rules is about, by its name."""
    return file.name.removesuffix(".py").removesuffix(DECLARED).removesuffix(".schema.json")


def _finish(project: Project) -> Project:
    """The project with categories filled from its code list and its waivers read."""
    package, lists = project.package, read_code_lists(project.package)
    resources = (
        replace(item, schema=item.schema.with_categories(lists)) if item.schema else item for item in package.resources
    )
    package = replace(package, resources=tuple(resources))
    return replace(project, package=package, waivers=_read_waivers(package.root / "waivers.csv"))


def read_code_lists(package: Package) -> dict[str, list[Label]]:
    """Code lists of the table `code_values` by name, in the order of `position` where it has one.

    Empty when the package has no such table or it cannot be read yet.
    """
    files = [item.files[0] for item in package.resources if item.name == CODE_VALUES and item.files]
    lists: dict[str, list[Label]] = {}
    for row in sorted((row for file in files for row in _read_rows(file)), key=_position):
        lists.setdefault(row.get("list") or "", []).append(Label(row.get("code") or "", row.get("label_en") or ""))
    return lists


def _position(row: Mapping[str, Any]) -> float:
    text = (row.get("position") or "").strip()
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else float("inf")


def _read_waivers(path: Path) -> tuple[Waiver, ...] | None:
    """The waivers of a file; None when there is none.

    Raises:
        ProjectError: when it lacks a column.
    """
    if not path.is_file():
        return None
    columns = [item.name for item in fields(Waiver)][:-1]
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


def read_tables(path: Path | str) -> dict[str, pl.DataFrame]:
    """The tables of a project by name as typed frames, which its rule files can be run on by pandera itself.

    A frame has a column for each field, in the order of the schema: ids and codes as text, numbers, dates, moments in UTC; a missing
    value is null. A table without a schema has the columns of its file, as text.

    Args:
        path: The project's folder, its descriptor, or the file of one table, which then is the only one.

    Raises:
        UsageError: when there is no such file or project.
        ProjectError: when a table cannot be read, or a text in it is no value of its field.
    """
    from deedbook.reading.tables import read_typed  # only here polars is needed

    project = load_project(Path(path), Reading())
    tables = (item for item in project.package.resources if item.is_table and project.table in {"", item.name})
    return {item.name: read_typed(item) for item in tables}


def demand_names(package: Package) -> None:
    """Proves that a release can have the names of the dataset and its tables: they become names of files on every system.

    Raises:
        ProjectError: for the first that it cannot have.
    """
    where = package.path or package.root
    if problem := name_problem(package.name):
        message = f"{where}: a release needs a name, and {package.name!r} {problem}"
        raise ProjectError(message, 'add "name": "my-dataset"')
    tables = [resource.name for resource in package.resources]
    for name in tables:
        if problem := table_problem(name):
            message = f"{where}: the table name {name!r} {problem}, and it becomes a file name in a release"
            raise ProjectError(message, "use letters, digits, `.`, `_` and `-`, a letter or digit first")
    if twins := alike(tables):
        raise ProjectError(f"{where}: two tables are named `{twins[1]}` but for case", "rename one")


def unlisted_codes(project: Project) -> Iterator[NotChecked]:
    """The code lists that fields name and that a package without a project does not bring along.

    Raises:
        ProjectError: for a list that there is not, with the nearest name.
    """
    lists = read_code_lists(project.package)
    has_table = any(item.name == CODE_VALUES for item in project.package.resources)
    if has_table and not lists:
        return  # where the table of codes cannot be read, that is what is said
    for resource, item in project.package.fields():
        if item.categories or item.code_list in {"", *lists}:
            continue
        if has_table or project.config is not None:
            known = f"{nearest(item.code_list, lists)} the lists are {', '.join(sorted(lists))}".strip()
            hint = known if lists else f"add a table `{CODE_VALUES}` with the columns list, code and label_en"
            raise ProjectError(f"`{resource.name}`.{item.name}: there is no code list `{item.code_list}`", hint)
        reason = f"there is no table `{CODE_VALUES}` with the list `{item.code_list}`"
        yield NotChecked(resource.name, "codeList", reason, item.name)
