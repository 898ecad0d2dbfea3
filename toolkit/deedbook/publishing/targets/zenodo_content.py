"""What a deposit at an InvenioRDM has of a release: its own `datacite.json` in other words, and its files.

A record holds about a hundred files, a release can have more:

    up to 99 files   each is deposited under its own name
    more             whole formats go, the least asked for first, into `NAME-VERSION-more.zip`, until 99 files and the archive are left

Whoever unpacks that archive beside the other files has the release as it was built: `sha256sum -c SHA256SUMS` proves all of it.
The archive is stored, not compressed, with fixed dates, so that its bytes are the same whoever makes it.
"""

from __future__ import annotations

import html
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS
from deedbook.publishing.steps import Notice, PublishableFile, PublishableRelease
from deedbook.publishing.targets.invenio import Marker, as_objects
from deedbook.release.formats import FORMATS

MOST_FILES = 99
"""Deposited one by one: one less than a record holds, for the archive."""
_WITHDRAWN = "Withdrawn: "
_ALONE = frozenset({MANIFEST, SUMS, SIGNATURE, "README.md", "CODEBOOK.md", "LICENSE", "datacite.json"})
"""They prove or explain the others, so they stand by themselves."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def describe(datacite: Mapping[str, Any], marker: Marker, remark: str = "") -> dict[str, Any]:
    """The metadata of a deposit.

    Args:
        datacite: The release's `datacite.json`.
        marker: Which release it is.
        remark: A sentence for the end of the description.
    """
    publisher = datacite.get("publisher")
    publisher = publisher.get("name") if isinstance(publisher, Mapping) else publisher
    subjects = [{"subject": str(one["subject"])} for one in as_objects(datacite.get("subjects")) if one.get("subject")]
    contributors = [{**_agent(one), "role": {"id": "other"}} for one in as_objects(datacite.get("contributors"))]
    rights = [_licence(one) for one in as_objects(datacite.get("rightsList"))]
    described: dict[str, Any] = {
        "resource_type": {"id": "dataset"},
        "title": _first(datacite.get("titles"), "title") or marker.name,
        "publication_date": _first(datacite.get("dates"), "date") or str(datacite.get("publicationYear", "")),
        "version": marker.version,
        "creators": [_agent(one) for one in as_objects(datacite.get("creators"))],
        "publisher": publisher,
        "description": "".join(_paragraphs(_first(datacite.get("descriptions"), "description"), remark)),
        "subjects": subjects,
        "contributors": contributors,
        "rights": rights,
        "identifiers": [marker.identifier],
    }
    return {name: value for name, value in described.items() if value}


def reserve(title: str, marker: Marker, date: str) -> dict[str, Any]:
    """The metadata of a draft that only reserves a DOI."""
    return {
        "resource_type": {"id": "dataset"},
        "title": title,
        "publication_date": date,
        "version": marker.version,
        "creators": [{"person_or_org": {"type": "organizational", "name": title}}],
        "identifiers": [marker.identifier],
    }


def with_notice(metadata: Mapping[str, Any], notice: Notice) -> dict[str, Any]:
    """The metadata with a note that the version is withdrawn, or without one."""
    kept = [
        one
        for one in as_objects(metadata.get("additional_descriptions"))
        if not str(one.get("description", "")).removeprefix("<p>").startswith(_WITHDRAWN)
    ]
    if notice.reason is not None:
        instead = f" Use version {notice.replaced_by} instead." if notice.replaced_by else ""
        text = html.escape(_WITHDRAWN + notice.reason + instead)
        kept.append({"description": f"<p>{text}</p>", "type": {"id": "notes"}})
    rest = {name: value for name, value in metadata.items() if name != "additional_descriptions"}
    return {**rest, **({"additional_descriptions": kept} if kept else {})}


def _paragraphs(*texts: str) -> Iterator[str]:
    return (f"<p>{html.escape(text)}</p>" for text in texts if text)


def _agent(one: Mapping[str, Any]) -> dict[str, Any]:
    """A person or organisation of DataCite in the form of InvenioRDM."""
    if one.get("nameType") != "Personal" or not one.get("familyName"):
        return {"person_or_org": {"type": "organizational", "name": str(one.get("name", ""))}}
    person: dict[str, Any] = {"type": "personal", "family_name": one["familyName"]}
    if one.get("givenName"):
        person["given_name"] = one["givenName"]
    orcids = [
        str(item.get("nameIdentifier", "")).rpartition("/")[2]
        for item in as_objects(one.get("nameIdentifiers"))
        if item.get("nameIdentifierScheme") == "ORCID"
    ]
    if orcids:
        person["identifiers"] = [{"scheme": "orcid", "identifier": orcids[0]}]
    places = [{"name": str(item["name"])} for item in as_objects(one.get("affiliation")) if item.get("name")]
    return {"person_or_org": person, **({"affiliations": places} if places else {})}


def _licence(one: Mapping[str, Any]) -> dict[str, Any]:
    """A licence by its SPDX id, which the vocabulary of InvenioRDM has in lower case; else by title and address."""
    if one.get("rightsIdentifier"):
        return {"id": str(one["rightsIdentifier"]).lower()}
    address = one.get("rightsUri")
    return {"title": {"en": str(one.get("rights", ""))}, **({"link": str(address)} if address else {})}


def _first(items: object, key: str) -> str:
    return next((str(one[key]) for one in as_objects(items) if one.get(key)), "")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is deposited: `single` by itself, `packed` in the archive of that name."""

    single: tuple[PublishableFile, ...]
    packed: tuple[PublishableFile, ...]
    archive: str


def select_files(release: PublishableRelease, most: int = MOST_FILES) -> Selection:
    """Which files go where; the same for the same release."""
    archive = f"{release.name}-{release.version}-more.zip"
    single, packed = list(release.files), list[PublishableFile]()
    # the last formats first, and before them those that no tool of the README loads; CSV and Parquet after all else
    per_table = [item for item in reversed(FORMATS) if item.is_per_table]
    suffixes = [item.suffix for item in sorted(per_table, key=lambda item: item.usage is not None)]
    for suffix in (*suffixes[:-2], ".diff.csv", ".svg", *suffixes[-2:], ""):
        if len(single) <= most:
            break
        moved = sorted(file.name for file in single if file.name.endswith(suffix) and file.name not in _ALONE)
        moved = moved if suffix else moved[: len(single) - most]
        packed += [file for file in single if file.name in moved]
        single = [file for file in single if file.name not in moved]
    return Selection(tuple(single), tuple(sorted(packed, key=lambda file: file.name)), archive)


def write_archive(release: PublishableRelease, selection: Selection, folder: Path) -> Path:
    """Writes the archive into a folder."""
    path = folder / selection.archive
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in selection.packed:
            entry = zipfile.ZipInfo(file.name, _EPOCH)
            entry.external_attr, entry.create_system, entry.file_size = 0o644 << 16, 3, file.size
            with (release.folder / file.name).open("rb") as source, archive.open(entry, "w") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
    return path
