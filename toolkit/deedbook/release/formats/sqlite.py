"""SQLite: one typed table per table with keys, code lists as CHECKs, and four tables about the data.

    _metadata     key, value: dataset, version, created, licence ...
    _tables       name, title, description, rows, is_view
    _codebook     one row per field: type, title, description, key, reference, code list
    _code_lists   one row per code with its label

Booleans are 0 and 1, dates and times ISO text, so that every reader agrees. A foreign key is declared where its target is
a primary or unique key of a table in the file. The file is vacuumed; its bytes depend on the rows and on SQLite's version.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from deedbook.errors import DeedbookError
from deedbook.integrity.containers import open_database
from deedbook.release.edition import Edition
from deedbook.release.formats import About
from deedbook.release.formats.comparison import Pair, demand_columns, frame_of, pairs_of
from deedbook.release.tables import Limit, Table, non_finite_columns, references_of, text_of
from deedbook.schema import Field, ForeignKey, TableSchema

FORMAT = "SQLite"
_SLICE = 50_000
"""Rows that are objects of Python at a time."""
_MOST_COLUMNS = 2000
"""SQLITE_MAX_COLUMN of a usual build."""
_LONGEST_CHECK = 1000
"""Codes in a CHECK: it is read again at each row that is inserted."""
_BOOKS = """
CREATE TABLE _metadata (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
CREATE TABLE _tables (name TEXT PRIMARY KEY NOT NULL, title TEXT, description TEXT, row_count INTEGER NOT NULL,
    is_view INTEGER NOT NULL);
CREATE TABLE _codebook (table_name TEXT NOT NULL, field TEXT NOT NULL, position INTEGER NOT NULL, type TEXT NOT NULL,
    title TEXT, description TEXT, is_required INTEGER NOT NULL, in_primary_key INTEGER NOT NULL, refers_to TEXT,
    code_list TEXT, is_derived INTEGER NOT NULL, PRIMARY KEY (table_name, field));
CREATE TABLE _code_lists (code_list TEXT NOT NULL, position INTEGER NOT NULL, code TEXT NOT NULL, label TEXT,
    PRIMARY KEY (code_list, code));
"""
_PRAGMAS = ("page_size = 4096", "encoding = 'UTF-8'", "journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY")


def open_book(path: Path, _edition: Edition, tables: Mapping[str, TableSchema | None]) -> Database:
    """An empty database for these tables."""
    return Database(path, {name: schema for name, schema in tables.items() if schema})


def read(table: Table, path: Path, _tables: Sequence[str] = ()) -> Iterator[Pair]:
    """The columns of a table of a file, beside the table's."""
    if _reason_to_leave_out(table.schema):
        return
    expected = _plain_rows(table.rows).collect()
    connection = open_database(path)
    try:
        cursor = connection.execute(f"SELECT * FROM {_quoted(table.name)} ORDER BY rowid")  # noqa: S608  # quoted
        demand_columns([column[0] for column in cursor.description], expected.columns)
        parts = iter(lambda: cursor.fetchmany(_SLICE), [])
        yield from pairs_of(expected, (frame_of(expected.schema, rows) for rows in parts))
    finally:
        connection.close()


class Database:
    """A database that is written in one transaction; a crash leaves a file that is thrown away with its staging folder.

    Args:
        path: Where to.
        schemas: Those of the tables to come, for foreign keys.
    """

    def __init__(self, path: Path, schemas: Mapping[str, TableSchema]) -> None:
        self._schemas = schemas
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(_BOOKS)
        self._connection.execute("BEGIN")

    def add(self, table: Table) -> tuple[Limit, ...]:
        """Creates and fills one table; one that SQLite cannot hold is left out."""
        if reason := _reason_to_leave_out(table.schema):
            return (Limit(FORMAT, table.name, f"left out: {reason}"),)
        insert = self._connection.executemany
        self._connection.execute(_create_statement(table, self._schemas))
        marks = ", ".join("?" * table.rows.width)
        plain = _plain_rows(table.rows)
        slices = (plain.slice(start, _SLICE).collect() for start in range(0, table.rows.height, _SLICE))
        records = (record for rows in slices for record in rows.iter_rows())
        insert(f"INSERT INTO {_quoted(table.name)} VALUES ({marks})", records)  # noqa: S608  # names are quoted
        outline = table.outline
        about = (table.name, outline.title, outline.description, table.rows.height, int(outline.is_view))
        insert("INSERT INTO _tables VALUES (?, ?, ?, ?, ?)", [about])
        insert("INSERT INTO _codebook VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _codebook_rows(table))
        for item in table.schema.fields:
            codes = [
                (_list_name(table.name, item), position, str(label.value), label.label)
                for position, label in enumerate(item.categories, start=1)
            ]
            insert("INSERT OR IGNORE INTO _code_lists VALUES (?, ?, ?, ?)", codes)
        special = non_finite_columns(table.rows)
        return tuple(Limit(FORMAT, table.name, f"`{name}` holds NaN or infinity as text") for name in special)

    def close(self, about: About) -> tuple[Limit, ...]:
        """Adds what is said of the release, proves keys and integrity, vacuums and closes.

        Raises:
            DeedbookError: when the file is damaged.
        """
        execute = self._connection.execute
        self._connection.executemany("INSERT INTO _metadata VALUES (?, ?)", list(about.facts.items()))
        execute("COMMIT")
        broken = Counter(str(row[0]) for row in execute("PRAGMA foreign_key_check"))
        execute("VACUUM")
        verdict = execute("PRAGMA integrity_check").fetchone()
        self._connection.close()
        if verdict != ("ok",):
            raise DeedbookError(f"the SQLite file fails its own check: {verdict}", "please report this")
        # validation lets a reference pass that resolves through id_redirects only, and warns
        return tuple(
            Limit(FORMAT, name, f"{count} references name a row that is not there (see validation.json)")
            for name, count in sorted(broken.items())
        )

    def discard(self) -> None:
        """Closes the file."""
        self._connection.close()


def _quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _create_statement(table: Table, schemas: Mapping[str, TableSchema]) -> str:
    schema = table.schema
    parts = [_column(item, table.rows.schema[item.name], schema) for item in schema.fields]
    if schema.primary_key:
        parts.append(f"PRIMARY KEY ({_list(schema.primary_key)})")
    parts += [f"UNIQUE ({_list(key)})" for key in schema.unique_keys]
    for key in schema.foreign_keys:
        if _is_declarable(key, schemas.get(key.resource or table.name)):
            target = _quoted(key.resource or table.name)
            parts.append(f"FOREIGN KEY ({_list(key.fields)}) REFERENCES {target} ({_list(key.reference)})")
    return f"CREATE TABLE {_quoted(table.name)} (\n    " + ",\n    ".join(parts) + "\n)"


def _column(item: Field, dtype: pl.DataType, schema: TableSchema) -> str:
    """The definition of a column: its affinity, and what its values may be."""
    name = _quoted(item.name)
    parts = [name, "INTEGER" if dtype.is_integer() or dtype == pl.Boolean else "REAL" if dtype.is_float() else "TEXT"]
    if item.required or item.name in schema.primary_key:
        parts.append("NOT NULL")
    if item.constraints.get("unique") and schema.primary_key != (item.name,):
        parts.append("UNIQUE")
    codes: Sequence[object] = ()
    if item.type in {"string", "integer"}:
        codes = [label.value for label in item.categories] or list(item.constraints.get("enum", ()))
    if dtype == pl.Boolean:
        parts.append(f"CHECK ({name} IN (0, 1))")
    elif 0 < len(codes) <= _LONGEST_CHECK:
        parts.append(f"CHECK ({name} IN ({', '.join(map(_literal, codes))}))")
    return " ".join(parts)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return repr(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))


def _reason_to_leave_out(schema: TableSchema) -> str:
    """Why SQLite cannot hold the table; empty when it can."""
    if len({name.lower() for name in schema.names}) < len(schema.names):
        return "field names differ only in case"
    return "it has too many columns" if len(schema.names) > _MOST_COLUMNS else ""


def _is_declarable(key: ForeignKey, target: TableSchema | None) -> bool:
    """Whether SQLite can hold the foreign key: its target must be a key."""
    if target is None or _reason_to_leave_out(target):
        return False
    if key.reference == target.primary_key or key.reference in target.unique_keys:
        return True
    return len(key.reference) == 1 and bool(target.field(key.reference[0]).constraints.get("unique"))


def _plain_rows(rows: pl.DataFrame) -> pl.LazyFrame:
    """The rows with every column as SQLite holds it: whole numbers, doubles and text."""
    special = non_finite_columns(rows)
    return rows.lazy().with_columns(
        pl.col(name).cast(pl.Int8) if dtype == pl.Boolean else text_of(name, dtype)
        for name, dtype in rows.schema.items()
        if dtype == pl.Boolean or dtype.is_temporal() or dtype.is_nested() or name in special
    )


def _list_name(table: str, item: Field) -> str:
    """The name of a field's code list: the declared one, else `table.field`."""
    return item.code_list or f"{table}.{item.name}"


def _codebook_rows(table: Table) -> Iterator[tuple[object, ...]]:
    for position, item in enumerate(table.schema.fields, start=1):
        yield (
            table.name,
            item.name,
            position,
            item.type,
            item.title,
            item.description,
            int(item.required),
            int(item.name in table.schema.primary_key),
            ", ".join(references_of(item, table.outline)) or None,
            _list_name(table.name, item) if item.categories else None,
            int(item.name in table.outline.derived),
        )
