"""What a person changed in a workbook, held against the tables as they are now; and their files written.

Three states of a row meet here: as it was exported, as it came back, as it stands in the project now. A cell that came back as it
was exported is left as it is now; one that a person changed is taken, unless the project changed it too, to something else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from deedbook import edits
from deedbook.changes.compare import compare
from deedbook.changes.records import Changes
from deedbook.changes.sources import Side
from deedbook.descriptor import Resource
from deedbook.edits import Cells
from deedbook.errors import ProjectError, RefusalError
from deedbook.findings import join_key, listed, plural, shorten
from deedbook.project import Project
from deedbook.workbooks.pages import Key, Page, Row, seen
from deedbook.workbooks.reader import Returned

_TOP: Key = ("\0top",)
"""What no row is called: the head, which the first one follows."""
_SHOWN = 40
"""Characters of a text in a contradiction: three of them fit on a line or two."""
_MOST_CELLS = 3
"""Cells of a row in a contradiction."""


class ContradictionError(RefusalError):
    """A workbook cannot be brought back.

    Args:
        faults: What is wrong with it, in words.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        hint = "mend that in the workbook and import it again, or export a new one"
        super().__init__(f"{plural(len(faults), 'fault')} in the workbook, and nothing was written", hint)
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Import:
    """What a workbook brings.

    Attributes:
        changes: What would be other than it is now.
        written: By file what it holds now and what it is to hold.
    """

    changes: Changes
    written: Mapping[Path, tuple[bytes, bytes]]


def plan_import(project: Project, returned: Returned) -> Import:
    """What a workbook that came back changes in the tables.

    Raises:
        ContradictionError: when its structure is another one, rows cannot be told apart, or the project changed the same cells meanwhile.
        ProjectError: when a table cannot be read or written.
    """
    faults, new = list(returned.faults), list[tuple[Resource, Cells]]()
    resources = {resource.name: resource for resource in project.package.resources}
    for page in returned.pages:
        if page.table not in resources:
            faults.append(f"sheet `{page.sheet}`: the project has no table `{page.table}` any more")
        elif page.table in returned.rows:
            cells = read_cells(resources[page.table])
            found, own = merged(page, cells, returned.rows[page.table])
            faults += [f"sheet `{page.sheet}` {fault}" for fault in own]
            frame = pl.DataFrame(found, schema=cells.rows.schema, orient="row")
            new += [(resources[page.table], Cells(cells.labels, frame))] * (not frame.equals(cells.rows))
    if faults:
        raise ContradictionError(faults)
    written = [(resource, to_bytes(project, resource, cells)) for resource, cells in new]
    files = {resource.files[0]: (resource.files[0].read_bytes(), after) for resource, after in written}
    return Import(changes_of(project, written), files)


def to_bytes(project: Project, resource: Resource, cells: Cells) -> bytes:
    """The file of a table with these cells, in canonical form."""
    arranged, _, _ = edits.arrange(cells, resource.schema, project.package.referenced(resource.name))
    return edits.to_bytes(arranged, resource.dialect.delimiter)


def changes_of(project: Project, written: Sequence[tuple[Resource, bytes]]) -> Changes:
    """How the project would be another one with these files of its tables."""
    staged = {}
    with TemporaryDirectory(prefix="deedbook-") as folder:
        for resource, after in written:
            file = Path(folder, resource.name, resource.files[0].name)
            file.parent.mkdir()
            file.write_bytes(after)
            staged[resource.name] = replace(resource, files=(file,))
        resources = tuple(staged.get(one.name, one) for one in project.package.resources)
        new = replace(project, package=replace(project.package, resources=resources))
        names = tuple(staged) or tuple(one.name for one in resources[:1])
        return compare(Side("the project", project), Side("the workbook", new), tables=names, literal=True)


def read_cells(resource: Resource) -> Cells:
    """The cells of a table as they stand in its file.

    Raises:
        ProjectError: when they cannot be edited.
    """
    if reason := edits.reason_to_leave(resource):
        raise ProjectError(f"the table `{resource.name}` {reason}, so it cannot be edited in a workbook")
    try:
        return edits.read_cells(resource, resource.files[0])
    except (edits.UnmendableError, OSError) as error:
        raise ProjectError(f"the table `{resource.name}` cannot be read: {error}", "run `deedbook validate`") from None


def merged(page: Page, now: Cells, returned: Sequence[tuple[int, Row]]) -> tuple[list[Row], list[str]]:
    """The rows of a table with what a person changed, and what keeps them from being merged, in words.

    Rows keep the order that they have in the file; a new one follows the row that it follows in the sheet.
    """
    own, rows = list(now.rows.iter_rows()), [row for _, row in returned]
    if now.labels != page.labels or len(set(page.keys(own))) < len(own):
        return own, [f"cannot be merged: `{page.table}` has another header by now, or keys that stand twice"]
    present, came = dict(zip(page.keys(own), own, strict=True)), dict(zip(page.keys(rows), rows, strict=True))
    before = dict(zip(page.keys(page.rows), page.rows, strict=True))
    faults, found = untold(page, returned), dict[Key, Row]()
    for key in dict.fromkeys((*present, *came)):
        row, said = _row_merged(page, before.get(key), came.get(key), present.get(key))
        faults += [f"{what} {_name(page, key)}, {why}" for what, why in said]
        if row is not None:
            found[key] = row
    return [found[key] for key in placed(list(present), list(came)) if key in found], faults


def placed(order: Sequence[Key], came: Sequence[Key]) -> Iterator[Key]:
    """The keys of the file in their order, each new one behind that which it follows in the sheet."""
    followers: dict[Key, list[Key]] = {}
    known, last = set(order), _TOP
    for key in came:
        last = key if key in known else last
        followers.setdefault(last, []).extend([key] * (key not in known))
    for key in (_TOP, *order):
        yield from (key, *followers.get(key, ()))


Faults = list[tuple[str, str]]
"""What the sheet does with a row, and why that cannot be."""


def _row_merged(page: Page, was: Row | None, came: Row | None, now: Row | None) -> tuple[Row | None, Faults]:
    """A row as it is to stand, None for one that is to go; and what contradicts it."""
    if was is None:  # new in the sheet, in the project, or in both
        why = f"which the project has otherwise by now: {_told(page, project=now, workbook=came)}; make them equal"
        return now or came, [("adds", why)] * _differ(came, now)
    if now is None:
        why = f"which the project has no more: {_told(page, exported=was, workbook=came)}; delete it in the workbook too, or put it back into the table"
        return None, [("changes", why)] * _differ(came, was)
    if came is None:
        why = f"which the project changed: {_told(page, exported=was, project=now)}; delete it in the table too, or export a new workbook"
        return None, [("has no more", why)] * _differ(now, was)
    cells, faults = [], []
    for name, old, given, present in zip(page.labels, was, came, now, strict=True):
        is_changed = seen(given) != seen(old)
        if is_changed and present not in {old, given}:
            values = _values(exported=old, project=present, workbook=given)
            why = f"which the project changed too: {values}; write the project's text into the workbook, or the workbook's into the table"
            faults.append((f"changes `{name}` of", why))
        cells.append(given if is_changed else present)
    return tuple(cells), faults


def _values(**texts: str) -> str:
    """The texts of one cell, each with where it stands."""
    return ", ".join(f"{where} {f'`{shorten(text, _SHOWN)}`' if text else 'empty'}" for where, text in texts.items())


def _told(page: Page, **rows: Row | None) -> str:
    """The cells in which rows differ that are there, with what each has."""
    found = {where: row for where, row in rows.items() if row is not None}
    cells = zip(page.labels, *found.values(), strict=True)
    odd = [
        f"`{name}` {_values(**dict(zip(found, texts, strict=True)))}"
        for name, *texts in cells
        if len({*map(seen, texts)}) > 1
    ]
    return listed(odd, _MOST_CELLS)


def untold(page: Page, returned: Sequence[tuple[int, Row]]) -> list[str]:
    """The rows that the key does not tell apart."""
    first: dict[Key, int] = {}
    faults = []
    for (number, _), key in zip(returned, page.keys([row for _, row in returned]), strict=True):
        if page.key and not all(key):
            faults.append(f"has no {' and '.join(page.key)} in row {number}")
        elif key in first:
            faults.append(f"has {_name(page, key)} in row {first[key]} and in row {number}")
        first.setdefault(key, number)
    return faults


def _differ(one: Row | None, other: Row | None) -> bool:
    """Whether there are both, and they are different."""
    return one is not None and other is not None and tuple(map(seen, one)) != tuple(map(seen, other))


def _name(page: Page, key: Key) -> str:
    """What people call a row."""
    return f"the row {join_key(list(map(str, key)))}" if page.key else "a row that is there already"
