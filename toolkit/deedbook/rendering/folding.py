"""What the text says once though the report says it often: the missing cells of a row.

A short row has a finding for every cell that it lacks. Each column shows its first rows only, but a row that lacks a cell lacks
all behind it, so the first cell that a shown row lacks is always shown too, and so is the last column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deedbook.findings import Finding, Total

_RULE = "missing-cell"
_NAMED = 6


def fold_missing(totals: Sequence[Total], findings: Sequence[Finding]) -> tuple[list[Total], list[Finding]]:
    """The totals and shown findings of a table of one file, with one finding for each short row.

    The total in place of those of single columns counts rows.
    """
    folded = [total for total in totals if total.rule == _RULE]
    missing = [item for item in findings if item.rule == _RULE]
    if len(folded) < 2 or not missing:
        return list(totals), list(findings)
    names = {item.field_number or 0: item.column or "" for item in missing}
    by_row: dict[int, Finding] = {}
    for item in missing:
        first = by_row.setdefault(item.row or 0, item)
        if (item.field_number or 0) < (first.field_number or 0):
            by_row[item.row or 0] = item
    rows = [_fold(by_row[row], names) for row in sorted(by_row)]
    total = replace(folded[0], column=None, count=max(total.count for total in folded))
    at = totals.index(folded[0])
    others = [item for item in findings if item.rule != _RULE]
    return [*totals[:at], total, *(item for item in totals[at:] if item.rule != _RULE)], [*others, *rows]


def _fold(first: Finding, names: dict[int, str]) -> Finding:
    """One finding in place of those on a row, of which this is the leftmost."""
    start, width = first.field_number or 0, max(names)
    lacking = [f"`{names[number]}`" for number in sorted(names) if number >= start]
    named = ", ".join(lacking[:_NAMED]) + (f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else "")
    verb = "is" if len(lacking) == 1 else "are"
    message = f"has {start - 1} of {width} cells: {named} {verb} missing"
    return replace(first, column=None, field_number=None, message=message)
