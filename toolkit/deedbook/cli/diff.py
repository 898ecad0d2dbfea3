"""`deedbook diff`: what changed between two states of a dataset."""

from pathlib import Path

import click

from deedbook.changes.compare import compare
from deedbook.changes.sources import open_sides
from deedbook.cli import options, streams
from deedbook.cli.engines import open_cluster
from deedbook.errors import DONE, FINDINGS, UsageError
from deedbook.rendering import changes as views
from deedbook.versioning.history import with_span

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--schema", type=_FILE, help="The Table Schema of two data files.")
@options.format_(
    list(views.RENDERERS), "How the changes are written; daff is what the daff tool patches with, one table at a time."
)
@click.option("-o", "--output", "file", type=_FILE, help="Write to this file instead of to stdout.")
@click.option("-t", "--table", "tables", multiple=True, metavar="TABLE", help="Compare this table only; repeatable.")
@click.option("--derived", is_flag=True, help="Also compare the columns and tables that only releases have.")
@click.option(
    "--canonical", is_flag=True, help="Compare canonical texts: do not report cells that are only written otherwise."
)
@click.option(
    "-n",
    "--max-changes",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Changes of a kind and table that text, markdown and html show; counts are exact all the same.",
)
@options.memory
@options.engine
@options.quiet
@options.debug
@click.pass_context
def diff(
    ctx: click.Context,
    old: str,
    new: str,
    schema: Path | None,
    format_: str,
    file: Path | None,
    tables: tuple[str, ...],
    derived: bool,
    canonical: bool,
    max_changes: int,
    memory: int,
    engine: str,
    master: str,
    quiet: bool,
) -> None:
    """Say what changed from OLD to NEW.

    OLD and NEW are each a project folder, a release folder or its .zip, a version built in dist/ or published into a folder (1.2.0 or NAME@1.2.0), git:REF,
    a descriptor, or a CSV file with --schema.

    Of two releases of one dataset the reasons of the changes are shown too, from all releases on the way as far as they stand beside them.

    Exits with 0 when both are equal and with 1 when they differ.
    """
    with (
        open_cluster(engine, master) as spark,
        open_sides(old, new, schema=schema) as (before, after),
        streams.progress_bar(quiet=quiet) as bar,
    ):
        names = {item.name for side in (before, after) for item in side.package.resources}
        if unknown := sorted(set(tables) - names):
            raise UsageError(f"there is no table `{unknown[0]}`", f"the tables are {', '.join(sorted(names))}")
        how = {"literal": not canonical, "derived": derived, "everything": format_ == "daff"}
        changes = compare(before, after, **how, tables=tables, memory=memory, progress=bar.update, matcher=spark)
    if before.is_release and after.is_release:
        changes = with_span(changes, before, after)
    rendered = views.RENDERERS[format_](changes, max_changes)
    if file is not None:
        streams.write(file, rendered)
    elif not quiet or not changes.is_equal:
        streams.emit(rendered)
    ctx.exit(DONE if changes.is_equal else FINDINGS)
