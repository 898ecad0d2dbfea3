"""What people read first: `README.md`, the README sheet of the workbook and `index.html`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deedbook.release.contents import Contents
from deedbook.release.formats import FORMATS
from deedbook.release.metadata.citation import Licence
from deedbook.release.metadata.standards import catalogue_description, described
from deedbook.release.pages import render
from deedbook.release.snippets import loader_names, snippets, usages
from deedbook.release.tables import TYPED_FORMATS, named_missing, schema_of
from deedbook.versioning.corrections import PATH as CORRECTIONS


def readme_markdown(contents: Contents, copied: Sequence[str]) -> str:
    """The README of the release; `copied` are the documents that came from the package folder."""
    edition, package, example = contents.edition, contents.project.package, contents.example
    missing = {resource.name: named_missing(schema_of(resource)) for resource in package.resources}
    return render(
        "README.md.j2",
        edition=edition,
        entries=[table.entry for table in contents.tables],
        formats=contents.formats,
        loaders=loader_names(contents.formats),
        copied=copied,
        has_corrections=(package.root / CORRECTIONS).is_file(),
        licences=[_licence(one) for one in edition.licences],
        example=example,
        ways=usages(example, edition.name, {path.name for path in contents.folder.iterdir()}),
        snippets=snippets(example, next(table.dtypes for table in contents.tables if table.outline.name == example)),
        limits=contents.limits,
        missing={name: values for name, values in missing.items() if values},
        report=contents.report,
    )


def readme_lines(contents: Contents) -> list[str]:
    """The README sheet of the workbook, a line a cell."""
    edition = contents.edition
    rows = [
        (table.outline.title or table.outline.name, table.outline.name, table.file.rows) for table in contents.tables
    ]
    own = [limit for limit in contents.limits if limit.format in {"XLSX", TYPED_FORMATS}]
    return [
        f"{edition.title}, version {edition.version} ({edition.date})",
        *(["", edition.description] if edition.description else []),
        *("", "Cite as:", edition.citation),
        *(f"Licence: {_licence(one)}" for one in edition.licences),
        *("", "Sheets:", *(f"{name}: {title}, {count:,} rows" for title, name, count in rows)),
        "codebook: every field with its type, its meaning and its codes",
        "",
        "An empty cell is a missing value; NA is a text. Ids and codes are text. TABLE.csv is the data; this workbook is made from it.",
        *(["", "Limits of this workbook:", *(f"{limit.table}: {limit.text}" for limit in own)] if own else []),
    ]


def index_html(contents: Contents, changes: Mapping[str, object]) -> str:
    """The release as one self-contained page, every file with size and sha256, schema.org JSON-LD inside.

    Args:
        contents: The release, with every file but this page and what is written after it.
        changes: The content of `changes.json`.
    """
    files, names = contents.files(), contents.names
    of_table = {(file.table, file.format): file for file in files}
    titles = [item.title for item in FORMATS if any(file.table and file.format == item.title for file in files)]
    # nothing in it can end the script element
    json_ld = described(contents, "schemaorg.json", files, indent=1).rstrip("\n")
    example = "events" if "events" in names else names[0]
    return render(
        "index.html.j2",
        edition=contents.edition,
        description=catalogue_description(contents),
        formats=titles,
        tables=[(table, [of_table.get((table.outline.name, title)) for title in titles]) for table in contents.tables],
        loads=usages(example, contents.edition.name, {file.name for file in files}),
        history=changes.get("history"),
        files=files,
        diffs=[file for file in files if file.name.endswith(".diff.csv")],
        json_ld=json_ld.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    )


def _licence(one: Licence) -> str:
    return " ".join(part for part in (one.title or one.spdx, one.url) if part)
