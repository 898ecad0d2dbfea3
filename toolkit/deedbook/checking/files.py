"""What a file is: where the first records show that it is not what it claims, what it is instead; and its hash, size and rows."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, filterfalse, islice
from pathlib import Path

from deedbook.checking.cells import FieldPlan, plan_field
from deedbook.checking.header import WORDS, FileProblem, fold, problem
from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.findings import shorten
from deedbook.reading import source
from deedbook.reading.inputs import dialect_of, is_foreign
from deedbook.reading.records import FileHeader
from deedbook.reading.text import open_reader
from deedbook.schema import Field, TableSchema

_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", ":": "colons"}
_ENCODINGS = ("cp1252", "cp1250", "cp1251", "mac_roman")
"""What files that are not UTF-8 are mostly in, the most frequent first."""
_RECORDS = 30
"""Records among which a header is sought: titles and notes above a table are short."""
_FEWEST = 2
"""Names of fields in a row that make it a header, where the schema has more: one may be a cell by chance."""


@dataclass(frozen=True)
class Beginning:
    """How a file of a table begins, held against the schema."""

    header: FileHeader
    resource: Resource
    schema: TableSchema

    @cached_property
    def records(self) -> Mapping[str, list[list[str]]]:
        """The first records under each delimiter that the file may have, its own first."""
        found: dict[str, list[list[str]]] = {}
        own, text = dialect_of(self.resource), self.header.head.decode("utf-8", "replace")
        for mark in dict.fromkeys((own.delimiter, *(() if is_foreign(self.resource) else _DELIMITERS))):
            dialect = Dialect(delimiter=mark, quote_char=own.quote_char or '"') if found else own
            try:
                found[mark] = list(islice(open_reader(io.StringIO(text, newline=""), dialect), _RECORDS))
            except (csv.Error, ValueError):  # the second where a delimiter is the quote
                found[mark] = []
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of fields, but for case and spaces."""
        return frozenset(map(fold, self.schema.names)) - {""}

    def count_known(self, labels: Iterable[str]) -> int:
        """How many labels are a field of the schema, but for case and spaces."""
        return len(set(map(fold, labels)) & self.names)

    def cause(self, known: list[str] | None) -> FileProblem | None:
        """Why the header is not what the schema says, where one cause explains all of it; None where labels are to be judged.

        Args:
            known: The labels of the first file of the table, when this is a later one.
        """
        labels, schema = self.header.labels, self.schema
        if self.header.faults:
            return self.undecodable()
        if not schema.fields or labels == list(schema.names):
            return None
        if labels is None:
            headed = self.headed(known)
            if headed or known is None:
                return headed
        first = self.header.head.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
        matched = self.count_known(labels or ())
        for disguise in () if matched else WORDS["disguise"]:
            if re.match(disguise["begins"], first, re.IGNORECASE):
                return FileProblem(disguise["rule"], disguise["message"], disguise["hint"])
        elsewhere = self.elsewhere(first, matched)
        return elsewhere if elsewhere or matched or labels is None else self.headless(labels)

    def undecodable(self) -> FileProblem:
        """A label that is not UTF-8; the encoding that makes the labels those of the schema is proposed."""
        line, bad = self.header.head.partition(b"\n")[0], self.header.faults[0]
        for name in _ENCODINGS if self.schema.fields else ():
            labels = next(csv.reader([line.decode(name, "replace")]), [])
            if self.count_known(labels) == len(labels):
                return problem("label_in_known_encoding", bad.column + 1, byte=bad.text, encoding=name)
        return problem("label_encoding", bad.column + 1, byte=bad.text)

    def headed(self, known: list[str] | None) -> FileProblem | None:
        """A header where none is expected: in a file without one, or in a later file where it is another than in the first."""
        labels = next(iter(self.records[dialect_of(self.resource).delimiter]), [])
        if self.count_known(labels) < max(_FEWEST, len(labels) // 2):
            return None
        return problem("headed" if known is None else "other_header", shown=shorten(", ".join(labels), 80))

    def elsewhere(self, first: str, matched: int) -> FileProblem | None:
        """The header under another delimiter, or in another row than the dialect says."""
        dialect, width = dialect_of(self.resource), len(self.schema.fields)
        own, declared = dialect.delimiter, dialect.header_rows
        score, is_own, behind, mark = max(self.rows(own), default=(0, True, -1, own))
        row, above = -behind, "" if -behind == max(declared) else f"; its header is in row {-behind}"
        if score and re.match(r'"?sep=(.)', first, re.IGNORECASE):
            more = "" if is_own else f', and declare `"delimiter": "{_shown(mark)}"` in the dialect'
            return problem("excel_note", shown=shorten(first, 20), above=above, more=more)
        if score < max(matched + 1, min(width, max(_FEWEST, width / 2))):
            return None if matched else self.cut_otherwise()
        if not is_own:
            return self.delimited(mark, above)
        return None if row in declared else self.displaced(first, row)

    def rows(self, own: str) -> Iterator[tuple[int, bool, int, str]]:
        """The rows that may be the header, which most likely is the greatest.

        Each is the fields that it names, whether the delimiter is the declared one, its number below 0, and the delimiter.
        """
        for mark, held in self.records.items():
            for at, cells in enumerate(held, 1):
                if len(set(cells)) > 1 or len(self.schema.fields) == 1:
                    yield self.count_known(cells), mark == own, -at, mark

    def delimited(self, mark: str, above: str = "") -> FileProblem:
        """The cells are separated by another mark than the dialect says."""
        declared = dialect_of(self.resource).delimiter
        meant = _DELIMITERS.get(declared, f"`{declared}`")
        name = "delimiter" if self.header.labels is not None else "other_delimiter"
        return problem(name, used=_DELIMITERS[mark], mark=_shown(mark), declared=meant, above=above)

    def displaced(self, first: str, row: int) -> FileProblem:
        """The header is in another row than the dialect says."""
        declared = dialect_of(self.resource).header_rows
        if row < max(declared):
            return problem("header_above", row=row, declared=", ".join(map(str, declared)))
        is_comment = first.startswith(("#", "//", "%"))
        what = "a comment stands" if is_comment else "a title, a note or another header row stands"
        return problem("header_below", row=row, what=what, rows="row 1" if row == 2 else f"rows 1 to {row - 1}")

    def cut_otherwise(self) -> FileProblem | None:
        """A delimiter that cuts every record into as many cells as the schema has fields, where the declared one cuts none."""
        own, width = dialect_of(self.resource).delimiter, len(self.schema.fields)
        shapes = {mark: {len(cells) for cells in rows if cells} for mark, rows in self.records.items()}
        fitting = [mark for mark, sizes in shapes.items() if sizes == {width} and shapes[own] == {1}]
        return self.delimited(fitting[0]) if fitting and width > 1 else None

    def headless(self, labels: Sequence[str]) -> FileProblem | None:
        """The first row is one of the table's: nearly every cell fits its field, and not only because any text does."""
        if len(labels) != len(self.schema.fields):
            return None
        judged = list(zip(labels, _plans(self.schema.fields, self.schema), strict=True))
        misfits = [bool(plan.problems(label)) for label, plan in judged]
        is_telling = [plan.field.is_selective and label not in plan.missing for label, plan in judged]
        telling = list(compress(misfits, is_telling))
        if not telling or any(5 * sum(some) > len(some) for some in (misfits, telling)):
            return None
        shown = ", ".join(f"`{shorten(label, 20)}`" for label in labels[:3])
        return problem("headless", shown=shown, names=shorten(",".join(self.schema.names), 120))

    def fits(self) -> tuple[bool, bool]:
        """Where columns stand in another order than in the schema: whether the first cells fit their labels, and their places.

        Only cells whose label and place name different fields count.
        """
        schema, fits = self.schema, [True, True]
        rows = self.records[dialect_of(self.resource).delimiter][self.header.row - 1 : -1 or None]
        for at, (label, placed) in enumerate(zip(self.header.labels or (), schema.fields, strict=False)):
            if label != placed.name and label in schema.positions:
                for which, plan in enumerate(_plans((schema.field(label), placed), schema)):
                    fits[which] &= not any(plan.problems(row[at]) for row in rows if at < len(row))
        return fits[0], fits[1]


def _shown(mark: str) -> str:
    return "\\t" if mark == "\t" else mark


def _plans(fields: Iterable[Field], schema: TableSchema) -> Sequence[FieldPlan]:
    """How cells of these fields are judged."""
    return [plan_field(item, schema.missing_of(item), "") for item in fields]


def check_declared(resource: Resource, rows: int | None) -> Iterator[tuple[str, FileProblem | str | None]]:
    """What of `hash`, `bytes` and `rows` the files fulfil: each name with what is wrong, or the reason why it was not checked; no name for a file that is not there.

    Args:
        resource: Its files and what is said of them.
        rows: The rows that were read; None when the resource is no table.
    """
    missing = list(filterfalse(Path.is_file, resource.files))
    for error in map(source.no_file, missing if rows is None else ()):
        yield "", FileProblem(error.rule, error.message, error.hint)
    for name, check in (("hash", _check_hash), ("bytes", _check_bytes)):
        if resource.raw.get(name) not in {None, ""}:
            there = resource.files and not missing
            yield name, check(resource) if there else "there is no file to compare with"
    declared = resource.raw.get("rows")
    if isinstance(declared, int) and rows is not None:
        yield "rows", _compare("row-count", rows, declared)


def _check_hash(resource: Resource) -> FileProblem | str | None:
    algorithm, _, expected = resource.hash.rpartition(":")
    try:
        digest = hashlib.new(algorithm or "md5", usedforsecurity=False)
        digest.hexdigest()
    except (ValueError, TypeError):  # the second for one whose digest has no length of its own
        return f"the algorithm {algorithm!r} is not known"
    for file in resource.files:
        with file.open("rb") as stream:
            while data := stream.read(source.READ_SIZE):
                digest.update(data)
    actual = digest.hexdigest()
    is_same = actual == expected.lower()
    return _compare("hash-count", actual, actual if is_same else resource.hash)


def _check_bytes(resource: Resource) -> FileProblem | str | None:
    if resource.bytes is None:
        return f"{resource.raw['bytes']!r} is no whole number"
    size = sum(file.stat().st_size for file in resource.files)
    return _compare("byte-count", size, resource.bytes)


def _compare(name: str, actual: int | str, declared: int | str) -> FileProblem | None:
    """What is said where the descriptor says something else."""
    told, wanted = (f"{value:,}" if isinstance(value, int) else value for value in (actual, declared))
    return None if actual == declared else problem(name, actual=told, declared=wanted)
