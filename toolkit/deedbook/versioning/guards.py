"""What may not happen between two releases of any dataset, as one list; a project's own model has more (`rules.guard`).

The rules about ids hold in projects that keep a table `id_redirects`, and concern tables with a key of one field.
The `ref` of each is its number in the list of rules of the reference dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.changes.sources import Side
from deedbook.descriptor import Package
from deedbook.findings import Finding
from deedbook.reading.tables import read_text
from deedbook.rules.guard import Breach, Guard, Releases, State, read_guards
from deedbook.types import canonical_field, canonical_text, typed
from deedbook.versioning import corrections
from deedbook.versioning.bump import AppliedRule, bump_of
from deedbook.versioning.corrections import Correction, acknowledged
from deedbook.versioning.numbers import read_version
from deedbook.versioning.reconciliation import unreconciled

REDIRECTS = "id_redirects"
LOST_SHARE, LOST_ROWS = 0.05, 50
_REWRITTEN, _REVISED = 0.20, 0.01
_ORCID = re.compile(r"(\d{4}-\d{4}-\d{4}-\d{3})([\dX])\b")
_OPEN_DEFINITION = frozenset(
    {"odc-pddl-1.0", "odc-odbl-1.0", "other-open", "other-pd", "other-at", "other-closed", "notspecified"}
)
"""Licences of opendefinition.org, which Data Packages name, that SPDX calls otherwise or does not know."""
_ID = r"^([A-Za-z]+)([0-9]+)$"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two releases and what lies between them.

    Attributes:
        version: The planned version.
        retired: By table, the keys that earlier releases withdrew.
        previous: The version of the previous release.
        minimum: The lowest version that the changes allow; empty when that is not judged.
        rules: The rules that ask for it.
        is_excused: Whether a maintainer gave a reason to go below.
    """

    old: Side
    new: Side
    changes: Changes
    version: str
    corrections: Sequence[Correction]
    retired: Mapping[str, Sequence[str]]
    previous: str = ""
    minimum: str = ""
    rules: tuple[AppliedRule, ...] = ()
    is_excused: bool = False

    @property
    def with_ids(self) -> Iterator[TableChanges]:
        """The tables whose rows have ids, in a project that redirects them."""
        if REDIRECTS in {item.name for item in self.new.package.resources}:
            yield from (table for table in self.changes.tables if len(table.key) == 1 and table.table != REDIRECTS)


def judge_changes(compared: Compared, own: Sequence[Guard[Releases]] = ()) -> list[Finding]:
    """All findings of the rules that compare releases, those of the project's model last."""
    found = [guard.finding(breach) for guard in GUARDS if guard.find for breach in guard.find(compared)]
    releases = _releases(compared.old, compared.new, compared.changes)
    stopping = [guard for guard in own if guard.severity != "info" and not guard.needs_reason]
    return found + [guard.finding(breach) for guard in stopping if guard.find for breach in guard.find(releases)]


def all_guards(own: Sequence[Guard[Releases]]) -> list[Guard[Compared] | Guard[Releases] | Guard[Package]]:
    """The guards of any dataset and those of a project's model, in the order of their references."""
    return sorted([*GUARDS, *DOUBTS, *own], key=lambda guard: guard.ref)


def unexplained(
    old: Side, new: Side, changes: Changes, own: Sequence[Guard[Releases]]
) -> Iterator[tuple[Guard[Releases], Breach]]:
    """What a project's guards find that needs a reason in corrections.csv, beside rows and cells."""
    releases = _releases(old, new, changes)
    for guard in own:
        if guard.needs_reason and guard.find:
            yield from ((guard, breach) for breach in guard.find(releases))


def coverage(side: Side, own: Sequence[Guard[Releases]]) -> list[Finding]:
    """What a release covers, in a few numbers for people, as the project's guards tell it."""
    releases = Releases(lambda *_fields: None, _state(side))
    telling = [guard for guard in own if guard.severity == "info" and guard.find]
    return [guard.finding(breach) for guard in telling if guard.find for breach in guard.find(releases)]


def doubts(package: Package) -> list[Finding]:
    """What a descriptor says of licence and people that cannot be right."""
    return [guard.finding(breach) for guard in DOUBTS if guard.find for breach in guard.find(package)]


def _unknown_licences(package: Package) -> Iterator[Breach]:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    for item in (package.raw, *(resource.raw for resource in package.resources)):
        for name in (str(one.get("name") or "") for one in item.get("licenses") or () if isinstance(one, Mapping)):
            try:
                if name and name.lower() not in _OPEN_DEFINITION:
                    canonicalize_license_expression(name)
            except InvalidLicenseExpression:
                yield Breach("", column="licenses", value=name, said={"name": name})


def _wrong_orcids(package: Package) -> Iterator[Breach]:
    """ORCIDs whose check digit (ISO 7064 MOD 11-2) is another."""
    for one in package.raw.get("contributors") or ():
        found = _ORCID.search(str(one.get("path") or "")) if isinstance(one, Mapping) else None
        total = 0
        for digit in found[1].replace("-", "") if found else "":
            total = (total + int(digit)) * 2
        if found and "0123456789X"[(12 - total % 11) % 11] != found[2]:
            yield Breach("", column="contributors", value=found[0], said={"orcid": found[0]})


def _releases(old: Side, new: Side, changes: Changes) -> Releases:
    touched = frozenset(table.table for table in changes.tables if table.has_new_values)
    return Releases(_state(old), _state(new), touched)


def _state(side: Side) -> State:
    resources = {item.name: item for item in side.package.resources}

    def read(table: str, *names: str) -> pl.DataFrame | None:
        resource = resources.get(table)
        if resource is None or resource.schema is None or not set(names) <= set(resource.schema.names):
            return None
        fields = [resource.schema.field(name) for name in names]
        text = [canonical_text(item).alias(item.name) for item in fields]
        empty = pl.DataFrame(schema={item.name: pl.String for item in fields})
        rows = pl.concat([empty, *(frame.select(text) for frame in read_text(resource))])
        return rows.select(typed(canonical_field(item)).alias(item.name) for item in fields)

    return read


def version_not_after_previous(compared: Compared) -> Iterator[Breach]:
    """The version does not come after the previous release."""
    asked = bump_of(compared.rules) != "none"
    if asked and read_version(compared.version) <= read_version(compared.previous):
        yield Breach("", column="version", value=compared.version, said={"previous": compared.previous})


def version_below_floor(compared: Compared) -> Iterator[Breach]:
    """The version is lower than the changes ask for."""
    level = bump_of(compared.rules)
    if level == "none" or compared.is_excused or read_version(compared.version) >= read_version(compared.minimum):
        return
    rules = ", ".join(item.rule for item in compared.rules if item.level == level)
    yield Breach("", column="version", value=compared.version, said={"minimum": compared.minimum, "rules": rules})


def changes_do_not_add_up(compared: Compared) -> Iterator[Breach]:
    """The previous release and the changes are not this release."""
    for table in unreconciled(compared.old, compared.new, compared.changes):
        said = {
            "old": f"{table.old_rows:,}",
            "added": f"{table.added.height:,}",
            "removed": f"{table.removed.height:,}",
            "cells": f"{table.cells.height:,}",
            "new": f"{table.new_rows:,}",
        }
        yield Breach(table.table, said=said)


def table_shrank(compared: Compared) -> Iterator[Breach]:
    """A table loses more than 5 % or 50 of its published rows."""
    for table in compared.changes.tables:
        lost = table.removed.height
        if lost <= LOST_ROWS and lost <= LOST_SHARE * table.old_rows:
            continue
        if not acknowledged(compared.corrections, compared.version, table.table, ""):
            said = {"lost": f"{lost:,}", "rows": f"{table.old_rows:,}", "row": f"{compared.version},{table.table},*,,,"}
            yield Breach(table.table, said=said)


def code_vanished(compared: Compared) -> Iterator[Breach]:
    """The codes that rows had and no row has any more, unless that is acknowledged."""
    old_tables = {item.name for item in compared.old.package.resources}
    for resource in compared.new.package.resources:
        table = compared.changes.table(resource.name)
        if table is None or resource.schema is None or resource.name not in old_tables:
            continue
        touched = {*table.values.get_column("field"), *(table.fields if table.removed.height else ())}
        for name in (item.name for item in resource.schema.fields if item.categories and item.name in touched):
            before = _column(compared.old, resource.name, name).drop_nulls().value_counts()
            after = set(_column(compared.new, resource.name, name))
            for code, count in before.sort("count", name, descending=[True, False]).iter_rows():
                if code in after or acknowledged(compared.corrections, compared.version, resource.name, name, code):
                    continue
                row = f"{compared.version},{resource.name},*,{name},{code},"
                yield Breach(resource.name, column=name, value=code, said={"count": f"{count:,}", "row": row})


def mostly_rewritten(compared: Compared) -> Iterator[Breach]:
    """More than 20 % of the rows changed in text, and less than 1 % in value."""
    for table in compared.changes.tables:
        touched = table.revised + table.rewritten
        if touched > _REWRITTEN * table.old_rows and table.revised < _REVISED * table.old_rows:
            said = {"touched": f"{touched:,}", "rows": f"{table.old_rows:,}", "revised": f"{table.revised:,}"}
            yield Breach(table.table, said=said)


def published_id_vanished(compared: Compared) -> Iterator[Breach]:
    """A published id is gone without a redirect."""
    redirected = _redirects(compared.new)
    for table in compared.with_ids:
        for key in (*table.removed.get_column(KEY), *table.rekeyed.get_column("old")):
            if (table.table, key) not in redirected:
                yield Breach(table.table, key)


def retired_id_returned(compared: Compared) -> Iterator[Breach]:
    """An id that an earlier release retired stands again."""
    retired = {*_redirects(compared.old), *((table, key) for table, keys in compared.retired.items() for key in keys)}
    for table in compared.with_ids:
        for key in _new_ids(table):
            if (table.table, key) in retired:
                yield Breach(table.table, key)


def id_reused(compared: Compared) -> Iterator[Breach]:
    """An id names a row of which next to nothing is as before."""
    for table in compared.with_ids:
        yield from (Breach(table.table, key) for key in table.reused)


def new_id_too_low(compared: Compared) -> Iterator[Breach]:
    """New ids that are lower than one that was ever issued in the table, but for those that a redirect names."""
    redirects = _redirects(compared.old)
    for table in compared.with_ids:
        new = pl.Series("id", _new_ids(table), dtype=pl.String)
        if new.is_empty():
            continue
        retired = [key for name, key in redirects if name == table.table]
        issued = pl.concat([_column(compared.old, table.table, table.key[0]), pl.Series(retired, dtype=pl.String)])
        highest = _numbers(issued).group_by("prefix").agg(pl.col("number").max().alias("highest"))
        low = _numbers(new).join(highest, on="prefix").filter(pl.col("number") < pl.col("highest"))
        for key, prefix, top in low.select("id", "prefix", "highest").iter_rows():
            if (table.table, key) not in redirects:
                yield Breach(table.table, key, said={"prefix": prefix, "top": top})


def _new_ids(table: TableChanges) -> list[str]:
    return [*table.added.get_column(KEY), *table.rekeyed.get_column("new")]


def _numbers(ids: pl.Series) -> pl.DataFrame:
    """The ids of letters and digits, taken apart."""
    id_ = pl.col("id")
    parts = {"prefix": id_.str.extract(_ID, 1), "number": id_.str.extract(_ID, 2).cast(pl.Int64, strict=False)}
    return ids.alias("id").to_frame().with_columns(**parts).drop_nulls()


def _redirects(side: Side) -> set[tuple[str, str]]:
    """Table and id of every retired id."""
    rows = _state(side)(REDIRECTS, "table", "old_id")
    return set() if rows is None else set(rows.iter_rows())


def _column(side: Side, table: str, name: str) -> pl.Series:
    """The texts of a column as they stand in the file."""
    parts = [frame.get_column(name) for frame in read_text(side.package.resource(table)) if name in frame.columns]
    return pl.concat(parts) if parts else pl.Series(name, dtype=pl.String)


GUARDS: tuple[Guard[Compared], ...] = read_guards(
    corrections.GUARDS_FILE,
    (
        version_not_after_previous,
        version_below_floor,
        changes_do_not_add_up,
        table_shrank,
        code_vanished,
        mostly_rewritten,
        published_id_vanished,
        retired_id_returned,
        id_reused,
        new_id_too_low,
    ),
)
"""Those of corrections.csv are found where it is matched with the changes."""

DOUBTS: tuple[Guard[Package], ...] = (
    Guard(
        id="licence-unknown",
        says="a licence is no SPDX licence",
        severity="warning",
        message="{name} is no licence of the SPDX list",
        hint="name it as https://spdx.org/licenses does",
        find=_unknown_licences,
    ),
    Guard(
        id="orcid-wrong",
        says="the check digit of an ORCID is another",
        severity="warning",
        message="the ORCID {orcid} has a wrong check digit",
        hint="copy it from https://orcid.org",
        find=_wrong_orcids,
    ),
)
