"""The one HTTP client: who asks, whom it trusts, how long it waits.

* It says who it is, and goes through the proxies that the environment names (`HTTPS_PROXY`, `NO_PROXY` ...).
* Credentials go to the origin that they are for, and into no message. A redirect from https to http is not followed.
* Everything ends: a connection without a byte for `STALL_SECONDS`, headers that do not come to an end in that time, and a body
  slower than `LOWEST_RATE` are given up. What may pass is tried again (`retried`) with growing, jittered pauses, until `PATIENCE`
  seconds are over; who says how long to wait (`Retry-After`, a number or a date) is waited for, up to `NAMED_WAITS` seconds more.
* A body that comes compressed is unpacked; at most what was asked for is in memory.

What it waits for is told to the logger `deedbook.http` at the level INFO.
"""

import hashlib
import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, partial
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError

from deedbook import __version__
from deedbook.errors import RemoteError

LOG = logging.getLogger(__name__)
T = TypeVar("T")

CONNECT_SECONDS = 7.0
STALL_SECONDS = 7.0
"""Without a byte, or with less than `LOWEST_RATE` over all of them, after which a connection counts as dead."""
LOWEST_RATE = 1024
"""Bytes a second: a tenth of what a modem of 1995 did, so that only what never ends falls below."""
PATIENCE = 2 * STALL_SECONDS
"""Seconds after which nothing new is tried: two stalls and no third, so that whoever asks a dead server is answered within 20 seconds."""
NAMED_WAITS = 120.0
"""Seconds that servers may ask for in all, beyond patience: they are alive. Common limits are by the minute."""
ATTEMPTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""The statuses after which the same request may succeed."""
_MOST_REDIRECTS = 5
_TOLD_AFTER = 3.0
"""Seconds of silence after which a line says what is waited for."""
_PIECE = 1 << 16
_CONNECTIONS = 16
_GZIP_OR_ZLIB = 47
"""The window of 2**15 bytes, plus 32 for zlib to see by itself which of the two headers there is."""


class MissingError(RemoteError):
    """There is no such file at the address."""


class PassingError(RemoteError):
    """Worth another try at once, or after `wait` seconds."""

    def __init__(self, message: str, wait: float = 0.0, hint: str = "try again later: what is done is kept") -> None:
        super().__init__(message, hint)
        self.wait = wait


def user_agent() -> str:
    """What every request calls itself; services turn nameless clients away."""
    return f"deedbook/{__version__} (tool for releases of data)"


def place(url: str) -> str:
    """An address for messages: no query, since that may hold a signature, and no credentials."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def origin(url: str) -> tuple[str, str, int]:
    """What credentials belong to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def seconds_to_wait(text: str) -> float | None:
    """What a `Retry-After` says, a number of seconds or a date; None when it says nothing."""
    try:
        return float(urllib3.Retry().parse_retry_after(text))
    except (InvalidHeader, OverflowError):
        return None


def retried(
    action: Callable[[], T],
    *,
    seconds: float = PATIENCE,
    pause: Callable[[float], Any] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    progress: Callable[[], object] = lambda: None,
) -> T:
    """What the action returns, after some tries if need be.

    Args:
        action: May be done again.
        seconds: After which nothing new is tried, but for the waits that the other side asks for; with 0 none of these either.
        pause: Waits so many seconds; what it returns, if it is true, ends it.
        clock: The present second.
        progress: How far it is; patience starts anew where that has changed.

    Raises:
        RemoteError: when the last try failed too.
    """
    reached: object = ...
    while True:
        if reached != (reached := progress()):
            retry = urllib3.Retry(total=ATTEMPTS - 1, backoff_factor=0.25, backoff_jitter=0.5, backoff_max=20)
            ends, named = clock() + seconds, NAMED_WAITS if seconds else 0.0
        try:
            return action()
        except PassingError as error:
            try:
                retry = retry.increment(error=error)
            except MaxRetryError:
                raise error from None
            wait = max(error.wait, retry.get_backoff_time())
            if error.wait <= named:
                named, ends = named - error.wait, ends + error.wait
            if clock() + wait > ends:
                hint = f"try again after {error.wait:,.0f} seconds" if error.wait > 1 else error.hint
                raise PassingError(error.message, error.wait, hint) from None
            if wait > 1:
                LOG.info("%s; trying again in %.0f s", error.message, wait)
            if pause(wait):
                raise


class Stream:
    """Bytes that come in pieces of any size, as reads of the wanted one."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, bytearray()

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        wanted = bytes(self._rest[:size])
        del self._rest[:size]
        return wanted


class Answer:
    """What a server answered; header names are in lower case, `pieces` is the body as it comes, unpacked.

    A body that breaks off or comes too slowly raises `PassingError` where it is read.

    Args:
        response: With its body not read yet.
        url: Where it came from.
        deadline: Seconds that the body may take, and a second more for each 64 KiB of it; None for no end but `LOWEST_RATE`.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, url: str, deadline: float | None) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self.url = url
        self.wait = seconds_to_wait(self.headers.get("retry-after", ""))
        self.encoding = self.headers.get("content-encoding", "identity").strip().lower()
        self._response = response
        self.pieces = self._unpacked(self._received(deadline))
        self.stream = Stream(self.pieces)

    @property
    def kind(self) -> str:
        """Its media type."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def target(self, start: str) -> str:
        """Where it redirects to; `start` is what people are told was asked for.

        Raises:
            RemoteError: when no redirect may lead there.
        """
        following = urljoin(self.url, self.headers.get("location", ""))
        parts = urlsplit(following)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise RemoteError(f"{start}: is redirected to what is no web address", "check the address")
        if urlsplit(self.url).scheme == "https" and parts.scheme == "http":
            raise RemoteError(f"{start}: is redirected from https to http", "tell the publisher")
        if parts.username is not None:
            raise RemoteError(f"{start}: is redirected to an address with a password in it", "tell the publisher")
        return following

    def close(self) -> None:
        """Lets go of the connection; it is used again when the body was read to its end."""
        if getattr(self._response, "length_remaining", None) == 0:
            self._response.drain_conn()  # a body of no bytes has to be read too before the connection is free
            self._response.release_conn()
        else:
            self._response.close()

    def _received(self, deadline: float | None) -> Iterator[bytes]:
        where = place(self.url)
        started = since = time.monotonic()
        size = lately = 0
        try:
            while piece := self._response.read1(_PIECE, decode_content=False):
                size, lately, now = size + len(piece), lately + len(piece), time.monotonic()
                if now - since >= STALL_SECONDS:
                    if lately < LOWEST_RATE * STALL_SECONDS:
                        raise PassingError(f"{where} sends too slowly: {lately:,} bytes in {now - since:.0f} s")
                    since, lately = now, 0
                if deadline is not None and now - started > deadline + size / _PIECE:
                    raise PassingError(f"{where} sends too slowly: {size:,} bytes in {now - started:.0f} s")
                yield piece
        except (HTTPError, OSError) as error:
            raise PassingError(f"{where}: the connection broke after {size:,} bytes: {_cause(error)}") from None

    def _unpacked(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        if self.encoding in {"", "identity"}:
            yield from pieces
            return
        if self.encoding not in {"gzip", "x-gzip", "deflate"}:
            raise RemoteError(f"{place(self.url)} comes packed as {self.encoding!r}, which was not asked for")
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            for piece in pieces:
                while piece:
                    yield unpacker.decompress(piece, _PIECE)
                    piece = unpacker.unconsumed_tail
            yield unpacker.flush()
        except zlib.error as error:
            raise RemoteError(f"{place(self.url)} comes packed and damaged: {error}", "try again later") from None
        if not unpacker.eof:
            raise PassingError(f"{place(self.url)} comes packed and breaks off")


@contextmanager
def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Any = None,
    stall: float = STALL_SECONDS,
    deadline: float | None = None,
) -> Iterator[Answer]:
    """One request and its answer, whatever that is; no redirect is followed and nothing repeated.

    Args:
        method: The HTTP method.
        url: An http(s) address.
        headers: Beside those that say who asks.
        body: Bytes, or what can be read.
        stall: Seconds to wait for the first byte, and between two.
        deadline: For the body of the answer (`Answer`).

    Raises:
        PassingError: when there is no answer.
    """
    told = threading.Timer(_TOLD_AFTER, LOG.info, ("waiting for %s", place(url)))
    told.daemon = True
    told.start()
    try:
        response = _pool(_proxy_of(url)).request(
            method,
            url,
            headers={"User-Agent": user_agent(), "Accept": "*/*", "Accept-Encoding": "identity", **headers},
            body=body,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=stall),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
    except (HTTPError, OSError, ValueError) as error:
        raise PassingError(f"{place(url)}: no answer: {_cause(error)}") from None
    finally:
        told.cancel()
    answer = Answer(response, url, deadline)
    try:
        yield answer
    finally:
        answer.close()


@contextmanager
def get(
    url: str, *, headers: Mapping[str, str] | None = None, authorization: str = "", deadline: float | None = None
) -> Iterator[Answer]:
    """The answer at the end of all redirects.

    Args:
        url: An http(s) address.
        headers: Beside those that say who asks.
        authorization: Sent to the origin of `url`, and to no other.
        deadline: For the body (`Answer`).

    Raises:
        PassingError: when there is none, or one of `PASSING`.
        RemoteError: when a redirect leads where none may.
    """
    home, at = origin(url), url
    for _ in range(_MOST_REDIRECTS + 1):
        trusted = {"Authorization": authorization} if authorization and origin(at) == home else {}
        with request("GET", at, headers={**(headers or {}), **trusted}, deadline=deadline) as answer:
            if answer.status in PASSING:
                raise PassingError(f"{place(url)}: the server says {answer.status}", answer.wait or 0.0)
            if answer.status not in REDIRECTS:
                yield answer
                return
            at = answer.target(place(url))
    raise RemoteError(f"{place(url)}: is redirected again and again", "check the address")


def digest(
    url: str, most: int, progress: Callable[[int], object], pause: Callable[[float], Any] = time.sleep
) -> tuple[int, str]:
    """Size and sha256 of what anybody gets from an address, past all caches; no credentials are sent.

    Args:
        url: An http(s) address.
        most: Bytes after which it is something else, and no more is read.
        progress: Told how many bytes more have come.
        pause: Waits so many seconds before another try.

    Raises:
        MissingError: when there is nothing, or not yet.
        RemoteError: when it cannot be had.
    """

    def read() -> tuple[int, str]:
        found, size = hashlib.sha256(), 0
        with get(url, headers={"Cache-Control": "no-cache"}) as answer:
            if answer.status != 200:
                hint = "publish again later: nothing is done twice"
                raise MissingError(f"{place(url)} answers {answer.status}", hint)
            for piece in answer.pieces:
                found.update(piece)
                size += len(piece)
                progress(len(piece))
                if size > most:
                    break
        return size, found.hexdigest()

    return retried(read, pause=pause)


class _Watched:
    """Of a connection: its headers come within the time that a read may take, however slowly single bytes do."""

    timeout: Any
    sock: Any
    was_cut = False

    def getresponse(self) -> Any:
        def cut() -> None:
            """Ends the read that hangs, as if the other side had gone."""
            self.was_cut = True
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

        watch = threading.Timer(self.timeout or STALL_SECONDS, cut)
        watch.daemon = True
        watch.start()
        try:
            response = super().getresponse()  # type: ignore[misc]  # of the connection that it is mixed into
            if not self.was_cut:  # else headers that end in the middle pass for whole ones
                return response
            response.close()
        except (OSError, HTTPException):
            if not self.was_cut:
                raise
        finally:
            watch.cancel()
        raise TimeoutError("the headers do not come to an end")


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@cache
def _pool(proxy: str) -> urllib3.PoolManager:
    secret = urlsplit(proxy).netloc.rpartition("@")[0]
    headers = urllib3.make_headers(proxy_basic_auth=secret) if secret else None
    make = partial(urllib3.ProxyManager, proxy, proxy_headers=headers) if proxy else urllib3.PoolManager
    pool = make(maxsize=_CONNECTIONS, retries=False)
    pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
    return pool


def _proxy_of(url: str) -> str:
    """The proxy that the environment names for an address; empty for none."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _cause(error: BaseException) -> str:
    """What went wrong, without the address and objects that urllib3 puts into its messages."""
    inner = next(
        (part for part in (getattr(error, "reason", None), *error.args) if isinstance(part, BaseException)), None
    )
    if inner is not None:
        return _cause(inner)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).rpartition(">: ")[2].rpartition("): ")[2] or type(error).__name__.removesuffix("Error")
