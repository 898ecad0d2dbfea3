"""What a file is before anybody described it: its tables, and how its bytes become records.

The encoding is proven on the whole file.
"""

import codecs
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.descriptor import Resource, read_resource
from deedbook.dialect import Dialect
from deedbook.drafts.cuts import Cut, cut_of
from deedbook.drafts.guesses import FORMS, Guess
from deedbook.findings import plural
from deedbook.reading import inputs, source

SUFFIXES = source.TEXT_FORMATS | source.JSON_FORMATS | inputs.SHEET_FORMATS | {"parquet", "dat"}
"""What a folder is looked through for."""
_HEAD = 256 << 10
"""Bytes in which delimiter and header are looked for."""
_ABOUT = re.compile(
    r"(?i)(licen[cs]e|readme|notice|copying|changes|datapackage\.)|.*\.(schema|resource|package)\.json$"
)
"""How files are called that tell of tables and are none."""
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff]+[A-Za-z\x80-\xff]*")
_SIGNS = frozenset("\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2026«»°§€£·¿¡ºª©®№")
"""Letters beyond ASCII that are no mistake of an encoding where they stand outside words."""


@dataclass(frozen=True, slots=True)
class Source:
    """One table: how its resource is declared, without a schema, and what that is guessed from."""

    raw: Mapping[str, Any]
    root: Path
    guesses: tuple[Guess, ...] = ()

    @property
    def resource(self) -> Resource:
        """The table as it would be read."""
        return read_resource(self.raw, self.root, where=self.paths[0])

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files below the root."""
        path = self.raw["path"]
        return (path,) if isinstance(path, str) else tuple(path)

    @property
    def file(self) -> Path:
        """Where its bytes are, or the first of them."""
        return self.root / self.paths[0]

    @property
    def head(self) -> str:
        """The text of the first records."""
        data = b""
        with inputs.open_table(self.resource, self.file) as stream:
            while len(data) < _HEAD and (piece := stream.read(_HEAD)):
                data += piece
        text = data.decode("utf-8-sig", "replace")
        return text if len(data) < _HEAD else text[: text.rfind("\n") + 1]

    def taking(self, guesses: Iterable[Guess]) -> "Source":
        """The same as guesses say it is."""
        raw, found = {**self.raw, "dialect": dict(self.raw.get("dialect", {}))}, tuple(guesses)
        for guess in found:
            (raw if guess.name == "encoding" else raw["dialect"])[guess.name.removeprefix("dialect.")] = guess.value
        raw = {name: value for name, value in raw.items() if value not in ({}, "utf-8")}
        return replace(self, raw=raw, guesses=(*self.guesses, *found))


def find_files(targets: Iterable[Path]) -> list[Path]:
    """The files that targets name, those of folders that may be tables, each once."""
    found = (_tables_in(target) if target.is_dir() else [target] for target in targets)
    return list(dict.fromkeys(chain.from_iterable(found)))


def _tables_in(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        is_hidden = any(part.startswith((".", "_")) or part in {"dist", "schemas"} for part in parts)
        if file.is_file() and _kind_of(file) in SUFFIXES and not (is_hidden or _ABOUT.match(file.name)):
            yield file


def _kind_of(file: Path) -> str:
    """The format that a file's name says, without its compression."""
    suffixes = [suffix.lower().lstrip(".") for suffix in file.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in {"gz", "zst", "zip"}), "")


def slug(text: str) -> str:
    """A text as the name of a table."""
    return re.sub(r"[^a-z0-9_-]+", "_", text.lower()).strip("_-") or "table"


def read_sources(file: Path, root: Path) -> Iterator[Source]:
    """The tables of a file: one, or those of the sheets of a workbook.

    Raises:
        SourceError: when it cannot be read.
    """
    kind, stem = _kind_of(file), slug(file.name.split(".")[0])
    found = Source({"name": stem, "type": "table", "path": file.relative_to(root).as_posix()}, root)
    if kind in inputs.SHEET_FORMATS:
        names = inputs.sheets_of(file, kind)
        for name in names:
            dialect: dict[str, Any] = {"sheetName": name} if len(names) > 1 else {}
            table = {"name": slug(name) if dialect else stem, "dialect": dialect}
            sheet, bare = (
                replace(found, raw={**found.raw, **table, "dialect": dialect | more})
                for more in ({}, {"header": False})
            )
            yield sheet.taking(Cut(Dialect(), bare.head).header_guesses)
    elif kind == "json":
        yield found.taking(_property_of(found))
    elif kind in {*source.JSON_FORMATS, "parquet"}:
        yield found
    else:
        known = {} if kind in source.TEXT_FORMATS else {"format": "csv"}
        decoded = replace(found, raw={**found.raw, **known})
        decoded = decoded.taking(_encoding_of(decoded))
        usual = "\t" if kind in {"tsv", "tab"} else ","
        yield decoded.taking(cut_of(decoded.head, usual).guesses(usual))


def _property_of(found: Source) -> Iterator[Guess]:
    """Where the rows of a JSON file are, when it is an object with one list."""
    with source.open_bytes(found.resource, found.file) as stream:
        data = b"".join(iter(lambda: stream.read(source.READ_SIZE), b""))
    try:
        value = json.loads(data)
    except ValueError as error:
        raise source.SourceError("source-error", f"{found.file.name} is no JSON: {error}", "correct the file") from None
    lists = [name for name, rows in value.items() if isinstance(rows, list)] if isinstance(value, dict) else []
    if len(lists) == 1:
        yield Guess("", "dialect.property", lists[0], "the one list in the document")


def _encoding_of(found: Source) -> Iterator[Guess]:
    """The encoding that all bytes are in, when it is not UTF-8."""
    with found.file.open("rb") as handle:
        wide = _wide(handle.read(4096)) if not found.resource.compression else ""
    if wide:
        yield Guess("", "encoding", wide, "its first bytes")
        return
    words, good, bad = set[bytes](), 0, 0
    for data in _lines(found):
        try:
            pl.Series([data]).cast(pl.String)  # ten times as quick as decoding it
        except pl.exceptions.ComputeError:
            text = data.decode("utf-8", "replace")
            bad += text.count("\ufffd")
            good += sum(not mark.isascii() for mark in text) - text.count("\ufffd")
            words.update(islice(_WORD.findall(data), 2000))
    if good > 20 * bad > 0:
        todo = f"{plural(bad, 'byte')} are not UTF-8, as the others are: mend them, or declare another encoding"
        yield Guess("", "encoding", "utf-8", f"{good:,} other letters are", todo=todo)
    elif bad:
        name = min(FORMS["encodings"], key=lambda name: _implausibility(name, words))
        shown = ", ".join(word.decode(name, "replace") for word in sorted(words, key=len, reverse=True)[:3])
        todo = f"is it {name}? Then these words are right: {shown}"
        yield Guess("", "encoding", name, f"it is not UTF-8; under {name} there is {shown}", todo=todo)


def _lines(found: Source) -> Iterator[bytes]:
    """The bytes of a file in parts that end where a line does."""
    rest = b""
    with source.open_bytes(found.resource, found.file) as stream:
        while data := stream.read(source.READ_SIZE):
            whole, end, rest = (rest + data).rpartition(b"\n")
            yield whole + end
    yield rest


def _wide(head: bytes) -> str:
    """The encoding of several bytes a letter that a file begins like; empty for any other."""
    marks = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    for mark, name in marks.items():
        if head.startswith(mark):
            return name
    zeros = [head[side::2].count(0) * 3 > len(head) for side in (0, 1)]
    return {(True, False): "utf-16-be", (False, True): "utf-16-le"}.get((zeros[0], zeros[1]), "") if head else ""


def _implausibility(encoding: str, words: set[bytes]) -> float:
    """How much in these words is not as people write, were they in an encoding."""
    odd = 0.0
    for word in words:
        try:
            text = word.decode(encoding)
        except UnicodeDecodeError:
            odd += 5
            continue
        scripts = {unicodedata.name(mark, "?").split()[0] for mark in text if mark.isalpha()}
        signs = sum(not mark.isalpha() and mark not in _SIGNS for mark in text)
        odd += 2 * signs + 2 * (len(scripts) > 1) + 2 * bool(re.search("[\u00c0-\u024f]{3}", text))
        odd += bool(re.search("[a-z\u00df-\u00ff][A-Z\u00c0-\u00de]", text)) + (
            text != unicodedata.normalize("NFKC", text)
        )
    return odd
