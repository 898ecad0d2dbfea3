"""The documents of a catalogue, each the same bytes for the same `catalog.json` and key."""

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deedbook.catalogue import records
from deedbook.catalogue.edits import Signers
from deedbook.catalogue.records import CATALOG, CATALOG_SIGNATURE, LATEST, PUBLIC_KEY, Catalogue, Dataset
from deedbook.integrity.signatures import SigningKey, sign_sums
from deedbook.release import pages
from deedbook.versioning.numbers import read_version

FEED = "feed.xml"
DCAT = "catalog.dcat.ttl"
PAGE = "index.html"
DOCUMENTS = (records.SIGNATURE_AHEAD, records.BEFORE, CATALOG, CATALOG_SIGNATURE, PUBLIC_KEY, FEED, DCAT, PAGE, LATEST)
"""Every document, in the order in which they are written."""
_MOST_FEED_ENTRIES = 100


def catalog_json(catalogue: Catalogue) -> bytes:
    """`catalog.json`."""
    datasets = {name: dataset_record(dataset) for name, dataset in sorted(catalogue.datasets.items())}
    return _json({"catalogue_version": 1, **dataclasses.asdict(catalogue), "datasets": datasets})


def derived_documents(catalogue: Catalogue, signers: Signers) -> Iterator[tuple[str, bytes]]:
    """Every other document by name, `latest.json` last."""
    if signers.present is not None:
        yield CATALOG_SIGNATURE, catalog_signature(catalogue, signers.present)
    if catalogue.key is not None:
        yield PUBLIC_KEY, f"untrusted comment: minisign public key {catalogue.key.id}\n{catalogue.key.text}\n".encode()
    yield FEED, feed_xml(catalogue)
    yield DCAT, dcat_ttl(catalogue)
    yield PAGE, index_html(catalogue)
    for name, dataset in sorted(catalogue.datasets.items()):
        page, latest = pages_of(name)
        yield page, index_html(catalogue, name)
        yield latest, _rendered("latest.html.j2", catalogue, dataset=dataset)
    yield LATEST, latest_json(catalogue)


def pages_of(name: str) -> tuple[str, str]:
    """The page of a dataset, and the one that leads to its latest version."""
    return f"{name}/{PAGE}", f"{name}/latest/{PAGE}"


def catalog_signature(catalogue: Catalogue, key: SigningKey) -> bytes:
    """`catalog.json.minisig`."""
    return sign_sums(key, catalog_json(catalogue), signature_comment(catalogue))


def signature_comment(catalogue: Catalogue) -> str:
    """What the signature of `catalog.json` says about it; the time is that of the catalogue."""
    moment = int(dt.datetime.fromisoformat(catalogue.updated).timestamp())
    return f"timestamp:{moment}\tfile:{CATALOG}\thashed\tsequence:{catalogue.sequence}"


def latest_json(catalogue: Catalogue) -> bytes:
    """`latest.json`."""
    newest = {name: one.entry(one.latest) for name, one in sorted(catalogue.datasets.items())}
    pointers = {
        name: {about: getattr(entry, about) for about in ("version", "path", "release_sha256")}
        for name, entry in newest.items()
        if entry
    }
    return _json({"catalogue_version": 1, "sequence": catalogue.sequence, "datasets": pointers})


def feed_xml(catalogue: Catalogue) -> bytes:
    """`feed.xml` (Atom, RFC 4287): an entry per version, the last changed first, and one more for each that was yanked."""
    entries = [(name, entry) for name, one in catalogue.datasets.items() for entry in one.versions]
    first = min(
        ((one.published, read_version(one.version), name, one.release_sha256) for name, one in entries), default=None
    )
    items = []
    for name, entry in entries:
        facts = (name, entry.version, entry.release_sha256)
        items.append({"updated": entry.published, "id": _urn("release", *facts), "name": name, "entry": entry})
        if entry.is_yanked:
            withdrawn = {"updated": entry.changed, "id": _urn("yank", *facts, entry.changed), "is_withdrawal": True}
            items.append({**items[-1], **withdrawn})
    items.sort(key=lambda item: (item["updated"], item["id"]), reverse=True)
    identity = _urn("catalogue", *((first[0], first[2], first[3]) if first else ()))
    return _rendered("feed.xml.j2", catalogue, id=identity, items=items[:_MOST_FEED_ENTRIES])


def dcat_ttl(catalogue: Catalogue) -> bytes:
    """`catalog.dcat.ttl` (DCAT 3): a series per dataset, a dataset per version that is not yanked."""
    body = _rendered("catalog.ttl.j2", catalogue, iri=pages.iri, text=pages.json_text).decode()
    blocks = (f"{block.strip()}\n" for block in body.split("\n\n"))
    return f"# sequence: {catalogue.sequence}\n{pages.turtle_document(blocks)}".encode()


def index_html(catalogue: Catalogue, name: str = "") -> bytes:
    """`index.html`: every version with its state, for people; with a name, `NAME/index.html`, that of one dataset."""
    datasets = {name: catalogue.datasets[name]} if name else catalogue.datasets
    heading = datasets[name].title or name if name else catalogue.heading
    return _rendered("catalogue.html.j2", catalogue, datasets=datasets, heading=heading, root="../" if name else "./")


def dataset_record(dataset: Dataset) -> dict[str, Any]:
    """A dataset as `catalog.json` has it."""
    return {name: value for name, value in dataclasses.asdict(dataset).items() if name != "name"}


def _urn(*parts: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(("deedbook", *parts))).urn


def _json(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def _rendered(template: str, catalogue: Catalogue, **values: object) -> bytes:
    return pages.render_in(Path(__file__).parent / "templates", template, catalogue=catalogue, **values).encode()
