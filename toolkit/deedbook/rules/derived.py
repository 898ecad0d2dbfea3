"""What `derive` of a project's `schemas/dataset.py` may compute from event tables of any layout; every field name is an argument."""

from collections.abc import Mapping, Sequence

import polars as pl

from deedbook.rules import dates


def counts(frame: pl.DataFrame, by: Mapping[str, str], sums: Mapping[str, str], n: str = "n_events") -> pl.DataFrame:
    """A view that counts rows by some fields, such as events by pair of countries and day.

    Args:
        frame: The rows; one that has nothing in one of the fields is not counted.
        by: The columns of the view and the fields that they are.
        sums: More of its columns, and the fields that they add up; null where no row has a number.
        n: What the number of rows is called.
    """
    totals = (
        pl.when(pl.col(field).is_not_null().any()).then(pl.col(field).sum()).alias(name) for name, field in sums.items()
    )
    keys = frame.drop_nulls(list(by.values())).group_by(*(pl.col(field).alias(name) for name, field in by.items()))
    return keys.agg(pl.len().alias(n), *totals).sort(*by)


def unpacked(
    frame: pl.DataFrame, key: str, roles: Mapping[str, str], separator: str, value: str = "name"
) -> pl.DataFrame:
    """A view with one row for each name in the cells of a row, which hold lists: its `key`, its `role` and the name.

    Args:
        frame: The rows.
        key: The field that says which row it is.
        roles: The roles and the fields that hold their names.
        separator: What stands between two names of a cell; spaces around it do not count.
        value: What the column of names is called.
    """
    parts = [
        frame.select(key, role=pl.lit(role), **{value: pl.col(field).str.split(separator)}).explode(value)
        for role, field in roles.items()
    ]
    names = pl.concat(parts).with_columns(pl.col(value).str.strip_chars())
    return names.filter(pl.col(value) != "").unique(maintain_order=True)


def bounds(key: Sequence[str], frame: pl.DataFrame, **parts: Sequence[str]) -> pl.DataFrame:
    """Columns `NAME_first` and `NAME_last` by the key: the days that a date in three fields (year, month, day) allows.

    Args:
        key: The fields that say which row it is.
        frame: The rows.
        parts: For each NAME the three fields.
    """
    days = {}
    for name, fields in parts.items():
        days[f"{name}_first"], days[f"{name}_last"] = dates.of_parts(*fields)
    return frame.select(*key, **days)
