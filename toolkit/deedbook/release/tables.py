"""Canonical tables: every cell in its one canonical text form, rows sorted by primary key, then typed for the formats.

Canonical means: missing is null, numbers are the shortest decimal without exponent or trailing zeros, booleans
`true`/`false`, dates ISO, times UTC. Keys of text sort by code point, keys of numbers and dates by value. A table
without a primary key keeps the order of its file, which may mean something.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import polars as pl

from deedbook.descriptor import Package, Resource
from deedbook.errors import ProjectError
from deedbook.project import CODE_VALUES
from deedbook.reading.tables import read_text
from deedbook.release import rows
from deedbook.release.rows import Rows
from deedbook.schema import Field, Label, TableSchema
from deedbook.types import canonical_field, canonical_text, typed

_LONGEST_EXACT_DIGITS = 15
_NOTHING = (Label("\0"),)
"""A missing value that no cell is."""


class ReadText(Protocol):
    """Rows of a table as text, in blocks of so many bytes; a second time in the same ones."""

    def __call__(self, resource: Resource, *, block_size: int) -> Iterator[pl.DataFrame]:
        """Reads them."""
        ...


@dataclass(frozen=True, slots=True)
class Outline:
    """What a released table is, apart from its rows.

    Attributes:
        schema: The release's own schema: canonical forms only, derived columns among the fields.
        derived: The names of the fields that nobody edits.
        is_view: Whether the whole table is computed.
    """

    name: str
    schema: TableSchema
    title: str = ""
    description: str = ""
    derived: frozenset[str] = frozenset()
    is_view: bool = False

    @property
    def required(self) -> frozenset[str]:
        """The fields whose cells are never missing."""
        return frozenset(item.name for item in self.schema.fields if item.required).union(self.schema.primary_key)


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready for the writers of typed formats.

    Attributes:
        rows: One row per record, a typed column per field. A column that its type cannot hold exactly stays text.
    """

    outline: Outline
    rows: Rows

    @property
    def name(self) -> str:
        """The table's name."""
        return self.outline.name

    @property
    def schema(self) -> TableSchema:
        """The release's schema of the table."""
        return self.outline.schema


def read_canonical(resource: Resource) -> pl.DataFrame:
    """The table as canonical text, in the order of its file, with the columns of `kinds_of_missing`.

    Where the labels are those of the whole schema, only with the columns of fields in which such a cell is missing.

    Args:
        resource: A resource with a schema, whose data passed validation.
    """
    whole = pl.concat(canonical_parts(resource, rows.PART_BYTES), rechunk=True)
    filled = {item.name for item in whole.iter_columns() if item.null_count() < len(item)}
    schema = schema_of(resource)
    return whole.select(*schema.names, *(told.name for told in told_kinds(schema, filled)))


def canonical_parts(resource: Resource, size: int, read: ReadText = read_text) -> Iterator[pl.DataFrame]:
    """The same in parts of so many bytes of its file, the first of which is empty, with the columns of all `kinds_of_missing`.

    With another `read`, of some of its rows only.
    """
    schema = schema_of(resource)
    kinds = kinds_of_missing(schema)
    names = [*schema.names, *(told.name for _, _, told in kinds)]
    yield pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    texts = [canonical_text(item).alias(item.name) for item in schema.fields]
    if not kinds:
        yield from (block.select(texts) for block in read(resource, block_size=size))
        return
    # read a second time beside it, with what stands for a missing value
    fields = tuple(replace(item, missing_values=_NOTHING) for item in schema.fields)
    marks = replace(resource, schema=replace(schema, fields=fields, missing_values=_NOTHING))
    reasons = [pl.col(one.name).replace_strict(labels, default=None).alias(told.name) for one, labels, told in kinds]
    both = (read(one, block_size=size) for one in (resource, marks))
    for block, marked in zip(*both, strict=True):
        yield pl.concat([block.select(texts), marked.select(reasons)], how="horizontal")


def told_kinds(schema: TableSchema, filled: Set[str]) -> list[Field]:
    """The columns of `kinds_of_missing` that a release has, of a table with values in these columns."""
    kinds = kinds_of_missing(schema)
    return [told for one, _, told in kinds if one.missing_values is not None or told.name in filled]


def missing_name(name: str) -> str:
    """What the column of a release is called that tells why a field is missing."""
    return f"{name}_missing"


def reasons_of(schema: TableSchema, name: str) -> list[str]:
    """Why a field of a release may be missing, in the order of its source; none where no column tells it."""
    told = missing_name(name)
    return [str(code.value) for code in schema.field(told).categories] if told in schema.names else []


def kinds_of_missing(schema: TableSchema) -> list[tuple[Field, Mapping[str, str], Field]]:
    """The fields whose missing values have labels, with these, and the column of a release that tells them apart.

    Raises:
        ProjectError: when the table has a column of that name.
    """
    found: list[tuple[Field, Mapping[str, str], Field]] = []
    for item in schema.fields:
        values = schema.missing_values if item.missing_values is None else item.missing_values
        labels = {str(one.value): one.label for one in values if one.label}
        if any(labels) and item.name not in schema.primary_key:
            name, title = missing_name(item.name), f"Why {item.title or item.name} is missing"
            if name in schema.names:
                message = f"a release tells in `{name}` why `{item.name}` is missing, and there is a field of that name"
                raise ProjectError(message, "rename that field, or take the labels from missingValues")
            categories = tuple(Label(label) for label in dict.fromkeys(labels.values()))
            raw = {"name": name, "type": "string", "title": title}
            found.append((item, labels, Field(name=name, title=title, categories=categories, raw=raw)))
    return found


def schema_of(resource: Resource) -> TableSchema:
    """The schema of a resource.

    Raises:
        ProjectError: when there is none: such a table has no columns that could be released.
    """
    if resource.schema is None or not resource.schema.fields:
        message = f"the table `{resource.name}` has no schema, so it cannot be released"
        raise ProjectError(message, f"add schemas/{resource.name}.schema.json")
    return resource.schema


def sort_by_key(text: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """The rows in the order of their primary key; unchanged without one."""
    order = rows.order_of(ranks_of(text, schema)) if schema.primary_key else None
    return text if order is None else text.select(pl.all().gather(order))


def ranks_of(text: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """What rows of canonical text are sorted by: their primary key, as values."""
    return text.select(typed(canonical_field(schema.field(name))).alias(name) for name in schema.primary_key)


@dataclass(slots=True)
class Seen:
    """What was seen of a column in all parts, which decides how it is typed."""

    item: Field
    is_lost: bool = False
    is_zoned: bool = False
    is_local: bool = False
    rounded: int = 0

    def add(self, source: pl.Series, values: pl.Series) -> None:
        """Takes a part: its text, and its values."""
        if values.null_count() != source.null_count():
            self.is_lost = True
        elif isinstance(values.dtype, pl.Datetime):
            zoned = source.str.ends_with("Z")
            self.is_zoned |= bool(zoned.any())
            self.is_local |= not zoned.all()
        else:
            self.rounded += _rounded_cells(source, values)

    @property
    def facts(self) -> tuple[bool, bool, bool, int]:
        """What is to be told another one of the same column."""
        return self.is_lost, self.is_zoned, self.is_local, self.rounded

    def join(self, is_lost: bool, is_zoned: bool, is_local: bool, rounded: int) -> None:
        """Takes the facts of another one, which saw other parts."""
        self.is_lost |= is_lost
        self.is_zoned |= is_zoned
        self.is_local |= is_local
        self.rounded += rounded

    @property
    def form(self) -> tuple[bool, bool]:
        """Whether it is released as text, and whether as moments without a zone, as far as it was seen."""
        return self.is_lost or (self.is_zoned and self.is_local), self.is_local

    def shaped(self, source: pl.Series, values: pl.Series) -> pl.Series:
        """The part as it is released."""
        is_text, is_local = self.form
        if is_text:
            return source
        return values.dt.replace_time_zone(None) if is_local else values

    @property
    def note(self) -> str:
        """What could not be typed without loss; empty where nothing was lost."""
        if self.is_lost:
            return f"is text: a value does not fit {self.item.type} exactly"
        if self.form[0]:
            return "is text: some of its moments have no time zone, others do"
        if self.rounded:
            return f"is rounded to double precision in {self.rounded} cells; the CSV has all digits"
        return ""


def type_rows(text: pl.DataFrame, schema: TableSchema) -> tuple[pl.DataFrame, list[str]]:
    """Canonical text as typed columns, and what could not be typed without loss.

    A whole number beyond 64 bits keeps its column text, and so do moments of which only some have a zone; a decimal with
    more digits than a double holds is rounded in every format but CSV. Each is named. Moments without a zone stay without.
    """
    seen = [Seen(item) for item in schema.fields]
    return shaped_rows(text, seen, is_new=True), notes_of(seen)


def type_parts(text: Callable[[], Iterator[pl.DataFrame]], schema: TableSchema, folder: Path) -> tuple[Rows, list[str]]:
    """The same of consecutive rows, as values in a new folder.

    They are read a second time where a later row makes another type of a column than the first ones.
    """
    seen, forms = [Seen(item) for item in schema.fields], list[list[tuple[bool, bool]]]()
    nothing = pl.DataFrame(schema=dict.fromkeys(schema.names, pl.String))

    def shaped(*, is_new: bool) -> Iterator[pl.DataFrame]:
        for part in filter(len, text()):
            yield shaped_rows(part, seen, is_new=is_new)
            forms.append([one.form for one in seen])
            del forms[1:-1]
        if not forms:
            yield shaped_rows(nothing, seen, is_new=is_new)

    rows = Rows.spilled(shaped(is_new=True), folder)
    if forms and forms[0] != forms[-1]:
        rows.discard()
        rows = Rows.spilled(shaped(is_new=False), folder)
    return rows, notes_of(seen)


def shaped_rows(part: pl.DataFrame, seen: Sequence[Seen], *, is_new: bool) -> pl.DataFrame:
    """Some rows of text as values; of new ones, notes what they are."""
    values = part.select(typed(one.item).alias(one.item.name) for one in seen)
    columns = [(one, part.get_column(one.item.name), values.get_column(one.item.name)) for one in seen]
    for one, source, found in columns if is_new else ():
        if found.dtype != pl.String:
            one.add(source, found)
    return pl.DataFrame([one.shaped(source, found) for one, source, found in columns])


def notes_of(seen: Sequence[Seen]) -> list[str]:
    """What could not be typed without loss."""
    return [f"`{one.item.name}` {one.note}" for one in seen if one.note]


def _rounded_cells(source: pl.Series, values: pl.Series) -> int:
    """How many decimals are written with more digits than their double gives back."""
    if not values.dtype.is_float():
        return 0
    long = source.str.len_bytes() > _LONGEST_EXACT_DIGITS
    pairs = zip(source.filter(long), values.filter(long), strict=True)
    return sum(Decimal(repr(value)) != Decimal(written) for written, value in pairs)


def to_canonical(frame: pl.DataFrame, fields: Sequence[Field]) -> pl.DataFrame:
    """Computed columns, typed as polars left them, as canonical text."""
    plain = frame.select(text_of(pl.col(item.name), frame.schema[item.name]) for item in fields)
    return plain.select(canonical_text(canonical_field(item)).alias(item.name) for item in fields)


def text_of(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column of any type as text that reads back to the same value; moments with a zone are UTC."""
    if isinstance(dtype, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        return utc.dt.to_string("%Y-%m-%dT%H:%M:%S%.f" + ("Z" if dtype.time_zone else ""))
    if isinstance(dtype, pl.Date | pl.Time):
        return column.dt.to_string("%Y-%m-%d" if isinstance(dtype, pl.Date) else "%H:%M:%S%.f")
    return column if isinstance(dtype, pl.String) else column.cast(pl.String)


def texts_of(values: pl.Series) -> pl.Series:
    """The same of a column that is there."""
    return values.to_frame().select(text_of(pl.first(), values.dtype)).to_series()


def release_schema(schema: TableSchema, added: Sequence[Field]) -> TableSchema:
    """The schema of a released table: canonical fields, then the added ones; empty is the only missing value."""
    fields = (*(canonical_field(item) for item in schema.fields), *(canonical_field(item) for item in added))
    return replace(schema, fields=fields, derived_fields=(), missing_values=(Label(""),), fields_match="exact")


def named_missing(schema: TableSchema) -> tuple[str, ...]:
    """The declared missing values that a release no longer tells apart: those without a label, which are all empty in it."""
    labels = [*schema.missing_values, *(label for item in schema.fields for label in item.missing_values or ())]
    return tuple(sorted({str(one.value) for one in labels if one.value and not one.label}))


def loss(height: int, filled: Mapping[str, int], rows: int, present: Mapping[str, int]) -> str:
    """How a table differs from what validation counted, as the end of a sentence; empty when nothing was lost or added.

    Args:
        height: How many rows the canonical table has.
        filled: How many cells of each of its columns hold a value; it may have more columns.
        rows: How many rows there were.
        present: How many cells of each column held a value.
    """
    if height != rows:
        return f"has {height:,} rows where validation read {rows:,}"
    for name, count in present.items():
        found = filled.get(name, 0)
        if found != count:
            return f"has {found:,} values in `{name}` where validation counted {count:,}"
    return ""


def references_of(item: Field, outline: Outline) -> tuple[str, ...]:
    """What a field of a table refers to, as `table.field`."""
    return tuple(
        f"{key.resource or outline.name}.{key.reference[key.fields.index(item.name)]}"
        for key in outline.schema.foreign_keys
        if item.name in key.fields
    )


def read_definitions(package: Package) -> dict[tuple[str, str], str]:
    """What the codes of the table `code_values` mean, by list and code; nothing without such a table."""
    names = [resource.name for resource in package.resources]
    rows = read_canonical(package.resource(CODE_VALUES)) if CODE_VALUES in names else pl.DataFrame()
    columns = [rows.get_column(name) for name in ("list", "code", "definition") if name in rows.columns]
    return {(one, code): text or "" for one, code, text in zip(*columns, strict=True)} if len(columns) == 3 else {}
