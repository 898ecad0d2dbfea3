"""Several small files are read at once as each would be alone, and only those are counted that can be."""

from __future__ import annotations

import pytest

from deedbook.dialect import Dialect
from deedbook.reading.batch import read_together, record_count
from deedbook.reading.text import Layout, read_block

LAYOUT = Layout(("a", "b", "c"), Dialect())
SOUND = {
    "plain": b"1,2,3\n4,5,6\n",
    "empty cells": b",,\n1,,\n,,3\n",
    "quoted": b'1,"x, y",3\n"4 ""four""",5,""\n',
    "lines in a cell": b'1,"first\nsecond\n",3\n4,5,6\n',
    "returns": b"1,2,3\r\n4,5,6\r\n",
    "a return in a cell": b'1,"a\r\nb",3\n',
    "letters": "\u0451,\u00df,\u4e2d\n".encode(),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_part_that_is_counted_is_read_as_it_would_be_alone(name: str) -> None:
    parts = [SOUND["plain"], SOUND[name], *SOUND.values()]
    counts = [record_count(part, LAYOUT) for part in parts]
    blocks = read_together(parts, counts, LAYOUT)
    alone = [read_block(part, LAYOUT) for part in parts]
    assert counts == [block.frame.height for block in alone]
    for block, expected in zip(blocks, alone, strict=True):
        assert block.frame.equals(expected.frame)
        assert (block.newlines, block.has_return) == (expected.newlines, expected.has_return)
        assert block.line_numbers.tolist() == expected.line_numbers.tolist()


@pytest.mark.parametrize(
    "data",
    [
        b"1,2\n",
        b"1,2,3,4\n",
        b"1,2,3\n\n",
        b'1,2,"3\n',
        b'1,2",3\n',
        b"1,2,\0\n",
        b"1,2,3\r4,5,6\n",
        b'1,2\n"4",5,6,7\n',
        b"1,2,3",
    ],
)
def test_what_takes_a_closer_look_is_not_counted(data: bytes) -> None:
    assert record_count(data, LAYOUT) == 0


def test_a_column_alone_is_not_counted() -> None:
    assert record_count(b"1\n\n2\n", Layout(("a",), Dialect())) == 0


@pytest.mark.parametrize("data", [b"1,2\n3,4,5,6\n", b"\xff,2,3\n"])
def test_nothing_is_read_where_a_part_is_not_as_it_was_counted(data: bytes) -> None:
    assert record_count(data, LAYOUT) > 0
    assert read_together([SOUND["plain"], data], [2, record_count(data, LAYOUT)], LAYOUT) == []
