"""What changed between two states of a dataset: records only, every format is a view of one `Changes`."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

CELLS = {"key": pl.String, "field": pl.String, "kind": pl.String, "old": pl.String, "new": pl.String}
"""A changed cell: the row's new key, its parts joined by `|`; the field; `value`, or `representation` when the cell means the same
and is only written otherwise; the canonical texts, or the raw ones of a representation change, null being a missing value."""
REKEYED = {"old": pl.String, "new": pl.String}
KEY = "\0key"
"""The column of `added` and `removed` that holds the whole key; no field can be called that."""
_PART = re.compile(r"(?:^|\|)((?:[^\\|]|\\.)*)", re.DOTALL)


def key_text(parts: Sequence[str]) -> pl.Expr:
    r"""The key columns as one text: joined by `|`, with `|` and the backslash escaped, as in `findings.join_key`."""
    texts = (pl.col(name).fill_null("").str.replace_all(r"([\\|])", r"\$1") for name in parts)
    return pl.concat_str(texts, separator="|")


def split_key(key: str) -> list[str]:
    """The parts of a key that `findings.join_key` joined."""
    return [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in _PART.findall(key)]


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """Something that is declared otherwise.

    Attributes:
        kind: One of those that `changes.schema.json` lists.
        table: The table; the code list for codes; empty for the whole package.
        field: The field, where one is concerned; the new name of a renamed one.
        subject: The constraint, the code or the property; of derived values, how many rows differ.
        old: What was declared before, as text; empty when nothing was.
        new: What is declared now.
    """

    kind: str
    table: str = ""
    field: str = ""
    subject: str = ""
    old: str = ""
    new: str = ""

    @property
    def sentence(self) -> str:
        """The change in words."""
        where = ".".join(part for part in (self.table, self.field) if part) or "the dataset"
        texts = [text if len(text) <= 80 else f"{text[:77]}..." for text in (self.old, self.new) if text]
        what = f"{self.kind.replace('-', ' ')}: {where}{f' {self.subject}' if self.subject else ''}"
        return f"{what}: {' -> '.join(texts)}" if texts else what


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChanges:
    """What happened to the rows of a table that stands on both sides.

    Attributes:
        key: The fields by which rows were matched; empty when whole rows were compared.
        fields: The fields that both sides have, by their new names, in the new order.
        added: Rows without a counterpart, as canonical text of `fields`, with their key in the first column `\\0key`.
        removed: The same of the old side; neither holds a re-keyed row.
        cells: One row per changed cell with the columns `CELLS`, row by row in the order of the new table, fields in schema order.
        rekeyed: Rows that have another key and the same content: `old` and `new` key.
        touched: Whole rows of the new side that stand in `cells` or `rekeyed`, like `added`.
        old_rows_touched: `key` (the old one) and `row` (number, the first being 0) of each old row that did not stay as it was.
        context: Rows of the old table that a patch has to name so that daff finds the row of that number, which follows them: their
            cells; only for a patch.
        reused: Keys of changed rows in which next to nothing is as before, or no field of `identity`: the key may name something else.
        identity: The fields that the new schema declares as `deedbook.identity`.
        rewritten: Rows of which only the representation changed.
        unlisted: Representation changes were too many to list: `rewritten` counts their rows, `cells` leaves them out.
    """

    table: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    old_rows: int
    new_rows: int
    added: pl.DataFrame
    removed: pl.DataFrame
    cells: pl.DataFrame
    rekeyed: pl.DataFrame
    touched: pl.DataFrame
    old_rows_touched: pl.DataFrame
    context: Mapping[int, list[tuple[str, ...]]] = field(default_factory=dict, compare=False)
    reused: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    rewritten: int = 0
    unlisted: bool = False

    @property
    def revised(self) -> int:
        """Rows of which a value changed."""
        return int(self.values.get_column("key").n_unique())

    @property
    def withdrawn(self) -> int:
        """Rows whose key no longer stands."""
        return self.removed.height + self.rekeyed.height

    @property
    def gone_keys(self) -> list[str]:
        """The keys that no longer stand."""
        return [*self.removed.get_column(KEY), *self.rekeyed.get_column("old")]

    @property
    def new_keys(self) -> list[str]:
        """The keys that did not stand before."""
        return [*self.added.get_column(KEY), *self.rekeyed.get_column("new")]

    @property
    def values(self) -> pl.DataFrame:
        """The cells whose value changed."""
        return self.cells.filter(pl.col("kind") == "value")

    @property
    def is_equal(self) -> bool:
        """Whether no row differs in any way."""
        return not (self.has_new_values or self.cells.height or self.rewritten)

    @property
    def has_new_values(self) -> bool:
        """Whether the content differs, not only how it is written."""
        return bool(self.added.height or self.removed.height or self.rekeyed.height or self.values.height)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers that sum the table up."""
        whole = {"added": self.added.height, "removed": self.removed.height, "rekeyed": self.rekeyed.height}
        parts = {"revised": self.revised, "rewritten": self.rewritten, "cells": self.values.height}
        return {"old_rows": self.old_rows, "new_rows": self.new_rows, **whole, **parts}

    @property
    def before(self) -> pl.DataFrame:
        """The rows of `touched` as they were, as their cells and old keys tell."""
        keys = [
            (new, name, part or None)
            for old, new in self.rekeyed.iter_rows()
            for name, part in zip(self.key, split_key(old), strict=True)
        ]
        columns = {name: CELLS[name] for name in ("key", "field", "old")}
        known = pl.concat([self.cells.select(list(columns)), pl.DataFrame(keys, schema=columns, orient="row")])
        rows = self.touched
        for (name,), part in known.partition_by("field", as_dict=True).items():
            was = part.select(pl.col("key").alias(KEY), pl.col("old").alias("\0old"), pl.lit(True).alias("\0known"))
            text = pl.when("\0known").then("\0old").otherwise(str(name)).alias(str(name))
            rows = rows.join(was, on=KEY, how="left", maintain_order="left").with_columns(text).drop("\0old", "\0known")
        return rows

    def fields_changed(self) -> list[tuple[str, int, int]]:
        """Each changed field with its number of value and of representation changes, in schema order."""
        is_value = pl.col("kind") == "value"
        counted = self.cells.group_by("field").agg(is_value.sum().alias("values"), (~is_value).sum().alias("texts"))
        counts = {name: (values, texts) for name, values, texts in counted.iter_rows()}
        return [(name, *counts[name]) for name in self.fields if name in counts]


Place = tuple[str, str, str]
"""Table, key (the new one; the old one of a row that went or was re-keyed) and field, which is empty for a whole row."""


@dataclass(frozen=True, slots=True)
class Span:
    """What lies between two releases of one chain: their versions, newest first; and the first one that could not be asked."""

    between: tuple[str, ...]
    missing: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that differs between two sides.

    Attributes:
        old: How the old side calls itself, for people.
        tables: The tables that stand on both sides, in the order of the new descriptor.
        rows_of_new: Rows by table of the tables that only the new side has.
        rows_of_gone: Rows by table of the tables that only the old side has.
        reasons: `reason`, `note` and `source` of changes, as far as they are known.
        span: The releases between the two, where both sides are releases.
    """

    old: str
    new: str
    schema: tuple[SchemaChange, ...] = ()
    tables: tuple[TableChanges, ...] = ()
    rows_of_new: dict[str, int] = field(default_factory=dict)
    rows_of_gone: dict[str, int] = field(default_factory=dict)
    reasons: Mapping[Place, dict[str, str]] = field(default_factory=dict)
    span: Span | None = None

    def why(self, table: str, key: str, name: str = "") -> dict[str, str]:
        """Why a row went or a cell was changed; empty when nobody says."""
        return self.reasons.get((table, key, name), {})

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs at all."""
        return not self.schema and not self.rows_of_new and all(table.is_equal for table in self.tables)

    @property
    def needs_release(self) -> bool:
        """Whether content or metadata differ; how cells are written does not count."""
        return bool(self.schema) or any(table.has_new_values for table in self.tables)


def changes_record(changes: Changes) -> dict[str, Any]:
    """The changes as JSON values, in the shape of `changes.schema.json`; the `changes.json` of a release adds to it."""
    why = changes.why
    return {
        "changes_version": 2,
        "old": changes.old,
        "new": changes.new,
        "equal": changes.is_equal,
        "schema": [asdict(item) for item in changes.schema],
        "tables_added": changes.rows_of_new,
        "tables_removed": changes.rows_of_gone,
        "tables": [
            {
                "table": table.table,
                "key": list(table.key),
                "counts": table.counts,
                "fields": [
                    {"field": name, "values": values, "texts": texts} for name, values, texts in table.fields_changed()
                ],
                "added": table.added.get_column(KEY).to_list(),
                "removed": [{"key": key, **why(table.table, key)} for key in table.removed.get_column(KEY)],
                "rekeyed": [pair | why(table.table, pair["old"]) for pair in table.rekeyed.to_dicts()],
                "reused": list(table.reused),
                "unlisted_representation": table.unlisted,
                "changed": [cell | why(table.table, cell["key"], cell["field"]) for cell in table.cells.to_dicts()],
            }
            for table in changes.tables
        ],
        **({"span": asdict(changes.span)} if changes.span else {}),
    }


def changes_schema() -> dict[str, Any]:
    """The JSON Schema of `changes_record`, and of the `changes.json` of a release."""
    return dict(json.loads(Path(__file__).with_name("changes.schema.json").read_bytes()))
