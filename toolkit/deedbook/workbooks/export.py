"""A project as a workbook to edit."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from deedbook import files
from deedbook.descriptor import Resource
from deedbook.edits import Cells
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import Report, nearest
from deedbook.project import Project
from deedbook.release.derivations import derive_frames
from deedbook.release.formats.cells import sheet_names
from deedbook.release.tables import to_canonical
from deedbook.validation import Options, validate
from deedbook.workbooks import pages
from deedbook.workbooks.pages import Page
from deedbook.workbooks.returned import read_cells
from deedbook.workbooks.writer import write_workbook

SUFFIXES = (".xlsx", ".ods")
_MOST_ROWS = 200_000
"""Of a table that a person edits in a spreadsheet; programs open it in half a minute."""
_LONGEST = 32_767
"""Characters of a cell, counted as UTF-16 does."""
_MOST_FINDINGS = 10_000


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into a workbook.

    Attributes:
        left_out: Why which tables are not in it.
        findings: How many are listed.
    """

    pages: tuple[Page, ...]
    left_out: Sequence[str]
    findings: int


def export_workbook(
    project: Project,
    path: Path,
    *,
    tables: Sequence[str] = (),
    trust_rules: bool = False,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Exported:
    """Writes the tables of a project into a workbook to edit.

    Args:
        project: The project.
        path: The workbook, an `.xlsx` or `.ods`; it is replaced.
        tables: Names of the tables; all when empty.
        trust_rules: Run the project's rules wherever it lies.
        progress: Told what is done, and which share of the work is behind us.

    Raises:
        UsageError: when there is no such table, or none that a workbook can hold.
        SpaceError: when the disk is full.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: is neither .xlsx nor .ods", "name it so that its end says which it is to be")
    chosen = tables_of(project, tables)
    sheets, left_out, found = sheet_names([*chosen], pages.OWN_SHEETS), list[str](), list[Page]()
    for number, (name, resource) in enumerate(chosen.items()):
        progress(f"reading {name}", number / len(chosen) / 2)
        try:
            cells, choices = _cells_to_edit(resource), pages.choices_of(project.package, resource)
            found.append(pages.page_of(resource, sheets[name], cells, choices))
        except ProjectError as error:
            left_out.append(error.message)
    if not found:
        raise UsageError("there is no table that a workbook can hold", "; ".join(left_out))
    progress("validating", 0.5)
    report = validate(project, Options(trust_rules=trust_rules, max_findings=_MOST_FINDINGS))
    frames = derive(project, report, trust_rules=trust_rules)
    found = [_with_derived(chosen[page.table], page, frames.get(page.table)) for page in found]
    listed = [finding for finding in report.findings if not finding.waived][:_MOST_FINDINGS]
    progress("writing", 0.7)
    schemas = {name: resource.described for name, resource in chosen.items()}
    with TemporaryDirectory(prefix="deedbook-") as folder:
        staged = Path(folder) / f"tables{path.suffix.lower()}"
        write_workbook(staged, found, schemas, listed)
        files.replace(path, staged.read_bytes())
    return Exported(tuple(found), tuple(left_out), len(listed))


def tables_of(project: Project, names: Sequence[str]) -> dict[str, Resource]:
    """The tables of these names; all without any.

    Raises:
        UsageError: when there is no such table.
    """
    known = {item.name: item for item in project.package.resources}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no table `{name}`", nearest(name, known, f"the tables are {', '.join(known)}"))
    return {name: known[name] for name in names or known}


def _cells_to_edit(resource: Resource) -> Cells:
    """The cells of a table that a person can edit in a spreadsheet.

    Raises:
        ProjectError: when it is none.
    """
    cells = read_cells(resource)
    texts = (text for column in cells.rows for text in column)
    longest = max((len(text.encode("utf-16-le", "surrogatepass")) // 2 for text in texts), default=0)
    if cells.rows.height > _MOST_ROWS or longest > _LONGEST:
        reason = f"has more than {_MOST_ROWS:,} rows, or a cell of more than {_LONGEST:,} characters"
        raise ProjectError(f"the table `{resource.name}` {reason}, so it cannot be edited in a workbook")
    return cells


def derive(project: Project, report: Report, *, trust_rules: bool) -> dict[str, pl.DataFrame]:
    """What the project's own code derives, by table; nothing for tables with errors, or where that code may not run."""
    if not (report.valid and project.rule_files and (trust_rules or project.is_here)):
        return {}
    from deedbook.checking.rules import load_book

    day = project.package.created[:10] or dt.datetime.now(dt.UTC).date().isoformat()
    return derive_frames(project, load_book(project), dt.datetime.fromisoformat(day))


def _with_derived(resource: Resource, page: Page, frame: pl.DataFrame | None) -> Page:
    """The page with the derived columns of its table, where there are any."""
    schema = resource.described
    fields = [*map(schema.field, page.key), *schema.derived_fields]
    if (
        frame is None
        or not (page.key and schema.derived_fields)
        or not {one.name for one in fields} <= {*frame.columns}
    ):
        return page
    texts = to_canonical(frame.select(one.name for one in fields), fields).fill_null("")
    known = {row[: len(page.key)]: row[len(page.key) :] for row in texts.iter_rows()}
    empty = ("",) * len(schema.derived_fields)
    columns = zip(*(known.get(key, empty) for key in page.keys(page.rows)), strict=True)
    return replace(page, derived=dict(zip((one.name for one in schema.derived_fields), columns, strict=True)))
