"""What needs all rows of a table: repeated keys, and foreign keys into a table that was not complete yet.

The first pass kept a hash a row. Only rows whose hash gives cause are read again, and judged on their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from deedbook.checking.block import missing_parent_group
from deedbook.checking.cells import Rows
from deedbook.checking.findings import FILE_SHIFT, ROW_BITS, Group, Records, Words
from deedbook.checking.hashes import HashLog
from deedbook.checking.keys import Key, ParentKey, key_texts, unique_keys
from deedbook.checking.plan import FilePlan
from deedbook.checking.table import Piece, TableOutcome
from deedbook.errors import ProjectError
from deedbook.findings import Check, NotChecked, shorten
from deedbook.reading.blocks import NEWLINE, Cutter, cut_out, record_ends
from deedbook.reading.inputs import dialect_of, open_table
from deedbook.reading.pipeline import in_order
from deedbook.reading.records import RecordReader, to_text_block
from deedbook.reading.source import SourceError
from deedbook.reading.text import IrregularError, is_regular, read_block

_WORDS = {
    "primary-key": ("the primary key", "give the row a key of its own, or delete it"),
    "unique-key": ("the unique key", "change one of the two rows"),
    "unique-error": ("the value", "change one of the two values"),
}
_KEPT = 100_000
"""Records that are rather kept in memory than read a third time."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Records of a file that are read again, as text columns."""

    plan: FilePlan
    frame: pl.DataFrame
    records: Records

    @classmethod
    def of(cls, plan: FilePlan, piece: Piece, data: bytes, wanted: Rows) -> Visit:
        """The wanted rows of a piece.

        Raises:
            ProjectError: when the piece is not what it was.
        """
        layout, rows = plan.layout, wanted - piece.row
        try:
            ends = record_ends(data, layout.dialect.quote_char.encode()) if is_regular(data, layout) else rows[:0]
            if len(ends) != piece.height:
                raise IrregularError
            frame = read_block(cut_out(data, ends, rows), layout).frame
            starts = np.concatenate(([0], ends[:-1]))[rows]
            lines = np.searchsorted(np.flatnonzero(np.frombuffer(data, np.uint8) == NEWLINE), starts)
        except IrregularError:
            records = RecordReader(data, layout.dialect, lambda _size: b"").read(piece.height)
            block = to_text_block(records, layout, piece.row)
            if block.frame.height != piece.height:
                path = ", ".join(plan.table.resource.paths)
                raise ProjectError(f"{path}: the file changed while it was read", "validate it again") from None
            frame, lines = block.frame[rows], block.line_numbers[rows]
        keys = frame.select(plan.primary_key)
        return cls(plan, frame, Records((plan.number << FILE_SHIFT) + wanted, lines + piece.line, keys))

    def values(self, key: Key) -> pl.DataFrame:
        """The canonical parts of a key and the `record` of each row that has a whole one."""
        texts = self.plan.texts(self.frame.select(key.names), key.names)
        return texts.select(key_texts(key.fields)).with_columns(record=pl.Series(self.records.numbers)).drop_nulls()


def revisit(outcome: TableOutcome, wanted: Rows) -> Iterator[Visit]:
    """The wanted records, in order; only the pieces of a file that hold one are parsed.

    Raises:
        ProjectError: when a file changed since the first pass.
    """
    for number, plan in outcome.files.items():
        resource, options = plan.table.resource, plan.table.options
        mine, file = wanted[wanted >> FILE_SHIFT == number] & ROW_BITS, resource.sources[number]
        if not len(mine):
            continue
        try:
            with open_table(resource, file, max_unpacked=options.max_unpacked) as stream:
                cutter = Cutter(stream, dialect_of(resource))
                held = (
                    (plan, piece, cutter.read_at(piece.offset, piece.size), rows)
                    for piece in outcome.pieces[number]
                    if len(rows := mine[(mine >= piece.row) & (mine < piece.row + piece.height)])
                )
                yield from in_order(held, lambda item: Visit.of(*item), workers=options.workers)
        except SourceError as error:
            raise ProjectError(f"{file or resource.name}: {error.message}", error.hint) from None


def find_repeated_keys(outcome: TableOutcome) -> None:
    """Reports every row of which a key came before."""
    for key in dict.fromkeys(unique_keys(outcome.plan.schema)):
        candidates = outcome.logs[key].repeated_rows()
        if candidates is None:
            continue
        kept = list(revisit(outcome, candidates)) if len(candidates) <= _KEPT else []
        repeated = (
            pl.concat([visit.values(key) for visit in kept or revisit(outcome, candidates)])
            .with_columns(earliest=pl.col("record").min().over([f"k{at}" for at in range(len(key.names))]))
            .filter(pl.col("record") > pl.col("earliest"))
        )
        add_repeated(outcome, key, repeated, kept or revisit(outcome, repeated["record"].to_numpy()))


def add_repeated(outcome: TableOutcome, key: Key, repeated: pl.DataFrame, visits: Iterable[Visit]) -> None:
    """Reports rows whose key came before: its parts, their `record` and the `earliest` with it; the visits have all of them."""
    guilty = repeated["record"].to_numpy()
    for visit in visits:
        numbers = visit.records.numbers
        rows = np.flatnonzero(np.isin(numbers, guilty))
        if len(rows):
            mine = repeated.filter(pl.col("record").is_in(pl.Series(numbers[rows]).implode()))
            outcome.found.add([_repeated_key_group(visit.plan, key, rows, mine)], visit.records)


def _repeated_key_group(plan: FilePlan, key: Key, rows: Rows, repeated: pl.DataFrame) -> Group:
    """Rows whose key came before; `repeated` has its parts and the record that had it first, aligned with `rows`."""
    what, hint = _WORDS[key.kind]
    paths = plan.table.resource.paths

    def words(at: int) -> Words:
        *parts, _, earliest = repeated.row(at)
        place = f"row {earliest & ROW_BITS}" + (f" of {paths[earliest >> FILE_SHIFT]}" if len(paths) > 1 else "")
        value = ", ".join(parts)
        return Words(f"{what} `{shorten(value)}` was already used in {place}", hint, value)

    return Group(key.kind, rows, words, column=key.column, field_number=plan.positions.get(key.column))


def find_missing_parents(outcome: TableOutcome, parents: Mapping[ParentKey, HashLog]) -> None:
    """Looks up the foreign keys that had to wait; one whose parent could not be read is not checked."""
    for reference in outcome.plan.references:
        parent, log = parents.get(reference.parent), outcome.logs.get(reference)
        if parent is None:
            list_unread_parent(outcome, reference)
        elif log is not None and (misses := log.rows_absent_from(parent)) is not None:
            add_missing(outcome, reference, misses)


def list_unread_parent(outcome: TableOutcome, reference: Key) -> None:
    """Lists a foreign key as not checked."""
    check = Check(outcome.name, "foreign-key", reference.columns)
    if check in outcome.checked:  # once: another foreign key may have the same columns
        outcome.checked.remove(check)
    reason = f"the table `{reference.parent[0]}` could not be read, or lacks the column"
    outcome.not_checked.append(NotChecked(outcome.name, "foreign-key", reason, reference.columns))


def add_missing(outcome: TableOutcome, reference: Key, misses: Rows) -> None:
    """Reports rows whose foreign key is in no row of the parent."""
    for visit in revisit(outcome, misses):
        rows = np.arange(visit.frame.height, dtype=np.int64)
        outcome.found.add([missing_parent_group(visit.plan, reference, rows, visit.frame)], visit.records)
