"""Texts as bytes, by the column: behind heads, and in fields of one width."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from deedbook.release.formats.texts import Texts

CELLS = ["", "a", None, "жук", "日本", "a\nb", "\0"]


@pytest.mark.parametrize("cells", [CELLS, CELLS[::-1], [None], [""], []])
def test_texts_stand_behind_their_heads_and_in_fields(cells: list[str | None]) -> None:
    texts = Texts.of(pl.Series(cells, dtype=pl.String))
    plain = [(cell or "").encode() for cell in cells]
    heads = np.arange(3 * len(cells), dtype=np.uint8).reshape(-1, 3)
    expected = b"".join(head.tobytes() + text for head, text in zip(heads, plain, strict=True))
    assert texts.behind(heads).tobytes() == expected
    assert texts.padded(9, b"_").tobytes() == b"".join(text.ljust(9, b"_") for text in plain)
    assert texts.lengths.tolist() == [*map(len, plain)]
