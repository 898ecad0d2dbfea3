"""What Stata and SPSS have in common: short names, labels, numbers as doubles, no missing text, a first and a last day.

A table becomes columns that such a program can hold. What it cannot hold as what it is becomes text and is named; the text of
a cell is that of the canonical CSV. A field of text with labelled codes keeps its codes and is followed by a copy of whole
numbers that carry the labels (`kind`, `kind_label`): neither program can label long text. The numbers are places in the code
list of this release, so scripts select by code.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats.columns import Capacity, fitted_names
from deedbook.release.formats.comparison import LeftOutError, Pair, demand_columns, narrowed, unlike_height
from deedbook.release.tables import Limit, Table
from deedbook.schema import Field

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""As both programs write them in a time stamp, whatever the locale."""
MILLISECONDS_OF_DAY = 86_400_000
TEXTS = {
    "^$": "holds empty texts, which cannot be told from missing ones",
    "\x00": "holds the character U+0000, where a text ends",
}
"""What neither can hold of a text."""
_SUFFIX = "_label"
_FEWEST_ROWS = 100_000
_MOST_PASSES = 10
"""Parts of a file that is read: each is found by reading all that stands before it."""
_LARGEST_LABELLED = 2**31 - 28
"""Value labels are of Stata's `long`, whose greatest numbers stand for missing values."""
_ODD = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a program's files can hold.

    Attributes:
        longest_text: In bytes of UTF-8.
        longest_name: In characters; names are letters, digits and underscores.
        reserved: Names that no variable may have.
        folds_case: Whether names that differ only in case are the same.
        longest_title: What a column is, in bytes of UTF-8.
        longest_label: What a code is called, in bytes of UTF-8.
        most_columns: Variables of a file.
        epoch: The day from which days and moments count.
        day: Milliseconds in the unit of days; `moment` those in the unit of moments.
        reader: What reads its files in pyreadstat.
    """

    capacity: Capacity
    longest_text: int
    longest_name: int
    reserved: frozenset[str]
    folds_case: bool
    longest_title: int
    longest_label: int
    most_columns: int
    epoch: dt.date
    day: int
    moment: int
    reader: str

    @property
    def before_1970(self) -> int:
        """Milliseconds from its epoch to that of everybody else."""
        return (dt.date(1970, 1, 1) - self.epoch).days * MILLISECONDS_OF_DAY

    def folded(self, name: str) -> str:
        """The name as the program compares it with others."""
        return name.lower() if self.folds_case else name

    def allows(self, name: str) -> bool:
        """Whether a variable may have that name."""
        is_plain = not _ODD.search(name) and name[:1].isalpha() and not name.endswith("_")
        return is_plain and len(name) <= self.longest_name and self.folded(name) not in self.reserved

    def shortened(self, name: str, longest: int) -> str:
        """The name in letters, digits and underscores."""
        plain = _ODD.sub("_", name)
        return (plain if plain[:1].isalpha() else f"v{plain}")[:longest].rstrip("_")


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
    labels: dict[int | float, str] = field(default_factory=dict)

    @property
    def measure(self) -> str:
        """Whether its values are amounts or moments, or codes or texts."""
        return "nominal" if self.labels or self.values.dtype == pl.String else "scale"

    def cut(self, program: Program) -> Column:
        """The same, with title and labels as long as the program allows them."""
        labels = {number: cut(text, program.longest_label) for number, text in self.labels.items()}
        return replace(self, title=cut(self.title, program.longest_title), labels=labels)


def columns_for(table: Table, program: Program) -> tuple[tuple[Column, ...], tuple[Limit, ...]]:
    """The table as variables of the program, and what could not be kept as it is."""
    texts: list[str] = []
    columns: list[Column] = []
    for item in table.schema.fields:
        held, notes = _without_loss(table.rows.get_column(item.name), program)
        texts += [f"`{item.name}` {note}" for note in notes]
        if held is not None:
            described = _labelled(item, held)
            cut_down = [column.cut(program) for column in described]
            texts += _cuts(described, cut_down, program)
            columns += cut_down
    names = [column.name for column in columns]
    fitted = fitted_names(names, program.longest_name, program.allows, program.shortened, program.folded)
    pairs = list(zip(columns, fitted, strict=True))
    texts += [f"`{column.name}` is called `{name}`" for column, name in pairs if column.name != name]
    return tuple(replace(column, name=name) for column, name in pairs), program.capacity.limits(table, *texts)


def read_pairs(table: Table, path: Path, program: Program) -> Iterator[Pair]:
    """The variables of a file beside what they should be, some ten thousand rows at a time.

    Raises:
        UnlikeError: when there are other variables, or more or fewer rows.
        LeftOutError: when the program cannot hold the table.
    """
    import pyreadstat

    columns, _ = columns_for(table, program)
    if not 0 < len(columns) <= program.most_columns:
        raise LeftOutError(f"it has {len(columns)} columns")
    height = table.rows.height
    size = max(_FEWEST_ROWS, -(-height // _MOST_PASSES))
    for start in range(0, height + 1, size):  # beyond the last row too, to find more of them
        part, _ = getattr(pyreadstat, program.reader)(
            str(path),
            disable_datetime_conversion=True,
            user_missing=True,
            output_format="dict",
            row_offset=start,
            row_limit=size,
        )
        demand_columns(list(part), [column.name for column in columns])
        found_rows = len(part[columns[0].name])
        if found_rows != min(size, height - start):
            raise unlike_height(start + found_rows, height)
        for position, column in enumerate(columns):
            expected, dtype = column.values.slice(start, size), column.values.dtype
            if isinstance(dtype, pl.String):  # an empty text is there no other than a missing one
                texts = pl.Series(part[column.name], dtype=pl.String, strict=False).fill_null("")
                expected, found = (values.str.strip_chars_end(" ") for values in (expected, texts))
            else:
                found = pl.Series(part[column.name], dtype=pl.Float64, strict=False).fill_nan(None)
                if dtype.is_temporal():
                    unit = program.day if dtype == pl.Date else program.moment
                    found = (found * unit - program.before_1970).round().cast(pl.Int64).cast(pl.Datetime("ms"))
                    expected = expected.cast(pl.Datetime("ms"))
                found = narrowed(found, dtype)
            yield Pair(column.name, expected, found, start, position)


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


def _without_loss(values: pl.Series, program: Program) -> tuple[pl.Series | None, list[str]]:
    """The values as the program can hold them, None when it cannot, and what must be said about them."""
    held, notes = program.capacity.held(values)
    if held.dtype != pl.String:
        return held.cast(pl.Int64) if held.dtype == pl.Boolean else held, notes
    if (held.str.len_bytes() > program.longest_text).any():
        return None, [f"is left out: it has texts of more than {program.longest_text:,} bytes"]
    return held.fill_null(""), notes


def _labelled(item: Field, values: pl.Series) -> list[Column]:
    """A field as one variable, or two where its codes have labels and are text."""
    title, codes = item.title or item.name, item.categories
    if values.dtype == pl.Int64:
        return [Column(item.name, title, values, _labels_of_numbers(item))]
    columns = [Column(item.name, title, values)]
    if values.dtype == pl.String and any(code.label for code in codes):
        labels: dict[int | float, str] = {place: code.label or str(code.value) for place, code in enumerate(codes, 1)}
        texts = [str(code.value) for code in codes]
        numbers = values.replace_strict(texts, [*labels], default=None, return_dtype=pl.Int64)
        columns.append(Column(f"{item.name}{_SUFFIX}", f"{title} (label)", numbers, labels))
    return columns


def _labels_of_numbers(item: Field) -> dict[int | float, str]:
    labels: dict[int | float, str] = {0: "false", 1: "true"} if item.type == "boolean" else {}
    for code in item.categories:
        if code.label and isinstance(code.value, int) and abs(code.value) < _LARGEST_LABELLED:
            labels.setdefault(code.value, code.label)
    return labels


def _cuts(whole: Sequence[Column], cut_down: Sequence[Column], program: Program) -> Iterable[str]:
    """Which titles and labels of a field are cut; a title that is cut twice is told once."""
    if any(one.title != other.title for one, other in zip(whole, cut_down, strict=True)):
        yield f"the title of `{whole[0].name}` is cut or put on one line ({program.longest_title} bytes)"
    for one, other in zip(whole, cut_down, strict=True):
        if count := sum(text != other.labels[number] for number, text in one.labels.items()):
            yield f"{count} labels of `{one.name}` are cut or put on one line ({program.longest_label:,} bytes)"
