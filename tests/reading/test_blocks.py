"""Blocks are cut between records, and quoting that this relies on is proven."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.dialect import Dialect
from deedbook.reading import blocks
from deedbook.reading.blocks import Block, Cutter, cut_out, quotes_are_regular, record_ends, scan


def _cut(data: bytes, size: int, dialect: Dialect | None = None) -> list[Block]:
    cutter = Cutter(io.BytesIO(data), dialect or Dialect(), size)
    blocks_cut = []
    while (block := cutter.next_block()) is not None:
        blocks_cut.append(block)
    return blocks_cut


def test_a_block_ends_at_the_last_line_end_within_its_size() -> None:
    assert [block.data for block in _cut(b"1,a\n2,b\n3,c\n", 9)] == [b"1,a\n2,b\n", b"3,c\n"]


def test_a_line_end_inside_quotes_ends_no_block() -> None:
    assert [block.data for block in _cut(b'1,"a\nb"\n2,c\n', 5)] == [b'1,"a\nb"\n', b"2,c\n"]


def test_without_a_quote_character_every_line_end_ends_a_record() -> None:
    assert [block.data for block in _cut(b'1,"a\nb"\n', 6, Dialect(quote_char=""))] == [b'1,"a\n', b'b"\n']


def test_a_block_whose_quote_stays_open_says_so() -> None:
    assert _cut(b'1,"a\nb\n', 1 << 16) == [Block(b'1,"a\nb\n', is_open=True)]


def test_a_record_beyond_the_longest_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_RECORD", 20)
    first = _cut(b'"' + b"a\n" * 100, 8)[0]
    assert first.is_open
    assert 20 <= len(first.data) < 64


@given(st.binary(max_size=80), st.integers(1, 40))
def test_blocks_put_together_are_the_file(data: bytes, size: int) -> None:
    assert b"".join(block.data for block in _cut(data, size)) == data.removeprefix(b"\xef\xbb\xbf")


def test_a_byte_order_mark_is_skipped_and_remembered() -> None:
    cutter = Cutter(io.BytesIO(b"\xef\xbb\xbfid\n"), Dialect())
    assert cutter.has_bom
    assert cutter.take(99) == b"id\n"
    assert cutter.is_empty()


@given(st.text(alphabet='",\nab', max_size=80), st.integers(3, 30), st.integers(1, 6))
@example("a\nb\n" * 20, 9, 4)
def test_a_file_is_cut_into_the_records_of_any_other_stream(text: str, size: int, tail: int) -> None:
    with tempfile.TemporaryFile("w+b", buffering=0) as stream, patch.object(blocks, "_TAIL", tail):
        stream.write(text.encode())
        stream.seek(0)
        cutter, cut, at = Cutter(stream, Dialect(), size), [], 0
        while (block := cutter.next_block()) is not None:
            cut.append(block)
            at += len(block.data)
            assert cutter.position == at
            if len(cut) % 3 == 1:  # as a reader does that needs more, and gives it back
                cutter.unread(cutter.take(7))
    assert b"".join(block.data for block in cut) == text.encode()
    regular = quotes_are_regular(text.encode(), b'"', b"")
    assert not regular or all(cutter.is_odd(block.data) == block.is_open for block in cut)
    assert not regular or all(block.data.endswith(b"\n") for block in cut[:-1])


def test_unread_bytes_come_again() -> None:
    cutter = Cutter(io.BytesIO(b"1\n2\n"), Dialect(), 2)
    block = cutter.next_block()
    assert block is not None
    cutter.unread(block.data)
    assert cutter.take(99) == b"1\n2\n"


@pytest.mark.parametrize(
    "data",
    ["", "a,b\n", '"a",b\n', '"a""b",c\n', '"",""\n', '"a\n,b"\n', 'a,"b"\r\n', '""""\n', '"",x\n"a"', '"a""","""b"\n'],
)
def test_quoting_after_the_standard_is_regular(data: str) -> None:
    assert quotes_are_regular(data.encode(), b'"', b",")


@pytest.mark.parametrize(
    "data", ['a"b"\n', '"a"b,"c"\n', '5",6"\n', ' "a"\n', '"a" \n', 'a""\n', '"a"x""\n', 'x,"a"";"\n"']
)
def test_any_other_quote_is_irregular(data: str) -> None:
    assert not quotes_are_regular(data.encode(), b'"', b",") or data.count('"') % 2


def test_a_long_cell_stays_open() -> None:
    text = b"x" * (3 << 20)
    assert quotes_are_regular(b'1,"' + text + b'","y"\n', b'"', b",")
    assert not quotes_are_regular(b'1,"' + text + b'"z,y\n', b'"', b",")


@pytest.mark.parametrize(
    ("data", "ends"), [(b"", []), (b"a", [1]), (b"a\n\nb", [2, 3, 4]), (b'"a\n"\n"\n\n",b\n', [5, 12])]
)
def test_records_end_at_line_ends_outside_quotes(data: bytes, ends: list[int]) -> None:
    assert record_ends(data, b'"').tolist() == ends


@pytest.mark.parametrize(
    ("rows", "found"), [([], b""), ([0], b"0\n"), ([1, 2], b"1\n2\n"), ([0, 2, 3], b"0\n2\n3\n"), ([3], b"3\n")]
)
def test_records_are_cut_out_with_a_line_end_each(rows: list[int], found: bytes) -> None:
    data = b"0\n1\n2\n3"
    assert cut_out(data, record_ends(data, b'"'), np.array(rows, np.int64)) == found


CELLS = ["", "a", "word", "1,5", "two\nlines", 'a ""quoted"" word', ",", "\n", '""', "x" * 61, "y" * 130, "z,\n" * 40]


def _write(records: list[list[str]], dialect: Dialect) -> bytes:
    quote = dialect.quote_char
    quoted = [
        [f"{quote}{cell}{quote}" if set(cell) & set(f'"\n{dialect.delimiter}') else cell for cell in record]
        for record in records
    ]
    return "".join(dialect.delimiter.join(record) + "\n" for record in quoted).encode()


@pytest.mark.parametrize("seed", range(40))
def test_what_is_counted_is_what_the_csv_module_reads(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  # not a secret
    plain = [cell for cell in CELLS if not set(cell) & set('",\n')]
    dialect, cells = (Dialect(), CELLS) if seed % 2 else (Dialect(quote_char=""), plain)
    records = [draw.choices(cells, k=draw.randint(1, 9)) for _ in range(draw.randint(1, 60))]
    data = _write(records, dialect)
    ends, counts = scan(data, dialect)
    starts = [0, *ends.tolist()]
    parts = [data[start:end].decode() for start, end in pairwise(starts)]
    read = [list(csv.reader(io.StringIO(part, newline=""))) for part in parts]
    assert "".join(parts).encode() == data
    assert [len(found[0]) for found in read] == counts.tolist()
    assert {len(found) for found in read} == {1}
    assert len(parts) == len(records)


@pytest.mark.parametrize("before", [0, 1, 30, 61, 62, 63, 64, 65, 127, 128])
def test_a_quote_reaches_over_the_bounds_of_words(before: int) -> None:
    data = b"x" * before + b',"' + b",\n" * 100 + b'",b\n\n\r\n1\r\n'
    ends, cells = scan(data, Dialect())
    first = before + 206
    assert (ends.tolist(), cells.tolist()) == ([first, first + 1, first + 3, first + 6], [3, 0, 0, 1])
