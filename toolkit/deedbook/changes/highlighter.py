"""Row changes as a highlighter diff (paulfitz.github.io/daff-doc/spec.html), which `daff patch OLD.csv DIFF.csv` applies.

The first column says what happens to a row: `+++` is new, `---` goes, `->` has cells that read `old->new`. An arrow grows a
dash for each that the row's own text needs to be told apart. The `!` row says which columns are new, gone or renamed.

The order of the rows is no part of a diff: what a patch gives has the rows of the new table, those that came at the end. Sorted by its
key it is the new table.

daff (1.4.2) finds an old row by its cells in the five columns with most distinct values. Where other rows have the same, it
takes the one that follows the row before it in the diff, if it had found that one when it looked ahead. So a row that
resembles others is led up to from the last two neighbours that do not (`context_rows`); the first row of a table can follow
the header, whose cells daff knows with a `_` in front. Rows that resemble others before the first two that do not are beyond
daff's means.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from deedbook.changes.declarations import Alignment
from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.changes.row_hashes import text_of
from deedbook.descriptor import Resource
from deedbook.reading.tables import read_text

_ARROW = re.compile(r"-+>")
MOST_ROWS = 500_000
"""Rows of the largest table that daff is prepared for; it takes minutes for fewer."""
_INDEXED = 5
_MARKS = {"field-added": "+++", "field-inserted": "+++", "field-removed": "---", "field-renamed": "({})"}


def highlighter_csv(changes: Changes, table: TableChanges) -> str:
    """The diff of one table: only the rows that differ."""
    declared = [item for item in changes.schema if item.table == table.table and item.field in table.fields]
    marks = {item.field: _MARKS[item.kind].format(item.old) for item in declared if item.kind in _MARKS}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if marks:
        writer.writerow(["!", *(marks.get(name, "") for name in table.fields)])
    writer.writerow(["@@", *table.fields])
    rows = list(_old_rows(table)) if table.key else _marked("---", table.removed)
    rows.sort(key=lambda row: row[0] == "+++")
    writer.writerows(rows)
    writer.writerows(_marked("+++", table.added))
    return buffer.getvalue()


def _marked(mark: str, rows: pl.DataFrame) -> list[list[str]]:
    return [[mark, *row] for row in rows.drop(KEY).fill_null("").iter_rows()]


def _old_rows(table: TableChanges) -> Iterator[list[str]]:
    """What becomes of the old rows, in their order: daff finds a row that others resemble by the one before it."""
    removed, before, touched = (
        {key: row for key, *row in rows.fill_null("").iter_rows()}
        for rows in (table.removed, table.before, table.touched)
    )
    renamed, last = dict(table.rekeyed.iter_rows()), -1
    for key, at in table.old_rows_touched.iter_rows():
        context, now = table.context.get(at, []), renamed.get(key, key)
        is_first = len(context) > at  # the header leads up to it
        if is_first or at - len(context) != last + 1:
            yield ["..."] * (len(table.fields) + 1)
        last = at
        lead = [["->", *row] for row in context]
        if is_first:
            lead[0][0] = ""
        yield from lead
        if key in removed:
            yield ["---", *removed[key]]
        elif now in touched:
            yield from _changed_row(before[now], touched[now])


def _changed_row(old: list[str], new: list[str]) -> Iterator[list[str]]:
    """The row with its old cells; one whose text differs in white space only goes and comes, since daff would spoil it."""
    pairs = list(zip(old, new, strict=True))
    if any(was != now and "".join(was.split()) == "".join(now.split()) for was, now in pairs):
        yield ["---", *old]
        yield ["+++", *new]
        return
    arrows = [found for text in (*old, *new) for found in _ARROW.findall(text)]
    arrow = "-" * max(map(len, arrows), default=1) + ">"
    yield [arrow, *(now if was == now else f"{was}{arrow}{now}" for was, now in pairs)]


def context_rows(
    old: Resource, alignment: Alignment, rows: int, touched: Iterable[int]
) -> dict[int, list[tuple[str, ...]]]:
    """By number of an old row, the rows before it that have to be named, in order: cells by the alignment's pairs.

    Args:
        old: The old table.
        alignment: How its columns and keys are paired.
        rows: Its rows.
        touched: The numbers of the rows that the diff names, rising.
    """
    if not 0 < rows <= MOST_ROWS or not alignment.key:
        return {}
    cells = [text_of(pair.old, literal=True).fill_null("").alias(f"{at}") for at, pair in enumerate(alignment.pairs)]
    table = pl.concat(block.select(cells) for block in read_text(old))
    telling = sorted(table.columns, key=lambda name: -table.get_column(name).n_unique())[:_INDEXED]
    is_alone = table.select(pl.struct(telling).is_unique()).to_series().to_numpy()
    numbers = np.arange(len(is_alone))
    # where the last two neighbours before a row stand that are alone, by the number of the second one
    pairs = np.where(is_alone[1:] & is_alone[:-1], numbers[1:], 0)
    last_pair = np.maximum.accumulate(np.concatenate(([0, 0], pairs)))[:-1]
    starts = np.where(is_alone, numbers, np.maximum(last_pair - 1, 0))
    header, last = tuple(f"_{pair.old.name}" if pair.old else "" for pair in alignment.pairs), -1
    found: dict[int, list[tuple[str, ...]]] = {}
    for at in touched:
        lead = [header] * (at == 0 and not is_alone[at]) + table[max(int(starts[at]), last + 1) : at].rows()
        found |= {at: lead} if lead else {}
        last = at
    return found
