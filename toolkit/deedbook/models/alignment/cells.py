"""Cells of every table: plain texts, no ids that were retired, no codes that were deprecated; and where redirects lead."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pandera.polars as pa
import polars as pl

from deedbook.rules import text
from deedbook.rules.chains import climb
from deedbook.rules.references import declared, not_listed
from deedbook.rules.views import Said, View, beside, judge

REDIRECTS = "id_redirects"
_TEXTS: dict[str, Said] = tomllib.loads(Path(__file__).with_name("rules.toml").read_text("utf-8"))


def judged(view: View, name: str, passes: pl.Expr, values: Mapping[str, pl.Expr] | None = None) -> pa.Check:
    """A rule of `rules.toml`, which has what its findings say."""
    return judge(view, name, passes, values, **_TEXTS[name])


def plain(*fields: str) -> list[pa.Check]:
    """Texts of clean characters that stand for no missing value."""
    return [
        check for field in fields for check in (*text.clean(field, ref="R-02"), text.no_stand_in(field, ref="R-03"))
    ]


def current(tables: Mapping[str, pl.DataFrame], folder: Path) -> dict[str, list[pa.Check]]:
    """For every table: no retired references, no deprecated codes; and redirects that lead somewhere.

    Args:
        tables: The typed tables by name.
        folder: Where their Table Schemas are, which say what refers to a row or to a code.
    """
    schemas = {name: declared(folder / f"{name}.schema.json") for name in tables}
    ids = {name: item.key[0] for name, item in schemas.items() if len(item.key) == 1 and name != REDIRECTS}
    known = owners(tables, ids)
    retired = tables[REDIRECTS].join(known, left_on="old_id", right_on="id", how="anti")
    deprecated = tables["code_values"].filter(pl.col("deprecated_in").is_not_null())
    checks = {REDIRECTS: followed(tables[REDIRECTS], known, tuple(ids))}
    for name, item in schemas.items():
        own = checks.setdefault(name, [])
        own += [
            not_listed(
                "reference-redirected",
                field,
                retired,
                key="old_id",
                shows=("new_id", "reason"),
                reads=(REDIRECTS,),
                ref="R-06",
                message=f"{{{field}}} was retired ({{reason}}); its place is taken by {{new_id}}",
                hint="write the new id, or remove the reference",
            )
            for field in item.references
        ]
        own += [
            not_listed(
                "code-deprecated",
                field,
                deprecated.filter(pl.col("list") == codes),
                key="code",
                shows=("deprecated_in", "replaced_by"),
                reads=("code_values",),
                ref="R-50",
                message=f"{{{field}}} was deprecated in {{deprecated_in}}",
                hint="use {replaced_by}",
            )
            for field, codes in item.code_lists.items()
        ]
    return checks


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
    view = beside(view, "end", _destinations(redirects), {"old_id": "old_id"}, (REDIRECTS,))
    view = beside(view, "new", known, {"end.last": "id"}, tables)
    arrives = pl.col("end.is_withdrawn") | pl.col("new.id").is_not_null()
    return [
        judged(view, "retired-id-stands", pl.col("row.id").is_null(), values={"table": pl.col("row.first")}),
        judged(view, "redirect-leads-nowhere", arrives),
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
