"""`deedbook init`: a dataset project that works as it is."""

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from deedbook.cli import options, streams
from deedbook.errors import ProjectError
from deedbook.models import ALIGNMENT, LAYOUTS
from deedbook.rendering.drafts import render_draft
from deedbook.rendering.escapes import visible
from deedbook.scaffold import Created, create


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", default="", help="The name of the dataset; that of the folder when left out.")
@click.option(
    "--model",
    **options.one_of(
        (ALIGNMENT, *LAYOUTS),
        "Whose tables, schemas and rules it has: those of the reference dataset, or the layout of a dataset of others.",
    ),
    default=ALIGNMENT,
    show_default=True,
)
@click.option(
    "--from",
    "sources",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Make it from files that exist: a file, a folder or a workbook; repeatable. What is no CSV becomes CSV, to the letter, with the "
    "schemas that `describe` drafts, or with --model those of the model whose columns they have.",
)
@options.quiet
@options.debug
def init(folder: Path, name: str, model: str, sources: tuple[Path, ...], quiet: bool) -> None:
    """Make a dataset project in DIR: sample tables, schemas, rules, deedbook.toml, CI workflows, a pre-commit hook.

    It passes `validate` and `build` as it is. DIR must not exist yet, or be empty; nothing is ever overwritten (exit code 4).
    """
    if sources:
        created = _create_from(sources, folder, name, model, quiet=quiet)
    else:
        created = create(folder, name=name, model=model)
    if not quiet:
        streams.emit(f"made {folder}: the dataset `{created.name}`, {len(created.files)} files\n")
        streams.emit(f"next: cd {shlex.quote(str(folder))} && deedbook validate && deedbook build\n")


def _create_from(sources: tuple[Path, ...], folder: Path, name: str, model: str, *, quiet: bool) -> Created:
    """The project of files that exist: of a model that they have the columns of, or else of drafts, which are shown."""
    from deedbook.drafts import adopt
    from deedbook.scaffold.adoption import create_filled

    with TemporaryDirectory(prefix="deedbook-") as place:
        with streams.progress_bar(quiet=quiet) as bar:
            draft = adopt(sources, Path(place), bar.update)
        for file, why in draft.undescribed.items():
            raise ProjectError(f"{file}: cannot be described: {why}", "leave it out, or mend it")
        if model != ALIGNMENT:
            created, left = create_filled(folder, model, draft, name=name)
            streams.emit("".join(f"left out: {visible(said)}\n" for said in left))
            return created
        created = create(folder, name=name, draft=draft)
    streams.emit("" if quiet else render_draft(draft) + "\n")
    return created
