"""`deedbook convert`: a table of another model as a project of the evidence model."""

import datetime as dt
import shlex
from pathlib import Path

import click

from deedbook import models
from deedbook.cli import options, streams
from deedbook.project import Reading

_FILE = click.Path(dir_okay=False, path_type=Path)
_TO = "The model of the new project."
_MODEL = "The model whose table SOURCE is; found by its columns when left out."


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Choice((models.ALIGNMENT,)), required=True, help=_TO)
@click.option("--model", **options.one_of(models.LAYOUTS, _MODEL), default=None)
@click.option("--crosswalk", type=_FILE, help="A crosswalk of your own, in place of the one that deedbook has.")
@click.option("--name", default="", help="The name of the dataset; that of the folder when left out.")
@click.option(
    "--on",
    "day",
    type=click.DateTime(("%Y-%m-%d",)),
    metavar="DATE",
    help="The day of the conversion; today by default.",
)
@click.option("--delimiter", default="", metavar="CHARACTER", help="What separates the cells of a file; \\t is a tab.")
@click.option("--encoding", default="", metavar="NAME", help="The encoding of a file.")
@click.option("--sheet", default="", metavar="SHEET", help="The name or number of a sheet of a workbook.")
@options.quiet
@options.debug
def convert(
    source: Path,
    folder: Path,
    target: str,
    model: str | None,
    crosswalk: Path | None,
    name: str,
    day: dt.datetime | None,
    delimiter: str,
    encoding: str,
    sheet: str,
    quiet: bool,
) -> None:
    """Make a project of another model in DIR from SOURCE, a file of ucdp-ged or acled or a project of them.

    Ids and counts are kept. What has no place in the model is listed and counted, on the terminal and in CONVERSION.md; conversion.csv names the
    rows that were left out or adjusted. DIR must not exist yet, or be empty; it is complete or not there.
    """
    from deedbook.scaffold.conversion import convert, report_lines

    reading = Reading(None, "", delimiter.replace("\\t", "\t"), encoding, sheet)
    today = (day or dt.datetime.now(dt.UTC)).date()
    done = convert(
        source, folder, target=target, layout=model or "", crosswalk=crosswalk, name=name, reading=reading, day=today
    )
    if not quiet:
        streams.emit("".join(f"{line}\n" for line in report_lines(done)))
        streams.emit(f"\nmade {folder}: the dataset `{done.project.name}`\n")
        streams.emit(f"next: cd {shlex.quote(str(folder))} && deedbook validate && deedbook build\n")
