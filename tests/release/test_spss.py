"""The rows of `.sav` and `.zsav`, which are written here, are those that pyreadstat writes, byte by byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from deedbook.release.formats import sav, spss
from deedbook.release.formats.cells import UnlikeError, first_differences
from tests.release.test_limits import EDITION, table_of

NUMBERS = ["0", "-100", "-99", "151", "152", "0.5", "-0.5", None, "1000000", "-1.5e+300", "7"]
"""Those at both ends of what is a code, and others."""


def columns(rows: int) -> dict[str, list[str | None]]:
    """Numbers, and texts as wide as a piece of a row, one byte more, and of several pieces."""
    texts: list[str | None] = ["", "a", "ж" * 4, " x", "eight   ", "        y", None, "日本" * 40]
    found: dict[str, list[str | None]] = {"number": NUMBERS, "text": texts, "whole": ["1", "-7", "200"]}
    found |= {f"of_{width}": ["x" * width, "", "ж" * (width // 2), None] for width in (8, 9, 255, 256, 504, 505, 1009)}
    return {name: [cells[row % len(cells)] for row in range(rows)] for name, cells in found.items()}


def without_stamp(path: Path) -> bytes:
    """The bytes of a file but for the time in its header."""
    content = path.read_bytes()
    return content[:92] + content[109:]


@pytest.mark.parametrize(("rows", "size"), [(0, 1 << 20), (1, 1 << 20), (23, 1), (23, 8000), (6000, 1 << 20)])
def test_a_file_is_that_of_pyreadstat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, size: int) -> None:
    table = table_of(columns(rows), {"name": "number", "type": "number"}, {"name": "whole", "type": "integer"})
    write, said = pyreadstat.write_sav, dict[str, Any]()

    def write_sav(frame: pl.DataFrame, path: str, **given: Any) -> None:
        said.update(given)
        write(frame, path, **given)

    monkeypatch.setattr(pyreadstat, "write_sav", write_sav)
    monkeypatch.setattr(spss, "_BYTES", size)
    spss.write(table, EDITION, tmp_path / "ours.sav")
    whole = table.rows.lazy.collect().with_columns(pl.col("whole").cast(pl.Float64), pl.col(pl.String).fill_null(""))
    write(whole, tmp_path / "theirs.sav", row_compress=True, **said)
    assert without_stamp(tmp_path / "ours.sav") == without_stamp(tmp_path / "theirs.sav")
    if rows:
        spss.pack(tmp_path / "ours.sav", tmp_path / "ours.zsav")
        write(whole, tmp_path / "theirs.zsav", compress=True, **said)
        assert without_stamp(tmp_path / "ours.zsav") == without_stamp(tmp_path / "theirs.zsav")
        assert first_differences(spss.read(table, tmp_path / "ours.zsav"), 3) == (0, [])


@pytest.mark.parametrize("how", [{}, {"row_compress": True}, {"compress": True}], ids=["plain", "coded", "packed"])
@pytest.mark.parametrize("size", [3000, 1 << 22])
def test_a_file_of_any_writer_is_read_and_its_differences_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], size: int
) -> None:
    monkeypatch.setattr(sav, "_BYTES", size)
    table = table_of(columns(900), {"name": "number", "type": "number"}, {"name": "whole", "type": "integer"})
    whole = table.rows.lazy.collect().with_columns(pl.col("whole").cast(pl.Float64), pl.col(pl.String).fill_null(""))
    pyreadstat.write_sav(whole, str(tmp_path / "t.sav"), **how)
    assert first_differences(spss.read(table, tmp_path / "t.sav"), 3) == (0, [])
    row = pl.int_range(pl.len())
    other = whole.with_columns(
        pl.when(row == 500).then(4.5).otherwise("number").alias("number"),
        pl.when(row == 700).then(pl.lit("ж" * 300)).otherwise("of_1009").alias("of_1009"),
    )
    pyreadstat.write_sav(other, str(tmp_path / "t.sav"), **how)
    count, found = first_differences(spss.read(table, tmp_path / "t.sav"), 3)
    assert count == 2
    assert [(one.row, one.name, one.texts[1]) for one in found] == [(500, "number", "4.5"), (700, "of_1009", "ж" * 300)]


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_ends_early_or_goes_on_is_refused(tmp_path: Path, *, packed: bool) -> None:
    table = table_of(columns(200), {"name": "number", "type": "number"}, {"name": "whole", "type": "integer"})
    path = tmp_path / "t.sav"
    spss.write(table, EDITION, path)
    if packed:
        spss.pack(path, tmp_path / "t.zsav")
        path = tmp_path / "t.zsav"
    content = path.read_bytes()
    for end in (3, 100, 176, 300, len(content) // 2, len(content) - 20):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match=r"ends early|is no file|record"):
            first_differences(spss.read(table, path), 3)
    if not packed:
        path.write_bytes(content[:80] + (100).to_bytes(4, "little") + content[84:])
        with pytest.raises(UnlikeError, match="has 100 rows where the CSV has 200"):
            first_differences(spss.read(table, path), 3)
