"""`deedbook fmt`: tables in canonical form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS
from deedbook.findings import plural
from deedbook.project import Reading, load_project
from deedbook.rendering.escapes import visible

if TYPE_CHECKING:
    from deedbook.edits import Rewritten


@click.command()
@options.target
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when a table would change.")
@click.option("-t", "--table", "tables", multiple=True, metavar="TABLE", help="Tidy this table only; repeatable.")
@options.quiet
@options.debug
@click.pass_context
def fmt(ctx: click.Context, target: Path, check: bool, tables: tuple[str, ...], quiet: bool) -> None:
    """Rewrite the tables of the project in canonical form: UTF-8, LF, minimal quoting, rows by primary key, Unicode NFC.

    No value ever changes: that is proven on the new file before it takes the place of the old one. What cannot be mended, such as
    a record with too many cells, is said and left as it is. Exits with 1 when there is such a table.
    """
    from deedbook.edits import rewrite

    project = load_project(target, Reading())
    with streams.progress_bar(quiet=quiet) as bar:
        found = rewrite(project, check=check, tables=tables, progress=bar.update)
    fails = any(item.state == "unmendable" or (check and item.state == "changed") for item in found)
    if not quiet or fails:
        streams.emit(render(found, check=check))
    ctx.exit(FINDINGS if fails else DONE)


def render(found: Sequence[Rewritten], *, check: bool) -> str:
    """What was done as lines of text: one for each table that is not canonical, and a last one that sums up."""
    lines = []
    for item in found:
        name = f"{visible(item.table)} ({visible(item.path)})"
        if item.state == "changed":
            lines.append(f"{name}: {'would be changed' if check else 'changed'}: {', '.join(item.done)}")
        said = {"unmendable": "cannot be mended", "skipped": "left alone"}.get(item.state, "left")
        lines += [f"{name}: {said}: {visible(text)}" for text in item.left]
    changed, broken = (sum(item.state == state for item in found) for state in ("changed", "unmendable"))
    verb = "would change" if check else "changed"
    rest = f", {broken:,} cannot be mended: run `deedbook validate`" if broken else ""
    lines.append(f"{plural(len(found), 'table')}: {changed:,} {verb}{rest}")
    return "\n".join(lines) + "\n"
