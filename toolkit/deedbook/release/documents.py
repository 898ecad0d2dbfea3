"""The documents of a release beside its data: what they are called, and what stands in each.

What describes the release to machines is a template a standard (`templates/NAME.j2`), which all take their facts from one place:

    croissant.json            Croissant 1.1, for machine learning tools
    csv-metadata.json         CSV on the Web
    datacite.json             DataCite Metadata Schema 4.5, what a DOI is registered with
    dcat.ttl                  DCAT-AP 3.0.1, for data portals
    ro-crate-metadata.json    RO-Crate 1.1, for research archives
    schemaorg.json            schema.org, for search engines: it stands inside `index.html`

A template of JSON writes every key; what is not known is left out here. `datapackage.json`, a Data Package v2 that stands alone, is the
descriptor of the project with what a release adds: schemas inlined with categories and derived columns, sha256, bytes and rows of
every CSV, the release date. What only steers a build (`deedbook`) or describes the edited text (dialect, encoding, missing values) is
gone: the tables are canonical CSV.

A reader that guesses turns Namibia's code `NA` into a missing value, `007` into 7 and `1-2` into a date. So every snippet names the
types, and says that only an empty cell is missing; and `load.py`, `load.sql`, `load.R` and `load.do` load the tables of the release
after they have checked their hashes. Each reads the files beside it, or, told a folder or an address, those there: the hashes prove
that they are the ones of this release. The one for Python has the hash of `datapackage.json`, which has those of the tables.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.integrity import digests
from deedbook.integrity.signatures import KEY_FILE_VARIABLE, KEY_VARIABLE
from deedbook.project import Project
from deedbook.release.citation import licences_of
from deedbook.release.citation import write as cited
from deedbook.release.contents import TYPED_FORMATS, Contents, File, release_formats
from deedbook.release.formats import FORMATS, Format, Usage, every_format, format_of
from deedbook.release.formats.cells import fitted_names
from deedbook.release.pages import json_text, render
from deedbook.release.tables import Outline, named_missing, schema_of
from deedbook.schema import Field, TableSchema, own_settings
from deedbook.versioning import corrections
from deedbook.versioning.bump import Verdict
from deedbook.versioning.previous import CHANGES

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
_GLANCED = 2
"""Fields of codes in the README; the codebook has all."""
_UNKNOWN: tuple[object, ...] = (None, "", [], {})
PROFILE = "https://datapackage.org/profiles/2.0/"
_DROPPED = re.compile(r"\$schema|profile|resources|deedbook|created|version|name|title|description")
_DROPPED_OF_RESOURCE = re.compile(
    r"\$schema|bytes|compression|data|description|dialect|encoding|format|hash|innerpath|mediatype"
    r"|name|path|profile|rows|schema|stats|title|type"
)
_DROPPED_OF_SCHEMA = re.compile(r"derivedFields|fields|fieldsMatch|missingValues|\$schema")
_IN_CODE = re.compile(r"[\x00-\x1f\x7f-\x9f`\\]")
"""What ends a line, a fence of Markdown or a name of R; a name with it is in no code that people paste."""
_STATA_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,27}")


def copied(package: Package) -> list[str]:
    """What stands in the package folder for readers, the texts of licences among it.

    Raises:
        ProjectError: when a licence is called like something else that a release has.
    """
    own, tables = {*_DOCUMENTS, *loader_names(FORMATS)}, {one.name for one in package.resources}
    licences = [one.url for one in licences_of(package.raw) if one.is_file]
    for name in licences:
        if name in own or name.endswith(".diff.csv") or format_of(name, tables, package.name):
            message = f"the licence is the file {name}, which a release has of its own"
            raise ProjectError(message, "give the file of the licence another name, such as LICENSE")
    return [name for name in dict.fromkeys((*COPIED, *licences)) if (package.root / name).is_file()]


def readme_markdown(contents: Contents, archives: Sequence[str]) -> str:
    """The README of the release.

    Args:
        contents: The release, its tables written.
        archives: The names of the archives that it will have.
    """
    package, example = contents.project.package, contents.example
    missing = {resource.name: named_missing(schema_of(resource)) for resource in package.resources}
    return render(
        "README.md.j2",
        contents=contents,
        edition=contents.edition,
        archives=archives,
        loaders=loader_names(contents.formats),
        copied=copied(package),
        has_corrections=(package.root / corrections.PATH).is_file(),
        start=start(contents),
        glance=glance(contents),
        ways=usages(contents),
        snippets=snippets(example, next(table.dtypes for table in contents.tables if table.outline.name == example)),
        missing={name: values for name, values in missing.items() if values},
    )


def start(contents: Contents) -> dict[str, Any]:
    """Where a reader begins: the workbook, if there is one, and the table to analyse: the first view, else the example.

    Of each file with all tables it says which ones are left out of it.
    """
    whole = {item.file_name("", contents.edition.name): item for item in contents.formats if not item.is_per_table}
    workbook = next((name for name, item in whole.items() if item.name == "xlsx"), "")
    outlines = [table.outline for table in contents.tables]
    outlines.sort(key=lambda outline: (not outline.is_view, not outline.name.startswith(contents.example)))
    without = {name: contents.left_out_of(item) for name, item in whole.items()}
    return {"workbook": workbook, "table": outlines[0], "without": without}


def glance(contents: Contents) -> dict[str, Any]:
    """How the rows of the example lie, for the README: its first dates, and its first fields of codes that differ.

    Dates that the release derives come before edited ones, such as the day of coding. It is all text: a release is flat, plan tells
    its files before there are rows, and Markdown holds no picture that is not a file of its own.
    """
    entry = next(table.entry for table in contents.tables if table.outline.name == contents.example)
    dates = [field for field in entry["fields"] if field["statistics"].shape == "moments" and field["statistics"].bins]
    codes = [field for field in entry["fields"] if field["codes"] and field["statistics"].distinct > 1]
    when = next(iter(sorted(dates, key=lambda field: not field["is_derived"])), None)
    return {"table": entry, "when": when, "codes": codes[:_GLANCED]}


def readme_lines(contents: Contents, book: Format) -> list[str]:
    """The README sheet of a workbook, a line a cell."""
    edition = contents.edition
    lines = [f"{edition.title}, version {edition.version} ({edition.date})"]
    if edition.description:
        lines += ["", edition.description]
    lines += ["", "Cite as:", str(edition.citation), *(f"Licence: {one.text}" for one in edition.licences)]
    lines += ["", "Sheets:"]
    for table in contents.tables_in(book):
        name = table.outline.name
        lines.append(f"{name}: {table.outline.title or name}, {table.rows:,} rows")
    lines += [
        "codebook: every field with its type, its meaning and its codes",
        "",
        "An empty cell is a missing value; NA is a text. Ids and codes are text. TABLE.csv is the data; this workbook is made from it.",
    ]
    own = [f"{one.table}: {one.text}" for one in contents.limits if one.format in {book.known_as, TYPED_FORMATS}]
    return lines + (["", "Limits of this workbook:", *own] if own else [])


def index_html(contents: Contents, changes: Mapping[str, object]) -> str:
    """The release as one self-contained page, every file with size and sha256, schema.org JSON-LD inside.

    Args:
        contents: The release, with every file but this page and what is written after it.
        changes: The content of `changes.json`.
    """
    files = contents.files()
    there = {file.format for file in files if file.table}
    # nothing in it can end the script element
    json_ld = described(contents, "schemaorg.json", files, indent=1).rstrip("\n")
    return render(
        "index.html.j2",
        edition=contents.edition,
        description=catalogue_description(contents),
        formats=[item for item in FORMATS if item.title in there],
        too_large=[limit for limit in contents.limits if not limit.table],
        tables=contents.tables,
        of_table={(file.table, file.format): file for file in files},
        archives=[file for file in files if file.media_type == "application/zip"],
        start=start(contents),
        cited={"BibTeX": cited(contents.edition.citation, "bibtex"), "RIS": cited(contents.edition.citation, "ris")},
        loads=usages(contents),
        history=changes.get("history"),
        files=files,
        diffs=[file for file in files if file.name.endswith(".diff.csv")],
        json_ld=json_ld.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    )


def described(contents: Contents, standard: str, files: Sequence[File], *, indent: int = 2) -> str:
    """The document of a standard about these files of the release."""
    edition, outlines = contents.edition, [table.outline for table in contents.tables]
    titles = [item.title for item in every_format()]
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
        ids=_field_ids(outlines),
    )
    if not standard.endswith(".json"):
        return text
    return json_text(known(json.loads(text)), indent)


def catalogue_description(contents: Contents) -> str:
    """The dataset's description; catalogues refuse one below 50 characters, so a short one gets a sentence."""
    edition = contents.edition
    if len(edition.description) >= _SHORTEST_DESCRIPTION:
        return edition.description
    own = f"Version {edition.version} of {edition.name}, with the tables {', '.join(contents.names)}."
    return f"{edition.description or edition.title} {own}"


def known(value: Any) -> Any:
    """The value without what is null or empty, however deep."""
    if isinstance(value, dict):
        found = {key: known(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item not in _UNKNOWN}
    return [item for item in map(known, value) if item not in _UNKNOWN] if isinstance(value, list) else value


def _field_ids(outlines: Sequence[Outline]) -> dict[tuple[str, str], str]:
    """What stands for a field of a table inside a document, each once: without white space, which mlcroissant refuses."""
    found = dict[tuple[str, str], str]()
    for outline in outlines:
        names = outline.schema.names
        longest = 2 * max(map(len, names)) + 9
        plain = fitted_names(names, longest, lambda name, size: "_".join(name.split())[:size], "", folds_case=False)
        found |= {(outline.name, name): f"{outline.name}/{one}" for name, one in zip(names, plain, strict=True)}
    return found


def _references(outlines: Sequence[Outline]) -> dict[tuple[str, str], tuple[str, str]]:
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
                found[outline.name, name] = target, key.reference[0]
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


def forecast(project: Project, verdict: Verdict | None = None, environment: Mapping[str, str] = os.environ) -> Forecast:
    """The files of the project's next release, told before it is built: nothing is derived or compared for it.

    Whether a large file is packed, and whether there is an archive, follows the release before; for a first one, the size of
    the edited files tells.

    Args:
        project: What is to be released.
        verdict: What its version rests on; None for a first one.
        environment: Where a signing key may be named.
    """
    formats, package = release_formats(project), project.package
    beside = [*_DOCUMENTS, *loader_names(formats), *copied(package)]
    if (package.root / corrections.PATH).is_file():
        beside.append(corrections.PATH)
    if any(map(environment.get, (KEY_VARIABLE, KEY_FILE_VARIABLE))):
        beside.append(digests.SIGNATURE)
    names = _planned_tables(project)
    data, whole = _foreseen_files(project, names, verdict.previous.folder if verdict else None)
    diffs = tuple(f"{table}.diff.csv" for table in _told_tables(verdict)) if verdict else ()
    return Forecast(data, whole, tuple(sorted({*beside})), diffs)


def _foreseen_files(
    project: Project, tables: Sequence[str], previous: Path | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The files of data of the next release: those of one table, and those of all.

    Args:
        project: What is to be released.
        tables: The tables of the release.
        previous: The folder of the release before; None for a first one.
    """
    formats, dataset = release_formats(project), project.package.name
    before = {path.name: path.stat().st_size for path in previous.iterdir()} if previous else {}
    files = {resource.name: resource.files for resource in project.package.resources}
    sizes = {name: sum(file.stat().st_size for file in files.get(name, ()) if file.is_file()) for name in tables}
    data = [
        item.file_among(before, name, dataset) or item.file_of(name, dataset, sizes[name])
        for name in tables
        for item in formats
        if item.is_per_table
    ]
    whole = [item.file_name("", dataset) for item in formats if not item.is_per_table]
    if len(tables) > 1:
        whole += _foreseen_archives(project, data, before, sum(sizes.values()))
    return tuple(data), tuple(whole)


def _foreseen_archives(project: Project, data: Sequence[str], before: Mapping[str, int], size: int) -> Iterator[str]:
    """The archives of the next release.

    Args:
        project: What is to be released.
        data: The files of its tables.
        before: The bytes of the files of the release before; empty for a first one.
        size: The bytes of the edited tables.
    """
    for item in release_formats(project, archives=True):
        ends = item.holds.suffixes if item.holds else ()
        total = sum(before.get(name, 0) for name in data if name.endswith(ends)) if before else size
        if not 0 < item.large < total:
            yield item.file_name("", project.package.name)


def _planned_tables(project: Project) -> list[str]:
    """The tables of the next release: those of the package, then derived ones, which have a schema of their own."""
    names = [resource.name for resource in project.package.resources]
    if project.schemas is None or "dataset" not in project.rule_files:
        return names
    described_tables = {file.name.removesuffix(".schema.json") for file in project.schemas.glob("*.schema.json")}
    return names + sorted(described_tables - {*names})


def _told_tables(verdict: Verdict) -> list[str]:
    """The edited tables that differ, and whose changes may be told."""
    withheld = corrections.private_tables(verdict.reasons.given)
    differing = (item.table for item in verdict.changes.tables if item.has_new_values)
    return [table for table in differing if table not in withheld]


def datapackage_json(contents: Contents) -> str:
    """The descriptor of the release."""
    package, edition = contents.project.package, contents.edition
    raw = {resource.name: resource.raw for resource in package.resources}
    resources = []
    for table in contents.tables:
        outline, file, schema = table.outline, table.file, table.outline.schema
        said = {"title": outline.title, "description": outline.description}
        own = own_settings(schema.raw).items()
        settings = {name: value for name, value in own if name not in {"guess", "plainSpaces"}}
        resource = {
            "name": outline.name,
            "type": "table",
            "path": file.name,
            **{key: text for key, text in said.items() if text},
            **_kept(raw.get(outline.name, {}), _DROPPED_OF_RESOURCE),
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": file.bytes,
            "hash": f"sha256:{file.sha256}",
            "rows": table.rows,
            "schema": {
                "$schema": PROFILE + "tableschema.json",
                **_kept({**schema.raw, "deedbook": settings}, _DROPPED_OF_SCHEMA),
                "fields": [_field(item, item.name in outline.derived, schema) for item in schema.fields],
                "missingValues": [""],
            },
        }
        resources.append(resource)
    descriptor = {
        "$schema": PROFILE + "datapackage.json",
        "name": edition.name,
        "title": edition.title,
        **({"description": edition.description} if edition.description else {}),
        "version": edition.version,
        "created": edition.moment,
        **_kept(package.raw, _DROPPED),
        **({"id": edition.identifier} if edition.doi else {}),
        "resources": resources,
    }
    return json_text(descriptor, 2)


def _kept(raw: Mapping[str, Any], dropped: re.Pattern[str]) -> dict[str, Any]:
    """What is said otherwise in a release is not said twice."""
    return {key: value for key, value in raw.items() if value not in ("", [], {}) and not dropped.fullmatch(key)}


def _field(item: Field, is_derived: bool, schema: TableSchema) -> dict[str, Any]:
    record = {"name": item.name, "type": item.type, **item.raw}
    if item.categories:
        record["categories"] = [
            {"value": label.value, **({"label": label.label} if label.label else {})} for label in item.categories
        ]
    if is_derived:
        record["derived"] = True
    if item.name in schema.primary_key:
        record["constraints"] = {**record.get("constraints", {}), "required": True}
    return record


def loader_names(formats: Iterable[Format]) -> tuple[str, ...]:
    """The programs that a release with these formats has."""
    return tuple(item.loader for item in formats if item.loader)


def loaders(contents: Contents, descriptor: str) -> Mapping[str, str]:
    """The programs by name; `descriptor` is the content of `datapackage.json`."""
    described, found = hashlib.sha256(descriptor.encode()).hexdigest(), {}
    for item in contents.formats:
        if not item.loader:
            continue
        tables = []
        for table in contents.tables:
            file = contents.folder / item.file_name(table.outline.name, "")
            if file.is_file():
                known = {"file": file.name, "sha256": contents.digest(file), "frame": _plain(table.outline.name)[:32]}
                tables.append({"outline": table.outline, **known})
        values = {"descriptor": described, "edition": contents.edition, "tables": tables}
        found[item.loader] = render(f"{item.loader}.j2", **values)
    return found


def usages(contents: Contents) -> list[Usage]:
    """The shortest way to load a table of the release with each tool."""
    table, dataset = contents.example, contents.edition.name
    named, found = {"table": table, "variable": _variable(table), "dataset": dataset}, []
    names = {path.name for path in contents.folder.iterdir()}
    for item in contents.formats:
        file = item.file_among(names, table, dataset)
        if item.usage and file and table in (one.outline.name for one in contents.tables_in(item)):
            code = item.usage.code.format(**named, file=file)
            found.append(replace(item.usage, code=code, file=item.loader or file))
    return found


def snippets(table: str, dtypes: Mapping[str, pl.DataType]) -> str:
    """How to load a table without the loaders, tool by tool, as Markdown.

    Args:
        table: The table's name.
        dtypes: The types of its columns in the typed formats.
    """
    if _IN_CODE.search("".join(dtypes)):
        return "A column has a name that code would have to quote in a way of its own: use the loaders.\n\n"
    kinds = {name: str(dtype) for name, dtype in dtypes.items()}
    days = [name for name, kind in kinds.items() if kind == "Date" and _STATA_NAME.fullmatch(name)]
    return render("snippets.md.j2", table=table, variable=_variable(table), kinds=kinds, stata_days=days[:2])


def _variable(table: str) -> str:
    """The table's name as a variable in R and Python."""
    return _plain(table) if not table[0].isdigit() else f"t_{_plain(table)}"


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)
