"""`SHA256SUMS` is read in one way: to the byte, with names that every system takes."""

from __future__ import annotations

import pytest

from deedbook.integrity.digests import read_sums, sums_text

A, B = "a" * 64, "b" * 64


def test_what_is_written_is_read_back() -> None:
    digests = {"b.csv": B, "a.csv": A, "with two  blanks.csv": A}
    assert read_sums(sums_text(digests).encode()) == (digests, "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{B}  b.csv\n{A}  a.csv\n", "not the sorted list"),
        (f"{A}  a.csv", "not the sorted list"),
        (f"{A}  a.csv\r\n", "no file may have"),
        (f"{A}  a.csv\n\n", "not the sorted list"),
        (f"{A.upper()}  a.csv\n", "not the sorted list"),
        (f"{A[1:]}  a.csv\n", "not the sorted list"),
        (f"{A}  a.csv\n{A}  a.csv\n", "not the sorted list"),
        (f"{A}  ../a.csv\n", "no file may have"),
        (f"{A}  con.csv\n", "device"),
        (f"{A}  SHA256SUMS\n", "cannot be listed"),
        (f"{A}  A.csv\n{B}  a.csv\n", "take for one file"),
    ],
)
def test_another_form_is_a_problem(text: str, problem: str) -> None:
    assert problem in read_sums(text.encode())[1]
