"""Rows that break one rule, and what there is to say about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deedbook.checking.cells import Rows
from deedbook.checking.references import Reference
from deedbook.findings import Severity


@dataclass(frozen=True, slots=True)
class Words:
    """What a finding says: its message and hint, the raw value of the cell, and a value that could stand there."""

    message: str
    hint: str = ""
    value: str | None = None
    proposal: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of a block that break one rule at one column.

    Attributes:
        rows: Their positions in the block, rising.
        words: What to say about the n-th of them.
        reference: The foreign key that they break, if it is one.
        causes: What is wrong with them, said of many; the empty text for what is no everyday mistake.
    """

    rule: str
    rows: Rows
    words: Callable[[int], Words]
    severity: Severity = "error"
    column: str | None = None
    field_number: int | None = None
    constraint: str | None = None
    reference: Reference | None = None
    causes: Callable[[], frozenset[str]] = lambda: frozenset({""})
