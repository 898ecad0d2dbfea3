"""Whether everything in a release that describes it says the same: identifier, title, version, licence, date, checksums.

`release.json` is what the others are held to. What a file does not say is no problem; what it says differently is.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import yaml

from deedbook.integrity.containers import open_database
from deedbook.integrity.digests import BUILD_FILE, MANIFEST
from deedbook.integrity.proof import Outcome

Fact = tuple[str, str]
"""Something that a file says about the release: what it is about, such as `version`, and what it says."""
_DOI = re.compile(r"10\.\d{4,9}/\S+", re.IGNORECASE)
_DAY = 10
"""Characters of a date, which is all that some standards have of a time."""
_SCHEMA_ORG = {
    "title or name": "name",
    "version": "version",
    "created": "datePublished",
    "license": "license",
    "doi": "identifier",
}
_CONCEPT = "relatedIdentifiers relationType=IsVersionOf relatedIdentifier"
_PLACES: Mapping[str, Mapping[str, str]] = {
    "datapackage.json": {
        **{about: about for about in ("name", "title", "version", "created")},
        "license": "licenses name|licenses path",
    },
    BUILD_FILE: {"name": "dataset", "version": "version", "epoch": "epoch"},
    "CITATION.cff": {
        "title": "title",
        "version": "version",
        "created": "date-released",
        "license": "license|license-url",
        "doi": "doi",
        "concept doi": "identifiers value",
    },
    "codebook.json": {about: about for about in ("name", "title", "version")},
    "changes.json": {},
    "croissant.json": _SCHEMA_ORG,
    "ro-crate-metadata.json": {about: f"@graph @id=./ {path}" for about, path in _SCHEMA_ORG.items()},
    "datacite.json": {
        "version": "version",
        "title": "titles 0 title",
        "license": "rightsList rightsIdentifier|rightsList rightsURI",
        "doi": "doi",
        "concept doi": _CONCEPT,
    },
    "csv-metadata.json": {"title": "dc:title|dcterms:title", "license": "dc:license|dcterms:license"},
}
"""Where a document says what: keys from the outside in, `KEY=VALUE` for the objects that have it, a number for one of a list, and
`|` between several such places."""
_WITH_HASHES = ("codebook.json", "changes.json", "croissant.json", "ro-crate-metadata.json")
_NAMED_BY = ("contentUrl", "path", "@id", "url", "name")
_WITNESSES = {"doi": ("datapackage.json", "id"), "concept doi": ("datacite.json", _CONCEPT)}
"""Where it stands what `release.json` does not know; where the witness says nothing, nobody may."""
_ROWS_OF_METADATA = 10_000


def check_agreement(folder: Path, manifest: Mapping[str, Any], sound: Set[str], outcome: Outcome) -> None:
    """Compares what the files say with `release.json`, and every checksum in them with the one there."""
    known = _known(folder, manifest, sound)
    dataset, tables = str(manifest.get("name")), [entry.get("name") for entry in _records(manifest.get("tables"))]
    documents = [*_PLACES, "dcat.ttl", f"{dataset}.sqlite", *(f"{table}.parquet" for table in tables)]
    read = 0
    for name in documents:
        if name not in sound:
            continue
        try:
            facts = list(_facts(name, folder / name))
        except _FAILURES as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            outcome.report("metadata-differs", name, f"is not what its name says: {first}")
            continue
        read += 1
        for about, value in facts:
            _compare(name, about, value, known, outcome)
    outcome.checked.append(f"metadata in {read} files")


def _compare(name: str, about: str, value: str, known: Mapping[str, set[str]], outcome: Outcome) -> None:
    allowed = known.get(about, set())
    if value in allowed or not (allowed or (about in _WITNESSES and about in known)):
        return
    wanted = " or ".join(repr(one) for one in sorted(allowed)) or "nothing of it"
    who = _WITNESSES.get(about, (MANIFEST,))[0]
    outcome.report("metadata-differs", name, f"says {about} {value!r}, {who} says {wanted}")


def _known(folder: Path, manifest: Mapping[str, Any], sound: Set[str]) -> dict[str, set[str]]:
    """What may be said, by what it is about."""
    known = {about: {str(manifest[about])} for about in ("name", "title", "version", "state") if about in manifest}
    known["title or name"] = known.get("title", set()) | known.get("name", set())
    known["created"] = {str(manifest.get("created", ""))[:_DAY]}
    known["epoch"] = {str(manifest.get("epoch"))}
    known["license"] = _licence_forms(manifest.get("licenses"))
    for about, (name, place) in _WITNESSES.items():
        if name in sound:
            with suppress(OSError, ValueError, RecursionError):  # told when the file is read for itself
                record = json.loads((folder / name).read_bytes())
                known[about] = set(_dois(_at(record, place.split()))) - known.get("doi", set())
    for entry in _records(manifest.get("files")):
        known[f"sha256 of {entry.get('name')}"] = {str(entry.get("sha256"))}
        known[f"bytes of {entry.get('name')}"] = {str(entry.get("bytes"))}
    for entry in _records(manifest.get("tables")):
        known[f"rows of {entry.get('name')}"] = {str(entry.get("rows"))}
    return known


def _licence_forms(licences: object) -> set[str]:
    """Every way to write the licences: SPDX id, its page, the path that the descriptor names."""
    forms: set[str] = set()
    for entry in _records(licences):
        name, path, title = (str(entry.get(key) or "") for key in ("name", "path", "title"))
        forms |= (
            {name, f"https://spdx.org/licenses/{name}", f"https://spdx.org/licenses/{name}.html"} if name else set()
        )
        forms |= {path, path.rstrip("/"), f"{path.rstrip('/')}/"} if path else set()
        forms |= {title} if title else set()
    return forms


def _facts(name: str, path: Path) -> Iterator[Fact]:
    """What a file says about the release."""
    if path.suffix == ".parquet":
        record = pl.read_parquet_metadata(path)
        yield from (("name", str(record.get("dataset"))), ("version", str(record.get("version"))))
    elif path.suffix == ".sqlite":
        yield from _facts_of_database(path)
    elif name == "dcat.ttl":
        yield from _facts_of_turtle(path.read_text(encoding="utf-8"))
    else:
        content = path.read_bytes()
        yield from _facts_of_document(name, yaml.safe_load(content) if name == "CITATION.cff" else json.loads(content))


def _facts_of_document(name: str, record: object) -> Iterator[Fact]:
    if not isinstance(record, dict):
        raise TypeError("it is no object")
    for about, places in _PLACES[name].items():
        found = [value for place in places.split("|") for value in _at(record, place.split())]
        if about in _WITNESSES:
            found = list(_dois(found))
        yield from ((about, value[:_DAY] if about == "created" else value) for value in found)
    if name in _WITH_HASHES:
        yield from _hashes(record)
    for entry in _records(record.get("resources")) if name == "datapackage.json" else ():
        yield f"rows of {entry.get('name')}", str(entry.get("rows"))
        yield f"bytes of {entry.get('path')}", str(entry.get("bytes"))
        yield f"sha256 of {entry.get('path')}", str(entry.get("hash", "")).removeprefix("sha256:")


def _at(value: object, path: list[str]) -> Iterator[str]:
    """The texts that stand at a place of a document."""
    step, rest = (path[0], path[1:]) if path else ("", [])
    key, is_condition, wanted = step.partition("=")
    if isinstance(value, list):
        yield from _at(value[int(step)], rest) if step.isdecimal() else _each(value, path)
    elif isinstance(value, Mapping) and is_condition:
        yield from _at(value, rest) if value.get(key) == wanted else ()
    elif isinstance(value, Mapping):  # an object in place of a text has it as its id or value
        yield from _each(
            [value[one] for one in ([key] if step else ["@id", "value", "@value"]) if one in value][:1], rest
        )
    elif value not in {None, ""} and not step:
        yield str(value)


def _each(values: list[object], path: list[str]) -> Iterator[str]:
    for value in values:
        yield from _at(value, path)


def _facts_of_turtle(text: str) -> Iterator[Fact]:
    """The dataset's own version, the DOI of all versions and checksums; read as text, since the writer is ours."""
    for match in re.finditer(r'(?:dcat:version|owl:versionInfo|adms:version)\s+("(?:[^"\\]|\\.)*")', text):
        yield "version", str(json.loads(match.group(1)))
    yield from (("concept doi", doi) for doi in _dois(re.findall(r"dcat:isVersionOf\s+<([^>]+)>", text)))
    for name, digest in re.findall(r'([\w.-]+)>[^>]{0,2000}?checksumValue\s+"([0-9a-f]{64})"', text):
        yield f"sha256 of {name}", digest


def _facts_of_database(path: Path) -> Iterator[Fact]:
    with closing(open_database(path)) as connection:
        record = dict(connection.execute("SELECT key, value FROM _metadata").fetchmany(_ROWS_OF_METADATA))
        counts = connection.execute("SELECT name, row_count FROM _tables").fetchmany(_ROWS_OF_METADATA)
        verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != ("ok",):
        raise ValueError(f"it fails its own integrity check: {verdict[0]}")
    yield from ((about, str(record[about])) for about in ("name", "title", "version", "state") if record.get(about))
    yield "created", str(record.get("created", ""))[:_DAY]
    yield from (("doi", doi) for doi in _dois([str(record.get("doi"))]))
    yield from ((f"rows of {name}", str(count)) for name, count in counts)


def _dois(texts: Iterable[str]) -> Iterator[str]:
    yield from (match.group(0).lower() for text in texts if (match := _DOI.search(text)))


def _hashes(record: object) -> Iterator[Fact]:
    """Every sha256 that stands beside the name of a file, however deep."""
    if isinstance(record, Mapping):
        digest = record.get("sha256")
        names = [record[key] for key in _NAMED_BY if isinstance(record.get(key), str)]
        if isinstance(digest, str) and names:
            yield f"sha256 of {PurePosixPath(names[0]).name}", digest
        record = list(record.values())
    for entry in record if isinstance(record, list) else ():
        yield from _hashes(entry)


def _records(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


_FAILURES = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    yaml.YAMLError,
    sqlite3.Error,
    pl.exceptions.PolarsError,
)
"""What a file raises that is not what its name says."""
