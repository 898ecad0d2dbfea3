"""Records of the wrong length, blank ones and bytes that are no text are named, and their cells are not judged again."""

from __future__ import annotations

from deedbook.checking.header import Column
from deedbook.checking.structure import check_structure
from deedbook.dialect import Dialect
from deedbook.reading.text import Layout, read_block
from deedbook.schema import Field

COLUMNS = (Column(1, "id", Field("id")), Column(2, "Name", Field("name")), Column(3, "x", None))

Said = tuple[str, str | None, list[int], str, str | None]


def _check(data: bytes) -> tuple[list[Said], dict[str, list[int]], list[int]]:
    """What is said (of the first row of each group), the cells that are excused, and the rows that hold nothing."""
    found = check_structure(read_block(data, Layout(tuple(item.name for item in COLUMNS), Dialect())), COLUMNS)
    said: list[Said] = []
    for group in found.groups:
        words = group.words(0)
        said.append((group.rule, group.column, group.rows.tolist(), words.message, words.value))
    return said, {name: rows.tolist() for name, rows in found.excused.items()}, list(found.absent)


def test_a_sound_block_has_nothing_to_say() -> None:
    assert _check(b"1,a,b\n2,,\n") == ([], {}, [])


def test_a_short_row_lacks_a_cell_of_each_column_behind_its_end() -> None:
    assert _check(b"1,a\n2,b,c\n3\n") == (
        [
            ("missing-cell", "name", [2], "the cell of `name` is missing: the row ends after 1 cell", None),
            ("missing-cell", "x", [0, 2], "the cell of `x` is missing: the row ends after 2 cells", None),
        ],
        {"id": [0, 2], "name": [0, 2], "\0003": [0, 2]},
        [],
    )


def test_each_surplus_cell_is_named_with_its_text() -> None:
    said, excused, _ = _check(b'1,a,b,"c,d",\n2,a,b,e\n')
    assert said == [
        (
            "extra-cell",
            None,
            [0, 1],
            "cell 4 (`c,d`) is one too many: the header has 3 columns",
            "c,d",
        ),
        ("extra-cell", None, [0], "cell 5 (empty) is one too many: the header has 3 columns", ""),
    ]
    assert excused == {"id": [0, 1], "name": [0, 1], "\0003": [0, 1]}  # which stand under other labels than they should


def test_a_blank_row_is_one_finding_and_excuses_all_its_cells() -> None:
    assert _check(b"1,a,b\n\n2,a,b\n") == (
        [("blank-row", None, [1], "the row is blank", None)],
        {"id": [1], "name": [1], "\0003": [1]},
        [1],
    )


def test_bytes_that_are_no_text_are_named_and_excused() -> None:
    assert _check(b"1,\xff\xfe,b\n2,a\0,b\n") == (
        [
            ("encoding-error", "name", [0], "the byte 0xfe is not UTF-8", None),
            ("encoding-error", "name", [0], "the byte 0xff is not UTF-8", None),
            ("nul-character", "name", [1], "the cell contains a NUL character", None),
        ],
        {"name": [0, 1]},
        [],
    )
