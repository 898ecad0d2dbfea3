"""`deedbook plan`: the next release, without building it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from deedbook.cli import options, output
from deedbook.cli.policy import DONE, FINDINGS
from deedbook.cli.progress import progress_bar

if TYPE_CHECKING:
    from deedbook.versioning.planning import Plan

Format = Literal["text", "json", "markdown"]


@click.command()
@options.target
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How the plan is written.",
)
@click.option("--version", "wanted", metavar="VERSION", default="", help="A higher version than the changes ask for.")
@click.option(
    "--override", metavar="REASON", default="", help="Go below what the changes ask for; the release says why."
)
@click.option("--write", is_flag=True, help="Put version, created and deedbook.previous into the descriptor.")
@click.option(
    "--date", "date", type=click.DateTime(["%Y-%m-%d"]), help="The release date for --write; today when left out."
)
@click.option("--write-corrections", is_flag=True, help="Draft the rows of corrections.csv that still need a reason.")
@options.quiet
@options.debug
@click.pass_context
def plan(
    ctx: click.Context,
    target: Path,
    format_: Format,
    wanted: str,
    override: str,
    write: bool,
    date: dt.datetime | None,
    write_corrections: bool,
    quiet: bool,
) -> None:
    """Show the next release of the project: its version, which changes ask for it, and what is missing.

    Nothing is written without --write or --write-corrections. The data itself is checked by `validate` and `build`.

    Exits with 0 when nothing stands in the way, or there is nothing to release, and with 1 otherwise.
    """
    from deedbook.project import load_project
    from deedbook.versioning import planning

    project = load_project(target)
    with progress_bar(quiet=quiet) as bar:
        planned = planning.plan(
            project,
            version=wanted,
            override=override,
            progress=bar.update,
        )
    if write and not planned.is_nothing:
        planning.write_plan(project, planned, date.date() if date else _today(), override)
    if write_corrections and planned.judgement is not None and not planned.is_nothing:
        left = planning.write_drafts(project, planned)
        output.say(f"corrections.csv: {left:,} rows still need a reason")
    if not quiet or not planned.is_ready:
        output.emit(_rendered(planned, format_))
    if write and not quiet and not planned.is_nothing:
        output.say(f"{project.package.path}: version {planned.version} planned")
    ctx.exit(DONE if planned.is_ready else FINDINGS)


def _rendered(planned: Plan, format_: Format) -> str:
    from deedbook.rendering.plan import render_plan, render_plan_json
    from deedbook.rendering.plan_markdown import render_plan_markdown

    match format_:
        case "text":
            return render_plan(planned)
        case "json":
            return render_plan_json(planned)
        case "markdown":
            return render_plan_markdown(planned)


def _today() -> dt.date:
    """The only place where a clock is read."""
    return dt.datetime.now(dt.UTC).date()
