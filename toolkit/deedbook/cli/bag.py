"""`deedbook bag`: a release as a BagIt bag."""

from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.release.bag import make_bag

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("path", type=_PATH)
@click.option(
    "-o", "--output", "target", type=_PATH, metavar="FOLDER", help="The bag's folder; NAME-VERSION.bag here by default."
)
@options.quiet
@options.debug
def bag(path: Path, target: Path | None, quiet: bool) -> None:
    """Write the release in PATH, a folder or a .zip of one, as a BagIt 1.0 bag.

    The release is checked against its checksums first. Its date is that of the release, so that the same release gives the
    same bag. A bag that exists is never overwritten: exit code 4.
    """
    made = make_bag(path, target)
    if not quiet:
        streams.emit(f"wrote {made}\n")
