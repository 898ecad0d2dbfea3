"""What a file is, beside its rows: what its first records show that it is in truth, and its hash, size and number of rows."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import filterfalse, islice
from pathlib import Path

from deedbook.checking.cells import FieldPlan, plan_field
from deedbook.checking.header import FileProblem, count_known
from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.findings import shorten
from deedbook.reading.inputs import dialect_of, is_foreign
from deedbook.reading.records import FileHeader
from deedbook.reading.source import READ_SIZE, no_file
from deedbook.reading.text import open_reader
from deedbook.schema import Field, TableSchema

_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", ":": "colons"}
_ENCODINGS = ("cp1252", "cp1250", "cp1251", "mac_roman")
"""What files that are not UTF-8 are mostly in, the most frequent first."""
_RECORDS = 30
"""Records among which a header is sought: titles and notes above a table are short."""
_FEWEST = 2
"""Names of fields in a row that make it a header, where the schema has more: one may be a cell by chance."""
_DISGUISES = Path(__file__).with_name("disguises.csv")
"""How files begin that are text, but no table: a pattern, the rule, what such a file is, what to do."""


def find_cause(
    header: FileHeader, known: list[str] | None, resource: Resource, schema: TableSchema
) -> FileProblem | None:
    """Why the header is not what the schema says, where one cause explains all of it; None where labels are to be judged.

    Args:
        header: What was read of the file.
        known: The labels of the first file of the table, when this is a later one.
        resource: The table.
        schema: Its schema.
    """
    if header.faults:
        return _undecodable(header, schema)
    if not schema.fields or header.labels == list(schema.names):
        return None
    dialect, text, labels = dialect_of(resource), header.head.decode("utf-8", "replace"), header.labels or []
    first = text.partition("\n")[0].rstrip("\r")
    matched = count_known(labels, schema)
    if header.labels is not None and not matched:
        for disguise in csv.DictReader(_DISGUISES.read_text("utf-8").splitlines()):
            if re.match(disguise["begins"], first, re.IGNORECASE):
                return FileProblem(disguise["rule"], disguise["message"], disguise["hint"])
    marks = dict.fromkeys((dialect.delimiter, *(() if is_foreign(resource) else _DELIMITERS)))
    records = {mark: _records(text, dialect, mark) for mark in marks}
    if not dialect.header or header.labels is None:
        return _headed_all_the_same(next(iter(records[dialect.delimiter]), []), known, schema)
    if problem := _elsewhere(first, matched, records, dialect, schema):
        return problem
    if not matched and _is_data(labels, schema):
        shown = ", ".join(f"`{shorten(label, 20)}`" for label in labels[:3])
        message = f"the first row holds data ({shown}, ...), not the names of the columns: there is no header"
        names = shorten(",".join(schema.names), 120)
        return FileProblem("dialect-error", message, f'put a header above it ({names}), or declare `"header": false`')
    return None


def _records(text: str, dialect: Dialect, delimiter: str) -> list[list[str]]:
    """The first records under another delimiter."""
    other = Dialect(delimiter=delimiter, quote_char=dialect.quote_char or '"')
    used = dialect if delimiter == dialect.delimiter else other
    try:
        return list(islice(open_reader(io.StringIO(text, newline=""), used), _RECORDS))
    except (csv.Error, ValueError):  # the second where a delimiter is the quote
        return []


def _undecodable(header: FileHeader, schema: TableSchema) -> FileProblem:
    """The encoding that makes the labels those of the schema is proposed."""
    hint = "save the file as UTF-8, or declare its `encoding`"
    line = header.head.partition(b"\n")[0]
    for name in _ENCODINGS if schema.fields else ():
        labels = next(csv.reader([line.decode(name, "replace")]), [])
        if count_known(labels, schema) == len(labels):
            hint = f'save the file as UTF-8, or declare `"encoding": "{name}"`, under which the labels are those of the schema'
            break
    bad = header.faults[0]
    message = f"the byte {bad.text} in the label of column {bad.column + 1} is not UTF-8"
    return FileProblem("encoding-error", message, hint, bad.column + 1)


def _headed_all_the_same(first: list[str], known: list[str] | None, schema: TableSchema) -> FileProblem | None:
    """A header where none is expected: in a file without one, or in a later file where it is another than in the first."""
    matched = count_known(first, schema)
    if len(first) < 2 or matched < max(2, len(first) // 2):
        return None
    shown = shorten(", ".join(first), 80)
    if known is None:
        hint = 'delete `"header": false` from the dialect, or the row'
        return FileProblem("dialect-error", f"the first row holds the names of the columns ({shown})", hint)
    hint = "give all files of the table the same header"
    return FileProblem("incorrect-label", f"the header ({shown}) is not that of the table's first file", hint)


def _elsewhere(
    first: str, matched: int, records: Mapping[str, list[list[str]]], dialect: Dialect, schema: TableSchema
) -> FileProblem | None:
    """The header under another delimiter, or in a later row."""
    places = [
        (count_known(cells, schema), mark == dialect.delimiter, -number, mark)
        for mark, rows in records.items()
        for number, cells in enumerate(rows, 1)
        if len(set(cells)) > 1 or len(schema.fields) == 1
    ]
    score, is_own, row, mark = max(places, default=(0, True, -1, dialect.delimiter))
    row, top = -row, max(dialect.header_rows, default=1)
    hinted = re.match(r'"?sep=(.)', first, re.IGNORECASE)
    is_header = score == len(schema.fields) or (score >= _FEWEST and 2 * score >= len(schema.fields))
    if not (is_header and score > matched) and not (hinted and score):
        split = _delimiter_by_shape(records, dialect, schema) if not matched else ""
        return _delimited(split, dialect) if split else None
    above = "" if row == top else f"; its header is in row {row}"
    rows = "row 1" if row == 2 else f"rows 1 to {row - 1}"
    if hinted:
        message = f"the first line `{shorten(first, 20)}` is a note for Excel, not the header{above}"
        hint = "delete the line" + ("" if is_own else f', and declare `"delimiter": "{_shown(mark)}"` in the dialect')
    elif not is_own:
        return _delimited(mark, dialect, above)
    elif row in dialect.header_rows:
        return None
    elif row < top:
        declared = ", ".join(map(str, dialect.header_rows))
        message = f"the header is in row {row}, not in row {declared} as `headerRows` says"
        hint = f'declare `"headerRows": [{row}]`'
    else:
        is_comment = first.startswith(("#", "//", "%"))
        what = "a comment stands" if is_comment else "a title, a note or another header row stands"
        message = f"the header is in row {row}: {what} above it"
        hint = f'delete {rows}, or declare `"headerRows": [{row}]` in the dialect'
    return FileProblem("dialect-error", message, hint)


def _delimiter_by_shape(records: Mapping[str, list[list[str]]], dialect: Dialect, schema: TableSchema) -> str:
    """A delimiter that cuts every record into as many cells as the schema has fields, where the declared one cuts none."""
    width = len(schema.fields)
    shapes = {mark: {len(cells) for cells in rows if cells} for mark, rows in records.items()}
    if width < 2 or shapes.pop(dialect.delimiter) != {1}:
        return ""
    return next((mark for mark, sizes in shapes.items() if sizes == {width}), "")


def _delimited(mark: str, dialect: Dialect, above: str = "") -> FileProblem:
    used, declared = _DELIMITERS[mark], _DELIMITERS.get(dialect.delimiter, f"`{dialect.delimiter}`")
    message = f"the cells are separated by {used} (`{_shown(mark)}`), not by {declared}{above}"
    hint = f'declare `"dialect": {{"delimiter": "{_shown(mark)}"}}`, or save the file with {declared}'
    return FileProblem("dialect-error", message, hint)


def _shown(mark: str) -> str:
    return "\\t" if mark == "\t" else mark


def _plans(fields: Iterable[Field], schema: TableSchema) -> Sequence[FieldPlan]:
    """How cells of these fields are judged."""
    return [plan_field(item, schema.missing_of(item), "") for item in fields]


def _is_data(labels: Sequence[str], schema: TableSchema) -> bool:
    """Whether the first row is one of the table's: nearly every cell fits its field, and not only because any text does."""
    if len(labels) != len(schema.fields):
        return False
    plans = _plans(schema.fields, schema)
    fits = [not plan.problems(label) for label, plan in zip(labels, plans, strict=True)]
    telling = [
        is_fit
        for is_fit, label, plan in zip(fits, labels, plans, strict=True)
        if label not in plan.missing and _tells(plan.field)
    ]
    return bool(telling) and all(5 * sum(some) >= 4 * len(some) for some in (telling, fits))


def _tells(item: Field) -> bool:
    """Whether not every text fits a field."""
    return item.type not in {"any", "string"} or bool(item.categories or item.constraints.keys() & {"pattern", "enum"})


def labels_fit(header: FileHeader, resource: Resource, schema: TableSchema) -> tuple[bool, bool]:
    """Where columns stand in another order than in the schema: whether the first cells fit their labels, and their places.

    Only cells whose label and place name different fields count.
    """
    text = header.head.decode("utf-8", "replace")
    rows = _records(text, dialect_of(resource), dialect_of(resource).delimiter)[header.row - 1 : -1 or None]
    labels = header.labels or []
    fits = [True, True]
    for at, (label, placed) in enumerate(zip(labels, schema.fields, strict=False)):
        if label != placed.name and label in schema.positions:
            for which, plan in enumerate(_plans((schema.field(label), placed), schema)):
                fits[which] &= not any(plan.problems(row[at]) for row in rows if at < len(row))
    return fits[0], fits[1]


_OTHER_FILE = "the file is not the one that was described: get it again, or correct the descriptor"


def check_declared(resource: Resource, rows: int | None) -> Iterator[tuple[str, FileProblem | str | None]]:
    """What of `hash`, `bytes` and `rows` the files fulfil: each name with what is wrong, or the reason why it was not checked; no name for a file that is not there.

    Args:
        resource: Its files and what is said of them.
        rows: The rows that were read; None when the resource is no table.
    """
    missing = list(filterfalse(Path.is_file, resource.files))
    for error in map(no_file, missing if rows is None else ()):
        yield "", FileProblem(error.rule, error.message, error.hint)
    for name, check in (("hash", _check_hash), ("bytes", _check_bytes)):
        if resource.raw.get(name) not in {None, ""}:
            there = resource.files and not missing
            yield name, check(resource) if there else "there is no file to compare with"
    declared = resource.raw.get("rows")
    if isinstance(declared, int) and rows is not None:
        message = f"there are {rows:,} rows, the descriptor says {declared:,}"
        yield "rows", FileProblem("row-count", message, _OTHER_FILE) if rows != declared else None


def _check_hash(resource: Resource) -> FileProblem | str | None:
    algorithm, _, expected = resource.hash.rpartition(":")
    try:
        digest = hashlib.new(algorithm or "md5", usedforsecurity=False)
        digest.hexdigest()
    except (ValueError, TypeError):  # the second for one whose digest has no length of its own
        return f"the algorithm {algorithm!r} is not known"
    for file in resource.files:
        with file.open("rb") as stream:
            while data := stream.read(READ_SIZE):
                digest.update(data)
    actual = digest.hexdigest()
    message = f"the hash is {actual}, the descriptor says {resource.hash}"
    return None if actual == expected.lower() else FileProblem("hash-count", message, _OTHER_FILE)


def _check_bytes(resource: Resource) -> FileProblem | str | None:
    if resource.bytes is None:
        return f"{resource.raw['bytes']!r} is no whole number"
    size = sum(file.stat().st_size for file in resource.files)
    message = f"the size is {size:,} bytes, the descriptor says {resource.bytes:,}"
    return None if size == resource.bytes else FileProblem("byte-count", message, _OTHER_FILE)
