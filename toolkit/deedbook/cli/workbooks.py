"""`deedbook export` and `import`: the tables as a workbook to edit, and back with a diff to confirm."""

from __future__ import annotations

from pathlib import Path

import click

from deedbook import edits
from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS, UsageError
from deedbook.findings import plural
from deedbook.project import Reading, load_project
from deedbook.rendering.changes import render_text
from deedbook.rendering.escapes import visible
from deedbook.workbooks import reader, returned
from deedbook.workbooks.export import export_workbook

_MOST_FAULTS = 50
"""That are shown of a workbook; the message counts them all."""
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@options.target
@click.option("--xlsx", "kind", flag_value="xlsx", default=True, help="A workbook for Excel and others; the default.")
@click.option("--ods", "kind", flag_value="ods", help="A workbook for LibreOffice and others.")
@click.option(
    "-o", "--output", "file", type=_FILE, metavar="FILE", help="The workbook, an .xlsx or .ods; NAME.xlsx by default."
)
@click.option("-t", "--table", "tables", multiple=True, metavar="TABLE", help="Export this table only; repeatable.")
@click.option("--replace", "replaces", is_flag=True, help="Overwrite the workbook, and what was edited in it.")
@options.trust_rules
@options.quiet
@options.debug
def export(
    target: Path, kind: str, file: Path | None, tables: tuple[str, ...], replaces: bool, trust_rules: bool, quiet: bool
) -> None:
    """Write the tables of the project into a workbook to edit.

    Drop-downs offer codes and keys with their labels, heads have notes from the schema, ids and codes are text and dates dates, what is
    derived is grey and not read back, and a sheet lists the findings of a validation. `deedbook import` brings the changes back.
    """
    project = load_project(target, Reading())
    file = file or Path(f"{project.package.name or 'tables'}.{kind}")
    if file.exists() and not replaces:
        raise UsageError(f"{file} exists, and may hold edits", "name another file with -o, or add --replace")
    with streams.progress_bar(quiet=quiet) as bar:
        done = export_workbook(project, file, tables=tables, trust_rules=trust_rules, progress=bar.update)
    if not quiet:
        left = "".join(f"left out: {visible(reason)}\n" for reason in done.left_out)
        said = f"{file}: {plural(len(done.pages), 'table')}, {plural(done.findings, 'finding')}\n"
        streams.emit(f"{left}{said}edit it and run: deedbook import {file}\n")


@click.command("import")
@click.argument("workbook", type=_FILE)
@click.option("--project", "root", type=click.Path(path_type=Path), default=".", help="The project; here by default.")
@click.option("-y", "--yes", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.option(
    "-n",
    "--max-changes",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Changes of a kind and table to show.",
)
@options.quiet
@options.debug
@click.pass_context
def import_(
    ctx: click.Context, workbook: Path, root: Path, yes: bool, dry_run: bool, max_changes: int, quiet: bool
) -> None:
    """Bring what was edited in WORKBOOK, as XLSX or ODS, back into the tables of the project.

    Shows the changes and asks before it writes. A cell that nobody changed stays as it is, to the letter; rows are told apart by their
    key. A workbook whose structure was changed (a column renamed, a sheet gone, cells merged, rows filtered ...) is refused with a
    list. Exits with 1 when there are changes that were not written.
    """
    project = load_project(root, Reading())
    with streams.progress_bar(quiet=quiet):
        schemas = {resource.name: resource.described for resource in project.package.resources}
        try:
            found = returned.plan_import(project, reader.read_workbook(workbook, schemas))
        except returned.ContradictionError as error:
            for fault in error.faults[:_MOST_FAULTS]:
                streams.say(visible(fault, 300))
            raise
    if not found.written:
        streams.emit("nothing was changed in the workbook\n" * (not quiet))
        return
    if not quiet or not yes:
        streams.emit(render_text(found.changes, max_changes))
    if dry_run or not (yes or streams.agrees(f"write {plural(len(found.written), 'file')}?", "add --yes")):
        ctx.exit(FINDINGS)
    edits.write_all(found.written)
    said = f"{plural(len(found.written), 'file')} written; run `deedbook validate`\n"
    streams.emit(said * (not quiet))
    ctx.exit(DONE)
