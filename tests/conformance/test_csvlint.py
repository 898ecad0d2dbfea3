"""The structure fixtures of csvlint.rb: what each is about, by its name and feature file, and what ours says of it.

csvlint calls `inconsistent-line-endings*.csv` an error; RFC 4180 readers do not mind mixed LF and CRLF, nor do we. CR alone ends
no line for us (nor for polars, DuckDB and pandas): such a file is refused by a finding rather than read as one huge header.
`spreadsheet.xls` and `.xlsx` are not CSV and are left out.
"""

from __future__ import annotations

import pytest

from tests.conformance import CONFORMANCE
from tests.conformance.verdict import judge_resource

FIXTURES = CONFORMANCE / "csvlint" / "features" / "fixtures"
if not FIXTURES.is_dir():
    pytest.skip(f"{FIXTURES} is absent", allow_module_level=True)

CLEAN = (
    "crlf-line-endings.csv",
    "inconsistent-line-endings-unquoted.csv",
    "inconsistent-line-endings.csv",
    "lf-line-endings.csv",
    "valid.csv",
    "valid_many_rows.csv",
    "white space in filename.csv",
    "windows-line-endings.csv",
)


def verdict(name: str) -> str:
    return str(judge_resource({"name": "table", "path": name}, FIXTURES))


@pytest.mark.parametrize("name", CLEAN)
def test_a_sound_file_has_no_structure_error(name: str) -> None:
    assert verdict(name) == "valid"


def test_a_title_row_leaves_blank_labels() -> None:
    assert verdict("title-row.csv") == "-:2:blank-label -:3:blank-label"


def test_carriage_returns_alone_end_no_line() -> None:
    assert verdict("cr-line-endings.csv") not in {"valid", "refused"}


def test_an_invalid_byte_sequence_is_an_encoding_error() -> None:
    assert "encoding-error" in verdict("invalid-byte-sequence.csv")


def test_blank_rows_and_a_stray_quote_stand_in_their_rows() -> None:
    found = verdict("invalid_many_rows.csv").split()
    assert "8:-:blank-row" in found
    assert any(item.startswith("4:") or "source-error" in item for item in found), found  # `"3" "`: text after a quote
