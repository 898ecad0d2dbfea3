"""Copies of a release's files: each proven in the cache, and `fetch`, which gives those that are wanted their names in a folder.

All files are proven in the cache before the first one gets its name in the folder; a failure leaves the folder as it was.
A file that stands there already is left alone when it is the same, and never overwritten when it is not, unless that was asked for.
"""

import os
import shutil
import threading
from bisect import bisect_right
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deedbook import files as disk
from deedbook.errors import RefusalError, SpaceError, UsageError
from deedbook.fetching.download import CONNECTIONS, GRAIN, RUN, Advance, download
from deedbook.fetching.releases import Listing, Progress, Source, first_good, obtain_document, untold
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.proof import ListedFile
from deedbook.release.formats import format_named


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
