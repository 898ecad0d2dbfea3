"""`deedbook yank` and `deedbook unyank`: withdraw a published version without touching its files, or take that back."""

from __future__ import annotations

from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.errors import DONE

_dry_run = click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")


@click.command()
@click.argument("version")
@click.option("-r", "--reason", required=True, help="What is wrong with it; everybody who uses the version is told.")
@click.option("--replaced-by", metavar="VERSION", help="The published version to use instead.")
@options.to
@options.project
@_dry_run
@options.quiet
@options.debug
@click.pass_context
def yank(
    ctx: click.Context,
    version: str,
    reason: str,
    replaced_by: str | None,
    to: str,
    root: Path,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Withdraw the published VERSION: it stays where it is, and is found only by those who name it exactly."""
    _give_notice(root, to, version, reason, replaced_by, dry_run=dry_run, quiet=quiet)
    ctx.exit(DONE)


@click.command()
@click.argument("version")
@options.to
@options.project
@_dry_run
@options.quiet
@options.debug
@click.pass_context
def unyank(ctx: click.Context, version: str, to: str, root: Path, dry_run: bool, quiet: bool) -> None:
    """Take back that VERSION was withdrawn."""
    _give_notice(root, to, version, None, None, dry_run=dry_run, quiet=quiet)
    ctx.exit(DONE)


def _give_notice(
    root: Path, to: str, version: str, reason: str | None, replaced_by: str | None, *, dry_run: bool, quiet: bool
) -> None:
    from deedbook.project import load_project
    from deedbook.publishing.publish import give_notice
    from deedbook.publishing.steps import Notice
    from deedbook.publishing.targets import read_target

    project = load_project(root)
    notice = Notice(project.package.name, version, reason, replaced_by)
    done = give_notice(read_target(project, to), notice, is_rehearsal=dry_run)
    if dry_run:
        streams.emit("".join(f"{about}\n" for about in done))
    elif not quiet:
        streams.emit(f"{'unyanked' if reason is None else 'yanked'} {notice.name} {version} at {to}\n")
