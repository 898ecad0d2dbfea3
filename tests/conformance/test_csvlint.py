"""The structure fixtures of csvlint.rb: what each is about, by its name and feature file, and what ours says of it.

csvlint calls `inconsistent-line-endings*.csv` an error; readers do not mind mixed line ends, nor do we. CR alone ends a record, as
it does for Python's csv (polars reads such a file as one header without rows). Text after a closing quote belongs to the cell, as
in Python's csv; csvlint calls it a stray quote. `spreadsheet.xls` and `.xlsx` are not CSV and are left out.
"""

from __future__ import annotations

import pytest

from deedbook.descriptor import read_resource
from deedbook.reading.tables import read_text
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


def test_carriage_returns_alone_end_records() -> None:
    resource = read_resource({"name": "table", "path": "cr-line-endings.csv"}, FIXTURES, where="table")
    rows = [row for frame in read_text(resource) for row in frame.rows()]
    assert rows == [("Biff", "Baff", "Boff"), ("Qux", "Teaspoon", "Doge")]
    assert verdict("cr-line-endings.csv") == "valid"


def test_an_invalid_byte_sequence_is_an_encoding_error() -> None:
    assert "encoding-error" in verdict("invalid-byte-sequence.csv")


def test_the_record_without_cells_is_blank_and_text_after_a_quote_is_named_and_kept() -> None:
    assert verdict("invalid_many_rows.csv") == "4:3:stray-quote 8:-:blank-row"  # record 11 holds three empty cells
    resource = read_resource({"name": "table", "path": "invalid_many_rows.csv"}, FIXTURES, where="table")
    rows = [row for frame in read_text(resource) for row in frame.rows()]
    assert rows[2] == ("1", "2", '3 "')
