"""The documents of a release beside its data: what they are called, and what stands in each.

What describes the release to machines is a template a standard (`templates/NAME.j2`), which all take their facts from one place:

    croissant.json            Croissant 1.1, for machine learning tools
    csv-metadata.json         CSV on the Web
    datacite.json             DataCite Metadata Schema 4.5, what a DOI is registered with
    dcat.ttl                  DCAT-AP 3.0.1, for data portals
    ro-crate-metadata.json    RO-Crate 1.1, for research archives
    schemaorg.json            schema.org, for search engines: it stands inside `index.html`

A template of JSON writes every key; what is not known is left out here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.integrity import digests
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE
from deedbook.project import Project
from deedbook.release.contents import Contents, File, release_formats
from deedbook.release.formats import FORMATS
from deedbook.release.metadata.citation import licences_of
from deedbook.release.pages import json_text, render
from deedbook.release.snippets import loader_names, snippets, usages
from deedbook.release.tables import TYPED_FORMATS, Outline, named_missing, schema_of
from deedbook.versioning import corrections
from deedbook.versioning.previous import CHANGES
from deedbook.versioning.verdict import Verdict

CHANGELOG = "CHANGELOG.md"
COPIED = ("LICENSE", "CHANGES.md")
"""What people write for readers, copied from the package folder byte by byte."""
STANDARDS = ("croissant.json", "csv-metadata.json", "datacite.json", "dcat.ttl", "ro-crate-metadata.json")
_DOCUMENTS = (
    *STANDARDS,
    *(digests.BUILD_FILE, digests.MANIFEST, digests.PROVENANCE, digests.SUMS),
    *(CHANGES, CHANGELOG, "CITATION.cff", "CODEBOOK.html", "CODEBOOK.md", "README.md"),
    *("codebook.json", "datapackage.json", "index.html", "validation.json"),
)
_SHORTEST_DESCRIPTION = 50
_UNKNOWN: tuple[object, ...] = (None, "", [], {})


def copied(package: Package) -> list[str]:
    """What stands in the package folder for readers, the texts of licences among it.

    Raises:
        ProjectError: when a licence is called like something else that a release has.
    """
    licences = [one.url for one in licences_of(package.raw) if one.is_file]
    if taken := {*licences} & {*_DOCUMENTS}:
        message = f"the licence is the file {taken.pop()}, which a release has of its own"
        raise ProjectError(message, "give the file of the licence another name, such as LICENSE")
    return [name for name in dict.fromkeys((*COPIED, *licences)) if (package.root / name).is_file()]


def readme_markdown(contents: Contents) -> str:
    """The README of the release."""
    edition, package, example = contents.edition, contents.project.package, contents.example
    missing = {resource.name: named_missing(schema_of(resource)) for resource in package.resources}
    return render(
        "README.md.j2",
        edition=edition,
        entries=[table.entry for table in contents.tables],
        formats=contents.formats,
        loaders=loader_names(contents.formats),
        copied=copied(package),
        has_corrections=(package.root / corrections.PATH).is_file(),
        licences=[one.text for one in edition.licences],
        example=example,
        ways=usages(example, edition.name, {path.name for path in contents.folder.iterdir()}, contents.limits),
        snippets=snippets(example, next(table.dtypes for table in contents.tables if table.outline.name == example)),
        limits=contents.limits,
        missing={name: values for name, values in missing.items() if values},
        report=contents.report,
    )


def readme_lines(contents: Contents) -> list[str]:
    """The README sheet of the workbook, a line a cell."""
    edition = contents.edition
    rows = [(table.outline.title or table.outline.name, table.outline.name, table.rows) for table in contents.tables]
    own = [limit for limit in contents.limits if limit.format in {"XLSX", TYPED_FORMATS}]
    return [
        f"{edition.title}, version {edition.version} ({edition.date})",
        *(["", edition.description] if edition.description else []),
        *("", "Cite as:", edition.citation),
        *(f"Licence: {one.text}" for one in edition.licences),
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
    there = {file.format for file in files if file.table}
    # nothing in it can end the script element
    json_ld = described(contents, "schemaorg.json", files, indent=1).rstrip("\n")
    example = "events" if "events" in names else names[0]
    return render(
        "index.html.j2",
        edition=contents.edition,
        description=catalogue_description(contents),
        formats=[item.title for item in FORMATS if item.title in there],
        tables=contents.tables,
        of_table=of_table,
        loads=usages(example, contents.edition.name, {file.name for file in files}, contents.limits),
        history=changes.get("history"),
        files=files,
        diffs=[file for file in files if file.name.endswith(".diff.csv")],
        json_ld=json_ld.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    )


def described(contents: Contents, standard: str, files: Sequence[File], *, indent: int = 2) -> str:
    """The document of a standard about these files of the release."""
    edition, outlines = contents.edition, [table.outline for table in contents.tables]
    titles = [item.title for item in FORMATS]
    agents = (*edition.creators, *edition.contributors, edition.publisher)
    text = render(
        f"{standard}.j2",
        edition=edition,
        description=catalogue_description(contents),
        tables=contents.tables,
        names=contents.names,
        files=files,
        data=sorted((file for file in files if file.format), key=lambda file: (titles.index(file.format), file.name)),
        agents=list({one.orcid or one.name: one for one in agents if one}.values()),
        references=_references(outlines),
    )
    if not standard.endswith(".json"):
        return text
    return json_text(_known(json.loads(text)), indent)


def catalogue_description(contents: Contents) -> str:
    """The dataset's description; catalogues refuse one below 50 characters, so a short one gets a sentence."""
    edition = contents.edition
    if len(edition.description) >= _SHORTEST_DESCRIPTION:
        return edition.description
    own = f"Version {edition.version} of {edition.name}, with the tables {', '.join(contents.names)}."
    return f"{edition.description or edition.title} {own}"


def _known(value: Any) -> Any:
    """The value without what is null or empty, however deep."""
    if isinstance(value, dict):
        found = {key: _known(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item not in _UNKNOWN}
    return [item for item in map(_known, value) if item not in _UNKNOWN] if isinstance(value, list) else value


def _references(outlines: Sequence[Outline]) -> dict[tuple[str, str], str]:
    """By table and field, the field that it refers to, of a table that does not refer back, however indirectly.

    Readers walk from table to table and end nowhere in a circle (mlcroissant refuses it), so a reference that would close
    one is left to `datapackage.json`, as is one that may be empty, and one of several fields.
    """
    leads_to = {outline.name: {outline.name} for outline in outlines}
    found = {}
    for outline in outlines:
        for key in outline.schema.foreign_keys:
            target, name = key.resource or outline.name, key.fields[0]
            is_single = len(key.fields) == 1 and name in outline.required
            if is_single and outline.name not in leads_to.get(target, {outline.name}):
                found[outline.name, name] = f"{target}/{key.reference[0]}"
                for reached in leads_to.values():
                    if outline.name in reached:
                        reached |= leads_to[target]
    return found


@dataclass(frozen=True, slots=True)
class Forecast:
    """The files of a release that is not built yet.

    Attributes:
        tables: A file a table and format.
        whole: Files with all tables.
        documents: Everything else.
        diffs: What `daff` patches the edited tables with; derived ones are not known before the build.
    """

    tables: tuple[str, ...]
    whole: tuple[str, ...]
    documents: tuple[str, ...]
    diffs: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.tables, *self.whole, *self.documents, *self.diffs)


def forecast(project: Project, verdict: Verdict | None = None, environment: Mapping[str, str] = os.environ) -> Forecast:
    """The files of the project's next release, told before it is built: nothing is derived or compared for it.

    Args:
        project: What is to be released.
        verdict: What its version rests on; None for a first one.
        environment: Where a signing key may be named.
    """
    formats, package = release_formats(project), project.package
    names = [resource.name for resource in package.resources]
    if project.schemas is not None and "dataset" in project.rule_files:
        # derived tables: those with a schema of their own
        described_tables = {file.name.removesuffix(".schema.json") for file in project.schemas.glob("*.schema.json")}
        names += sorted(described_tables - {*names})
    beside = [name for name in [corrections.PATH] if (package.root / name).is_file()] + copied(package)
    if any(environment.get(name) for name in (KEY_VARIABLE, KEY_FILE_VARIABLE)):
        beside.append(digests.SIGNATURE)
    withheld = corrections.private_tables(verdict.reasons.given) if verdict else frozenset()
    compared = verdict.changes.tables if verdict else ()
    return Forecast(
        tuple(item.file_name(name, package.name) for name in names for item in formats if item.is_per_table),
        tuple(item.file_name("", package.name) for item in formats if not item.is_per_table),
        tuple(sorted({*_DOCUMENTS, *loader_names(formats), *beside})),
        tuple(f"{item.table}.diff.csv" for item in compared if item.has_new_values and item.table not in withheld),
    )
