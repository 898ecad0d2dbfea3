"""Files are cut into spans where records end, whatever stands inside quotes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deedbook.cluster.spans import Slice, Span, Stretch, bundled, cut, stretches_of


def spans_of(path: Path, size: int, quote: bytes = b'"', offset: int = 0) -> list[bytes]:
    """The content of each span of a file."""
    data = path.read_bytes()
    whole = Span(0, offset, len(data) - offset)
    spans = cut(whole, [Stretch.read(path, part, quote) for part in stretches_of(whole, size)])
    return [data[span.offset : span.offset + (span.size or 0)] for span in spans]


def test_a_span_ends_where_a_record_does(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"1,a\n2,b\n3,c\n")
    assert spans_of(path, 5) == [b"1,a\n2,b\n", b"3,c\n"]


def test_a_line_end_inside_quotes_is_no_end(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'1,"a\nb\nc\nd\ne"\n2,b\n')
    assert spans_of(path, 4) == [b'1,"a\nb\nc\nd\ne"\n', b"2,b\n"]


def test_a_file_of_one_record_is_one_span(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'1,"' + b"a\n" * 50 + b'"')
    assert spans_of(path, 7) == [path.read_bytes()]


def test_without_quotes_every_line_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'1,"\n2,b\n')
    assert spans_of(path, 3, b"") == [b'1,"\n', b"2,b\n"]


CELL = st.text("ab,\n\"'", max_size=6).map(lambda text: '"' + text.replace('"', '""') + '"')
RECORDS = st.lists(st.lists(CELL, min_size=1, max_size=3).map(",".join), min_size=1, max_size=20)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records=RECORDS, size=st.integers(1, 40), is_ended=st.booleans())
def test_spans_are_whole_records_in_order(
    records: list[str], size: int, is_ended: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("spans") / "t.csv"
    path.write_text("\n".join(records) + "\n" * is_ended, newline="")
    spans = spans_of(path, size)
    assert b"".join(spans) == path.read_bytes()
    assert all(spans)
    ends = {0}
    for record in records:
        ends.add(max(ends) + len(record) + 1)
    starts = [sum(map(len, spans[:at])) for at in range(len(spans))]
    assert ends.issuperset(starts)


def test_small_spans_share_a_task() -> None:
    spans = [Span(number, 0, None, weight) for number, weight in enumerate([5, 5, 20, 1, 1])]
    tasks = bundled(spans, 10)
    assert [[span.file for span in task] for task in tasks] == [[0, 1], [2], [3, 4]]


def test_spans_of_later_files_come_later() -> None:
    assert Span(0, 1 << 43).place < Span(1, 0).place < Span(1, 1).place


def test_a_slice_ends_where_it_is_to_end(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"0123456789")
    with io.FileIO(path) as file:
        file.seek(2)
        stream = Slice(file, 5)
        assert [stream.read(3), stream.read(3), stream.read(3)] == [b"234", b"56", b""]
