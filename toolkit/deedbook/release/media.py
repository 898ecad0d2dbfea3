"""What the files of a release are, by the end of their names: media type, words for people, whether they hold rows."""

from __future__ import annotations

from pathlib import PurePath

_MEDIA_TYPES = {
    ".R": "text/x-r",
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".do": "text/x-stata",
    ".dta": "application/x-stata-dta",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".py": "text/x-python",
    ".rds": "application/x-r-rds",
    ".sav": "application/x-spss-sav",
    ".sql": "application/sql",
    ".sqlite": "application/vnd.sqlite3",
    ".ttl": "text/turtle",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FORMAT_TITLES = {
    ".csv": "CSV",
    ".parquet": "Parquet",
    ".jsonl": "JSON Lines",
    ".dta": "Stata",
    ".sav": "SPSS",
    ".rds": "R",
    ".sqlite": "SQLite",
    ".xlsx": "Excel",
}
"""The formats of data, in the order in which they are shown."""
_OF_ONE_TABLE = frozenset({".csv", ".parquet", ".jsonl", ".dta", ".sav", ".rds"})


def media_type(name: str) -> str:
    """The media type of a file of a release."""
    return _MEDIA_TYPES.get(PurePath(name).suffix, "text/plain")


def table_of(name: str, tables: set[str]) -> str | None:
    """The table whose rows the file holds; None for every other file."""
    path = PurePath(name)
    return path.stem if path.stem in tables and path.suffix in _OF_ONE_TABLE else None
