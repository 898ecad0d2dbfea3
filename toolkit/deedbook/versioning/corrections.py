"""`corrections.csv`: why each withdrawn row went and each published cell was corrected.

    version,table,key,field,old,new,reason,note,source

One row per withdrawn row (`field` empty; `new` is the new key of a re-keyed one), per corrected cell, and per place where a guard
of the project asks for a reason, such as an event whose status fell (`events,KEY,status,OLD,NEW`). `*` as key stands for
all rows of the table that changed in that field; the drafts use it where one field changed in more than a thousand rows.
The rows of a version that is not released yet are still open: a plan gives them its version.

A reason `privacy` hides the old content from releases: of the whole row where a row was withdrawn, of one field where a cell was
corrected, of all that an earlier version had there. Keys, versions, reasons and new values stay.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, astuple, dataclass, fields, replace
from pathlib import Path

import polars as pl

from deedbook.changes.records import KEY, Changes
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.project import CODE_VALUES, Project
from deedbook.reading.tables import read_text
from deedbook.rules.guard import Breach, Guard, Releases, read_guards
from deedbook.versioning.numbers import SEMVER, read_version

PATH = "corrections.csv"
ALL = "*"
PRIVACY = "privacy"
_MANY = 1000
GUARDS_FILE = Path(__file__).with_name("guards.toml")
"""What may not happen between two releases, corrections among it."""
_LISTED: tuple[Guard[object], ...] = read_guards(GUARDS_FILE)
_GUARDS = {guard.id: guard for guard in _LISTED}


@dataclass(frozen=True, slots=True)
class Correction:
    """One row of the file; `row` is its record number, 0 for a draft, `guard` the project's rule that asks for it."""

    version: str
    table: str
    key: str
    field: str
    old: str
    new: str
    reason: str = ""
    note: str = ""
    source: str = ""
    _: KW_ONLY
    row: int = 0
    guard: Guard[Releases] | None = None


COLUMNS = tuple(item.name for item in fields(Correction) if item.name not in {"row", "guard"})


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
        if row and row[0].startswith(("<<<<<<< ", "=======", ">>>>>>> ")):
            raise ProjectError(f"{path}: row {number} is left of an unresolved merge", "resolve it: git says how")
        if row and len(row) != len(COLUMNS):
            raise ProjectError(f"{path}: row {number} has {len(row)} cells, not {len(COLUMNS)}", "correct the row")
    return tuple(replace(Correction(*row), row=number) for number, row in enumerate(rows[1:], start=2) if row)


def needed_corrections(
    changes: Changes, version: str, breaches: Iterable[tuple[Guard[Releases], Breach]] = ()
) -> Iterator[Correction]:
    """Every withdrawn row and corrected cell of a published row, and what guards ask for, without its reason."""
    for table in changes.tables:
        for key in table.removed.get_column(KEY):
            yield Correction(version, table.table, key, "", "", "")
        for old, new in table.rekeyed.iter_rows():
            yield Correction(version, table.table, old, "", "", new)
        for key, name, old, new in table.values.select("key", "field", "old", "new").iter_rows():
            yield Correction(version, table.table, key, name, old or "", new or "")
    for guard, breach in breaches:
        old, new = (str(breach.said.get(name, "")) for name in ("old", "new"))
        yield Correction(version, breach.table, breach.key or "", breach.column or "", old, new, guard=guard)


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
    """Which needed reasons are given, and what is missing, unknown, stale or said twice."""
    own, known = [row for row in rows if row.version == version], known_reasons(project)
    by_place = _by_place(own)
    given, missing, findings = [], [], []
    used: set[int] = set()
    for item in needed:
        row = _row_for(item, by_place)
        used.add(row.row if row else 0)
        if row is None or not row.reason.strip():
            missing.append(item)
        elif row.key != ALL and (row.old, row.new) != (item.old, item.new):
            said = {"old": repr(row.old), "new": repr(row.new), "was": repr(item.old), "is_now": repr(item.new)}
            findings.append(_of_row("correction-outdated", row, "new", **said))
        elif not known or row.reason in known:
            given.append(replace(item, reason=row.reason, note=row.note, source=row.source, row=row.row))
    findings += [_missing(item) for item in missing]
    for row in own:
        findings += _faults(row, by_place[_place(row)], known, is_used=row.row in used or row.key == ALL)
    return Reasons(tuple(given), tuple(missing), tuple(findings))


def _faults(row: Correction, first: Correction, known: frozenset[str], *, is_used: bool) -> Iterator[Finding]:
    """What is wrong with a row, `first` being the first one that explains the same."""
    if row.reason.strip() and known and row.reason not in known:
        said = {"reason": repr(row.reason), "known": ", ".join(sorted(known))}
        yield _of_row("correction-reason-unknown", row, "reason", **said)
    if first is not row:
        yield _of_row("correction-given-twice", row, "key", first=str(first.row))
    elif not is_used:
        yield _of_row("correction-unmatched", row, "key", place=f"{row.table} {row.key} {row.field}".rstrip())


def _place(row: Correction) -> tuple[str, str, str, str]:
    """What a row explains: a row or cell; with `*`, all cells of a field, or those that held `old`."""
    return row.table, row.key, row.field, row.old if row.key == ALL else ""


def _by_place(rows: Iterable[Correction]) -> dict[tuple[str, str, str, str], Correction]:
    """The rows by what they explain, the first of those that explain the same."""
    return {_place(row): row for row in reversed(list(rows))}


def _row_for(item: Correction, by_place: Mapping[tuple[str, str, str, str], Correction]) -> Correction | None:
    """The row that explains a needed correction: its own, else one with `*` that names what it was, or all."""
    table, key, field = item.table, item.key, item.field
    places = ((table, key, field, ""), (table, ALL, field, item.old), (table, ALL, field, ""))
    return next((row for place in places if (row := by_place.get(place))), None)


def acknowledged(rows: Sequence[Correction], version: str, table: str, field: str, old: str = "") -> bool:
    """Whether a row with key `*` and a reason accepts what a guard stopped: a loss of rows, or of a code (`old`)."""
    return any(
        (row.version, row.table, row.key, row.field) == (version, table, ALL, field)
        and row.reason.strip()
        and old in {"", row.old}
        for row in rows
    )


def known_reasons(project: Project) -> frozenset[str]:
    """The codes of the list `reason`; empty when the project has none, and any text is a reason."""
    found: set[str] = set()
    for resource in project.package.resources:
        for frame in read_text(resource) if resource.name == CODE_VALUES else ():
            if {"list", "code"} <= set(frame.columns):
                found |= set(frame.filter(pl.col("list") == "reason").get_column("code").drop_nulls())
    return frozenset(found)


def drafted(rows: Sequence[Correction], needed: Sequence[Correction], version: str, released: str) -> list[Correction]:
    """The file's rows with drafts of what is missing, and with open rows brought up to the planned version.

    Args:
        rows: The rows that stand.
        needed: All corrections that the version needs.
        version: The planned version.
        released: The version of the previous release.
    """
    kept = [replace(row, version=version) if _is_after(row.version, released) else row for row in rows]
    by_place = _by_place(row for row in kept if row.version == version)
    needs = {_place(item): item for item in needed}
    result = []
    for row in kept:
        if row.version != version or row.key == ALL:
            result.append(row)
        elif item := needs.get(_place(row)):
            result.append(replace(row, old=item.old, new=item.new))
    return [*result, *_gathered([item for item in needed if _row_for(item, by_place) is None])]


def _gathered(items: Sequence[Correction]) -> Iterator[Correction]:
    """One row for all where a field changed in more than a thousand."""
    counts = Counter((item.table, item.field) for item in items)
    done = set()
    for item in items:
        place = (item.table, item.field)
        if counts[place] <= _MANY:
            yield item
        elif place not in done:
            done.add(place)
            yield replace(item, key=ALL, old="", new="")


def _is_after(version: str, released: str) -> bool:
    """Whether a version comes after a released one; whatever is no version number belongs to one that is still open."""
    if not SEMVER.fullmatch(version):
        return True
    return not SEMVER.fullmatch(released) or read_version(version) > read_version(released)


def corrections_csv(rows: Iterable[Correction]) -> str:
    """The file's text: LF, minimal quoting."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(row)[: len(COLUMNS)] for row in rows)
    return buffer.getvalue()


def is_private(row: Correction) -> bool:
    """Whether the row says that something went to protect people."""
    return row.reason.strip() == PRIVACY


def private_tables(given: Iterable[Correction]) -> frozenset[str]:
    """The tables of which this version may not tell the old rows."""
    return frozenset(row.table for row in given if is_private(row))


def without_private(rows: Sequence[Correction]) -> list[Correction]:
    """The rows of `corrections.csv` as a release shows them, each in its place."""
    private = [row for row in rows if is_private(row)]
    shown = []
    for row in rows:
        if any(_tells_before(row, item) for item in private):
            # `new` of a withdrawn row is a key, never content
            shown.append(replace(row, old="", new="" if row.field else row.new))
        else:
            shown.append(replace(row, old="") if is_private(row) else row)
    return shown


def _tells_before(row: Correction, private: Correction) -> bool:
    """Whether the row shows what the private one took away: the same place in an earlier version."""
    if row.table != private.table or private.key not in {ALL, row.key} or private.field not in {"", row.field}:
        return False
    if row.version == private.version:
        return bool(row.field) and not private.field and private.key != ALL
    # a row of a version that is still open tells nothing that was published
    return bool(SEMVER.fullmatch(row.version)) and _is_after(private.version, row.version)


def _missing(item: Correction) -> Finding:
    value = item.new if item.field else None
    said = {"old": item.old, "new": item.new or "none"}
    if item.guard is None:
        said["what"] = (
            f"{item.field} was corrected"
            if item.field
            else f"was re-keyed to {item.new}"
            if item.new
            else "was withdrawn"
        )
    return (item.guard or _GUARDS["correction-without-reason"]).finding(
        Breach(item.table, item.key, item.field or None, value, said)
    )


def _of_row(guard: str, row: Correction, column: str, **said: str) -> Finding:
    return _GUARDS[guard].finding(Breach("corrections", row.key, column, getattr(row, column), said, PATH, row.row))
