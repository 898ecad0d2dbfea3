"""Texts of an `.rds` are read back over the ends of what is unpacked at once, and a single other one is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from deedbook.release.formats import rds, xdr
from deedbook.release.formats.cells import first_differences
from tests.release.test_limits import EDITION, table_of


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("rows", [2, 3, 100])
def test_texts_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, rows: int) -> None:
    cells: list[str | None] = ["a", None, "", "жук", "日本" * 30, "b\nc"]
    table = table_of({"text": [cells[row % 6] for row in range(60)], "id": [str(row) for row in range(60)]})
    for module in (rds, xdr):
        monkeypatch.setattr(module, "SLICE", rows)
    rds.write(table, EDITION, tmp_path / "t.rds")
    monkeypatch.setattr(xdr, "_BYTES", size)
    assert first_differences(rds.read(table, tmp_path / "t.rds"), 3) == (0, [])
    changed = [*table.rows.column("text")]
    changed[9], changed[10] = "жж", "x"
    other = replace(table, rows=table.rows.with_columns([pl.lit(pl.Series("text", changed))]))
    count, found = first_differences(rds.read(other, tmp_path / "t.rds"), 3)
    assert count == 2
    assert [one.texts for one in found] == [("жж", "жук"), ("x", "日本" * 30)]
