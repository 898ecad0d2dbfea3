"""What may not happen between two releases of any dataset, as one list; a project's own model has more (`rules.guard`).

The rules about ids concern tables with a key of one field, and most hold in projects that keep a table `id_redirects`.
The `ref` of each is its number in the list of rules of the reference dataset.

R-67, `changes-do-not-add-up`: the previous release and the changes are this release, whatever found the changes. Each row counts as a
64-bit hash of its canonical cells, each table as the sum of its rows, whatever their order. The previous sum without withdrawn and
old rows and with added and new ones must be the sum of this release, read from its file. So a change that the comparison missed or
invented is caught, with one block of a table in memory.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TypeVar

import numpy as np
import polars as pl

from deedbook.changes.compare import edited_tables, ids_of, read_columns
from deedbook.changes.declarations import align
from deedbook.changes.records import KEY, TableChanges
from deedbook.changes.sources import Side
from deedbook.descriptor import Package, Resource
from deedbook.findings import Finding
from deedbook.reading.tables import read_each
from deedbook.rules.guard import Breach, Guard, Releases, State, read_guards
from deedbook.schema import Field
from deedbook.types import canonical_field, canonical_text, typed
from deedbook.versioning.bump import Verdict
from deedbook.versioning.corrections import GUARDS_FILE, REDIRECTS
from deedbook.versioning.numbers import read_version
from deedbook.versioning.previous import read_created, texts_of

LOST_SHARE, LOST_ROWS = 0.05, 50
_REWRITTEN, _REVISED = 0.20, 0.01
_ORCID = re.compile(r"(?:(?:https?://)?(?:www\.)?orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3})([\dX])/?")
_OPEN_DEFINITION = re.compile(r"odc-(pddl|odbl)-1\.0|other-(open|pd|at|closed)|notspecified", re.IGNORECASE)
"""Licences of opendefinition.org, which Data Packages name, that SPDX calls otherwise or does not know."""
_ID = r"^([A-Za-z]+)([0-9]+)$"
_WHOLE = 1 << 64
Subject = TypeVar("Subject")


def judge_changes(verdict: Verdict, own: Sequence[Guard[Releases]] = ()) -> list[Finding]:
    """All findings of the rules that compare releases, those of the project's model last."""
    stopping = [guard for guard in own if guard.severity != "info" and not guard.needs_reason]
    return [*_findings(GUARDS, verdict), *_findings(stopping, _releases(verdict))]


def all_guards(own: Sequence[Guard[Releases]]) -> list[Guard[Verdict] | Guard[Releases]]:
    """The guards of any dataset and those of a project's model, in the order of their references."""
    return sorted([*GUARDS, *own], key=lambda guard: guard.ref)


def unexplained(verdict: Verdict, own: Sequence[Guard[Releases]]) -> Iterator[tuple[Guard[Releases], Breach]]:
    """What a project's guards find that needs a reason in corrections.csv, beside rows and cells."""
    releases = _releases(verdict)
    for guard in own:
        if guard.needs_reason and guard.find:
            yield from ((guard, breach) for breach in guard.find(releases))


def coverage(side: Side, own: Sequence[Guard[Releases]]) -> list[Finding]:
    """What a release covers, in a few numbers for people, as the project's guards tell it."""
    telling = [guard for guard in own if guard.severity == "info"]
    return _findings(telling, Releases(lambda *_fields: None, _state(side)))


def doubts(package: Package) -> list[Finding]:
    """What a descriptor says of licence and people that cannot be right."""
    return _findings(DOUBTS, package)


def _findings(guards: Iterable[Guard[Subject]], subject: Subject) -> list[Finding]:
    return [guard.finding(breach) for guard in guards if guard.find for breach in guard.find(subject)]


def is_spdx(name: str) -> bool:
    """Whether that is a licence of the SPDX list, or an expression of such."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return bool(name and canonicalize_license_expression(name))
    except InvalidLicenseExpression:
        return False


def orcid_of(text: object) -> tuple[str, bool]:
    """The digits of an ORCID, alone or in its address, and whether the last one is right (ISO 7064 MOD 11-2); empty for others."""
    found = _ORCID.fullmatch(str(text or ""))
    total = 0
    for digit in found[1].replace("-", "") if found else "":
        total = (total + int(digit)) * 2
    return (found[1] + found[2], "0123456789X"[(12 - total % 11) % 11] == found[2]) if found else ("", False)


def licence_unknown(package: Package) -> Iterator[Breach]:
    """A licence is no SPDX licence."""
    for item in (package.raw, *(resource.raw for resource in package.resources)):
        for name in texts_of(item.get("licenses"), "name"):
            if name and not _OPEN_DEFINITION.fullmatch(name) and not is_spdx(name):
                yield Breach("", column="licenses", value=name, said={"name": name})


def orcid_wrong(package: Package) -> Iterator[Breach]:
    """The check digit of an ORCID is another."""
    found = map(orcid_of, texts_of(package.raw.get("contributors"), "path"))
    wrong = (orcid for orcid, is_right in found if orcid and not is_right)
    yield from (Breach("", column="contributors", value=orcid, said={"orcid": orcid}) for orcid in wrong)


def _releases(verdict: Verdict) -> Releases:
    touched = frozenset(table.table for table in verdict.changes.tables if table.has_new_values)
    return Releases(_state(verdict.old), _state(verdict.new), touched)


def _state(side: Side) -> State:
    resources = {item.name: item for item in side.package.resources}

    def read(table: str, *names: str) -> pl.DataFrame | None:
        resource = resources.get(table)
        if resource is None or resource.schema is None or not set(names) <= set(resource.schema.names):
            return None
        fields = [canonical_field(resource.schema.field(name)) for name in names]
        return read_columns(resource, names).select(typed(item).alias(item.name) for item in fields)

    return read


def version_not_after_previous(verdict: Verdict) -> Iterator[Breach]:
    """The version does not come after the previous release."""
    previous = verdict.previous.version
    if verdict.level != "none" and read_version(verdict.version) <= read_version(previous):
        yield Breach("", column="version", value=verdict.version, said={"previous": previous})


def previous_yanked(verdict: Verdict) -> Iterator[Breach]:
    """The previous release was withdrawn."""
    if verdict.previous.withdrawn is not None:
        previous = verdict.previous
        yield Breach("", column="version", said={"previous": previous.version, "reason": previous.withdrawn})


def version_below_floor(verdict: Verdict) -> Iterator[Breach]:
    """The version is lower than the changes ask for."""
    if verdict.is_below and not verdict.override:
        rules = ", ".join(item.rule for item in verdict.rules if item.level == verdict.level)
        yield Breach("", column="version", value=verdict.version, said={"minimum": verdict.minimum, "rules": rules})


def created_before_previous(verdict: Verdict) -> Iterator[Breach]:
    """The release date lies before that of the previous release."""
    old, new = verdict.old.package, verdict.new.package
    if verdict.is_nothing or not (old.created and new.created):
        return
    if (day := read_created(new)) < (before := read_created(old)):
        said = {"created": f"{day:%Y-%m-%d}", "before": f"{before:%Y-%m-%d}", "previous": old.version}
        yield Breach("", column="created", value=new.created, said=said)


def changes_do_not_add_up(verdict: Verdict) -> Iterator[Breach]:
    """The previous release and the changes are not this release."""
    before, after = ({item.name: item for item in edited_tables(side.package)} for side in (verdict.old, verdict.new))
    for table in verdict.changes.tables:
        old, new = before[table.table], after[table.table]
        pairs = align(old.described, new.described).pairs
        expected = _content(old, [pair.old for pair in pairs])
        for sign, rows in ((1, table.added), (1, table.touched), (-1, table.removed), (-1, table.before)):
            expected += sign * _sum(rows.drop(KEY))
        if expected % _WHOLE != _content(new, [pair.new for pair in pairs]):
            numbers = {"old": table.old_rows, "new": table.new_rows, "cells": table.cells.height}
            numbers |= {"added": table.added.height, "removed": table.removed.height}
            yield Breach(table.table, said={name: f"{number:,}" for name, number in numbers.items()})


def _content(resource: Resource, fields: Sequence[Field | None]) -> int:
    """The sum of the rows of a table."""
    texts = [canonical_text(item).alias(item.name) for item in fields if item]
    return sum(read_each(resource, lambda frame: _sum(frame.select(texts)))) % _WHOLE


def _sum(rows: pl.DataFrame) -> int:
    if not rows.width or rows.is_empty():
        return 0
    return int(np.add.reduce(rows.hash_rows(seed=67).to_numpy(), dtype=np.uint64))


def table_shrank(verdict: Verdict) -> Iterator[Breach]:
    """A table loses more than 5 % or 50 of its published rows."""
    losses = [(table.table, table.removed.height, table.old_rows) for table in verdict.changes.tables]
    losses += [(name, rows, rows) for name, rows in verdict.changes.rows_of_gone.items()]
    for name, lost, rows in losses:
        is_large = lost > LOST_ROWS or lost > LOST_SHARE * rows
        if is_large and not verdict.acknowledges(name, ""):
            said = {"lost": f"{lost:,}", "rows": f"{rows:,}", "row": f"{verdict.version},{name},*,,,"}
            yield Breach(name, said=said)


def code_vanished(verdict: Verdict) -> Iterator[Breach]:
    """The codes that rows had and no row has any more, unless that is acknowledged."""
    for table in verdict.changes.tables:
        touched = {*table.values.get_column("field"), *(table.fields if table.removed.height else ())}
        coded = filter(attrgetter("categories"), verdict.new.package.resource(table.table).described.fields)
        names = [item.name for item in coded if item.name in touched]
        before, after = (_counts(side, table.table, names) for side in (verdict.old, verdict.new))
        for name in names:
            for code, count in sorted(before[name].items(), key=lambda item: (-item[1], item[0])):
                if code not in after[name] and not verdict.acknowledges(table.table, name, code):
                    said = {"count": f"{count:,}", "row": f"{verdict.version},{table.table},*,{name},{code},"}
                    yield Breach(table.table, column=name, value=code, said=said)


def mostly_rewritten(verdict: Verdict) -> Iterator[Breach]:
    """More than 20 % of the rows changed in text, and less than 1 % in value."""
    for table in verdict.changes.tables:
        touched = table.revised + table.rewritten
        if touched > _REWRITTEN * table.old_rows and table.revised < _REVISED * table.old_rows:
            said = {"touched": f"{touched:,}", "rows": f"{table.old_rows:,}", "revised": f"{table.revised:,}"}
            yield Breach(table.table, said=said)


def published_id_vanished(verdict: Verdict) -> Iterator[Breach]:
    """A published id is gone without a redirect."""
    redirected = _redirects(verdict.new)
    for table in _with_ids(verdict):
        for key in table.gone_keys:
            if (table.table, key) not in redirected:
                yield Breach(table.table, key)


def retired_id_returned(verdict: Verdict) -> Iterator[Breach]:
    """An id that an earlier release retired stands again."""
    redirected, added = _redirects(verdict.old), verdict.changes.rows_of_new
    new = {table.table: table.new_keys for table in verdict.changes.tables if len(table.key) == 1}
    new |= {name: ids_of(verdict.new.package.resource(name)) for name in added if name in verdict.retired}
    new.pop(REDIRECTS, None)
    for name, keys in new.items():
        retired = {*verdict.retired.get(name, ()), *(key for table, key in redirected if table == name)}
        yield from (Breach(name, key) for key in keys if key in retired)


def new_id_too_low(verdict: Verdict) -> Iterator[Breach]:
    """New ids that are lower than one that was ever issued in the table, but for those that a redirect names."""
    redirects = _redirects(verdict.old)
    for table in _with_ids(verdict):
        new = pl.Series("id", table.new_keys, dtype=pl.String)
        if new.is_empty():
            continue
        retired = pl.Series([key for name, key in redirects if name == table.table], dtype=pl.String)
        issued = [_highest(retired), *_each_column(verdict.old, table.table, table.key, _highest_of)]
        highest = pl.concat(issued).group_by("prefix").agg(pl.col("highest").max())
        low = _numbers(new).join(highest, on="prefix").filter(pl.col("number") < pl.col("highest"))
        for key, prefix, top in low.select("id", "prefix", "highest").iter_rows():
            if (table.table, key) not in redirects:
                yield Breach(table.table, key, said={"prefix": prefix, "top": top})


def _with_ids(verdict: Verdict) -> Iterator[TableChanges]:
    """The tables whose rows have ids, in a project that redirects them."""
    if REDIRECTS in {item.name for item in verdict.new.package.resources}:
        yield from (table for table in verdict.changes.tables if len(table.key) == 1 and table.table != REDIRECTS)


def _numbers(ids: pl.Series) -> pl.DataFrame:
    """The ids of letters and digits, taken apart."""
    id_ = pl.col("id")
    parts = {"prefix": id_.str.extract(_ID, 1), "number": id_.str.extract(_ID, 2).cast(pl.Int64, strict=False)}
    return ids.alias("id").to_frame().with_columns(**parts).drop_nulls()


def _redirects(side: Side) -> set[tuple[str, str]]:
    """Table and id of every retired id."""
    rows = _state(side)(REDIRECTS, "table", "old_id")
    return set() if rows is None else set(rows.iter_rows())


def _highest(ids: pl.Series) -> pl.DataFrame:
    """The highest number of each prefix."""
    return _numbers(ids).group_by("prefix").agg(highest=pl.col("number").max())


def _highest_of(rows: pl.DataFrame) -> pl.DataFrame:
    return _highest(rows.to_series())


def _counts(side: Side, table: str, names: Sequence[str]) -> dict[str, Counter[str]]:
    """How many rows have each value, of these columns as canonical text; none of those that the side lacks."""
    found = {name: Counter[str]() for name in names}

    def counted(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
        return [(one.name, one.drop_nulls().value_counts()) for one in rows.iter_columns()]

    for block in _each_column(side, table, names, counted):
        for name, counts in block:
            found[name].update(dict(counts.iter_rows()))
    return found


def _each_column(
    side: Side, table: str, names: Sequence[str], work: Callable[[pl.DataFrame], Subject]
) -> Iterator[Subject]:
    """What becomes of those of these columns which a side has, as canonical text, block by block."""
    resource = side.package.resource(table)
    held = [name for name in names if name in resource.described.names]
    texts = [canonical_text(resource.described.field(name)).alias(name) for name in held]
    yield from read_each(resource, lambda rows: work(rows.select(texts))) if held else ()


GUARDS: tuple[Guard[Verdict], ...] = read_guards(
    GUARDS_FILE,
    (
        version_not_after_previous,
        previous_yanked,
        version_below_floor,
        created_before_previous,
        changes_do_not_add_up,
        table_shrank,
        code_vanished,
        mostly_rewritten,
        published_id_vanished,
        retired_id_returned,
        new_id_too_low,
    ),
)
"""Those of corrections.csv are found where it is matched with the changes."""

DOUBTS: tuple[Guard[Package], ...] = read_guards(GUARDS_FILE, (licence_unknown, orcid_wrong))
"""Those that need no release before."""
