"""One file, or a range of it, from an address.

Retried are a connection that fails, 408, 425, 429 and 5xx: with growing, jittered pauses, or after the time that `Retry-After`
says. A redirect to another host carries no credentials, one from https to http is not followed. An answer that is a web
page in place of data is refused by its type and by its first bytes: such is what a login page or a captive portal sends.
"""

from __future__ import annotations

import email.utils
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from deedbook import __version__
from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.locations import Address

if TYPE_CHECKING:
    import urllib3

T = TypeVar("T")

USER_AGENT = f"deedbook/{__version__} (data download)"
CONNECT_TIMEOUT = 15.0
READ_TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as dead."""
ATTEMPTS = 5
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 20.0
_LONGEST_WAIT = 120.0
"""Seconds that a server may ask us to wait."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_CONNECTIONS = 16
_PICTURED = (".html", ".xml", ".svg", ".png", ".jpg", ".gif")
"""Ends of names whose files may come as a page or a picture."""


class MissingError(RemoteError):
    """There is no such file at the address."""


class PassingError(RemoteError):
    """Worth another try at once, or after `wait` seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message, "try again later: what has come already is kept")
        self.wait = wait


class Stream(Protocol):
    """Bytes that come."""

    def read(self, size: int) -> bytes:
        """The next `size` bytes; fewer only at the end.

        Raises:
            PassingError: when the connection breaks.
        """

    def close(self) -> None:
        """Lets go of the connection."""


@dataclass(frozen=True, slots=True)
class Body:
    """The answer of a server, as far as asked for.

    Attributes:
        start: The offset of the first byte that comes: 0 from a server that does not know ranges.
        total: Bytes of the whole file; None when the server does not say.
        tag: Its strong ETag; empty without one.
        is_part: Whether it comes from someone who can send parts; else everything comes, whatever was asked for.
    """

    start: int
    total: int | None
    tag: str
    stream: Stream
    is_part: bool = True


@contextmanager
def opened(address: Address, *, start: int = 0, stop: int | None = None, tag: str = "") -> Iterator[Body]:
    """The file from byte `start` to before `stop`, or all of it where the server does not know ranges.

    Args:
        address: Where the file is.
        start: The first byte.
        stop: The byte after the last; None for the end of the file.
        tag: What the ETag was when other parts came: if it is no longer, the whole file comes.

    Raises:
        MissingError: when there is none.
        PassingError: when trying again may help.
        RemoteError: when it will not.
    """
    match address.kind:
        case "http":
            body = _from_web(address, start, stop, tag)
        case "folder":
            from deedbook.fetching.folders import from_folder

            body = from_folder(address, start)
        case "s3":
            from deedbook.fetching.buckets import from_bucket

            body = from_bucket(address, start, stop)
    try:
        yield body
    finally:
        body.stream.close()


def read_document(address: Address, limit: int) -> bytes:
    """The whole content of a small file.

    Raises:
        MissingError: when there is none.
        RefusalError: when it has more bytes than `limit`.
        RemoteError: when it cannot be had.
    """

    def read() -> bytes:
        with opened(address) as body:
            content = body.stream.read(limit + 1)
            if len(content) <= limit and body.total not in {None, len(content)}:
                raise PassingError(f"{address.text}: the connection broke after {len(content):,} bytes")
            return content

    content = patiently(read)
    if len(content) > limit:
        raise RefusalError(f"{address.text} has more than the {limit:,} bytes that it may have", "tell the publisher")
    return content


def patiently(action: Callable[[], T], *, attempts: int = ATTEMPTS, pause: Callable[[float], None] = time.sleep) -> T:
    """What the action returns, after some tries if need be.

    Raises:
        RemoteError: when the last try failed too.
    """
    for attempt in range(attempts):
        try:
            return action()
        except PassingError as error:
            if attempt == attempts - 1 or error.wait > _LONGEST_WAIT:
                raise
            pause(error.wait or delay(attempt))
    raise AssertionError  # the last attempt returns or raises


def delay(attempt: int) -> float:
    """Seconds to wait after that many failures, with jitter so that not all come back at once."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * float(2**attempt)) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret


@cache
def _client(proxy: str) -> urllib3.PoolManager:
    import urllib3

    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
    if proxy:
        return urllib3.ProxyManager(proxy, maxsize=_CONNECTIONS, headers=headers, timeout=timeout, retries=False)
    return urllib3.PoolManager(maxsize=_CONNECTIONS, headers=headers, timeout=timeout, retries=False)


def _proxy_for(url: str) -> str:
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme, "")
    return "" if not proxy or proxy_bypass(parts.hostname or "") else proxy


def _from_web(address: Address, start: int, stop: int | None, tag: str) -> Body:
    wanted = {}
    if start or stop is not None:
        wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        if tag:
            wanted["If-Range"] = tag
    response = _followed(address, wanted)
    try:
        return _checked(address, response, start)
    except RemoteError:
        response.close()
        raise


def _followed(address: Address, wanted: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
    """The answer at the end of all redirects."""
    import urllib3

    url, home = address.text, _origin(address.text)
    for _ in range(_MOST_REDIRECTS + 1):
        headers = {**_client("").headers, **wanted}
        if address.authorization and _origin(url) == home:
            headers["Authorization"] = address.authorization
        try:
            response = _client(_proxy_for(url)).request(
                "GET", url, headers=headers, preload_content=False, decode_content=False, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise PassingError(f"{address.text}: no answer: {_reason(error)}") from None
        if response.status not in _REDIRECTS:
            return response
        response.close()
        url = _next_url(url, response.headers.get("Location", ""), address)
    raise RemoteError(f"{address.text}: is redirected again and again", "check the address")


def _next_url(url: str, target: str, address: Address) -> str:
    following = urljoin(url, target)
    parts = urlsplit(following)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise RemoteError(f"{address.text}: is redirected to what is no web address", "check the address")
    if urlsplit(url).scheme == "https" and parts.scheme == "http":
        raise RemoteError(f"{address.text}: is redirected from https to http", "tell the publisher")
    if parts.username is not None:
        raise RemoteError(f"{address.text}: is redirected to an address with a password in it", "tell the publisher")
    return following


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _checked(address: Address, response: urllib3.BaseHTTPResponse, start: int) -> Body:
    """The body of a good answer.

    Raises:
        RemoteError: when it is not one.
    """
    status, headers = response.status, response.headers
    if status in _PASSING:
        raise PassingError(f"{address.text}: the server says {status}", _retry_after(headers.get("Retry-After", "")))
    if status in _GONE:
        raise MissingError(f"{address.text}: there is nothing ({status})", "check the address")
    if status in {401, 403}:
        raise RemoteError(f"{address.text}: the server refuses it ({status})", "it may need a name and a password")
    if status not in {200, 206}:
        raise RemoteError(f"{address.text}: the server says {status}", "check the address, or try again later")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RemoteError(f"{address.text}: comes compressed though that was not asked for", "tell the publisher")
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if _is_page(kind) and not urlsplit(address.text).path.endswith(_PICTURED):
        raise RemoteError(
            f"{address.text}: a page ({kind}) comes in place of the file: a login or an error page?",
            "open the address in a browser, and try again",
        )
    tag = headers.get("ETag", "")
    tag = "" if tag.startswith("W/") else tag
    stream = _WebStream(response, address)
    if status == 200:
        length = headers.get("Content-Length", "")
        return Body(0, int(length) if length.isdecimal() else None, tag, stream, is_part=False)
    first, total = _content_range(headers.get("Content-Range", ""))
    if first != start:
        raise RemoteError(f"{address.text}: the server sends another range than was asked for", "tell the publisher")
    return Body(first, total, tag, stream)


def _is_page(kind: str) -> bool:
    """Whether a media type is none that a file of data or documents comes as."""
    return kind in {"text/html", "application/xhtml+xml", "text/xml", "application/xml"} or kind.startswith(
        ("image/", "video/", "audio/", "multipart/", "font/")
    )


def looks_like_page(content: bytes) -> bool:
    """Whether the first bytes of a file are those of a web page, whatever its type says."""
    return (
        content[:200]
        .lstrip(b"\xef\xbb\xbf \t\r\n")
        .lower()
        .startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
    )


def _content_range(text: str) -> tuple[int, int | None]:
    unit, _, rest = text.partition(" ")
    span, _, total = rest.partition("/")
    first = span.partition("-")[0]
    if unit != "bytes" or not first.isdecimal():
        return -1, None
    return int(first), int(total) if total.isdecimal() else None


def _retry_after(text: str) -> float:
    """Seconds that a server asks for: a number, or until a date; 0 when it does not."""
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    return max(0.0, moment.timestamp() - time.time())


def _reason(error: Exception) -> str:
    """Why a connection failed, without the object names of urllib3."""
    cause = getattr(error, "reason", None) or error
    return str(cause).rpartition(">: ")[2] or type(cause).__name__


class _WebStream:
    """The body of a response."""

    def __init__(self, response: urllib3.BaseHTTPResponse, address: Address) -> None:
        self._response = response
        self._address = address

    def read(self, size: int) -> bytes:
        import urllib3

        try:
            return self._response.read(size) or b""
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise PassingError(f"{self._address.text}: the connection broke: {_reason(error)}") from None

    def close(self) -> None:
        if getattr(self._response, "length_remaining", None) == 0:
            self._response.release_conn()
        else:
            self._response.close()
