"""The header: which column of the file is which field, after `fieldsMatch`."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from deedbook.findings import shorten
from deedbook.schema import Field, TableSchema


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
