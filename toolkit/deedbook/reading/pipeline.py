"""Blocks through a worker function, in order, on as many threads as help.

polars and numpy release the interpreter lock, so threads share tables and need no copies. A block with irregular quoting
takes the blocks after it back into the stream and is read sequentially up to the next record end.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from deedbook.reading.blocks import MAX_RECORD, Block, Cutter
from deedbook.reading.sequential import RECORDS, Unclosed, read_records, to_text_block
from deedbook.reading.source import SourceError
from deedbook.reading.text import IrregularError, Layout, TextBlock, is_regular, read_block

T = TypeVar("T")


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
) -> Iterator[Done[T] | Unclosed]:
    """The worker's results in the order of the file.

    Args:
        cutter: The stream, its header already taken.
        layout: How blocks become columns.
        work: What is done with each block; it runs on several threads at once.
        workers: Threads; None for as many as help. A table of a single block never pays for a pool.
    """
    count = default_workers() if workers is None else workers
    ahead = deque(block for _ in range(min(count, 2)) if (block := cutter.next_block()) is not None)
    if len(ahead) < 2:
        yield from _run(lambda block: partial(_do, block, layout, work), 1, cutter, layout, work, ahead)
        return
    from concurrent.futures import ThreadPoolExecutor  # a single block does without

    with ThreadPoolExecutor(count, thread_name_prefix="deedbook") as pool:
        yield from _run(
            lambda block: pool.submit(_do, block, layout, work).result, count + 1, cutter, layout, work, ahead
        )


def _run(
    start: Callable[[Block], Callable[[], Done[T] | Unclosed]],
    depth: int,
    cutter: Cutter,
    layout: Layout,
    work: Callable[[TextBlock], T],
    ahead: deque[Block],
) -> Iterator[Done[T] | Unclosed]:
    """Results in order, while up to `depth` blocks are started."""
    running: deque[tuple[Block, Callable[[], Done[T] | Unclosed]]] = deque()
    while True:
        while len(running) < depth and (block := ahead.popleft() if ahead else cutter.next_block()) is not None:
            running.append((block, start(block)))
        if not running:
            break
        block, result = running.popleft()
        try:
            done = result()
        except IrregularError:
            cutter.unread(b"".join(later.data for later, _ in running))
            running.clear()
            yield from _sequential(block.data, cutter, layout, work)
            continue
        if isinstance(done, Unclosed):
            if not cutter.failure:
                yield done
            cutter.stop()
            break
        yield done
    if cutter.failure:
        raise cutter.failure


def _do(block: Block, layout: Layout, work: Callable[[TextBlock], T]) -> Done[T] | Unclosed:
    if block.is_open and is_regular(block.data, layout):
        return Unclosed(is_long=len(block.data) >= MAX_RECORD)
    if block.is_open:
        raise IrregularError
    return Done(work(read_block(block.data, layout)), len(block.data))


def _sequential(
    data: bytes, cutter: Cutter, layout: Layout, work: Callable[[TextBlock], T]
) -> Iterator[Done[T] | Unclosed]:
    """The records that start in `data`, then the stream goes on behind the last one."""
    while data:
        records = read_records(data, layout.dialect, cutter.take)
        if records.items:
            yield Done(work(to_text_block(records, layout, cutter.records + 1)), records.size)
            cutter.records += len(records.items)
        if isinstance(records.end, SourceError):
            raise records.end
        if records.end:
            cutter.stop()
            yield records.end
            return
        data = records.rest
        if len(records.items) < RECORDS:
            break
    cutter.unread(data)
