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
    """The bytes of all texts in their order, and how many each has; none where a text is missing."""

    content: Bytes
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, values: pl.Series) -> Self:
        """Those of a column of text."""
        joined = values.str.join("").item().encode() if len(values) else b""
        lengths = values.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy()
        return cls(np.frombuffer(joined, dtype=np.uint8), lengths)

    def behind(self, heads: Bytes) -> Bytes:
        """Each text behind its head, a row of `heads`."""
        size = heads.shape[1]
        starts = np.cumsum(self.lengths + size) - self.lengths - size
        found = np.empty(len(self.content) + heads.size, dtype=np.uint8)
        places = starts[:, np.newaxis] + np.arange(size)
        is_text = np.ones(len(found), dtype=bool)
        is_text[places] = False
        found[is_text] = self.content
        found[places] = heads
        return found

    def padded(self, width: int, fill: bytes) -> Bytes:
        """Each text in a row of so many bytes, which none has more of."""
        found = np.full((len(self.lengths), width), ord(fill), dtype=np.uint8)
        found[np.arange(width) < self.lengths[:, np.newaxis]] = self.content
        return found
