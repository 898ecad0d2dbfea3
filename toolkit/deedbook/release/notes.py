"""What people read first: `README.md`, the README sheet of the workbook and `index.html`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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


def readme_markdown(contents: Contents, copied: Sequence[str]) -> str:
    """The README of the release; `copied` are the documents that came from the package folder."""
    edition, package = contents.edition, contents.project.package
    entries = [table.entry for table in contents.tables]
    filled = [entry["name"] for entry in entries if entry["rows"] and not entry["is_view"]]
    example = "events" if "events" in contents.names else (filled or contents.names)[0]
    missing = {resource.name: named_missing(schema_of(resource)) for resource in package.resources}
    return render(
        "README.md.j2",
        edition=edition,
        date=f"{edition.created:%Y-%m-%d}",
        entries=entries,
        formats=contents.formats,
        loaders=loader_names(contents.formats),
        copied=copied,
        has_corrections=(package.root / CORRECTIONS).is_file(),
        licences=_licences(contents),
        citation=citation_text(package, edition),
        example=example,
        ways=usages([example], edition.name, {path.name for path in contents.folder.iterdir()}),
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
    lines += [
        "",
        "Sheets:",
        *("{name}: {0}, {rows:,} rows".format(entry["title"] or entry["name"], **entry) for entry in entries),
    ]
    lines += [
        "codebook: every field with its type, its meaning and its codes",
        "",
        "An empty cell is a missing value; NA is a text. Ids and codes are text. TABLE.csv is the data; this workbook is made from it.",
    ]
    own = [limit for limit in contents.limits if limit.format in {"XLSX", TYPED_FORMATS}]
    if own:
        lines += ["", "Limits of this workbook:", *(f"{limit.table}: {limit.text}" for limit in own)]
    return lines


def index_html(record: Record, files: Sequence[File], changes: Mapping[str, Any]) -> str:
    """The release as one self-contained page, every file with size and sha256, schema.org JSON-LD inside.

    Args:
        record: The release.
        files: Everything in its folder but this page and what is written after it.
        changes: The content of `changes.json`.
    """
    of_table = {(file.table, file.format): file for file in files if file.table}
    there = {title for _, title in of_table}
    titles = [item.title for item in FORMATS if item.title in there]
    tables = [
        {"outline": outline, "rows": file.rows, "files": [of_table.get((outline.name, title)) for title in titles]}
        for outline, file in record.tables
    ]
    json_ld = json.dumps(dataset(record), ensure_ascii=False, indent=1)
    return render(
        "index.html.j2",
        record=record,
        formats=titles,
        tables=tables,
        loads=usages([outline.name for outline, _ in record.tables], record.name, {file.name for file in files}),
        history=changes.get("history") or (),
        diffs=[file for file in files if file.name.endswith(".diff.csv")],
        whole=[file for file in files if file.format and not file.table],
        files=files,
        total=sum(file.bytes for file in files),
        # nothing in it can end the script element
        json_ld=json_ld.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    )


def _licences(contents: Contents) -> list[str]:
    found = contents.project.package.raw.get("licenses")
    entries = [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []
    return [
        " ".join(str(part) for part in (entry.get("title") or entry.get("name"), entry.get("path")) if part)
        for entry in entries
    ]
