"""One file, or a range of it, from an address of any kind: a web server, a folder, a bucket.

From the web by the one HTTP client (`deedbook.http`). An answer that is a web page in place of data is refused by its type and by
its first bytes: such is what a login page or a captive portal sends. In a folder, a link that leaves the catalogue is refused. A
bucket's endpoint, region and credentials come from the environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID ...); without
credentials the requests are anonymous, as for a public bucket.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from deedbook import http
from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.locations import Address
from deedbook.http import Answer, MissingError, PassingError, retried

if TYPE_CHECKING:
    from obstore.store import S3Store

DOCUMENT_SECONDS = http.PATIENCE
"""That a document may take, and a second more for each 64 KiB that came (`http.Answer`)."""
_GONE = frozenset({404, 410})
_PICTURED = (".html", ".xml", ".svg", ".png", ".jpg", ".gif")
"""Ends of names whose files may come as a page or a picture."""
_PAGES = frozenset({"text/html", "application/xhtml+xml", "text/xml", "application/xml"})
_PICTURES = ("image/", "video/", "audio/", "multipart/", "font/")
_PIECE = 1 << 20
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")


class Stream(Protocol):
    """Bytes that come."""

    def read(self, size: int, /) -> bytes:
        """The next `size` bytes; fewer only at the end.

        Raises:
            PassingError: when the connection breaks.
        """


@dataclass(frozen=True, slots=True)
class Body:
    """What came of a file, as far as asked for.

    Attributes:
        start: The first byte that comes.
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
def opened(
    address: Address, *, start: int = 0, stop: int | None = None, tag: str = "", deadline: float | None = None
) -> Iterator[Body]:
    """The file from byte `start` to before `stop`, or all of it where the server does not know ranges.

    Args:
        address: Where the file is.
        start: The first byte.
        stop: The byte after the last; None for the end of the file.
        tag: What the ETag was when other parts came: if it is no longer, the whole file comes.
        deadline: Seconds that the body may take (`http.Answer`); None for no end but a lowest rate.

    Raises:
        MissingError: when there is none.
        PassingError: when trying again may help.
        RemoteError: when it will not.
    """
    match address.kind:
        case "http":
            with _from_web(address, start, stop, tag, deadline) as body:
                yield body
        case "folder":
            with _from_folder(address, start) as body:
                yield body
        case "s3":
            yield _from_bucket(address, start, stop)


def read_document(address: Address, limit: int) -> bytes:
    """The whole content of a small file.

    Raises:
        MissingError: when there is none.
        RefusalError: when it has more bytes than `limit`.
        RemoteError: when it cannot be had, or takes too long.
    """

    def read() -> bytes:
        with opened(address, deadline=DOCUMENT_SECONDS) as body:
            return body.stream.read(limit + 1)

    content = retried(read)
    if len(content) > limit:
        raise RefusalError(f"{address.text} has more than the {limit:,} bytes that it may have", "tell the publisher")
    return content


@contextmanager
def _from_web(address: Address, start: int, stop: int | None, tag: str, deadline: float | None) -> Iterator[Body]:
    wanted = {}
    if start or stop is not None:
        wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        if tag:
            wanted["If-Range"] = tag
    with http.get(address.text, headers=wanted, authorization=address.authorization, deadline=deadline) as answer:
        if answer.status == 206 and answer.encoding != "identity":
            is_packed = True  # a range of the packed file, which cannot be unpacked
        else:
            is_packed = False
            yield _checked(address, answer, start)
    if is_packed:
        with http.get(address.text, authorization=address.authorization, deadline=deadline) as answer:
            yield _checked(address, answer, 0)


def _checked(address: Address, answer: Answer, start: int) -> Body:
    """The body of a good answer.

    Raises:
        RemoteError: when it is not one.
    """
    _demand_data(address, answer)
    tag = answer.headers.get("etag", "")
    tag = "" if tag.startswith("W/") else tag
    if answer.status == 200:
        length = answer.headers.get("content-length", "")
        is_size = length.isdecimal() and answer.encoding == "identity"
        return Body(0, int(length) if is_size else None, tag, answer, is_part=False)
    unit, _, rest = answer.headers.get("content-range", "").partition(" ")
    span, _, total = rest.partition("/")
    if unit != "bytes" or span.partition("-")[0] != str(start):
        raise RemoteError(f"{address.text}: the server sends another range than was asked for", "tell the publisher")
    return Body(start, int(total) if total.isdecimal() else None, tag, answer)


def _demand_data(address: Address, answer: Answer) -> None:
    """Refuses an answer that is none, or the page of somebody on the way."""
    if answer.status in _GONE:
        raise MissingError(f"{address.text}: there is nothing ({answer.status})", "check the address")
    if answer.status in {401, 403}:
        said = f"the server refuses it ({answer.status})"
        raise RemoteError(f"{address.text}: {said}", "it may need a name and a password")
    if answer.status not in {200, 206}:
        said = f"the server says {answer.status}"
        raise RemoteError(f"{address.text}: {said}", "check the address, or try again later")
    is_page = answer.kind in _PAGES or answer.kind.startswith(_PICTURES)
    if is_page and not urlsplit(address.text).path.endswith(_PICTURED):
        raise RemoteError(
            f"{address.text}: a page ({answer.kind}) comes in place of the file: a login or an error page?",
            "open the address in a browser, and try again",
        )


def looks_like_page(content: bytes) -> bool:
    """Whether the first bytes of a file are those of a web page, whatever its type says."""
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


@contextmanager
def _from_folder(address: Address, start: int) -> Iterator[Body]:
    path = Path(address.text)
    try:
        if not path.resolve().is_relative_to(Path(address.root).resolve()):
            raise RefusalError(f"{path}: is a link that leaves the catalogue", "do not use this catalogue")
        if not path.is_file():
            raise MissingError(f"{path}: there is no such file", "check the address")
        file: IO[bytes] = path.open("rb")
    except OSError as error:
        raise RemoteError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from None
    with file:
        file.seek(start)
        yield Body(start, path.stat().st_size, "", file)


def _from_bucket(address: Address, start: int, stop: int | None) -> Body:
    import obstore
    from obstore import exceptions

    path = address.text.removeprefix(address.root)
    options: obstore.GetOptions = {}
    if start or stop is not None:
        options["range"] = (start, stop) if stop is not None else {"offset": start}
    try:
        answer = obstore.get(_bucket(address.root), path, options=options)
        tag, total = answer.meta["e_tag"] or "", answer.meta["size"]
        return Body(
            answer.range[0], total, tag, _ObjectStream(iter(answer.stream(min_chunk_size=_PIECE)), address.text)
        )
    except (FileNotFoundError, exceptions.NotFoundError):
        raise MissingError(f"{address.text}: there is no such object", "check the address") from None
    except (PermissionError, exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise RemoteError(f"{address.text}: the bucket refuses it", "check AWS_ACCESS_KEY_ID and its rights") from None
    except (exceptions.BaseError, OSError) as error:
        raise PassingError(f"{address.text}: {type(error).__name__}: the bucket cannot be read") from None


@cache
def _bucket(root: str) -> S3Store:
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    return S3Store.from_url(
        root.rstrip("/"),
        skip_signature=not any(os.environ.get(name) for name in _CREDENTIALS),
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "user_agent": http.user_agent(),
            "connect_timeout": f"{http.CONNECT_SECONDS:.0f}s",
            "timeout": "300s",  # of a whole request: for a run of parts at 55 KB/s
        },
    )


class _ObjectStream:
    """An object's pieces of any size, as reads of the wanted one."""

    def __init__(self, pieces: Iterator[object], where: str) -> None:
        self._pieces = pieces
        self._where = where
        self._rest = bytearray()

    def read(self, size: int, /) -> bytes:
        from obstore import exceptions

        try:
            while len(self._rest) < size and (piece := next(self._pieces, None)) is not None:
                self._rest += memoryview(piece)  # type: ignore[arg-type]  # has the buffer protocol
        except (exceptions.BaseError, OSError) as error:
            raise PassingError(f"{self._where}: {type(error).__name__}: the connection broke") from None
        wanted = bytes(self._rest[:size])
        del self._rest[:size]
        return wanted
