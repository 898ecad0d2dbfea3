"""Repeated keys and missing parents: the engine brings equal hashes together, executors confirm them on the values.

What comes back to this process is a count for each task and key, and the first rows of each, however many there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from deedbook.checking.keys import Key, unique_keys
from deedbook.checking.plan import FilePlan
from deedbook.checking.second_pass import add_missing, add_repeated, revisit
from deedbook.checking.table import TableOutcome
from deedbook.cluster.portions import Work
from deedbook.cluster.session import run

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

_VALUES = "key int, value string, record long"
_FIRST = "key int, count long, record long, earliest long"


@dataclass(frozen=True, slots=True)
class HashTable:
    """The hashes of all keys of a table, on the cluster.

    Attributes:
        frame: Rows of `key`, `hash`, `place` and `record`, which counts from the span's start.
        starts: For each span its first record, with the number of the file as findings have it.
    """

    work: Work
    frame: DataFrame
    starts: Mapping[int, int] = field(default_factory=dict)

    def numbers(self, keys: Sequence[Key]) -> list[int]:
        """The numbers of keys in the frame."""
        return [self.work.keys.index(key) for key in keys]


def find_repeated_keys(outcome: TableOutcome, hashes: HashTable) -> None:
    """Reports every row of which a key came before."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F  # noqa: N812

    keys = list(dict.fromkeys(unique_keys(outcome.plan.schema)))
    if not keys:
        return
    numbers = hashes.numbers(keys)
    mine = hashes.frame.where(F.col("key").isin(numbers))
    alike = mine.withColumn("many", F.count("hash").over(Window.partitionBy("key", "hash"))).where("many > 1")
    candidates = alike.select("key", "place", "record")
    values = candidates.mapInArrow(_worker(partial(confirm, hashes.work, hashes.starts)), _VALUES)
    same = Window.partitionBy("key", "value")
    repeated = values.withColumn("earliest", F.min("record").over(same)).where("record > earliest")
    counts, first = _first_rows(repeated.select("key", "record", "earliest"), outcome.plan.options.max_findings)
    for number, key in zip(numbers, keys, strict=True):
        shown = first[number]
        if not counts[number]:
            continue
        wanted = np.array([record for record, _ in shown], np.int64)
        visits = list(revisit(outcome, wanted))
        before = pl.DataFrame(shown, schema={"record": pl.Int64, "earliest": pl.Int64}, orient="row")
        if visits:
            found = pl.concat([visit.values(key) for visit in visits]).join(before, on="record", maintain_order="left")
            add_repeated(outcome, key, found, visits)
        outcome.found.add_unseen(key.kind, key.column, counts[number] - len(shown))


def find_missing_parents(
    outcome: TableOutcome, reference: Key, hashes: HashTable, parents: HashTable, key: Key
) -> None:
    """Reports every row whose foreign key is in no row of the parent, whose key that is."""
    from pyspark.sql import functions as F  # noqa: N812

    (mine,), (its,) = hashes.numbers([reference]), parents.numbers([key])
    known = parents.frame.where(F.col("key") == its).select(F.col("hash").alias("known")).distinct()
    own = hashes.frame.where(F.col("key") == mine)
    misses = own.join(known, F.col("hash") == F.col("known"), "left_anti").select("key", "place", "record")
    placed = misses.mapInArrow(_worker(partial(_placed, hashes.starts)), "key int, record long, earliest long")
    counts, first = _first_rows(placed, outcome.plan.options.max_findings)
    if counts[mine]:
        shown = np.array([record for record, _ in first[mine]], np.int64)
        add_missing(outcome, reference, shown)
        outcome.found.add_unseen(reference.kind, reference.column, counts[mine] - len(shown))


def _worker(work: Any) -> Any:
    """A function, since the engine takes nothing else that can be called."""
    return lambda batches: work(batches)


def _absolute(starts: Mapping[int, int], batch: pa.RecordBatch) -> pl.DataFrame:
    """Keys and records with the number of their file."""
    frame = pl.DataFrame({name: batch.column(name).to_numpy() for name in ("key", "place", "record")})
    first = [starts[place] for place in frame["place"].to_list()]
    return frame.select("key", pl.col("record") + pl.Series(first, dtype=pl.Int64))


def _placed(starts: Mapping[int, int], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in batches:
        found = _absolute(starts, batch)
        none = pa.array([0] * found.height, pa.int64())
        yield pa.RecordBatch.from_arrays(
            [pa.array(found["key"].to_numpy()), pa.array(found["record"].to_numpy()), none],
            names=["key", "record", "earliest"],
        )


def confirm(work: Work, starts: Mapping[int, int], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The canonical value of the key of each row that comes in, its parts with their lengths, as rows of `_VALUES`."""
    import pyarrow as pa

    outcome = work.outcome()
    outcome.pieces = work.pieces
    outcome.files = {number: FilePlan.of(work.plan, number, columns) for number, columns in work.columns.items()}
    for batch in batches:
        for (number,), asked in _absolute(starts, batch).group_by("key", maintain_order=True):
            key = work.keys[int(str(number))]
            for visit in revisit(outcome, asked["record"].sort().to_numpy()):
                values, parts = visit.values(key), [f"k{at}" for at in range(len(key.names))]
                lengths = [pl.col(part).str.len_bytes().cast(pl.String) for part in parts]
                texts = [text for part, length in zip(parts, lengths, strict=True) for text in (length, pl.col(part))]
                joined = values.select(pl.concat_str(texts, separator=":"))
                columns = [
                    pa.array([number] * values.height, pa.int32()),
                    pa.array(joined.to_series().to_list(), pa.string()),
                    pa.array(values["record"].to_numpy()),
                ]
                yield pa.RecordBatch.from_arrays(columns, names=["key", "value", "record"])


def _first_rows(rows: DataFrame, limit: int) -> tuple[Counter[int], defaultdict[int, list[tuple[int, int]]]]:
    """For each key how many rows there are, and the first of them with the earliest row that has the same key."""
    counts, first = Counter[int](), defaultdict[int, list[tuple[int, int]]](list)
    for key, count, record, earliest in run(rows.mapInArrow(_worker(partial(_count, limit)), _FIRST).collect):
        counts[key] += count
        if record is not None:
            first[key].append((record, earliest))
    return counts, defaultdict(list, {key: sorted(found)[:limit] for key, found in first.items()})


def _count(limit: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """How many rows a task has of each key, and the first of them, as rows of `_FIRST`."""
    import pyarrow as pa

    counts, first = Counter[int](), dict[int, pl.DataFrame]()
    for batch in batches:
        frame = pl.DataFrame({name: batch.column(name).to_numpy() for name in ("key", "record", "earliest")})
        for (key,), part in frame.group_by("key"):
            number = int(str(key))
            counts[number] += part.height
            known = [first[number]] if number in first else []
            first[number] = pl.concat([*known, part]).sort("record").head(limit)
    for number, count in counts.items():
        records, earliest = first[number]["record"].to_list(), first[number]["earliest"].to_list()
        columns = [
            pa.array([number] * (len(records) + 1), pa.int32()),
            pa.array([count] + [0] * len(records), pa.int64()),
            pa.array([None, *records], pa.int64()),
            pa.array([None, *earliest], pa.int64()),
        ]
        yield pa.RecordBatch.from_arrays(columns, names=["key", "count", "record", "earliest"])
