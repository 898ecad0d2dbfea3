"""`deedbook describe`: drafts of a descriptor and of Table Schemas for files that exist."""

import os
from functools import partial
from itertools import chain
from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS, ProjectError
from deedbook.findings import listed
from deedbook.rendering import drafts as views


@click.command()
@click.argument("targets", metavar="FILE...|FOLDER|WORKBOOK", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--update",
    "updates",
    is_flag=True,
    help="Say what new data would change in the drafts of a project, and change it.",
)
@click.option("--check", is_flag=True, help="Write nothing, only say what would be written.")
@options.format_(tuple(views.FORMATS), "How the drafts are shown.")
@options.quiet
@options.debug
@click.pass_context
def describe(
    ctx: click.Context, targets: tuple[Path, ...], updates: bool, check: bool, format_: str, quiet: bool
) -> None:
    """Draft datapackage.json and schemas/TABLE.schema.json for files that exist, and validate them from then on.

    Reads CSV in any dialect and encoding, TSV, XLSX, ODS, Parquet and JSON, also as .gz and .zst, to the last row. Every guess is
    in the schema's `deedbook.guess` with what speaks for it. What only you can know is a `todo` there, which `validate` repeats as a
    warning until you have corrected the schema and deleted the `todo`. Nothing is ever overwritten (exit code 4).

    With --update, what changed in the data since is changed in the drafts too, but for what you settled, which is only listed.
    Exits with 1 when a file cannot be described.
    """
    from deedbook import drafts

    if updates:
        proposals = list(chain.from_iterable(map(partial(drafts.update, check=check), targets)))
        streams.emit("" if quiet else views.render_proposals(proposals, check=check))
        return
    with streams.progress_bar(quiet=quiet) as bar:
        draft = drafts.describe(targets, progress=bar.update)
    if not draft.tables:
        raise ProjectError("; ".join(map(": ".join, draft.undescribed.items())), "mend the file, or leave it out")
    written = [] if check else drafts.write(draft)
    if draft.undescribed or not quiet:
        streams.emit(views.FORMATS[format_](draft), is_data=format_ == "json")
    if written and not quiet:
        streams.say(f"written: {listed(list(map(os.path.relpath, written)), 4)}")
        streams.say(f"next: deedbook validate {os.path.relpath(draft.root)}")
    ctx.exit(FINDINGS if draft.undescribed else DONE)
