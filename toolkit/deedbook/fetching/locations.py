"""A catalogue's address, and those of its files: plain joining of the root and a path, percent-encoded.

https://host/path/    a static site; a name and password in it are sent to that host only and never shown
/path, file:///path   a folder
s3://bucket/prefix/   a bucket; the environment has the rest (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL ...)
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from deedbook.errors import UsageError

Kind = Literal["http", "folder", "s3"]
_LONGEST_NAME = 200
_RESERVED = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{name}{digit}" for name in ("COM", "LPT") for digit in range(10))}
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where one file is.

    Attributes:
        text: URL or path, without secrets, as people are told it.
        root: Of a folder: what the file may not lie outside of.
        authorization: The header that the host of `text` gets; no other one ever does.
    """

    kind: Kind
    text: str
    root: str = ""
    authorization: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Location:
    """The root of a catalogue; `text` ends in `/` and has no secret."""

    kind: Kind
    text: str
    authorization: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """A name for files about it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @property
    def is_remote(self) -> bool:
        """Whether it can only be reached through a network."""
        return self.kind != "folder"

    def address(self, path: str) -> Address:
        """Where a file of the catalogue is; `path` is relative and plain (`is_plain`) in every part."""
        joined = self.text + (quote(path) if self.kind == "http" else path)
        return Address(self.kind, joined, self.text, self.authorization)


def read_location(text: str) -> Location:
    """The catalogue that a text names; naming its `catalog.json` or `index.html` will do.

    Raises:
        UsageError: when it is no such address.
    """
    for document in ("catalog.json", "index.html", "latest.json"):
        text = text.removesuffix(f"/{document}")
    scheme, mark, _ = text.partition("://")
    if not mark:
        return Location("folder", f"{Path(text).absolute().as_posix().rstrip('/')}/")
    match scheme.lower():
        case "http" | "https":
            return _web(text)
        case "file":
            return Location("folder", f"{unquote(urlsplit(text).path).rstrip('/')}/")
        case "s3":
            return Location("s3", f"{text.rstrip('/')}/")
    raise UsageError(
        f"{text}: {scheme} is no address of a catalogue", "name a folder, an http(s) URL, or s3://BUCKET/PREFIX"
    )


def _web(text: str) -> Location:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        host = port = ""
    if not host:
        raise UsageError(f"{text}: is no address", "write https://HOST/PATH/")
    authorization = ""
    if parts.username is not None:
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(secret.encode()).decode()}"
    place = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    plain = urlunsplit((parts.scheme.lower(), place, f"{parts.path.rstrip('/')}/", "", ""))
    return Location("http", plain, authorization)


def mirror_address(mirror: str, name: str) -> Address:
    """Where a mirror that a catalogue names has a file; it gets no credentials."""
    return Address("http", mirror + quote(name))


def is_plain(name: str) -> bool:
    """Whether a file may have this name: no path, nothing hidden, nothing that a system takes for something else."""
    return (
        0 < len(name) <= _LONGEST_NAME
        and not name.startswith((".", "-", "~"))
        and not name.endswith((".", " "))
        and not any(letter in '/\\:*?"<>|' or not letter.isprintable() for letter in name)
        and name.split(".")[0].upper() not in _RESERVED
    )
