"""SQLite: one typed table per table with keys, code lists as CHECKs, and four tables about the data.

    TABLE_labels  a view of a table whose codes have labels, with these behind its columns as FIELD_label

    _metadata     key, value: dataset, version, created, licence ...
    _tables       name, title, description, rows, is_view
    _codebook     one row per field: type, title, description, key, reference, code list
    _code_lists   one row per code with its label

Booleans are 0 and 1, dates and times ISO text, so that every reader agrees. A foreign key is declared where its target is
a primary or unique key of a table in the file. The file is vacuumed; its bytes depend on the rows and on SQLite's version.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from deedbook.errors import DeedbookError
from deedbook.integrity.containers import open_database
from deedbook.release.edition import Edition
from deedbook.release.formats import cells
from deedbook.release.formats.btree import TABLE, Layout, write_database
from deedbook.release.pages import sql_name, sql_value
from deedbook.release.rows import Rows
from deedbook.release.tables import Outline, Table, references_of, text_of
from deedbook.schema import Field, TableSchema

_SLICE = 10_000
"""Rows that are objects of Python at a time."""
_NOTHING, _BETWEEN = "\x1e", "\x1f"
"""What stands for a missing text, and between texts, where a column of them is compared as one; no text has one of the two."""
_UNUSUAL = "[\0\x1e\x1f]"
_MOST_TEXTS = 300
"""Columns of text that are compared so, with what is asked of each: a query gives 2,000 values, and expressions are as deep."""
_MANY = 4 << 20
"""Bytes of rows from which on a database of them is copied."""
_MOST_BESIDE = 8
"""SQLite attaches ten databases."""
_PLAIN = 40
"""Bytes of the text of a number or a moment at most."""
_MOST_COLUMNS = 2000
"""SQLITE_MAX_COLUMN of a usual build."""
_LONGEST_CHECK = 1000
"""Codes in a CHECK: it is read again at each row that is inserted."""
_CODED = {"string", "integer"}
"""The types of codes that a CHECK and the view of labels hold."""
_AFFINITIES = {pl.Boolean: "INTEGER", pl.Int64: "INTEGER", pl.Float64: "REAL"}
_BOOKS = Path(__file__).with_suffix(".sql")
"""What a database has before its tables."""


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[cells.Pair]:
    """The columns of a table of a file, beside the table's."""
    _demand_room(table.schema)
    expected = _plain(table.rows)[0]
    connection = open_database(path)
    try:
        held = _Held(connection, table.name, expected)
        head = connection.execute(f"SELECT * FROM {sql_name(table.name)} LIMIT 0")  # noqa: S608  # quoted
        cells.demand_columns([column[0] for column in head.description], expected.columns)
        yield from cells.pairs_of(expected, held.rest(), held.is_next, _SLICE)
    finally:
        connection.close()


class _Held:
    """The rows of a table of a database, from the first to the last.

    Texts are compared some thousand at a time, all of a column as one: that each becomes an object of Python, on both sides, takes
    twice as long. How many cells hold something, and whether all are texts, is asked too, so that no other cells make the same.
    """

    def __init__(self, connection: sqlite3.Connection, name: str, expected: Rows) -> None:
        self._connection, self._name, self._schema = connection, sql_name(name), expected.schema
        taken = {column.lower() for column in expected.columns}
        self._row = next((word for word in ("rowid", "_rowid_", "oid") if word not in taken), "")
        self._last = -(2**63)
        self._texts = [column for column, dtype in expected.schema.items() if dtype == pl.String]
        self._numbers = [column for column in expected.columns if column not in self._texts]

    def is_next(self, part: pl.DataFrame) -> bool:
        """Whether the next rows are certainly these."""
        if not self._row or not 0 < len(self._texts) < _MOST_TEXTS:
            return False
        at_end = f"SELECT {self._row} FROM {self._name} WHERE {self._row} > ? ORDER BY {self._row} LIMIT 1 OFFSET ?"  # noqa: S608
        found = self._connection.execute(at_end, (self._last, part.height - 1)).fetchone()
        if not found or part.select(pl.col(self._texts).str.contains(_UNUSUAL).any()).sum_horizontal().item():
            return False
        asked, wanted = list[str](), list[object]()
        for column in part.select(self._texts).iter_columns():
            name = sql_name(column.name)
            asked += [f"group_concat(coalesce({name}, '{_NOTHING}'), '{_BETWEEN}')", f"count({name})"]
            wanted += [column.fill_null(_NOTHING).str.join(_BETWEEN).item(), len(column) - column.null_count()]
        others = " + ".join(
            f"((+{one} < '') IS TRUE) + ((+{one} >= x'') IS TRUE)" for one in map(sql_name, self._texts)
        )
        if self._rows(", ".join([*asked, f"sum({others})"]), found[0]) != [(*wanted, 0)]:
            return False
        if self._numbers:
            numbers = self._rows(", ".join(map(sql_name, self._numbers)), found[0], f"ORDER BY {self._row}")
            if numbers != part.select(self._numbers).rows():
                return False
        # what is joined ends at U+0000, which is seen by what is behind it, except in the last row
        self._last, before = found[0] - 1, self._last
        is_same = self._rows("*", found[0]) == part.tail(1).rows()
        self._last = found[0] if is_same else before
        return is_same

    def _rows(self, asked: str, last: int, order: str = "") -> list[tuple[Any, ...]]:
        """What is asked of the rows behind the last one that was seen, up to one."""
        query = f"SELECT {asked} FROM {self._name} WHERE {self._row} > ? AND {self._row} <= ? {order}"  # noqa: S608  # quoted
        return self._connection.execute(query, (self._last, last)).fetchall()

    def rest(self) -> Iterator[pl.DataFrame]:
        """The rows of which `is_next` was not sure, and those behind them."""
        behind = f" WHERE {self._row} > {self._last} ORDER BY {self._row}" if self._row else ""
        cursor = self._connection.execute(f"SELECT * FROM {self._name}{behind}")  # noqa: S608  # quoted
        while rows := cursor.fetchmany(_SLICE):
            yield cells.frame_of(self._schema, rows)


class Database:
    """A database that is written in one transaction; a crash leaves a file that is thrown away with its staging folder.

    Args:
        path: Where to.
        edition: The release.
        schemas: Those of the tables to come, for foreign keys; None of a view.
    """

    def __init__(self, path: Path, edition: Edition, schemas: Mapping[str, TableSchema | None]) -> None:
        self._path, self._facts, self._names = path, edition.facts, [*schemas]
        self._beside = dict[str, Path]()
        self._keys = {name: keys_of(schema) for name, schema in schemas.items() if schema}
        # a table is written on another thread than the one before, never on two at once
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        _put_temporary_files(path.parent)
        self._connection.executescript(_BOOKS.read_text(encoding="utf-8"))
        self._is_proven = True

    def add(self, table: Table) -> list[str]:
        """Creates and fills one table."""
        outline, schema = table.outline, table.schema
        _demand_room(schema)
        rows, special = _plain(table.rows)
        create, *others = self._statements(table)
        self._connection.execute(create)
        is_proven = _are_listed(schema.fields, table.rows)
        self._is_proven &= is_proven
        self._connection.execute(f"PRAGMA ignore_check_constraints = {is_proven:d}")
        self._fill(table, rows)
        for statement in others:  # an index of rows that are there is sorted once
            self._connection.execute(statement)
        self._insert("_tables", [(outline.name, outline.title, outline.description, rows.height, outline.is_view)])
        for place, item in enumerate(schema.fields, start=1):
            listed = _list_of(item, outline)
            codes = [(listed, at, str(code.value), code.label) for at, code in enumerate(item.categories, start=1)]
            self._insert("_code_lists", codes, "OR IGNORE ")
            said = outline.name, item.name, place, item.type, item.title, item.description
            marks = item.required, item.name in schema.primary_key
            refers = ", ".join(references_of(item, outline)) or None, listed if codes else None
            self._insert("_codebook", [(*said, *marks, *refers, item.name in outline.derived)])
        return [f"`{name}` holds NaN or infinity as text" for name in special]

    def _fill(self, table: Table, rows: Rows) -> None:
        """Inserts rows: many at once from a database beside this one, as long as SQLite takes another."""
        layout, extents = Layout.of(rows.schema), cells.extents_of(table.rows)
        widest = sum(max(_PLAIN, extents[name].widest) for name in layout.texts)
        if rows.bytes < _MANY or len(self._beside) == _MOST_BESIDE or not layout.holds(widest):
            for part in rows.slices(_SLICE):
                self._insert(table.name, part.rows())
            return
        name = f"rows{len(self._beside)}"
        self._beside[name] = path = self._path.with_suffix(f".{name}")
        write_database(path, rows, layout)
        self._connection.execute("ATTACH ? AS ?", (str(path), name))
        copied = f"SELECT {layout.select(rows.columns)} FROM {name}.{TABLE}"  # noqa: S608  # names of ours
        self._connection.execute(f"INSERT INTO main.{sql_name(table.name)} {copied}")

    def close(self, _readme: Sequence[str]) -> dict[str, str]:
        """Adds what is said of the release, proves keys and integrity, vacuums and closes.

        Raises:
            DeedbookError: when the file is damaged.
        """
        execute = self._connection.execute
        self._insert("_metadata", [*self._facts.items()])
        execute("COMMIT")
        for name, path in self._beside.items():
            execute(f"DETACH {name}")
            path.unlink()
        self._beside.clear()
        broken = Counter(str(row[0]) for row in execute("PRAGMA foreign_key_check"))
        execute("VACUUM")
        execute(f"PRAGMA ignore_check_constraints = {self._is_proven:d}")
        # not integrity_check, which looks up each row in each index, a quarter of the time: VACUUM has just written them
        verdict = execute("PRAGMA quick_check").fetchone()
        self.discard()
        if verdict != ("ok",):
            raise DeedbookError(f"the SQLite file fails its own check: {verdict}", "please report this")
        # validation lets a reference pass that resolves through id_redirects only, and warns
        words = "references name a row that is not there (see validation.json)"
        return {name: f"{count} {words}" for name, count in sorted(broken.items())}

    def discard(self) -> None:
        """Closes the file."""
        self._connection.close()
        _put_temporary_files(None)
        for path in self._beside.values():
            path.unlink(missing_ok=True)

    def _insert(self, table: str, rows: Sequence[Sequence[object]], otherwise: str = "") -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            insert = f"INSERT {otherwise}INTO {sql_name(table)} VALUES ({marks})"  # noqa: S608  # quoted
            self._connection.executemany(insert, rows)

    def _statements(self, table: Table) -> Iterator[str]:
        """What makes the table, and an index for each foreign key that has none as part of another key."""
        schema, name = table.schema, sql_name(table.name)
        parts = [_column(item, table.rows.schema[item.name], table.outline) for item in schema.fields]
        parts += [f"PRIMARY KEY ({_list(schema.primary_key)})"] if schema.primary_key else []
        parts += [f"UNIQUE ({_list(key)})" for key in schema.unique_keys]
        for key in schema.foreign_keys:
            target = key.resource or table.name
            if key.reference in self._keys.get(target, ()):
                there = f"{sql_name(target)} ({_list(key.reference)})"
                parts.append(f"FOREIGN KEY ({_list(key.fields)}) REFERENCES {there}")
        yield f"CREATE TABLE {name} (\n    " + ",\n    ".join(parts) + "\n)"
        for place, key in enumerate(schema.foreign_keys, start=1):
            if not any(other[: len(key.fields)] == key.fields for other in (schema.primary_key, *schema.unique_keys)):
                yield f"CREATE INDEX {sql_name(f'{table.name}_reference_{place}')} ON {name} ({_list(key.fields)})"
        yield from _labels_view(table, self._names)


def _put_temporary_files(folder: Path | None) -> None:
    """Has SQLite sort and vacuum in a folder, whose room was foretold; where the system has temporary files without one."""
    with closing(sqlite3.connect(":memory:")) as connection:  # it holds of all of this process
        connection.execute(f"PRAGMA temp_store_directory = {sql_value(str(folder or ''))}")


open_book = Database
"""An empty database for tables of these schemas."""


def _labels_view(table: Table, names: Sequence[str]) -> Iterator[str]:
    """What makes the view of a table whose codes have labels, beside tables of these names; nothing where it has no room."""
    name, fields = sql_name(table.name), table.schema.fields
    labelled = [item for item in fields if item.type in _CODED and any(code.label for code in item.categories)]
    if not labelled or len(fields) + len(labelled) > _MOST_COLUMNS:
        return
    columns = [f"{name}.*"]
    titles = _beside(table.schema.names, [f"{item.name}_label" for item in labelled])
    for item, title in zip(labelled, titles, strict=True):
        listed = f"code_list = {sql_value(_list_of(item, table.outline))}"
        code = f"code = CAST({name}.{sql_name(item.name)} AS TEXT)"
        label = f"(SELECT coalesce(nullif(label, ''), code) FROM _code_lists WHERE {listed} AND {code})"  # noqa: S608
        columns.append(f"{label} AS {sql_name(title)}")
    (view,) = _beside(names, [f"{table.name}_labels"])
    yield f"CREATE VIEW {sql_name(view)} AS SELECT {', '.join(columns)} FROM {name}"  # noqa: S608  # quoted


def _column(item: Field, dtype: pl.DataType, outline: Outline) -> str:
    """The definition of a column: its affinity, and what its values may be."""
    name, codes = sql_name(item.name), [*map(sql_value, _codes_of(item, dtype))]
    is_unique = item.constraints.get("unique") and outline.schema.primary_key != (item.name,)
    parts = (
        f"{name} {_AFFINITIES.get(dtype.base_type(), 'TEXT')}",
        "NOT NULL" if item.name in outline.required else "",
        "UNIQUE" if is_unique else "",
        f"CHECK ({name} IN ({', '.join(codes)}))" if codes else "",
    )
    return " ".join(filter(None, parts))


def _codes_of(item: Field, dtype: pl.DataType) -> list[object]:
    """What a CHECK asks the values of a column to be; none where it asks nothing."""
    values = list[object]()
    if dtype == pl.Boolean:
        values = [0, 1]
    elif item.type in _CODED:
        values = [label.value for label in item.categories] or item.constraints.get("enum", [])
    return values if len(values) <= _LONGEST_CHECK else []


def _are_listed(fields: Iterable[Field], rows: Rows) -> bool:
    """Whether it is certain that no CHECK finds anything: SQLite asks a row at a time, which takes longer than all else."""
    asked = []
    for item in fields:
        dtype = rows.schema[item.name]
        if dtype != pl.Boolean and (codes := _codes_of(item, dtype)):
            values = pl.col(item.name).drop_nulls().unique().cast(pl.String)
            asked.append(values.is_in([*map(str, codes)]).all().alias(item.name))
    return not asked or all(rows.asked(asked).values())


def _list_of(item: Field, outline: Outline) -> str:
    """What the code list of a field is called."""
    return item.code_list or f"{outline.name}.{item.name}"


def _beside(taken: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names, those that are taken with a number behind."""
    everything, longest = [*taken, *names], max(map(len, names)) + 9
    fitted = cells.fitted_names(everything, longest, lambda name, length: name[:length], "", folds_case=True)
    return fitted[len(taken) :]


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(sql_name, names))


def _demand_room(schema: TableSchema) -> None:
    """Refuses a table that SQLite cannot hold.

    Raises:
        cells.LeftOutError: with the reason.
    """
    if len({name.lower() for name in schema.names}) < len(schema.names):
        raise cells.LeftOutError("field names differ only in case")
    if len(schema.names) > _MOST_COLUMNS:
        raise cells.LeftOutError("it has too many columns")


def keys_of(schema: TableSchema) -> list[tuple[str, ...]]:
    """The keys that a foreign key of SQLite may refer to; none of a table that is left out."""
    try:
        _demand_room(schema)
    except cells.LeftOutError:
        return []
    unique = [(item.name,) for item in schema.fields if item.constraints.get("unique")]
    return [schema.primary_key, *schema.unique_keys, *unique]


def _plain(rows: Rows) -> tuple[Rows, list[str]]:
    """The rows with every column as SQLite holds it, whole numbers, doubles and text; which are text because of their numbers."""
    special = cells.special_numbers(rows)
    return rows.with_columns(
        [
            pl.col(name).cast(pl.Int8) if dtype == pl.Boolean else text_of(pl.col(name), dtype)
            for name, dtype in rows.schema.items()
            if dtype == pl.Boolean or dtype.is_temporal() or name in special
        ]
    ), special
