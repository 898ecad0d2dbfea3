"""RecordReader are read one by one where quoting follows no rule, without a step for every line of a quoted cell."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deedbook.dialect import Dialect
from deedbook.reading import records
from deedbook.reading.blocks import Cutter
from deedbook.reading.records import RecordReader, header_labels, read_header
from deedbook.reading.source import SourceError, UnclosedError
from deedbook.reading.text import CellFault

ESCAPED = Dialect(escape_char="\\", double_quote=False)


def _nothing(_size: int) -> bytes:
    return b""


def _in_steps(data: bytes, size: int) -> Callable[[int], bytes]:
    pieces = (data[at : at + size] for at in itertools.count(0, size))
    return lambda _size: next(pieces)


def _cells(data: bytes, dialect: Dialect | None = None, step: int = 1) -> tuple[list[list[str]], bool]:
    """The cells of all records, and whether the last one stays open; more bytes come in steps."""
    chosen, more, rows = dialect or Dialect(), _in_steps(data, step), []
    left = more(step)
    while left:
        found = RecordReader(left, chosen, more).read()
        rows += found.cells
        if found.end:
            return rows, True
        left = found.rest or more(step)
    return rows, False


def test_records_carry_their_lines_bytes_and_oddities() -> None:
    found = RecordReader(b'1,5" nail\n2,"a\r\nb"\n\xff,\0\n', Dialect(), _nothing).read()
    assert found.cells == [["1", '5" nail'], ["2", "a\r\nb"], ["\ufffd", "\0"]]
    assert (found.lines, found.newlines) == ([0, 1, 3], 4)
    assert found.faults == [CellFault(2, 0, "encoding-error", "0xff")]
    assert (found.size, found.rest, found.end) == (23, b"", None)
    assert (found.has_return, found.is_cut) == (False, False)


def test_no_more_records_than_asked_for_are_read() -> None:
    found = RecordReader(b"1\n2\n3\n", Dialect(), _nothing).read(2)
    assert (found.cells, found.size, found.rest) == ([["1"], ["2"]], 4, b"3\n")


@pytest.mark.parametrize(
    ("text", "dialect", "rows"),
    [
        ('"a\n\n\nb",1\n2,3\n', None, [["a\n\n\nb", "1"], ["2", "3"]]),
        ('"a\n""b""\n""\n",1\n', None, [['a\n"b"\n"\n', "1"]]),
        ('"a\nb"', None, [["a\nb"]]),
        ('"a\nb"\r', None, [["a\nb"]]),
        ('"a\nb"c\nd","e\nf"\n', None, [["a\nbc"], ['d"', "e\nf"]]),
        ('"a\n\\"b\n\\\\",1\n', ESCAPED, [['a\n"b\n\\', "1"]]),
        ("a\\\nb,1\n2,3\n", ESCAPED, [["a\nb", "1"], ["2", "3"]]),
        ('"a\nb"\nc"d\n', Dialect(quote_char=""), [['"a'], ['b"'], ['c"d']]),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1 << 16])
def test_a_record_goes_on_until_its_quote_closes(
    text: str, dialect: Dialect | None, rows: list[list[str]], step: int
) -> None:
    assert _cells(text.encode(), dialect, step) == (rows, False)


@pytest.mark.parametrize("text", ['"a\nb\n', '"a\n""\n', '"a\nb""', '"a\n\\"\n'])
def test_a_quote_that_is_never_closed_ends_the_reading(text: str) -> None:
    dialect = ESCAPED if "\\" in text else None
    assert _cells(b"1\n" + text.encode(), dialect) == ([["1"]], True)


def test_a_record_beyond_the_longest_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_RECORD", 20)
    found = RecordReader(b'1\n"' + b"a\n" * 20 + b'"\n', Dialect(), _nothing).read()
    assert found.cells == [["1"]]
    assert isinstance(found.end, UnclosedError)
    assert found.end.is_long


def test_a_stream_that_fails_ends_the_reading_with_its_error() -> None:
    failure = SourceError("compression-error", "cut off")

    def fail(_size: int) -> bytes:
        raise failure

    found = RecordReader(b'1\n"a\n', Dialect(), fail).read()
    assert (found.cells, found.end) == ([["1"]], failure)


@given(st.lists(st.sampled_from(['"', '""', "\n", "\r", ",", "a"]), max_size=30).map("".join), st.integers(1, 5))
def test_how_bytes_arrive_changes_nothing(text: str, step: int) -> None:
    assert _cells(text.encode(), step=step) == _cells(text.encode(), step=1 << 16)


def test_many_lines_inside_a_quote_are_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []
    take = records.RecordReader._take

    def count(lines: records.RecordReader) -> bytes:
        taken.append(take(lines))
        return taken[-1]

    monkeypatch.setattr(records.RecordReader, "_take", count)
    found = RecordReader(b'1,"' + b'2\n""\n' * 10_000 + b'"\n', Dialect(), _nothing).read()
    assert len(found.cells) == 1
    assert len(taken) < 5


@pytest.mark.parametrize(
    ("data", "has_return"), [(b'5" a,"b\r\nc"\r\n', True), (b'5" a,"b\r\nc"\n', False), (b'5" a\rb\n', True)]
)
def test_only_the_end_of_a_record_counts_as_a_line_end_of_the_file(data: bytes, has_return: bool) -> None:
    assert RecordReader(data, Dialect(), _nothing).read().has_return is has_return


Read = tuple[list[str] | None, int, int, int, str, int]


def _read(data: str, dialect: Dialect | None = None, known: list[str] | None = None) -> Read:
    """The labels, the width, the first record and its line; what is left, and the records that were taken."""
    chosen = dialect or Dialect()
    cutter = Cutter(io.BytesIO(data.encode()), chosen)
    header = read_header(cutter, chosen, known)
    left = cutter.take(1 << 20).decode()
    return header.labels, header.width, header.row, header.line, left, cutter.records


@pytest.mark.parametrize(
    ("data", "dialect", "expected"),
    [
        ("a,b\n1,2\n", Dialect(), (["a", "b"], 2, 2, 2, "1,2\n", 1)),
        ('"a\nb",c\n1,2\n', Dialect(), (["a\nb", "c"], 2, 2, 3, "1,2\n", 1)),
        ("a", Dialect(), (["a"], 1, 2, 2, "", 1)),
        ("", Dialect(), (None, 0, 1, 1, "", 0)),
        ("\n1\n", Dialect(), (None, 0, 1, 1, "\n1\n", 0)),
        ("1,2,3\n4\n", Dialect(header_rows=()), (None, 3, 1, 1, "1,2,3\n4\n", 0)),
        ("t\na,b\n1,2\n", Dialect(header_rows=(2,)), (["a", "b"], 2, 3, 3, "1,2\n", 2)),
        ("a,b,\na,c,d\n1\n", Dialect(header_rows=(1, 2)), (["a", "b c", "d"], 3, 3, 3, "1\n", 2)),
        ("#x\n#y\na\n1\n", Dialect(comment_char="#"), (["a"], 1, 4, 4, "1\n", 3)),
        ("x\na\n1\n", Dialect(comment_rows=(1,)), (["a"], 1, 3, 3, "1\n", 2)),
        ("#x\n#y\n", Dialect(comment_char="#"), (None, 0, 1, 1, "#x\n#y\n", 0)),
    ],
)
def test_labels_are_taken_and_the_rest_is_left(data: str, dialect: Dialect, expected: Read) -> None:
    assert _read(data, dialect) == expected


@pytest.mark.parametrize(
    ("data", "labels", "left"),
    [("b,a\n1,2\n", ["b", "a"], "1,2\n"), ("1,2\n3,4\n", None, "1,2\n3,4\n"), ("a,x\n", None, "a,x\n")],
)
def test_a_second_file_repeats_the_header_or_goes_on(data: str, labels: list[str] | None, left: str) -> None:
    found = _read(data, known=["a", "b"])
    assert (found[0], found[1], found[4]) == (labels, 2, left)


def test_a_header_longer_than_the_first_bytes_is_read_whole() -> None:
    labels = [f"column {number}" for number in range(20_000)]
    assert _read(",".join(labels) + "\n1\n") == (labels, 20_000, 2, 2, "1\n", 1)


def test_a_header_whose_quote_stays_open_cannot_be_read() -> None:
    with pytest.raises(SourceError) as raised:
        _read('a,"b\n1,2\n')
    assert raised.value.rule == "unclosed-quote"


def test_labels_take_the_spelling_of_the_schema_where_case_says_nothing() -> None:
    assert header_labels([["ID", "Note"]], Dialect(spelling={"id": "id"})) == ["id", "Note"]


def test_rows_of_a_header_are_joined_without_repeats_and_gaps() -> None:
    rows = [["a", "", "c"], ["x"], ["a", "b", "c", "d"]]
    assert header_labels(rows, Dialect(header_rows=(1, 3), header_join="-")) == ["a", "b", "c", "d"]
