"""How a package is validated, how a table of it is checked, and how one file of the table is: each record holds the one above."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from deedbook.checking.cells import FieldPlan, plan_field
from deedbook.checking.findings import Group
from deedbook.checking.hashes import HashSet, Spill
from deedbook.checking.header import Column, Header, match_header
from deedbook.checking.keys import Key, ParentKey, unique_keys
from deedbook.descriptor import Package, Resource
from deedbook.errors import ProjectError
from deedbook.findings import Check, NotChecked
from deedbook.reading.blocks import BLOCK_SIZE
from deedbook.reading.inputs import dialect_of, is_foreign
from deedbook.reading.tables import present
from deedbook.reading.text import Layout
from deedbook.schema import Field, ForeignKey, TableSchema
from deedbook.types.kind import is_plain

SMALLEST_SHARE = 2 << 20
"""Bytes below which a block is not made smaller to give every thread one."""
_LISTED = 1_000
"""Rows of which the texts are sooner looked through in Python than by a query."""
MOST_ALIKE = 10_000
"""Fields that are remembered for other tables: of a table of more, each would take a kilobyte."""
_MAY_GIVE_UP = {"pattern", "jsonSchema", "arrayItem"}
"""What a value may take so long to be held against that the field is no longer held against it."""
RowRules = Callable[[pl.DataFrame, Mapping[str, pl.Series]], tuple[list[Group], Mapping[str, int]]]
"""Runs row-local rules on typed rows and a mask of bad cells: groups whose rows count in that frame, and rows skipped by rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to validate.

    Attributes:
        max_findings: How many findings of each table, rule and column the report shows; totals are exact all the same.
        tables: Names of the tables to report on; all when empty.
        rules: Whether rules run at all; `trust_rules` lets a project's rule files run outside its own folder.
        select: Patterns of the rules of rule files that run, all when empty; `ignore` of those that do not.
        lenient: Accept what frictionless-py accepts.
        workers: Threads; None for as many as help.
        block_size: Bytes of a block; it changes nothing in the report.
        memory: Bytes that key hashes may take before they go to disk.
        findings_file: A `.parquet` or `.csv` file for all findings, in no promised order.
        max_unpacked: Bytes that one compressed file may unpack to.
        cache: Whether a project's tables that did not change since the last validation are not read again.
    """

    max_findings: int = 10
    tables: tuple[str, ...] = ()
    rules: bool = True
    trust_rules: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    lenient: bool = False
    workers: int | None = None
    block_size: int = BLOCK_SIZE
    memory: int = 512 << 20
    findings_file: Path | None = None
    allow_network: bool = False
    max_unpacked: int = 16 << 30
    cache: bool = False


@dataclass(frozen=True)
class TablePlan:
    """How a table is checked.

    Attributes:
        schema: That of the resource; where it has none, one with the fields that others refer to.
        spill: Where the hashes of keys go; all plans share it.
        references: Its foreign keys.
        referred: Keys that other tables refer to, beyond its own.
        parents: The hashes of the keys of every table once it is complete; None for those that are on disk. All plans share them.
        alike: How fields are checked, by all that is declared of them; all plans share it, since many tables are mostly alike.
        typed: Names of the fields that rules need as values.
        keeps_typed: Whether the typed rows are kept for rules that look at more than one row.
        row_rules: What to run on each block.
        has_project: Whether there is a project that `fmt` works on, so that it pays to warn of odd bytes.
        advance: Takes the number of bytes that were read.
    """

    resource: Resource
    schema: TableSchema
    options: Options = Options()
    spill: Spill = field(default_factory=lambda: Spill(Options().memory))
    references: tuple[Key, ...] = ()
    referred: tuple[Key, ...] = ()
    parents: dict[ParentKey, HashSet | None] = field(default_factory=dict)
    alike: dict[Hashable, FieldPlan] = field(default_factory=dict)
    typed: tuple[str, ...] = ()
    keeps_typed: bool = False
    row_rules: RowRules = lambda _rows, _bad: ([], {})
    has_project: bool = False
    advance: Callable[[int], None] = lambda _size: None

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """Every key of which hashes are kept."""
        return tuple(dict.fromkeys([*unique_keys(self.schema), *self.referred]))

    @cached_property
    def header(self) -> Header:
        """The columns of a file whose labels are the names of the fields."""
        return match_header(self.schema.names, self.schema, len(self.schema.names))

    @cached_property
    def own_fields(self) -> tuple[FieldPlan, ...]:
        """How the columns of `header` are checked."""
        return tuple(self.field_plan(item, at) for at, item in enumerate(self.schema.fields, 1))

    @property
    def is_shown(self) -> bool:
        """Whether the table is reported on."""
        return not self.options.tables or self.resource.name in self.options.tables

    def block_size(self, file: Path | None) -> int:
        """The bytes of a block of a file: so few that a file of a few megabytes keeps every thread busy."""
        size = self.options.block_size
        if file and file.is_file():  # packed, it most likely holds several times as much
            size = min(size, max(SMALLEST_SHARE, file.stat().st_size // (2 if self.resource.compression else 16)))
        return size

    def field_plan(self, item: Field, number: int) -> FieldPlan:
        """How a field is checked whose column has that number: as one that is declared alike, unless it may give up a test."""
        missing, native = self.schema.missing_of(item), is_foreign(self.resource)
        how: Hashable = (repr(item), number, missing, native)
        plan = self.alike.get(how)
        if plan is None:
            where = self.resource.schema_source or self.resource.name
            plan = plan_field(item, missing, where, number=number, lenient=self.options.lenient, native=native)
            if len(self.alike) < MOST_ALIKE and not _MAY_GIVE_UP & {*item.constraints, *item.raw}:
                self.alike[how] = plan
        return plan

    def unread_references(self) -> Iterator[NotChecked]:
        """The foreign keys into packages and tables that are not read."""
        parents = {item.parent[0] for item in self.references}
        for key in self.schema.foreign_keys:
            if key.package or (key.resource or self.resource.name) not in parents:
                reason = f"it needs the table `{key.resource}`: validate the descriptor that has both"
                if key.package:
                    reason = f"the package {key.package} is not read"
                yield NotChecked(self.resource.name, "foreign-key", reason, ", ".join(key.fields))

    def waits(self, reference: Key) -> bool:
        """Whether a foreign key cannot be looked up yet, because its parent is not complete or on disk."""
        return self.parents.get(reference.parent) is None


MOST_LOOKED_AT = 64 << 20
"""Bytes of a file whose free text is looked through; of a larger one it would take a twelfth of the time of a validation."""


@dataclass(frozen=True)
class FilePlan:
    """How one file of a table is checked; its blocks share it.

    Attributes:
        number: The file's position in the table.
        columns: The columns of the file in order, and how those that a field describes are checked.
    """

    table: TablePlan
    number: int
    columns: tuple[Column, ...]
    fields: tuple[FieldPlan, ...]

    @classmethod
    def of(cls, table: TablePlan, number: int, columns: tuple[Column, ...]) -> FilePlan:
        """The plan of a file with these columns."""
        fields = (table.field_plan(column.field, column.number) for column in columns if column.field is not None)
        return cls(table, number, columns, tuple(fields))

    def checks(self) -> Iterator[Check]:
        """What is enforced on the table."""
        table = self.table.resource.name
        for checks in self.fields:
            item, unknown = checks.field, dict(checks.constraints.unknown)
            names = ["type"] * (item.type != "any")
            names += [name for name, value in item.constraints.items() if name not in unknown and value is not False]
            yield from (Check(table, name, item.name) for name in names + ["categories"] * bool(item.categories))
        yield from (
            Check(table, key.kind, key.columns) for key in self.keys if key.kind in {"primary-key", "unique-key"}
        )
        yield from (Check(table, "foreign-key", item.columns) for item in self.references)

    def unenforced(self, header: Header) -> Iterator[NotChecked]:
        """What is declared and cannot be enforced."""
        table = self.table.resource.name
        for checks in self.fields:
            for name, reason in dict(checks.constraints.unknown).items():
                yield NotChecked(table, name, reason, checks.field.name)
        demanded = {problem.field for problem in header.problems} - {column.name for column in header.columns}
        for name in self.table.schema.names:
            if name in demanded:
                yield NotChecked(table, "column", "no column of the file is this field", name)
        for key in self.table.keys:
            if key not in self.keys and key.kind != "reference":
                yield NotChecked(table, key.kind, "a column of the key is missing", key.columns)

    def texts(self, frame: pl.DataFrame, names: Collection[str], filled: Collection[str] = ()) -> pl.DataFrame:
        """Columns of a block as text, where a missing value is null; `filled` ones have no empty text."""
        missing, held = self.table.schema.missing, [name for name in frame.columns if name in names]
        odd = [name for name in held if not _is_as_read(frame[name], missing[name], is_filled=name in filled)]
        if not odd:
            return pl.DataFrame([frame[name] for name in held])
        return frame.select(present(name, missing[name]) if name in odd else pl.col(name) for name in held)

    @cached_property
    def layout(self) -> Layout:
        """How blocks become columns."""
        return Layout(tuple(column.name for column in self.columns), dialect_of(self.table.resource))

    def _held(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """The keys of which the file has all fields."""
        held = {plan.field.name for plan in self.fields}
        return tuple(key for key in keys if held.issuperset(key.names))

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The table's keys of which the file has all fields."""
        return self._held(self.table.keys)

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        """The fields of the primary key; none when the file lacks one of them."""
        return next((key.names for key in self.keys if key.kind == "primary-key"), ())

    @cached_property
    def references(self) -> tuple[Key, ...]:
        """The foreign keys of which the file has all fields."""
        return self._held(self.table.references)

    @cached_property
    def free_text(self) -> tuple[str, ...]:
        """The fields that hold any text, but for those that a key, a list of values or a pattern holds; none of a large file."""
        file = self.table.resource.sources[self.number]
        if file is not None and (not file.is_file() or file.stat().st_size > MOST_LOOKED_AT):
            return ()
        held = {name for key in (*self.keys, *self.references) for name in key.names}
        for item in (plan.field for plan in self.fields):
            is_listed = {"enum", "pattern"} & item.constraints.keys()
            if any((item.type != "string", not is_plain(item), item.categories, is_listed)):
                held.add(item.name)
        return tuple(plan.name for plan in self.fields if plan.name not in held)

    @cached_property
    def typed_fields(self) -> tuple[Field, ...]:
        """The fields whose typed values rules need."""
        return tuple(item for item in self.table.schema.fields if item.name in self.table.typed)

    @cached_property
    def hashed_names(self) -> frozenset[str]:
        """Those of which every row is hashed; a foreign key of one field is looked up once for each value, where these are few."""
        whole = [item for item in self.references if self.table.waits(item) or item.column is None]
        return frozenset(name for key in (*self.keys, *whole) for name in key.names)

    @cached_property
    def positions(self) -> Mapping[str | None, int]:
        """The position of each column in the file, from 1."""
        return {column.name: column.number for column in reversed(self.columns)}


def _is_as_read(column: pl.Series, missing: tuple[str, ...], *, is_filled: bool) -> bool:
    """Whether a missing value is null in the column already."""
    return missing == ("",) and (is_filled or (len(column) <= _LISTED and "" not in column.to_list()))


References = Mapping[str, tuple[Key, ...]]
"""The foreign keys of each table."""


def plan_tables(
    package: Package, options: Options, spill: Spill, advance: Callable[[int], None], *, has_project: bool
) -> list[TablePlan]:
    """How each table is checked, parents before children; they share the hashes of the tables that are complete."""
    references, parents, plans = references_of(package), dict[ParentKey, HashSet | None](), []
    targets, alike = targets_of(references), dict[Hashable, FieldPlan]()
    for resource in parents_first(package, references):
        schema, referred = resource.schema, referred_keys(resource, targets)
        if schema is None or not schema.fields:  # so that it says nothing of the columns that others refer to
            names = sorted({name for key in referred for name in key.names})
            schema = TableSchema(tuple(Field(name, type="any") for name in names), fields_match="subset")
        plan = TablePlan(resource, schema, options, spill, references[resource.name], tuple(referred), parents, alike)
        plans.append(replace(plan, has_project=has_project, advance=advance))
    return plans


def references_of(package: Package) -> References:
    """The foreign keys of every table with the tables that they refer to.

    A file alone has none into other tables: what it needs is said when its declarations are listed.

    Raises:
        ProjectError: when a table or field that is referred to does not exist.
    """
    tables = {resource.name: resource for resource in package.resources}
    is_alone = package.path is None and len(tables) == 1
    found = {}
    for name, resource in tables.items():
        schema = resource.schema or TableSchema(())
        own = [it for it in schema.foreign_keys if not it.package and (it.resource in {"", name} or not is_alone)]
        found[name] = tuple(_reference(resource, schema, key, tables) for key in own)
    return found


def _reference(resource: Resource, schema: TableSchema, key: ForeignKey, tables: Mapping[str, Resource]) -> Key:
    where, name = resource.schema_source or resource.name, key.resource or resource.name
    if name not in tables:
        problem = f"{where}: a foreign key refers to the table `{name}`, which the package does not have"
        raise ProjectError(problem, "correct the foreign key, or add the table to the descriptor")
    fields, parent = [schema.field(field) for field in key.fields], tables[name].schema
    if parent is None or not parent.fields:
        pairs = zip(key.reference, fields, strict=True)
        parent = TableSchema(tuple(Field(at, mine.type, mine.format, options=mine.options) for at, mine in pairs))
    if unknown := set(key.reference).difference(parent.names):
        problem = f"{where}: a foreign key refers to `{name}`.`{min(unknown)}`, which is no field"
        raise ProjectError(problem, "correct the foreign key")
    return Key("foreign-key", tuple(fields), (name, tuple(parent.field(field) for field in key.reference)))


def targets_of(references: References) -> Mapping[str, set[tuple[Field, ...]]]:
    """The fields of each table that foreign keys refer to, each combination once."""
    found = defaultdict[str, set[tuple[Field, ...]]](set)
    for name, fields in (item.parent for own in references.values() for item in own):
        found[name].add(fields)
    return found


def referred_keys(resource: Resource, targets: Mapping[str, set[tuple[Field, ...]]]) -> list[Key]:
    """The keys of a table that others, or the table itself, refer to, beyond its own."""
    own = {key.fields for key in unique_keys(resource.schema)} if resource.schema is not None else set()
    asked = (Key("reference", fields) for fields in targets.get(resource.name, set()) - own)
    return sorted(asked, key=lambda key: (key.names, str(key.fields)))


def parents_first(package: Package, references: References) -> list[Resource]:
    """The tables so that as few as possible come before a table that they refer to."""
    waits = {it.name: {key.parent[0] for key in references[it.name]} - {it.name} for it in package.resources}
    children = defaultdict[str, list[tuple[int, str]]](list)
    for at, (name, parents) in enumerate(waits.items()):
        for parent in parents:
            children[parent].append((at, name))
    ordered: dict[str, None] = {}
    for ready in ([name for name in waits if not waits[name]], *([name] for name in waits)):
        _put_with_children(ready, ordered, waits, children)  # one by one only those in a circle, cut at its first table
    return list(map(package.resource, ordered))


def _put_with_children(
    ready: Sequence[str],
    ordered: dict[str, None],
    waits: Mapping[str, Set[str]],
    children: Mapping[str, Sequence[tuple[int, str]]],
) -> None:
    """Puts tables in order and behind them those that waited for nothing else; `children` has the places in the package too."""
    while ready := [name for name in ready if name not in ordered]:
        ordered.update(dict.fromkeys(ready))
        freed = {child for name in ready for child in children.get(name, ()) if waits[child[1]] <= ordered.keys()}
        ready = [name for _, name in sorted(freed)]
