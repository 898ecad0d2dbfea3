"""Whether everything in a release that describes it says the same: identifier, title, version, licence, date, checksums.

`release.json` is what the others are held to. What a file does not say is no problem; what it says differently is.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Set
from contextlib import closing
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
import yaml

from deedbook.integrity.containers import open_database
from deedbook.integrity.digests import BUILD_FILE, MANIFEST
from deedbook.integrity.proof import Outcome, json_object
from deedbook.release.citation import licences_of
from deedbook.release.equality import first_line

Fact = tuple[str, object]
"""Something that a file says about the release: what it is about, such as `version`, and what it says."""
_DOI = re.compile(r"10\.\d{4,9}/\S+", re.IGNORECASE)
_DAY = 10
"""Characters of a date, which is all that some standards have of a time."""
_PLACES: Mapping[str, Mapping[str, str]] = json.loads((resources.files(__package__) / "places.json").read_bytes())
"""What a file says where: the keys that lead there, `[KIND]` for members of a list that tell theirs."""
_KINDS = ("IsVersionOf", "./")
_BOXES = ("@id", "value", "@value")
"""Where an object that stands in place of a text has the text."""
_NAMED_BY = ("contentUrl", "path", "@id", "url", "name")
_WITNESSES = {
    "doi": ("datapackage.json", "id"),
    "concept doi": ("datacite.json", "relatedIdentifiers[IsVersionOf] relatedIdentifier"),
}
"""Where it stands what `release.json` does not know; where the witness says nothing, nobody may."""
_TURTLE = {
    "version": re.compile(r'(?:dcat:version|owl:versionInfo|adms:version)\s+("(?:[^"\\]|\\.)*")'),
    "concept doi": re.compile(r"dcat:isVersionOf\s+<([^>]+)>"),
    "checksums": re.compile(r'([\w.-]+)>[^>]{0,2000}?checksumValue\s+"([0-9a-f]{64})"'),
}
"""What `dcat.ttl` says; it is read as text, since the writer is ours."""
_ROWS_OF_METADATA = 10_000
_FAILURES = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError),
    *(yaml.YAMLError, sqlite3.Error, pl.exceptions.PolarsError),
)
"""What a file raises that is not what its name says."""


def check_agreement(folder: Path, manifest: Mapping[str, Any], sound: Set[str], outcome: Outcome) -> None:
    """Compares what the files say with `release.json`, and every checksum in them with the one there."""
    known, read = _known(folder, manifest, sound), 0
    for name in sorted(sound):
        places = _PLACES.get(name, _PLACES.get(f"*{PurePosixPath(name).suffix}"))
        if places is None:
            continue
        try:
            facts = _facts(folder / name, places)
        except _FAILURES as error:
            outcome.report("metadata-differs", name, f"is not what its name says: {first_line(error)}")
            continue
        read += 1
        for about, told in facts:
            value = _comparable(about, told)
            if value not in {"", *known.get(about, [value])}:
                wanted = " or ".join(repr(one) for one in sorted(known[about])) or "nothing of it"
                who = _WITNESSES.get(about, (MANIFEST,))[0]
                outcome.report("metadata-differs", name, f"says {about} {value!r}, {who} says {wanted}")
    outcome.checked.append(f"metadata in {read} files")


def _comparable(about: str, value: object) -> str:
    """What is compared: of a time the day, of a DOI the name, in whatever it stands; empty when there is nothing of it."""
    text = str(value)
    if about in _WITNESSES:
        found = _DOI.search(text)
        return found.group(0).lower() if found else ""
    return text[:_DAY] if about == "created" else text


def _known(folder: Path, manifest: Mapping[str, Any], sound: Set[str]) -> dict[str, set[str]]:
    """What may be said, by what it is about; nothing where it does not matter."""
    known = {about: {str(manifest[about])} for about in ("name", "title", "version", "state") if about in manifest}
    known["title or name"] = {*known.get("title", ()), *known.get("name", ())}
    known["created"] = {str(manifest.get("created", ""))[:_DAY]}
    known["epoch"] = {str(manifest.get("epoch"))}
    known["license"] = set[str]().union(*map(_licence_forms, _records(manifest.get("licenses"))))
    for kind, members in (("files", ("sha256", "bytes")), ("tables", ("rows",))):
        for entry in _records(manifest.get(kind)):
            known |= {f"{member} of {entry.get('name')}": {str(entry.get(member))} for member in members}
    known = {about: values for about, values in known.items() if values}
    for about, said in witnesses(folder, sound):
        known[about] = said - {"", *known.get("doi", ())}
    return known


def witnesses(folder: Path, sound: Set[str]) -> Iterator[tuple[str, set[str]]]:
    """What `release.json` does not know, by what it is about, as the one file says it that is asked for it."""
    for about, (name, place) in _WITNESSES.items():
        if record := json_object((folder / name).read_bytes()) if name in sound else {}:
            yield about, {_comparable(about, text) for found, text in _texts(record) if found == place}


def _licence_forms(licence: Mapping[str, Any]) -> set[str]:
    """Every way to write a licence: its SPDX id and the pages of that, the path that the descriptor names, its title."""
    name, path, title = (str(licence.get(key) or "") for key in ("name", "path", "title"))
    page, plain = f"https://spdx.org/licenses/{name}", path.rstrip("/")
    pages = {page, f"{page}.html"} if name else set()
    paths = {path, plain, f"{plain}/"} if path else set()
    references = {one.reference for one in licences_of({"licenses": [licence]})}  # inside a document
    return {name, title, *pages, *paths, *references} - {""}


def _facts(path: Path, places: Mapping[str, str]) -> list[Fact]:
    """What a file says of the release."""
    record = _record(path)
    facts = [(places[place], text) for place, text in _texts(record) if place in places]
    return facts if path.name == BUILD_FILE else [*facts, *_measures(record)]  # its files are those of the project


def _record(path: Path) -> Mapping[str, Any]:
    """What a file says of the release, as an object."""
    if path.suffix == ".parquet":
        return pl.read_parquet_metadata(path)
    if path.suffix == ".sqlite":
        with closing(open_database(path)) as connection:
            said = dict(connection.execute("SELECT key, value FROM _metadata").fetchmany(_ROWS_OF_METADATA))
            counts = connection.execute("SELECT name, row_count FROM _tables").fetchmany(_ROWS_OF_METADATA)
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != ("ok",):
            raise ValueError(f"it fails its own integrity check: {verdict[0]}")
        return {**said, "tables": [{"name": name, "rows": rows} for name, rows in counts]}
    content = path.read_bytes()
    if path.suffix == ".ttl":
        said = {about: pattern.findall(content.decode()) for about, pattern in _TURTLE.items()}
        checksums = [{"name": name, "sha256": digest} for name, digest in said["checksums"]]
        return {**said, "version": [*map(json.loads, said["version"])], "checksums": checksums}
    record = yaml.safe_load(content) if path.suffix == ".cff" else json.loads(content)
    if not isinstance(record, dict):
        raise TypeError("it is no object")
    return record


def _texts(value: object, place: str = "") -> Iterator[Fact]:
    """Everything that is neither an object nor a list, with the place where it stands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, place if key in _BOXES else f"{place} {key}".lstrip())
    elif isinstance(value, list):
        for inner in value:
            kind = inner.get("relationType", inner.get("@id")) if isinstance(inner, Mapping) else None
            yield from _texts(inner, f"{place}[{kind}]" if kind in _KINDS else place)
    elif value not in {None, ""}:
        yield place, value


def _measures(record: object) -> Iterator[Fact]:
    """Every sha256, number of bytes and number of rows that stands beside a name, however deep."""
    if isinstance(record, Mapping):
        digest = str(record.get("hash", record.get("sha256", ""))).removeprefix("sha256:")
        measured = {"sha256": digest, "bytes": record.get("bytes", ""), "rows": record.get("rows", "")}
        for name in {PurePosixPath(record[key]).name for key in _NAMED_BY if isinstance(record.get(key), str)}:
            yield from ((f"{about} of {name}", told) for about, told in measured.items())
        record = list(record.values())
    for entry in record if isinstance(record, list) else ():
        yield from _measures(entry)


def _records(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []
