"""`deedbook site`: the static site of a catalogue."""

from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.errors import RefusalError
from deedbook.site import build_site
from deedbook.site.editions import catalogue_of


@click.command()
@click.argument("catalogue", required=False, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write a copy there that needs nothing else.")
@options.project
@options.quiet
@options.debug
def site(catalogue: Path | None, output: Path | None, root: Path, quiet: bool) -> int:
    """Write the static site of CATALOGUE, a folder that `publish` wrote, into CATALOGUE/site/.

    Without CATALOGUE, it is the folder that the project publishes to. Each release is proven first. One that is not what the
    catalogue says gets a page that tells it, and nothing else: exit code 4.
    """
    with streams.progress_bar(quiet=quiet) as bar:
        built = build_site(catalogue or catalogue_of(root), output, bar.update)
    for one in built.damaged:
        streams.say(f"no pages of {one}")
    if not quiet:
        streams.emit(f"{built.folder}: {built.pages} files, {built.written} written, {built.removed} removed\n")
    return RefusalError.exit_code if built.damaged else 0
