"""Writes every file of a release into its staging folder: data table by table, then documents and manifest.

One table is in memory at a time: its canonical text while the CSV is written, then its typed columns for everything else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from deedbook.checking.rules import RuleBook
from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.findings import Report, report_record
from deedbook.integrity.digests import BUILD_FILE, Digests
from deedbook.integrity.provenance import InputFile, build_json
from deedbook.project import Project
from deedbook.release.changelog import write_changes
from deedbook.release.codebook import (
    TableEntry,
    codebook_html,
    codebook_json,
    codebook_markdown,
    make_codebook,
    table_entry,
)
from deedbook.release.codes import CodeLists, labelled, read_codes
from deedbook.release.derived import derive_frames, derived_view, edited_table
from deedbook.release.edition import Edition, moment_text
from deedbook.release.formats.csv import write_csv
from deedbook.release.formats.jsonl import write_jsonl
from deedbook.release.formats.parquet import write_parquet
from deedbook.release.formats.rds import write_rds
from deedbook.release.formats.spss import write_spss
from deedbook.release.formats.sqlite import add_table, close_database, open_database
from deedbook.release.formats.stata import write_stata
from deedbook.release.formats.xlsx import Workbook, add_sheet, close_workbook, discard_workbook, open_workbook
from deedbook.release.loaders import loader_names, loaders
from deedbook.release.manifest import write_manifest
from deedbook.release.metadata.citation import citation_cff, doi_of
from deedbook.release.metadata.datapackage import CsvFile, datapackage_json
from deedbook.release.metadata.writing import write_metadata
from deedbook.release.notes import ReadmeFacts, readme_lines, readme_markdown
from deedbook.release.rulelist import rule_entries
from deedbook.release.statistics import describe_columns
from deedbook.release.tables import Limit, Outline, Table, named_missing, schema_of, type_rows
from deedbook.schema import TableSchema
from deedbook.versioning.verdict import Verdict

Format = Literal["parquet", "jsonl", "sqlite", "xlsx", "stata", "spss", "rds"]
FORMATS: tuple[Format, ...] = get_args(Format)
Progress = Callable[[str, float], None]
"""Told what is being done, and which share of that is behind it (0 to 1)."""
COPIED = ("LICENSE", "CHANGES.md")
STATISTICAL: tuple[tuple[Format, str, Callable[[Table, Edition, Path], tuple[Limit, ...]]], ...] = (
    ("stata", ".dta", write_stata),
    ("spss", ".sav", write_spss),
    ("rds", ".rds", write_rds),
)
"""The formats of statistics programs, a file a table."""


@dataclass(frozen=True, slots=True)
class PassedReport:
    """A report without errors: the only thing that a release can be made from.

    Attributes:
        verdict: What the version rests on; None for a first release.

    Raises:
        ValueError: when the report has errors.
    """

    report: Report
    verdict: Verdict | None = None

    def __post_init__(self) -> None:
        """Holds the invariant."""
        if not self.report.valid:
            raise ValueError("a release needs a report without errors")


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """What is still needed of a table after its rows were written."""

    outline: Outline
    file: CsvFile
    dtypes: Mapping[str, pl.DataType]
    entry: TableEntry


@dataclass(slots=True)
class _Writers:
    """The files that take all tables, and what no format could hold."""

    folder: Path
    edition: Edition
    formats: Sequence[Format]
    schemas: Mapping[str, TableSchema]
    codes: CodeLists
    database: sqlite3.Connection | None = None
    workbook: Workbook | None = None
    limits: list[Limit] = field(default_factory=list)
    digest: Digests = field(default_factory=Digests)


def release_formats(project: Project) -> tuple[Format, ...]:
    """The formats beside CSV: all, or those in `[release] formats` of `deedbook.toml`.

    Raises:
        ProjectError: when one is unknown.
    """
    settings = project.config.raw.get("release", {}) if project.config else {}
    wanted = settings.get("formats") if isinstance(settings, Mapping) else None
    if wanted is None:
        return FORMATS
    known = (*FORMATS, "csv")
    if not isinstance(wanted, list) or any(name not in known for name in wanted):
        raise ProjectError(f"deedbook.toml: `formats` under [release] is a list of {', '.join(known)}")
    return tuple(name for name in FORMATS if name in wanted)


def write_release(
    project: Project,
    edition: Edition,
    passed: PassedReport,
    inputs: tuple[InputFile, ...],
    folder: Path,
    *,
    book: RuleBook,
    progress: Progress | None = None,
) -> None:
    """Fills `folder` with a whole release but for what proves it."""
    say = progress or (lambda _what, _share: None)
    frames = derive_frames(project, book.derive, edition.created)
    edited = [resource.name for resource in project.package.resources]
    views = sorted(frames.keys() - set(edited))
    codes = read_codes(project)
    schemas = {resource.name: schema_of(resource) for resource in project.package.resources}
    with _open_writers(project, edition, folder, schemas, codes, [*edited, *views]) as writers:
        written = []
        for position, name in enumerate([*edited, *views]):
            say(f"writing {name}", position / (len(edited) + len(views)))
            if name in schemas:
                outline, text = edited_table(project, name, frames, edition)
            else:
                outline, text = derived_view(project, name, frames[name])
            written.append(_write_table(labelled(outline, codes), text, writers))
        say("writing documents", 1.0)
        _write_documents(project, passed, book, inputs, written, writers)


@contextmanager
def _open_writers(
    project: Project,
    edition: Edition,
    folder: Path,
    schemas: Mapping[str, TableSchema],
    codes: CodeLists,
    tables: Sequence[str],
) -> Iterator[_Writers]:
    """The files that take all tables, open; closed at the end, however it comes."""
    formats = release_formats(project)
    writers = _Writers(folder, edition, formats, schemas, codes)
    if "sqlite" in formats:
        writers.database = open_database(folder / f"{edition.name}.sqlite")
    if "xlsx" in formats:
        writers.workbook = open_workbook(folder / f"{edition.name}.xlsx", edition, tables)
    try:
        yield writers
    finally:
        if writers.database is not None:
            writers.database.close()
        if writers.workbook is not None:
            discard_workbook(writers.workbook)


def _write_table(outline: Outline, text: pl.DataFrame, writers: _Writers) -> WrittenTable:
    path = writers.folder / f"{outline.name}.csv"
    write_csv(text, path)
    file = CsvFile(path.name, text.height, path.stat().st_size, writers.digest(path))
    rows, limits = type_rows(text, outline.schema, outline.name)
    del text
    table = Table(outline, rows)
    writers.limits += limits
    if "parquet" in writers.formats:
        write_parquet(table, writers.edition, path.with_suffix(".parquet"))
    if "jsonl" in writers.formats:
        writers.limits += write_jsonl(table, path.with_suffix(".jsonl"))
    for kind, suffix, write in STATISTICAL:
        if kind in writers.formats:
            writers.limits += write(table, writers.edition, path.with_suffix(suffix))
    if writers.database is not None:
        writers.limits += add_table(writers.database, table, writers.schemas)
    if writers.workbook is not None:
        writers.limits += add_sheet(writers.workbook, table)
    entry = table_entry(outline, rows.height, describe_columns(table), writers.codes)
    return WrittenTable(outline, file, dict(rows.schema), entry)


def _write_documents(
    project: Project,
    passed: PassedReport,
    book: RuleBook,
    inputs: tuple[InputFile, ...],
    written: Sequence[WrittenTable],
    writers: _Writers,
) -> None:
    package, edition, folder = project.package, writers.edition, writers.folder
    if writers.database is not None:
        writers.limits += close_database(writers.database, _metadata(package, edition))
    copied = _copy_documents(package, folder)
    facts = _facts(project, passed.report, written, writers, copied)
    if writers.workbook is not None:
        close_workbook(writers.workbook, [table.outline for table in written], readme_lines(facts))
    tables = [(table.outline, table.file) for table in written]
    codebook = make_codebook(
        edition, facts.entries, rule_entries(project, book, passed.report, has_previous=passed.verdict is not None)
    )
    outlines = [table.outline for table in written]
    descriptor = datapackage_json(package, edition, tables)
    documents = {
        **loaders(edition, outlines, folder, facts.loaders, descriptor, writers.digest),
        "datapackage.json": descriptor,
        "CITATION.cff": citation_cff(package, edition),
        "CODEBOOK.md": codebook_markdown(codebook),
        "CODEBOOK.html": codebook_html(codebook),
        "codebook.json": codebook_json(codebook),
        "README.md": readme_markdown(facts),
        "validation.json": json.dumps(report_record(passed.report), ensure_ascii=False, indent=2) + "\n",
        BUILD_FILE: build_json(edition.name, edition.version, edition.epoch, inputs),
    }
    for name, content in documents.items():
        _write_text(folder / name, content)
    rows = {outline.name: file.rows for outline, file in tables if not outline.is_view}
    write_changes(project, edition, passed.verdict, book.guards, rows, folder)
    write_metadata(package, edition, tables, folder, writers.digest)
    write_manifest(package, edition, tables, folder, writers.digest)


def _facts(
    project: Project, report: Report, written: Sequence[WrittenTable], writers: _Writers, copied: Sequence[str]
) -> ReadmeFacts:
    missing = {resource.name: named_missing(schema_of(resource)) for resource in project.package.resources}
    return ReadmeFacts(
        package=project.package,
        edition=writers.edition,
        report=report,
        entries=[table.entry for table in written],
        dtypes={table.outline.name: table.dtypes for table in written},
        formats=writers.formats,
        limits=writers.limits,
        missing={name: values for name, values in missing.items() if values},
        copied=copied,
        loaders=loader_names(writers.formats),
    )


def _metadata(package: Package, edition: Edition) -> dict[str, str]:
    licences = package.raw.get("licenses")
    names = [str(entry.get("name") or entry.get("path")) for entry in licences or () if isinstance(entry, Mapping)]
    record = {
        "name": edition.name,
        "title": edition.title,
        "description": edition.description,
        "version": edition.version,
        "state": edition.state,
        "created": moment_text(edition.created),
        "license": ", ".join(names),
        "doi": doi_of(package),
    }
    return {key: value for key, value in record.items() if value}


def _copy_documents(package: Package, folder: Path) -> tuple[str, ...]:
    """Copies what people wrote for readers, byte by byte."""
    present = tuple(name for name in COPIED if (package.root / name).is_file())
    for name in present:
        (folder / name).write_bytes((package.root / name).read_bytes())
    return present


def _write_text(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")
