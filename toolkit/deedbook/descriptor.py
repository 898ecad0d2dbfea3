"""A Data Package descriptor (v1 and v2, JSON or YAML) as typed, immutable records.

Paths are jailed here: every path of a package is resolved below the folder of its descriptor, or the descriptor is refused.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain, count
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from deedbook.dialect import Dialect, read_dialect
from deedbook.errors import ProjectError
from deedbook.findings import shorten
from deedbook.properties import KNOWN, refuse_misplaced, texts, wrong_forms
from deedbook.schema import Field, TableSchema, read_schema, repeated


@dataclass(frozen=True, slots=True)
class Resource:
    """One table of a package.

    Attributes:
        paths: The files as the descriptor names them; several files are one table, empty for inline data.
        files: The same, resolved and inside the package folder.
        schema: None when neither the descriptor nor the project declares one.
        schema_source: Where the schema was read from, for messages.
    """

    name: str
    paths: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    data: Any = None
    format: str = "csv"
    encoding: str = "utf-8"
    compression: str = ""
    inner_path: str = ""
    dialect: Dialect = field(default_factory=Dialect)
    schema: TableSchema | None = None
    schema_source: str = ""
    hash: str = ""
    bytes: int | None = None
    title: str = ""
    description: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def described(self) -> TableSchema:
        """Its schema; one that describes no column where none is declared."""
        return self.schema or TableSchema(())

    @property
    def words(self) -> tuple[str, str]:
        """Its title and description, or those of its schema."""
        return self.title or self.described.title, self.description or self.described.description

    @property
    def is_table(self) -> bool:
        """Whether it holds rows, and is not a file of another kind that the package carries along."""
        kind = self.raw.get("type", "table" if "tabular-data-resource" in str(self.raw.get("profile", "")) else None)
        if self.schema is not None or kind is not None:
            return self.schema is not None or kind == "table"
        if isinstance(self.data, list):
            return all(isinstance(item, list | dict) for item in self.data[:1])
        return self.format in (_TABULAR if self.data is None else {"csv", "tsv"})

    @property
    def sources(self) -> tuple[Path | None, ...]:
        """The files, or None for inline data."""
        return (None,) if self.data is not None else self.files


@dataclass(frozen=True)
class Package:
    """A descriptor: who publishes which tables under which licence, as which version."""

    root: Path
    path: Path | None
    resources: tuple[Resource, ...]
    name: str = ""
    title: str = ""
    description: str = ""
    version: str = ""
    created: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def resource(self, name: str) -> Resource:
        """The resource of that name.

        Raises:
            KeyError: when there is none.
        """
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> Mapping[str, Resource]:
        return {item.name: item for item in self.resources}

    def referenced(self, name: str) -> frozenset[str]:
        """The fields of a table that foreign keys point at."""
        keys = ((item, key) for item in self.resources for key in item.described.foreign_keys)
        mine = (key.reference for item, key in keys if name == (key.resource or item.name))
        return frozenset(chain.from_iterable(mine))

    def fields(self) -> Iterator[tuple[Resource, Field]]:
        """Every field of every table that has a schema."""
        for resource in self.resources:
            yield from ((resource, item) for item in resource.described.fields)


_TABULAR = {"csv", "tsv", "tab", "xlsx", "xls", "ods", "jsonl", "ndjson", "parquet"}
"""Formats of tables; others are one only where the descriptor says so."""


def load_json(path: Path, what: str) -> Any:
    """The parsed content of a JSON or YAML file.

    Raises:
        ProjectError: when the file is missing, unreadable, not UTF-8 or malformed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProjectError(f"{path}: there is no such {what}", "check the path") from None
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path}: not UTF-8 (byte {error.start})", "save the file as UTF-8") from None
    except OSError as error:
        raise ProjectError(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from None
    parse: Callable[[str], Any] = partial(json.loads, object_pairs_hook=unique_members, parse_constant=_refuse_constant)
    malformed: type[Exception] = ValueError
    if path.suffix in {".yaml", ".yml"}:
        import yaml

        parse, malformed = yaml.safe_load, yaml.YAMLError
    try:
        value = parse(text)
        _refuse_odd_values([value], count(1))
        if half := re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)):
            raise ValueError(f"{half[0]!r} is half a character")
        return value
    except RecursionError:
        raise ProjectError(f"{path}: nested too deeply") from None
    except ValueError as error:
        hint = "correct the file; a JSON editor shows the place"
        raise ProjectError(f"{path}: not valid JSON: {error}", hint) from None
    except malformed as error:
        raise ProjectError(f"{path}: not valid YAML: {error}", "correct the file") from None


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object.

    Raises:
        ValueError: when one stands there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = repeated(name for name, _ in pairs)[0]
        raise ValueError(f"`{twice}` stands twice in one object, and only one of the two would count")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


_MOST_VALUES = 1_000_000
"""Values of a descriptor or schema: a YAML file of a few lines can unfold to any number of them."""


def _refuse_odd_values(holder: Any, numbers: Iterator[int]) -> None:
    """Raises ValueError for what JSON cannot hold: the dates of YAML, more values than anyone writes."""
    is_object = isinstance(holder, dict)
    for name, item in list(holder.items() if is_object else enumerate(holder)):
        if next(numbers) > _MOST_VALUES:
            raise ValueError(f"it unfolds to more than {_MOST_VALUES:,} values")
        if is_object and not isinstance(name, str):
            raise ValueError(f"the name {name!r} is no text; write it in quotes")
        if isinstance(item, dict | list):
            _refuse_odd_values(item, numbers)
        elif isinstance(item, dt.date) and name not in KNOWN:
            holder[name] = item.isoformat()  # a property of the user's own
        elif not isinstance(item, str | int | float | None):
            raise ValueError(f"`{name}` is read as {item!r}, which is no JSON; write it in quotes")


def load_package(path: Path, *, schemas: Path | None = None) -> Package:
    """The descriptor at `path`, every path jailed to its folder.

    Args:
        path: The descriptor.
        schemas: A folder with `TABLE.schema.json` for the tables whose resource carries no schema of its own.

    Raises:
        ProjectError: when the descriptor or a schema is malformed, or a path leaves the package.
    """
    package = read_package(load_json(path, "descriptor"), path.parent, where=str(path), schemas=schemas)
    return replace(package, path=path)


def read_package(raw: object, root: Path, *, where: str, schemas: Path | None = None) -> Package:
    """The typed form of a parsed package descriptor. See `load_package`."""
    if not isinstance(raw, Mapping):
        raise ProjectError(f"{where}: a descriptor is a JSON object")
    _refuse_wrong(raw, "package", where)
    entries = raw.get("resources")
    if not isinstance(entries, list) or not entries:
        raise ProjectError(f"{where}: `resources` is a list with at least one table", "add a resource per CSV file")
    known: dict[str, TableSchema] = {}
    resources = tuple(
        read_resource(entry, root, where=f"{where}: resource {position}", schemas=schemas, shared=raw, known=known)
        for position, entry in enumerate(entries, start=1)
    )
    for name in repeated(item.name for item in resources):
        raise ProjectError(f"{where}: two resources are named `{name}`", "give each resource a name of its own")
    return Package(
        root=root,
        path=None,
        resources=resources,
        **texts(raw, dict.fromkeys(("name", "title", "description", "version", "created"), "")),
        raw=MappingProxyType(raw),
    )


def read_resource(
    raw: object,
    root: Path,
    *,
    where: str,
    schemas: Path | None = None,
    shared: Mapping[str, Any] | None = None,
    known: dict[str, TableSchema] | None = None,
) -> Resource:
    """The typed form of one resource descriptor. See `load_package`.

    Args:
        raw: The parsed JSON.
        root: The folder that its paths are below.
        where: The file or place, for messages.
        schemas: A folder with `TABLE.schema.json` for a resource that carries no schema of its own.
        shared: The package, whose dialect counts where the resource has none.
        known: The schemas of the package so far: many tables mostly have one.
    """
    if not isinstance(raw, Mapping):
        raise ProjectError(f"{where} is no object")
    _refuse_wrong(raw, "resource", where)
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        raise ProjectError(f"{where} has no name", "add `name`")
    where = f"{where} (`{name}`)"
    declared = raw.get("path", raw.get("url", []))  # `url` before Data Package v1
    paths = tuple(declared) if isinstance(declared, list) else (declared,)
    _refuse_odd_source(raw, paths, where)
    kind, compression = _kind_of(raw, paths)
    own = schemas / f"{name}.schema.json" if schemas else None
    schema, source = _schema_of(raw.get("schema"), root, where, own, {} if known is None else known)
    dialect, schema = _dialect_of(raw.get("dialect", (shared or {}).get("dialect")), schema, root, where, kind)
    home = root.resolve()
    return Resource(
        name=name,
        paths=paths,
        files=tuple(jailed(root, item, where, home) for item in paths if not is_remote(item)),
        data=raw.get("data"),
        format=kind,
        **texts(raw, {"encoding": "utf-8", "hash": "", "title": "", "description": ""}),
        compression=compression,
        inner_path=raw.get("innerpath", ""),
        dialect=dialect,
        schema=schema,
        schema_source=source,
        bytes=raw.get("bytes") if isinstance(raw.get("bytes"), int) else None,
        raw=MappingProxyType(raw),
    )


def _refuse_odd_source(raw: Mapping[str, Any], paths: tuple[Any, ...], where: str) -> None:
    """Raises unless a resource has either data or paths, all of which are files or all addresses."""
    data, form = raw.get("data"), raw.get("format", raw.get("mediatype"))
    named = all(isinstance(item, str) and item for item in paths)
    is_unknown = isinstance(data, str) and not isinstance(form, str)
    is_mixed = len({is_remote(str(item)) for item in paths}) > 1
    faults = (
        (not named, f"{where}: `path` is a file name or a list of them", ""),
        (not paths and data is None, f"{where} has neither `path` nor `data`", "name the CSV file in `path`"),
        (paths and data is not None, f"{where} has both `path` and `data`", "drop one of the two"),
        (is_unknown, f"{where}: `data` is a text in no declared format", 'add "format": "csv"'),
        (is_mixed, f"{where}: `path` mixes files and addresses", "name either files of the package or URLs"),
    )
    for _, message, hint in filter(itemgetter(0), faults):
        raise ProjectError(message, hint)


def _refuse_wrong(raw: Mapping[str, Any], level: Literal["package", "resource"], where: str) -> None:
    """Raises for what would be silently without effect, or be read as something else."""
    is_count = isinstance(raw.get("fields"), int)  # of frictionless-py
    refuse_misplaced({name: value for name, value in raw.items() if name != "fields" or not is_count}, level, where)
    if isinstance(raw.get("fields"), list):
        raise ProjectError(f"{where}: `fields` has no effect here", "move it into the `schema` of the resource")
    for name, form in wrong_forms(raw, level):
        raise ProjectError(f"{where}: `{name}` is {form}, not {raw[name]!r}", f'write "{name}": "{raw[name]}"')


def is_remote(path: str) -> bool:
    """Whether a path is a URL rather than a file of the package."""
    return "://" in path


def jailed(root: Path, path: str, where: str, home: Path | None = None) -> Path:
    """The file that `path` names, proven to lie inside `root` after links are followed; `home` is `root` without links.

    Raises:
        ProjectError: when it is absolute, climbs out, is hidden (forbidden by Data Package v2), or a link leads out.
    """
    hint = "use a path relative to the descriptor, inside its folder"
    candidate = Path(path)
    if candidate.is_absolute() or re.search(r"^~|[\\\0]|(^|/)\.\.(/|\Z)", path):
        raise ProjectError(f"{where}: the path {path!r} leaves the package", hint)
    if re.search(r"(^|/)\.[^/]", path):
        raise ProjectError(f"{where}: the path {path!r} is hidden, which Data Package v2 forbids", hint)
    try:
        resolved = (root / candidate).resolve()
        with suppress(FileNotFoundError, NotADirectoryError):
            resolved.stat()  # Python 3.13 resolves links that lead to each other, and `exists` says nothing of them
    except (OSError, RuntimeError) as error:  # the second for such links before 3.13
        reason = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise ProjectError(f"{where}: the path {shorten(path)!r} names no file: {reason}", hint) from None
    if not resolved.is_relative_to(home or root.resolve()):
        raise ProjectError(f"{where}: the path {path!r} leads out of the package through a link", hint)
    return root / candidate


def _schema_of(
    declared: object, root: Path, where: str, own: Path | None, known: dict[str, TableSchema]
) -> tuple[TableSchema | None, str]:
    """The schema that a resource declares, else the one in its `own` file, and where it stands."""
    if declared is not None and not isinstance(declared, str):
        text = repr(declared)  # which tells 1 from 1.0 and from true
        if text not in known:
            known[text] = read_schema(declared, f"{where}: schema")
        return known[text], where
    if declared is not None and is_remote(declared):
        raise ProjectError(f"{where}: the schema {declared} is remote", "save it beside the descriptor")
    file = jailed(root, declared, where) if declared is not None else own
    if file is None or (file is own and not file.is_file()):
        return None, ""
    return read_schema(load_json(file, "schema"), str(file)), str(file)


_COMPRESSIONS = {".gz": "gz", ".zip": "zip", ".zst": "zst"}


def _kind_of(raw: Mapping[str, Any], paths: tuple[str, ...]) -> tuple[str, str]:
    """The format and the compression: as declared, or else as the first file is called."""
    suffixes = ["csv" if paths else "inline", *Path(paths[0] if paths else "").suffixes]
    compression = _COMPRESSIONS.get(suffixes[-1].lower(), "")
    kind = suffixes[-2 if compression else -1].lstrip(".")
    declared = raw.get("compression")
    return raw.get("format", kind).lower(), declared if isinstance(declared, str) else compression


def _dialect_of(
    raw: object, schema: TableSchema | None, root: Path, where: str, kind: str
) -> tuple[Dialect, TableSchema | None]:
    """What a dialect says of values goes into the schema, what a schema says of labels into the dialect."""
    usual = "\t" if kind in {"tsv", "tab"} else ","
    if isinstance(raw, str):
        raw = load_json(jailed(root, raw, where), "dialect")
    dialect = read_dialect({} if raw is None else raw, where, usual)
    if schema and isinstance(dialect.raw.get("nullSequence"), str):
        schema = schema.with_missing(dialect.raw["nullSequence"])
    if schema and dialect.raw.get("caseSensitiveHeader", dialect.raw.get("headerCase")) is False:
        spelling = {name.casefold(): name for name in schema.names}
        if len(spelling) < len(schema.names):
            raise ProjectError(f"{where}: two fields differ only in case, which the dialect ignores", "rename one")
        dialect = replace(dialect, spelling=MappingProxyType(spelling))
    return dialect, schema
