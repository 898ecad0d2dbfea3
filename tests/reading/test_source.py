"""Bytes come out of every packing and encoding, and what is broken or dangerous is a named problem."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from pathlib import Path

import pytest
import zstandard

from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.reading.blocks import Cutter
from deedbook.reading.source import SourceError, open_bytes

TEXT = b"id,name\n1,Laos\n2,\xd0\x9b\xd0\xb0\xd0\xbe\xd1\x81\n"


def _read(path: Path, *, size: int = 1 << 16, **resource: str) -> bytes:
    found = Resource(name="data", paths=(path.name,), files=(path,), **resource)  # type: ignore[arg-type]
    with open_bytes(found, path) as stream:
        parts = iter(lambda: stream.read(size), b"")
        return b"".join(parts)


def _zip(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


@pytest.mark.parametrize(
    ("compression", "content"),
    [
        ("", TEXT),
        ("gz", gzip.compress(TEXT, mtime=0)),
        ("gz", gzip.compress(TEXT[:9], mtime=0) + gzip.compress(TEXT[9:], mtime=0)),
        ("zst", _zstd(TEXT)),
        ("zst", _zstd(TEXT[:9]) + _zstd(TEXT[9:])),
        ("zip", _zip(data_csv=TEXT)),
        ("zip", _zip(README_md=b"see data.csv", data_csv=TEXT)),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_a_packed_file_reads_like_the_plain_one(tmp_path: Path, compression: str, content: bytes, size: int) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    assert _read(path, size=size, compression=compression) == TEXT


def test_what_unpacks_zst_is_an_extra_and_its_absence_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(_zstd(TEXT))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(SourceError, match="needs the package zstandard") as raised:
        _read(path, compression="zst")
    assert raised.value.hint == "pip install 'deedbook[zstd]'"


def test_the_member_of_a_zip_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(_zip(a_csv=b"no", b_csv=TEXT))
    assert _read(path, compression="zip", inner_path="b.csv") == TEXT


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "UTF-8", "utf-8-sig", "ascii", "utf-7"]
)
def test_a_declared_encoding_is_given_out_as_utf_8(tmp_path: Path, encoding: str) -> None:
    text = "id,name\n1,Laos\n" if encoding == "ascii" else "id,name\n1,Köln é\n"
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode(encoding))
    assert _read(path, size=1, encoding=encoding).removeprefix(b"\xef\xbb\xbf") == text.encode()


@pytest.mark.parametrize(
    ("compression", "content"),
    [
        ("gz", b"no gzip at all"),
        ("gz", gzip.compress(TEXT, mtime=0)[:-9]),
        ("gz", gzip.compress(TEXT, mtime=0)[:-8] + b"\0" * 8),
        ("zst", b"no zstd at all"),
        ("zst", _zstd(TEXT * 99)[:-5]),
        ("zst", _zstd(TEXT)[:-4] + b"\0" * 4),
        ("zip", b"no zip at all"),
        ("zip", _zip(data_csv=TEXT)[:-9]),
        ("zip", _zip(data_csv=TEXT).replace(TEXT[:9], b"changed!!")),
        ("zip", _zip()),
        ("zip", _zip(README_md=b"", LICENSE=b"")),
        ("rar", TEXT),
    ],
)
def test_a_broken_archive_is_a_compression_error(tmp_path: Path, compression: str, content: bytes) -> None:
    path = tmp_path / "data"
    path.write_bytes(content)
    with pytest.raises(SourceError) as raised:
        _read(path, compression=compression)
    assert raised.value.rule == "compression-error"
    assert raised.value.hint


@pytest.mark.parametrize(
    "encoding", ["klingon", "", "utf\0", "rot13", "base64", "hex", "zlib", "punycode", "unicode_escape"]
)
def test_a_name_that_is_no_text_encoding_is_an_encoding_error(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(TEXT)
    with pytest.raises(SourceError, match="encoding") as raised:
        _read(path, encoding=encoding)
    assert raised.value.rule == "encoding-error"


@pytest.mark.parametrize(
    ("encoding", "content"), [("cp1252", b"a\x81"), ("utf-16", b"a"), ("idna", b"\xff"), ("undefined", b"a")]
)
def test_bytes_that_the_encoding_does_not_have_are_located(tmp_path: Path, encoding: str, content: bytes) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="byte ") as raised:
        _read(path, encoding=encoding)
    assert raised.value.rule == "encoding-error"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name, rule in [("missing.csv", "scheme-error"), ("folder", "source-error")]:
        with pytest.raises(SourceError) as raised:
            _read(tmp_path / name)
        assert raised.value.rule == rule


def test_a_bomb_is_stopped_by_ratio_and_by_size(tmp_path: Path) -> None:
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress(bytes(80 << 20)))
    with pytest.raises(SourceError, match="unpacks to more"):
        _read(path, compression="gz")
    found = Resource(name="data", compression="gz")
    with (
        pytest.raises(SourceError, match="more than 1,000 bytes"),
        open_bytes(found, path, max_unpacked=1000) as stream,
    ):
        stream.read(1)


class _Failing:
    """A stream that gives some bytes and then fails."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, /) -> bytes:
        if not self._data:
            raise SourceError("compression-error", "cut off")
        data, self._data = self._data[:size], self._data[size:]
        return data


@pytest.mark.parametrize("size", [1, 5, 1 << 16])
def test_the_whole_lines_before_a_failure_are_read(size: int) -> None:
    cutter = Cutter(_Failing(b"1,a\n2,b\n3,"), Dialect(), size)
    read = b""
    while (block := cutter.next_block()) is not None:
        read += block.data
    assert read == b"1,a\n2,b\n"
    assert cutter.failure is not None
