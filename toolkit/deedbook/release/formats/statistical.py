"""What Stata and SPSS have in common: short names, labels, numbers as doubles, no missing text, a first and a last day.

A table becomes columns that such a program can hold. What it cannot hold as what it is becomes text and is named; the text of
a cell is that of the canonical CSV. A field of text with labelled codes keeps its codes and is followed by a copy of whole
numbers that carry the labels (`kind`, `kind_label`): neither program can label long text. The numbers are places in the code
list of this release, so scripts select by code.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.tables import Limit, Table, non_finite_columns, text_of
from deedbook.schema import Field

LARGEST_EXACT = 2**53
LABELS_OF_BOOLEANS = {0: "false", 1: "true"}
_SUFFIX = "_label"
_MILLISECOND = 1000
_ODD = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a program's files can hold.

    Attributes:
        longest_text: In bytes of UTF-8.
        longest_name: In characters; names are letters, digits and underscores.
        reserved: Names that no variable may have.
        folds_case: Whether names that differ only in case are the same.
        pads_text: Whether white space at the end of a text is lost.
        longest_title: What a column is, in bytes of UTF-8.
        longest_label: What a code is called, in bytes of UTF-8.
    """

    format: str
    first_day: dt.date
    last_day: dt.date
    longest_text: int
    longest_name: int
    reserved: frozenset[str]
    folds_case: bool
    pads_text: bool
    largest_number: float
    longest_title: int
    longest_label: int


@dataclass(frozen=True, slots=True)
class Column:
    """One variable of the file.

    Attributes:
        name: As the program allows it.
        title: What it is, for people; empty when the schema does not say.
        values: Int64, Float64, Date, Datetime, or String without nulls.
        labels: Whole numbers of the column with their labels.
    """

    name: str
    title: str
    values: pl.Series
    labels: Mapping[int, str] = field(default_factory=dict)


def columns_for(table: Table, program: Program) -> tuple[tuple[Column, ...], tuple[Limit, ...]]:
    """The table as variables of the program, and what could not be kept as it is."""
    special = non_finite_columns(table.rows)
    texts: list[str] = []
    columns: list[Column] = []
    for item in table.schema.fields:
        values = table.rows.get_column(item.name)
        found = _without_loss(item.name, values, item.name in special, program)
        if found is None:
            texts.append(f"`{item.name}` is left out: it has texts of more than {program.longest_text:,} bytes")
            continue
        held, notes = found
        texts += notes
        described = _labelled(item, held)
        texts += _cut_descriptions(described, program)
        columns += described
    names = _fit_names([column.name for column in columns], program)
    texts += [
        f"`{column.name}` is called `{name}`"
        for column, name in zip(columns, names, strict=True)
        if column.name != name
    ]
    renamed = [
        Column(name, column.title, column.values, column.labels) for column, name in zip(columns, names, strict=True)
    ]
    return tuple(renamed), tuple(Limit(program.format, table.name, text) for text in texts)


def file_label(edition: Edition, table: Table, longest: int) -> str:
    """Dataset, version and table in at most `longest` bytes; the version is always whole."""
    end = f" {edition.version} {table.name}"
    if len(end) > longest - 8:
        end = f" {edition.version}"
    return cut(edition.name, max(longest - len(end.encode()), 0)) + cut(end, longest)


def cut(text: str, longest: int) -> str:
    """The text on one line in at most `longest` bytes, with an ellipsis where something is missing."""
    line = " ".join(text.split()) if "\n" in text or "\r" in text else text
    if len(line.encode()) <= longest:
        return line
    return line.encode()[: max(longest - 3, 0)].decode("utf-8", "ignore").rstrip() + "…" if longest > 2 else ""


def _without_loss(
    name: str, values: pl.Series, is_special: bool, program: Program
) -> tuple[pl.Series, tuple[str, ...]] | None:
    """The values as the program can hold them, and what must be said about them; None when it cannot."""
    notes: list[str] = []
    reason = "NaN or infinity" if is_special else _reason_for_text(values, program)
    if reason:
        notes.append(f"`{name}` is text ({reason})")
    if reason or isinstance(values.dtype, pl.String):
        values = values.to_frame().select(text_of(name, values.dtype)).to_series()
        if (values.str.len_bytes() > program.longest_text).any():
            return None
        notes += [f"`{name}` {note}" for note in _losses(values, program)]
        values = values.fill_null("")
    elif values.dtype == pl.Boolean:
        values = values.cast(pl.Int64)
    return values, tuple(notes)


def _losses(texts: pl.Series, program: Program) -> Iterable[str]:
    """What a text column loses."""
    if (texts == "").any():
        yield "holds empty texts, which cannot be told from missing ones"
    if texts.str.contains("\x00", literal=True).any():
        yield "holds the character U+0000, where a text ends"
    if program.pads_text and texts.str.ends_with(" ").any():
        yield "loses the spaces at the end of its texts"


def _reason_for_text(values: pl.Series, program: Program) -> str:
    """Why a column cannot be what it is; empty when it can."""
    if values.null_count() == len(values):
        return ""
    if isinstance(values.dtype, pl.Date | pl.Datetime):
        days = values.cast(pl.Date)
        if not days.is_between(program.first_day, program.last_day).all():
            return f"days before {program.first_day} or after {program.last_day}"
        is_fine = isinstance(values.dtype, pl.Datetime) and (values.dt.epoch("us") % _MILLISECOND != 0).any()
        return "fractions below a millisecond" if is_fine else ""
    if values.dtype.is_integer() and ((values > LARGEST_EXACT) | (values < -LARGEST_EXACT)).any():
        return "numbers beyond 2^53"
    if values.dtype.is_float() and (values.abs() > program.largest_number).any():
        return f"numbers beyond {program.largest_number:.2g}"
    return ""


def _labelled(item: Field, values: pl.Series) -> list[Column]:
    """A field as one variable, or two where its codes have labels and are text."""
    title = item.title or item.name
    if item.type == "boolean" and values.dtype == pl.Int64:
        return [Column(item.name, title, values, LABELS_OF_BOOLEANS)]
    if values.dtype == pl.Int64:
        labels = {label.value: label.label for label in item.categories if isinstance(label.value, int) and label.label}
        return [
            Column(item.name, title, values, {number: text for number, text in labels.items() if _is_small(number)})
        ]
    plain = Column(item.name, title, values)
    if not isinstance(values.dtype, pl.String) or not any(label.label for label in item.categories):
        return [plain]
    places = {str(label.value): place for place, label in enumerate(item.categories, start=1)}
    numbers = values.replace_strict(list(places), list(places.values()), default=None, return_dtype=pl.Int64)
    labels = {place: label.label or str(label.value) for place, label in enumerate(item.categories, start=1)}
    return [plain, Column(f"{item.name}{_SUFFIX}", f"{title} (label)", numbers, labels)]


def _cut_descriptions(columns: Sequence[Column], program: Program) -> Iterable[str]:
    """Which titles and labels of a field are cut; a title that is cut twice is told once."""
    if any(cut(column.title, program.longest_title) != column.title for column in columns):
        yield f"the title of `{columns[0].name}` is cut or put on one line ({program.longest_title} bytes)"
    for column in columns:
        count = sum(cut(text, program.longest_label) != text for text in column.labels.values())
        if count:
            yield f"{count} labels of `{column.name}` are cut or put on one line ({program.longest_label:,} bytes)"


def _is_small(number: int) -> bool:
    return abs(number) < 2**31 - 28


def _fit_names(names: Sequence[str], program: Program) -> list[str]:
    """The names as the program allows them, each once."""
    used = {_folded(name, program) for name in names if _is_allowed(name, program)}
    fitted, taken = [], set[str]()
    for name in names:
        candidate, number = name, 1
        if not _is_allowed(name, program) or _folded(name, program) in taken:
            base = _ODD.sub("_", name)
            base = base if base[:1].isalpha() else f"v{base}"
            candidate = base[: program.longest_name].rstrip("_") or "v"
            while not _is_allowed(candidate, program) or _folded(candidate, program) in used | taken:
                number += 1
                candidate = f"{base[: program.longest_name - len(str(number)) - 1].rstrip('_')}_{number}"
        taken.add(_folded(candidate, program))
        fitted.append(candidate)
    return fitted


def _is_allowed(name: str, program: Program) -> bool:
    is_plain = not _ODD.search(name) and name[:1].isalpha() and not name.endswith("_")
    return is_plain and len(name) <= program.longest_name and _folded(name, program) not in program.reserved


def _folded(name: str, program: Program) -> str:
    return name.lower() if program.folds_case else name
