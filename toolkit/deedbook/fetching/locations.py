"""Where things are, and how they come: a catalogue and its files, or a range of one; the folders of a user.

https://host/path/    a static site; a name and password in it are sent to that host only and never shown
host:port/path        the same, as a browser shows it; http on this machine and for a bare number, https elsewhere
/path, file:///path   a folder
s3://bucket/prefix/   a bucket; the environment has the rest (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL ...)

The address of a page of a catalogue, or of a release in it, leads to the catalogue. The address of a file is plain joining of the
root and a path, percent-encoded.

A file comes from the web by the one HTTP client (`deedbook.http`). An answer that is a web page in place of data is refused by its type
and by its first bytes: such is what a login page or a captive portal sends. In a folder, a link that leaves the catalogue is refused. A
bucket's endpoint, region and credentials come from the environment (AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID ...); without
credentials the requests are anonymous, as for a public bucket.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from deedbook import http
from deedbook.errors import ProjectError, RefusalError, RemoteError, UsageError, of_extra
from deedbook.home import Home
from deedbook.http import MissingError, PassingError
from deedbook.reading.objects import open_bucket
from deedbook.versioning.numbers import SEMVER

Kind = Literal["http", "folder", "s3"]
CATALOGUE_VARIABLE = "DEEDBOOK_CATALOGUE"
CONFIG_FILE = "config.toml"
LATEST = "latest"
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}(/.*)?")
_WITHOUT_CERTIFICATE = re.compile(r"(localhost|[\d.]+|\[.+\]):.*")
"""This machine, or a bare number."""
_DOCUMENT = re.compile(r"/(catalog\.json|latest\.json|index\.html)$")
_RELEASE = re.compile(rf"(?P<root>.*)/(?P<name>[^/]+)/(?P<version>{LATEST}|{SEMVER.pattern})(/[^/]*\.[^/]*)?", re.ASCII)
"""The folder of a release, or a page of it such as CODEBOOK.html."""
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(/.*)?")
DOCUMENT_SECONDS = http.PATIENCE
"""That a document may take, and a second more for each 64 KiB that came (`http.Answer`)."""
_REFUSALS: Mapping[int, tuple[type[RemoteError], str, str]] = {
    **dict.fromkeys((404, 410), (MissingError, "there is nothing ({})", "check the address")),
    **dict.fromkeys((401, 403), (RemoteError, "the server refuses it ({})", "it may need a name and a password")),
}
_OTHER = (RemoteError, "the server says {}", "check the address, or try again later")
_PICTURED = (".html", ".xml", ".svg", ".png", ".jpg", ".gif")
"""Ends of names whose files may come as a page or a picture."""
_PAGES = frozenset({"text/html", "application/xhtml+xml", "text/xml", "application/xml"})
_PICTURES = ("image/", "video/", "audio/", "multipart/", "font/")
_PIECE = 1 << 20


def choose_catalogue(named: str | None, home: Home, environment: Mapping[str, str] = os.environ) -> str:
    """The catalogue to ask: the named one, else that of the environment, else that of the user's configuration.

    Raises:
        UsageError: when there is none.
        ProjectError: when the configuration cannot be read.
    """
    if chosen := named or environment.get(CATALOGUE_VARIABLE, ""):
        return chosen
    file = home.config / CONFIG_FILE
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("catalogue", "")
    except FileNotFoundError:
        found = ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProjectError(f"{file}: cannot be read: {error}", "correct the file") from None
    if not isinstance(found, str):
        raise ProjectError(f"{file}: `catalogue` is an address in quotes")
    if not found:
        hint = f'add --from URL_OR_FOLDER, set {CATALOGUE_VARIABLE}, or write catalogue = "URL" into {file}'
        raise UsageError("no catalogue is named", hint)
    return found


@dataclass(frozen=True, slots=True)
class Address:
    """Where a catalogue is, or, with a path, one of its files.

    Attributes:
        root: Of the catalogue: a URL or a folder that ends in `/` and has no secret; no file may lie outside of it.
        path: Relative; its parts are names that files may have (`deedbook.names`).
        authorization: The header that the host of `root` gets; no other one ever does.
    """

    kind: Kind
    root: str
    path: str = ""
    authorization: str = field(default="", repr=False)

    @classmethod
    def of_web(cls, text: str) -> Address:
        """That of an http(s) URL, name and password apart from it.

        Raises:
            UsageError: when it names no host.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host:
            raise UsageError(f"{text}: is no address", "write https://HOST/PATH/")
        secret = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        where = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        root = urlunsplit((parts.scheme.lower(), where, f"{_parts(parts.path)[0]}/", "", ""))
        known = parts.username is not None
        return cls("http", root, authorization=f"Basic {base64.b64encode(secret).decode()}" if known else "")

    @property
    def text(self) -> str:
        """As people are told it, and as it is asked for."""
        return self.root + (quote(self.path) if self.kind == "http" else self.path)

    @property
    def id(self) -> str:
        """A name for files about it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @property
    def is_remote(self) -> bool:
        """Whether it can only be reached through a network."""
        return self.kind != "folder"

    def above(self) -> Address | None:
        """The root one level up; None at that of a host, a disk or a bucket."""
        start, _, last = self.root.rstrip("/").rpartition("/")
        return replace(self, root=f"{start}/") if last and not start.endswith("/") and start else None

    def file(self, path: str) -> Address:
        """Where a file of the catalogue is."""
        return replace(self, path=path)


def read_location(text: str) -> Address:
    """The catalogue that a text names, also by one of its documents or pages, or by those of one of its releases.

    Raises:
        UsageError: when it is no such address.
    """
    scheme, mark, _ = text.partition("://")
    if not mark and not Path(text).exists():
        if _HOST_AND_PORT.fullmatch(text):
            text = f"{'http' if _WITHOUT_CERTIFICATE.fullmatch(text) else 'https'}://{text}"
            scheme, mark, _ = text.partition("://")
        elif _HOST.fullmatch(text):
            raise UsageError(f"{text}: there is no such folder", f"for a web address, write https://{text}")
    if not mark:
        return Address("folder", f"{_parts(Path(text).absolute().as_posix())[0]}/")
    match scheme.lower():
        case "http" | "https":
            return Address.of_web(text)
        case "file":
            return Address("folder", f"{_parts(unquote(urlsplit(text).path))[0]}/")
        case "s3":
            return Address("s3", f"{_parts(text)[0]}/")
    hint = "name a folder, an http(s) URL, or s3://BUCKET/PREFIX"
    raise UsageError(f"{text}: {scheme} is no address of a catalogue", hint)


def release_in(text: str) -> str | None:
    """The release whose folder or page an address is, as NAME@VERSION; None for any other text."""
    return _parts(urlsplit(text).path)[1] if "://" in text else None


def _parts(path: str) -> tuple[str, str | None]:
    """The catalogue's own path, and NAME@VERSION when a folder or page of a release of it is named."""
    path = _DOCUMENT.sub("", path.rstrip("/"))
    found = _RELEASE.fullmatch(path)
    return (found["root"], f"{unquote(found['name'])}@{found['version']}") if found else (path, None)


@dataclass(frozen=True, slots=True)
class Body:
    """What came of a file, as far as asked for.

    Attributes:
        total: Bytes of the whole file; None when the server does not say.
        is_part: Whether it comes from someone who can send parts; else everything comes, whatever was asked for.
    """

    total: int | None
    stream: IO[bytes] | http.Stream
    is_part: bool = True

    @classmethod
    def of(cls, answer: http.Answer, address: Address, start: int) -> Body:
        """That of a good answer, which is neither a refusal nor the page of somebody on the way.

        Raises:
            RemoteError: when it is not one.
        """
        status, where = answer.status, address.text
        if status not in {200, 206}:
            error, what, hint = _REFUSALS.get(status, _OTHER)
            raise error(f"{where}: {what.format(status)}", hint)
        is_page = answer.kind in _PAGES or answer.kind.startswith(_PICTURES)
        if is_page and not urlsplit(where).path.endswith(_PICTURED):
            what = f"{where}: a page ({answer.kind}) comes in place of the file: a login or an error page?"
            raise RemoteError(what, "open the address in a browser, and try again")
        total = answer.headers.get("content-length", "") if answer.encoding == "identity" else ""
        if status == 206:
            span, _, total = answer.headers.get("content-range", "").partition("/")
            if span.partition("-")[0] != f"bytes {start}":
                raise RemoteError(f"{where}: the server sends another range than was asked for", "tell the publisher")
        return cls(int(total) if total.isdecimal() else None, answer.stream, status == 206)


def opened(
    address: Address, *, start: int = 0, stop: int | None = None, deadline: float | None = None
) -> AbstractContextManager[Body]:
    """The file from byte `start` to before `stop`, or all of it where the server does not know ranges.

    Args:
        address: Where the file is.
        start: The first byte.
        stop: The byte after the last; None for the end of the file.
        deadline: Seconds that the body may take (`http.Answer`); None for no end but a lowest rate.

    Raises:
        MissingError: when there is none.
        PassingError: when trying again may help.
        RemoteError: when it will not.
    """
    match address.kind:
        case "http":
            return _from_web(address, start, stop, deadline)
        case "folder":
            return _from_folder(address, start)
        case "s3":
            return nullcontext(_from_bucket(address, start, stop))


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

    content = http.retried(read)
    if len(content) > limit:
        raise RefusalError(f"{address.text} has more than the {limit:,} bytes that it may have", "tell the publisher")
    return content


@contextmanager
def _from_web(address: Address, start: int, stop: int | None, deadline: float | None) -> Iterator[Body]:
    wanted = {}
    if start or stop is not None:
        wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
    for headers in (wanted, {}):
        with http.get(address.text, headers=headers, authorization=address.authorization, deadline=deadline) as answer:
            if headers and answer.status == 206 and answer.encoding != "identity":
                continue  # a range of the packed file, which cannot be unpacked
            yield Body.of(answer, address, start if headers else 0)
            return


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
        yield Body(path.stat().st_size, file)


def _from_bucket(address: Address, start: int, stop: int | None) -> Body:
    with of_extra("s3"):
        import obstore

    options: obstore.GetOptions = {}
    if start or stop is not None:
        options["range"] = (start, stop) if stop is not None else {"offset": start}

    def pieces() -> Iterator[bytes]:
        try:
            yield from map(bytes, answer.stream(min_chunk_size=_PIECE))
        except (obstore.exceptions.BaseError, OSError) as error:
            raise PassingError(f"{address.text}: {type(error).__name__}: the connection broke") from None

    try:
        answer = obstore.get(open_bucket(address.root), address.path, options=options)
        return Body(answer.meta["size"], http.Stream(pieces()))
    except (FileNotFoundError, obstore.exceptions.NotFoundError):
        raise MissingError(f"{address.text}: there is no such object", "check the address") from None
    except (PermissionError, obstore.exceptions.PermissionDeniedError, obstore.exceptions.UnauthenticatedError):
        raise RemoteError(f"{address.text}: the bucket refuses it", "check AWS_ACCESS_KEY_ID and its rights") from None
    except (obstore.exceptions.BaseError, OSError) as error:
        raise PassingError(f"{address.text}: {type(error).__name__}: the bucket cannot be read") from None
