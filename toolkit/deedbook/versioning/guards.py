"""What may not happen between two releases, as findings (MODEL R-60 to R-69), and what the new one covers (R-70).

The rules about ids hold in projects that keep a table `id_redirects`, and concern tables with a key of one field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from deedbook.changes.records import KEY, Changes, TableChanges
from deedbook.changes.sources import Side
from deedbook.findings import Finding, Severity
from deedbook.reading.tables import read_text
from deedbook.versioning.balancing import unbalanced
from deedbook.versioning.corrections import Correction, acknowledged
from deedbook.versioning.statuses import single_origins

REDIRECTS = "id_redirects"
LOST_SHARE = 0.05
LOST_ROWS = 50
_REWRITTEN, _REVISED = 0.20, 0.01
_ID = r"^([A-Za-z]+)([0-9]+)$"


@dataclass(frozen=True)
class Compared:
    """Two releases and what lies between them.

    Attributes:
        retired: By table, the keys that earlier releases withdrew.
    """

    old: Side
    new: Side
    changes: Changes
    version: str
    corrections: Sequence[Correction]
    retired: Mapping[str, Sequence[str]]


def judge_changes(compared: Compared) -> list[Finding]:
    """All findings of the rules that compare releases."""
    found = [*_add_up(compared), *_shrunk(compared), *_codes_lost(compared), *_rewritten(compared)]
    names = {item.name for item in compared.new.package.resources}
    if REDIRECTS in names:
        found += [*_vanished(compared), *_returned(compared), *_too_low(compared)]
    if {"events", "event_participants"} <= names:
        found += _identities(compared)
    return found


def _finding(rule: str, severity: Severity, table: str, message: str, hint: str = "", **place: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        table=table,
        message=message,
        hint=hint,
        key=place.get("key"),
        column=place.get("column"),
        value=place.get("value"),
    )


def _with_ids(changes: Changes) -> Iterator[TableChanges]:
    for table in changes.tables:
        if len(table.key) == 1 and table.table != REDIRECTS:
            yield table


def _vanished(compared: Compared) -> Iterator[Finding]:
    """R-60: no published id disappears without a row in id_redirects."""
    redirected = _redirects(compared.new)
    for table in _with_ids(compared.changes):
        gone = [*table.removed.get_column(KEY), *table.rekeyed.get_column("old")]
        for key in gone:
            if (table.table, key) not in redirected:
                yield _finding(
                    "published-id-vanished",
                    "error",
                    table.table,
                    "was published and is gone without a redirect",
                    f"add a row to {REDIRECTS}: its successor, or an empty new_id where it was withdrawn",
                    key=key,
                )


def _returned(compared: Compared) -> Iterator[Finding]:
    """R-61: retired ids never return."""
    retired = {*_redirects(compared.old), *((table, key) for table, keys in compared.retired.items() for key in keys)}
    for table in _with_ids(compared.changes):
        for key in (*table.added.get_column(KEY), *table.rekeyed.get_column("new")):
            if (table.table, key) in retired:
                yield _finding(
                    "retired-id-returned",
                    "error",
                    table.table,
                    "was retired by an earlier release and stands again",
                    "give the row a new id",
                    key=key,
                )
        for key in table.reused:
            yield _finding(
                "id-reused",
                "warning",
                table.table,
                "names a row of which next to nothing is as before",
                "give a new row a new id; an id keeps its meaning",
                key=key,
            )


def _too_low(compared: Compared) -> Iterator[Finding]:
    """R-61: new ids are higher than every id that was ever issued in the table."""
    for table in _with_ids(compared.changes):
        new = pl.Series("id", [*table.added.get_column(KEY), *table.rekeyed.get_column("new")], dtype=pl.String)
        if new.is_empty():
            continue
        retired = [key for name, key in _redirects(compared.old) if name == table.table]
        issued = pl.concat([_column(compared.old, table.table, table.key[0]), pl.Series(retired, dtype=pl.String)])
        highest = _numbers(issued).group_by("prefix").agg(pl.col("number").max().alias("highest"))
        low = _numbers(new).join(highest, on="prefix").filter(pl.col("number") < pl.col("highest"))
        for key, prefix, top in low.select("id", "prefix", "highest").iter_rows():
            if (table.table, key) not in _redirects(compared.old):
                yield _finding(
                    "new-id-too-low",
                    "error",
                    table.table,
                    f"is new, but {prefix} has been issued up to {top}",
                    "give new rows the next numbers",
                    key=key,
                )


def _numbers(ids: pl.Series) -> pl.DataFrame:
    parts = (
        ids.alias("id")
        .to_frame()
        .with_columns(
            prefix=pl.col("id").str.extract(_ID, 1),
            number=pl.col("id").str.extract(_ID, 2).cast(pl.Int64, strict=False),
        )
    )
    return parts.drop_nulls()


def _shrunk(compared: Compared) -> Iterator[Finding]:
    """R-65: a table does not lose more than 5 % or 50 rows unless that is acknowledged."""
    for table in compared.changes.tables:
        lost = table.removed.height
        if lost <= LOST_ROWS and lost <= LOST_SHARE * table.old_rows:
            continue
        if not acknowledged(compared.corrections, compared.version, table.table, ""):
            yield _finding(
                "table-shrank",
                "error",
                table.table,
                f"loses {lost:,} of its {table.old_rows:,} published rows",
                f"if that is meant, add `{compared.version},{table.table},*,,,,REASON,,` to corrections.csv",
            )


def _codes_lost(compared: Compared) -> Iterator[Finding]:
    """R-65: no code that rows had is left without any unless that is acknowledged."""
    old_tables = {item.name: item for item in compared.old.package.resources}
    for resource in compared.new.package.resources:
        table = compared.changes.table(resource.name)
        if table is None or resource.schema is None or resource.name not in old_tables:
            continue
        touched = {*table.values.get_column("field"), *(table.fields if table.removed.height else ())}
        for item in resource.schema.fields:
            if not item.categories or item.name not in touched:
                continue
            before = _column(compared.old, resource.name, item.name).value_counts()
            after = set(_column(compared.new, resource.name, item.name))
            for code, count in before.sort("count", item.name, descending=[True, False]).iter_rows():
                if code is None or code in after:
                    continue
                if not acknowledged(compared.corrections, compared.version, resource.name, item.name, code):
                    yield _finding(
                        "code-vanished",
                        "error",
                        resource.name,
                        f"no row has the code any more; {count:,} had it",
                        f"if that is meant, add `{compared.version},{resource.name},*,{item.name},{code},,REASON,,` "
                        "to corrections.csv",
                        column=item.name,
                        value=code,
                    )


def _rewritten(compared: Compared) -> Iterator[Finding]:
    """R-69: most of a table is not rewritten in text alone."""
    for table in compared.changes.tables:
        touched = table.revised + table.rewritten
        if touched > _REWRITTEN * table.old_rows and table.revised < _REVISED * table.old_rows:
            yield _finding(
                "mostly-rewritten",
                "warning",
                table.table,
                f"{touched:,} of {table.old_rows:,} rows changed in text, {table.revised:,} of them in value",
                "check whether a tool reordered or reformatted cells",
            )


def _add_up(compared: Compared) -> Iterator[Finding]:
    """R-67: the previous release and the changes are this release."""
    for table in unbalanced(compared.old, compared.new, compared.changes):
        yield _finding(
            "changes-do-not-add-up",
            "error",
            table.table,
            f"{table.old_rows:,} published rows, {table.added.height:,} added, {table.removed.height:,} removed and "
            f"{table.cells.height:,} changed cells are not the {table.new_rows:,} rows that stand here",
            "validate the table; a key that occurs twice is named there, and anything else is a bug to report",
        )


def _identities(compared: Compared) -> Iterator[Finding]:
    """R-62: an event keeps its identity; another type root and other initiators at once make another event."""
    events, sides = compared.changes.table("events"), compared.changes.table("event_participants")
    if events is None or sides is None:
        return
    retyped = {
        key
        for key, old, new in events.values.filter(pl.col("field") == "event_type")
        .select("key", "old", "new")
        .iter_rows()
        if (old or "").split(".")[0] != (new or "").split(".")[0]
    }
    before, after = _initiators(compared.old), _initiators(compared.new)
    new_keys = set(events.added.get_column(KEY))
    moved = {key for key in before.keys() & after.keys() if before[key].isdisjoint(after[key]) and key not in new_keys}
    for key in sorted(retyped & moved):
        yield _finding(
            "event-changed-identity",
            "error",
            "events",
            "has another kind of act and other initiators: another event",
            "retire the id in id_redirects, and give the new event a new one",
            key=key,
        )
    for key in sorted(retyped ^ moved):
        what = "another kind of act" if key in retyped else "other initiators"
        yield _finding(
            "event-identity-doubtful", "warning", "events", f"has {what}", "is it still the same event?", key=key
        )


def _initiators(side: Side) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    names = ("event_id", "actor_id", "role")
    for frame in read_text(side.package.resource("event_participants")):
        if set(names) <= set(frame.columns):
            for event, actor, role in frame.select(names).iter_rows():
                if role == "initiator":
                    found.setdefault(event, set()).add(actor)
    return found


def _redirects(side: Side) -> set[tuple[str, str]]:
    """Table and id of every retired id."""
    found: set[tuple[str, str]] = set()
    for resource in side.package.resources:
        if resource.name == REDIRECTS:
            for frame in read_text(resource):
                if {"table", "old_id"} <= set(frame.columns):
                    found |= set(frame.select("table", "old_id").iter_rows())
    return found


def _column(side: Side, table: str, name: str) -> pl.Series:
    """One column of a table as text; empty when it has none of that name."""
    resource = side.package.resource(table)
    if resource.schema is None or name not in resource.schema.names:
        return pl.Series(name, dtype=pl.String)
    parts = [frame.get_column(name) for frame in read_text(resource)]
    return pl.concat(parts) if parts else pl.Series(name, dtype=pl.String)


def coverage(side: Side) -> list[Finding]:
    """R-70: what the release covers, in a few numbers for people; only of tables that it has."""
    names = {item.name for item in side.package.resources}
    found = []
    if "events" in names:
        months = _column(side, "events", "date_edtf").str.extract(r"^([0-9]{4}(?:-[0-9]{2})?)").drop_nulls()
        if len(months):
            counts = months.alias("month").value_counts().sort("month")
            text = ", ".join(f"{month} {count:,}" for month, count in counts.tail(12).iter_rows())
            found.append(_finding("coverage-events-by-month", "info", "events", f"events by month: {text}"))
    if {"actors", "actor_codes"} <= names:
        coded = set(_column(side, "actor_codes", "actor_id"))
        actors = _column(side, "actors", "actor_id")
        bare = sum(item not in coded for item in actors)
        found.append(
            _finding("coverage-actors-without-code", "info", "actors", f"{bare:,} of {len(actors):,} without a code")
        )
    if "sources" in names:
        archive = _column(side, "sources", "archive_url")
        found.append(
            _finding(
                "coverage-sources-without-archive",
                "info",
                "sources",
                f"{archive.null_count():,} of {len(archive):,} without archive",
            )
        )
    if (counts_of := single_origins(side)) is not None:
        single, affirmed = counts_of
        share = f" ({100 * single / affirmed:.0f} %)" if affirmed else ""
        text = f"{single:,} of {affirmed:,} affirmed events rest on a single origin{share}"
        found.append(_finding("coverage-single-origin", "info", "events", text))
    return found
