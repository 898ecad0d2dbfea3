"""The nearest existing key for a foreign key that is in no row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import polars as pl

from deedbook.checking.keys import Reference
from deedbook.descriptor import Resource
from deedbook.findings import Finding
from deedbook.reading.tables import read_text

_LABELS = ("name", "title", "label", "label_en")
_MOST_PARENTS = 200_000
_MOST_CANDIDATES = 3_000


def suggest(
    findings: Iterable[Finding], references: Iterable[Reference], parent: Callable[[str], Resource]
) -> list[Finding]:
    """The findings, those of a foreign key of one field with a hint at a key that is spelled alike.

    Args:
        findings: All that the table's report shows.
        references: The table's foreign keys.
        parent: The resource of a table.
    """
    single = {item.key.fields[0]: item for item in references if len(item.key.fields) == 1}
    labels: dict[tuple[str, str], dict[str, str]] = {}
    done = []
    for finding in findings:
        reference = single.get(finding.column or "") if finding.rule == "foreign-key" else None
        if reference is None or not finding.value or finding.hint:
            done.append(finding)
            continue
        place = reference.parent, reference.key.reference[0]
        if place not in labels:
            labels[place] = _keys_of(parent(place[0]), place[1])
        known = labels[place]
        done.append(replace(finding, hint=_nearest(finding.value, known) or f"add it to `{reference.parent}` first"))
    return done


def _keys_of(resource: Resource, name: str) -> dict[str, str]:
    """The parent's keys with a label each; empty for a table that is too large to be searched for a hint."""
    keys: dict[str, str] = {}
    for frame in read_text(resource):
        label = next((column for column in _LABELS if column in frame.columns and column != name), None)
        keys.update(zip(frame[name].to_list(), (frame[label] if label else frame[name]).to_list(), strict=True))
        if len(keys) > _MOST_PARENTS:
            return {}
    keys.pop(None, None)  # type: ignore[call-overload]  # a missing key is read as None
    return keys


def _nearest(value: str, keys: dict[str, str]) -> str:
    alike = pl.Series(list(keys), dtype=pl.String)
    near = alike.filter(
        (alike.str.slice(0, 1) == value[:1]) & ((alike.str.len_chars().cast(pl.Int64) - len(value)).abs() <= 1)
    )
    candidates = near.head(_MOST_CANDIDATES).to_list() if len(near) > _MOST_CANDIDATES else near.to_list()
    import difflib

    found = difflib.get_close_matches(value, candidates, n=1, cutoff=0.75)
    if not found:
        return ""
    label = keys[found[0]]
    return f"did you mean `{found[0]}`{f' {label}' if label and label != found[0] else ''}?"
