"""`corrections.csv`: why each withdrawn row went and each published cell was corrected.

    version,table,key,field,old,new,reason,note,source

One row per withdrawn row (`field` empty; `new` is the new key of a re-keyed one), per corrected cell, and per place where a guard
of the project asks for a reason, such as an event whose status fell (`events,KEY,status,OLD,NEW`). `*` as key stands for
all rows of the table that changed in that field; the drafts use it where one field changed in more than a thousand rows.
The rows of a version that is not released yet are still open: a plan gives them its version.

A reason `privacy` hides the old content from releases: of the whole row where a row was withdrawn, of one field where a cell was
corrected, of all that an earlier version had there. Keys, versions, reasons and new values stay.
"""

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, astuple, dataclass, fields, replace
from itertools import repeat
from pathlib import Path
from typing import Any, Self

import polars as pl

from deedbook.changes.compare import read_columns
from deedbook.changes.records import KEY, Changes
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.project import CODE_VALUES, Project
from deedbook.rules.guard import Breach, Guard, Releases, read_guards
from deedbook.versioning.numbers import SEMVER, read_version

PATH = "corrections.csv"
ALL = "*"
SAID = ("reason", "note", "source")
PRIVACY = "privacy"
REDIRECTS = "id_redirects"
_MANY = 1000
GUARDS_FILE = Path(__file__).with_name("guards.toml")
"""What may not happen between two releases, corrections among it."""
_LISTED: tuple[Guard[Any], ...] = read_guards(GUARDS_FILE)
_GUARDS = {guard.id: guard for guard in _LISTED}
Explained = tuple[str, str, str, str]
"""Table, key and field that a row explains; with `*`, all cells of the field, or those that held the text at the end."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One row of the file; `row` is its record number, 0 for a draft, `guard` the rule that asks for it where no cell or row does."""

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
    guard: Guard[Any] | None = None

    @property
    def place(self) -> Explained:
        """What the row explains."""
        return self.table, self.key, self.field, self.old if self.key == ALL else ""

    @property
    def said(self) -> dict[str, str]:
        """The reason, its note and source, as far as they are given."""
        return {name: text for name in SAID if (text := getattr(self, name))}

    @property
    def is_private(self) -> bool:
        """Whether it says that something went to protect people."""
        return self.reason.strip() == PRIVACY

    def tells_before(self, private: Self) -> bool:
        """Whether the row shows what the private one took away: the same place in an earlier version."""
        if self.table != private.table or private.key not in {ALL, self.key} or private.field not in {"", self.field}:
            return False
        if self.version == private.version:
            return bool(self.field) and not private.field and private.key != ALL
        # a row of a version that is still open tells nothing that was published
        return bool(SEMVER.fullmatch(self.version)) and _is_after(private.version, self.version)


_NONE = Correction("", "", "", "", "", "")
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
    if rows[:1] != [list(COLUMNS)]:
        raise ProjectError(f"{path}: has another header", f"its header is {','.join(COLUMNS)}")
    numbered = [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    for number, row in numbered:
        if row[0].startswith(("<<<<<<< ", "=======", ">>>>>>> ")):
            raise ProjectError(f"{path}: row {number} is left of an unresolved merge", "resolve it: git says how")
        if len(row) != len(COLUMNS):
            raise ProjectError(f"{path}: row {number} has {len(row)} cells, not {len(COLUMNS)}", "correct the row")
    return tuple(Correction(*row, row=number) for number, row in numbered)


def needed_corrections(
    changes: Changes, version: str, breaches: Iterable[tuple[Guard[Releases], Breach]] = ()
) -> Iterator[Correction]:
    """Every withdrawn row and corrected cell of a published row, and what guards ask for, without its reason."""
    for table in changes.tables:
        for old, new in (*zip(table.removed.get_column(KEY), repeat("")), *table.rekeyed.iter_rows()):
            yield Correction(version, table.table, old, "", "", new)
        for cell in table.values.select("key", "field", "old", "new").fill_null("").iter_rows():
            yield Correction(version, table.table, *cell)
        is_asked = table.identity or any(item.table == REDIRECTS for item in changes.tables)
        for key in table.reused if is_asked and len(table.key) == 1 else ():
            yield _asked_by(_GUARDS["id-reused"], Breach(table.table, key), version)
    yield from (_asked_by(guard, breach, version) for guard, breach in breaches)


def _asked_by(guard: Guard[Any], breach: Breach, version: str) -> Correction:
    """What a guard wants to have explained."""
    old, new = (str(breach.said.get(name, "")) for name in ("old", "new"))
    return Correction(version, breach.table, breach.key or "", breach.column or "", old, new, guard=guard)


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

    @property
    def fallen(self) -> list[Correction]:
        """What is supported less: the given ones that a guard of the project asks for in a field."""
        return [item for item in self.given if item.guard and item.field]


def match_corrections(
    project: Project, needed: Iterable[Correction], version: str, rows: Sequence[Correction]
) -> Reasons:
    """Which needed reasons are given, and what is missing, unknown, stale or said twice."""
    by_place, known = _by_place(rows, version), known_reasons(project)
    given, missing, findings = [], [], []
    used: set[int] = set()
    for item in needed:
        row = _row_for(item, by_place)
        used.add(row.row)
        if not row.reason.strip():
            missing.append(item)
        elif row.key != ALL and (row.old, row.new) != (item.old, item.new):
            said = {"old": repr(row.old), "new": repr(row.new), "was": repr(item.old), "is_now": repr(item.new)}
            findings.append(_of_row("correction-outdated", row, "new", **said))
        elif not known or row.reason in known:
            given.append(replace(item, reason=row.reason, note=row.note, source=row.source, row=row.row))
    findings += map(_missing, missing)
    for row in (row for row in rows if row.version == version):
        findings += faults(row, by_place[row.place], known, is_used=row.row in used)
    return Reasons(tuple(given), tuple(missing), tuple(findings))


def faults(row: Correction, first: Correction, known: Collection[str], *, is_used: bool) -> Iterator[Finding]:
    """What is wrong with a row of the file by itself.

    Args:
        row: The row.
        first: The first row that explains the same.
        known: The codes of reasons; none where any text is one.
        is_used: Whether it explains something that changed.
    """
    if row.reason.strip() and known and row.reason not in known:
        said = {"reason": repr(row.reason), "known": ", ".join(sorted(known))}
        yield _of_row("correction-reason-unknown", row, "reason", **said)
    if first is not row:
        yield _of_row("correction-given-twice", row, "key", first=str(first.row))
    elif not is_used and row.key != ALL:
        yield _of_row("correction-unmatched", row, "key", place=f"{row.table} {row.key} {row.field}".rstrip())


def _by_place(rows: Sequence[Correction], version: str) -> dict[Explained, Correction]:
    """The rows of a version by what they explain, the first of those that explain the same."""
    return {row.place: row for row in reversed(rows) if row.version == version}


def _row_for(item: Correction, by_place: Mapping[Explained, Correction]) -> Correction:
    """The row that explains a needed correction: its own, else one with `*` that names what it was, or all; else `_NONE`."""
    table, key, field = item.table, item.key, item.field
    places = ((table, key, field, ""), (table, ALL, field, item.old), (table, ALL, field, ""))
    return next((row for place in places if (row := by_place.get(place))), _NONE)


def known_reasons(project: Project) -> frozenset[str]:
    """The codes of the list `reason`; empty when the project has none, and any text is a reason."""
    for resource in project.package.resources:
        if resource.name == CODE_VALUES and {"list", "code"} <= set(resource.described.names):
            rows = read_columns(resource, ("list", "code"))
            return frozenset(rows.filter(pl.col("list") == "reason").get_column("code").drop_nulls())
    return frozenset()


def drafted(rows: Sequence[Correction], needed: Sequence[Correction], version: str, released: str) -> list[Correction]:
    """The file's rows with drafts of what is missing, and with open rows brought up to the planned version.

    Args:
        rows: The rows that stand.
        needed: All corrections that the version needs.
        version: The planned version.
        released: The version of the previous release.
    """
    kept = [replace(row, version=version) if _is_after(row.version, released) else row for row in rows]
    by_place = _by_place(kept, version)
    needs = {item.place: item for item in needed}
    result = []
    for row in kept:
        if row.version != version or row.key == ALL:
            result.append(row)
        elif item := needs.get(row.place):
            result.append(replace(row, old=item.old, new=item.new))
    left = [item for item in needed if _row_for(item, by_place) is _NONE]
    return [*result, *_gathered(left)]


def _gathered(items: Sequence[Correction]) -> Iterator[Correction]:
    """One row for all where a field changed in more than a thousand."""
    counts = Counter((item.table, item.field) for item in items)
    for item in items:
        place = item.table, item.field
        if 0 < counts[place] <= _MANY:
            yield item
        elif counts.pop(place, 0):
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


def private_tables(given: Iterable[Correction]) -> frozenset[str]:
    """The tables of which this version may not tell the old rows."""
    return frozenset(row.table for row in given if row.is_private)


def without_private(rows: Sequence[Correction]) -> list[Correction]:
    """The rows of `corrections.csv` as a release shows them, each in its place."""
    private, shown = [row for row in rows if row.is_private], []
    for row in rows:
        is_told = any(row.tells_before(item) for item in private)
        # `new` of a withdrawn row is a key, never content
        new = "" if is_told and row.field else row.new
        shown.append(replace(row, old="", new=new) if is_told or row.is_private else row)
    return shown


def _missing(item: Correction) -> Finding:
    """That a needed correction has no reason: what happened to the cell or row, or what a guard of the project says."""
    guard, said = item.guard or _GUARDS["correction-without-reason"], {"old": item.old, "new": item.new or "none"}
    what = (
        f"{item.field} was corrected" if item.field else f"was re-keyed to {item.new}" if item.new else "was withdrawn"
    )
    value = item.new if item.field else None
    return guard.finding(
        Breach(
            item.table,
            item.key,
            item.field or None,
            value,
            said | {"what": what, "row": f"{item.version},{item.table},{item.key},,,"},
        )
    )


def _of_row(guard: str, row: Correction, column: str, **said: str) -> Finding:
    return _GUARDS[guard].finding(Breach("corrections", row.key, column, getattr(row, column), said, PATH, row.row))
