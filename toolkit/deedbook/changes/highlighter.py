"""Row changes as a highlighter diff (paulfitz.github.io/daff-doc/spec.html), which `daff patch OLD.csv DIFF.csv` applies.

The first column says what happens to a row: `+++` is new, `---` goes, `->` has cells that read `old->new`. An arrow grows a
dash for each that the row's own text needs to be told apart. The `!` row says which columns are new, gone or renamed.

daff (1.4.2) finds an old row by its cells in the five columns with most distinct values. Where other rows have the same, it
takes the one that follows the row before it in the diff, if it had found that one when it looked ahead. So a row that
resembles others is led up to from the last two neighbours that do not (`context_rows`); the first row of a table can follow
the header, whose cells daff knows with a `_` in front. Rows that resemble others before the first two that do not are beyond
daff's means.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

import polars as pl

from deedbook.changes.alignment import Alignment, key_text
from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.descriptor import Resource
from deedbook.reading.tables import read_text
from deedbook.types import canonical_text

_ARROW = re.compile(r"-+>")
MOST_ROWS = 500_000
"""Rows of the largest table that daff is prepared for; it takes minutes for fewer."""
_INDEXED = 5
_MARKS = {"field-added": "+++", "field-inserted": "+++", "field-removed": "---"}


def highlighter_csv(changes: Changes, table: TableChanges) -> str:
    """The diff of one table: only the rows that differ."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    marks = dict.fromkeys(table.fields, "")
    for item in changes.schema:
        mark = f"({item.old})" if item.kind == "field-renamed" else _MARKS.get(item.kind)
        if mark and item.table == table.table and item.field in marks:
            marks[item.field] = mark
    if any(marks.values()):
        writer.writerow(["!", *marks.values()])
    writer.writerow(["@@", *table.fields])
    rows = list(_old_rows(table))
    writer.writerows(row for row in rows if row[0] != "+++")
    writer.writerows(row for row in rows if row[0] == "+++")
    writer.writerows(["+++", *row] for row in table.added.drop(KEY).fill_null("").iter_rows())
    return buffer.getvalue()


def split_key(key: str) -> list[str]:
    """The parts of a key that `findings.join_key` joined."""
    parts = [""]
    letters = iter(key)
    for letter in letters:
        if letter == "|":
            parts.append("")
        else:
            parts[-1] += next(letters, "") if letter == "\\" else letter
    return parts


def _old_rows(table: TableChanges) -> Iterator[list[str]]:
    """What becomes of the old rows, in their order: daff finds a row that others resemble by the one before it."""
    removed, touched = table.removed.fill_null(""), table.touched.fill_null("")
    if not table.key:
        yield from (["---", *row] for row in removed.drop(KEY).iter_rows())
        return
    renamed = dict(table.rekeyed.iter_rows())
    before = {(key, name): was or "" for key, name, was in table.cells.select("key", "field", "old").iter_rows()}
    before |= {
        (new, name): part for old, new in renamed.items() for name, part in zip(table.key, split_key(old), strict=False)
    }
    gone = {key: row for key, *row in removed.iter_rows()}
    now = {key: row for key, *row in touched.iter_rows()}
    last = -1
    for key, at in table.old_rows_touched.iter_rows():
        context = table.context.get(key, [])
        from_header = len(context) > at
        if at - len(context) != last + 1 or from_header:
            yield ["..."] * (len(table.fields) + 1)
        last = at
        yield from (["" if from_header and not number else "->", *row] for number, row in enumerate(context))
        if key in gone:
            yield ["---", *gone[key]]
        elif (new := renamed.get(key, key)) in now:
            old = [before.get((new, name), cell) for name, cell in zip(table.fields, now[new], strict=True)]
            yield from _changed_row(old, now[new])


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
    old: Resource, alignment: Alignment, keys: Iterable[str], rows: int
) -> dict[str, list[tuple[str, ...]]]:
    """By old key, the rows before it that have to be named, in order: cells by the alignment's pairs.

    Args:
        old: The old table.
        alignment: How its columns and keys are paired.
        keys: The old keys of the rows that the diff names.
        rows: The rows of the table.
    """
    if not rows or rows > MOST_ROWS or not alignment.key:
        return {}
    held = {f"r{at}": pair.old for at, pair in enumerate(alignment.pairs) if pair.old}
    texts = [pl.col(item.name).fill_null("").alias(name) for name, item in held.items()]
    parts = [canonical_text(item).alias(f"t{at}") for at in alignment.key if (item := held.get(f"r{at}"))]
    key = key_text([f"t{at}" for at in alignment.key]).alias("key")
    table = pl.concat(frame.select(*texts, *parts).with_columns(key) for frame in read_text(old))
    telling = sorted(held, key=lambda name: -table.get_column(name).n_unique())[:_INDEXED]
    is_alone = table.select(pl.struct(telling).is_unique()).to_series().to_list()
    empty = pl.lit("")
    cells = table.select(
        pl.col(name) if (name := f"r{at}") in held else empty.alias(name) for at in range(len(alignment.pairs))
    )
    places = {key: at for at, key in enumerate(table.get_column("key"))}
    found: dict[str, list[tuple[str, ...]]] = {}
    last = -1
    for at in sorted(at for key in keys if (at := places.get(key)) is not None):
        start = at
        if not is_alone[at]:  # from the last two neighbours before it that are alone
            start = max(at - 1, 0)
            while start > 0 and not (is_alone[start] and is_alone[start - 1]):
                start -= 1
            start = max(start - 1, 0)
        header = [tuple(f"_{pair.old.name}" if pair.old else "" for pair in alignment.pairs)]
        lead = cells[max(start, last + 1) : at].rows()
        found[table["key"][at]] = (header if at == 0 and not is_alone[at] else []) + lead
        last = at
    return {key: lead for key, lead in found.items() if lead}
