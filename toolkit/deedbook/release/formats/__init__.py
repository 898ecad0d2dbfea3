"""The formats of a release, one module and one entry of `FORMATS` (formats.toml) each: whatever knows formats reads that list.

A module of a format with a file for each table has

    write(table, edition, path) -> notes          what the format cannot hold as it is
    read(table, path, tables) -> pairs            what the file should hold beside what it holds
    pack(path, packed)                            only where large files are compressed

and one of a format with one file for all tables has, in place of `write`,

    open_book(path, edition, tables) -> Book      `add` takes table after table, `close` what is known last

All of them raise `LeftOutError` for a table that the format cannot hold at all.

The list itself loads nothing: polars and the writers take 0.4 s, which `fetch` and `publish` do not need to name files.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Container, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

if TYPE_CHECKING:
    from deedbook.release.edition import Edition
    from deedbook.release.formats.cells import Pair
    from deedbook.release.tables import Table
    from deedbook.schema import TableSchema


class Book(Protocol):
    """A file that takes all tables, being written."""

    def add(self, table: Table) -> Sequence[str]:
        """Writes a table, and returns what the format cannot hold of it."""

    def close(self, readme: Sequence[str]) -> Mapping[str, str]:
        """Completes the file, with the README, a line a cell; returns what only now is known not to be held of a table."""

    def discard(self) -> None:
        """Lets go of a file that will not be completed; nothing to do after `close`."""


class Codec(Protocol):
    """The module of a format: `write` with a file for each table, `open_book` with one for all, `read` always, `pack` for `packed`."""

    def write(self, table: Table, edition: Edition, path: Path) -> Sequence[str]:
        """Writes a table, and returns what the format cannot hold of it."""

    def pack(self, path: Path, packed: Path) -> None:
        """Writes a file that `write` wrote a second time, compressed."""

    def open_book(self, path: Path, edition: Edition, tables: Mapping[str, TableSchema | None]) -> Book:
        """An empty file for these tables; a view has no schema yet."""

    def read(self, table: Table, path: Path, tables: Sequence[str]) -> Iterator[Pair]:
        """What the file should hold beside what it holds; nothing where the format cannot hold the table."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The shortest way to load a table with one tool.

    Attributes:
        language: What highlights the code; empty for words.
        code: In a format, with `{table}`, `{variable}`, `{dataset}` and `{file}` for the names.
        file: What it starts from, in a release.
    """

    tool: str
    language: str
    code: str
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of data.

    Attributes:
        name: What `[release] formats` and `fetch --format` call it.
        suffix: How the names of its files end.
        title: What people call it.
        packed: How the names of large files end, which are compressed; empty where none are.
        large: The bytes of a file beyond which it is packed, if that makes it smaller; of all files of an archive, beyond
            which there is none, unless `[release] formats` names it; 0 where there is no end.
        share: Bytes that its files have for each byte of the CSV, measured on a million events of 20 columns.
        holds: The format whose files it packs, of an archive; None otherwise.
        most_rows: Of a table with more rows it has none, unless `[release] formats` names it; 0 where there is no end.
        called: The same where the README tells of limits; the title when it is empty.
        purpose: What its files are for, for the README.
        is_per_table: Whether there is a file for each table, `TABLE.suffix`, and not one for all, `DATASET.suffix`.
        usage: How to load it; None where its users know.
        loader: The program of the release that loads it, from a template of that name; empty without one.
        module: What writes and reads it, when that is not the module here that is called like the format.
    """

    name: str
    suffix: str
    media_type: str
    title: str
    purpose: str
    is_per_table: bool = True
    usage: Usage | None = None
    loader: str = ""
    module: str = ""
    called: str = ""
    most_rows: int = 0
    packed: str = ""
    large: int = 10_000_000
    share: float = 0
    holds: Self | None = None

    @property
    def archive(self) -> Self:
        """What packs the files of all tables, `DATASET-NAME.zip`."""
        own: dict[str, Any] = {
            "name": f"{self.name}.zip",
            "suffix": f"-{self.name}.zip",
            "title": f"{self.title} (zip)",
        }
        own |= {"usage": None, "loader": "", "called": "", "packed": ""}
        return replace(self, **own, media_type="application/zip", is_per_table=False, holds=self)

    @property
    def known_as(self) -> str:
        """What the README calls it where it tells of limits."""
        return self.called or self.title

    @property
    def codec(self) -> Codec:
        """What writes and reads the format, loaded when it is used."""
        return cast(Codec, importlib.import_module(self.module or f"{__name__}.{self.name}"))

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How the names of its files end."""
        return (self.suffix, self.packed) if self.packed else (self.suffix,)

    def file_name(self, table: str, dataset: str) -> str:
        """The file that holds a table, unless it is packed."""
        return f"{table if self.is_per_table else dataset}{self.suffix}"

    def file_of(self, table: str, dataset: str, size: int) -> str:
        """The file that holds a table of so many bytes, as far as that tells whether it is packed."""
        stem = table if self.is_per_table else dataset
        return stem + (self.packed if self.packed and size > self.large else self.suffix)

    def file_among(self, names: Container[str], table: str, dataset: str) -> str:
        """The file of these that holds a table, packed or not; empty without one."""
        stem = table if self.is_per_table else dataset
        return next((stem + suffix for suffix in self.suffixes if stem + suffix in names), "")


_LIST = tomllib.loads((Path(__file__).parent / "formats.toml").read_text(encoding="utf-8"))
FORMATS = [
    Format(**{**entry, "usage": Usage(**entry["usage"]) if "usage" in entry else None}) for entry in _LIST["formats"]
]
CSV = FORMATS[0]
"""The identity of the data: written first and always, and what every other file is compared with."""


def every_format() -> list[Format]:
    """Those of the list, and archives of those that have a file for each table."""
    return [*FORMATS, *(item.archive for item in FORMATS if item.is_per_table)]


def format_named(name: str) -> Format | None:
    """The format that somebody calls so: by its name, title or suffix, in any case."""
    asked = name.lower().removeprefix(".")
    for item in every_format():
        if asked in {item.name, item.title.lower(), *(suffix[1:] for suffix in item.suffixes)}:
            return item
    return None


def format_of(name: str, tables: Set[str], dataset: str) -> Format | None:
    """The format of a file that holds rows of the release; None of every other file."""
    for item in every_format():
        stems = [name.removesuffix(suffix) for suffix in item.suffixes if name.endswith(suffix)]
        if any(stem in tables if item.is_per_table else stem == dataset for stem in stems):
            return item
    return None


def media_type(name: str) -> str:
    """The media type of a file of a release."""
    known = next((item.media_type for item in every_format() if name.endswith(item.suffix)), None)
    return known or _LIST["media_types"].get(PurePath(name).suffix, "text/plain")
