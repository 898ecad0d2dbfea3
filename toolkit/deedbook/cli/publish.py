"""`deedbook publish`, `yank` and `unyank`: makes a built release public, withdraws it without touching its files, or takes that back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from deedbook.cli import options, streams
from deedbook.errors import UsageError
from deedbook.integrity.signatures import configured_key, own_key
from deedbook.project import Project, load_project
from deedbook.versioning.numbers import SEMVER


@click.command()
@click.argument("version", required=False, default="")
@options.to
@options.project
@click.option(
    "--sign", "signs", is_flag=True, help="Sign it first with the configured key, if it was built without one."
)
@click.option("--dry-run", is_flag=True, help="Verify the release and print every step with its size; change nothing.")
@options.quiet
@options.debug
def publish(version: str, to: str, root: Path, signs: bool, dry_run: bool, quiet: bool) -> None:
    """Publish the built release VERSION, by default the one that the descriptor names.

    A release that does not verify, or a version that is published with other content: exit code 4. Each file is read back and
    compared; latest moves last. Interrupted or failed, exit code 75: run it again, and it goes on. Already published: 0.
    """
    from deedbook.publishing import publish as publishing
    from deedbook.publishing import targets
    from deedbook.release.pages import size
    from deedbook.rendering.pages import template

    project = load_project(root)
    target, folder = targets.read_target(project, to), _built(project, version)
    with streams.progress_bar(quiet=quiet) as bar:
        if signs and not dry_run:
            publishing.sign(folder, configured_key(), bar.update)
        release = publishing.prepare(folder, None if signs and dry_run else own_key(folder), bar.update)
        done = None if dry_run else publishing.publish(project, release, target, bar.bytes_moved)
    if dry_run or not quiet:
        steps = [] if done else publishing.plan_steps(project, release, target)
        view = template("publish.txt.j2")
        streams.emit(view.render(release=release, target=target, done=done, steps=steps, size=size))


def _built(project: Project, version: str) -> Path:
    """The folder of the release.

    Raises:
        UsageError: when no version is named, or none that can be one.
    """
    wanted = version or project.package.version
    if not wanted:
        hint = "name one, or run `deedbook plan --write` and `deedbook build`"
        raise UsageError("the descriptor names no version", hint)
    if not SEMVER.fullmatch(wanted):
        raise UsageError(f"{wanted!r} is no version", "name one as it stands in the descriptor, such as 1.2.0")
    return project.dist / project.package.name / wanted


def _withdrawal(command: Callable[..., None]) -> Callable[..., None]:
    """The argument and the options that both verbs have."""
    dry_run = click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
    for option in (options.debug, options.quiet, dry_run, options.project, options.to, click.argument("version")):
        command = option(command)
    return command


@click.command()
@click.option("-r", "--reason", required=True, help="What is wrong with it; everybody who uses the version is told.")
@click.option("--replaced-by", metavar="VERSION", help="The published version to use instead.")
@_withdrawal
def yank(**given: Any) -> None:
    """Withdraw the published VERSION: it stays where it is, and is found only by those who name it exactly."""
    _give_notice(**given)


@click.command()
@_withdrawal
def unyank(**given: Any) -> None:
    """Take back that VERSION was withdrawn."""
    _give_notice(**given, reason=None, replaced_by=None)


def _give_notice(to: str, root: Path, dry_run: bool, quiet: bool, **about: Any) -> None:
    from deedbook.publishing import publish as publishing
    from deedbook.publishing import steps, targets

    project = load_project(root)
    notice = steps.Notice(name=project.package.name, **about)
    done = publishing.give_notice(targets.read_target(project, to), notice, is_rehearsal=dry_run)
    if dry_run:
        streams.emit("".join(f"{text}\n" for text in done))
    elif not quiet:
        verb = "unyanked" if notice.reason is None else "yanked"
        streams.emit(f"{verb} {notice.name} {notice.version} at {to}\n")
