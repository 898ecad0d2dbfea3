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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from deedbook.errors import DeedbookError
from deedbook.release.tables import Limit, Table, non_finite_columns, text_of
from deedbook.schema import Field, ForeignKey, TableSchema

FORMAT = "SQLite"
_SLICE = 50_000
_MOST_COLUMNS = 2000
_LONGEST_CHECK = 1000
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


def open_database(path: Path) -> sqlite3.Connection:
    """An empty database in one transaction; a crash leaves a file that is thrown away with its staging folder."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "page_size = 4096",
        "encoding = 'UTF-8'",
        "journal_mode = OFF",
        "synchronous = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_BOOKS)
    connection.execute("BEGIN")
    return connection


def add_table(connection: sqlite3.Connection, table: Table, schemas: Mapping[str, TableSchema]) -> tuple[Limit, ...]:
    """Creates and fills one table.

    Args:
        connection: The database.
        table: The table; one that SQLite cannot hold is left out.
        schemas: Those of every table in the file, for foreign keys.
    """
    if reason := reason_to_leave_out(table.schema):
        return (Limit(FORMAT, table.name, f"left out: {reason}"),)
    special = non_finite_columns(table.rows)
    connection.execute(_create_statement(table, schemas))
    marks = ", ".join("?" * table.rows.width)
    insert = f"INSERT INTO {quoted(table.name)} VALUES ({marks})"  # noqa: S608  # names are quoted
    connection.executemany(insert, _records(table.rows, special))
    _describe(connection, table)
    return tuple(Limit(FORMAT, table.name, f"`{name}` holds NaN or infinity as text") for name in special)


def close_database(connection: sqlite3.Connection, metadata: Mapping[str, str]) -> tuple[Limit, ...]:
    """Adds the metadata, proves keys and integrity, vacuums and closes.

    Raises:
        DeedbookError: when the file is damaged.
    """
    connection.executemany("INSERT INTO _metadata VALUES (?, ?)", list(metadata.items()))
    connection.execute("COMMIT")
    broken = Counter(str(row[0]) for row in connection.execute("PRAGMA foreign_key_check"))
    connection.execute("VACUUM")
    verdict = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    if verdict != ("ok",):
        raise DeedbookError(f"the SQLite file fails its own check: {verdict}", "please report this")
    # validation lets a reference pass that resolves through id_redirects only, and warns
    return tuple(
        Limit(FORMAT, name, f"{count} references name a row that is not there (see validation.json)")
        for name, count in sorted(broken.items())
    )


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _create_statement(table: Table, schemas: Mapping[str, TableSchema]) -> str:
    schema = table.schema
    parts = [_column(item, table.rows.schema[item.name], schema) for item in schema.fields]
    if schema.primary_key:
        parts.append(f"PRIMARY KEY ({_list(schema.primary_key)})")
    parts += [f"UNIQUE ({_list(key)})" for key in schema.unique_keys]
    for key in schema.foreign_keys:
        if _is_declarable(key, table.name, schemas):
            target = key.resource or table.name
            parts.append(f"FOREIGN KEY ({_list(key.fields)}) REFERENCES {quoted(target)} ({_list(key.reference)})")
    return f"CREATE TABLE {quoted(table.name)} (\n    " + ",\n    ".join(parts) + "\n)"


def _column(item: Field, dtype: pl.DataType, schema: TableSchema) -> str:
    parts = [quoted(item.name), _affinity(dtype)]
    if item.required or item.name in schema.primary_key:
        parts.append("NOT NULL")
    if item.constraints.get("unique") and schema.primary_key != (item.name,):
        parts.append("UNIQUE")
    if dtype == pl.Boolean:
        parts.append(f"CHECK ({quoted(item.name)} IN (0, 1))")
    elif 0 < len(codes := _allowed_values(item)) <= _LONGEST_CHECK:
        parts.append(f"CHECK ({quoted(item.name)} IN ({', '.join(map(_literal, codes))}))")
    return " ".join(parts)


def _allowed_values(item: Field) -> tuple[object, ...]:
    """The closed list of values of a field of text or whole numbers; empty when it has none."""
    if item.type not in {"string", "integer"}:
        return ()
    return tuple(label.value for label in item.categories) or tuple(item.constraints.get("enum", ()))


def _affinity(dtype: pl.DataType) -> str:
    if dtype.is_integer() or dtype == pl.Boolean:
        return "INTEGER"
    return "REAL" if dtype.is_float() else "TEXT"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _list(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def reason_to_leave_out(schema: TableSchema) -> str:
    """Why SQLite cannot hold the table; empty when it can."""
    if len({name.lower() for name in schema.names}) < len(schema.names):
        return "field names differ only in case"
    return "it has too many columns" if len(schema.names) > _MOST_COLUMNS else ""


def _is_declarable(key: ForeignKey, own: str, schemas: Mapping[str, TableSchema]) -> bool:
    """Whether SQLite can hold the foreign key: its target must be a key."""
    target = schemas.get(key.resource or own)
    if target is None or reason_to_leave_out(target):
        return False
    if key.reference == target.primary_key or key.reference in target.unique_keys:
        return True
    return len(key.reference) == 1 and bool(target.field(key.reference[0]).constraints.get("unique"))


def _records(rows: pl.DataFrame, special: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """The rows as SQLite values, a slice at a time."""
    plain = plain_rows(rows, special)
    for start in range(0, rows.height, _SLICE):
        yield from plain.slice(start, _SLICE).collect().iter_rows()


def plain_rows(rows: pl.DataFrame, special: Sequence[str]) -> pl.LazyFrame:
    """The rows with every column as SQLite holds it: whole numbers, doubles and text."""
    return rows.lazy().with_columns(
        pl.col(name).cast(pl.Int8) if dtype == pl.Boolean else text_of(name, dtype)
        for name, dtype in rows.schema.items()
        if dtype == pl.Boolean or dtype.is_temporal() or dtype.is_nested() or name in special
    )


def _describe(connection: sqlite3.Connection, table: Table) -> None:
    outline = table.outline
    connection.execute(
        "INSERT INTO _tables VALUES (?, ?, ?, ?, ?)",
        (table.name, outline.title, outline.description, table.rows.height, int(outline.is_view)),
    )
    connection.executemany("INSERT INTO _codebook VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _codebook_rows(table))
    for item in table.schema.fields:
        rows = [
            (list_name(table.name, item), position, str(label.value), label.label)
            for position, label in enumerate(item.categories, start=1)
        ]
        connection.executemany("INSERT OR IGNORE INTO _code_lists VALUES (?, ?, ?, ?)", rows)


def list_name(table: str, item: Field) -> str:
    """The name of a field's code list: the declared one, else `table.field`."""
    return item.code_list or f"{table}.{item.name}"


def _codebook_rows(table: Table) -> Iterable[tuple[object, ...]]:
    schema = table.schema
    for position, item in enumerate(schema.fields, start=1):
        targets = [
            f"{key.resource or table.name}.{key.reference[key.fields.index(item.name)]}"
            for key in schema.foreign_keys
            if item.name in key.fields
        ]
        yield (
            table.name,
            item.name,
            position,
            item.type,
            item.title,
            item.description,
            int(item.required),
            int(item.name in schema.primary_key),
            ", ".join(targets) or None,
            list_name(table.name, item) if item.categories else None,
            int(item.name in table.outline.derived),
        )
