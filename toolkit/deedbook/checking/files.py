"""What a file is, beside its rows: which column is which field, after `fieldsMatch`; where the first records show that it is
something else, what; and its hash, size and number of rows.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import filterfalse, islice
from pathlib import Path

from deedbook.checking.cells import FieldPlan, plan_field
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


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file.

    Attributes:
        number: 1-based position in the file.
        label: What the header calls it.
        field: The field that describes it; None for a column that no field describes or whose label is wrong.
    """

    number: int
    label: str
    field: Field | None

    @property
    def name(self) -> str:
        """The field's name, or one that no field has."""
        return self.field.name if self.field else f"\0{self.number}"

    @property
    def title(self) -> str:
        """What people call it: the name of its field, or else its label."""
        return self.field.name if self.field else self.label


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with the file as a whole, or with its header at one column."""

    rule: str
    message: str
    hint: str = ""
    number: int | None = None
    label: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of the file in order and what is wrong with their labels."""

    columns: tuple[Column, ...]
    problems: tuple[FileProblem, ...] = ()


def fold(label: str) -> str:
    """A label without what people and programs change in it: case, spaces, `_` and `-`, a byte-order mark."""
    return re.sub(r"[\s_\-.\u200b\ufeff]+", "", unicodedata.normalize("NFKC", label).casefold())


def count_known(labels: Iterable[str], schema: TableSchema) -> int:
    """How many labels are a field of the schema, but for case and spaces."""
    return len({fold(label) for label in labels} & _folded(schema.names))


@lru_cache(8)
def _folded(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, names)) - {""}


def match_header(
    labels: Sequence[str] | None,
    schema: TableSchema,
    width: int,
    fits: Callable[[], tuple[bool, bool]] = lambda: (True, True),
) -> Header:
    """The columns for the labels of a file.

    Args:
        labels: None when the file has no header: fields are taken in their order.
        schema: Its fields and `fieldsMatch`; a schema without fields describes no column.
        width: The number of cells in the first record, which counts when there are no labels.
        fits: Tells of columns in another order whether the first cells fit their labels, and whether they fit their places.
    """
    fields = schema.fields
    if labels is None:
        count = max(width, len(fields))
        nth = dict(enumerate(fields, 1))
        return Header(tuple(Column(number, "", nth.get(number)) for number in range(1, count + 1)))
    if not "".join(labels).strip():
        return Header((), (FileProblem("blank-header", "the header is blank", "name the columns in the first row"),))
    if not fields:
        unnamed = tuple(Column(number, label, None) for number, label in enumerate(labels, 1))
        return Header(unnamed, tuple(_label_faults(labels)))
    return _match(labels, schema, fits)


def _label_faults(labels: Sequence[str]) -> Iterator[FileProblem]:
    first: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        if not label.strip():
            yield FileProblem("blank-label", f"column {number} has no name", "name it in the header", number, label)
        elif label in first:
            message = f"column {number} is named `{shorten(label)}` like column {first[label]}"
            yield FileProblem("duplicate-label", message, "rename one", number, label)
        first.setdefault(label, number)


def _extra(number: int, label: str, meant: Field | None = None) -> FileProblem:
    if not label.strip():
        message = f"column {number} has no name and is in no field of the schema"
        return FileProblem("extra-label", message, "remove it: rows may end in a comma too many", number, label)
    message = f"column {number} (`{shorten(label)}`) is in no field of the schema"
    hint = f"rename it to `{meant.name}`" if meant else "remove it or describe it"
    return FileProblem("extra-label", message, hint, number, label)


def _missing(number: int, field: Field, similar: str | None = None) -> FileProblem:
    hint = (
        f"the column `{shorten(similar)}` may be meant: rename it to `{field.name}`"
        if similar
        else "add it to the file"
    )
    return FileProblem("missing-label", f"the column `{field.name}` is missing", hint, number, None, field.name)


def _meant(labels: Sequence[str], schema: TableSchema) -> dict[str, Field]:
    """For labels that are no field, the field that each means: the same but for case and spaces, or else nearly the same."""
    held = set(labels)
    free = {fold(item.name): item for item in schema.fields if item.name not in held}
    unknown = [label for label in dict.fromkeys(labels) if label not in schema.positions]
    found = {label: free.pop(fold(label)) for label in unknown if fold(label) in free}
    for label in unknown:
        near = difflib.get_close_matches(fold(label), free, n=1, cutoff=0.75) if label not in found else ()
        found.update((label, free.pop(name)) for name in near)
    return found


def _match(labels: Sequence[str], schema: TableSchema, fits: Callable[[], tuple[bool, bool]]) -> Header:
    """Each label against the field of its name; where all fields have to be there in their order and are not, against that in its place."""
    fields, match = schema.fields, schema.fields_match
    by_place = match == "exact" and sorted(labels) != sorted(schema.names)
    problems = list(_label_faults(labels[: len(fields)] if by_place else labels))
    faulty = {problem.number for problem in problems}
    if match == "exact" and not by_place and tuple(labels) != schema.names:
        problems.append(_other_order(labels, schema, *fits()))
    known = {item.name: item for item in fields}
    meant, held = _meant(labels, schema), set(labels)
    claimed = held.union(item.name for item in meant.values())
    columns = []
    for number, label in enumerate(labels, 1):
        placed = fields[number - 1] if by_place and number <= len(fields) else None
        item = None if number in faulty else known.get(label)
        item = item if item is placed or not by_place else None
        columns.append(Column(number, label, item))
        if item or number in faulty:
            continue
        if placed:
            problems.append(_incorrect(number, label, placed, meant.get(label), schema, placed.name in claimed))
        elif match in {"exact", "equal", "superset"}:
            problems.append(_extra(number, label, None if by_place else meant.get(label)))
    if match == "partial" and not any(column.field for column in columns):
        problem = "no column of the file is a field of the schema"
        problems.append(FileProblem("unmatched-header", problem, "correct the header"))
    absent = fields[len(labels) :] if by_place else [item for item in fields if item.name not in held]
    if match in {"superset", "partial"}:
        absent = [item for item in absent if item.required or item.name in schema.primary_key]
    similar = {item.name: label for label, item in meant.items()} if match in {"subset", "partial"} else {}
    problems += [_missing(number, item, similar.get(item.name)) for number, item in enumerate(absent, len(labels) + 1)]
    return Header(tuple(columns), tuple(problems))


def _incorrect(
    number: int, label: str, placed: Field, meant: Field | None, schema: TableSchema, is_claimed: bool
) -> FileProblem:
    """A label that is not that of the field in its place, which another label may claim; what it means is sought by its name first."""
    item = meant or placed
    hint = f"rename it to `{item.name}`" if meant or not is_claimed else "remove it or describe it"
    if label in schema.positions:  # a field, but not this one
        hint = f"`{label}` belongs in column {schema.positions[label] + 1}: move the column"
    message = f"column {number} is named `{shorten(label)}`, the schema says `{item.name}`"
    return FileProblem("incorrect-label", message, hint, number, label, item.name)


def _other_order(labels: Sequence[str], schema: TableSchema, is_labelled: bool, is_placed: bool) -> FileProblem:
    """The columns stand in another order; the hint asks first whether the data moved with their labels."""
    number = next(at for at, (label, name) in enumerate(zip(labels, schema.names, strict=True), 1) if label != name)
    message = f"the columns stand in another order than in the schema, from column {number} on"
    hints = {
        (True, False): "run `deedbook fmt`: the values fit their labels",
        (
            False,
            True,
        ): "only the header is in another order, the values fit the places of the schema: correct the header",
    }
    unsure = "see whether the values stand under their own labels: if so, run `deedbook fmt`, else correct the header"
    hint = hints.get((is_labelled, is_placed), unsure)
    return FileProblem("incorrect-label", message, hint, number, labels[number - 1], schema.names[number - 1])


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
