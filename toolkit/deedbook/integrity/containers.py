"""What is opened before it is trusted: archives, workbooks and databases, each to an end that no hostile one can move.

An archive is unpacked into a temporary folder, one file at a time: plain names and plain files only, none twice, within limits of
number and of size that follow from its size on the disk, whatever its directory claims. A workbook is an archive that is read in
memory: the same limits, lower, and no cell outside the table that it should hold, since readers lay out every cell before the last
one. A database is opened read-only, without recursion and functions in its views, and stops after a number of steps that follows
from its size. A text file has limits of its own, since readers hold its longest line, or all that JSON and YAML say, several times.
"""

import datetime as dt
import hashlib
import itertools
import re
import shutil
import sqlite3
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from deedbook import files
from deedbook.errors import UsageError
from deedbook.names import alike, file_problem

MOST_FILES = 5_000
HIGHEST_RATIO = 100
"""Unpacked bytes for each packed one. Deflate reaches 1,032 on zeros; JSON Lines with long column names reach 40."""
_GRACE = 32 << 20
"""Bytes that anything may unpack to: small files of one repeated value are honest."""
_WORKBOOK_RATIO = 60
"""A workbook of 100,000 equal rows reaches 45; what it unpacks to is in memory, and a cell takes as much again."""
_CHUNK = 1 << 20
_FIRST_MOMENT = dt.datetime(1980, 1, 1, tzinfo=dt.UTC)
_PACKED = (".gz", ".parquet", ".rds", ".zsav")
"""How the names of files end that deflate makes no smaller."""
_LONGEST_TAG = 300
"""Bytes that are looked at twice, since a chunk may end inside the tag of a cell."""
_STEPS = 50_000_000
"""Steps of SQLite's machine for any database, some two seconds."""
_STEPS_A_BYTE = 20
"""Reading and checking a cell of one byte takes about five."""
_STEPS_BETWEEN_LOOKS = 1_000_000
_LONGEST_VALUE = 64 << 20
_CELL = re.compile(rb"""<(?:\w+:)?(?:c|row)\s[^>]{0,200}?\br\s{0,9}=\s{0,9}["']([A-Za-z]{0,9})(\d{1,9})["']""")
_CELLS = 8_000_000
"""Places up to the last cell of a sheet that are always allowed: a reader lays each out in 24 bytes."""
_BYTES_OF_CELL = 4
_LONGEST_LINE = 34 << 20
"""Bytes of a line of a table: a build takes no record of more than 32 MB, and JSON adds the names of the columns."""
LARGEST_DOCUMENT = 64 << 20
"""Bytes of the longest document that is fetched as a whole."""
_LARGEST = {"SHA256SUMS": 2 << 20, ".cff": 512 << 10, ".json": 32 << 20}
"""Bytes that are read of documents: 5,000 files have 1 MB of checksums; of YAML, 60 kB take a second, since its fast reader crashes on nested lists."""
_MOST_VALUES = 2_000_000
"""Of a document of JSON: each takes some 70 bytes of memory."""
_HARMLESS = dict.fromkeys((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA), sqlite3.SQLITE_OK)
_FUNCTIONS = {"count", "sum", "group_concat", "coalesce"}
_FAILURES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, OSError)


class ArchiveError(ValueError):
    """The archive is damaged, or holds what no release and no package holds."""


@contextmanager
def opened(path: Path, *, flat: bool = True) -> Iterator[Path]:
    """The folder itself, or a temporary one with what the archive holds.

    Args:
        path: A folder or a `.zip`.
        flat: Demand that all files are in the root, or all in one folder, which is then the one that is given.

    Raises:
        ArchiveError: when it is an archive that cannot be unpacked.
    """
    if path.is_dir():
        yield path
        return
    with files.scratch("unpacked") as scratch:
        folder, homes = scratch / "files", set[PurePosixPath]()
        folder.mkdir()
        try:
            for place, piece in _pieces(path, flat=flat):
                target = folder / place
                if not piece:
                    homes.add(place.parent)
                    target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("ab") as file:
                    file.write(piece)
        except OSError as error:
            raise ArchiveError(f"cannot be unpacked: {error}") from None
        yield folder.joinpath(*homes) if flat else folder


def member_digests(path: Path, most: int) -> dict[str, str]:
    """The sha256 of each file of a flat archive, by name; nothing is laid out for it.

    Args:
        path: The archive.
        most: Bytes that all of them together may have.

    Raises:
        ArchiveError: when it cannot be read, or is larger than that.
    """
    found = dict[str, Any]()
    for place, piece in _pieces(path, most=most):
        found.setdefault(str(place), hashlib.sha256()).update(piece)
    return {name: digest.hexdigest() for name, digest in found.items()}


def _pieces(path: Path, *, flat: bool = True, most: int | None = None) -> Iterator[tuple[PurePosixPath, bytes]]:
    """What the files of an archive hold, some of it at a time, each file beginning with nothing."""
    with _reading(path) as archive:
        places = _places(archive, flat=flat)
        homes = {place.parent for place in places}
        if flat and (len(homes) > 1 or "/" in str(*homes)):
            raise ArchiveError("holds files in several folders; a release is flat")
        left = _demand_honest(path, places.values(), HIGHEST_RATIO, most)
        for place, member in places.items():
            yield place, b""
            with archive.open(member) as packed:
                while chunk := packed.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise ArchiveError("unpacks to more than it claims")
                    yield place, chunk


def write_archive(
    path: Path, folder: Path, names: Iterable[str], moment: dt.datetime = _FIRST_MOMENT, *, deflates: bool = False
) -> None:
    """Writes files of a folder into a new archive: the same bytes for the same files and the same zlib.

    Args:
        path: The archive.
        folder: Where the files are.
        names: What they are called, in the order of the archive.
        moment: The time of each; archives know none before 1980.
        deflates: Whether those that are not packed by themselves are.
    """
    stamp = max(moment, _FIRST_MOMENT).timetuple()[:6]
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, stamp)
            entry.external_attr, entry.create_system, entry.file_size = 0o644 << 16, 3, (folder / name).stat().st_size
            is_deflated = deflates and not name.endswith(_PACKED)
            entry.compress_type = zipfile.ZIP_DEFLATED if is_deflated else zipfile.ZIP_STORED
            with (folder / name).open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target, _CHUNK)


@contextmanager
def opened_release(path: Path) -> Iterator[Path]:
    """What somebody calls a release, as `opened`.

    Raises:
        UsageError: when it is not there, or neither a folder nor a `.zip`.
    """
    hint = "name the folder of a release, dist/NAME/VERSION"
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder", f"{hint}, or its .zip")
    if path.is_file() and path.suffix.lower() != ".zip":
        raise UsageError(f"{path}: is neither a folder nor a .zip", hint)
    with opened(path) as folder:
        yield folder


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _FAILURES as error:
        raise ArchiveError(f"cannot be unpacked: {error}") from None


def _demand_honest(path: Path, members: Iterable[zipfile.ZipInfo], ratio: int, most: int | None = None) -> int:
    """The bytes that the archive may unpack to, when it does not claim more by itself."""
    limit = _GRACE + ratio * path.stat().st_size
    limit = limit if most is None else min(limit, most)
    if sum(member.file_size for member in members) > limit:
        raise ArchiveError(f"unpacks to more than {limit >> 20:,} MB, which is too much for its size")
    return limit


def _places(archive: zipfile.ZipFile, *, flat: bool) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The members by the place that they get; none leaves the folder or takes the place of another."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_FILES:
        raise ArchiveError(f"holds {len(members):,} files")
    found: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for member in members:
        place = PurePosixPath(member.filename.replace("\\", "/"))
        leaves = bool({"..", "/", "//"} & {*place.parts})
        if not (flat or leaves) and "/." in f"/{place}":
            continue  # what a project hides is not needed to read it
        problems = (
            "is there twice" * (place in found),
            "leaves the archive" * leaves,
            "is a link" * stat.S_ISLNK(member.external_attr >> 16),
            *map(file_problem, place.parts),
        )
        if any(problems):
            raise ArchiveError(f"holds {member.filename!r}, which {next(filter(None, problems))}")
        found[place] = member
    if same := alike(map(str, found)):
        raise ArchiveError(f"holds {same[0]!r} and {same[1]!r}, which some systems take for one file")
    return found


def check_workbook(path: Path) -> None:
    """Looks at a workbook before it is read.

    Raises:
        ArchiveError: when it would take more memory than an honest one of its size.
    """
    with _reading(path) as archive:
        _demand_honest(path, archive.infolist(), _WORKBOOK_RATIO)
        for member in archive.infolist():  # a sheet may be in any of them
            rows, columns, rest = 0, 1, b""
            with archive.open(member) as sheet:
                while chunk := sheet.read(_CHUNK):
                    text = rest + chunk
                    for letters, number in set(_CELL.findall(text)):
                        column = sum(
                            26**place * (letter - 64) for place, letter in enumerate(reversed(letters.upper()))
                        )
                        rows, columns = max(rows, int(number)), max(columns, column)
                    rest = text[-_LONGEST_TAG:]
            if rows * columns > _CELLS + member.file_size // _BYTES_OF_CELL:
                raise ArchiveError(f"has cells far apart in {member.filename}: {rows:,} rows by {columns:,} columns")


def excess(path: Path) -> str:
    """Why a text file of a release is not read, as the end of a sentence; empty when it can be, and of other files."""
    if path.suffix not in {".csv", ".jsonl"}:
        most = _LARGEST.get(path.suffix or path.name, LARGEST_DOCUMENT)
        if path.suffix in {".json", ".cff", ".ttl", ""} and path.stat().st_size > most:
            return f"has more than {most / (1 << 20):g} MB"
        return excess_of_values(path.read_bytes()) if path.suffix == ".json" else ""
    length = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            end = chunk.rfind(b"\n")
            length = len(chunk) - end - 1 + (length if end < 0 else 0)
            if length > _LONGEST_LINE:
                return f"has a line of more than {_LONGEST_LINE >> 20} MB, and no release has one"
    return ""


def excess_of_values(content: bytes) -> str:
    """Why JSON is not read, as the end of a sentence; empty when it can be."""
    is_too_much = sum(map(content.count, (b",", b"[", b"{"))) > _MOST_VALUES
    return f"has more than {_MOST_VALUES:,} values" if is_too_much else ""


def open_database(path: Path) -> sqlite3.Connection:
    """An SQLite file to read from, which raises `sqlite3.Error` where it would not come to an end."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    looks = itertools.count(-(_STEPS + _STEPS_A_BYTE * path.stat().st_size) // _STEPS_BETWEEN_LOOKS)
    connection.set_progress_handler(lambda: next(looks) >= 0, _STEPS_BETWEEN_LOOKS)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.execute("PRAGMA trusted_schema = OFF")
    # an integrity check would ask them of each row, which takes five times as long as all else of it
    connection.execute("PRAGMA ignore_check_constraints = ON")
    # no view recurses, or calls what is not asked of tables

    def authorized(action: int, _first: str | None, called: str | None, *_: str | None) -> int:
        is_asked = action == sqlite3.SQLITE_FUNCTION and called in _FUNCTIONS
        return sqlite3.SQLITE_OK if is_asked else _HARMLESS.get(action, sqlite3.SQLITE_DENY)

    connection.set_authorizer(authorized)
    return connection
