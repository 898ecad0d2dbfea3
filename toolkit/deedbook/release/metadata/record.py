"""What every metadata standard says of a release, read once: who, what, when, under which licence, in which files.

Each writer beside this module puts the same record into the words of its standard, so identifiers, people, licence and
checksums cannot differ between them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.descriptor import Package
from deedbook.integrity.digests import DigestOf, sha256_of
from deedbook.release.edition import Edition, moment_text
from deedbook.release.media import FORMAT_TITLES, media_type, table_of
from deedbook.release.metadata.citation import authors_of, citation_text, concept_doi_of, doi_of
from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.tables import Outline

_SHORTEST_DESCRIPTION = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person (with a family name) or an organisation; empty what is not known."""

    name: str
    given: str = ""
    family: str = ""
    orcid: str = ""
    website: str = ""
    affiliation: str = ""

    @property
    def is_person(self) -> bool:
        """Whether it is known to be a person."""
        return bool(self.family)

    @property
    def id(self) -> str:
        """An address that stands for it; empty without one."""
        return self.orcid or self.website


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
    year: int
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
    sources: tuple[tuple[str, str], ...]
    tables: tuple[tuple[Outline, CsvFile], ...]
    files: tuple[File, ...]
    previous: str

    @property
    def data(self) -> tuple[File, ...]:
        """The files that hold rows, by format and name."""
        order = list(FORMAT_TITLES.values())
        return tuple(
            sorted((file for file in self.files if file.format), key=lambda file: (order.index(file.format), file.name))
        )


def make_record(
    package: Package,
    edition: Edition,
    tables: Sequence[tuple[Outline, CsvFile]],
    folder: Path,
    digest: DigestOf = sha256_of,
) -> Record:
    """The record of a release whose data and documents stand in `folder`."""
    creators = tuple(_agent(author) for author in authors_of(package, edition))
    publishers = [_agent(entry) for entry in _contributors(package) if "publisher" in _roles(entry)]
    contributors = [_agent(entry) for entry in _contributors(package)]
    doi = doi_of(package)
    homepage = str(package.raw.get("homepage", ""))
    return Record(
        name=edition.name,
        title=edition.title,
        description=_description(edition, tables),
        version=edition.version,
        created=moment_text(edition.created),
        date=f"{edition.created:%Y-%m-%d}",
        year=edition.created.year,
        identifier=f"https://doi.org/{doi}" if doi else f"urn:uuid:{_uuid(edition.name, edition.version)}",
        doi=doi,
        concept_doi=concept_doi_of(package),
        homepage=homepage if homepage.startswith("http") else "",
        citation=citation_text(package, edition),
        keywords=_texts(package.raw.get("keywords")),
        languages=_texts(package.raw.get("languages")) or ("en",),
        licences=tuple(_licence(entry) for entry in _objects(package.raw.get("licenses"))),
        creators=creators,
        contributors=tuple(agent for agent in contributors if agent.name not in {one.name for one in creators}),
        publisher=publishers[0] if publishers else creators[0],
        sources=tuple(
            (str(entry.get("title", "")), str(entry.get("path", ""))) for entry in _objects(package.raw.get("sources"))
        ),
        tables=tuple(tables),
        files=read_files(folder, {outline.name for outline, _ in tables}, digest),
        previous=edition.previous.version if edition.previous else "",
    )


def read_files(folder: Path, tables: set[str], digest: DigestOf = sha256_of) -> tuple[File, ...]:
    """The files that stand in the folder, sorted by name."""
    return tuple(
        File(
            path.name,
            path.stat().st_size,
            digest(path),
            media_type(path.name),
            _format(path, tables),
            table_of(path.name, tables) or "",
        )
        for path in sorted(folder.iterdir())
    )


def _format(path: Path, tables: set[str]) -> str:
    """The format of a file of rows; corrections and row changes describe data, and are not data themselves."""
    holds_rows = table_of(path.name, tables) or path.suffix in {".sqlite", ".xlsx"}
    return FORMAT_TITLES.get(path.suffix, "") if holds_rows else ""


def _description(edition: Edition, tables: Sequence[tuple[Outline, CsvFile]]) -> str:
    """The dataset's description; catalogues refuse one below 50 characters, so a short one gets a sentence."""
    if len(edition.description) >= _SHORTEST_DESCRIPTION:
        return edition.description
    names = ", ".join(outline.name for outline, _ in tables)
    return (
        f"{edition.description or edition.title} Version {edition.version} of {edition.name}, with the tables {names}."
    )


def _uuid(name: str, version: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"deedbook:{name}/{version}")


def _agent(entry: Mapping[str, Any]) -> Agent:
    """A contributor as the descriptor or the citation names it."""
    given, family, affiliation = (
        str(entry.get(first) or entry.get(second) or "")
        for first, second in (
            ("given-names", "givenName"),
            ("family-names", "familyName"),
            ("affiliation", "organization"),
        )
    )
    name = str(entry.get("name") or entry.get("title") or " ".join(part for part in (given, family) if part))
    path = str(entry.get("path", ""))
    orcid = str(entry.get("orcid", "")) or (path if "//orcid.org/" in path else "")
    website = str(entry.get("website", "")) or (path if path.startswith("http") and not orcid else "")
    return Agent(
        name=name or affiliation,
        given=given,
        family=family,
        orcid=orcid.replace("http://", "https://"),
        website=website,
        affiliation=affiliation if family else "",
    )


def _contributors(package: Package) -> list[Mapping[str, Any]]:
    return _objects(package.raw.get("contributors"))


def _roles(entry: Mapping[str, Any]) -> set[str]:
    return {*_texts(entry.get("roles")), str(entry.get("role", ""))}


def _licence(entry: Mapping[str, Any]) -> Licence:
    return Licence(*(str(entry.get(key, "")) for key in ("name", "title", "path")))


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list | tuple) else ()
