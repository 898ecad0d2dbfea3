"""`README.md`, and the README sheet of the workbook: what the release is, how to load, verify and cite it, its limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from deedbook.descriptor import Package
from deedbook.findings import Report
from deedbook.release.codebook import TableEntry
from deedbook.release.edition import Edition
from deedbook.release.loading import quick_ways, snippets
from deedbook.release.metadata.citation import citation_text
from deedbook.release.pages import render
from deedbook.release.tables import TYPED_FORMATS, Limit
from deedbook.versioning.corrections import PATH as CORRECTIONS

_LABELLED = "coded columns have a labelled copy (COLUMN_label) whose numbers change between versions: select by code"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file of the release and what it is for."""

    files: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadmeFacts:
    """Everything that the README says.

    Attributes:
        dtypes: The types of the columns in the typed formats, by table.
        formats: Those that the release holds, apart from CSV.
        loaders: The names of the programs that load the release.
        missing: By table, what the edited files wrote for a missing value, where that was not only an empty cell.
    """

    package: Package
    edition: Edition
    report: Report
    entries: Sequence[TableEntry]
    dtypes: Mapping[str, Mapping[str, pl.DataType]]
    formats: Sequence[str]
    limits: Sequence[Limit]
    missing: Mapping[str, Sequence[str]]
    copied: Sequence[str]
    loaders: Sequence[str]


def readme_markdown(facts: ReadmeFacts) -> str:
    """The README of the release."""
    example = _example_table(facts.entries)
    return render(
        "README.md.j2",
        edition=facts.edition,
        date=f"{facts.edition.created:%Y-%m-%d}",
        entries=facts.entries,
        files=_files(facts),
        licences=_licences(facts.package),
        citation=citation_text(facts.package, facts.edition),
        example=example,
        ways=quick_ways([entry.name for entry in facts.entries], facts.edition.name, _names(facts, example)),
        has_previous=facts.edition.previous is not None,
        snippets=snippets(example, facts.dtypes[example], facts.edition.name),
        limits=facts.limits,
        missing=facts.missing,
        report=facts.report,
    )


def _names(facts: ReadmeFacts, example: str) -> set[str]:
    """The files that the short ways to load rest on, those that the release has."""
    own = {"spss": f"{example}.sav", "sqlite": f"{facts.edition.name}.sqlite", "xlsx": f"{facts.edition.name}.xlsx"}
    return {*facts.loaders, *(name for kind, name in own.items() if kind in facts.formats)}


def readme_lines(facts: ReadmeFacts) -> list[str]:
    """The README sheet of the workbook, a line a cell."""
    edition = facts.edition
    lines = [f"{edition.title}, version {edition.version} ({edition.created:%Y-%m-%d})"]
    if edition.description:
        lines += ["", edition.description]
    lines += ["", "Cite as:", citation_text(facts.package, edition)]
    lines += [f"Licence: {licence}" for licence in _licences(facts.package)]
    lines += ["", "Sheets:"]
    lines += [f"{entry.name}: {entry.title or entry.name}, {entry.rows:,} rows" for entry in facts.entries]
    lines += ["codebook: every field with its type, its meaning and its codes"]
    lines += [
        "",
        "An empty cell is a missing value; NA is a text. Ids and codes are text. TABLE.csv is the data; this workbook is made from it.",
    ]
    own = [limit for limit in facts.limits if limit.format in {"XLSX", TYPED_FORMATS}]
    if own:
        lines += ["", "Limits of this workbook:", *(f"{limit.table}: {limit.text}" for limit in own)]
    return lines


def _example_table(entries: Sequence[TableEntry]) -> str:
    """The table that the snippets load: `events`, else the first that has rows."""
    names = [entry.name for entry in entries]
    filled = [entry.name for entry in entries if entry.rows and not entry.is_view]
    return "events" if "events" in names else (filled or names)[0]


def _files(facts: ReadmeFacts) -> list[Kind]:
    name = facts.edition.name
    by_format = {
        "parquet": Kind("TABLE.parquet", "the same rows, typed: Python, R (arrow, nanoparquet), DuckDB"),
        "jsonl": Kind("TABLE.jsonl", "the same rows as one JSON object a line"),
        "sqlite": Kind(f"{name}.sqlite", "all tables with keys, code lists and codebook"),
        "xlsx": Kind(f"{name}.xlsx", "all tables for Excel and LibreOffice, ids and codes as text"),
        "stata": Kind("TABLE.dta", f"Stata 14 and later, with labels; {_LABELLED}"),
        "spss": Kind("TABLE.sav", f"SPSS, with labels; {_LABELLED}"),
        "rds": Kind(
            "TABLE.rds",
            "R data frames with dates, factors for codes, titles and labels as attributes (label, code_labels)",
        ),
    }
    beside = (facts.package.root / CORRECTIONS).is_file()
    changed = [Kind("corrections.csv", "each corrected cell and withdrawn row with its reason")] if beside else []
    if facts.edition.previous is not None:
        changed.append(
            Kind(
                "TABLE.diff.csv",
                "the rows that differ from the version before, as daff patches them; none where rows went for privacy",
            )
        )
    files = [Kind("TABLE.csv", "the data: UTF-8, comma, LF, sorted by key, an empty cell is a missing value")]
    files += [by_format[kind] for kind in facts.formats]
    files += [
        Kind(
            "CODEBOOK.html, CODEBOOK.md, codebook.json",
            "every table, field, code and rule, with how each column is distributed",
        ),
        Kind(", ".join(facts.loaders), "load every table with types and labels, after checking the hashes"),
        Kind("index.html", "the release as a web page, with every file"),
        Kind("datapackage.json", "Data Package v2: schemas, keys, code lists, sha256 of every table"),
        Kind(
            "croissant.json, ro-crate-metadata.json, datacite.json, dcat.ttl, csv-metadata.json",
            "the same for machine learning tools, research archives, DOI registration, data portals and CSVW readers",
        ),
        Kind("CITATION.cff", "the citation for reference managers"),
        *(
            Kind(
                file,
                {"LICENSE": "the licence", "CHANGES.md": "what each release changed, in the words of its makers"}[file],
            )
            for file in facts.copied
        ),
        Kind("CHANGELOG.md, changes.json", "what every version changed and why; cell by cell since the previous one"),
        *changed,
        Kind("validation.json", "every check that ran before this release, with what it found"),
        Kind("release.json, BUILD.json", "the manifest with sizes and hashes; inputs and writer versions"),
        Kind(
            "provenance.intoto.jsonl, SHA256SUMS",
            "what the release was made from (SLSA), and checksums; signed where a .minisig is there",
        ),
    ]
    return files


def _licences(package: Package) -> list[str]:
    found: Any = package.raw.get("licenses")
    entries = [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
    return [
        " ".join(str(part) for part in (entry.get("title") or entry.get("name"), entry.get("path")) if part)
        for entry in entries
    ]
