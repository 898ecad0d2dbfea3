"""Objects of a bucket as files that are read by ranges: `s3://BUCKET/KEY`, of which nothing is kept on this machine."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import PosixPath
from typing import TYPE_CHECKING, Any

from deedbook.errors import ProjectError, RemoteError, of_extra

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store

SCHEME = "s3://"
_AHEAD = 8 << 20
"""Bytes that are asked for at least: a request costs as much as some hundred kilobytes."""
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_WEB_IDENTITY_TOKEN_FILE")


def open_bucket(root: str) -> S3Store:
    """The bucket of an address; what the environment says of credentials, region and endpoint holds."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    return _bucket(root.rstrip("/"), endpoint, any(os.environ.get(name) for name in _CREDENTIALS))


@cache
def _bucket(root: str, endpoint: str, is_signed: bool) -> S3Store:
    from obstore.store import S3Store

    from deedbook import http

    return S3Store.from_url(
        root,
        skip_signature=not is_signed,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "user_agent": http.user_agent(),
            "connect_timeout": f"{http.CONNECT_SECONDS:.0f}s",
            "timeout": "300s",  # of a whole request: for a run of parts at 55 KB/s
        },
    )


class ObjectPath(PosixPath):
    """The path of an object, which answers to what is asked of a file that is read: its size, its time, and `open`.

    All that reads tables takes paths, so this is one: a kind of its own would be a second branch at each of those places.
    """

    @classmethod
    def of(cls, url: str) -> ObjectPath:
        """The path that an address names.

        Raises:
            ProjectError: when no path is that address.
        """
        path = cls("/", url.removeprefix(SCHEME))
        if path.url != url or len(path.parts) < 3:  # the root, the bucket and a key
            raise ProjectError(f"{url} is no address of an object", "write it as s3://BUCKET/KEY")
        return path

    @property
    def url(self) -> str:
        """Its address."""
        return SCHEME + "/".join(self.parts[1:])

    def look(self) -> ObjectMeta:
        """What the bucket says of it.

        Raises:
            FileNotFoundError: when there is none.
            RemoteError: when the bucket does not answer, or refuses.
        """
        with asked(self.url):
            import obstore

            return obstore.head(open_bucket(SCHEME + self.parts[1]), "/".join(self.parts[2:]))

    def read_range(self, start: int, size: int, version: str | None) -> bytes:
        """So many bytes of it from a position, as long as its version is this one."""
        with asked(self.url):
            import obstore

            options: obstore.GetOptions = {"range": (start, start + size)}
            if version:
                options["if_match"] = version
            store = open_bucket(SCHEME + self.parts[1])
            return bytes(obstore.get(store, "/".join(self.parts[2:]), options=options).bytes())

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002  # there are none
        """Its size and the time of its last change."""
        found = self.look()
        time = found["last_modified"]
        nanoseconds = int(time.timestamp()) * 10**9 + time.microsecond * 1000
        plain = stat.S_IFREG | 0o444, 0, 0, 1, 0, 0, found["size"], *[int(time.timestamp())] * 3
        return os.stat_result(plain, {"st_mtime_ns": nanoseconds})

    def is_file(self, **_options: Any) -> bool:
        """Whether there is such an object."""
        try:
            self.look()
        except FileNotFoundError:
            return False
        return True

    def is_dir(self, **_options: Any) -> bool:
        """False: a bucket has no folders."""
        return False

    def is_fifo(self) -> bool:
        """False."""
        return False

    def open(self, *_mode: Any, **_options: Any) -> Any:  # as any path has it
        """Its content as a stream that can be moved; for reading bytes, whatever else is asked for."""
        found = self.look()
        return ObjectFile(self, found["size"], found["e_tag"])


class ObjectFile(io.RawIOBase):
    """The content of an object, of which ranges are fetched as they are read.

    Attributes:
        size: Its bytes.
        version: Its entity tag when it was opened.
        at: The position of what is read next.
        held: What was fetched last, with its position.
    """

    def __init__(self, path: ObjectPath, size: int, version: str | None) -> None:
        self.path, self.size, self.version, self.at, self.held = path, size, version, 0, (0, b"")

    def refuse_changed(self) -> None:
        """Nothing: all that was read is of one version."""

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position."""
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Moves."""
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def readinto(self, buffer: Any, /) -> int:
        """Fills a buffer as far as it goes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes; empty at the end.

        Raises:
            RemoteError: when the bucket does not give them, or the object is another than when it was opened.
        """
        left = max(self.size - self.at, 0)
        size = left if size is None or size < 0 else min(size, left)
        start, data = self.held
        if not size:
            return b""
        if not start <= self.at < start + len(data):
            start, data = self.at, self.path.read_range(self.at, min(max(size, _AHEAD), left), self.version)
            self.held = start, data
        part = data[self.at - start : self.at - start + size]
        self.at += len(part)
        return part


@contextmanager
def asked(url: str) -> Iterator[None]:
    """Says in words what a bucket answers.

    Raises:
        FileNotFoundError: when there is no such object.
        RemoteError: when it does not answer, or refuses.
    """
    with of_extra("s3"):
        from obstore import exceptions
    try:
        yield
    except (FileNotFoundError, exceptions.NotFoundError):  # also one that is gone while it is read
        raise FileNotFoundError(errno.ENOENT, "there is no such object", url) from None
    except exceptions.PreconditionError:
        raise RemoteError(f"{url} changed while it was read", "validate it again") from None
    except (PermissionError, exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise RemoteError(f"{url}: the bucket refuses it", "check AWS_ACCESS_KEY_ID and its rights") from None
    except (exceptions.BaseError, OSError) as error:
        raise RemoteError(f"{url}: {type(error).__name__}: the bucket cannot be read", "try again") from None
