"""Which release is to be built, and what every document says of it: name, version, date, people, licence, DOI.

All documents take these facts from the one `Edition`, so identifiers, people and licence cannot differ between them.
"""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.release import citation
from deedbook.schema import own_settings
from deedbook.versioning.previous import Previous as Previous
from deedbook.versioning.previous import demand_releasable, read_created, read_json, read_previous


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What a release calls itself, and whom it names.

    Attributes:
        created: The release date, in UTC.
        epoch: The only time stamp that reaches a file: `SOURCE_DATE_EPOCH`, else `created`.
        previous: None for a first release.
        doi: The DOI of this version, `concept_doi` that of all versions; empty without one.
        homepage: Where people read about it; empty when the descriptor names none.
        creators: Contributors with an author's role, else all, else the dataset's own; `contributors` are the others.
        publisher: The contributor of that role, else the first creator.
        sources: Addresses of what it was made from.
        replaces: The DOI of the previous version; empty without one.
    """

    name: str
    title: str
    description: str
    version: str
    created: dt.datetime
    epoch: dt.datetime
    previous: Previous | None = None
    state: Literal["released", "snapshot"] = "released"
    doi: str = ""
    concept_doi: str = ""
    homepage: str = ""
    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    licences: tuple[citation.Licence, ...] = ()
    creators: tuple[citation.Agent, ...] = ()
    contributors: tuple[citation.Agent, ...] = ()
    publisher: citation.Agent | None = None
    sources: tuple[str, ...] = ()
    replaces: str = ""

    @property
    def moment(self) -> str:
        """The release date as `2026-11-22T00:00:00Z`."""
        return self.created.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def date(self) -> str:
        """Its day."""
        return f"{self.created:%Y-%m-%d}"

    @property
    def identifier(self) -> str:
        """What names it in every standard."""
        return citation.identifier_of(self.name, self.version, self.doi)

    @property
    def facts(self) -> dict[str, str]:
        """What files of data say of the release, as text; nothing that is not known."""
        known = {name: getattr(self, name) for name in ("name", "title", "description", "version", "state")}
        licences = ", ".join(one.spdx or one.url or one.title for one in self.licences)
        said = known | {"created": self.moment, "license": licences, "doi": self.doi}
        return {key: text for key, text in said.items() if text}

    @property
    def terms(self) -> str | list[str]:
        """The address of the licence; a list when there are several, or none."""
        found = [licence.address or licence.title for licence in self.licences]
        return found[0] if len(found) == 1 else found

    @property
    def citation(self) -> citation.Citation:
        """How to cite the release; as text, one line of a list of references."""
        return citation.Citation(
            key=citation.citation_key(self.name, self.version),
            title=self.title,
            version=self.version,
            date=self.created.date(),
            authors=self.creators,
            doi=self.doi,
            url=self.homepage,
            publisher=self.publisher.name if self.publisher else "",
        )


def read_edition(package: Package, *folders: Path, snapshot: bool = False) -> Edition:
    """What the descriptor plans to release.

    Args:
        package: The project's descriptor.
        folders: The folders in which earlier releases are looked up, as `NAME/VERSION/`.
        snapshot: Allow an unplanned state: version and previous release may be absent, the version gets `-snapshot`.

    Raises:
        ProjectError: when name, version, date, previous release or DOIs are missing, malformed or cannot be found.
    """
    demand_releasable(package)
    if not snapshot:
        _demand_planned(package)
    raw, title, epoch = package.raw, package.title or package.name, _source_date_epoch()
    created = read_created(package) if package.created else epoch or dt.datetime.fromtimestamp(0, dt.UTC)
    previous = read_previous(package, folders, snapshot=snapshot)
    return Edition(
        name=package.name,
        title=title,
        description=package.description,
        version=_snapshot_of(package.version) if snapshot else package.version,
        created=created,
        epoch=epoch or created,
        previous=previous,
        state="snapshot" if snapshot else "released",
        doi=citation.doi_of(package),
        concept_doi=citation.concept_doi_of(package),
        homepage=citation.web_address(raw.get("homepage")),
        keywords=citation.texts_in(raw.get("keywords")),
        languages=citation.texts_in(raw.get("languages")) or ("en",),
        licences=citation.licences_of(raw),
        **citation.people_of(raw, title),
        sources=citation.sources_of(package),
        replaces=citation.doi_in(read_json(previous.folder / "datapackage.json")) if previous else "",
    )


def _demand_planned(package: Package) -> None:
    """Refuses a descriptor that plans no version or no date; a previous release is demanded where it is read.

    Raises:
        ProjectError: naming everything that is missing.
    """
    has_previous = "previous" in own_settings(package.raw)
    said = {"version": package.version, "created": package.created, "deedbook.previous": has_previous}
    missing, where = [f"`{name}`" for name, value in said.items() if not value], package.path or package.root
    if len(missing) > 1:
        raise ProjectError(f"{where}: {' and '.join(missing)} are missing", "run `deedbook plan --write`")
    if not package.version:
        hint = 'run `deedbook plan --write`, or add "version": "1.0.0" to the descriptor'
        raise ProjectError(f"{where}: no `version` is planned", hint)
    read_created(package)


def _snapshot_of(version: str) -> str:
    """What a snapshot of that version is called, or of one without."""
    return (version or "0.0.0").split("+")[0] + (".snapshot" if "-" in version else "-snapshot")


def _source_date_epoch() -> dt.datetime | None:
    """The time in `SOURCE_DATE_EPOCH` (reproducible-builds.org); None when it is not set."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return dt.datetime.fromtimestamp(int(text), dt.UTC) if text else None
    except (ValueError, OverflowError, OSError):
        hint = "set it to a whole number of seconds since 1970, or unset it"
        raise ProjectError(f"SOURCE_DATE_EPOCH is {text!r}", hint) from None
