"""One file of known size and sha256 from one address: in parallel parts, resumed, hashed while it comes.

A file of several megabytes comes through a few connections at once, each a run of grains that is missing. Grains are hashed in
their order as soon as they are there, by reading them back, which costs no disk since they were just written. So the hash is
known when the last byte is, and memory holds a grain per connection, however large the file.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.cache import GRAIN, Partial
from deedbook.fetching.locations import Address
from deedbook.fetching.transport import Body, looks_like_page, opened
from deedbook.http import PassingError, Patience

CONNECTIONS = 4
RUN = 16
"""Grains that one request asks for."""
Advance = Callable[[int], None]
"""Told how many more bytes have come; from any thread."""


class TamperedError(RefusalError):
    """What came is not the file that was asked for."""


class _ChangedError(RemoteError):
    """The file at the address is no longer the one that the parts came from."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to be had; `name` is what people call it."""

    name: str
    size: int
    sha256: str


def download(address: Address, wanted: Wanted, partial: Partial, advance: Advance) -> None:
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
    for _ in range(2):
        was_resumed = bool(partial.resumed)
        try:
            found = _Filling(address, wanted, partial, advance).run()
        except _ChangedError:
            partial.empty()
            continue
        if found == wanted.sha256:
            return
        page = _begins_like_page(partial) and not wanted.name.endswith(".html")
        partial.empty()
        if page:
            raise RemoteError(
                f"{wanted.name}: {address.text} sends a web page in its place: a login or an error page?",
                "open the address in a browser, and try again",
            )
        if not was_resumed:
            raise TamperedError(
                f"{wanted.name}: what {address.text} sends is not the published file: its sha256 is {found}, "
                f"not {wanted.sha256}",
                "do not use that copy; tell the publisher",
            )
    raise RemoteError(f"{wanted.name}: {address.text} changes while it is read", "try again later")


def _begins_like_page(partial: Partial) -> bool:
    with partial.path.open("rb") as file:
        return looks_like_page(file.read(200))


class _Filling:
    """One attempt to complete a file from one address."""

    def __init__(self, address: Address, wanted: Wanted, partial: Partial, advance: Advance) -> None:
        self._address = address
        self._wanted = wanted
        self._partial = partial
        self._advance = advance
        self._runs = deque(partial.runs(RUN))
        self._stop = threading.Event()
        self._knows_ranges = threading.Event()

    def run(self) -> str:
        """The sha256 of the completed file.

        Raises:
            RemoteError: when it could not be completed.
        """
        if len(self._runs) <= 1:
            self._work()
            return self._hash(lambda: None)
        with ExitStack() as stack:
            pool = ThreadPoolExecutor(min(CONNECTIONS, len(self._runs)), "download")
            stack.callback(pool.shutdown)
            stack.callback(self._stop.set)
            first = pool.submit(self._work)
            others = [pool.submit(self._follow) for _ in range(min(CONNECTIONS, len(self._runs)) - 1)]

            def check() -> None:
                for future in wait([first, *others], 0).done:
                    future.result()

            return self._hash(check)

    def _follow(self) -> None:
        """Works too, once it is known that parts can be asked for."""
        while not self._stop.is_set():
            if self._knows_ranges.wait(0.1):
                self._work()
                return

    def _work(self) -> None:
        """Fetches runs until none is left."""
        while not self._stop.is_set():
            try:
                first, end = self._runs.popleft()
            except IndexError:
                return
            self._fetch(first, end)

    def _fetch(self, first: int, end: int) -> None:
        """Fetches a run; a connection that breaks is taken up where it broke."""
        patience = Patience()
        while first < end and not self._stop.is_set():
            before = first
            try:
                with self._open(first, end) as body:
                    if not body.is_part:
                        first, end = 0, self._partial.grains
                        self._runs.clear()
                    while first < end and not self._stop.is_set():
                        self._take(body, first)
                        first += 1
            except PassingError as error:
                if first > before:
                    patience = Patience()
                if self._stop.wait(patience.pause_after(error)):
                    raise

    @contextmanager
    def _open(self, first: int, end: int) -> Iterator[Body]:
        """The answer to a request for a run; it fits to what has come.

        Raises:
            TamperedError: when the file has another size.
            RemoteError: when it cannot be had.
        """
        start, stop = first * GRAIN, end * GRAIN if end < self._partial.grains else None
        known = self._partial.tags.get(self._address.text, "")
        with opened(self._address, start=start, stop=stop, tag=known) as body:
            if body.total is not None and body.total != self._wanted.size:
                raise TamperedError(
                    f"{self._wanted.name}: {self._address.text} has {body.total:,} bytes, not {self._wanted.size:,}",
                    "do not use that copy; tell the publisher",
                )
            if body.tag and known and body.tag != known:
                raise _ChangedError(f"{self._address.text} has changed")
            self._partial.note_tag(self._address.text, body.tag)
            if body.is_part:
                self._knows_ranges.set()
            yield body

    def _take(self, body: Body, grain: int) -> None:
        length = self._partial.length(grain)
        content = body.stream.read(length)
        if len(content) < length:
            raise PassingError(f"{self._address.text}: the connection broke")
        self._partial.write(grain, content)
        self._advance(length)

    def _hash(self, check: Callable[[], None]) -> str:
        """The sha256 of all grains in order, each as soon as it is there; `check` raises what a thread raised."""
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(GRAIN))
        with self._partial.path.open("rb", buffering=0) as file:
            for grain in range(self._partial.grains):
                while not self._partial.wait_for(grain, 0.2):
                    check()
                left = self._partial.length(grain)
                while left:
                    count = file.readinto(buffer[:left]) or 0
                    digest.update(buffer[:count])
                    left -= count
        check()
        return digest.hexdigest()
