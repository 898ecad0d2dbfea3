"""What the cells of a format can hold: a column that it cannot hold as what it is becomes the text of the canonical CSV, and is named."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import polars as pl

from deedbook.release.tables import Limit, Table, texts_of

_LARGEST_EXACT = 2**53
"""The whole numbers up to here are doubles, of which no two are the same."""
_MILLISECOND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a format holds.

    Attributes:
        format: What the README calls it.
        days: The first and the last day; None where any day is held, to the microsecond.
        beyond: What is said of other days.
        is_finite: Whether there is neither NaN nor infinity.
        largest: The largest number.
    """

    format: str
    days: tuple[dt.date, dt.date] | None = None
    beyond: str = ""
    is_finite: bool = True
    largest: float = math.inf

    def held(self, values: pl.Series) -> tuple[pl.Series, list[str]]:
        """The column as it is held, and what must be said of it."""
        reason = self._reason_for_text(values.dtype, values.drop_nulls())
        return (texts_of(values), [f"is text ({reason})"]) if reason else (values, [])

    def _reason_for_text(self, dtype: pl.DataType, known: pl.Series) -> str:
        if dtype.is_float() and self.is_finite and not known.is_finite().all():
            return "NaN or infinity"
        if dtype.is_float() and (known.abs() > self.largest).any():
            return f"numbers beyond {self.largest:.2g}"
        if dtype.is_integer() and not known.is_between(-_LARGEST_EXACT, _LARGEST_EXACT).all():
            return "numbers beyond 2^53"
        if self.days is None or not dtype.is_temporal():
            return ""
        if not known.cast(pl.Date).is_between(*self.days).all():
            return self.beyond
        has_fraction = isinstance(dtype, pl.Datetime) and (known.dt.epoch("us") % _MILLISECOND != 0).any()
        return "fractions below a millisecond" if has_fraction else ""

    def limits(self, table: Table, *texts: str) -> tuple[Limit, ...]:
        """What the README says of a table in the format."""
        return tuple(Limit(self.format, table.name, text) for text in texts)


def without_special(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The rows with columns of NaN or infinity as text, and which those are."""
    special = [item for item in rows.iter_columns() if item.dtype.is_float() and not item.is_finite().all()]
    return rows.with_columns(map(texts_of, special)), [item.name for item in special]
