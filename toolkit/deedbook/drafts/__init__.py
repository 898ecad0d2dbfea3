"""Drafts of a descriptor and of Table Schemas for files that nobody described yet.

    sources.py   what a file is: its tables, encoding
    cuts.py      delimiter, quotes and header of a text
    parts.py     which files are one table
    copies.py    the same as CSV files that a person can edit
    forms.py     what a column may be; forms.toml lists it, with texts that mean nothing
    columns.py   what a column is
    tables.py    the columns of a table, from every cell
    keys.py      what tells rows apart, and which columns refer to other tables
    guesses.py   each guess with what speaks for it, as schemas keep it in `deedbook.guess`

A table validates under its draft. What only a person can know is a `todo`, which a validation repeats until it is gone.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from deedbook import files, models, validation
from deedbook.descriptor import Resource, load_json, read_package
from deedbook.drafts import copies, guesses, keys, parts, sources
from deedbook.drafts.guesses import Guess, Proposal
from deedbook.drafts.tables import TableColumns, read_columns
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.findings import listed
from deedbook.project import DESCRIPTOR, Project, load_project
from deedbook.reading.inputs import is_foreign
from deedbook.reading.source import SourceError
from deedbook.schema import own_settings

_FEWEST = 5
_FITTING = 0.6
"""The share of the columns of a table, or of a model's, that makes the model one that fits."""

_EDITIONS = "are these files parts of one table, or editions of it? Then give each a resource of its own"


@dataclass(frozen=True, slots=True)
class TableDraft:
    """The draft of one table.

    Attributes:
        raw: Its resource, without the schema.
        rows: How many it has.
        columns: How many cells of each column have a value, in order.
        origin: What its file was made of, in words; empty where it is the file that was described.
    """

    name: str
    raw: Mapping[str, Any]
    rows: int
    columns: Mapping[str, int]
    guesses: tuple[Guess, ...]
    origin: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files below the root."""
        path = self.raw["path"]
        return (path,) if isinstance(path, str) else tuple(path)

    @property
    def schema(self) -> dict[str, Any]:
        """Its Table Schema."""
        return guesses.schema_of(self.guesses)

    def guesses_of(self, field: str) -> list[Guess]:
        """What is guessed of a field; of the table where that is empty."""
        return [guess for guess in self.guesses if guess.field == field]

    @property
    def todos(self) -> list[Guess]:
        """What a person has to settle."""
        return [guess for guess in self.guesses if guess.todo]


@dataclass(frozen=True, slots=True)
class Draft:
    """The drafts of all tables.

    Attributes:
        root: The folder of the descriptor.
        undescribed: The files that could not be described, and why.
    """

    root: Path
    tables: tuple[TableDraft, ...]
    undescribed: Mapping[str, str]

    def descriptor(self, schemas: str) -> dict[str, Any]:
        """The package descriptor, whose schemas are in that folder."""
        resources = [{**table.raw, "schema": f"{schemas}/{table.name}.schema.json"} for table in self.tables]
        profile = "https://datapackage.org/profiles/2.0/datapackage.json"
        return {"$schema": profile, "name": keys.fold(self.root.resolve().name) or "dataset", "resources": resources}

    def project_files(self) -> Iterator[tuple[str, bytes]]:
        """The files of a project that has these tables, by their paths, without the descriptor."""
        for path in dict.fromkeys(chain.from_iterable(table.paths for table in self.tables)):
            yield f"datapackage/{path}", (self.root / path).read_bytes()
        for table in self.tables:
            yield f"schemas/{table.name}.schema.json", to_bytes(table.schema)

    def contents(self) -> dict[Path, bytes]:
        """The files that say all of it, by their places below the root."""
        found = {Path("schemas") / f"{table.name}.schema.json": table.schema for table in self.tables}
        return {
            path: to_bytes(value) for path, value in ({Path(DESCRIPTOR): self.descriptor("schemas")} | found).items()
        }


def to_bytes(value: object) -> bytes:
    """JSON as people edit it."""
    return files.json_document(value).encode()


def describe(
    targets: Sequence[Path],
    root: Path | None = None,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Draft:
    """The drafts of all tables that files, folders and workbooks hold.

    Args:
        targets: What is described.
        root: The folder of the descriptor; the one that all files are in when None.
        progress: Told what is read, and which share of the files is behind us.

    Raises:
        UsageError: when there is no file, or one is outside the folder of the descriptor.
    """
    root, found, undescribed = find_sources(targets, root, progress)
    read = list[Read]()
    for source in found:
        try:
            read += [(source, read_columns(source.resource))]
        except ProjectError as error:
            undescribed[str(source.file)] = _reason(error)
    return Draft(root, tuple(_drafts(_named_apart(read))), undescribed)


def find_sources(
    targets: Sequence[Path],
    root: Path | None = None,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> tuple[Path, list[sources.Source], dict[str, str]]:
    """The folder that all files are in, their tables, and why which files have none. See `describe`."""
    found = sources.find_files(targets)
    if absent := [path for path in (*targets, *found) if not path.exists()]:
        raise UsageError(f"{absent[0]}: no such file or folder", "name files, a folder or a workbook")
    if not found:
        raise UsageError(f"{targets[0]}: there is no table in it", f"known are {', '.join(sorted(sources.SUFFIXES))}")
    root = (root or Path(os.path.commonpath([file.parent.absolute() for file in found]))).absolute()
    read, undescribed = list[sources.Source](), dict[str, str]()
    for at, file in enumerate(found):
        progress(f"describing {file.name}", at / len(found))
        try:
            read += sources.read_sources(file.absolute(), root)
        except (SourceError, ProjectError) as error:
            undescribed[str(file)] = _reason(error)
    return root, parts.joined(read), undescribed


def _reason(error: SourceError | ProjectError) -> str:
    """Why a file cannot be described, and what can be done."""
    return ": ".join(filter(None, (error.message, error.hint)))


def adopt(
    targets: Sequence[Path],
    folder: Path,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Draft:
    """The drafts of all tables that files, folders and workbooks hold, as CSV files in an empty folder. See `copies`.

    Args:
        targets: What is described.
        folder: Where the files are put.
        progress: Told what is read, and which share of the files is behind us.

    Raises:
        UsageError: when there is no file.
    """
    _, found, undescribed = find_sources(targets, None, progress)
    made = dict[str, copies.Copy]()
    for source in found:
        try:
            made |= {copy.path: copy for copy in copies.write_copies([source], folder)}
        except ProjectError as error:
            undescribed[str(source.file)] = _reason(error)
    if not made:
        return Draft(folder, (), undescribed)
    draft = describe([folder / path for path in made], folder)
    tables = []
    for table in draft.tables:
        copy = made[table.paths[0]]
        left = [Guess("", "path", None, f"it stays as it was: {copy.left}")] if copy.left else []
        tables += [replace(table, origin=copy.origin, guesses=(*copy.guesses, *left, *table.guesses))]
    return Draft(folder, tuple(tables), {**undescribed, **draft.undescribed})


Read: TypeAlias = tuple[sources.Source, TableColumns]
"""A table and its columns."""


def _named_apart(read: Iterable[Read]) -> list[Read]:
    """The same, no two tables of one name."""
    names, found = Counter[str](), []
    for source, columns in read:
        name = str(source.raw["name"])
        names[name] += 1
        own = name if names[name] == 1 else f"{name}_{names[name]}"
        found.append((replace(source, raw={**source.raw, "name": own}), columns))
    return found


def _drafts(read: Sequence[Read]) -> Iterator[TableDraft]:
    """The drafts of tables that may refer to each other."""
    tables = [keys.Table(str(source.raw["name"]), columns) for source, columns in read]
    for table, (source, columns) in zip(tables, read, strict=True):
        references = list(keys.reference_guesses(table, tables))
        own = [replace(it, todo=_EDITIONS) if it.name == "path" and not table.key else it for it in source.guesses]
        found = [*own, *chain.from_iterable(column.guesses(columns.first) for column in columns.columns)]
        found += [*keys.key_guesses(table), *references]
        if free := [column.name for column in columns.columns if column.is_free_text]:
            found.append(Guess("", "deedbook.plainSpaces", True, f"finds stray spaces in {listed(free, 4)}"))
        found += _fitting_models([column.name for column in columns.columns])
        found = _taken(source, columns, found) if is_foreign(source.resource) else found
        filled = {column.name: column.values for column in columns.columns}
        yield TableDraft(table.name, source.raw, columns.rows, filled, tuple(found))


def _taken(source: sources.Source, columns: TableColumns, found: Sequence[Guess]) -> list[Guess]:
    """The guesses as the cells of a workbook, Parquet or JSON are stored: moments at midnight are days, and what is stored in two types is of any."""
    todo = "are its cells numbers or texts? Some are stored as one, some as the other"
    days = {column.name for column in columns.columns if column.is_of_days}
    as_days: dict[tuple[str, str], dict[str, Any]] = {(name, "type"): {"value": "date"} for name in days}
    tried = [replace(guess, **as_days.get(guess.place, {})) for guess in found]
    own = [guess for guess in tried if guess.name != "foreignKeys"]
    raw = {"name": "draft", "resources": [{**source.raw, "schema": guesses.schema_of(own)}]}
    report = validation.validate(Project(source.root, read_package(raw, source.root, where="draft")))
    mixed = {total.column for total in report.totals if total.rule == "type-error" and total.column}
    kept = [*filter(lambda it: it.field not in mixed - days or it.name in {"type", "constraints.required"}, tried)]
    real = {guess.place: guess for guess in found if guess.field in mixed & days}
    other: dict[tuple[str, str], dict[str, Any]]
    other = {(name, "type"): {"value": "any", "todo": todo} for name in mixed - days}
    return [replace(real.get(guess.place, guess), **other.get(guess.place, {})) for guess in kept]


def _fitting_models(names: Sequence[str]) -> Iterator[Guess]:
    """The model whose columns these mostly are."""
    mine, likely = {name.casefold() for name in names}, []
    for model in models.LAYOUTS:
        for file in sorted((models.folder_of(model) / "schemas").glob("*.schema.json")):
            theirs = {item["name"].casefold() for item in load_json(file, "schema")["fields"]}
            common = len(mine & theirs)
            if common >= _FEWEST and common >= _FITTING * min(len(mine), len(theirs)):
                likely.append((common, len(theirs), model))
    for common, size, model in sorted(likely, reverse=True)[:1]:
        evidence = f"{common} of its {size} columns are here: deedbook validate FILE --model {model}"
        yield Guess("", "model", None, f"{model}: {evidence}")


def write(draft: Draft) -> list[Path]:
    """The descriptor and the schemas in the folder of the draft; what is there already is never overwritten.

    Raises:
        RefusalError: when one of them is there.
        UsageError: when the folder cannot be written.
    """
    contents = {draft.root / path: content for path, content in draft.contents().items()}
    if there := [path for path in contents if path.exists()]:
        raise RefusalError(f"{there[0]} is there already, and nothing is overwritten", "see what changed with --update")
    for path, content in contents.items():
        path.parent.mkdir(exist_ok=True)
        files.replace(path, content)
    return list(contents)


def _without_schema(resource: Resource) -> dict[str, Any]:
    """What a descriptor says of a table besides its schema."""
    return {name: value for name, value in resource.raw.items() if name != "schema"}


def update(target: Path, *, check: bool = False) -> list[Proposal]:
    """What the present data would change in the schemas of a project that were drafted; written unless a person settled it.

    Args:
        target: The project.
        check: Change nothing, only say what would change.

    Raises:
        UsageError: when none of its schemas was drafted.
        ProjectError: when a table cannot be read.
    """
    package, proposals = load_project(target).package, list[Proposal]()
    drafted = (item for item in package.resources if "guess" in own_settings(item.described.raw))
    places = {item.name: Path(item.schema_source) for item in drafted}
    schemas = dict(filter(lambda place: place[1].is_file(), places.items()))
    if not schemas:
        raise UsageError(f"{target}: no schema of it was drafted", "`describe FILE...` drafts one")
    chosen = map(package.resource, schemas)
    read = [(sources.Source(_without_schema(item), package.root), read_columns(item)) for item in chosen]
    for draft in _drafts(read):
        old = load_json(schemas[draft.name], "schema")
        new, changes = guesses.update(old, draft.guesses, draft.name)
        proposals += changes
        if not check and new != old:
            files.replace(schemas[draft.name], to_bytes(new))
    return proposals
