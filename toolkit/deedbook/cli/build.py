"""`deedbook build`: writes the planned release into dist/, or says why it may not exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deedbook.cli import options, output
from deedbook.cli.policy import DONE, FINDINGS, is_own
from deedbook.cli.progress import progress_bar
from deedbook.errors import UsageError

if TYPE_CHECKING:
    from deedbook.release.build import Built


@click.command()
@options.target
@click.option("--snapshot", is_flag=True, help="Build an unplanned state as VERSION-snapshot, replacing the last one.")
@options.trust_rules
@options.quiet
@options.debug
@click.pass_context
def build(ctx: click.Context, target: Path, snapshot: bool, trust_rules: bool, quiet: bool) -> None:
    """Validate the project and write its planned release into dist/NAME/VERSION/.

    Version and date stand in the descriptor. Errors in the data: nothing is written, exit code 1. The same content built
    before: nothing is written, exit code 0. Other content under the same version: exit code 4.
    """
    from deedbook.project import load_project
    from deedbook.release import build as release
    from deedbook.validation import Options

    project = load_project(target)
    if project.rule_files and not (trust_rules or is_own(project, Path.cwd())):
        raise UsageError(
            f"{project.root}: a build runs this project's rule files, and you are not inside it",
            "change into the project, or add --trust-rules if you trust its code",
        )
    with progress_bar(quiet=quiet) as bar:
        built = release.build(project, Options(trust_rules=True), snapshot=snapshot, progress=bar.update)
    if built.release is None:
        _refuse(built)
        ctx.exit(FINDINGS)
    if not quiet:
        _announce(built, built.release.folder)
    ctx.exit(DONE)


def _refuse(built: Built) -> None:
    from deedbook.rendering import text

    output.emit(text.render(built.report, width=output.terminal_width(), color=output.wants_color()))
    output.say("nothing was built: a release holds no errors")


def _announce(built: Built, folder: Path) -> None:
    from deedbook.rendering import text

    output.emit(f"{text.summary_line(built.report)}\n")
    if built.unchanged:
        output.emit(f"nothing to release: {_short(folder)} has the same content\n")
        return
    files = [file for file in folder.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    output.emit(f"built {_short(folder)}: {len(files)} files, {size / 1e6:.1f} MB\n")


def _short(folder: Path) -> Path:
    """The folder as seen from the working directory where it lies below it."""
    here = Path.cwd()
    return folder.resolve().relative_to(here) if folder.resolve().is_relative_to(here) else folder
