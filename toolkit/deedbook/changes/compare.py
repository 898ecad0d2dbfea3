"""Two sides of a comparison to their `Changes`: what they declare, then table by table the rows that differ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from deedbook.changes import declarations
from deedbook.changes.highlighter import context_rows
from deedbook.changes.records import CELLS, KEY, REKEYED, Changes, SchemaChange, TableChanges, key_text
from deedbook.changes.row_hashes import MEMORY, Comparison, Matcher, differing_rows, text_of
from deedbook.changes.sources import Side
from deedbook.descriptor import Package, Resource
from deedbook.project import CODE_VALUES
from deedbook.reading.tables import read_each, read_text, refuse_unknown_columns
from deedbook.schema import Field
from deedbook.types import canonical_text

Progress = Callable[[str, float], None]
"""Told what is being done, and which share of the whole comparison is behind it (0 to 1)."""
_LEAST_FIELDS = 3
_MOST_KEPT = 0.25
_ORDER, _COPY = "\0order", "\0copy"
_AT_ONCE = 200
"""Fields of one query, whose time grows with the square of their number."""


def compare(
    old: Side,
    new: Side,
    *,
    literal: bool = True,
    derived: bool = False,
    everything: bool = False,
    tables: tuple[str, ...] = (),
    memory: int = MEMORY,
    progress: Progress | None = None,
    matcher: Matcher | None = None,
) -> Changes:
    """What differs between two sides.

    Args:
        old: The side before.
        new: The side after.
        literal: Report cells that mean the same and are written otherwise; else canonical texts are compared.
        derived: Also compare the columns and tables that only releases have.
        everything: Compare fields that one side lacks as well, and give texts as they stand in the files, for a patch.
        tables: Names of the tables to compare; all when empty.
        memory: Bytes; with less of it, less of a table is read at a time. Eight to twelve bytes a row and side are needed all the same.
        progress: Told what is read.
        matcher: What hashes rows; this process when None.

    Raises:
        ProjectError: when a table cannot be read.
    """

    renamed = declarations.renamed_tables(old.package, new.package)
    old = old.named_as(new)
    before, after = _tables(old, tables, derived=derived), _tables(new, tables, derived=derived)
    licences = old.package.raw.get("licenses"), new.package.raw.get("licenses")
    schema = [
        *declarations.package_changes(old.package, new.package),
        *declarations.table_changes(before, after, licences),
    ]
    schema += [SchemaChange("table-renamed", now, old=was, new=now) for now, was in renamed.items() if now in after]
    schema += declarations.code_changes(before, after, listed=CODE_VALUES not in before.keys() & after.keys())
    common = [name for name in after if name in before]
    for name in common:
        refuse_unknown_columns(old.package.resource(name))
        refuse_unknown_columns(new.package.resource(name))
    sizes = {name: _size(before[name]) + _size(after[name]) for name in common}
    total, read, current = max(1, sum(sizes.values())), 0, ""

    def advance(size: int) -> None:
        nonlocal read
        read += size
        if progress:
            progress(f"comparing {current}", min(1.0, read / total))

    how = Comparison(literal or everything, everything, advance, memory, matcher)
    found = []
    for at, current in enumerate(common):  # `advance` tells it
        read = sum(list(sizes.values())[:at])
        found.append(_compare_rows(before[current], after[current], how))
        schema += declarations.vocabulary_changes(found[-1])
    came, went = _heights(after, before), _heights(before, after)
    return Changes(old.label, new.label, tuple(schema), tuple(found), rows_of_new=came, rows_of_gone=went)


def _tables(side: Side, names: tuple[str, ...], *, derived: bool) -> dict[str, Resource]:
    """The tables that are compared: those of these names, or all."""
    held = side.package.resources if derived else edited_tables(side.package)
    return {item.name: item for item in held if not names or item.name in names}


def edited_tables(package: Package) -> Iterator[Resource]:
    """The tables that people edit, without the columns and tables that a release derived."""
    for resource in package.resources:
        fields = resource.described.fields
        kept = tuple(item for item in fields if not item.raw.get("derived"))
        if resource.schema and kept and len(kept) < len(fields):
            yield replace(resource, schema=replace(resource.schema, fields=kept))
        elif kept or not fields:
            yield resource


def read_columns(resource: Resource, names: Sequence[str]) -> pl.DataFrame:
    """These fields of a table as canonical text."""
    texts = [canonical_text(resource.described.field(name)).alias(name) for name in names]
    empty = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return pl.concat([empty, *(frame.select(texts) for frame in read_text(resource))])


def ids_of(resource: Resource) -> list[str]:
    """The keys of a table whose key is one field, as canonical text; none of other tables."""
    key = resource.described.primary_key
    return read_columns(resource, key).to_series().drop_nulls().to_list() if len(key) == 1 else []


def _size(resource: Resource) -> int:
    """The bytes of its files, as far as they are there."""
    return sum(file.stat().st_size for file in resource.sources if file and file.is_file())


def _heights(tables: Mapping[str, Resource], others: Mapping[str, Resource]) -> dict[str, int]:
    """The rows of the tables that the other side lacks."""
    left = {name: item for name, item in tables.items() if name not in others}
    return {name: sum(read_each(item, lambda frame: frame.height, strict=True)) for name, item in left.items()}


def _compare_rows(old: Resource, new: Resource, how: Comparison) -> TableChanges:
    """The rows that differ, matched by their key, as added, removed, re-keyed and changed ones.

    Cells that are no values of their type compare as missing.
    """
    alignment = declarations.align(old.described, new.described, everything=how.everything)
    identity = declarations.identity_of(new.described)
    differing, names = differing_rows(old, new, alignment, how), tuple(pair.name for pair in alignment.pairs)
    before = _forms(differing.old, alignment, 0)
    after = _forms(differing.new, alignment, 1)
    at_old = pl.Series("row", differing.at_old, dtype=pl.Int64)
    old_rows_touched = before.select(pl.col(KEY).alias("key"), at_old)
    if alignment.key:
        # keys of valid tables are unique; a copy number keeps broken ones from multiplying
        before, after = (side.with_columns(pl.int_range(pl.len()).over(KEY).alias(_COPY)) for side in (before, after))
        on = [KEY, _COPY]
        both = after.join(before, on=on, how="inner", suffix=" old", maintain_order="left")
        removed, added = before.join(after, on=on, how="anti"), after.join(before, on=on, how="anti")
    else:
        both = after.clear().join(before.clear(), on=[KEY], suffix=" old")
        removed, added = before, after
    del before, after  # what follows takes as much again as they do
    shown, content = ("r", "r") if how.everything else ("t", "v")
    removed, added = removed.sort(_ORDER), added.sort(_ORDER)
    rekeyed = _rekeyed(removed, added, alignment, content)
    cells, rewritten = _cells(both, alignment, shown, "r" if how.literal else "t")

    def whole(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(KEY, *(pl.col(f"{shown}{at}").alias(name) for at, name in enumerate(names)))

    is_moved = pl.col(KEY).is_in(rekeyed.get_column("new").implode())
    is_changed = pl.col(KEY).is_in(cells.get_column("key").unique().implode())
    touched = pl.concat([both.select(added.columns).filter(is_changed), added.filter(is_moved)]).sort(_ORDER)
    return TableChanges(
        table=new.name,
        key=tuple(names[at] for at in alignment.key),
        fields=names,
        old_rows=differing.heights[0],
        new_rows=differing.heights[1],
        added=whole(added.filter(~is_moved)),
        removed=whole(removed.filter(~pl.col(KEY).is_in(rekeyed.get_column("old").implode()))),
        cells=cells,
        rekeyed=rekeyed,
        old_rows_touched=old_rows_touched,
        touched=whole(touched),
        context=context_rows(old, alignment, differing.heights[0], at_old) if how.everything else {},
        reused=_reused(both, alignment, identity),
        identity=identity,
        rewritten=differing.rewritten + rewritten,
        unlisted=differing.unlisted,
    )


def _forms(frame: pl.DataFrame, alignment: declarations.Alignment, side: int) -> pl.DataFrame:
    """The rows as raw (`r0` ...), canonical (`t0` ...) and comparable (`v0` ...) text by position, with their key."""

    def in_order(item: Field | None, text: pl.Expr) -> pl.Expr:
        """A text that is equal where the values are: packed sets are sorted."""
        if item is None or not declarations.is_packed_set(item):
            return text
        delimiter = str(item.raw.get("delimiter", ","))
        items = text.str.split(delimiter).list.eval(pl.element().str.strip_chars()).list.unique().list.sort()
        return pl.when(text.is_not_null()).then(items.list.join(delimiter))

    columns: list[pl.Expr] = []
    for at, item in enumerate(pair[side] for pair in alignment.pairs):
        canonical = text_of(item, literal=False)
        forms = {"r": text_of(item, literal=True), "t": canonical, "v": in_order(item, canonical)}
        columns += [text.alias(f"{form}{at}") for form, text in forms.items()]
    parts = [frame.select(columns[at : at + 3 * _AT_ONCE]) for at in range(0, len(columns), 3 * _AT_ONCE)]
    texts = pl.concat(parts, how="horizontal") if parts else frame.select()
    whole = key_text([f"t{at}" for at in alignment.key]) if alignment.key else pl.lit("", pl.String)
    return texts.with_columns(whole.alias(KEY)).with_row_index(_ORDER)


def _cells(both: pl.DataFrame, alignment: declarations.Alignment, shown: str, text: str) -> tuple[pl.DataFrame, int]:
    """The changed cells in the order of rows and fields, and the number of rows that were only written otherwise.

    A value is given in the form `shown`; another way to write it is told by the form `text`.
    """
    parts = []
    for at, pair in enumerate(alignment.pairs):
        differs = pl.col(f"v{at}").ne_missing(pl.col(f"v{at} old"))
        rewritten = ~differs & pl.col(f"{text}{at}").ne_missing(pl.col(f"{text}{at} old"))
        columns = [f"{form}{at}{side}" for form in dict.fromkeys(("v", shown, text)) for side in ("", " old")]
        # a query names all columns of its frame, so each gets a frame of few
        few = pl.DataFrame([both.get_column(name) for name in (_ORDER, KEY, *columns)]).lazy()
        for kind, condition, form in (("value", differs, shown), ("representation", rewritten, text)):
            texts = pl.col(f"{form}{at} old").alias("old"), pl.col(f"{form}{at}").alias("new")
            labels = pl.lit(pair.name).alias("field"), pl.lit(kind).alias("kind")
            parts.append(
                few.filter(condition).select(_ORDER, pl.lit(at).alias("at"), pl.col(KEY).alias("key"), *labels, *texts)
            )
    if not parts or both.is_empty():
        return pl.DataFrame(schema=CELLS), 0
    cells = pl.concat(pl.collect_all(parts)).sort(_ORDER, "at")
    kinds = cells.group_by(_ORDER).agg((pl.col("kind") == "value").any().alias("has_value"))
    return cells.select(list(CELLS)), int((~kinds.get_column("has_value")).sum())


def _rekeyed(removed: pl.DataFrame, added: pl.DataFrame, alignment: declarations.Alignment, form: str) -> pl.DataFrame:
    """The keys of rows that were removed and added again under another key, all else being equal and filled."""
    others = [f"{form}{at}" for at in alignment.others]
    if not alignment.key or not others or removed.is_empty() or added.is_empty():
        return pl.DataFrame(schema=REKEYED)

    def single(frame: pl.DataFrame) -> pl.DataFrame:
        """The rows whose content stands once, at least half of it filled (of wide tables, two fields)."""
        filled = pl.sum_horizontal(pl.col(name).is_not_null() for name in others) * 2 >= min(len(others), 4)
        content = frame.select(KEY, pl.struct(others).alias("content"), filled.alias("is_filled"))
        return content.filter("is_filled").filter(pl.col("content").is_unique())

    pairs = single(removed).join(single(added), on="content", how="inner", suffix=" new", maintain_order="right")
    return pairs.select(pl.col(KEY).alias("old"), pl.col(f"{KEY} new").alias("new"))


def _reused(both: pl.DataFrame, alignment: declarations.Alignment, identity: Sequence[str]) -> tuple[str, ...]:
    """The keys of rows of which all fields of their identity changed.

    Without an identity, of those that kept at most a quarter of what was filled: at least three fields, all but those changed.
    """
    others = alignment.others
    equal = {at: pl.col(f"v{at}").eq_missing(pl.col(f"v{at} old")) for at in others}
    told = [equal[at] for at in others if alignment.pairs[at].name in identity]
    if told:
        return tuple(both.filter(~pl.any_horizontal(told)).get_column(KEY))
    if both.is_empty() or len(others) < _LEAST_FIELDS:
        return ()
    filled = [pl.col(f"v{at}").is_not_null() & pl.col(f"v{at} old").is_not_null() for at in others]
    kept = [have & equal[at] for have, at in zip(filled, others, strict=True)]
    counts = both.select(KEY, filled=pl.sum_horizontal(filled), kept=pl.sum_horizontal(kept))
    suspects = counts.filter((pl.col("filled") >= _LEAST_FIELDS) & (pl.col("kept") <= _MOST_KEPT * pl.col("filled")))
    return tuple(suspects.get_column(KEY))
