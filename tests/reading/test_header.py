"""The header's records are taken from the stream, and the data is left to begin behind them."""

from __future__ import annotations

import io

import pytest

from deedbook.dialect import Dialect
from deedbook.reading.blocks import Cutter
from deedbook.reading.header import header_labels, read_header
from deedbook.reading.source import SourceError

Read = tuple[list[str] | None, int, int, int, str, int]


def _read(data: str, dialect: Dialect | None = None, known: list[str] | None = None) -> Read:
    """The labels, the width, the first record and its line; what is left, and the records that were taken."""
    chosen = dialect or Dialect()
    cutter = Cutter(io.BytesIO(data.encode()), chosen)
    return *read_header(cutter, chosen, known), cutter.take(1 << 20).decode(), cutter.records


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
