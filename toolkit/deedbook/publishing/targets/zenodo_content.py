"""What a deposit at an InvenioRDM has of a release: its own `datacite.json` in other words, and its files.

A record holds about a hundred files, a release can have more:

    up to 99 files   each is deposited under its own name
    more             whole formats go, the least asked for first, into `NAME-VERSION-more.zip`, until 99 files and the archive are left

Whoever unpacks that archive beside the other files has the release as it was built: `sha256sum -c SHA256SUMS` proves all of it.
The archive is stored, not compressed, with fixed dates, so that its bytes are the same whoever makes it.
"""

from __future__ import annotations

import html
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS
from deedbook.publishing.steps import Notice, PublishableFile, PublishableRelease
from deedbook.publishing.targets.invenio import Marker, objects_in, value_in
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
    texts = [_first(datacite, "descriptions", "description"), remark]
    subjects = [{"subject": str(one["subject"])} for one in objects_in(datacite, "subjects") if one.get("subject")]
    described: dict[str, Any] = {
        "resource_type": {"id": "dataset"},
        "title": _first(datacite, "titles", "title") or marker.name,
        "publication_date": _first(datacite, "dates", "date") or str(datacite.get("publicationYear", "")),
        "version": marker.version,
        "creators": [_agent(one) for one in objects_in(datacite, "creators")],
        "publisher": value_in(datacite, "publisher", "name"),
        "description": "".join(f"<p>{html.escape(text)}</p>" for text in texts if text),
        "subjects": subjects,
        "contributors": [{**_agent(one), "role": {"id": "other"}} for one in objects_in(datacite, "contributors")],
        "rights": [_licence(one) for one in objects_in(datacite, "rightsList")],
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
        for one in objects_in(metadata, "additional_descriptions")
        if not str(one.get("description", "")).removeprefix("<p>").startswith(_WITHDRAWN)
    ]
    if notice.reason is not None:
        instead = f" Use version {notice.replaced_by} instead." if notice.replaced_by else ""
        text = html.escape(_WITHDRAWN + notice.reason + instead)
        kept.append({"description": f"<p>{text}</p>", "type": {"id": "notes"}})
    rest = {name: value for name, value in metadata.items() if name != "additional_descriptions"}
    return {**rest, **({"additional_descriptions": kept} if kept else {})}


def _agent(one: Mapping[str, Any]) -> dict[str, Any]:
    """A person or organisation of DataCite in the form of InvenioRDM."""
    if one.get("nameType") != "Personal" or not one.get("familyName"):
        return {"person_or_org": {"type": "organizational", "name": str(one.get("name", ""))}}
    person: dict[str, Any] = {"type": "personal", "family_name": one["familyName"]}
    if one.get("givenName"):
        person["given_name"] = one["givenName"]
    orcids = [
        str(item.get("nameIdentifier", "")).rpartition("/")[2]
        for item in objects_in(one, "nameIdentifiers")
        if item.get("nameIdentifierScheme") == "ORCID"
    ]
    if orcids:
        person["identifiers"] = [{"scheme": "orcid", "identifier": orcids[0]}]
    places = [{"name": str(item["name"])} for item in objects_in(one, "affiliation") if item.get("name")]
    return {"person_or_org": person, **({"affiliations": places} if places else {})}


def _licence(one: Mapping[str, Any]) -> dict[str, Any]:
    """A licence by its SPDX id, which the vocabulary of InvenioRDM has in lower case; else by title and address."""
    if one.get("rightsIdentifier"):
        return {"id": str(one["rightsIdentifier"]).lower()}
    address = one.get("rightsUri")
    return {"title": {"en": str(one.get("rights", ""))}, **({"link": str(address)} if address else {})}


def _first(datacite: Mapping[str, Any], items: str, key: str) -> str:
    return next((str(one[key]) for one in objects_in(datacite, items) if one.get(key)), "")


def files_to_pack(release: PublishableRelease, most: int = MOST_FILES) -> tuple[PublishableFile, ...]:
    """The files that go into the archive, by name; none when the record holds all of them."""
    left = sorted((file for file in release.files if file.name not in _ALONE), key=lambda file: file.name)
    packed, most = list[PublishableFile](), most - (len(release.files) - len(left))
    # the last formats first, and before them those that no tool of the README loads; CSV and Parquet after all else
    per_table = [item for item in reversed(FORMATS) if item.is_per_table]
    suffixes = [item.suffix for item in sorted(per_table, key=lambda item: item.usage is not None)]
    for suffix in (*suffixes[:-2], ".diff.csv", ".svg", *suffixes[-2:], ""):
        if len(left) <= most:
            break
        moved = [file for file in left if file.name.endswith(suffix)] if suffix else left[: len(left) - most]
        packed += moved
        left = [file for file in left if file not in moved]
    return tuple(sorted(packed, key=lambda file: file.name))


def write_archive(folder: Path, packed: Iterable[PublishableFile], path: Path) -> None:
    """Writes these files of a folder into an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in packed:
            entry = zipfile.ZipInfo(file.name, _EPOCH)
            entry.external_attr, entry.create_system, entry.file_size = 0o644 << 16, 3, file.size
            with (folder / file.name).open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)
