"""A release of a catalogue: which one is meant, and what it consists of.

What is proven before any of its files is fetched:

    catalogue     names release.json and SHA256SUMS by their sha256; it is signed itself when the publisher has a key
    signature     SHA256SUMS.minisig against the publisher's keys, none of which comes with the release
    release.json  agrees with SHA256SUMS, with the catalogue, and with what the catalogue says is before it
    chain         each release names the one before by its sha256, back to the first

People write NAME, NAME@RANGE or NAME@VERSION. `latest`, and no range at all, is the version that the catalogue calls so; `1` and
`1.2` the highest release that begins with that; `1.2.0` exactly this one. Only an exact version finds a yanked one or a pre-release.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from deedbook.catalogue.records import Dataset, Entry
from deedbook.errors import RefusalError, RemoteError, UsageError
from deedbook.fetching import locations
from deedbook.fetching.catalogues import Opened, open_catalogue
from deedbook.fetching.download import Cache, TamperedError
from deedbook.fetching.locations import LATEST, Address, read_document
from deedbook.fetching.pins import NAME, Pin
from deedbook.findings import nearest
from deedbook.home import Home, find_home
from deedbook.http import MissingError
from deedbook.integrity.containers import LARGEST_DOCUMENT
from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS, read_sums
from deedbook.integrity.proof import ListedFile, Outcome, Proof, Rule, prove_release
from deedbook.integrity.signatures import PublicKey, public_key
from deedbook.release.formats import Format, every_format, format_of
from deedbook.versioning.numbers import SEMVER, read_version

T = TypeVar("T")
Progress = Callable[[str, float], None]
"""Told what is being done, and which share of that is behind it (0 to 1)."""
_SPEC = re.compile(rf"{NAME}(?:@v?(?P<range>{LATEST}|(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?|{SEMVER.pattern}))?", re.ASCII)
_MOST_NAMED = 12
_TELL = "do not use this release; tell the publisher"


def untold(_what: str, _share: float) -> None:
    """For whoever does not ask."""


class WithdrawnError(RefusalError):
    """The files of a withdrawn version were taken away."""


@dataclass(frozen=True, slots=True)
class Source:
    """A release of a catalogue, and how to get at its files.

    Attributes:
        is_offline: Whether only what was fetched before may be used.
    """

    opened: Opened
    dataset: Dataset
    entry: Entry
    cache: Cache
    is_offline: bool

    @property
    def label(self) -> str:
        """What people call the release."""
        return f"{self.dataset.name} {self.entry.version}"

    @property
    def pin(self) -> Pin:
        """What a script writes down to get the same release again."""
        return Pin(self.dataset.name, self.entry.version, self.entry.release_sha256, self.opened.location.text)

    def addresses(self, name: str) -> Sequence[Address]:
        """Where a file of the release may be had, in the order in which to try."""
        own = self.opened.location.file(self.entry.path + name)
        return own, *(Address("http", mirror, name) for mirror in self.entry.mirrors)

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing but what was fetched before can be had."""
        return self.is_offline and self.opened.location.is_remote

    def disagreement(self, proof: Proof) -> str:
        """What makes it another release than its catalogue says; empty for nothing."""
        entry, manifest, about = self.entry, proof.manifest, _record(self.dataset.name, self.entry)
        if {name: manifest.get(name) for name in about} != about:
            version = manifest.get("version")
            return f"{MANIFEST} calls itself {manifest.get('name')} {version}, or follows another release"
        if not all(isinstance(table, Mapping) and isinstance(table.get("name"), str) for table in manifest["tables"]):
            return f"{MANIFEST} lists a table without a name"
        total, count = sum(file.size or 0 for file in proof.files.values()), len(proof.files)
        is_too_much = total > entry.bytes or count > entry.files
        return f"it has {count} files of {total:,} bytes, not {entry.files} of {entry.bytes:,}" if is_too_much else ""

    def warnings(self, *, is_exact: bool) -> Iterator[str]:
        """That the release is withdrawn, or, when it was named exactly, that there is a later one."""
        entry, latest = self.entry, self.dataset.latest
        if entry.is_yanked:
            instead = entry.replaced_by or latest
            advice = f"; use {instead}" if instead else ""
            yield f"{self.label} WAS WITHDRAWN by its publisher: {entry.reason or 'no reason is given'}{advice}"
        elif is_exact and latest and entry.state == "superseded":
            yield f"{self.label} is superseded; the latest version is {latest}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A proven release, its files not yet fetched.

    Attributes:
        files: All of them, also SHA256SUMS and its signature, which nothing lists.
        manifest: The content of `release.json`.
        checked: What was proven, in words.
    """

    source: Source
    files: Mapping[str, ListedFile]
    manifest: Mapping[str, Any]
    checked: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables."""
        return tuple(str(table["name"]) for table in self.manifest["tables"])

    @property
    def formats(self) -> Mapping[str, Format]:
        """The formats that it comes in, by name."""
        there = set(map(self.format_of, self.files.values()))
        return {item.name: item for item in every_format() if item.name in there}

    def format_of(self, file: ListedFile) -> str:
        """The format of a file that holds rows; empty for one that says something about them."""
        found = format_of(file.name, {file.table or ""}, self.source.dataset.name)
        return found.name if found else ""

    def demand(self, kind: str, names: Iterable[str], known: Sequence[str]) -> None:
        """Refuses names of formats or tables that the release does not have.

        Raises:
            UsageError: naming the first of them, and what there is.
        """
        if unknown := [name for name in names if name not in known]:
            hint = f"{nearest(unknown[0], known)} it has {', '.join(known)}".strip()
            raise UsageError(f"{self.source.label}: has no {kind} {unknown[0]!r}", hint)


@dataclass(slots=True)
class _FirstProblem(Outcome):
    """Ends a proof at the first problem."""

    label: str = ""

    def report(self, rule: Rule, file: str, message: str) -> None:
        """Refuses the release."""
        Outcome.report(self, rule, file, message)
        raise TamperedError(f"{self.label}: {file} {message}", _TELL)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a user wants of a catalogue, and how.

    Attributes:
        catalogue: URL or folder; None for the user's own default.
        key: The publisher's minisign key, or its file, as the user has it from elsewhere.
        is_offline: Whether the network stays alone.
    """

    catalogue: str | None = None
    key: str | None = None
    is_offline: bool = False


def open_dataset(text: str, asking: Asking, home: Home | None = None) -> tuple[Opened, Dataset, str]:
    """The catalogue and the dataset that `NAME@RANGE` or the address of its page means, and the range that it asks for.

    A range is `latest`, the beginning of a version, or a version.

    Raises:
        UsageError: when it is neither, or there is no such catalogue or dataset.
        ProjectError: when the catalogue is not sound.
        RefusalError: when something is not what it should be.
        RemoteError: when something cannot be had.
    """
    home = home or find_home()
    page = locations.release_in(text)
    location = locations.read_location(locations.choose_catalogue(asking.catalogue or (text if page else None), home))
    text = page or text
    spec = _SPEC.fullmatch(text)
    if spec is None:
        raise UsageError(f"{text!r} names no release", "write NAME, NAME@1, NAME@1.2, NAME@1.2.0 or NAME@latest")
    name, key = spec["name"], public_key(asking.key) if asking.key is not None else None
    opened = open_catalogue(location, home, key=key, is_offline=asking.is_offline)
    datasets = opened.catalogue.datasets
    if name not in datasets:
        known = ", ".join(sorted(datasets)[:_MOST_NAMED]) or "none"
        raise UsageError(f"{location.text}: has no dataset {name!r}", f"it has {known}")
    return opened, datasets[name], spec["range"] or LATEST


def find_release(wanted: str | Pin, asking: Asking, *, home: Home | None = None) -> tuple[Listing, tuple[str, ...]]:
    """The release that a pin, `NAME@RANGE` or the address of its page means, proven, and what a user must know of it.

    Raises:
        UsageError: when there is no such catalogue, dataset or version.
        ProjectError: when the catalogue is not sound.
        RefusalError: when something is not what it should be.
        RemoteError: when something cannot be had.
    """
    home, text = home or find_home(), str(wanted)
    if isinstance(wanted, Pin):
        asking = replace(asking, catalogue=asking.catalogue or wanted.catalogue)
    opened, dataset, range_ = open_dataset(text, asking, home)
    entry = resolve(dataset, range_, opened.location.text)
    source = Source(opened, dataset, entry, Cache(home.cache), asking.is_offline)
    listing = read_listing(source)
    if isinstance(wanted, Pin):
        wanted.demand(source.pin)
    return listing, (*source.warnings(is_exact=range_ == entry.version), *opened.warnings())


def resolve(dataset: Dataset, wanted: str, where: str) -> Entry:
    """The version of a dataset that is meant.

    Raises:
        UsageError: when there is none; it names what there is.
    """
    entry = dataset.entry(str(dataset.latest) if wanted == LATEST else wanted)
    if entry is None:  # perhaps the beginning of one
        released = (item for item in dataset.versions if not item.is_yanked and "-" not in item.version)
        fitting = (item for item in released if item.version.startswith(f"{wanted}."))
        entry = max(fitting, key=lambda item: read_version(item.version), default=None)
    if entry is None:
        versions = [item.version + " (yanked)" * item.is_yanked for item in dataset.versions]
        known = ", ".join(versions[:_MOST_NAMED]) + " ..." * (len(versions) > _MOST_NAMED)
        raise UsageError(f"{where}: {dataset.name} has no version {wanted}", f"its versions are {known}")
    return entry


def read_listing(source: Source) -> Listing:
    """The release, proven by the one proof of releases before any of its files comes.

    Raises:
        RefusalError: when something is not as the catalogue says.
        RemoteError: when it cannot be had.
    """
    entry = source.entry
    outcome = _FirstProblem(label=source.label)
    sums = obtain_document(source, ListedFile(SUMS, entry.sums_sha256))
    signature = _signature(source)
    keys: Sequence[PublicKey] = source.opened.keys
    if signature is None and keys and entry.published < source.opened.catalogue.keys[0].since:
        keys = ()  # older than the first key; the signed catalogue has its checksums

    def read(name: str) -> bytes | None:
        if name in {SUMS, SIGNATURE}:  # which are asked for first, so that nothing is read of a list that is not signed
            return sums if name == SUMS else signature
        known = {**read_sums(sums)[0], MANIFEST: entry.release_sha256}
        return obtain_document(source, ListedFile(name, known[name])) if name in known else None

    def earlier(version: str) -> tuple[str, Mapping[str, Any]] | None:
        found = source.dataset.entry(version)
        return (found.release_sha256, _record(source.dataset.name, found)) if found else None

    proof = prove_release(read, outcome, keys=keys, earlier=earlier)
    if wrong := source.disagreement(proof):
        raise TamperedError(f"{source.label}: {wrong}, which is not what the catalogue says", _TELL)
    files = {**proof.files, SUMS: ListedFile(SUMS, entry.sums_sha256, len(sums))}
    if signature is not None:
        files[SIGNATURE] = ListedFile(SIGNATURE, hashlib.sha256(signature).hexdigest(), len(signature))
        source.cache.put(signature, files[SIGNATURE].sha256)
    return Listing(source, files, proof.manifest, tuple(outcome.checked))


def _record(name: str, entry: Entry) -> dict[str, Any]:
    """What the `release.json` of an entry says of itself and of the release before it."""
    link = entry.previous
    previous = {"version": link.version, "sha256": link.sha256} if link else None
    return {"name": name, "version": entry.version, "previous": previous}


def obtain_document(source: Source, file: ListedFile) -> bytes:
    """The content of a small file, proven; it is kept in the cache.

    Raises:
        TamperedError: when every copy that can be had is another one.
        RemoteError: when none can be had.
    """
    path = source.cache.find(file.sha256)
    if path is not None:
        return path.read_bytes()

    def read(address: Address) -> bytes:
        content = read_document(address, min(source.entry.bytes, LARGEST_DOCUMENT))
        found = hashlib.sha256(content).hexdigest()
        if found != file.sha256:
            raise TamperedError.of(file, address, found)
        return content

    content = first_good(source, file.name, read)
    source.cache.put(content, file.sha256)
    return content


def first_good(source: Source, name: str, read: Callable[[Address], T]) -> T:
    """What the first address gives that has the right file.

    Raises:
        RefusalError: when one had another file and none the right one.
        RemoteError: when none could be read.
    """
    if source.is_cut_off:
        raise RemoteError(f"{source.label}: {name} was not fetched before", "leave out --offline once")
    failures: list[RefusalError | RemoteError] = []
    for address in source.addresses(name):
        try:
            return read(address)
        except (RefusalError, RemoteError) as error:
            failures.append(error)
    entry = source.entry
    if entry.is_yanked and all(isinstance(error, MissingError) for error in failures):
        what = f"{source.label} was withdrawn by its publisher, and {name} is gone"
        instead = entry.replaced_by or source.dataset.latest or "none of its versions"
        raise WithdrawnError(f"{what}: {entry.reason or 'no reason is given'}", f"use {instead}")
    raise min(failures, key=lambda error: not isinstance(error, RefusalError))


def _signature(source: Source) -> bytes | None:
    """The signature of the release; None when it has none. It is kept beside the documents of the catalogue."""
    key = hashlib.sha256(f"signature of {source.entry.sums_sha256}".encode()).hexdigest()
    if source.is_cut_off:
        return source.cache.recall_note(key)
    try:
        content = first_good(source, SIGNATURE, lambda address: read_document(address, 1 << 16))
    except (MissingError, WithdrawnError):
        return None
    source.cache.note(key, content)
    return content
