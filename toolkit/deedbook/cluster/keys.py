"""Repeated keys and missing parents: the engine brings equal hashes together, executors confirm them on the values.

Executors send the hashes of a span in bundles of which each has a key and a bucket, that is hashes with the same last bits. The engine
brings the bundles of a bucket to one task, which looks at keys before what refers to them: no more than the hashes of one key in one bucket
are in memory, however often one is there. What comes back to this process is a count for each task and key, and the first rows of each, however many there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import count, groupby
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from deedbook.checking.cells import Rows
from deedbook.checking.hashes import PAIR, HashSet
from deedbook.checking.keys import Key, unique_keys
from deedbook.checking.plan import FilePlan, TablePlan
from deedbook.checking.second_pass import add_missing, add_repeated, list_unread_parent, revisit
from deedbook.checking.table import TableOutcome
from deedbook.cluster.portions import Work
from deedbook.cluster.session import run
from deedbook.cluster.tasks import HELD, MAX_BITS, Pairs, bundles_in, gathered

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_ROWS = 1 << 20
"""Rows that an executor takes at once."""
_NEAR = 17
"""Records that agree but for so many bits are read again by one task: some 64 MB, if all of them are."""
_COUNTED = -1
"""In place of where a record is: a count of rows, or one of the first of them."""
_ALIKE = "key int, near long, hash long, record long, count long"
_VALUES = "key int, hash long, value string, record long"
_FIRST = "key int, count long, record long, earliest long"
_NAMES = {columns: [part.split()[0] for part in columns.split(", ")] for columns in (_ALIKE, _VALUES, _FIRST)}


@dataclass(frozen=True, slots=True)
class HashTable:
    """The hashes of all keys of a table, on the cluster.

    Attributes:
        work: With the pieces that its files were read in.
        frame: Bundles: rows of `place`, `key`, `bucket` and `data`, whose records count from the span's start.
        starts: For each span its first record, with the number of the file as findings have it.
    """

    work: Work
    frame: DataFrame
    outcome: TableOutcome
    starts: Mapping[int, int]


@dataclass(slots=True)
class Question:
    """What is looked up among all hashes, by the numbers of keys.

    Attributes:
        starts: The spans of each key's table.
        unique: The keys that may not repeat.
        parents: For each foreign key the key that it refers to.
        limit: How many rows are shown of each.
    """

    limit: int
    starts: dict[int, Mapping[int, int]] = field(default_factory=dict)
    unique: set[int] = field(default_factory=set)
    parents: dict[int, int] = field(default_factory=dict)

    def answer(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows that have a key's hash in common with others, then counts and first rows, as rows of `_ALIKE`.

        Args:
            batches: Bundles of whole buckets, in any order, since Sail leaves out a sort that it sees no use of.
        """
        with SpooledTemporaryFile(HELD) as file:
            yield from self._answer(bundles_in(batches, file))

    def _answer(self, bundles: Iterator[tuple[int, int, int, bytes]]) -> Iterator[pa.RecordBatch]:
        counts, first = Counter[int](), defaultdict[int, Rows](lambda: np.empty(0, np.int64))
        for _, in_bucket in groupby(bundles, itemgetter(0)):
            known: dict[int, HashSet] = {}
            for key, mine in groupby(in_bucket, itemgetter(1)):
                pairs: Iterable[Pairs] = gathered(self._pairs(key, mine))
                if key in self.parents.values():
                    pairs = [*pairs]
                    known[key] = HashSet(pl.Series(np.concatenate([hashes for hashes, _ in pairs])))
                if key in self.unique:
                    for hashes, records in repeated(pairs):
                        counts[key] += len(records)
                        yield _batch(_ALIKE, [key], records >> _NEAR, hashes.view(np.int64), records, [0])
                if key in self.parents:
                    parent = known.get(self.parents[key], HashSet(pl.Series([], dtype=pl.UInt64)))
                    for hashes, records in pairs:
                        misses = records[~parent.contains(hashes)]
                        counts[key] += len(misses)
                        first[key] = np.sort(np.concatenate([first[key], misses]))[: self.limit]
        for key, height in counts.items():
            records = np.append(first[key], -1)
            yield _batch(_ALIKE, [key], [_COUNTED], [0], records, np.where(records < 0, height, 0))

    def _pairs(self, key: int, bundles: Iterable[tuple[int, int, int, bytes]]) -> Iterator[Pairs]:
        """The hashes of a key in a bucket and their absolute records."""
        for _, _, place, data in bundles:
            pairs = np.frombuffer(data, PAIR)
            yield pairs["hash"], pairs["record"] + self.starts[key][place]


def repeated(pairs: Iterable[Pairs]) -> Iterator[Pairs]:
    """Those whose hash is there more than once, each once; of what came before one record of each hash is kept."""
    known, first, is_told = np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.bool_)
    for hashes, records in pairs:
        order = np.argsort(every := np.concatenate([known, hashes]), kind="stable")
        every, numbers = every[order], np.concatenate([first, records])[order]
        was_told = np.concatenate([is_told, np.zeros(len(hashes), np.bool_)])[order]
        is_same = np.concatenate([[False], every[1:] == every[:-1], [False]])
        is_alike = is_same[1:] | is_same[:-1]
        if is_alike.any():
            wanted = is_alike & ~was_told
            yield every[wanted], numbers[wanted]
        is_first = ~is_same[:-1]
        known, first, is_told = every[is_first], numbers[is_first], (was_told | is_alike)[is_first]


def numbers_of(plans: Sequence[TablePlan]) -> dict[str, tuple[int, ...]]:
    """For each table the numbers of its keys and foreign keys: those of keys come before all of foreign keys."""
    tables = {plan.resource.name: (plan.keys, plan.references) for plan in plans}
    counted = count()
    keys = {name: [next(counted) for _ in keys] for name, (keys, _) in tables.items()}
    return {name: (*keys[name], *(next(counted) for _ in references)) for name, (_, references) in tables.items()}


def judge_keys(tables: Sequence[HashTable]) -> None:
    """Reports every row of which a key came before, or whose foreign key is in no row of the parent."""
    owners = {number: (it, key) for it in tables for number, key in zip(it.work.numbers, it.work.keys, strict=True)}
    question = _question_about(owners, {table.outcome.name: table for table in tables})
    used = question.unique | {*question.parents.keys(), *question.parents.values()}
    frames = [table.frame for table in tables if used & {*table.work.numbers}]
    if not frames:
        return
    every = reduce(lambda both, frame: both.union(frame), frames)
    brought = every.repartition(1 << tables[0].work.bits, "bucket")
    alike = brought.mapInArrow(_worker(question.answer), _ALIKE).persist()
    rows = run(alike.where(f"near = {_COUNTED}").select("key", "count", "record").collect)
    counted = pl.DataFrame(rows, schema=["key", "count", "record"], orient="row").group_by("key")
    for number, height, records in counted.agg(pl.col("count").sum(), "record").sort("key").rows():
        table, key = owners[number]
        if height and number in question.unique:
            tasks = min(height, 1 + len(table.outcome.files) + (table.outcome.rows >> _NEAR), 1 << MAX_BITS)
            mine = alike.where(f"key = {number} and near <> {_COUNTED}").repartition(tasks, "near")
            _find_repeated(table, key, mine, height)
        elif height:
            shown = np.array(sorted(it for it in records if it >= 0)[: question.limit], np.int64)
            add_missing(table.outcome, key, shown)
            table.outcome.found.add_unseen(key.kind, key.column, height - len(shown))
    alike.unpersist()


def _question_about(owners: Mapping[int, tuple[HashTable, Key]], tables: Mapping[str, HashTable]) -> Question:
    """What is to be looked up; a foreign key whose parent could not be read is listed as not checked."""
    question = Question(max(table.outcome.plan.options.max_findings for table in tables.values()))
    for number, (table, key) in owners.items():
        question.starts[number] = table.starts
        if key.kind != "foreign-key":
            question.unique |= {number} if key in unique_keys(table.outcome.plan.schema) else set()
            continue
        parent = tables[key.parent[0]]
        keys = zip(parent.work.numbers, parent.outcome.plan.keys, strict=False)
        known = next((at for at, it in keys if it.fields == key.parent[1] and parent.outcome.has_whole(it)), None)
        if known is None:
            list_unread_parent(table.outcome, key)
        else:
            question.parents[number] = known
    return question


def _find_repeated(table: HashTable, key: Key, alike: DataFrame, height: int) -> None:
    """Reports those of so many rows with a hash in common of which a key really came before."""
    outcome = table.outcome
    values = alike.mapInArrow(_worker(partial(confirm, table.work)), _VALUES)
    brought = values.repartition(min(1 + height // _ROWS, 1 << MAX_BITS), "hash")
    limit = outcome.plan.options.max_findings
    rows = run(brought.mapInArrow(_worker(partial(first_repeated, limit)), _FIRST).collect)
    total = sum(row["count"] for row in rows)
    shown = sorted((row["record"], row["earliest"]) for row in rows if row["record"] is not None)[:limit]
    visits = list(revisit(outcome, np.array([record for record, _ in shown], np.int64)))
    if visits:
        before = pl.DataFrame(shown, schema={"record": pl.Int64, "earliest": pl.Int64}, orient="row")
        found = pl.concat([visit.values(key) for visit in visits]).join(before, on="record", maintain_order="left")
        add_repeated(outcome, key, found, visits)
    if total:
        outcome.found.add_unseen(key.kind, key.column, total - len(shown))


def _worker(work: Any) -> Any:
    """A function, since the engine takes nothing else that can be called."""
    return lambda batches: work(batches)


def _batch(columns: str, *values: Any) -> pa.RecordBatch:
    """Rows of these columns; one value stands for all rows."""
    import pyarrow as pa

    height = max(map(len, values))
    whole = [np.repeat(it, height) if len(it) == 1 and height > 1 else it for it in values]
    types = {"int": pa.int32(), "long": pa.int64(), "string": pa.string()}
    arrays = [pa.array(it, types[part.split()[1]]) for it, part in zip(whole, columns.split(", "), strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=_NAMES[columns])


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    """The rows of batches, so many at once that each is worth its while."""
    import pyarrow as pa

    parts: list[pa.RecordBatch] = []
    for batch in batches:
        parts.append(batch)
        if sum(part.num_rows for part in parts) > _ROWS:
            yield pl.DataFrame(pa.Table.from_batches(parts))
            parts.clear()
    if parts:
        yield pl.DataFrame(pa.Table.from_batches(parts))


def confirm(work: Work, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The canonical value of the key of each row that comes in, its parts with their lengths, as rows of `_VALUES`."""
    outcome = work.outcome()
    outcome.pieces = work.pieces
    outcome.files = {number: FilePlan.of(work.plan, number, columns) for number, columns in work.columns.items()}
    for rows in _gathered(batches):
        for (number,), asked in rows.group_by("key", maintain_order=True):
            key = work.keys[work.numbers.index(int(str(number)))]
            for visit in revisit(outcome, asked["record"].sort().to_numpy()):
                values = visit.values(key).join(asked.select("record", "hash"), on="record", maintain_order="left")
                parts = [f"k{at}" for at in range(len(key.names))]
                lengths = [pl.col(part).str.len_bytes().cast(pl.String) for part in parts]
                texts = [text for part, length in zip(parts, lengths, strict=True) for text in (length, pl.col(part))]
                joined = values.select(pl.concat_str(texts, separator=":")).to_series().to_list()
                yield _batch(
                    _VALUES, [int(str(number))], values["hash"].to_numpy(), joined, values["record"].to_numpy()
                )


def first_repeated(limit: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """How many rows of a task have a value that came before, and the first of them, as rows of `_FIRST`."""
    height, known, first = 0, None, None
    for rows in _gathered(batches):
        part = rows.select("value", "record")
        every = part if known is None else pl.concat([known, part])
        known = every.group_by("value").agg(pl.col("record").min())
        later = every.join(known, on=["value", "record"], how="anti")
        height += later.height
        first = (later if first is None else pl.concat([first, later])).sort("record").head(limit)
    if known is None or first is None:
        return
    shown = first.join(known.rename({"record": "earliest"}), on="value", maintain_order="left")
    yield _batch(_FIRST, [0], [height], [None], [None])
    if shown.height:
        yield _batch(_FIRST, [0], [0], shown["record"].to_numpy(), shown["earliest"].to_numpy())
