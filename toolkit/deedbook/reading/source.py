"""The bytes of a table's files as UTF-8 streams: decompressed, decoded as declared, bounded, never guessed."""

from __future__ import annotations

import codecs
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from deedbook.descriptor import Resource

READ_SIZE = 1 << 20
MAX_UNPACKED = 16 << 30
"""Bytes that one compressed file may unpack to."""
MAX_RATIO = 500
"""How many times larger an unpacked stream may be than what was read of its file."""
_RATIO_GRACE = 32 << 20
"""Bytes that may be unpacked before the ratio counts: a short text that repeats packs very well."""
_PACKED = 1 << 10
"""Bytes of zstd that are unpacked at once; they become at most 32 MiB."""
BOM = codecs.BOM_UTF8
_UTF_8 = {"utf-8", "utf-8-sig"}


class SourceError(Exception):
    """A file cannot be read to its end. It becomes a finding, never a traceback.

    Args:
        rule: The finding's rule, a frictionless resource error type where there is one.
    """

    def __init__(self, rule: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.rule, self.message, self.hint = rule, message, hint


class ByteStream(Protocol):
    """What blocks are cut from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        ...


@dataclass(slots=True)
class _Bounded:
    """An unpacked stream that stops a bomb; what it gives before it fails does not depend on how it is read."""

    stream: ByteStream
    packed: io.FileIO
    limit: int
    path: str
    total: int = 0

    def read(self, _size: int, /) -> bytes:
        try:
            data = self.stream.read(READ_SIZE)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError, RuntimeError) as error:
            raise SourceError(
                "compression-error", f"{self.path} cannot be unpacked: {error}", "pack it again"
            ) from None
        self.total += len(data)
        too_dense = self.total > _RATIO_GRACE and self.total > MAX_RATIO * self.packed.tell()
        if self.total > self.limit or too_dense:
            size = f"{MAX_RATIO} times its size" if too_dense else f"{self.limit:,} bytes"
            raise SourceError(
                "compression-error",
                f"{self.path} unpacks to more than {size}",
                "unpack it yourself if you trust it"
                + ("" if too_dense else ", or validate with a higher --max-unpacked"),
            )
        return data


@dataclass(slots=True)
class _Frames:
    """The content of Zstandard frames one after the other, each of which has to end."""

    packed: IO[bytes]
    rest: bytes = b""
    frame: Any = None

    def read(self, _size: int, /) -> bytes:
        import zstandard

        while packed := self.rest or self.packed.read(_PACKED):
            frame = self.frame or zstandard.ZstdDecompressor().decompressobj()
            try:
                data = frame.decompress(packed)
            except zstandard.ZstdError as error:
                raise OSError(str(error)) from None
            self.rest = frame.unused_data
            self.frame = None if frame.eof else frame
            if data:
                return bytes(data)
        if self.frame:
            raise EOFError("it ends too early")
        return b""


@dataclass(slots=True)
class _Recoded:
    """A stream in a declared encoding, given out as UTF-8."""

    stream: ByteStream
    decoder: codecs.IncrementalDecoder
    encoding: str
    done: bool = False
    position: int = 0

    def read(self, _size: int, /) -> bytes:
        while not self.done:
            data = self.stream.read(READ_SIZE)
            self.done = not data
            try:
                text = self.decoder.decode(data, self.done)
            except UnicodeError as error:
                start = self.position + (error.start if isinstance(error, UnicodeDecodeError) else 0)
                message = f"not {self.encoding}: byte {start:,} cannot be decoded"
                raise SourceError("encoding-error", message, "declare the right `encoding`") from None
            self.position += len(data)
            if text:
                return text.encode("utf-8", "surrogatepass")
        return b""


@contextmanager
def open_bytes(resource: Resource, file: Path, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[ByteStream]:
    """The content of one file of a table as UTF-8 bytes, a byte-order mark of UTF-8 still in place.

    Raises:
        SourceError: when the file is missing, unreadable, packed wrongly, or its encoding is not known.
    """
    if file.is_fifo():
        raise SourceError("source-error", f"{file.name} is a pipe, and rows may be read twice", "save it as a file")
    try:
        handle = file.open("rb", buffering=0)
    except FileNotFoundError:
        raise SourceError(
            "scheme-error", f"the file {file.name} does not exist", "create it, or correct `path`"
        ) from None
    except OSError as error:
        raise SourceError("source-error", f"the file {file.name} cannot be read: {error.strerror}", "") from None
    with handle:
        if file.is_dir():
            raise SourceError("source-error", f"{file.name} is a folder", "name a file in `path`")
        stream = _unpacked(resource, file, handle, max_unpacked)
        yield _decoded(resource.encoding, stream)


def is_plain(resource: Resource) -> bool:
    """Whether a position in the stream of a file is one in the file: it is neither packed nor recoded."""
    try:
        return resource.compression in {"", "no"} and codecs.lookup(resource.encoding).name in _UTF_8
    except LookupError:
        return False


def _unpacked(resource: Resource, file: Path, handle: io.FileIO, limit: int) -> ByteStream:
    match resource.compression:
        case "" | "no":
            return handle
        case "gz" | "gzip":
            import gzip

            return _Bounded(io.BufferedReader(gzip.GzipFile(fileobj=handle)), handle, limit, file.name)
        case "zst" | "zstd":
            return _Bounded(_Frames(handle), handle, limit, file.name)
        case "zip":
            return _Bounded(_zip_member(resource, file, handle), handle, limit, file.name)
    raise SourceError(
        "compression-error", f"the compression {resource.compression!r} is not known", "use gz, zst or zip"
    )


def _zip_member(resource: Resource, file: Path, handle: io.FileIO) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(handle)
        members = [info for info in archive.infolist() if not info.is_dir()]
        wanted = resource.inner_path or (members[0].filename if len(members) == 1 else "")
        if not wanted:
            wanted = next((info.filename for info in members if info.filename.endswith(f".{resource.format}")), "")
        return archive.open(wanted)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError) as error:
        raise SourceError(
            "compression-error", f"{file.name} holds no readable table: {error}", "name the member in `innerpath`"
        ) from None


def _decoded(encoding: str, stream: ByteStream) -> ByteStream:
    try:
        codec = codecs.lookup(encoding)
        io.TextIOWrapper(io.BytesIO(), encoding)  # refuses a codec that makes no text
    except (LookupError, ValueError):
        raise SourceError("encoding-error", f"the encoding {encoding!r} is not known", "declare utf-8") from None
    if codec.name in _UTF_8:
        return stream
    return _Recoded(stream, codec.incrementaldecoder(), codec.name)
