"""A polars frame as a pandas one without pyarrow, which is not among what deedbook needs."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl


def to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """The same columns with pandas' nullable types; dates are `datetime64[s]`, moments `datetime64[us, UTC]`, or without a zone."""
    return pd.DataFrame({name: _column(frame.get_column(name)) for name in frame.columns})


def _column(column: pl.Series) -> Any:
    values, dtype = column.to_list(), column.dtype
    if dtype == pl.Boolean:
        return pd.array(values, dtype="boolean")
    if dtype.is_integer():
        return pd.array(values, dtype="Int64")
    if dtype.is_float():
        return pd.array(values, dtype="Float64")
    if isinstance(dtype, pl.Date):
        return pd.array(["NaT" if value is None else value.isoformat() for value in values], dtype="datetime64[s]")
    if isinstance(dtype, pl.Datetime):
        texts = [None if value is None else value.isoformat() for value in values]
        return (
            pd.to_datetime(pd.Series(texts, dtype="object"), format="ISO8601", utc=dtype.time_zone is not None)
            .dt.as_unit("us")
            .array
        )
    return pd.array(values, dtype="string")
