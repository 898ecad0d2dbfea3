"""A block becomes text columns: regular ones at once, bad records apart, and what is odd about them is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deedbook.dialect import Dialect
from deedbook.reading import text
from deedbook.reading.text import (
    CrowdedError,
    IrregularError,
    Layout,
    Ragged,
    TextBlock,
    mark,
    marked_byte,
    read_block,
)


@pytest.fixture(scope="module", autouse=True, params=[100, 0], ids=["all records scanned", "suspects cut out"])
def _suspects(request: pytest.FixtureRequest) -> Iterator[None]:
    """How bad records are found: in these small blocks either all are suspects, or never too many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_SUSPECTS", request.param)
        yield


TWO = Layout(("a", "b"), Dialect())


def _rows(block: TextBlock) -> list[tuple[str | None, ...]]:
    return [tuple(cell or "" for cell in row) for row in block.frame.rows()]


def test_a_sound_block_is_its_rows() -> None:
    block = read_block(b'1,"x,""y"""\n2,\n', TWO)
    assert (_rows(block), block.newlines, block.ragged, block.faults) == ([("1", 'x,"y"'), ("2", "")], 2, (), ())
    assert (block.has_return, block.with_nul, block.line_numbers.tolist(), block.absent) == (
        False,
        (),
        [0, 1],
        frozenset(),
    )


@pytest.mark.parametrize("data", [b"1,a\n2,", b"1,a\n2,\n"])
def test_the_last_record_counts_with_or_without_its_line_end(data: bytes) -> None:
    block = read_block(data, TWO)
    assert (_rows(block), block.newlines, block.ragged) == ([("1", "a"), ("2", "")], 2, ())


def test_records_start_behind_the_line_ends_of_the_ones_before() -> None:
    block = read_block(b'1,"a\n\nb"\n"\n",2\n3,c\n', TWO)
    assert (block.newlines, block.line_numbers.tolist(), int(block.line_numbers[2])) == (6, [0, 3, 5], 5)


def test_short_long_and_blank_records_stay_in_place() -> None:
    block = read_block(b'1,a\n"2\n"\n\n3,c,"d,e"\n4,f\n', TWO)
    assert _rows(block) == [("1", "a"), ("2\n", ""), ("", ""), ("3", "c"), ("4", "f")]
    assert block.ragged == (Ragged(1, ("2\n",)), Ragged(2, ()), Ragged(3, ("3", "c", "d,e")))
    assert (block.newlines, block.line_numbers.tolist(), sorted(block.absent)) == (6, [0, 1, 3, 4, 5], [2])


def test_a_blank_record_may_end_in_a_carriage_return() -> None:
    block = read_block(b"1,a\r\n\r\n2,b\r\n", TWO)
    assert (_rows(block), sorted(block.absent), block.has_return) == ([("1", "a"), ("", ""), ("2", "b")], [1], True)


def test_a_record_of_one_column_may_be_blank_or_empty() -> None:
    block = read_block(b'1\n\n""\n2\n', Layout(("a",), Dialect()))
    assert block.ragged == (Ragged(1, ()),)
    assert (_rows(block), sorted(block.absent)) == ([("1",), ("",), ("",), ("2",)], [1])


def test_a_delimiter_in_quotes_does_not_make_up_for_a_missing_one() -> None:
    block = read_block(b'1,"x,y"\n2\n', TWO)
    assert block.ragged == (Ragged(1, ("2",)),)


def test_bytes_that_are_no_text_are_replaced_and_placed() -> None:
    block = read_block(b'1,\xff\xfe\n"\xc3\n",2\n3,\xe2\x82\n4,\0\n', TWO)
    assert _rows(block) == [("1", "\ufffd\ufffd"), ("\ufffd\n", "2"), ("3", "\ufffd"), ("4", "\0")]
    found = [(item.row, item.column, item.text) for item in block.faults]
    assert found == [(0, 1, "0xff"), (0, 1, "0xfe"), (1, 0, "0xc3"), (2, 1, "0xe2")]
    assert (block.with_nul, block.line_numbers.tolist()) == ((3,), [0, 1, 3, 4])


@pytest.mark.parametrize("data", [b'1,a"b\n2,"\n', b'1,"a"b\n', b"1,a\r2,b\n", b"1,a\r\n2,b\r"])
def test_quotes_and_returns_that_follow_no_rule_are_irregular(data: bytes) -> None:
    with pytest.raises(IrregularError):
        read_block(data, TWO)


def test_many_lines_with_a_bad_record_are_a_crowd() -> None:
    data = b"1,a\n2,b,x\n3,c\n"
    with pytest.raises(CrowdedError):
        read_block(data, TWO, most=2)
    assert read_block(data, TWO, most=3).ragged == (Ragged(1, ("2", "b", "x")),)
    assert read_block(b"1,a\n2,b\n3,c\n", TWO, most=2).frame.height == 3


def test_a_few_short_records_are_no_crowd() -> None:
    data = b"".join(b"%d,a\n" % number for number in range(300)) + b"x\n"
    assert read_block(data, TWO, most=2).ragged == (Ragged(300, ("x",)),)


@pytest.mark.parametrize(
    ("dialect", "regular"),
    [
        (Dialect(), True),
        (Dialect(delimiter=";", quote_char="'"), True),
        (Dialect(quote_char=""), True),
        (Dialect(delimiter="¦"), False),
        (Dialect(quote_char="«"), False),
        (Dialect(escape_char="\\"), False),
        (Dialect(skip_initial_space=True), False),
        (Dialect(double_quote=False), False),
        (Dialect(comment_char="#"), False),
        (Dialect(comment_rows=(2,)), False),
        (Dialect(delimiter="\n"), False),
    ],
)
def test_only_plain_dialects_are_read_in_blocks(dialect: Dialect, regular: bool) -> None:
    assert Layout(("a",), dialect).is_regular is regular


def test_a_mark_keeps_the_first_byte_of_what_is_no_text() -> None:
    text = mark(b"\xffa\xe2\x82b\xc3\xa9")
    assert [marked_byte(char) for char in text if "\udc80" <= char <= "\udcff"] == ["0xff", "0xe2"]
    assert (text[1], text[3:]) == ("a", "bé")


def test_a_line_end_in_a_cell_that_is_too_much_counts() -> None:
    block = read_block(b'1,2,"x\n\ny"\n"3\n",4\n5\n6,7\n', TWO)
    assert [(item.row, len(item.cells)) for item in block.ragged] == [(0, 3), (2, 1)]
    assert block.line_numbers.tolist() == [0, 3, 5, 6]
