"""The rows of one table on both sides to `TableChanges`: screened by hash, then only the differing rows are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from deedbook.changes.aligning import Alignment, align, key_text, value_text
from deedbook.changes.finding import Comparing, Found, find
from deedbook.changes.patching import context_rows
from deedbook.changes.records import CELLS, KEY, REKEYED, TableChanges
from deedbook.descriptor import Resource
from deedbook.schema import Field, TableSchema
from deedbook.types import canonical_text

_LEAST_FIELDS = 3
_MOST_KEPT = 0.25
_ORDER = "\0order"
_COPY = "\0copy"
_AT_ONCE = 200
"""Fields of one query, whose time grows with the square of their number."""


def compare_rows(old: Resource, new: Resource, comparing: Comparing) -> TableChanges:
    """What happened to the rows of a table.

    Both resources have a schema, and their data passed validation; cells that are no values of their type compare as missing.
    """
    alignment = align(_schema(old), _schema(new), everything=comparing.everything)
    found = find(old, new, alignment, comparing)
    table = _judge(old.name if not new.name else new.name, alignment, found, comparing)
    if not comparing.everything:
        return table
    return replace(
        table, context=context_rows(old, alignment, table.old_rows_touched.get_column("key"), found.heights[0])
    )


def _schema(resource: Resource) -> TableSchema:
    return resource.schema or TableSchema(fields=())


def _expand(frame: pl.DataFrame, fields: Sequence[Field | None], key: Sequence[int]) -> pl.DataFrame:
    """The rows as raw (`r0` ...), canonical (`t0` ...) and comparable (`v0` ...) text by position, with their key."""
    parts = [_texts(frame, fields, range(len(fields))[at : at + _AT_ONCE]) for at in range(0, len(fields), _AT_ONCE)]
    texts = pl.concat(parts, how="horizontal") if parts else frame.select()
    whole = key_text([f"t{at}" for at in key]) if key else pl.lit("", pl.String)
    return texts.with_columns(whole.alias(KEY)).with_row_index(_ORDER)


def _texts(frame: pl.DataFrame, fields: Sequence[Field | None], places: Iterable[int]) -> pl.DataFrame:
    """The columns of some fields in each of the three forms."""
    columns = []
    for at in places:
        item = fields[at]
        if item is None:
            columns += [pl.lit(None, pl.String).alias(f"{form}{at}") for form in "rtv"]
            continue
        columns += [pl.col(item.name).alias(f"r{at}"), canonical_text(item).alias(f"t{at}")]
        columns.append(value_text(item).alias(f"v{at}"))
    return frame.select(columns)


def _judge(name: str, alignment: Alignment, found: Found, comparing: Comparing) -> TableChanges:
    old = _expand(found.old, [pair.old for pair in alignment.pairs], alignment.key)
    new = _expand(found.new, [pair.new for pair in alignment.pairs], alignment.key)
    touched_rows = old.select(pl.col(KEY).alias("key"), pl.Series("row", found.at_old, dtype=pl.Int64))
    if alignment.key:
        # keys of valid tables are unique; a copy number keeps broken ones from multiplying
        old, new = (side.with_columns(pl.int_range(pl.len()).over(KEY).alias(_COPY)) for side in (old, new))
        on = [KEY, _COPY]
        both = new.join(old, on=on, how="inner", suffix=" old", maintain_order="left")
        removed, added = old.join(new, on=on, how="anti"), new.join(old, on=on, how="anti")
    else:
        both, removed, added = new.clear().join(old.clear(), on=[KEY], suffix=" old"), old, new
    come = added
    form = "r" if comparing.everything else "t"
    compared = "r" if comparing.everything else "v"
    removed, added, rekeyed = _rekeyed(removed.sort(_ORDER), added.sort(_ORDER), alignment, compared)
    cells, touched = _cells(both, alignment, form, literal=comparing.literal)
    return TableChanges(
        table=name,
        key=alignment.key_names,
        fields=alignment.names,
        old_rows=found.heights[0],
        new_rows=found.heights[1],
        added=_rows(added, alignment, form),
        removed=_rows(removed, alignment, form),
        cells=cells,
        rekeyed=rekeyed,
        old_rows_touched=touched_rows,
        touched=_rows(
            pl.concat(
                [
                    both.select(added.columns).filter(pl.col(KEY).is_in(cells.get_column("key").unique().implode())),
                    come.filter(pl.col(KEY).is_in(rekeyed.get_column("new").implode())),
                ]
            ).sort(_ORDER),
            alignment,
            form,
        ),
        reused=_reused(both, alignment),
        rewritten=found.rewritten + touched,
        unlisted=found.unlisted,
    )


def _rows(frame: pl.DataFrame, alignment: Alignment, form: str) -> pl.DataFrame:
    """Whole rows in one form of text, the key first."""
    return frame.select(KEY, *(pl.col(f"{form}{at}").alias(name) for at, name in enumerate(alignment.names)))


def _cells(both: pl.DataFrame, alignment: Alignment, shown: str, *, literal: bool) -> tuple[pl.DataFrame, int]:
    """The changed cells in the order of rows and fields, and the number of rows that were only written otherwise."""
    parts = []
    for at, pair in enumerate(alignment.pairs):
        differs = pl.col(f"v{at}").ne_missing(pl.col(f"v{at} old"))
        text = "r" if literal else "t"
        rewritten = ~differs & pl.col(f"{text}{at}").ne_missing(pl.col(f"{text}{at} old"))
        forms = dict.fromkeys(("v", shown, text))
        columns = [_ORDER, KEY, *(f"{form}{at}{side}" for form in forms for side in ("", " old"))]
        few = pl.DataFrame([both.get_column(name) for name in columns]).lazy()  # a query names all columns of its frame
        for kind, condition, form in (("value", differs, shown), ("representation", rewritten, text)):
            parts.append(
                few.filter(condition).select(
                    _ORDER,
                    pl.lit(at).alias("at"),
                    KEY,
                    pl.lit(pair.name).alias("field"),
                    pl.lit(kind).alias("kind"),
                    pl.col(f"{form}{at} old").alias("old"),
                    pl.col(f"{form}{at}").alias("new"),
                )
            )
    if not parts or both.is_empty():
        return pl.DataFrame(schema=CELLS), 0
    cells = pl.concat(pl.collect_all(parts)).sort(_ORDER, "at").rename({KEY: "key"})
    kinds = cells.group_by(_ORDER).agg((pl.col("kind") == "value").any().alias("has_value"))
    return cells.select(list(CELLS)), int((~kinds.get_column("has_value")).sum())


def _rekeyed(
    removed: pl.DataFrame, added: pl.DataFrame, alignment: Alignment, form: str
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Takes out the rows that were removed and added again under another key, all else being equal and filled."""
    others = [f"{form}{at}" for at in range(len(alignment.pairs)) if at not in alignment.key]
    none = pl.DataFrame(schema=REKEYED)
    if not alignment.key or not others or removed.is_empty() or added.is_empty():
        return removed, added, none

    def single(frame: pl.DataFrame) -> pl.DataFrame:
        content = frame.select(KEY, pl.struct(others).alias("content"))
        filled = frame.select(
            pl.sum_horizontal(pl.col(name).is_not_null() for name in others) * 2 >= min(len(others), 4)
        )
        return content.filter(filled.to_series()).filter(pl.col("content").is_unique())

    pairs = single(removed).join(single(added), on="content", how="inner", suffix=" new", maintain_order="right")
    rekeyed = pairs.select(pl.col(KEY).alias("old"), pl.col(f"{KEY} new").alias("new"))
    if rekeyed.is_empty():
        return removed, added, none
    return (
        removed.filter(~pl.col(KEY).is_in(rekeyed.get_column("old").implode())),
        added.filter(~pl.col(KEY).is_in(rekeyed.get_column("new").implode())),
        rekeyed,
    )


def _reused(both: pl.DataFrame, alignment: Alignment) -> tuple[str, ...]:
    """The keys of rows that kept at most a quarter of what was filled: at least three fields, all but those changed."""
    others = [at for at in range(len(alignment.pairs)) if at not in alignment.key]
    if both.is_empty() or len(others) < _LEAST_FIELDS:
        return ()
    filled = [pl.col(f"v{at}").is_not_null() & pl.col(f"v{at} old").is_not_null() for at in others]
    kept = [have & pl.col(f"v{at}").eq_missing(pl.col(f"v{at} old")) for have, at in zip(filled, others, strict=True)]
    counts = both.select(KEY, filled=pl.sum_horizontal(filled), kept=pl.sum_horizontal(kept))
    suspects = counts.filter((pl.col("filled") >= _LEAST_FIELDS) & (pl.col("kept") <= _MOST_KEPT * pl.col("filled")))
    return tuple(suspects.get_column(KEY))
