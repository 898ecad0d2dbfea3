"""Tables on other machines: downloaded to a temporary folder, only when the network was allowed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from deedbook import http
from deedbook.descriptor import Package, Resource
from deedbook.errors import RemoteError


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

    def copy() -> None:
        size = 0
        with http.get(url) as answer, file.open("wb") as target:
            if answer.status != 200:
                raise RemoteError(f"{url} cannot be downloaded: the server says {answer.status}", "check the address")
            for piece in answer.pieces():
                size += len(piece)
                if size > limit:
                    raise RemoteError(f"{url} has more than {limit:,} bytes", "download it yourself if you trust it")
                target.write(piece)

    http.retried(copy)
    return file
