"""Where things are: a catalogue and its files, and the folders of a user.

https://host/path/    a static site; a name and password in it are sent to that host only and never shown
host:port/path        the same, as a browser shows it; http on this machine and for a bare number, https elsewhere
/path, file:///path   a folder
s3://bucket/prefix/   a bucket; the environment has the rest (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL ...)

The address of a page of a catalogue, or of a release in it, leads to the catalogue. The address of a file is plain joining of the
root and a path, percent-encoded.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import platformdirs

from deedbook.errors import ProjectError, UsageError
from deedbook.versioning.numbers import SEMVER

Kind = Literal["http", "folder", "s3"]
HOME_VARIABLE = "DEEDBOOK_HOME"
CATALOGUE_VARIABLE = "DEEDBOOK_CATALOGUE"
CONFIG_FILE = "config.toml"
LATEST = "latest"
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}(/.*)?")
_WITHOUT_CERTIFICATE = re.compile(r"(localhost|[\d.]+|\[.+\]):.*")
"""This machine, or a bare number."""
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(/.*)?")


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one user; none needs to exist."""

    config: Path
    cache: Path
    state: Path


def find_home(environment: Mapping[str, str] = os.environ) -> Home:
    """The folders that `DEEDBOOK_HOME` names, else those that the system has for such things."""
    if named := environment.get(HOME_VARIABLE, ""):
        root = Path(named)
        return Home(root, root / "cache", root / "state")
    return Home(
        platformdirs.user_config_path("deedbook"),
        platformdirs.user_cache_path("deedbook"),
        platformdirs.user_state_path("deedbook"),
    )


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
        raise UsageError(
            "no catalogue is named",
            f'add --from URL_OR_FOLDER, set {CATALOGUE_VARIABLE}, or write catalogue = "URL" into {file}',
        )
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
        return Address("folder", f"{_root(Path(text).absolute().as_posix())}/")
    match scheme.lower():
        case "http" | "https":
            return _web(text)
        case "file":
            return Address("folder", f"{_root(unquote(urlsplit(text).path))}/")
        case "s3":
            return Address("s3", f"{_root(text)}/")
    raise UsageError(
        f"{text}: {scheme} is no address of a catalogue", "name a folder, an http(s) URL, or s3://BUCKET/PREFIX"
    )


def release_in(text: str) -> str | None:
    """The release whose folder or page an address is, as NAME@VERSION; None for any other text."""
    parts = text.rstrip("/").removesuffix("/index.html").split("/")
    if "://" in text and len(parts) > 4 and (parts[-1] == LATEST or SEMVER.fullmatch(parts[-1])):
        return f"{unquote(parts[-2])}@{parts[-1]}"
    return None


def _root(path: str) -> str:
    """The catalogue's own path, when one of its documents or of its releases' pages is named."""
    parts = path.rstrip("/").split("/")
    if parts[-1] in {"catalog.json", "latest.json", "index.html"}:
        parts.pop()
    if len(parts) > 2 and SEMVER.fullmatch(parts[-2]) and "." in parts[-1]:
        parts.pop()  # NAME/VERSION/CODEBOOK.html
    if len(parts) > 2 and (parts[-1] == LATEST or SEMVER.fullmatch(parts[-1])):
        del parts[-2:]
    return "/".join(parts)


def _web(text: str) -> Address:
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
    where = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    root = urlunsplit((parts.scheme.lower(), where, f"{_root(parts.path)}/", "", ""))
    return Address("http", root, authorization=authorization)
