"""Which column of a file is which field, after `fieldsMatch`, and what is wrong with the labels."""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
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

    Args:
        labels: None when the file has no header: fields are taken in their order.
        schema: Its fields and `fieldsMatch`; a schema without fields describes no column.
        width: The number of cells in the first record, which counts when there are no labels.
        fits: Tells of columns in another order whether the first cells fit their labels, and whether they fit their places.
    """
    if labels is None:
        nth = dict(enumerate(schema.fields, 1))
        return Header(tuple(Column(at, "", nth.get(at)) for at in range(1, max(width, len(nth)) + 1)))
    if not "".join(labels).strip():
        return Header((), (problem("blank-header"),))
    held = _Labels(labels, schema)
    return Header(held.columns, tuple(held.problems(fits)))


@dataclass(frozen=True)
class _Labels:
    """The labels of a file, held against a schema."""

    labels: Sequence[str]
    schema: TableSchema

    @cached_property
    def places(self) -> Sequence[Field]:
        """The fields that have to stand in these places; none where each label is held against the field of its name."""
        is_by_name = self.schema.fields_match != "exact" or sorted(self.labels) == sorted(self.schema.names)
        return () if is_by_name else self.schema.fields

    @cached_property
    def faults(self) -> Mapping[int, FileProblem]:
        """What is wrong with labels whatever the schema says, by their columns: they are blank, or repeated."""
        first: dict[str, int] = {}
        found = {}
        for number, label in enumerate(self.labels[: len(self.places) or None], 1):
            if not label.strip():
                found[number] = problem("blank-label", number, label)
            elif label in first:
                found[number] = problem("duplicate-label", number, label, first=first[label])
            first.setdefault(label, number)
        return found

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Each with its field."""
        known, expected = {item.name: item for item in self.schema.fields}, [item.name for item in self.places]
        pairs = enumerate(zip(self.labels, expected or self.labels, strict=False), 1)
        right = {at for at, (label, name) in pairs if label == name} - self.faults.keys()
        numbered = enumerate(self.labels, 1)
        return tuple(Column(at, label, known.get(label) if at in right else None) for at, label in numbered)

    @cached_property
    def meant(self) -> Mapping[str, Field]:
        """For labels that are no field, the field that each means: the same but for case and spaces, or else nearly the same."""
        held = set(self.labels)
        free = {fold(item.name): item for item in self.schema.fields if item.name not in held}
        unknown = [label for label in dict.fromkeys(self.labels) if label not in self.schema.positions]
        found = {label: free.pop(fold(label)) for label in unknown if fold(label) in free}
        for label in unknown:
            near = difflib.get_close_matches(fold(label), free, n=1, cutoff=0.75) if label not in found else ()
            found.update((label, free.pop(name)) for name in near)
        return found

    @cached_property
    def claimed(self) -> frozenset[str]:
        """The fields that labels are, or mean."""
        return frozenset(self.labels) | {item.name for item in self.meant.values()}

    def problems(self, fits: Callable[[], tuple[bool, bool]]) -> Iterator[FileProblem]:
        """What is wrong with them; where only their order is, the hint asks first whether the data moved with their labels."""
        yield from self.faults.values()
        if not self.schema.fields:
            return
        pairs = enumerate(zip(self.labels, self.schema.names, strict=False), 1)
        moved = next(((at, *pair) for at, pair in pairs if len(set(pair)) > 1), None)
        if self.schema.fields_match == "exact" and not self.places and moved:
            is_labelled, is_placed = fits()
            kind = "columns_moved" if is_labelled else "labels_moved"
            yield problem("other_order" if is_labelled == is_placed else kind, *moved)
        if self.schema.fields_match in _CLOSED:
            yield from self.wrong()
        yield from self.missing()

    def wrong(self) -> Iterator[FileProblem]:
        """Columns whose labels are no field, or not that of the field in their place."""
        pairs: Iterator[tuple[Column, Field | None]] = zip_longest(self.columns, self.places[: len(self.columns)])
        for column, placed in pairs:
            if not column.field and column.number not in self.faults:
                label, item = column.label, self.meant.get(column.label, placed)
                meant, home = item.name if item else None, self.schema.positions.get(label, 0) + 1
                field = meant if placed else None
                yield problem(self.kind_of(label, placed), column.number, label, field, meant=meant, home=home)

    def kind_of(self, label: str, placed: Field | None) -> str:
        """What is said of a label that is no field, or not that in its place, which another may claim."""
        if placed is None:
            is_meant = label in self.meant and not self.places
            return "renamed_column" if is_meant else "unknown_column" if label.strip() else "nameless_column"
        if label in self.schema.positions:
            return "moved_label"
        is_free = label in self.meant or placed.name not in self.claimed
        return "renamed_label" if is_free else "unknown_label"

    def missing(self) -> Iterator[FileProblem]:
        """Fields that have to be there and are not, which another label may mean where columns that are no field may stand."""
        schema, held = self.schema, set(self.labels)
        if schema.fields_match == "partial" and held.isdisjoint(schema.names):
            yield problem("unmatched-header")
        absent = self.places[len(self.labels) :]
        if not self.places:
            absent = [item for item in schema.demanded if item.name not in held]
        open_ = self.meant if schema.fields_match not in _CLOSED else {}
        similar = {item.name: label for label, item in open_.items()}
        for number, item in enumerate(absent, len(self.labels) + 1):
            kind = "missing_renamed" if item.name in similar else "missing-label"
            yield problem(kind, number, None, item.name, similar=shorten(similar.get(item.name, "")))
