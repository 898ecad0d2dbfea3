"""`deedbook init`: a dataset project that works as it is."""

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from deedbook.cli import options, streams
from deedbook.errors import ProjectError, UsageError
from deedbook.models import ALIGNMENT, LAYOUTS
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
    help="Make it from files that exist, as `describe` drafts them: a file, a folder or a workbook; repeatable.",
)
@options.quiet
@options.debug
def init(folder: Path, name: str, model: str, sources: tuple[Path, ...], quiet: bool) -> None:
    """Make a dataset project in DIR: sample tables, schemas, rules, deedbook.toml, CI workflows, a pre-commit hook.

    It passes `validate` and `build` as it is. DIR must not exist yet, or be empty; nothing is ever overwritten (exit code 4).
    """
    if sources:
        if model != ALIGNMENT:
            raise UsageError("--model and --from both say which tables it has", "leave one of them out")
        created = _create_from(sources, folder, name, quiet=quiet)
    else:
        created = create(folder, name=name, model=model)
    if not quiet:
        streams.emit(f"made {folder}: the dataset `{created.name}`, {len(created.files)} files\n")
        streams.emit(f"next: cd {shlex.quote(str(folder))} && deedbook validate && deedbook build\n")


def _create_from(sources: tuple[Path, ...], folder: Path, name: str, *, quiet: bool) -> Created:
    """The project of files that exist, whose drafts are shown."""
    from deedbook.drafts import adopt
    from deedbook.rendering.drafts import render_draft

    with TemporaryDirectory(prefix="deedbook-") as place:
        with streams.progress_bar(quiet=quiet) as bar:
            draft = adopt(sources, Path(place), bar.update)
        for file, why in draft.undescribed.items():
            raise ProjectError(f"{file}: cannot be described: {why}", "leave it out, or mend it")
        created = create(folder, name=name, draft=draft)
    streams.emit("" if quiet else render_draft(draft) + "\n")
    return created
