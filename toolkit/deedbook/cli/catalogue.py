"""`deedbook catalogue`: what is done to a catalogue as a whole."""

from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.project import load_project


@click.group()
def catalogue() -> None:
    """Mend the catalogue of a target."""


@catalogue.command()
@options.to
@options.project
@options.quiet
@options.debug
def rebuild(to: str, root: Path, quiet: bool) -> None:
    """Make every document of a catalogue anew from its version folders.

    Each release is proven whole first; when one is damaged, nothing is written: exit code 4. Yanks, keys and dates of publishing
    are taken from the catalogue that is there, or from the one before (catalog.before.json).
    """
    from deedbook.publishing.targets import read_hosted

    rebuilt = read_hosted(load_project(root), to).rebuild(streams.say if not quiet else lambda _what: None)
    for note in rebuilt.notes:
        streams.say(f"note: {note}")
    if not quiet:
        count = sum(len(dataset.versions) for dataset in rebuilt.catalogue.datasets.values())
        streams.emit(f"rebuilt the catalogue at {to}: {count} versions, sequence {rebuilt.catalogue.sequence}\n")
