"""`deedbook yank` and `deedbook unyank`: withdraw a published version without touching its files, or take that back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from deedbook.cli import options, streams

_dry_run = click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")


def _verb(*own: Callable[..., Any]) -> Callable[..., click.Command]:
    """Makes a command with the argument and the options that both verbs have, after its own."""

    def command(function: Callable[..., None]) -> click.Command:
        for option in (options.debug, options.quiet, _dry_run, options.project, options.to, *own):
            function = option(function)
        return click.command()(click.argument("version")(function))

    return command


@_verb(
    click.option("--replaced-by", metavar="VERSION", help="The published version to use instead."),
    click.option(
        "-r", "--reason", required=True, help="What is wrong with it; everybody who uses the version is told."
    ),
)
def yank(**given: Any) -> None:
    """Withdraw the published VERSION: it stays where it is, and is found only by those who name it exactly."""
    _give_notice(**given)


@_verb()
def unyank(**given: Any) -> None:
    """Take back that VERSION was withdrawn."""
    _give_notice(**given)


def _give_notice(
    version: str,
    to: str,
    root: Path,
    dry_run: bool,
    quiet: bool,
    reason: str | None = None,
    replaced_by: str | None = None,
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
