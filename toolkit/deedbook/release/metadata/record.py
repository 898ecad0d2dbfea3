"""What every metadata standard says of a release, read once: who, what, when, under which licence, in which files.

Each writer beside this module puts the same record into the words of its standard, so identifiers, people, licence and
checksums cannot differ between them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.integrity.digests import DigestOf, sha256_of
from deedbook.release.contents import Contents
from deedbook.release.edition import Edition, moment_text
from deedbook.release.formats import FORMATS, format_of, media_type
from deedbook.release.metadata.citation import (
    Agent,
    authors_of,
    citation_text,
    concept_doi_of,
    contributors_of,
    doi_of,
    objects_in,
    texts_in,
)
from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.tables import Outline

_SHORTEST_DESCRIPTION = 50


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: its SPDX id, title and address, each empty if unknown."""

    spdx: str
    title: str
    url: str

    @property
    def address(self) -> str:
        """The address of its text: the declared one, else that of the SPDX list."""
        return self.url or (f"https://spdx.org/licenses/{self.spdx}" if self.spdx else "")


@dataclass(frozen=True, slots=True)
class File:
    """A file of the release. `format` is empty unless it holds rows, `table` unless it holds those of one table."""

    name: str
    bytes: int
    sha256: str
    media_type: str
    format: str
    table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The release for catalogues.

    Attributes:
        identifier: The DOI's address, else a UUID made from name and version: the same in every standard.
        concept_doi: The DOI of all versions, never that of this one; empty without one.
        homepage: Where people read about it; empty when the descriptor names none.
        created: ISO 8601 in UTC; `date` is its day.
        publisher: The contributor of that role, else the first creator.
        files: Data and documents that stood in the folder when the record was made, sorted by name.
    """

    name: str
    title: str
    description: str
    version: str
    created: str
    date: str
    identifier: str
    doi: str
    concept_doi: str
    homepage: str
    citation: str
    keywords: tuple[str, ...]
    languages: tuple[str, ...]
    licences: tuple[Licence, ...]
    creators: tuple[Agent, ...]
    contributors: tuple[Agent, ...]
    publisher: Agent
    tables: tuple[tuple[Outline, CsvFile], ...]
    files: tuple[File, ...]

    @property
    def data(self) -> tuple[File, ...]:
        """The files that hold rows, by format and name."""
        titles = [item.title for item in FORMATS]
        held = (file for file in self.files if file.format)
        return tuple(sorted(held, key=lambda file: (titles.index(file.format), file.name)))


def make_record(contents: Contents) -> Record:
    """The record of a release whose data and documents stand in its folder."""
    package, edition = contents.project.package, contents.edition
    tables = tuple((table.outline, table.file) for table in contents.tables)
    raw = package.raw
    creators = authors_of(package, edition)
    known = {one.name for one in creators}
    doi = doi_of(package)
    homepage = str(raw.get("homepage", ""))
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"deedbook:{edition.name}/{edition.version}")
    return Record(
        name=edition.name,
        title=edition.title,
        description=_description(edition, contents.names),
        version=edition.version,
        created=moment_text(edition.created),
        date=f"{edition.created:%Y-%m-%d}",
        identifier=f"https://doi.org/{doi}" if doi else f"urn:uuid:{own}",
        doi=doi,
        concept_doi=concept_doi_of(package),
        homepage=homepage if homepage.startswith("http") else "",
        citation=citation_text(package, edition),
        keywords=texts_in(raw.get("keywords")),
        languages=texts_in(raw.get("languages")) or ("en",),
        licences=tuple(
            Licence(*(str(entry.get(key, "")) for key in ("name", "title", "path")))
            for entry in objects_in(raw.get("licenses"))
        ),
        creators=creators,
        contributors=tuple(one for one in contributors_of(package) if one.name not in known),
        publisher=(*contributors_of(package, "publisher"), creators[0])[0],
        tables=tables,
        files=read_files(contents.folder, edition.name, {*contents.names}, contents.digest),
    )


def read_files(folder: Path, dataset: str, tables: Set[str], digest: DigestOf = sha256_of) -> tuple[File, ...]:
    """The files that stand in the folder, sorted by name.

    Args:
        folder: That of a release.
        dataset: Its name, which is that of the files with all tables.
        tables: The names of its tables.
        digest: Tells the sha256 of a file.
    """
    found = []
    for path in sorted(folder.iterdir()):
        item = format_of(path.name, tables, dataset)
        table = path.name.removesuffix(item.suffix) if item and item.is_per_table else ""
        size, title = path.stat().st_size, item.title if item else ""
        found.append(File(path.name, size, digest(path), media_type(path.name), title, table))
    return tuple(found)


def _description(edition: Edition, tables: Sequence[str]) -> str:
    """The dataset's description; catalogues refuse one below 50 characters, so a short one gets a sentence."""
    if len(edition.description) >= _SHORTEST_DESCRIPTION:
        return edition.description
    own = f"Version {edition.version} of {edition.name}, with the tables {', '.join(tables)}."
    return f"{edition.description or edition.title} {own}"


def filled(record: Mapping[str, Any]) -> dict[str, Any]:
    """What is known: the record without what is None, an empty text or an empty list."""
    return {key: value for key, value in record.items() if value is not None and value not in ("", [], {})}
