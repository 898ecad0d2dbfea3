"""A Data Package descriptor (v1 and v2, JSON or YAML) as typed, immutable records.

Paths are jailed here: every path of a package is resolved below the folder of its descriptor, or the descriptor is refused.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from deedbook.dialect import Dialect, read_dialect
from deedbook.errors import ProjectError
from deedbook.findings import shorten
from deedbook.properties import KNOWN, refuse_misplaced
from deedbook.schema import TableSchema, read_schema


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


@dataclass(frozen=True, slots=True)
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
        for item in self.resources:
            if item.name == name:
                return item
        raise KeyError(name)


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
    try:
        if path.suffix in {".yaml", ".yml"}:
            import yaml

            value = yaml.safe_load(text)
        else:
            value = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
        _refuse_odd_values(value)
        return value
    except RecursionError:
        raise ProjectError(f"{path}: nested too deeply") from None
    except ValueError as error:
        raise ProjectError(
            f"{path}: not valid JSON: {error}", "correct the file; a JSON editor shows the place"
        ) from None
    except Exception as error:
        if type(error).__module__.startswith("yaml"):
            raise ProjectError(f"{path}: not valid YAML: {error}", "correct the file") from None
        raise


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for at, (name, _) in enumerate(pairs) if any(name == earlier for earlier, _ in pairs[:at]))
        raise ValueError(f"`{name}` stands twice in one object, and only one of the two would count")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


_MOST_VALUES = 1_000_000
"""Values of a descriptor or schema: a YAML file of a few lines can unfold to any number of them."""


def _refuse_odd_values(value: Any) -> None:
    """Raises ValueError for what JSON cannot hold: the dates of YAML, half characters, more values than anyone writes."""
    waiting: list[tuple[Any, Any]] = [({"": value}, "")]
    count = 0
    while waiting:
        holder, name = waiting.pop()
        item = holder[name]
        count += 1
        if count > _MOST_VALUES:
            raise ValueError(f"it unfolds to more than {_MOST_VALUES:,} values")
        if isinstance(item, dict):
            if odd := [key for key in item if not isinstance(key, str)]:
                raise ValueError(f"the name {odd[0]!r} is no text; write it in quotes")
            waiting += [*((item, key) for key in item), *(({"": key}, "") for key in item)]
        elif isinstance(item, list):
            waiting += [(item, at) for at in range(len(item))]
        elif isinstance(item, str) and not item.isascii() and any("\ud800" <= mark <= "\udfff" for mark in item):
            half = next(mark for mark in item if "\ud800" <= mark <= "\udfff")
            raise ValueError(f"{half!r} is half a character")
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
    raw = load_json(path, "descriptor")
    return read_package(raw, path.parent, where=str(path), path=path, schemas=schemas)


def read_package(
    raw: object, root: Path, *, where: str, path: Path | None = None, schemas: Path | None = None
) -> Package:
    """The typed form of a parsed package descriptor. See `load_package`."""
    if not isinstance(raw, Mapping):
        raise ProjectError(f"{where}: a descriptor is a JSON object")
    _refuse_wrong(raw, "package", where)
    entries = raw.get("resources")
    if not isinstance(entries, list) or not entries:
        raise ProjectError(f"{where}: `resources` is a list with at least one table", "add a resource per CSV file")
    resources = tuple(
        read_resource(entry, root, where=f"{where}: resource {position}", schemas=schemas, shared=raw)
        for position, entry in enumerate(entries, start=1)
    )
    names = [item.name for item in resources]
    for name in names:
        if names.count(name) > 1:
            raise ProjectError(f"{where}: two resources are named `{name}`", "give each resource a name of its own")
    return Package(
        root=root,
        path=path,
        resources=resources,
        name=str(raw.get("name", "")),
        title=str(raw.get("title", "")),
        description=str(raw.get("description", "")),
        version=str(raw.get("version", "")),
        created=str(raw.get("created", "")),
        raw=MappingProxyType(dict(raw)),
    )


def read_resource(
    raw: object, root: Path, *, where: str, schemas: Path | None = None, shared: Mapping[str, Any] | None = None
) -> Resource:
    """The typed form of one resource descriptor. See `load_package`."""
    if not isinstance(raw, Mapping):
        raise ProjectError(f"{where} is no object")
    shared = shared or {}
    _refuse_wrong(raw, "resource", where)
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        raise ProjectError(f"{where} has no name", "add `name`")
    where = f"{where} (`{name}`)"
    declared = raw.get("path", raw.get("url", []))  # `url` before Data Package v1
    paths = tuple(declared) if isinstance(declared, list) else (declared,)
    data = raw.get("data")
    if not all(isinstance(item, str) and item for item in paths):
        raise ProjectError(f"{where}: `path` is a file name or a list of them")
    if not paths and data is None:
        raise ProjectError(f"{where} has neither `path` nor `data`", "name the CSV file in `path`")
    if paths and data is not None:
        raise ProjectError(f"{where} has both `path` and `data`", "drop one of the two")
    if isinstance(data, str) and not isinstance(raw.get("format", raw.get("mediatype")), str):
        raise ProjectError(f"{where}: `data` is a text in no declared format", 'add "format": "csv"')
    if len({is_remote(item) for item in paths}) > 1:
        raise ProjectError(f"{where}: `path` mixes files and addresses", "name either files of the package or URLs")
    files = tuple(jailed(root, item, where) for item in paths if not is_remote(item))
    schema, source = _schema_of(raw, name, root, where, schemas)
    dialect = _dialect_of(raw.get("dialect", shared.get("dialect")), root, where, _format_of(raw, paths))
    dialect, schema = _with_each_other(dialect, schema, where)
    return Resource(
        name=name,
        paths=paths,
        files=files,
        data=data,
        format=_format_of(raw, paths),
        encoding=str(raw.get("encoding", "utf-8")),
        compression=_compression_of(raw, paths),
        inner_path=str(raw.get("innerpath", "")),
        dialect=dialect,
        schema=schema,
        schema_source=source,
        hash=str(raw.get("hash", "")),
        bytes=raw.get("bytes") if isinstance(raw.get("bytes"), int) else None,
        title=str(raw.get("title", "")),
        description=str(raw.get("description", "")),
        raw=MappingProxyType(dict(raw)),
    )


_TEXTS = ("name", "title", "description", "version", "created", "id", "homepage", "format", "encoding", "innerpath")


def _refuse_wrong(raw: Mapping[str, Any], level: Literal["package", "resource"], where: str) -> None:
    """Raises for what would be silently without effect, or be read as something else."""
    is_count = isinstance(raw.get("fields"), int)  # of frictionless-py
    refuse_misplaced({name: value for name, value in raw.items() if name != "fields" or not is_count}, level, where)
    if isinstance(raw.get("fields"), list):
        raise ProjectError(f"{where}: `fields` has no effect here", "move it into the `schema` of the resource")
    for name in _TEXTS:
        if not isinstance(raw.get(name, ""), str):
            raise ProjectError(f"{where}: `{name}` is a text, not {raw[name]!r}", f'write "{name}": "{raw[name]}"')


def is_remote(path: str) -> bool:
    """Whether a path is a URL rather than a file of the package."""
    return "://" in path


def jailed(root: Path, path: str, where: str) -> Path:
    """The file that `path` names, proven to lie inside `root` after links are followed.

    Raises:
        ProjectError: when it is absolute, climbs out, is hidden (forbidden by Data Package v2), or a link leads out.
    """
    hint = "use a path relative to the descriptor, inside its folder"
    candidate = Path(path)
    parts = candidate.parts
    if candidate.is_absolute() or ".." in parts or "\\" in path or "\0" in path or path.startswith("~"):
        raise ProjectError(f"{where}: the path {path!r} leaves the package", hint)
    if any(part.startswith(".") and part != "." for part in parts):
        raise ProjectError(f"{where}: the path {path!r} is hidden, which Data Package v2 forbids", hint)
    try:
        resolved = (root / candidate).resolve()
        resolved.exists()
    except (OSError, RuntimeError) as error:  # the second for links that lead to each other
        reason = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
        raise ProjectError(f"{where}: the path {shorten(path)!r} names no file: {reason}", hint) from None
    if not resolved.is_relative_to(root.resolve()):
        raise ProjectError(f"{where}: the path {path!r} leads out of the package through a link", hint)
    return root / candidate


def _schema_of(
    raw: Mapping[str, Any], name: str, root: Path, where: str, schemas: Path | None
) -> tuple[TableSchema | None, str]:
    declared = raw.get("schema")
    if isinstance(declared, str):
        if is_remote(declared):
            raise ProjectError(f"{where}: the schema {declared} is remote", "save it beside the descriptor")
        file = jailed(root, declared, where)
        return read_schema(load_json(file, "schema"), str(file)), str(file)
    if declared is not None:
        return read_schema(declared, f"{where}: schema"), where
    if schemas is not None and (file := schemas / f"{name}.schema.json").is_file():
        return read_schema(load_json(file, "schema"), str(file)), str(file)
    return None, ""


_COMPRESSIONS = {".gz": "gz", ".zip": "zip", ".zst": "zst"}


def _format_of(raw: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    if isinstance(raw.get("format"), str):
        return str(raw["format"]).lower()
    if not paths:
        return "inline"
    suffixes = [suffix.lower() for suffix in Path(paths[0]).suffixes]
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes = suffixes[:-1]
    return suffixes[-1].lstrip(".") if suffixes else "csv"


def _compression_of(raw: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    if isinstance(raw.get("compression"), str):
        return str(raw["compression"])
    return _COMPRESSIONS.get(Path(paths[0]).suffix.lower(), "") if paths else ""


def _dialect_of(raw: object, root: Path, where: str, kind: str) -> Dialect:
    usual = "\t" if kind in {"tsv", "tab"} else ","
    if isinstance(raw, str):
        raw = load_json(jailed(root, raw, where), "dialect")
    return Dialect(delimiter=usual) if raw is None else read_dialect(raw, where, usual)


def _with_each_other(dialect: Dialect, schema: TableSchema | None, where: str) -> tuple[Dialect, TableSchema | None]:
    """What a dialect says of values goes into the schema, what a schema says of labels into the dialect."""
    if schema is None:
        return dialect, schema
    if isinstance(dialect.raw.get("nullSequence"), str):
        schema = schema.with_missing(dialect.raw["nullSequence"])
    if dialect.raw.get("caseSensitiveHeader", dialect.raw.get("headerCase")) is False:
        spelling = {name.casefold(): name for name in schema.names}
        if len(spelling) < len(schema.names):
            raise ProjectError(f"{where}: two fields differ only in case, which the dialect ignores", "rename one")
        dialect = replace(dialect, spelling=MappingProxyType(spelling))
    return dialect, schema
