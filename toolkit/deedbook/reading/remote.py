"""Tables on other machines: downloaded from web servers, read where they are in buckets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from deedbook import http
from deedbook.descriptor import Package
from deedbook.errors import RemoteError
from deedbook.reading.objects import SCHEME, ObjectPath
from deedbook.reading.source import JSON_FORMATS, TEXT_FORMATS


@contextmanager
def fetched(package: Package, *, limit: int, is_shared: bool = False) -> Iterator[Package]:
    """The package with its remote files downloaded; they are removed at the end. Text in buckets is read where it is.

    Args:
        package: As its descriptor says.
        limit: Bytes that one file may have.
        is_shared: Whether other machines read it too, which see no downloads: these are left out.

    Raises:
        RemoteError: when a file cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="deedbook-") as name:
        resources = []
        for number, item in enumerate(package.resources):
            files = item.files
            if item.format in TEXT_FORMATS | JSON_FORMATS and _all_begin(item.paths, SCHEME):
                files = tuple(map(ObjectPath.of, item.paths))
            elif not is_shared and _all_begin(item.paths, "http://", "https://"):
                places = [Path(name, str(number), str(at)) for at in range(len(item.paths))]
                files = tuple(map(partial(_download, limit), item.paths, places))
            resources.append(replace(item, files=files))
        yield replace(package, resources=tuple(resources))


def _all_begin(paths: Iterable[str], *schemes: str) -> bool:
    """Whether there are paths, and all are addresses of these kinds."""
    return bool(paths) and all(path.lower().startswith(schemes) for path in paths)


def _download(limit: int, url: str, folder: Path) -> Path:
    folder.mkdir(parents=True)
    file = folder / (PurePosixPath(unquote(urlsplit(url).path)).name or "table")

    def copy() -> None:
        size = 0
        with http.get(url) as answer, file.open("wb") as target:
            if answer.status != 200:
                raise RemoteError(f"{url} cannot be downloaded: the server says {answer.status}", "check the address")
            for piece in answer.pieces:
                size += len(piece)
                if size > limit:
                    raise RemoteError(f"{url} has more than {limit:,} bytes", "download it yourself if you trust it")
                target.write(piece)

    http.retried(copy)
    return file
