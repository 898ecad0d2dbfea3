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
from collections.abc import Iterable, Iterator, Sequence

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


def highlighter_csv(changes: Changes, table: TableChanges) -> str:
    """The diff of one table: only the rows that differ."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    marks = _column_marks(changes, table)
    if any(marks):
        writer.writerow(["!", *marks])
    writer.writerow(["@@", *table.fields])
    rows = list(_old_rows(table))
    writer.writerows(row for row in rows if row[0] != "+++")
    writer.writerows(row for row in rows if row[0] == "+++")
    for row in table.added.drop(KEY).iter_rows():
        writer.writerow(["+++", *(cell or "" for cell in row)])
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


def _column_marks(changes: Changes, table: TableChanges) -> list[str]:
    marks = dict.fromkeys(table.fields, "")
    for item in changes.schema:
        if item.table != table.table or item.field not in marks:
            continue
        match item.kind:
            case "field-added" | "field-inserted":
                marks[item.field] = "+++"
            case "field-removed":
                marks[item.field] = "---"
            case "field-renamed":
                marks[item.field] = f"({item.old})"
    return list(marks.values())


def _old_rows(table: TableChanges) -> Iterator[list[str]]:
    """What becomes of the old rows, in their order: daff finds a row that others resemble by the one before it."""
    if not table.key:
        yield from (["---", *(cell or "" for cell in row)] for row in table.removed.drop(KEY).iter_rows())
        return
    before: dict[str, dict[str, str | None]] = {}
    for cell in table.iter_cells():
        before.setdefault(cell.key, {})[cell.field] = cell.old
    renamed = dict(table.rekeyed.iter_rows())
    for old, new in renamed.items():
        before[new] = dict(zip(table.key, split_key(old), strict=False))
    gone = {row[0]: row[1:] for row in table.removed.iter_rows()}
    touched = {row[0]: row[1:] for row in table.touched.iter_rows()}
    gap = ["..."] * (len(table.fields) + 1)
    last = -1
    for key, row in table.old_rows_touched.iter_rows():
        context = table.context.get(key, [])
        from_header = len(context) > row
        if row - len(context) != last + 1 or from_header:
            yield gap
        last = row
        yield from (["" if from_header and not at else "->", *cells] for at, cells in enumerate(context))
        if key in gone:
            yield ["---", *(cell or "" for cell in gone[key])]
        elif (now := renamed.get(key, key)) in touched:
            yield from _changed_row(touched[now], before.get(now, {}), table.fields)


def _changed_row(
    row: Sequence[str | None], before: dict[str, str | None], fields: Sequence[str]
) -> Iterator[list[str]]:
    """The row with its old cells; one whose text differs in white space only goes and comes, since daff would spoil it."""
    old = [before.get(name, cell) or "" for name, cell in zip(fields, row, strict=True)]
    new = [cell or "" for cell in row]
    pairs = [(was, now) for was, now in zip(old, new, strict=True) if was != now]
    if any("".join(was.split()) == "".join(now.split()) for was, now in pairs):
        yield ["---", *old]
        yield ["+++", *new]
        return
    longest = max((len(found) - 1 for text in [*old, *new] if ">" in text for found in _ARROW.findall(text)), default=0)
    arrow = "-" * (longest + 1) + ">"
    yield [arrow, *(now if was == now else f"{was}{arrow}{now}" for was, now in zip(old, new, strict=True))]


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
    fields = [pair.old for pair in alignment.pairs]
    columns = [
        (pl.col(item.name) if item else pl.lit(None, pl.String)).fill_null("").alias(f"r{at}")
        for at, item in enumerate(fields)
    ]
    keyed = [canonical_text(item).alias(f"t{at}") for at in alignment.key if (item := fields[at]) is not None]
    key = key_text([f"t{at}" for at in alignment.key]).alias("key")
    table = pl.concat(frame.select(*columns, *keyed).with_columns(key) for frame in read_text(old))
    names = [f"r{at}" for at, item in enumerate(fields) if item is not None]
    names.sort(key=lambda name: -table.get_column(name).n_unique())
    is_alone = table.select(pl.struct(names[:_INDEXED]).is_unique()).to_series().to_list()
    place = {key: at for at, key in enumerate(table.get_column("key"))}
    cells = table.select(pl.col(f"r{at}") for at in range(len(fields)))
    header = tuple(f"_{pair.old.name}" if pair.old else "" for pair in alignment.pairs)
    named = sorted(at for key in keys if (at := place.get(key)) is not None)
    found: dict[str, list[tuple[str, ...]]] = {}
    last = -1
    for at in named:
        start = _lead(is_alone, at)
        first = [header] if at == 0 and not is_alone[at] else []
        found[table["key"][at]] = first + [tuple(row) for row in cells[max(start, last + 1) : at].iter_rows()]
        last = at
    return {key: rows for key, rows in found.items() if rows}


def _lead(is_alone: list[bool], at: int) -> int:
    """The first of the rows that lead to this one."""
    if is_alone[at]:
        return at
    start = at - 1
    while start > 0 and not (is_alone[start] and is_alone[start - 1]):
        start -= 1
    return max(start - 1, 0)
