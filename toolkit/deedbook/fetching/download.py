"""The content-addressed store of verified files: a name is a sha256, so that nothing in it can be out of date.

    objects/AB/SHA256      a verified file, read-only
    partial/SHA256.part    a file that is coming, as long as it will be; a grain that has not come is a hole
    partial/SHA256.have    a line `g NUMBER` for each grain that is there
    notes/KEY              something small whose name does not follow from its content
    locks/SHA256.lock      held while somebody downloads it

Safe for several processes: a file appears by one rename, and whoever downloads it holds its lock. A file is hashed again
whenever it is used; one that was damaged since is removed and counts as never fetched. What `.have` says only saves work: the
sha256 of the whole decides in the end, also whether all parts were of one file.

One file of known size and sha256 from one address: in parallel parts, resumed, proven.

The first run of missing grains shows whether the server can send parts; the others of a file of several megabytes then come through a
few connections at once. Memory holds a grain per connection, however large the file.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import IO

from deedbook import files
from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.locations import Address, looks_like_page, opened
from deedbook.files import locked
from deedbook.http import PassingError, retried
from deedbook.integrity.digests import sha256_of
from deedbook.integrity.proof import ListedFile

GRAIN = 1 << 20
"""Bytes that are noted together; only the last grain of a file is shorter."""
_LOCK_SECONDS = 6 * 3600.0
"""To wait for another process that downloads the same file."""


class Partial:
    """A partial file of a known size, open for writing.

    Args:
        path: Its `.part`; the folder exists.
        size: Bytes of the whole file.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path, self.size, self.grains = path, size, -(-size // GRAIN)
        self.have: set[int] = set()
        self._noted = path.with_suffix(".have")
        self._lock = threading.Lock()
        if path.is_file() and path.stat().st_size == size and self._noted.is_file():
            notes = re.findall(
                r"^g (\d+)\n", self._noted.read_text("utf-8", "replace"), re.MULTILINE
            )  # none that a kill tore
            self.have.update(set(map(int, notes)).intersection(range(self.grains)))
        self.resumed = bool(self.have)
        self._file: IO[bytes] = path.open("r+b" if self.resumed else "w+b", buffering=0)
        self._file.truncate(size)
        self._notes: IO[bytes] = self._noted.open("ab" if self.resumed else "wb", buffering=0)

    def __enter__(self) -> Partial:
        """The file, open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes it; what has come stays."""
        self.close()

    def close(self) -> None:
        """Closes both files, which Windows neither renames nor removes before."""
        self._file.close()
        self._notes.close()

    def length(self, grain: int) -> int:
        """Bytes of a grain."""
        return min(GRAIN, self.size - grain * GRAIN)

    def write(self, grain: int, content: bytes) -> None:
        """Puts a whole grain where it belongs."""
        with self._lock:
            self._file.seek(grain * GRAIN)
            files.write_all(self._file.fileno(), content)
            files.write_all(self._notes.fileno(), b"g %d\n" % grain)
            self.have.add(grain)

    def runs(self, most: int) -> Iterator[tuple[int, int]]:
        """What is missing, as ranges of grains (first, the one after the last) of at most that many."""
        missing = [grain for grain in range(self.grains) if grain not in self.have]
        for _, neighbours in groupby(enumerate(missing), lambda pair: pair[1] - pair[0]):
            first, *rest = (grain for _, grain in neighbours)
            end = first + len(rest) + 1
            yield from ((start, min(start + most, end)) for start in range(first, end, most))

    def empty(self) -> None:
        """Forgets everything that came."""
        with self._lock:
            self.have.clear()
            self.resumed = False
            self._notes.truncate(0)
            self._file.truncate(0)
            self._file.truncate(self.size)

    def discard(self) -> None:
        """Removes both files."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._noted.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Gives the file its name, read-only; the one step that makes it a verified one.

        The notes go first: a kill in between costs the file once more, and leaves nothing that nobody removes.
        """
        self.close()
        self._noted.unlink(missing_ok=True)
        files.sync(self.path)
        self.path.chmod(0o444)
        files.rename(self.path, target)


class Cache:
    """The store in one folder.

    Args:
        root: Made when something is put.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, sha256: str) -> Path | None:
        """The file with that content, whole; None when it is not here."""
        path = self._object(sha256)
        with suppress(FileNotFoundError):
            if sha256_of(path) == sha256:
                return path
            path.unlink()
        return None

    @contextmanager
    def adding(self, sha256: str, size: int) -> Iterator[Partial]:
        """A partial file for a content that is not here yet, for this process alone; `keep` makes it an object."""
        lock = _with_folder(self._root / "locks" / f"{sha256}.lock")
        part = _with_folder(self._root / "partial" / f"{sha256}.part")
        with locked(lock, who="download", wait=_LOCK_SECONDS), Partial(part, size) as it:
            yield it

    def keep(self, partial: Partial, sha256: str) -> Path:
        """Makes a verified partial file an object."""
        path = _with_folder(self._object(sha256))
        partial.finish(path)
        return path

    def put(self, content: bytes, sha256: str) -> None:
        """Makes verified bytes an object."""
        if not self.has(sha256):
            files.replace(_with_folder(self._object(sha256)), content)

    def note(self, key: str, content: bytes) -> None:
        """Keeps something small under a key that does not follow from its content; whoever reads it proves it."""
        files.replace(_with_folder(self._root / "notes" / key), content)

    def recall_note(self, key: str) -> bytes | None:
        """What was kept under the key."""
        path = self._root / "notes" / key
        return path.read_bytes() if path.is_file() else None

    def has(self, sha256: str) -> bool:
        """Whether there seems to be a file with that content; `find` proves it."""
        return self._object(sha256).is_file()

    def free(self) -> int:
        """Bytes that the disk has left for it."""
        there = next(folder for folder in (self._root, *self._root.absolute().parents) if folder.is_dir())
        return shutil.disk_usage(there).free

    def _object(self, sha256: str) -> Path:
        return self._root / "objects" / sha256[:2] / sha256


def _with_folder(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


CONNECTIONS = 4
_TELL = "do not use that copy; tell the publisher"
RUN = 16
"""Grains that one request asks for."""
Advance = Callable[[int], None]
"""Told how many more bytes have come; from any thread."""


class TamperedError(RefusalError):
    """What came is not the file that was asked for."""

    @classmethod
    def of(cls, wanted: ListedFile, address: Address, sha256: str) -> TamperedError:
        """For a file of another content."""
        what = f"{wanted.name}: what {address.text} sends is not the published file"
        return cls(f"{what}: its sha256 is {sha256}, not {wanted.sha256}", _TELL)


def download(address: Address, wanted: ListedFile, partial: Partial, advance: Advance) -> None:
    """Completes the partial file and proves it.

    Args:
        address: Where the file is.
        wanted: What it must be.
        partial: What has come of it; emptied when it turns out wrong.
        advance: Told of every byte that comes.

    Raises:
        TamperedError: when the file at the address is another one.
        RemoteError: when it cannot be had from there; what has come is kept.
    """
    while True:
        was_resumed = partial.resumed
        _fill(address, wanted, partial, advance)
        found = sha256_of(partial.path)
        if found == wanted.sha256:
            return
        with partial.path.open("rb") as file:
            is_page = looks_like_page(file.read(200)) and not wanted.name.endswith(".html")
        partial.empty()
        if is_page:
            what = f"{wanted.name}: {address.text} sends a web page in its place: a login or an error page?"
            raise RemoteError(what, "open the address in a browser, and try again")
        if not was_resumed:
            raise TamperedError.of(wanted, address, found)


def _fill(address: Address, wanted: ListedFile, partial: Partial, advance: Advance) -> None:
    """Fetches what is missing; a connection that breaks is taken up where it broke."""
    runs, stop = list(partial.runs(RUN)), threading.Event()

    def fetch(run: tuple[int, int]) -> bool:
        """Fetches a run, or all where the server knows no parts; whether it does."""
        at, end = run

        def attempt() -> bool:
            nonlocal at, end
            last = end * GRAIN if end < partial.grains else None
            with opened(address, start=at * GRAIN, stop=last) as body:
                if body.total not in {None, wanted.size}:
                    what = f"{wanted.name}: {address.text} has {body.total:,} bytes, not {wanted.size:,}"
                    raise TamperedError(what, _TELL)
                if not body.is_part:
                    at, end = 0, partial.grains
                while at < end and not stop.is_set():
                    content = body.stream.read(partial.length(at))
                    if len(content) < partial.length(at):
                        raise PassingError(f"{address.text}: the connection broke")
                    partial.write(at, content)
                    advance(len(content))
                    at += 1
                return body.is_part

        return stop.is_set() or retried(attempt, pause=stop.wait, progress=lambda: at)

    if runs and fetch(runs[0]):
        with ThreadPoolExecutor(CONNECTIONS, "download") as pool:
            try:
                list(pool.map(fetch, runs[1:]))
            finally:
                stop.set()
                pool.shutdown(cancel_futures=True)
