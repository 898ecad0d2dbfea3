"""Blocks through a worker function, in order, on as many threads as help.

polars and numpy release the interpreter lock, so threads share tables and need no copies. A block with irregular quoting
is read one record after the other for a while.
"""

import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from deedbook.reading.blocks import MAX_RECORD, Block, Cutter
from deedbook.reading.records import RECORDS, RecordReader, to_text_block
from deedbook.reading.source import UnclosedError
from deedbook.reading.text import CrowdedError, IrregularError, Layout, TextBlock, is_regular, read_block

S = TypeVar("S")
T = TypeVar("T")
_FEW = 64
"""Records that are read one by one where quoting is irregular; twice as many each time until a block is regular again."""
_CROWD = 200_000
"""Lines of a block that may be read exactly at once; one with more goes through in parts of `_PART` bytes."""
_PART = 1 << 18


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What the worker made of a block, and the size of the block in bytes."""

    result: T
    size: int


def default_workers() -> int:
    """One thread more than processors, so that none waits for the merge; one on a single processor."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if processors == 1 else processors + 1


def run(
    cutter: Cutter, layout: Layout, work: Callable[[TextBlock], T], *, workers: int | None = None
) -> Iterator[Done[T]]:
    """The worker's results in the order of the file.

    Args:
        cutter: The stream, its header already taken.
        layout: How blocks become columns.
        work: What is done with each block; it runs on several threads at once.
        workers: Threads; None for as many as help. A table of a single block never pays for them.

    Raises:
        SourceError: behind the last record that can be read, where the file cannot be read to its end.
    """
    count = default_workers() if workers is None else workers
    fewest = limit = _FEW if layout.is_regular else RECORDS
    with ThreadPoolExecutor(count, thread_name_prefix="deedbook") as pool:
        queue: _Queue[T] = _Queue(cutter, layout, work, pool, count)
        while queue.fill():
            block, result = queue.blocks.popleft()
            try:
                done = result()
            except IrregularError:  # some records one by one, then blocks again
                records = RecordReader(block.data, layout.dialect, queue.take).read(limit)
                if records.cells:
                    yield Done(work(to_text_block(records, layout, cutter.records + 1)), records.size)
                cutter.records += len(records.cells)
                queue.unread(records.rest)
                if records.end:
                    raise records.end from None
                limit = min(2 * limit, RECORDS)
            except UnclosedError as error:
                raise (cutter.failure or error) from None
            else:
                limit = fewest
                yield from done
    if cutter.failure:
        raise cutter.failure


def in_order(items: Iterable[S], work: Callable[[S], T], *, workers: int | None = None) -> Iterator[T]:
    """What is made of each item, in their order, on several threads.

    Args:
        items: Taken one after the other, no faster than they are worked on.
        work: What is done with each.
        workers: Threads; None for as many as help.
    """
    count = default_workers() if workers is None else workers
    running: deque[Future[T]] = deque()
    with ThreadPoolExecutor(count, thread_name_prefix="deedbook") as pool:
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) > count:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


@dataclass(slots=True)
class _Queue(Generic[T]):
    """Blocks that are cut and started, in order.

    Attributes:
        work: What is done with a block.
        workers: The threads of the pool; one is never used, since it would only be waited for.
    """

    cutter: Cutter
    layout: Layout
    work: Callable[[TextBlock], T]
    pool: ThreadPoolExecutor
    workers: int
    blocks: deque[tuple[Block, Callable[[], list[Done[T]]]]] = field(default_factory=deque)

    def fill(self) -> bool:
        """Whether there is a block; none is started behind an open one, since it is likely the last that is read."""
        depth = self.workers + 1 if self.workers > 1 else 1
        while len(self.blocks) < depth and not (self.blocks and self.blocks[-1][0].is_open):
            block = self.cutter.next_block()
            if block is None:
                break
            self.blocks.append((block, self._start(block)))
        return bool(self.blocks)

    def take(self, size: int) -> bytes:
        """Bytes behind the block in hand, of which a record goes on: all that follow are cut anew."""
        self._unread_all(b"")
        return self.cutter.take(size)

    def unread(self, data: bytes) -> None:
        """Gives back the end of the block in hand."""
        if data and self.blocks and not self.cutter.is_odd(data):
            self.blocks.appendleft((Block(data), self._start(Block(data))))
        elif data:
            self._unread_all(data)

    def _unread_all(self, data: bytes) -> None:
        self.cutter.unread(b"".join([data, *(block.data for block, _ in self.blocks)]))
        self.blocks.clear()

    def _start(self, block: Block) -> Callable[[], list[Done[T]]]:
        """What waits for the result; on the thread that asks where nothing else is to be done meanwhile."""
        is_alone = not self.blocks and (block.is_open or self.cutter.is_empty())
        if self.workers == 1 or is_alone:
            return partial(self.do, block)
        return self.pool.submit(self.do, block).result

    def do(self, block: Block) -> list[Done[T]]:
        """What the worker makes of a block, or of its parts where it has too many bad records."""
        layout = self.layout
        if block.is_open and is_regular(block.data, layout):
            raise UnclosedError(is_long=len(block.data) >= MAX_RECORD)
        if block.is_open:
            raise IrregularError
        try:
            return [Done(self.work(read_block(block.data, layout, most=_CROWD)), len(block.data))]
        except CrowdedError:
            cutter = Cutter(io.BytesIO(), layout.dialect, _PART)
            cutter.unread(block.data)
            parts = (part.data for part in iter(cutter.next_block, None))
            return [Done(self.work(read_block(part, layout)), len(part)) for part in parts]
