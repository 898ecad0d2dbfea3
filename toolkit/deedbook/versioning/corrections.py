"""`corrections.csv`: why each withdrawn row went and each published cell was corrected.

    version,table,key,field,old,new,reason,note,source

One row per withdrawn row (`field` empty; `new` is the new key of a re-keyed one), per corrected cell and per event whose status
fell (`events,KEY,status,OLD,NEW`). `*` as key stands for
all rows of the table that changed in that field; the drafts use it where one field changed in more than a thousand rows.
The rows of a version that is not released yet are still open: a plan gives them its version.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import polars as pl

from deedbook import files
from deedbook.changes.records import KEY, Changes
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.project import CODE_VALUES, Project
from deedbook.versioning.numbers import SEMVER, read_version
from deedbook.versioning.statuses import EVENTS, STATUS

PATH = "corrections.csv"
ALL = "*"
_MANY = 1000


@dataclass(frozen=True, slots=True)
class Correction:
    """One row of the file; `row` is its record number, 0 for a draft, `is_status` one about a status that fell."""

    version: str
    table: str
    key: str
    field: str
    old: str
    new: str
    reason: str = ""
    note: str = ""
    source: str = ""
    row: int = 0
    is_status: bool = False


COLUMNS = tuple(item.name for item in fields(Correction) if item.name not in {"row", "is_status"})


def read_corrections(project: Project) -> tuple[Correction, ...]:
    """The rows of the project's `corrections.csv`; none without the file.

    Raises:
        ProjectError: when it cannot be read or its header is another.
    """
    path = project.package.root / PATH
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProjectError(f"{path}: cannot be read: {error}", "correct the file") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ProjectError(f"{path}: has another header", f"its header is {','.join(COLUMNS)}")
    for number, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(COLUMNS):
            raise ProjectError(f"{path}: row {number} has {len(row)} cells, not {len(COLUMNS)}", "correct the row")
    return tuple(
        Correction(**dict(zip(COLUMNS, row, strict=True)), row=number, is_status=False)
        for number, row in enumerate(rows[1:], start=2)
        if row
    )


def needed_corrections(
    changes: Changes, version: str, fallen: Iterable[tuple[str, str, str]] = ()
) -> Iterator[Correction]:
    """Every withdrawn row and corrected cell of a published row, and every status that fell, without its reason."""
    for table in changes.tables:
        for key in table.removed.get_column(KEY):
            yield Correction(version, table.table, key, "", "", "")
        for old, new in table.rekeyed.iter_rows():
            yield Correction(version, table.table, old, "", "", new)
        for key, name, old, new in table.values.select("key", "field", "old", "new").iter_rows():
            yield Correction(version, table.table, key, name, old or "", new or "")
    for key, old, new in fallen:
        yield Correction(version, EVENTS, key, STATUS, old, new, is_status=True)


@dataclass(frozen=True, slots=True)
class Reasons:
    """The reasons of one version.

    Attributes:
        given: Needed corrections with their reason.
        missing: Those without one.
        findings: What is wrong with the file.
    """

    given: tuple[Correction, ...] = ()
    missing: tuple[Correction, ...] = ()
    findings: tuple[Finding, ...] = ()


def match_corrections(
    project: Project, needed: Iterable[Correction], version: str, rows: Sequence[Correction]
) -> Reasons:
    """Which needed reasons are given, and what is missing, unknown or stale."""
    own = [row for row in rows if row.version == version]
    by_place = {(row.table, row.key, row.field): row for row in own}
    known = known_reasons(project)
    given, missing, findings = [], [], []
    used: set[int] = set()
    for item in needed:
        row = by_place.get((item.table, item.key, item.field)) or by_place.get((item.table, ALL, item.field))
        if row is not None:
            used.add(row.row)
        if row is not None and row.key != ALL and (row.old, row.new) != (item.old, item.new):
            findings.append(_stale(row, item))
        elif row is None or not row.reason.strip():
            missing.append(item)
        elif known and row.reason not in known:
            continue  # told once, below
        else:
            given.append(replace(item, reason=row.reason, note=row.note, source=row.source, row=row.row))
    findings += [_unknown(row, known) for row in own if row.reason.strip() and known and row.reason not in known]
    findings += [_missing(item) for item in missing]
    findings += [_unmatched(row) for row in own if row.row not in used and not _acknowledges(row)]
    return Reasons(tuple(given), tuple(missing), tuple(findings))


def acknowledged(rows: Sequence[Correction], version: str, table: str, field: str, old: str = "") -> bool:
    """Whether a row with key `*` and a reason accepts what a guard stopped: a loss of rows, or of a code (`old`)."""
    return any(
        (row.version, row.table, row.key, row.field) == (version, table, ALL, field)
        and row.reason.strip()
        and old in {"", row.old}
        for row in rows
    )


def _acknowledges(row: Correction) -> bool:
    return row.key == ALL


def known_reasons(project: Project) -> frozenset[str]:
    """The codes of the list `reason`; empty when the project has none, and any text is a reason."""
    names = [item.name for item in project.package.resources]
    if CODE_VALUES not in names:
        return frozenset()
    from deedbook.reading.tables import read_text

    found: set[str] = set()
    for frame in read_text(project.package.resource(CODE_VALUES)):
        if {"list", "code"} <= set(frame.columns):
            found |= set(frame.filter(pl.col("list") == "reason").get_column("code").drop_nulls())
    return frozenset(found)


def drafted(
    rows: Sequence[Correction], missing: Iterable[Correction], needed: Iterable[Correction], version: str, released: str
) -> list[Correction]:
    """The file's rows with drafts of what is missing, and with open rows brought up to the planned version.

    Args:
        rows: The rows that stand.
        missing: The corrections without a reason.
        needed: All corrections that the version needs.
        version: The planned version.
        released: The version of the previous release.
    """
    kept = [replace(row, version=version) if _is_open(row, released) else row for row in rows]
    needs = {(item.table, item.key, item.field): item for item in needed}
    result = []
    for row in kept:
        item = needs.pop((row.table, row.key, row.field), None) if row.version == version else None
        stale = row.version == version and row.key != ALL and item is None
        if not stale:
            result.append(replace(row, old=item.old, new=item.new) if item else row)
    wild = {(row.table, row.field) for row in kept if row.version == version and row.key == ALL}
    wanted = {(item.table, item.key, item.field) for item in missing} | set(needs)
    fresh = [item for place, item in needs.items() if place in wanted and (item.table, item.field) not in wild]
    return [*result, *_gathered(fresh)]


def _gathered(items: Sequence[Correction]) -> Iterator[Correction]:
    """One row for all where a field changed in more than a thousand."""
    counts: dict[tuple[str, str], int] = {}
    for item in items:
        counts[item.table, item.field] = counts.get((item.table, item.field), 0) + 1
    done = set()
    for item in items:
        place = (item.table, item.field)
        if counts[place] <= _MANY:
            yield item
        elif place not in done:
            done.add(place)
            yield replace(item, key=ALL, old="", new="")


def _is_open(row: Correction, released: str) -> bool:
    """Whether the row belongs to a version that is not released yet."""
    if not SEMVER.fullmatch(row.version):
        return True
    return not released or read_version(row.version) > read_version(released)


def corrections_csv(rows: Iterable[Correction]) -> str:
    """The file's text: LF, minimal quoting."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(row)[: len(COLUMNS)] for row in rows)
    return buffer.getvalue()


def write_corrections(path: Path, rows: Iterable[Correction]) -> None:
    """Writes the file, whole or not at all."""
    files.replace(path, corrections_csv(rows).encode())


def _missing(item: Correction) -> Finding:
    if item.is_status:
        return Finding(
            rule="status-fell-without-reason",
            severity="error",
            table=item.table,
            column=item.field,
            key=item.key,
            value=item.new,
            message=f"fell from {item.old} to {item.new or 'none'}, and corrections.csv gives no reason",
            hint="draft the row with `deedbook plan --write-corrections`, then fill in `reason`",
        )
    what = (
        f"{item.field} was corrected" if item.field else f"was re-keyed to {item.new}" if item.new else "was withdrawn"
    )
    return Finding(
        rule="correction-without-reason",
        severity="error",
        table=item.table,
        column=item.field or None,
        key=item.key,
        value=item.new if item.field else None,
        message=f"{what}, and corrections.csv gives no reason",
        hint="draft the rows with `deedbook plan --write-corrections`, then fill in `reason`",
    )


def _stale(row: Correction, item: Correction) -> Finding:
    message = f"explains {row.old!r} to {row.new!r}, but the cell went from {item.old!r} to {item.new!r}"
    return _of_row("correction-outdated", "error", row, "new", message, "run `deedbook plan --write-corrections` again")


def _unknown(row: Correction, known: frozenset[str]) -> Finding:
    message = f"{row.reason!r} is no code of the list `reason`"
    return _of_row(
        "correction-reason-unknown", "error", row, "reason", message, f"the codes are {', '.join(sorted(known))}"
    )


def _unmatched(row: Correction) -> Finding:
    message = f"nothing changed in {row.table} {row.key} {row.field}".rstrip()
    return _of_row("correction-unmatched", "warning", row, "key", message, "delete the line")


def _of_row(rule: str, severity: str, row: Correction, column: str, message: str, hint: str) -> Finding:
    return Finding(
        rule=rule,
        severity="warning" if severity == "warning" else "error",
        table="corrections",
        path=PATH,
        row=row.row,
        line=row.row,
        column=column,
        key=row.key,
        value=getattr(row, column),
        message=message,
        hint=hint,
    )
