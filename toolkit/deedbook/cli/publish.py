"""`deedbook publish`: makes a built release public, or finishes what was begun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deedbook.cli import options, streams
from deedbook.cli.progress import progress_bar
from deedbook.errors import DONE, UsageError

if TYPE_CHECKING:
    from deedbook.integrity.signatures import PublicKey


@click.command()
@click.argument("version", required=False, default="")
@options.to
@options.project
@click.option("--dry-run", is_flag=True, help="Verify the release and print every step with its size; change nothing.")
@options.quiet
@options.debug
@click.pass_context
def publish(ctx: click.Context, version: str, to: str, root: Path, dry_run: bool, quiet: bool) -> None:
    """Publish the built release VERSION, by default the one that the descriptor names.

    A release that does not verify, or a version that is published with other content: exit code 4. Each file is read back and
    compared; latest moves last. Interrupted or failed, exit code 75: run it again, and it goes on. Already published: 0.
    """
    from deedbook.project import load_project
    from deedbook.publishing import publish as publishing
    from deedbook.publishing.targets import read_target
    from deedbook.rendering import publication as rendering
    from deedbook.versioning.numbers import SEMVER

    project = load_project(root)
    target = read_target(project, to)
    wanted = version or project.package.version
    if not wanted:
        raise UsageError(
            "the descriptor names no version", "name one, or run `deedbook plan --write` and `deedbook build`"
        )
    if not SEMVER.fullmatch(wanted):
        raise UsageError(f"{wanted!r} is no version", "name one as it stands in the descriptor, such as 1.2.0")
    folder = project.dist / project.package.name / wanted
    with progress_bar(quiet=quiet) as bar:
        release = publishing.prepare(folder, _own_key(folder), bar.update)
        if not dry_run:
            done = publishing.publish(project, release, target, bar.bytes_moved)
    if dry_run:
        steps = publishing.plan_steps(project, release, target)
        streams.emit(rendering.render_steps(release, target.name, steps))
    elif not quiet:
        streams.emit(rendering.render_published(done))
    ctx.exit(DONE)


def _own_key(folder: Path) -> PublicKey | None:
    """The configured key, to prove the release with; None when another one signed it, as the catalogue may allow."""
    from deedbook.integrity.digests import SIGNATURE
    from deedbook.integrity.signatures import configured_key, read_signature

    secret = configured_key()
    if secret is None:
        return None
    file = folder / SIGNATURE
    key = secret.public
    return key if not file.is_file() or read_signature(file.read_bytes()).key_id == key.id else None
