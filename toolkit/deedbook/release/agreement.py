"""Whether everything in a release that describes it says the same: identifier, title, version, licence, date, checksums.

`release.json` is what the others are held to. What a file does not say is no problem; what it says differently is.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import yaml

from deedbook.integrity.problems import Outcome

_DOI = re.compile(r"10\.\d{4,9}/\S+", re.IGNORECASE)
_NAMED_BY = ("contentUrl", "path", "@id", "url", "name")
_DAY = 10
_WITNESSES = {"doi": "datapackage.json", "concept doi": "datacite.json"}
_ABSENT_TOO = frozenset(_WITNESSES)
"""What nobody may say where the witness says nothing."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a file says about the release: `about` is what, such as `version`."""

    about: str
    value: str


def check_agreement(folder: Path, manifest: Mapping[str, Any], sound: Set[str], outcome: Outcome) -> None:
    """Compares what the files say with `release.json`, and every checksum in them with the one there."""
    known = _known(folder, manifest, sound)
    read = 0
    for name, reader in _readers(manifest):
        if name not in sound:
            continue
        try:
            facts = list(reader(folder / name))
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            yaml.YAMLError,
            sqlite3.Error,
            pl.exceptions.PolarsError,
        ) as error:
            outcome.report("metadata-differs", name, f"is not what its name says: {str(error).splitlines()[0]}")
            continue
        read += 1
        for fact in facts:
            allowed = known.get(fact.about, set())
            if (allowed or (fact.about in _ABSENT_TOO and fact.about in known)) and fact.value not in allowed:
                wanted = " or ".join(repr(value) for value in sorted(allowed)) or "nothing of it"
                where = fact.about.removeprefix("sha256 of ")
                who = _WITNESSES.get(fact.about, "release.json")
                about = fact.about if where == fact.about else f"sha256 of {where}"
                outcome.report("metadata-differs", name, f"says {about} {fact.value!r}, {who} says {wanted}")
    outcome.checked.append(f"metadata in {read} files")


def _known(folder: Path, manifest: Mapping[str, Any], sound: Set[str]) -> dict[str, set[str]]:
    """What may be said, by what it is about."""
    known = {about: {str(manifest[about])} for about in ("name", "title", "version", "state") if about in manifest}
    known["title or name"] = known.get("title", set()) | known.get("name", set())
    known["created"] = {str(manifest.get("created", ""))[:_DAY]}
    known["epoch"] = {str(manifest.get("epoch"))}
    known["license"] = _licence_forms(manifest.get("licenses"))
    for about, name, read in (
        ("doi", "datapackage.json", lambda record: _dois(record.get("id"))),
        ("concept doi", "datacite.json", _concept),
    ):
        if name in sound:
            with suppress(OSError, ValueError, AttributeError, RecursionError):  # told when the file is read for itself
                known[about] = set(read(json.loads((folder / name).read_bytes()))) - known.get("doi", set())
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
        name, path = str(entry.get("name") or ""), str(entry.get("path") or "")
        if name:
            forms |= {name, f"https://spdx.org/licenses/{name}", f"https://spdx.org/licenses/{name}.html"}
        if path:
            forms |= {path, path.rstrip("/"), f"{path.rstrip('/')}/"}
        if entry.get("title"):
            forms.add(str(entry["title"]))
    return forms


Reader = Callable[[Path], Iterator[Fact]]


def _readers(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Reader]]:
    dataset = str(manifest.get("name"))
    yield "datapackage.json", _datapackage
    yield "BUILD.json", _build
    yield "CITATION.cff", _citation
    yield "codebook.json", _plain
    yield "changes.json", _hashes_only
    yield "croissant.json", _croissant
    yield "ro-crate-metadata.json", _ro_crate
    yield "datacite.json", _datacite
    yield "csv-metadata.json", _csvw
    yield "dcat.ttl", _dcat
    yield f"{dataset}.sqlite", _sqlite
    for entry in _records(manifest.get("tables")):
        yield f"{entry.get('name')}.parquet", _parquet


def _datapackage(path: Path) -> Iterator[Fact]:
    record = _json(path)
    yield from _simple(record, ("name", "title", "version"))
    yield Fact("created", str(record.get("created", ""))[:_DAY])
    yield from _licences(entry.get("name") or entry.get("path") for entry in _records(record.get("licenses")))
    for entry in _records(record.get("resources")):
        yield Fact(f"rows of {entry.get('name')}", str(entry.get("rows")))
        yield Fact(f"bytes of {entry.get('path')}", str(entry.get("bytes")))
        yield Fact(f"sha256 of {entry.get('path')}", str(entry.get("hash", "")).removeprefix("sha256:"))


def _build(path: Path) -> Iterator[Fact]:
    record = _json(path)
    yield Fact("name", str(record["dataset"]))
    yield Fact("version", str(record["version"]))
    yield Fact("epoch", str(record["epoch"]))


def _citation(path: Path) -> Iterator[Fact]:
    record = yaml.safe_load(path.read_bytes())
    yield from _simple(record, ("title", "version"))
    yield Fact("created", str(record.get("date-released", ""))[:_DAY])
    yield from _licences([record.get("license") or record.get("license-url")])
    yield from (Fact("doi", doi) for doi in _dois(record.get("doi")))
    others = _records(record.get("identifiers"))
    yield from (Fact("concept doi", doi) for entry in others for doi in _dois(entry.get("value")))


def _plain(path: Path) -> Iterator[Fact]:
    record = _json(path)
    yield from _simple(record, ("name", "title", "version"))
    yield from _hashes(record)


def _hashes_only(path: Path) -> Iterator[Fact]:
    yield from _hashes(_json(path))


def _croissant(path: Path) -> Iterator[Fact]:
    record = _json(path)
    yield from _simple(record, ("version",))
    yield from _schema_org(record)
    yield from _hashes(record)


def _ro_crate(path: Path) -> Iterator[Fact]:
    record = _json(path)
    for entry in _records(record["@graph"]):
        if entry.get("@id") == "./":
            yield from _simple(entry, ("version",))
            yield from _schema_org(entry)
    yield from _hashes(record)


def _schema_org(record: Mapping[str, Any]) -> Iterator[Fact]:
    if record.get("name"):
        yield Fact("title or name", str(record["name"]))
    if record.get("datePublished"):
        yield Fact("created", str(record["datePublished"])[:_DAY])
    licence = record.get("license")
    entries = licence if isinstance(licence, list) else [licence]
    yield from _licences(entry.get("@id") if isinstance(entry, Mapping) else entry for entry in entries)
    yield from (Fact("doi", doi) for doi in _dois(record.get("identifier")))


def _datacite(path: Path) -> Iterator[Fact]:
    record = _json(path)
    yield from _simple(record, ("version",))
    titles = [entry for entry in _records(record.get("titles")) if not entry.get("titleType")]
    yield from (Fact("title", str(entry.get("title"))) for entry in titles[:1])
    rights = _records(record.get("rightsList"))
    yield from _licences(entry.get("rightsIdentifier") or entry.get("rightsURI") for entry in rights)
    yield from (Fact("doi", doi) for doi in _dois(record.get("doi")))
    yield from (Fact("concept doi", doi) for doi in _concept(record))


def _concept(record: Mapping[str, Any]) -> Iterator[str]:
    """The DOI of all versions in the words of DataCite."""
    for entry in _records(record.get("relatedIdentifiers")):
        if entry.get("relationType") == "IsVersionOf":
            yield from _dois(entry.get("relatedIdentifier"))


def _csvw(path: Path) -> Iterator[Fact]:
    record = _json(path)
    for key in ("dc:title", "dcterms:title"):
        yield from (Fact("title", text) for text in _texts(record.get(key)))
    for key in ("dc:license", "dcterms:license"):
        yield from _licences(_texts(record.get(key)))


def _dcat(path: Path) -> Iterator[Fact]:
    """The dataset's own version; a line of Turtle is read as text, since its writer is ours."""
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(r'(?:dcat:version|owl:versionInfo|adms:version)\s+("(?:[^"\\]|\\.)*")', text):
        yield Fact("version", str(json.loads(match.group(1))))
    for address in re.findall(r"dcat:isVersionOf\s+<([^>]+)>", text):
        yield from (Fact("concept doi", doi) for doi in _dois(address))
    for name, digest in re.findall(r'([\w.-]+)>[^>]{0,2000}?checksumValue\s+"([0-9a-f]{64})"', text):
        yield Fact(f"sha256 of {name}", digest)


def _sqlite(path: Path) -> Iterator[Fact]:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        record = dict(connection.execute("SELECT key, value FROM _metadata"))
        counts = connection.execute("SELECT name, row_count FROM _tables").fetchall()
        verdict = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    if verdict != ("ok",):
        raise ValueError(f"it fails its own integrity check: {verdict[0]}")
    yield from _simple(record, ("name", "title", "version", "state"))
    yield Fact("created", str(record.get("created", ""))[:_DAY])
    yield from (Fact("doi", doi) for doi in _dois(record.get("doi")))
    yield from (Fact(f"rows of {name}", str(count)) for name, count in counts)


def _parquet(path: Path) -> Iterator[Fact]:
    record = pl.read_parquet_metadata(path)
    yield Fact("name", str(record.get("dataset")))
    yield Fact("version", str(record.get("version")))


def _json(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_bytes())
    if not isinstance(record, dict):
        raise TypeError("it is no JSON object")
    return record


def _simple(record: Mapping[str, Any], abouts: Sequence[str]) -> Iterator[Fact]:
    yield from (Fact(about, str(record[about])) for about in abouts if record.get(about) is not None)


def _licences(values: Any) -> Iterator[Fact]:
    yield from (Fact("license", str(value)) for value in values if value)


def _dois(value: object) -> Iterator[str]:
    for text in _texts(value):
        if match := _DOI.search(text):
            yield match.group(0).lower()


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for key in ("@id", "value", "@value") for text in _texts(value.get(key))][:1]
    return [text for entry in value for text in _texts(entry)] if isinstance(value, list) else []


def _hashes(record: object) -> Iterator[Fact]:
    """Every sha256 that stands beside the name of a file, however deep."""
    if isinstance(record, list):
        for entry in record:
            yield from _hashes(entry)
    elif isinstance(record, Mapping):
        digest = record.get("sha256")
        names = [record[key] for key in _NAMED_BY if isinstance(record.get(key), str)]
        if isinstance(digest, str) and names:
            yield Fact(f"sha256 of {PurePosixPath(names[0]).name}", digest)
        for entry in record.values():
            yield from _hashes(entry)


def _records(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []
