"""What the cells of a format can hold: a column that it cannot hold as what it is becomes the text of the canonical CSV, and is named."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

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
        texts: Patterns of texts that are not held as they are, and what is said of them.
        dropped: A character that texts lose.
    """

    format: str
    days: tuple[dt.date, dt.date] | None = None
    beyond: str = ""
    is_finite: bool = True
    largest: float = math.inf
    texts: Mapping[str, str] = field(default_factory=dict)
    dropped: str = ""

    def held(self, values: pl.Series) -> tuple[pl.Series, list[str]]:
        """The column as it is held, and what must be said of it."""
        if values.dtype == pl.String:
            notes = [note for pattern, note in self.texts.items() if values.str.contains(pattern).any()]
            return values.str.replace_all(self.dropped, "", literal=True) if notes and self.dropped else values, notes
        reason = self._reason_for_text(values.dtype, values.drop_nulls())
        return (texts_of(values), [f"is text ({reason})"]) if reason else (values, [])

    def columns(self, table: Table) -> tuple[list[pl.Series], tuple[Limit, ...]]:
        """The columns of a table as they are held, and what must be said of them."""
        held = {name: self.held(values) for name, values in table.rows.to_dict().items()}
        texts = (f"`{name}` {note}" for name, (_, notes) in held.items() for note in notes)
        return [values for values, _ in held.values()], self.limits(table, *texts)

    def _reason_for_text(self, dtype: pl.DataType, known: pl.Series) -> str:
        checks: tuple[tuple[pl.Series, str], ...] = ()
        if dtype.is_float():
            beyond = known.abs() > self.largest
            checks = (
                (~known.is_finite() & self.is_finite, "NaN or infinity"),
                (beyond, f"numbers beyond {self.largest:.2g}"),
            )
        elif dtype.is_integer():
            checks = ((~known.is_between(-_LARGEST_EXACT, _LARGEST_EXACT), "numbers beyond 2^53"),)
        elif self.days and dtype.is_temporal():
            fractions = known.cast(pl.Datetime("us")).to_physical() % _MILLISECOND != 0
            beyond = ~known.cast(pl.Date).is_between(*self.days)
            checks = (beyond, self.beyond), (fractions, "fractions below a millisecond")
        return next((words for cells, words in checks if cells.any()), "")

    def limits(self, table: Table, *texts: str) -> tuple[Limit, ...]:
        """What the README says of a table in the format."""
        return tuple(Limit(self.format, table.name, text) for text in texts)

    def left_out(self, table: Table, reason: str) -> tuple[Limit, ...]:
        """What the README says of a table that the format does not hold at all."""
        return (Limit(self.format, table.name, f"left out: {reason}", is_left_out=True),)


def without_special(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The rows with columns of NaN or infinity as text, and which those are."""
    special = [item for item in rows.iter_columns() if item.dtype.is_float() and not item.is_finite().all()]
    return rows.with_columns(map(texts_of, special)), [item.name for item in special]


def fitted_names(
    names: Sequence[str],
    longest: int,
    allows: Callable[[str], bool],
    shortened: Callable[[str, int], str],
    folded: Callable[[str], str],
) -> list[str]:
    """The names as a format allows them, each once; a name that is allowed is kept, whatever stands before it.

    Args:
        names: What the columns or tables are called.
        longest: The most characters of a name.
        allows: Whether a name may stand as it is.
        shortened: A name in allowed characters, of a length.
        folded: A name as it is compared with others.
    """
    used = {folded(name) for name in names if allows(name)}
    fitted, taken = [], set[str]()
    for name in names:
        candidate, number = name, 1
        if not allows(name) or folded(name) in taken:
            candidate = shortened(name, longest)
            while not allows(candidate) or folded(candidate) in used | taken:
                number += 1
                candidate = f"{shortened(name, longest - len(str(number)) - 1)}_{number}"
        taken.add(folded(candidate))
        fitted.append(candidate)
    return fitted
