"""What a release is made of while it is written, and its data: table by table, each in every format.

A table is in memory in parts: its canonical text lies on disk until the CSV is written, then its values for everything else.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import polars as pl

from deedbook.checking.rules import RuleBook
from deedbook.descriptor import Resource
from deedbook.errors import ProjectError, RefusalError
from deedbook.findings import Report
from deedbook.integrity.digests import Digests
from deedbook.integrity.provenance import InputFile
from deedbook.project import Project, read_code_lists
from deedbook.reading.pipeline import in_order
from deedbook.release import derivations, derived, tables
from deedbook.release.codebook import TableEntry, table_entry
from deedbook.release.edition import Edition
from deedbook.release.formats import CSV, Book, Format, every_format, format_of, media_type
from deedbook.release.formats.cells import LeftOutError, extents_of
from deedbook.release.formats.csv import copy_csv
from deedbook.release.rows import PART_BYTES, Rows, Scratch
from deedbook.schema import TableSchema
from deedbook.versioning.bump import Verdict

TYPED_FORMATS = "all but CSV"
"""The format of a limit that concerns every typed format."""
Progress = Callable[[str, float], None]
"""Told what is being done, and which share of that is behind it (0 to 1)."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the release. `format` is empty unless it holds rows, `table` unless it holds those of one table."""

    name: str
    bytes: int
    sha256: str
    media_type: str
    format: str
    table: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that one format cannot hold as the canonical CSV does, or a whole table; the README of the release names it."""

    format: str
    table: str
    text: str
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """What is still needed of a table after its rows were written.

    Attributes:
        rows: How many there are.
        file: The canonical CSV, whose sha256 is the content digest of the table.
        dtypes: Its columns in the typed formats.
    """

    outline: tables.Outline
    rows: int
    file: File
    dtypes: Mapping[str, pl.DataType]
    entry: TableEntry


class TableEngine(Protocol):
    """What works on the rows of tables in place of this process; the release has the same bytes."""

    def read_sorted(self, resource: Resource, scratch: Scratch) -> tuple[Rows, set[str]]:
        """What `derived.read_sorted` gives."""
        ...

    def copied_rows(
        self, text: Rows, schema: TableSchema, path: Path, folder: Path
    ) -> tuple[Rows, list[str], Mapping[str, int]]:
        """What `copied_rows` gives."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A release that is being written.

    Attributes:
        report: Without errors: the only thing that a release can be made from.
        verdict: What the version rests on; None for a first release.
        book: The project's own rules, and what it derives.
        inputs: The files that it is made from.
        folder: Where its files are written.
        formats: Those of its data, CSV first.
        archives: Those that pack the files of others.
        part_bytes: How much of a table is in memory as one part.
        workers: Formats that are written at a time; each holds some megabytes of a table.
        engine: What reads, sorts and copies its tables; this process when None.
        tables: Those that are written, in their order.
        limits: What a format cannot hold as the CSV does.
        digest: The sha256 of a file, reckoned once.

    Raises:
        ValueError: when the report has errors.
    """

    project: Project
    edition: Edition
    report: Report
    verdict: Verdict | None
    book: RuleBook
    inputs: tuple[InputFile, ...]
    folder: Path
    formats: tuple[Format, ...]
    archives: tuple[Format, ...]
    part_bytes: int = PART_BYTES
    workers: int = 1
    engine: TableEngine | None = None
    tables: list[WrittenTable] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    digest: Digests = field(default_factory=Digests)

    def __post_init__(self) -> None:
        """Holds the invariant."""
        if not self.report.valid:
            raise ValueError("a release needs a report without errors")

    @property
    def names(self) -> list[str]:
        """The names of its tables."""
        return [table.outline.name for table in self.tables]

    @property
    def example(self) -> str:
        """The table that shows how to load one: `events`, else the first that is edited and not empty."""
        filled = [table.outline.name for table in self.tables if table.rows and not table.outline.is_view]
        return "events" if "events" in self.names else (filled or self.names)[0]

    def note(self, item: Format, table: str, texts: Iterable[str], *, is_left_out: bool = False) -> None:
        """Takes what a format does not hold of a table."""
        self.limits.extend(Limit(item.known_as, table, text, is_left_out) for text in texts)

    def write(self, written: Mapping[str, str]) -> None:
        """Writes documents, by name."""
        for name, content in written.items():
            (self.folder / name).write_text(content, encoding="utf-8", newline="\n")

    def left_out_of(self, item: Format) -> list[str]:
        """The tables that the files of a format do not hold."""
        return [one.table for one in self.limits if one.is_left_out and one.format == item.known_as]

    def tables_in(self, item: Format) -> list[WrittenTable]:
        """The tables that the files of a format hold."""
        without = self.left_out_of(item)
        return [table for table in self.tables if table.outline.name not in without]

    def files(self) -> tuple[File, ...]:
        """The files that stand in the folder now, sorted by name."""
        return tuple(self.file(path, {*self.names}) for path in sorted(self.folder.iterdir()))

    def file(self, path: Path, tables: Set[str]) -> File:
        """One of them, of a release with these tables."""
        item = format_of(path.name, tables, self.edition.name)
        stems = [path.name.removesuffix(suffix) for suffix in item.suffixes] if item and item.is_per_table else []
        table = next((stem for stem in stems if stem in tables), "")
        size, title = path.stat().st_size, item.title if item else ""
        return File(path.name, size, self.digest(path), media_type(path.name), title, table)


def release_formats(project: Project, *, archives: bool = False) -> tuple[Format, ...]:
    """The formats of a release: CSV, and all or those in `[release] formats` of `deedbook.toml`, these for tables of any size.

    Args:
        project: What is to be released.
        archives: Ask for those that pack the files of others.

    Raises:
        ProjectError: when one is unknown.
    """
    settings = project.config.raw.get("release", {}) if project.config else {}
    wanted = settings.get("formats") if isinstance(settings, Mapping) else None
    items = [item for item in every_format() if bool(item.holds) == archives]
    if wanted is None:
        return tuple(items)
    known = [item.name for item in every_format()]
    if not isinstance(wanted, list) or not {*map(str, wanted)} <= {*known}:
        raise ProjectError(f"deedbook.toml: `formats` under [release] is a list of {', '.join(known)}")
    asked = [item for item in items if item is CSV or item.name in wanted]
    return tuple(replace(item, most_rows=0, large=0 if item.holds else item.large) for item in asked)


@contextmanager
def written_tables(contents: Contents, say: Progress) -> Iterator[dict[str, Book]]:
    """Writes every table in every format; the files with all tables stay open, for what is known last."""
    project, edition, formats = contents.project, contents.edition, contents.formats
    found = derivations.derive(project, contents.book, edition.created, contents.part_bytes)
    changes = contents.verdict.changes.tables if contents.verdict else ()
    lineage = derived.Lineage.of(project, edition, {item.table: item.rekeyed for item in changes})
    schemas = {resource.name: tables.schema_of(resource) for resource in project.package.resources}
    names = [*schemas, *sorted(found.keys() - schemas.keys())]
    read = contents.engine.read_sorted if contents.engine else derived.read_sorted
    lists, definitions = read_code_lists(project.package), tables.read_definitions(project.package)
    with ExitStack() as stack:
        books: dict[str, Book] = {}
        for item in (one for one in formats if not one.is_per_table):
            path = contents.folder / item.file_name("", edition.name)
            books[item.name] = item.codec.open_book(path, edition, dict.fromkeys(names) | schemas)
            stack.callback(books[item.name].discard)
        for position, name in enumerate(names):
            say(f"writing {name}", position / len(names))
            # beside what is written: that folder holds nothing but files of the release
            home = contents.folder.parent
            with tempfile.TemporaryDirectory(prefix=f"{contents.folder.name}-rows-", dir=home) as place:
                scratch = Scratch(Path(place).absolute(), contents.part_bytes)
                if name in schemas:
                    resource = project.package.resource(name)
                    outline, text = derived.edited_table(resource, found.get(name), lineage, scratch, read)
                else:
                    outline, text = derived.derived_view(project, found[name], scratch)
                outline = replace(outline, schema=outline.schema.with_categories(lists))
                contents.tables.append(_write_table(outline, text, contents, books, definitions, scratch.folder))
        yield books


def copied_rows(text: Rows, schema: TableSchema, path: Path, folder: Path) -> tuple[Rows, list[str], Mapping[str, int]]:
    """The rows as values in a new folder, what could not be typed, and the filled cells of each column; the text is let go of.

    It is counted and written as CSV while it becomes values; where it is read a second time for these, it is only read.
    """
    filled = dict.fromkeys(text.columns, 0)

    def counted() -> Iterator[pl.DataFrame]:
        for part in text.slices():
            for column in part.iter_columns():
                filled[column.name] += column.count()
            yield part

    first = iter([copy_csv(counted(), text.columns, path)])
    rows, notes = tables.type_parts(lambda: next(first, text.slices()), schema, folder)
    text.discard()
    return rows, notes, filled


def _write_table(
    outline: tables.Outline,
    text: Rows,
    contents: Contents,
    books: Mapping[str, Book],
    definitions: Mapping[tuple[str, str], str],
    scratch: Path,
) -> WrittenTable:
    """Writes one table in every format, the CSV first; its values lie in a folder of their own meanwhile.

    Raises:
        RefusalError: when it is not what validation counted.
    """
    name, edition = outline.name, contents.edition
    path = contents.folder / CSV.file_name(name, edition.name)
    copied = contents.engine.copied_rows if contents.engine else copied_rows
    rows, notes, filled = copied(text, outline.schema, path, scratch / "values")
    known = next((item for item in contents.report.tables if item.table == name), None)
    if known and (lost := tables.loss(rows.height, filled, known.rows, known.present)):
        hint = "please report this: what was checked and what would be released differ"
        raise RefusalError(f"the table `{name}` is not released: as a release, it {lost}", hint)
    file = contents.file(path, {name})
    contents.limits.extend(Limit(TYPED_FORMATS, name, note) for note in notes)
    table, items = tables.Table(outline, rows), contents.formats[1:]
    extents_of(rows)  # every format asks for them

    def written(item: Format) -> tuple[Sequence[str], bool]:
        """What a format does not hold of the table, and whether that is the whole table."""
        if 0 < item.most_rows < rows.height:
            most = f"it has more than {item.most_rows:,} rows; `formats` under [release] can ask for {item.name}"
            return [f"left out: {most}"], True
        try:
            if not item.is_per_table:
                return books[item.name].add(table), False
            to, packed = contents.folder / item.file_name(name, edition.name), contents.folder / f"{name}{item.packed}"
            notes = item.codec.write(table, edition, to)
            if item.packed and to.stat().st_size > item.large:
                item.codec.pack(to, packed)
                max((to, packed), key=lambda path: path.stat().st_size).unlink()
            return notes, False
        except LeftOutError as reason:
            return [f"left out: {reason}"], True

    for item, (said, is_left_out) in zip(items, in_order(items, written, workers=contents.workers), strict=True):
        contents.note(item, name, said, is_left_out=is_left_out)
    return WrittenTable(outline, rows.height, file, dict(rows.schema), table_entry(table, definitions))
