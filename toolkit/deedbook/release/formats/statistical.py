"""What Stata and SPSS have in common: short names, labels, numbers as doubles, no missing text, a first and a last day.

A table becomes columns that such a program can hold. What it cannot hold as what it is becomes text and is named; the text of
a cell is that of the canonical CSV. A field of text with labelled codes keeps its codes and is followed by a copy of whole
numbers that carry the labels (`kind`, `kind_label`): neither program can label long text. The numbers are places in the code
list of this release, so scripts select by code.
"""

import datetime as dt
import math
import re
import struct
import tomllib
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import polars as pl

from deedbook.release.edition import Edition
from deedbook.release.formats import cells
from deedbook.release.formats.texts import Bytes, Texts
from deedbook.release.rows import Rows
from deedbook.release.tables import Table, missing_name, reasons_of
from deedbook.schema import Field

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""As both programs write them in a time stamp, whatever the locale."""
MILLISECONDS_OF_DAY = 86_400_000
_SUFFIX = "_label"
_LARGEST_LABELLED = 2**31 - 29
"""Value labels are of Stata's `long`, whose greatest numbers stand for missing values."""
_MOST_KINDS = 26
"""Letters of the alphabet."""
_MOST_DIGITS = 10
"""Of a number that stands for a missing value: a column of lower values does without."""
_ODD = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a program's files can hold.

    Attributes:
        longest_text: In bytes of UTF-8.
        longest_name: In characters; names are letters, digits and underscores.
        reserved: A pattern of the names that no variable may have.
        folds_case: Whether names that differ only in case are the same.
        longest_title: What a column is, in bytes of UTF-8.
        longest_label: What a code is called, in bytes of UTF-8.
        longest_file_label: What a file is, in bytes of UTF-8.
        most_columns: Variables of a file.
        epoch: The day from which days and moments count.
        day: Milliseconds in the unit of days; `moment` those in the unit of moments.
        letters: The number that stands for `.a` among labels; 0 in a program where numbers say why a value is missing.
    """

    capacity: cells.Capacity
    longest_text: int
    longest_name: int
    reserved: str
    folds_case: bool
    longest_title: int
    longest_label: int
    longest_file_label: int
    most_columns: int
    epoch: dt.date
    day: int
    moment: int
    letters: int = 0

    @property
    def before_1970(self) -> int:
        """Milliseconds from its epoch to that of everybody else."""
        return (dt.date(1970, 1, 1) - self.epoch).days * MILLISECONDS_OF_DAY


def _program(capacity: Mapping[str, Any], **limits: Any) -> Program:
    return Program(capacity=cells.Capacity(**{**capacity, "days": tuple(capacity["days"])}), **limits)


_LIMITS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
STATA, SPSS = _program(**_LIMITS["stata"]), _program(**_LIMITS["spss"])


@dataclass(frozen=True, slots=True)
class Column:
    """One variable of the file.

    Attributes:
        name: As the program allows it.
        title: What it is, for people; empty when the schema does not say.
        values: Makes its values from rows as the program holds them.
        dtype: What they are: Int64, Float64, Date, Datetime, or String without nulls.
        extent: What they reach; None where that is not known before they are made.
        least: A number that none of them is below; 0 where all are greater.
        labels: Whole numbers of the column with their labels.
        kinds: Makes the letter (1 is `.a`) that tells why a value is missing, where it is told; None in a program without letters.
        user_missing: The numbers that tell it, which no value is; none in a program with letters.
    """

    name: str
    title: str
    values: pl.Expr
    dtype: pl.DataType
    extent: cells.Extent | None = None
    least: float = 0
    labels: dict[int | float, str] = field(default_factory=dict)
    kinds: pl.Expr | None = None
    user_missing: tuple[int, ...] = ()

    def read_back(
        self, found: Mapping[str, pl.Series], part: pl.DataFrame, program: Program
    ) -> Iterator[tuple[pl.Series, pl.Series]]:
        """What it should hold, of some rows of `Variables`, beside what a file holds: the values, then the letters."""
        expected, dtype = part.get_column(self.name), self.dtype
        values = found.get(self.name, expected)
        if isinstance(dtype, pl.String):  # an empty text is there no other than a missing one
            if self.name in found:
                texts = values.cast(pl.String).fill_null("")
                expected, values = expected.str.strip_chars_end(" "), texts.str.strip_chars_end(" ")
            yield expected, values
            return
        values = values.cast(pl.Float64, strict=False).fill_nan(None)
        if dtype.is_temporal():
            unit = program.day if dtype == pl.Date else program.moment
            values = (values * unit - program.before_1970).round().cast(pl.Int64).cast(pl.Datetime("ms"))
            expected = expected.cast(pl.Datetime("ms"))
        yield expected, cells.narrowed(values, dtype)
        if self.kinds is not None:
            yield part.get_column(kinds_of(self.name)), found[kinds_of(self.name)]

    @property
    def missing_range(self) -> list[dict[str, int]]:
        """The numbers that stand for a missing value, from the least to the greatest."""
        return [{"lo": self.user_missing[0], "hi": self.user_missing[-1]}] if self.user_missing else []

    @property
    def measure(self) -> str:
        """Whether its values are amounts or moments, or codes or texts."""
        return "nominal" if len(self.labels) > len(self.user_missing) or self.dtype == pl.String else "scale"


@dataclass(frozen=True, slots=True)
class Variables:
    """A table as variables of a program.

    Attributes:
        columns: What they are.
        rows: Their values by name, and those of their letters by `kinds_of` it.
        notes: What could not be kept as it is.
    """

    columns: list[Column]
    rows: Rows
    notes: list[str]

    @property
    def extents(self) -> dict[str, cells.Extent]:
        """What the values reach, by name."""
        made = [pl.col(column.name) for column in self.columns if column.extent is None]
        found = cells.extents_of(self.rows.select(made)) if made else {}
        return {column.name: column.extent or found[column.name] for column in self.columns}


def kinds_of(name: str) -> str:
    """The column of `Variables.rows` with the letters of a variable; none is called so."""
    return f"{name}\0"


def variables_of(table: Table, program: Program) -> Variables:
    """The table as variables of the program.

    Raises:
        LeftOutError: when the program cannot hold the table.
    """
    notes: list[str] = []
    columns: list[Column] = []
    held, said = program.capacity.held(table.rows)
    extents = cells.extents_of(held)
    for item in table.schema.fields:
        extent, dtype = extents[item.name], held.schema[item.name]
        if extent.widest > program.longest_text:
            notes.append(f"`{item.name}` is left out: it has texts of more than {program.longest_text:,} bytes")
            continue
        told = [_with_kinds(column, item.name, table, program) for column in _labelled(item, dtype, extent)]
        described, cuts = _cut_down(told, program)
        notes += [*(f"`{item.name}` {note}" for note in said.get(item.name, ())), *cuts]
        columns += described
    if not 0 < len(columns) <= program.most_columns:
        raise cells.LeftOutError(f"it has {len(columns)} columns")
    names = [column.name for column in columns]
    longest, folds_case = program.longest_name, program.folds_case
    fitted = cells.fitted_names(names, longest, _plain_name, program.reserved, folds_case=folds_case)
    for place, (old, new) in enumerate(zip(names, fitted, strict=True)):
        if old != new:
            columns[place] = replace(columns[place], name=new)
            notes.append(f"`{old}` is called `{new}`")
    values = [column.values.alias(column.name) for column in columns]
    letters = [column.kinds.alias(kinds_of(column.name)) for column in columns if column.kinds is not None]
    return Variables(columns, held.select([*values, *letters]), notes)


class File(Protocol):
    """A file of a program that is being read.

    Attributes:
        names: Those of its variables.
        height: How many rows it says that it has.
    """

    names: Sequence[str]
    height: int

    def rows(self, expected: pl.DataFrame) -> Mapping[str, pl.Series]:
        """The next rows, as many as should be there: texts, unless they are as expected, doubles, and letters where some are expected.

        Raises:
            ValueError: when there are not so many.
        """

    def has_more(self) -> bool:
        """Whether there are rows that it does not count."""


def read_pairs(table: Table, path: Path, program: Program, opened: Callable[[IO[bytes]], File]) -> Iterator[cells.Pair]:
    """The variables of a file beside what they should be, some thousand rows at a time.

    Raises:
        UnlikeError: when there are other variables, or more or fewer rows.
        LeftOutError: when the program cannot hold the table.
        ValueError: when it is no file of the program, such as releases have.
    """
    variables, start = variables_of(table, program), 0
    columns, height = variables.columns, variables.rows.height
    with path.open("rb") as stream:
        try:
            file = opened(stream)
            cells.demand_columns(file.names, [column.name for column in columns])
            if file.height != height:
                raise cells.unlike_height(file.height, height)
            for expected in variables.rows.slices():
                found = file.rows(expected)
                for position, column in enumerate(columns):
                    for held, values in column.read_back(found, expected, program):
                        yield cells.Pair(column.name, held, values, start, position)
                start += expected.height
            if file.has_more():
                raise cells.unlike_height(height + 1, height)
        except (struct.error, LookupError, zlib.error) as error:
            raise ValueError(f"ends early, or is of another form: {error}") from None


def texts_in(held: Bytes, expected: pl.Series, fill: bytes) -> pl.Series | None:
    """The texts that stand in rows of bytes, before the fill at their ends; None where they are as expected."""
    if expected.dtype == pl.String:
        texts, width = Texts.of(expected), held.shape[1]
        if texts.lengths.max(initial=0) <= width and np.array_equal(texts.padded(width, fill), held):
            return None
    return pl.Series([bytes(row).partition(b"\0")[0].rstrip(b" ").decode() for row in held], dtype=pl.String)


def file_label(edition: Edition, table: Table, program: Program) -> str:
    """Dataset, version and table in as many bytes as the program allows; the version is always whole."""
    longest, end = program.longest_file_label, f" {edition.version} {table.name}"
    if len(end) > longest - 8:
        end = f" {edition.version}"
    return cut(edition.name, max(longest - len(end.encode()), 0)) + cut(end, longest)


def cut(text: str, longest: int) -> str:
    """The text on one line in at most `longest` bytes, with an ellipsis where something is missing."""
    line = " ".join(text.split()) if "\n" in text or "\r" in text else text
    if len(line.encode()) <= longest:
        return line
    return line.encode()[: max(longest - 3, 0)].decode("utf-8", "ignore").rstrip() + "…" if longest > 2 else ""


def _plain_name(name: str, longest: int) -> str:
    """The name in letters, digits and underscores, with a letter first and no underscore last."""
    plain = _ODD.sub("_", name)
    return (plain if plain[:1].isalpha() else f"v{plain}")[:longest].rstrip("_")


def _labelled(item: Field, dtype: pl.DataType, extent: cells.Extent) -> list[Column]:
    """A field as one variable, or two where its codes have labels and are text."""
    title, codes, values = item.title or item.name, item.categories, pl.col(item.name)
    labels: dict[int | float, str]
    if dtype in {pl.Int64, pl.Boolean}:
        labels = {0: "false", 1: "true"} if item.type == "boolean" else cells.number_labels(item, _LARGEST_LABELLED)
        return [Column(item.name, title, values.cast(pl.Int64), pl.Int64(), extent, min(extent.least, 0), labels)]
    if dtype != pl.String:
        least = min(extent.least, 0) if dtype.is_numeric() else -math.inf
        return [Column(item.name, title, values, dtype, extent, least)]
    columns = [Column(item.name, title, values.fill_null(""), dtype, extent)]
    if any(code.label for code in codes):
        labels = {place: code.label or str(code.value) for place, code in enumerate(codes, 1)}
        texts = [str(code.value) for code in codes]
        places = values.replace_strict(texts, [*labels], default=None, return_dtype=pl.Int64)
        columns.append(Column(f"{item.name}{_SUFFIX}", f"{title} (label)", places, pl.Int64(), labels=labels))
    return columns


def _with_kinds(column: Column, name: str, table: Table, program: Program) -> Column:
    """A variable of numbers that tells why its values are missing, where the table has a column of that.

    By letters, or by numbers below all others, such as -99 and -98. No number of seconds or days can be taken for that.
    """
    values, reasons = column.values, reasons_of(table.schema, name)
    if not 0 < len(reasons) <= _MOST_KINDS or column.dtype == pl.String:
        return column
    places = [*range(1, len(reasons) + 1)]
    told = pl.col(missing_name(name)).replace_strict(reasons, places, default=None, return_dtype=pl.Int64)
    kinds = pl.when(values.is_null()).then(told)
    if program.letters:
        labels = dict(enumerate(reasons, program.letters))
        return replace(column, labels=column.labels | labels, kinds=kinds)
    digits = next((digits for digits in range(2, _MOST_DIGITS) if len(reasons) - 10**digits < column.least), 0)
    if not digits:
        return column
    filled = pl.when(kinds.is_null()).then(values).otherwise((kinds - 10**digits).cast(column.dtype))
    numbers = tuple(place - 10**digits for place in places)
    labels = dict(zip(numbers, reasons, strict=True))
    return replace(column, values=filled, extent=None, labels=column.labels | labels, user_missing=numbers)


def _cut_down(whole: Sequence[Column], program: Program) -> tuple[list[Column], list[str]]:
    """The variables of a field with titles and labels as long as allowed, and what was cut; a title is told once."""
    columns, notes = list[Column](), dict[str, None]()
    for one in whole:
        title = cut(one.title, program.longest_title)
        labels = {number: cut(text, program.longest_label) for number, text in one.labels.items()}
        if title != one.title:
            notes[f"the title of `{whole[0].name}` is cut or put on one line ({program.longest_title} bytes)"] = None
        if count := sum(text != one.labels[number] for number, text in labels.items()):
            notes[f"{count} labels of `{one.name}` are cut or put on one line ({program.longest_label:,} bytes)"] = None
        columns.append(replace(one, title=title, labels=labels))
    return columns, [*notes]
