"""The readers agree with the csv module on any bytes, for every block size and number of workers."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deedbook.dialect import Dialect
from deedbook.reading import pipeline, text
from deedbook.reading.blocks import Cutter
from deedbook.reading.pipeline import run
from deedbook.reading.text import Layout
from tests.examples import examples
from tests.reading.oracle import actual, expected


@pytest.fixture(scope="module", autouse=True, params=[100, 0], ids=["all records scanned", "suspects cut out"])
def _suspects(request: pytest.FixtureRequest) -> Iterator[None]:
    """How bad records are found: in these small blocks either all are suspects, or never too many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_SUSPECTS", request.param)
        yield


CELLS = st.sampled_from(
    [
        "",
        "a",
        "12",
        "3.0",
        " x ",
        '""',
        '"a"',
        '"a,b"',
        '"a\nb"',
        '"a\r\nb"',
        '"say ""no"""',
        '"\n\n"',
        "é",
        '"é;,\n"',
        'a"b',
        '5" nail',
        '"a"b',
        '"x" ',
        "NA",
        "\x00",
        '"a\rb"',
    ]
)
CLEAN_CELLS = st.sampled_from(["", "a", "12", '""', '"a,b"', '"a\nb"', '"say ""no"""', '"\n\n"', "é", '"a\r\nb"'])


@st.composite
def texts(draw: st.DrawFn, cells: st.SearchStrategy[str] = CELLS) -> bytes:
    """CSV text of rows of about two cells, whose line ends and lengths differ."""
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\n"], ["\n", "\r\n"], ["\r"], ["\n", "\r"]]))
    rows = draw(st.lists(st.lists(cells, min_size=0, max_size=4), max_size=12))
    text = "".join(",".join(row) + draw(st.sampled_from(ends)) for row in rows)
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    return text.encode()


SIZES = st.sampled_from([1, 3, 8, 16, 64, 1 << 16])


@examples(400)
@given(texts(CLEAN_CELLS), SIZES, st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]))
@example(b'"x,y",1\n2\n', 1 << 16, 1, 2)  # a delimiter in quotes makes up for a missing one
@example(b"\n\n1,2\n", 1 << 16, 1, 2)
@example(b'1,"a\nb"\n2,x', 1 << 16, 1, 2)
def test_regular_text_reads_as_with_the_csv_module(data: bytes, size: int, workers: int, width: int) -> None:
    assert actual(data, width, Dialect(), block_size=size, workers=workers) == expected(data, width, Dialect())


@examples(400)
@given(texts(), SIZES, st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]))
@example(b'a,"b\n', 1, 1, 2)
@example(b"a,b\rc,d\r", 1, 1, 2)
def test_irregular_text_reads_as_with_the_csv_module(data: bytes, size: int, workers: int, width: int) -> None:
    assert actual(data, width, Dialect(), block_size=size, workers=workers) == expected(data, width, Dialect())


BYTES = st.sampled_from([b",", b'"', b"\n", b"\r", b"a", b"\xff", b"\xc3\xa9", b"\x00", b"\xe2\x82", b" "])


@examples(400)
@given(st.lists(BYTES, max_size=40).map(b"".join), SIZES, st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_arbitrary_bytes_read_as_with_the_csv_module(data: bytes, size: int, workers: int, width: int) -> None:
    assert actual(data, width, Dialect(), block_size=size, workers=workers) == expected(data, width, Dialect())


DIALECTS = [
    Dialect(delimiter=";"),
    Dialect(delimiter="\t"),
    Dialect(delimiter="¦"),
    Dialect(quote_char="'"),
    Dialect(quote_char=""),
    Dialect(double_quote=False, escape_char="\\"),
    Dialect(skip_initial_space=True),
]
PIECES = st.sampled_from([",", ";", "\t", "¦", '"', "'", "\\", "\n", "\r\n", "a", "é", " ", "1"])


@examples(400)
@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(DIALECTS), SIZES, st.sampled_from([1, 2, 3]))
def test_every_dialect_reads_as_with_the_csv_module(text: str, dialect: Dialect, size: int, width: int) -> None:
    data = text.encode()
    assert actual(data, width, dialect, block_size=size, workers=1) == expected(data, width, dialect)


def test_a_crowd_with_bad_records_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_CROWD", 100)
    monkeypatch.setattr(pipeline, "_PART", 64)
    sound = b"".join(b'%d,"x\n"\n' % number for number in range(200))
    bad = b"\xef\xbb\xbf1,2\n3\n\n4,5,6\n" + sound
    for data, size in [(sound, len(sound)), (bad, 64)]:
        cutter = Cutter(io.BytesIO(), Dialect())
        cutter.unread(data)
        done = list(run(cutter, Layout(("a", "b"), Dialect()), lambda block: block, workers=2))
        assert max(item.size for item in done) <= size
        assert sum(item.size for item in done) == len(data)
    assert actual(bad[3:], 2, Dialect(), block_size=1 << 16, workers=2) == expected(bad[3:], 2, Dialect())


def test_no_bytes_are_no_block() -> None:
    assert actual(b"", 2, Dialect(), block_size=64, workers=2).rows == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_file(workers: int) -> None:
    data = b"".join(b"%d,x\n" % number for number in range(5000))
    found = actual(data, 2, Dialect(), block_size=512, workers=workers)
    assert [row[0] for row in found.rows] == [str(number) for number in range(5000)]
    assert found.lines == list(range(1, 5001))


def test_a_table_of_very_many_columns_is_read_record_by_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_MOST_COLUMNS", 1)
    data = b'1,"a\nb"\n2\n\n3,4,5\n'
    assert not Layout(("a", "b"), Dialect()).is_regular
    assert actual(data, 2, Dialect(), block_size=1 << 16, workers=2) == expected(data, 2, Dialect())
