"""What a file is before anybody described it: its tables, and how its bytes become records.

The encoding is proven on the whole file; delimiter, quotes and header are read off its first records.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, product
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.descriptor import Resource, read_resource
from deedbook.dialect import Dialect
from deedbook.drafts.guesses import FORMS, Guess
from deedbook.findings import plural, shorten
from deedbook.reading import inputs, source
from deedbook.reading.text import open_reader

SUFFIXES = source.TEXT_FORMATS | source.JSON_FORMATS | inputs.SHEET_FORMATS | {"parquet", "dat"}
"""What a folder is looked through for."""
_HEAD = 256 << 10
"""Bytes in which delimiter and header are looked for."""
_RECORDS = 300
_MARKS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", "^": "carets", "~": "tildes", ":": "colons"}
_NUMBER = re.compile(r"\s*[-+]?[$€£]?[0-9][0-9.,]*%?\s*")
_ABOUT = re.compile(
    r"(?i)(licen[cs]e|readme|notice|copying|changes|datapackage\.)|.*\.(schema|resource|package)\.json$"
)
"""How files are called that tell of tables and are none."""
_YEAR = re.compile(r"(1[5-9]|20)[0-9]{2}")
_SINGLE = re.compile(r"(?m)(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|\r\n])")
"""A cell between single quotes."""
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
        return read_resource(self.raw, self.root, where=str(self.raw["path"]))


@dataclass(frozen=True)
class _Cut:
    """The first records of a text under one dialect."""

    dialect: Dialect
    text: str

    @cached_property
    def rows(self) -> list[list[str]]:
        """The records, as far as they can be told."""
        try:
            return list(islice(open_reader(io.StringIO(self.text, newline=""), self.dialect), _RECORDS))
        except (csv.Error, ValueError):
            return []

    @cached_property
    def width(self) -> int:
        """The cells that most records have."""
        sizes = Counter(len(cells) for cells in self.rows if any(cells))
        return max(sizes, key=lambda size: (sizes[size], size), default=0)

    @property
    def fitting(self) -> list[int]:
        """The records of that width."""
        return [at for at, cells in enumerate(self.rows) if len(cells) == self.width and any(cells)]

    @property
    def labels(self) -> list[str]:
        """The first record of that width."""
        return self.rows[self.fitting[0]] if self.fitting else []

    @property
    def score(self) -> float:
        """How likely the text is cut so: records of one width, many cells, and names above them."""
        filled = [cells for cells in self.rows if any(cells)]
        share = len(self.fitting) / max(len(filled), 1)
        are_names = len(set(self.labels)) == self.width and sum(map(bool, map(_NUMBER.fullmatch, self.labels))) < 1
        quoted = sum(cell[:1] == cell[-1:] != "" and cell[:1] in "\"'" for cells in filled for cell in cells)
        return share * (1 - 1 / max(self.width, 1)) + 0.5 * are_names * (self.width > 1) - 0.1 * bool(quoted)

    @property
    def is_headed(self) -> bool:
        """Whether that record names the columns: its cells are not like those below them."""
        if all(_YEAR.fullmatch(label) for label in self.labels if _NUMBER.fullmatch(label)):
            return "" not in self.labels or any(self.labels)
        below = zip(*(self.rows[at] for at in self.fitting[1:]), strict=True)
        for label, cells in zip(self.labels, below, strict=False):
            numbers = sum(map(bool, map(_NUMBER.fullmatch, cells)))
            if _NUMBER.fullmatch(label) and numbers > len(cells) / 2:
                return False
        return bool(self.labels)


def find_files(targets: Sequence[Path]) -> list[Path]:
    """The files that targets name, those of folders that may be tables, each once."""
    found: dict[Path, None] = {}
    for target in targets:
        inside = sorted(target.rglob("*")) if target.is_dir() else [target]
        for file in inside:
            parts = file.relative_to(target).parts if target.is_dir() else ()
            is_hidden = any(part.startswith((".", "_")) or part in {"dist", "schemas"} for part in parts)
            is_about = bool(_ABOUT.match(file.name))
            if target.is_dir() and (is_hidden or is_about or not file.is_file() or _kind_of(file) not in SUFFIXES):
                continue
            found[file] = None
    return list(found)


def _kind_of(file: Path) -> str:
    """The format that a file's name says, without its compression."""
    suffixes = [suffix.lower().lstrip(".") for suffix in file.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in {"gz", "zst", "zip"}), "")


def read_sources(file: Path, root: Path) -> Iterator[Source]:
    """The tables of a file: one, or those of the sheets of a workbook.

    Raises:
        SourceError: when it cannot be read.
    """
    kind, stem = _kind_of(file), re.sub(r"[^a-z0-9_-]+", "_", file.name.split(".")[0].lower()).strip("_-") or "table"
    raw: dict[str, Any] = {"name": stem, "type": "table", "path": file.relative_to(root).as_posix()}
    if not file.is_file():
        raise source.no_file(file)
    if kind in inputs.SHEET_FORMATS:
        names = inputs.sheets_of(file, kind)
        for name in names:
            table = re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-") if len(names) > 1 else stem
            sheet = {"sheetName": name} if len(names) > 1 else {}
            yield _headed(Source({**raw, "name": table or stem, "dialect": sheet}, root))
    elif kind == "json":
        yield Source({**raw, **_property_of(file, Source(raw, root).resource)}, root)
    elif kind in {*source.JSON_FORMATS, "parquet"}:
        yield Source(raw, root)
    else:
        known = {} if kind in source.TEXT_FORMATS else {"format": "csv"}
        yield _cut(_decoded(Source({**raw, **known}, root), file), file)


def _property_of(file: Path, resource: Resource) -> dict[str, Any]:
    """Where the rows of a JSON file are, when it is an object with one list."""
    if resource.compression:
        return {}
    import json

    try:
        value = json.loads(file.read_bytes())
    except ValueError as error:
        raise source.SourceError("source-error", f"{file.name} is no JSON: {error}", "correct the file") from None
    lists = [name for name, rows in value.items() if isinstance(rows, list)] if isinstance(value, dict) else []
    return {"dialect": {"property": lists[0]}} if len(lists) == 1 else {}


def _headed(found: Source) -> Source:
    """A sheet with the row of its header, where that is not the first."""
    raw, dialect = dict(found.raw), found.raw["dialect"]
    bare = replace(found, raw={**raw, "dialect": {**dialect, "header": False}})
    with inputs.open_table(bare.resource, found.root / raw["path"]) as stream:
        cut = _Cut(Dialect(), stream.read(_HEAD).decode("utf-8", "replace"))
    said, guesses = _header_guesses(cut)
    dialect = {**dialect, **said}
    raw = {name: value for name, value in {**raw, "dialect": dialect}.items() if value != {}}
    return replace(found, raw=raw, guesses=tuple(guesses))


def _header_guesses(cut: _Cut) -> tuple[dict[str, Any], list[Guess]]:
    """What the dialect says of the header, where it is not the first record."""
    if not cut.is_headed:
        shown = ", ".join(map(shorten, cut.labels[:3]))
        todo = "name the columns: the file has no header, so they are called column_1, column_2, ..."
        return {"header": False}, [Guess("", "dialect.header", False, f"the first record is data ({shown})", todo=todo)]
    if not cut.fitting or not cut.fitting[0]:
        return {}, []
    row = cut.fitting[0] + 1
    evidence = f"{plural(row - 1, 'record')} above the first of {plural(cut.width, 'cell')}"
    return {"headerRows": [row]}, [Guess("", "dialect.headerRows", [row], evidence)]


def _decoded(found: Source, file: Path) -> Source:
    """The same with the encoding that all of its bytes are in."""
    usual = found.resource
    with file.open("rb") as handle:
        head = handle.read(4096)
    if usual.compression:
        head = b""
    if wide := _wide(head):
        return replace(
            found, raw={**found.raw, "encoding": wide}, guesses=(Guess("", "encoding", wide, "its first bytes"),)
        )
    words, good, bad = set[bytes](), 0, 0
    for data in _lines(usual, file):
        try:
            pl.Series([data]).cast(pl.String)  # ten times as quick as decoding it
        except pl.exceptions.ComputeError:
            text = data.decode("utf-8", "replace")
            bad += text.count("\ufffd")
            good += sum(not mark.isascii() for mark in text) - text.count("\ufffd")
            words.update(islice(_WORD.findall(data), 2000))
    if not bad:
        return found
    if good > 20 * bad:
        todo = f"{plural(bad, 'byte')} are not UTF-8, as the others are: mend them, or declare another encoding"
        return replace(found, guesses=(Guess("", "encoding", "utf-8", f"{good:,} other letters are", todo=todo),))
    name = min(FORMS["encodings"], key=lambda name: _implausibility(name, words))
    shown = ", ".join(word.decode(name, "replace") for word in sorted(words, key=len, reverse=True)[:3])
    todo = f"is it {name}? Then these words are right: {shown}"
    guess = Guess("", "encoding", name, f"it is not UTF-8; under {name} there is {shown}", todo=todo)
    return replace(found, raw={**found.raw, "encoding": name}, guesses=(guess,))


def _lines(resource: Resource, file: Path) -> Iterator[bytes]:
    """The bytes of a file in parts that end where a line does."""
    rest = b""
    with source.open_bytes(resource, file) as stream:
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


def _cut(found: Source, file: Path) -> Source:
    """The same with the dialect that its first records show."""
    with source.open_bytes(found.resource, file) as stream:
        data = b""
        while len(data) < _HEAD and (piece := stream.read(_HEAD)):
            data += piece
    text = data.decode("utf-8-sig", "replace")
    text = text if len(data) < _HEAD else text[: text.rfind("\n") + 1]
    usual = "\t" if found.resource.format in {"tsv", "tab"} else ","
    quotes = "\"'" if 2 * len(_SINGLE.findall(text)) > text.count("\n") else '"'
    ways = product(_MARKS, quotes, ("", "\\") if '\\"' in text else ("",))
    cuts = [
        _Cut(Dialect(delimiter=mark, quote_char=quote, escape_char=escape, double_quote=not escape), text)
        for mark, quote, escape in ways
    ]
    best = max(cuts, key=lambda cut: (round(cut.score, 2), cut.dialect.delimiter == usual))
    if best.width < 2:
        best = _Cut(Dialect(delimiter=usual), text)
    dialect, plain = best.dialect, Dialect(delimiter=usual)
    evidence = f"it cuts {len(best.fitting):,} of the first {plural(len(best.rows), 'record')} into {plural(best.width, 'cell')}"
    said: dict[str, Any] = {}
    if dialect.delimiter != plain.delimiter:
        said["delimiter"] = dialect.delimiter
    if dialect.quote_char != plain.quote_char:
        said["quoteChar"] = dialect.quote_char
    if dialect.escape_char:
        said |= {"escapeChar": dialect.escape_char, "doubleQuote": False}
    if best.width > 1 and re.search(rf"{re.escape(dialect.delimiter)} \S", text):
        rows = [cell for at in best.fitting for cell in best.rows[at][1:] if cell]
        if all(cell.startswith(" ") for cell in rows) and dialect.delimiter != "\t":
            said["skipInitialSpace"] = True
    guesses = [Guess("", f"dialect.{name}", value, evidence) for name, value in said.items()]
    header, more = _header_guesses(best)
    said |= header
    raw = {**found.raw, **({"dialect": said} if said else {})}
    return replace(found, raw=raw, guesses=(*found.guesses, *guesses, *more))
