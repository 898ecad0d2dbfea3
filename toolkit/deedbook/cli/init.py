"""`deedbook init`: a dataset project that works as it is."""

import shlex
from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.models import ALIGNMENT, LAYOUTS


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", default="", help="The name of the dataset; that of the folder when left out.")
@click.option(
    "--model",
    type=click.Choice((ALIGNMENT, *LAYOUTS)),
    default=ALIGNMENT,
    show_default=True,
    help="Whose tables, schemas and rules it has: those of the reference dataset, or the layout of a dataset of others.",
)
@options.quiet
@options.debug
def init(folder: Path, name: str, model: str, quiet: bool) -> None:
    """Make a dataset project in DIR: sample tables, schemas, rules, deedbook.toml, CI workflows, a pre-commit hook.

    It passes `validate` and `build` as it is. DIR must not exist yet, or be empty; nothing is ever overwritten (exit code 4).
    """
    from deedbook.scaffold import create

    created = create(folder, name=name, model=model)
    if not quiet:
        streams.emit(f"made {folder}: the dataset `{created.name}`, {len(created.files)} files\n")
        streams.emit(f"next: cd {shlex.quote(str(folder))} && deedbook validate && deedbook build\n")
