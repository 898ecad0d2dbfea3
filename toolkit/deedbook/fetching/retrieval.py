"""`fetch`: a release, or the formats of it that are wanted, proven and then put into a folder.

All files are proven in the cache before the first one gets its name in the folder; a failure leaves the folder as it was.
A file that stands there already is left alone when it is the same, and never overwritten when it is not, unless that was asked for.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deedbook import files as disk
from deedbook.errors import RefusalError, SpaceError, UsageError
from deedbook.fetching.cache import GRAIN, Cache
from deedbook.fetching.catalogues import open_catalogue
from deedbook.fetching.download import CONNECTIONS, RUN, Advance, Wanted, download
from deedbook.fetching.locations import Home, choose_catalogue, find_home, read_location, release_in
from deedbook.fetching.pins import Pin, Spec, read_spec, resolve
from deedbook.fetching.releases import Listing, Source, first_good, obtain_document, read_listing
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.proof import ListedFile
from deedbook.integrity.signatures import PublicKey
from deedbook.release.formats import FORMATS, Format, format_named, format_of

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of that is behind it (0 to 1)."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a user wants of a catalogue, and how.

    Attributes:
        catalogue: URL or folder; None for the user's own default.
        key: The publisher's key as the user has it from elsewhere.
        is_offline: Whether the network stays alone.
    """

    catalogue: str | None = None
    key: PublicKey | None = None
    is_offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A release that stands in a folder.

    Attributes:
        pin: Which release it is, for a script.
        files: The names of the files that were wanted; all of them stand in `folder`.
        bytes: Their size together.
        checked: What was proven, in words.
    """

    pin: Pin
    folder: Path
    files: tuple[str, ...]
    bytes: int
    checked: tuple[str, ...]


def find_release(text: str, asking: Asking, *, home: Home | None = None) -> tuple[Listing, tuple[str, ...]]:
    """The release that `NAME@RANGE` or the address of its page means, proven, and what a user must know of it.

    Raises:
        UsageError: when there is no such catalogue, dataset or version.
        ProjectError: when the catalogue is not sound.
        RefusalError: when something is not what it should be.
        RemoteError: when something cannot be had.
    """
    home = home or find_home()
    page = release_in(text)
    location = read_location(choose_catalogue(asking.catalogue or (text if page else None), home))
    spec = read_spec(page or text)
    opened = open_catalogue(location, home, key=asking.key, is_offline=asking.is_offline)
    dataset, entry = resolve(opened.catalogue, spec, location.text)
    source = Source(opened, dataset, entry, Cache(home.cache), asking.is_offline)
    return read_listing(source), tuple(_warnings(source, spec))


def fetch(
    listing: Listing,
    folder: Path,
    *,
    formats: Iterable[str] = (),
    tables: Iterable[str] = (),
    replaces: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Puts a proven release into a folder.

    Args:
        listing: What `find_release` found.
        folder: Made when it is not there.
        formats: Names of `FORMATS`; all when empty. Documents always come.
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
    with _explained(folder):
        _refuse_others(folder, files, listing, replaces=replaces)
        found = obtain(listing.source, files, progress)
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if not _has(folder / file.name, file.sha256):
                with found[file.name].open("rb") as source, disk.replacement(folder / file.name) as target:
                    shutil.copyfileobj(source, target, GRAIN)
        for name, content in listing.documents.items():
            if not _has(folder / name, hashlib.sha256(content).hexdigest()):
                disk.replace(folder / name, content)
    names = sorted([*found, *listing.documents])
    size = sum(path.stat().st_size for path in found.values()) + sum(map(len, listing.documents.values()))
    return Fetched(
        pin=pin_of(listing.source),
        folder=folder,
        files=tuple(names),
        bytes=size,
        checked=listing.checked,
    )


def pin_of(source: Source) -> Pin:
    """What a script writes down to get the same release again."""
    entry = source.entry
    return Pin(source.dataset.name, entry.version, entry.release_sha256, source.opened.location.text)


def wanted_files(listing: Listing, formats: Iterable[str], tables: Iterable[str] = ()) -> list[ListedFile]:
    """The documents, and the data in these formats and of these tables; all of it when none is named.

    A file that holds all tables comes with some of them only when its format is named.

    Raises:
        UsageError: when the release does not have one of them.
    """
    there = {item.name for file in listing.files.values() if (item := _format_of(file, listing))}
    wanted = set()
    for name in formats:
        item = format_named(name)
        if item is None or item.name not in there:
            has = ", ".join(known.name for known in FORMATS if known.name in there)
            raise UsageError(f"{listing.source.label}: has no format {name!r}", f"it has {has}")
        wanted.add(item.name)
    chosen = set(tables)
    if unknown := sorted(chosen - set(listing.tables)):
        raise UsageError(
            f"{listing.source.label}: has no table {unknown[0]!r}", f"its tables are {', '.join(listing.tables)}"
        )
    wanted = wanted or {item.name for item in FORMATS if item.is_per_table or not chosen}
    return [
        file
        for file in listing.files.values()
        if (file.table is None or not chosen or file.table in chosen)
        and ((item := _format_of(file, listing)) is None or item.name in wanted)
    ]


def _format_of(file: ListedFile, listing: Listing) -> Format | None:
    """The format of a file that holds rows; None of one that says something about them."""
    return format_of(file.name, {file.table} if file.table else set(), listing.source.dataset.name)


def obtain(source: Source, files: Iterable[ListedFile], progress: Progress | None = None) -> dict[str, Path]:
    """The proven files of a release in the cache, by name.

    Raises:
        RefusalError: when one is not the published file.
        RemoteError: when one cannot be had.
    """
    files = list(files)
    missing = sum(file.size or 0 for file in files if not source.cache.has(file.sha256))
    if missing > (free := source.cache.free()):
        raise SpaceError(
            f"{source.label}: {missing:,} bytes are to come, and {free:,} are free where they are kept",
            "free some space, or choose formats and tables with --format and --table",
        )
    advance = _Counter(sum(file.size or 0 for file in files), progress or (lambda _what, _share: None))
    large = [file for file in files if (file.size or 0) > GRAIN * RUN]
    small = [file for file in files if file not in large]
    with ThreadPoolExecutor(CONNECTIONS, "fetch") as pool:
        try:
            found = dict(
                zip(
                    (file.name for file in small),
                    pool.map(lambda file: _one(source, file, advance), small),
                    strict=True,
                )
            )
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return found | {file.name: _one(source, file, advance) for file in large}


def _one(source: Source, file: ListedFile, advance: Advance) -> Path:
    """The proven file in the cache."""
    if file.size is None:
        obtain_document(source, file)
    found = source.cache.find(file.sha256)
    if found is not None:
        advance(file.size or 0)
        return found
    wanted = Wanted(file.name, file.size or 0, file.sha256)
    with source.cache.adding(file.sha256, wanted.size) as partial:
        if (found := source.cache.find(file.sha256)) is not None:  # another process was quicker
            partial.discard()
            return found
        try:
            first_good(source, file.name, lambda address: download(address, wanted, partial, advance))
            return source.cache.keep(partial, wanted.sha256)
        except BaseException:
            if not partial.bytes_there():
                partial.discard()
            raise


class _Counter:
    """Adds up what several threads say."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = max(total, 1)
        self._done = 0
        self._progress = progress
        self._lock = threading.Lock()

    def __call__(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._progress("fetching", min(1.0, self._done / self._total))


def _warnings(source: Source, spec: Spec) -> Iterator[str]:
    entry, latest = source.entry, source.dataset.latest
    if entry.is_yanked:
        instead = entry.replaced_by or latest
        advice = f"; use {instead}" if instead else ""
        yield f"{source.label} WAS WITHDRAWN by its publisher: {entry.reason or 'no reason is given'}{advice}"
    elif spec.is_exact and latest and entry.state == "superseded":
        yield f"{source.label} is superseded; the latest version is {latest}"
    yield from source.opened.warnings()


def _refuse_others(folder: Path, files: Iterable[ListedFile], listing: Listing, *, replaces: bool) -> None:
    """Refuses to overwrite what is not the same, before anything is fetched.

    Raises:
        RefusalError: naming the first such file.
    """
    digests = {file.name: file.sha256 for file in files}
    digests |= {name: hashlib.sha256(content).hexdigest() for name, content in listing.documents.items()}
    for name, digest in digests.items():
        path = folder / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise RefusalError(f"{path} is no plain file", "remove it, or name another folder with -o")
        if not replaces and path.is_file() and not _has(path, digest):
            raise RefusalError(
                f"{path} exists and is not that of {listing.source.label}",
                "name another folder with -o, or add --replace",
            )


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What the system says as one of our errors."""
    try:
        with disk.explained_disk(f"{folder} is not complete", "free some space and fetch again"):
            yield
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: cannot be written: {error.strerror or error}", "name another folder with -o"
        ) from None
