"""Keys, references and codes beyond what Table Schema says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.descriptor import load_json
from deedbook.rules.chains import climb
from deedbook.rules.rule import rule
from deedbook.rules.views import View, beside, judge
from deedbook.schema import read_schema


def distinct_beyond_case(*key: str) -> pa.Check:
    """No two primary keys differ in upper and lower case only."""
    folded = [pl.col(name).str.to_lowercase() for name in key]
    others = pl.struct(key).n_unique().over(folded)
    shown = "|".join(f"{{{name}}}" for name in key)
    return rule(
        "key-differs-only-in-case",
        others == 1,
        at=key[-1],
        ref="R-05",
        group=key,
        message=f"another row's key differs from {shown} in upper and lower case only",
        hint="give one of them a new key",
    )


Rows = Mapping[str, Mapping[str, str]]
"""Rows by their key."""


def retired_ids(redirects: pl.DataFrame, known: pl.DataFrame) -> Rows:
    """The redirects of ids that no table has any more, by old id.

    Args:
        redirects: The table `id_redirects`.
        known: The result of `owners`.
    """
    gone = redirects.join(known, left_on="old_id", right_on="id", how="anti")
    return {row["old_id"]: row for row in gone.iter_rows(named=True)}


def standing(fields: Iterable[str], retired: Rows) -> list[pa.Check]:
    """No reference leads to an id that was retired.

    Args:
        fields: The fields that hold ids of other rows.
        retired: The result of `retired_ids`.
    """
    return [
        rule(
            "reference-redirected",
            ~pl.col(field).is_in(list(retired)),
            at=field,
            ref="R-06",
            severity="warning",
            reads=("id_redirects",),
            hint="write the new id, or remove the reference",
            message=f"{{{field}}} was retired ({{reason}}); its place is taken by {{new_id}}",
            values={name: _translated(field, retired, name) for name in ("new_id", "reason")},
        )
        for field in fields
    ]


def deprecated_codes(code_values: pl.DataFrame) -> Mapping[str, Rows]:
    """The deprecated codes of each list that has some, by code."""
    old: dict[str, dict[str, dict[str, str]]] = {}
    for row in code_values.filter(pl.col("deprecated_in").is_not_null()).iter_rows(named=True):
        old.setdefault(row["list"], {})[row["code"]] = row
    return old


def current_codes(lists: Mapping[str, str], deprecated: Mapping[str, Rows]) -> list[pa.Check]:
    """No code is in use that was deprecated.

    Args:
        lists: Field to the name of its code list.
        deprecated: The result of `deprecated_codes`.
    """
    checks = []
    for field, name in lists.items():
        codes = deprecated.get(name, {})
        checks.append(
            rule(
                "code-deprecated",
                ~pl.col(field).is_in(list(codes)),
                at=field,
                ref="R-50",
                severity="warning",
                reads=("code_values",),
                message=f"{{{field}}} was deprecated in {{deprecated_in}}",
                hint="use {replaced_by}",
                values={column: _translated(field, codes, column) for column in ("deprecated_in", "replaced_by")},
            )
        )
    return checks


def _translated(field: str, rows: Rows, column: str) -> pl.Expr:
    new = {key: row[column] for key, row in rows.items()}
    return pl.col(field).replace_strict(new, default=None, return_dtype=pl.String)


def owners(tables: Mapping[str, pl.DataFrame], ids: Mapping[str, str]) -> pl.DataFrame:
    """Every id with the `first` table that has it, in the order of `ids` (table to field)."""
    parts = [
        tables[table].select(pl.col(field).alias("id"), pl.lit(table).alias("first")) for table, field in ids.items()
    ]
    return pl.concat(parts).drop_nulls("id").unique("id", keep="first", maintain_order=True)


def followed(redirects: pl.DataFrame, known: pl.DataFrame, tables: tuple[str, ...]) -> list[pa.Check]:
    """A retired id no longer stands, and its redirects end at an id that does or at a withdrawal.

    Args:
        redirects: The table `id_redirects`.
        known: The result of `owners`.
        tables: The tables that were read for it.
    """
    view = beside(View(redirects), "row", known, {"old_id": "id"}, tables)
    view = beside(view, "end", _destinations(redirects), {"old_id": "old_id"}, ("id_redirects",))
    view = beside(view, "new", known, {"end.last": "id"}, tables)
    arrives = pl.col("end.is_withdrawn") | pl.col("new.id").is_not_null()
    return [
        judge(
            view,
            "retired-id-stands",
            pl.col("row.id").is_null(),
            at="old_id",
            ref="R-04",
            message="{old_id} was retired, but stands in {table}",
            hint="remove the row or the redirect",
            values={"table": pl.col("row.first")},
        ),
        judge(
            view,
            "redirect-leads-nowhere",
            arrives,
            at="new_id",
            ref="R-06",
            message="{old_id} leads to {new_id}, at the end of which stands no row",
            hint="name an id that stands, or none where the row was withdrawn",
        ),
    ]


def _destinations(redirects: pl.DataFrame) -> pl.DataFrame:
    """Every retired id with the id at the end of its redirects: `last`; null where they run in a circle.

    `is_withdrawn` is true where the last redirect names no new id.
    """
    end = climb(redirects["old_id"], redirects["new_id"])
    final = redirects.select(end="old_id", last="new_id").unique("end", keep="first")
    return (
        redirects.select("old_id", end=end)
        .join(final, on="end", how="left", maintain_order="left")
        .select("old_id", "last", is_withdrawn=pl.col("end").is_not_null() & pl.col("last").is_null())
    )


def listed(code_values: pl.DataFrame, fields: tuple[str, ...]) -> list[pa.Check]:
    """What a code refers to is a code of the same list."""
    checks = []
    for field in fields:
        view = beside(
            View(code_values),
            "other",
            code_values.select("list", "code"),
            {"list": "list", field: "code"},
            ("code_values",),
        )
        checks.append(
            judge(
                view,
                "code-refers-to-nothing",
                pl.col(field).is_null() | pl.col("other.code").is_not_null(),
                at=field,
                ref="R-50",
                message=f"{{{field}}} is no code of the list {{list}}",
                hint="name a code of the same list",
            )
        )
    return checks


@dataclass(frozen=True, slots=True)
class Declared:
    """What a Table Schema says of keys and codes, so that a rule file need not repeat it.

    Attributes:
        key: The primary key.
        references: The fields that hold the key of a row of this or another table.
        code_lists: Field to the name of its code list.
    """

    key: tuple[str, ...]
    references: tuple[str, ...]
    code_lists: Mapping[str, str]


def declared(schema_file: Path) -> Declared:
    """The keys and codes of a `TABLE.schema.json`."""
    schema = read_schema(load_json(schema_file, "schema"), str(schema_file))
    return Declared(
        key=schema.primary_key,
        references=tuple(key.fields[0] for key in schema.foreign_keys if len(key.fields) == 1),
        code_lists={item.name: item.code_list for item in schema.fields if item.code_list},
    )
