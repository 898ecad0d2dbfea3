"""A release of a catalogue: which one is meant, what it consists of, and `fetch`, which puts it into a folder.

What is proven before any of its files is fetched:

    catalogue     names release.json and SHA256SUMS by their sha256; it is signed itself when the publisher has a key
    signature     SHA256SUMS.minisig against the publisher's keys, none of which comes with the release
    release.json  agrees with SHA256SUMS, with the catalogue, and with what the catalogue says is before it
    chain         each release names the one before by its sha256, back to the first

All files are proven in the cache before the first one gets its name in the folder; a failure leaves the folder as it was.
A file that stands there already is left alone when it is the same, and never overwritten when it is not, unless that was asked for.

People write NAME, NAME@RANGE or NAME@VERSION. `latest`, and no range at all, is the version that the catalogue calls so; `1` and
`1.2` the highest release that begins with that; `1.2.0` exactly this one. Only an exact version finds a yanked one or a pre-release.
"""

import hashlib
import os
import re
import shutil
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from deedbook import files as disk
from deedbook.catalogue.records import Dataset, Entry
from deedbook.errors import RefusalError, RemoteError, SpaceError, UsageError
from deedbook.fetching import locations
from deedbook.fetching.catalogues import Opened, open_catalogue
from deedbook.fetching.download import CONNECTIONS, GRAIN, RUN, Advance, Cache, TamperedError, download
from deedbook.fetching.locations import LATEST, Address, read_document
from deedbook.fetching.pins import NAME, Pin
from deedbook.findings import nearest
from deedbook.home import Home, find_home
from deedbook.http import MissingError
from deedbook.integrity.containers import LARGEST_DOCUMENT
from deedbook.integrity.digests import MANIFEST, SIGNATURE, SUMS, read_sums, sha256_of
from deedbook.integrity.proof import ListedFile, Outcome, Proof, Rule, prove_release
from deedbook.integrity.signatures import PublicKey, public_key
from deedbook.release.formats import Format, every_format, format_named, format_of
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


def fetch(
    listing: Listing,
    folder: Path,
    *,
    formats: Iterable[str] = (),
    tables: Iterable[str] = (),
    replaces: bool = False,
    progress: Progress = untold,
) -> dict[str, int]:
    """Puts a proven release into a folder; the bytes of each file that was wanted, by name.

    Args:
        listing: What `find_release` found.
        folder: Made when it is not there.
        formats: Names of formats; all but archives of other files when empty. Documents always come.
        tables: Names of tables, whose files alone come; all when empty.
        replaces: Overwrite files of the same names that are others.
        progress: Told how much has come.

    Raises:
        UsageError: when the release has no such format or table, or the folder cannot be written.
        RefusalError: when a file is not the published one, or would be overwritten.
        RemoteError: when a file cannot be had.
        SpaceError: when the disk is full.
    """
    files = wanted_files(listing, formats, tables)
    try:
        with disk.explained_disk(f"{folder} is not complete", "free some space and fetch again"):
            there = {file.name for file in files if _is_there(folder / file.name, file, listing, replaces=replaces)}
            found = obtain(listing.source, files, progress)
            folder.mkdir(parents=True, exist_ok=True)
            for name in found.keys() - there:
                with found[name].open("rb") as source, disk.replacement(folder / name) as target:
                    shutil.copyfileobj(source, target, GRAIN)
    except OSError as error:
        what = f"{error.filename or folder}: cannot be written: {error.strerror or error}"
        raise UsageError(what, "name another folder with -o") from None
    return {name: path.stat().st_size for name, path in sorted(found.items())}


def _is_there(path: Path, file: ListedFile, listing: Listing, *, replaces: bool) -> bool:
    """Whether a file stands where it should; nothing is fetched while another one is in the way.

    Raises:
        RefusalError: when it is.
    """
    if not os.path.lexists(path):
        return False
    if path.is_symlink() or not path.is_file():
        raise RefusalError(f"{path} is no plain file", "remove it, or name another folder with -o")
    is_same = sha256_of(path) == file.sha256
    if not is_same and not replaces:
        what = f"{path} exists and is not that of {listing.source.label}"
        raise RefusalError(what, "name another folder with -o, or add --replace")
    return is_same


def wanted_files(listing: Listing, formats: Iterable[str], tables: Iterable[str] = ()) -> list[ListedFile]:
    """The documents, and the data in these formats and of these tables; all of it when none is named.

    A file that holds all tables comes with some of them only when its format is named, an archive of other files always so.

    Raises:
        UsageError: when the release does not have one of them.
    """
    known, chosen = listing.formats, tuple(tables)
    named = [getattr(format_named(name), "name", name) for name in formats]
    listing.demand("format", named, tuple(known))
    listing.demand("table", chosen, listing.tables)
    wanted = {
        "",
        *(named or (name for name, item in known.items() if not item.holds and (item.is_per_table or not chosen))),
    }
    owners = {None, *(chosen or listing.tables)}
    return [file for file in listing.files.values() if listing.format_of(file) in wanted and file.table in owners]


def obtain(source: Source, files: Iterable[ListedFile], progress: Progress = untold) -> dict[str, Path]:
    """The proven files of a release in the cache, by name.

    Raises:
        RefusalError: when one is not the published file.
        RemoteError: when one cannot be had.
    """
    files = sorted(files, key=lambda file: file.size or 0)
    sizes = [file.size or 0 for file in files]
    missing = sum(size for size, file in zip(sizes, files, strict=True) if not source.cache.has(file.sha256))
    if missing > (free := source.cache.free()):
        what = f"{source.label}: {missing:,} bytes are to come, and {free:,} are free where they are kept"
        raise SpaceError(what, "free some space, or choose formats and tables with --format and --table")
    lock, done = threading.Lock(), 0

    def advance(count: int) -> None:
        nonlocal done
        with lock:
            done += count
            progress("fetching", min(1.0, done / max(sum(sizes), 1)))

    large = bisect_right(sizes, GRAIN * RUN)  # from here on a file comes in parts of its own
    with ThreadPoolExecutor(CONNECTIONS, "fetch") as pool:
        try:
            paths = list(pool.map(lambda file: _one(source, file, advance), files[:large]))
        finally:
            pool.shutdown(cancel_futures=True)
    paths += [_one(source, file, advance) for file in files[large:]]
    return dict(zip((file.name for file in files), paths, strict=True))


def _one(source: Source, file: ListedFile, advance: Advance) -> Path:
    """The proven file in the cache."""
    if file.size is None:
        obtain_document(source, file)
    found = source.cache.find(file.sha256)
    if found is not None:
        advance(file.size or 0)
        return found
    with source.cache.adding(file.sha256, file.size or 0) as partial:
        if (found := source.cache.find(file.sha256)) is not None:  # another process was quicker
            partial.discard()
            return found
        try:
            first_good(source, file.name, lambda address: download(address, file, partial, advance))
            return source.cache.keep(partial, file.sha256)
        except BaseException:
            if not partial.have:
                partial.discard()
            raise
