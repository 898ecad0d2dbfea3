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
_MOST_CANDIDATES = 500


def suggest(
    findings: Iterable[Finding], references: Iterable[Reference], parent: Callable[[str], tuple[Resource, int]]
) -> list[Finding]:
    """The findings, those of a foreign key of one field with a hint at a key that is spelled alike.

    Args:
        findings: All that the table's report shows.
        references: The table's foreign keys.
        parent: The resource of a table, and how many rows it has.
    """
    single = {_target(item): item for item in references if len(item.key.fields) == 1}
    known: dict[tuple[str, str], pl.DataFrame] = {}
    done = []
    for finding in findings:
        target = finding.column, finding.message.rpartition(" is not in ")[2]
        reference = single.get(target) if finding.rule == "foreign-key" else None
        if reference is None or not finding.value or finding.hint:
            done.append(finding)
            continue
        place = reference.parent, reference.key.reference[0]
        if place not in known:
            known[place] = _keys_of(*parent(place[0]), place[1])
        hint = _nearest(finding.value, known[place]) or f"add it to `{reference.parent}` first"
        done.append(replace(finding, hint=hint))
    return done


def _target(reference: Reference) -> tuple[str | None, str]:
    """The column of a foreign key, and what it refers to as findings name it."""
    return reference.key.fields[0], f"`{reference.parent}`.{reference.key.reference[0]}"


def _keys_of(resource: Resource, rows: int, name: str) -> pl.DataFrame:
    """The parent's keys with a label each; none of a table that is too large to be searched for a hint."""
    frames = [pl.DataFrame(schema={"key": pl.String, "label": pl.String})]
    for frame in read_text(resource) if rows <= _MOST_PARENTS else ():
        label = next((column for column in _LABELS if column in frame.columns and column != name), name)
        frames.append(frame.select(key=name, label=label).drop_nulls("key"))
    known = pl.concat(frames).unique("key", keep="last", maintain_order=True)
    return known.with_columns(length=pl.col("key").str.len_chars().cast(pl.Int64))


def _nearest(value: str, known: pl.DataFrame) -> str:
    key, length = pl.col("key"), pl.col("length")
    near = known.filter(length.is_between(len(value) - 1, len(value) + 1)).filter(key.str.starts_with(value[:1]))
    if near.height > _MOST_CANDIDATES:  # those that are spelled alike at one end
        half = len(value) // 2
        near = near.filter(key.str.starts_with(value[:half]) | key.str.ends_with(value[half:]))
    import difflib

    found = difflib.get_close_matches(value, near["key"].head(_MOST_CANDIDATES).to_list(), n=1, cutoff=0.75)
    if not found:
        return ""
    if found[0] == value:
        return "it is there as a value of another type: give both fields the same"
    label = near.filter(key == found[0])["label"][0]
    return f"did you mean `{found[0]}`{f' {label}' if label and label != found[0] else ''}?"
