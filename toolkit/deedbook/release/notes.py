"""What people read first: `README.md`, the README sheet of the workbook and `index.html`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deedbook.release.contents import Contents
from deedbook.release.formats import FORMATS
from deedbook.release.metadata.citation import citation_text
from deedbook.release.metadata.record import File, Record
from deedbook.release.metadata.schemaorg import dataset
from deedbook.release.pages import render
from deedbook.release.snippets import loader_names, snippets, usages
from deedbook.release.tables import TYPED_FORMATS, named_missing, schema_of
from deedbook.versioning.corrections import PATH as CORRECTIONS

_COPIED = {"LICENSE": "the licence", "CHANGES.md": "what each release changed, in the words of its makers"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file of the release and what it is for."""

    files: str
    purpose: str


def readme_markdown(contents: Contents, copied: Sequence[str]) -> str:
    """The README of the release; `copied` are the documents that came from the package folder."""
    edition, package = contents.edition, contents.project.package
    entries = [table.entry for table in contents.tables]
    filled = [entry.name for entry in entries if entry.rows and not entry.is_view]
    example = "events" if "events" in contents.names else (filled or contents.names)[0]
    missing = {resource.name: named_missing(schema_of(resource)) for resource in package.resources}
    return render(
        "README.md.j2",
        edition=edition,
        date=f"{edition.created:%Y-%m-%d}",
        entries=entries,
        files=_files(contents, copied),
        licences=_licences(contents),
        citation=citation_text(package, edition),
        example=example,
        ways=usages([example], edition.name, {path.name for path in contents.folder.iterdir()}),
        has_previous=edition.previous is not None,
        snippets=snippets(example, next(table.dtypes for table in contents.tables if table.outline.name == example)),
        limits=contents.limits,
        missing={name: values for name, values in missing.items() if values},
        report=contents.passed.report,
    )


def readme_lines(contents: Contents) -> list[str]:
    """The README sheet of the workbook, a line a cell."""
    edition = contents.edition
    lines = [f"{edition.title}, version {edition.version} ({edition.created:%Y-%m-%d})"]
    if edition.description:
        lines += ["", edition.description]
    lines += ["", "Cite as:", citation_text(contents.project.package, edition)]
    lines += [f"Licence: {licence}" for licence in _licences(contents)]
    entries = [table.entry for table in contents.tables]
    lines += ["", "Sheets:", *(f"{entry.name}: {entry.title or entry.name}, {entry.rows:,} rows" for entry in entries)]
    lines += [
        "codebook: every field with its type, its meaning and its codes",
        "",
        "An empty cell is a missing value; NA is a text. Ids and codes are text. TABLE.csv is the data; this workbook is made from it.",
    ]
    own = [limit for limit in contents.limits if limit.format in {"XLSX", TYPED_FORMATS}]
    if own:
        lines += ["", "Limits of this workbook:", *(f"{limit.table}: {limit.text}" for limit in own)]
    return lines


@dataclass(frozen=True, slots=True)
class TableFiles:
    """A table with its files in the order of the formats."""

    outline: Any
    rows: int
    files: tuple[File | None, ...]


def index_html(record: Record, files: Sequence[File], changes: Mapping[str, Any]) -> str:
    """The release as one self-contained page, every file with size and sha256, schema.org JSON-LD inside.

    Args:
        record: The release.
        files: Everything in its folder but this page and what is written after it.
        changes: The content of `changes.json`.
    """
    of_table = {(file.table, file.format): file for file in files if file.table}
    titles = [item.title for item in FORMATS if any(file == item.title for _, file in of_table)]
    json_ld = json.dumps(dataset(record), ensure_ascii=False, indent=1)
    return render(
        "index.html.j2",
        record=record,
        formats=titles,
        tables=[
            TableFiles(outline, file.rows, tuple(of_table.get((outline.name, title)) for title in titles))
            for outline, file in record.tables
        ],
        loads=usages([outline.name for outline, _ in record.tables], record.name, {file.name for file in files}),
        history=changes.get("history") or (),
        diffs=[file for file in files if file.name.endswith(".diff.csv")],
        whole=[file for file in files if file.format and not file.table],
        files=files,
        total=sum(file.bytes for file in files),
        # nothing in it can end the script element
        json_ld=json_ld.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    )


def _files(contents: Contents, copied: Sequence[str]) -> list[Kind]:
    """The kinds of files, and what each is for."""
    changed = []
    if (contents.project.package.root / CORRECTIONS).is_file():
        changed.append(Kind(CORRECTIONS, "each corrected cell and withdrawn row with its reason"))
    if contents.edition.previous is not None:
        text = "the rows that differ from the version before, as daff patches them; none where rows went for privacy"
        changed.append(Kind("TABLE.diff.csv", text))
    return [
        *(Kind(item.file_name("TABLE", contents.edition.name), item.purpose) for item in contents.formats),
        Kind(
            "CODEBOOK.html, CODEBOOK.md, codebook.json",
            "every table, field, code and rule, with how each column is distributed",
        ),
        Kind(
            ", ".join(loader_names(contents.formats)),
            "load every table with types and labels, after checking the hashes",
        ),
        Kind("index.html", "the release as a web page, with every file"),
        Kind("datapackage.json", "Data Package v2: schemas, keys, code lists, sha256 of every table"),
        Kind(
            "croissant.json, ro-crate-metadata.json, datacite.json, dcat.ttl, csv-metadata.json",
            "the same for machine learning tools, research archives, DOI registration, data portals and CSVW readers",
        ),
        Kind("CITATION.cff", "the citation for reference managers"),
        *(Kind(name, _COPIED[name]) for name in copied),
        Kind("CHANGELOG.md, changes.json", "what every version changed and why; cell by cell since the previous one"),
        *changed,
        Kind("validation.json", "every check that ran before this release, with what it found"),
        Kind("release.json, BUILD.json", "the manifest with sizes and hashes; inputs and writer versions"),
        Kind(
            "provenance.intoto.jsonl, SHA256SUMS",
            "what the release was made from (SLSA), and checksums; signed where a .minisig is there",
        ),
    ]


def _licences(contents: Contents) -> list[str]:
    found = contents.project.package.raw.get("licenses")
    entries = [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
    return [
        " ".join(str(part) for part in (entry.get("title") or entry.get("name"), entry.get("path")) if part)
        for entry in entries
    ]
