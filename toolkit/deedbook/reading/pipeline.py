"""Blocks through a worker function, in order, on as many threads as help.

polars and numpy release the interpreter lock, so threads share tables and need no copies. A block with irregular quoting
takes the blocks after it back into the stream and is read sequentially up to the next record end.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from deedbook.reading.blocks import Block, Cutter
from deedbook.reading.sequential import RECORDS, UnclosedError, read_records, to_text_block
from deedbook.reading.text import IrregularError, Layout, TextBlock, read_block

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unclosed:
    """The last record of a table does not end; nothing after its first line was read."""

    is_long: bool


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What the worker made of a block, and the size of the block in bytes."""

    result: T
    size: int
    is_sequential: bool = False


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
    blocks = cutter.blocks()
    first = next(blocks, None)
    second = next(blocks, None) if first is not None and count > 1 else None
    if first is None:
        return
    if second is None:
        cutter_blocks = [first]
        yield from _run_here(cutter, layout, work, cutter_blocks)
        return
    with ThreadPoolExecutor(count, thread_name_prefix="deedbook") as pool:
        yield from _run_on(pool, count, cutter, layout, work, deque([first, second]))


def _run_here(
    cutter: Cutter, layout: Layout, work: Callable[[TextBlock], T], waiting: list[Block]
) -> Iterator[Done[T] | Unclosed]:
    blocks = cutter.blocks()
    while waiting or (waiting := [block for block in [next(blocks, None)] if block is not None]):
        block = waiting.pop()
        try:
            yield _do(block, layout, work)
        except IrregularError:
            yield from _sequential(block.data, cutter, layout, work)


def _do(block: Block, layout: Layout, work: Callable[[TextBlock], T]) -> Done[T]:
    if block.is_open or not layout.is_regular:
        raise IrregularError
    return Done(work(read_block(block.data, layout)), len(block.data))


def _run_on(
    pool: ThreadPoolExecutor,
    count: int,
    cutter: Cutter,
    layout: Layout,
    work: Callable[[TextBlock], T],
    waiting: deque[Block],
) -> Iterator[Done[T] | Unclosed]:
    blocks = cutter.blocks()
    running: deque[tuple[Block, Future[Done[T]]]] = deque()
    while True:
        while len(running) <= count and (block := waiting.popleft() if waiting else next(blocks, None)) is not None:
            running.append((block, pool.submit(_do, block, layout, work)))
        if not running:
            return
        block, future = running.popleft()
        try:
            yield future.result()
        except IrregularError:
            for _, other in running:
                other.cancel()
            cutter.unread(b"".join(later.data for later, _ in running))
            running.clear()
            yield from _sequential(block.data, cutter, layout, work)


def _sequential(
    data: bytes, cutter: Cutter, layout: Layout, work: Callable[[TextBlock], T]
) -> Iterator[Done[T] | Unclosed]:
    """The records that start in `data`, then the stream goes on behind the last one."""
    dialect = layout.dialect
    rest = data
    while rest:
        before = len(rest)
        unclosed: UnclosedError | None = None
        try:
            records, left, bad = read_records(rest, dialect, cutter.take, limit=RECORDS)
        except UnclosedError as error:
            unclosed, records, left, bad = error, error.records[:-1], b"", []
        if records:
            yield Done(work(to_text_block(records, layout, bad)), max(before - len(left), 0), is_sequential=True)
        if unclosed:
            yield Unclosed(is_long=unclosed.is_long)
            cutter.stop()
            return
        if len(records) < RECORDS:
            cutter.unread(left)
            return
        rest = left
