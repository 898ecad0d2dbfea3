"""Which column of a file is which field, after `fieldsMatch`, and what is wrong with the labels."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deedbook.findings import shorten
from deedbook.schema import Field, TableSchema

WORDS = tomllib.loads(Path(__file__).with_name("files.toml").read_text("utf-8"))
_CLOSED = frozenset({"exact", "equal", "superset"})
"""Forms of `fieldsMatch` in which every column has to be a field."""


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


def problem(
    name: str, number: int | None = None, label: str | None = None, field: str | None = None, **values: Any
) -> FileProblem:
    """A problem in the words of `files.toml`, which `values` fill in."""
    words, values = WORDS[name], {"number": number, "label": label, "field": field, **values}
    message, hint = (words[part].format_map({"shown": shorten(label or ""), **values}) for part in ("message", "hint"))
    return FileProblem(words.get("rule", name), message, hint, number, label, field)


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of the file in order and what is wrong with their labels."""

    columns: tuple[Column, ...]
    problems: tuple[FileProblem, ...] = ()


def fold(label: str) -> str:
    """A label without what people and programs change in it: case, spaces, `_` and `-`, a byte-order mark."""
    return re.sub(r"[\s_\-.\u200b\ufeff]+", "", unicodedata.normalize("NFKC", label).casefold())


def match_header(
    labels: Sequence[str] | None,
    schema: TableSchema,
    width: int,
    fits: Callable[[], tuple[bool, bool]] = lambda: (True, True),
) -> Header:
    """The columns for the labels of a file.

    Each label is held against the field of its name; where all fields have to be there in their order and are not, against that
    in its place.

    Args:
        labels: None when the file has no header: fields are taken in their order.
        schema: Its fields and `fieldsMatch`; a schema without fields describes no column.
        width: The number of cells in the first record, which counts when there are no labels.
        fits: Tells of columns in another order whether the first cells fit their labels, and whether they fit their places.
    """
    fields, names = schema.fields, schema.names
    if labels is None:
        nth = dict(enumerate(fields, 1))
        return Header(tuple(Column(at, "", nth.get(at)) for at in range(1, max(width, len(fields)) + 1)))
    if not "".join(labels).strip():
        return Header((), (problem("blank-header"),))
    by_place = schema.fields_match == "exact" and bool(fields) and sorted(labels) != sorted(names)
    problems = list(_label_faults(labels[: len(fields)] if by_place else labels))
    faulty, known = {item.number for item in problems}, dict(zip(names, fields, strict=True))
    expected = dict(enumerate(names if by_place else labels, 1))
    columns = []
    for at, label in enumerate(labels, 1):
        is_right = expected.get(at) == label and at not in faulty
        columns.append(Column(at, label, known.get(label) if is_right else None))
    if fields:
        if schema.fields_match == "exact" and not by_place and tuple(labels) != names:
            problems.append(_other_order(labels, names, *fits()))
        meant, places = _meant(labels, schema), fields if by_place else ()
        if schema.fields_match in _CLOSED:
            wrong = [at for at, column in enumerate(columns, 1) if not column.field and at not in faulty]
            problems += _wrong_labels(wrong, labels, schema, meant, places)
        held = set(labels)
        absent = fields[len(labels) :] if by_place else [item for item in schema.demanded if item.name not in held]
        problems += _missing_labels(labels, absent, schema, meant)
    return Header(tuple(columns), tuple(problems))


def _label_faults(labels: Sequence[str]) -> Iterator[FileProblem]:
    first: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        if not label.strip():
            yield problem("blank-label", number, label)
        elif label in first:
            yield problem("duplicate-label", number, label, first=first[label])
        first.setdefault(label, number)


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


def _wrong_labels(
    numbers: Sequence[int],
    labels: Sequence[str],
    schema: TableSchema,
    meant: Mapping[str, Field],
    places: Sequence[Field],
) -> Iterator[FileProblem]:
    """Columns whose labels are no field, or not that of the field in their place, which another may claim."""
    claimed = {*labels, *(item.name for item in meant.values())}
    for number in numbers:
        label, placed = labels[number - 1], places[number - 1] if number <= len(places) else None
        item = meant.get(label, placed)  # what the label means is sought by its name first
        name = item.name if item else None
        if placed:
            is_free = label in meant or placed.name not in claimed
            kind = "moved_label" if label in schema.positions else "renamed_label" if is_free else "unknown_label"
            yield problem(kind, number, label, name, meant=name, home=schema.positions.get(label, 0) + 1)
        else:
            is_meant = item is not None and not places
            kind = "renamed_column" if is_meant else "unknown_column" if label.strip() else "nameless_column"
            yield problem(kind, number, label, meant=name)


def _missing_labels(
    labels: Sequence[str], absent: Sequence[Field], schema: TableSchema, meant: Mapping[str, Field]
) -> Iterator[FileProblem]:
    """Fields that have to be there and are not, which another label may mean where columns that are no field may stand."""
    if schema.fields_match == "partial" and set(labels).isdisjoint(schema.names):
        yield problem("unmatched-header")
    is_open = schema.fields_match not in _CLOSED
    similar = {item.name: label for label, item in meant.items() if is_open}
    for number, name in enumerate((item.name for item in absent), len(labels) + 1):
        kind = "missing_renamed" if name in similar else "missing-label"
        yield problem(kind, number, None, name, similar=shorten(similar.get(name, "")))


def _other_order(labels: Sequence[str], names: Sequence[str], is_labelled: bool, is_placed: bool) -> FileProblem:
    """The columns stand in another order; the hint asks first whether the data moved with their labels."""
    number = next(at for at, (label, name) in enumerate(zip(labels, names, strict=True), 1) if label != name)
    moved = "columns_moved" if is_labelled else "labels_moved"
    return problem(moved if is_labelled != is_placed else "other_order", number, labels[number - 1], names[number - 1])
