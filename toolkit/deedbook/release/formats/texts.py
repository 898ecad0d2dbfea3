"""The texts of a column as bytes, by the column: no text becomes an object of Python of its own.

Three formats hold texts in their own way, one after the other with a head each (R) or in fields of one width (Stata, SPSS).
A million texts take a tenth of a second so, and two seconds one by one.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a column, empty where one is missing."""

    values: pl.Series

    @classmethod
    def of(cls, values: pl.Series) -> Self:
        """Those of a column of text."""
        return cls(values.fill_null("") if values.null_count() else values)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many bytes each has."""
        return self.values.str.len_bytes().to_numpy().astype(np.int64)

    def behind(self, heads: Bytes) -> Bytes:
        """Each text behind its head, a row of `heads`."""
        size = heads.shape[1]
        found, lengths = self._joined(pl.lit("\0" * size) + pl.first()), self.lengths + size
        starts = np.cumsum(lengths) - lengths
        if len(starts):  # a view of the head that begins at each byte, so that one is written at once
            head = np.dtype((np.void, size))
            np.ndarray(len(found) - size + 1, head, found, strides=(1,))[starts] = heads.view(head)[:, 0]
        return found

    def padded(self, width: int, fill: bytes) -> Bytes:
        """Each text in a row of so many bytes, which none has more of."""
        text = pl.first()
        padded = text.str.pad_end(width + text.str.len_chars() - text.str.len_bytes(), fill.decode())
        return self._joined(padded).reshape(-1, width)

    def _joined(self, texts: pl.Expr) -> Bytes:
        """What is made of each text, one after the other."""
        joined = self.values.to_frame().select(texts.str.join("").cast(pl.Binary)).item()
        return np.frombuffer(bytearray(joined), dtype=np.uint8)
