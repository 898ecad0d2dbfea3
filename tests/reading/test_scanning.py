"""Records and cells that are counted by bits are those that the csv module reads."""

from __future__ import annotations

import csv
import io
import random
from itertools import pairwise

import pytest

from deedbook.dialect import Dialect
from deedbook.reading.scanning import scan

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
