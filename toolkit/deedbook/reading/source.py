"""The bytes of a table's files as UTF-8 streams: decompressed, decoded as declared, bounded, never guessed."""

import codecs
import csv
import gzip
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import filterfalse
from pathlib import Path
from typing import IO, Any, Protocol

from deedbook.descriptor import Resource
from deedbook.reading.objects import ObjectPath

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
_NO_FILES = {"punycode", "raw-unicode-escape", "unicode-escape"}
"""Codecs of Python for names and for source text, which no file is in; some take quadratic time."""
_UTF_8 = {"utf-8", "utf-8-sig"}
TEXT_FORMATS = frozenset({"csv", "tsv", "txt", "tab"})
JSON_FORMATS = frozenset({"json", "jsonl", "ndjson"})


class SourceError(Exception):
    """A file cannot be read to its end. It becomes a finding, never a traceback.

    Args:
        rule: The finding's rule, a frictionless resource error type where there is one.
    """

    def __init__(self, rule: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.rule, self.message, self.hint = rule, message, hint

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may have met it."""
        return SourceError, (self.rule, self.message, self.hint)


class UnclosedError(SourceError):
    """The last record of a table does not end: a quote is never closed, or it is longer than the longest that is read."""

    def __init__(self, *, is_long: bool) -> None:
        super().__init__("unclosed-quote", "a quote is never closed", "validate the table first")
        self.is_long = is_long

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process may have met it."""
        return partial(UnclosedError, is_long=self.is_long), ()


def no_file(file: Path) -> SourceError:
    """That there is no such file."""
    return SourceError("scheme-error", f"the file {file.name} does not exist", "create it, or correct `path`")


class ByteStream(Protocol):
    """What blocks are cut from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""
        ...


@dataclass(slots=True)
class Pieces:
    """A stream of bytes that come in pieces, however many are asked for."""

    pieces: Iterator[bytes]

    def read(self, _size: int, /) -> bytes:
        """The next piece; empty at the end."""
        return next(self.pieces, b"")


def _bounded(unpacked: Iterator[bytes], packed: io.RawIOBase, limit: int, path: str) -> Iterator[bytes]:
    """What a stream unpacks to, which stops a bomb."""
    total, hint = 0, "unpack it yourself if you trust it"
    try:
        for data in unpacked:
            total += len(data)
            if total > _RATIO_GRACE and total > MAX_RATIO * packed.tell():
                message = f"{path} unpacks to more than {MAX_RATIO} times its size"
                raise SourceError("compression-error", message, hint)
            if total > limit:
                message = f"{path} unpacks to more than {limit:,} bytes"
                raise SourceError("compression-error", message, f"{hint}, or validate with a higher --max-unpacked")
            yield data
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError, RuntimeError) as error:
        message = f"{path} cannot be unpacked: {error}"
        raise SourceError("compression-error", message, "pack it again") from None


def _zstd_frames(packed: ByteStream) -> Iterator[bytes]:
    """The content of Zstandard frames one after the other, each of which has to end."""
    try:
        import zstandard
    except ModuleNotFoundError:
        raise SourceError(
            "compression-error", "unpacking zst needs the package zstandard", "pip install 'deedbook[zstd]'"
        ) from None

    frame, rest = None, b""
    while data := rest or packed.read(_PACKED):
        frame = frame or zstandard.ZstdDecompressor().decompressobj()
        try:
            unpacked = frame.decompress(data)
        except zstandard.ZstdError as error:
            raise OSError(str(error)) from None
        rest = frame.unused_data
        frame = None if frame.eof else frame
        if unpacked:
            yield unpacked
    if frame:
        raise EOFError("it ends too early")


def _recoded(stream: ByteStream, codec: codecs.CodecInfo) -> Iterator[bytes]:
    """A stream in a declared encoding, given out as UTF-8."""
    decoder, position, data = codec.incrementaldecoder(), 0, b"more"
    while data:
        data = stream.read(READ_SIZE)
        try:
            text = decoder.decode(data, not data)
        except UnicodeError as error:
            start = position + (error.start if isinstance(error, UnicodeDecodeError) else 0)
            message = f"not {codec.name}: byte {start:,} cannot be decoded"
            raise SourceError("encoding-error", message, "declare the right `encoding`") from None
        position += len(data)
        if text:
            yield text.encode("utf-8", "surrogatepass")


class _AsOpened(io.FileIO):
    """A file up to where it ended when it was opened: what somebody writes behind that meanwhile is not read."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, "rb")
        self.state = os.fstat(self.fileno())

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes, or all that are left."""
        if self.state.st_size:  # a device has none
            left = max(self.state.st_size - self.tell(), 0)
            size = left if size is None or size < 0 else min(size, left)
        return super().read(size) or b""

    def refuse_changed(self) -> None:
        """Raises SourceError for a file that is another than when it was opened."""
        refuse_changed(self.state, os.fstat(self.fileno()))


def refuse_changed(then: os.stat_result, now: os.stat_result) -> None:
    """Raises SourceError for a file that was in one state when it was opened and is in another now."""
    more = now.st_size - then.st_size
    if more or now.st_mtime_ns != then.st_mtime_ns:
        what = f"grew by {more:,} bytes" if more > 0 else f"lost {-more:,} bytes" if more else "was written to"
        message = f"the file {what} while it was read, so that what is said of its last row may be wrong"
        raise SourceError("source-error", message, "validate it again when it is written to its end")


@contextmanager
def open_bytes(resource: Resource, file: Path, *, max_unpacked: int = MAX_UNPACKED) -> Iterator[ByteStream]:
    """The content of one file of a table as UTF-8 bytes, a byte-order mark of UTF-8 still in place.

    Raises:
        SourceError: when the file is missing, unreadable, packed wrongly, or its encoding is not known; and in the end when it
            was written to meanwhile.
    """
    if file.is_fifo():
        raise SourceError("source-error", f"{file.name} is a pipe, and rows may be read twice", "save it as a file")
    try:
        handle = file.open() if isinstance(file, ObjectPath) else _AsOpened(file)
    except FileNotFoundError:
        raise no_file(file) from None
    except OSError as error:
        raise SourceError("source-error", f"the file {file.name} cannot be read: {error.strerror}", "") from None
    with handle:
        if file.is_dir():
            raise SourceError("source-error", f"{file.name} is a folder", "name a file in `path`")
        refuse_disguised(resource, file, handle.read(HEAD))
        handle.seek(0)
        try:
            codec = codecs.lookup(resource.encoding)
            io.TextIOWrapper(io.BytesIO(), resource.encoding)  # refuses a codec that makes no text
            if codec.name in _NO_FILES:
                raise LookupError(codec.name)
        except (LookupError, ValueError):
            message = f"the encoding {resource.encoding!r} is not known"
            raise SourceError("encoding-error", message, "declare utf-8") from None
        stream = _unpacked(resource, file, handle, max_unpacked)
        yield stream if codec.name in _UTF_8 else Pieces(_recoded(stream, codec))
        handle.refuse_changed()


_DISGUISES = tuple(csv.DictReader(Path(__file__).with_name("disguises.csv").read_text("utf-8").splitlines()))
"""The first bytes of files that are no text, as a pattern of Latin-1: rule, what such a file is, what to do."""
_WIDE = (
    (rb"\xff\xfe\0\0", "UTF-32"),
    (rb"\xff\xfe|\xfe\xff|(?:.\0){2,}.?\Z|(?:\0.){2,}.?\Z", "UTF-16"),
)
"""How text of several bytes a letter begins: with a mark, or every other byte is zero."""


HEAD = 64
"""Bytes that tell what a file is."""


def refuse_disguised(resource: Resource, file: Path, head: bytes) -> None:
    """Raises SourceError for a file whose first bytes say that it is no text as declared: what follows would be noise."""
    if resource.compression not in {"", "no"} or resource.format not in TEXT_FORMATS | JSON_FORMATS:
        return
    for known in _DISGUISES:
        if re.match(known["begins"], head.decode("latin-1"), re.DOTALL):
            message = f"{file.name} is {known['what']}, not {resource.format.upper()} text"
            raise SourceError(known["rule"], message, known["hint"])
    wide = next((name for begins, name in _WIDE if re.match(begins, head, re.DOTALL)), "")
    if wide and not resource.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")):
        message = f"{file.name} is {wide} text (`Unicode text` in a spreadsheet's menu), not {resource.encoding}"
        hint = f'save it as "CSV UTF-8", or declare `"encoding": "{wide.lower()}"`'
        raise SourceError("encoding-error", message, hint)


def codec_of(resource: Resource) -> str:
    """The name of the codec of the declared encoding; empty where it is not known."""
    try:
        return codecs.lookup(resource.encoding).name
    except LookupError:
        return ""


def is_plain(resource: Resource) -> bool:
    """Whether a position in the stream of a file is one in the file: it is neither packed nor recoded."""
    return resource.compression in {"", "no"} and codec_of(resource) in _UTF_8


def _unpacked(resource: Resource, file: Path, handle: io.RawIOBase, limit: int) -> ByteStream:
    match resource.compression:
        case "" | "no":
            return handle
        case "gz" | "gzip":
            pieces = iter(partial(gzip.GzipFile(fileobj=handle).read, READ_SIZE), b"")
        case "zst" | "zstd":
            pieces = _zstd_frames(handle)
        case "zip":
            pieces = iter(partial(_zip_member(resource, file, handle).read, READ_SIZE), b"")
        case _:
            message = f"the compression {resource.compression!r} is not known"
            raise SourceError("compression-error", message, "use gz, zst or zip")
    return Pieces(_bounded(pieces, handle, limit, file.name))


_HIDDEN = re.compile(r"__MACOSX/|(.*/)?(\.[^/]*)?$", re.DOTALL)
"""Members of an archive that are folders, or that systems put there beside what people do."""


def _zip_member(resource: Resource, file: Path, handle: io.RawIOBase) -> IO[bytes]:
    """The one table in an archive; which of several is asked for, never guessed."""
    hint = "name the member in `innerpath`"
    try:
        archive = zipfile.ZipFile(handle)
        own = list(filterfalse(_HIDDEN.match, archive.namelist()))
        suffix = re.compile(rf".*\.{re.escape(resource.format)}", re.IGNORECASE | re.DOTALL)
        fitting = list(filter(suffix.fullmatch, own)) if len(own) > 1 else own
        chosen = [resource.inner_path] if resource.inner_path else fitting
        if len(chosen) == 1:
            return archive.open(chosen[0])
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, OSError) as error:
        raise SourceError("compression-error", f"{file.name} holds no readable table: {error}", hint) from None
    listed = ", ".join(f"`{name}`" for name in (fitting or own)[:5]) or "nothing"
    message = f"{file.name} holds {'several tables' if fitting else 'no one table'}: {listed}"
    raise SourceError("compression-error", message, hint)
