"""Tables on other machines: downloaded to a temporary folder, only when the network was allowed."""

from __future__ import annotations

import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from deedbook.descriptor import Package, Resource
from deedbook.errors import RemoteError
from deedbook.reading.source import READ_SIZE

TIMEOUT = 30
"""Seconds without an answer after which a download fails."""


@contextmanager
def fetched(package: Package, *, limit: int) -> Iterator[Package]:
    """The package with its remote files downloaded; they are removed at the end.

    Args:
        package: As its descriptor says.
        limit: Bytes that one file may have.

    Raises:
        RemoteError: when a file cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="deedbook-") as name:
        resources = tuple(
            _with_files(item, Path(name) / str(number), limit) for number, item in enumerate(package.resources)
        )
        yield replace(package, resources=resources)


def _with_files(resource: Resource, folder: Path, limit: int) -> Resource:
    urls = [path for path in resource.paths if path.lower().startswith(("http://", "https://"))]
    if not urls or len(urls) < len(resource.paths):
        return resource
    return replace(resource, files=tuple(_download(url, folder / str(at), limit) for at, url in enumerate(urls)))


def _download(url: str, folder: Path, limit: int) -> Path:
    folder.mkdir(parents=True)
    file = folder / (PurePosixPath(unquote(urlsplit(url).path)).name or "table")
    size = 0
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, file.open("wb") as target:  # noqa: S310  # http(s), see above
            while data := answer.read(READ_SIZE):
                size += len(data)
                if size > limit:
                    raise RemoteError(f"{url} has more than {limit:,} bytes", "download it yourself if you trust it")
                target.write(data)
    except (OSError, ValueError) as error:
        raise RemoteError(f"{url} cannot be downloaded: {error}", "check the address, or try again later") from None
    return file
