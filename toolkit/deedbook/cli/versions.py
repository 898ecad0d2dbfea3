"""`deedbook versions`: lists what is published in a catalogue."""

import json
from pathlib import Path
from typing import Literal

import click

from deedbook.catalogue.documents import dataset_record
from deedbook.catalogue.records import Catalogue, Dataset
from deedbook.cli import options, streams
from deedbook.errors import DONE, UsageError
from deedbook.fetching.catalogues import open_catalogue
from deedbook.fetching.locations import find_home, read_location
from deedbook.project import load_project
from deedbook.release.pages import size
from deedbook.rendering.escapes import visible

Format = Literal["text", "json"]


@click.command()
@click.argument("name", required=False, default="")
@click.option("-t", "--to", metavar="TARGET", help="The catalogue of a [targets.TARGET] in deedbook.toml.")
@click.option("--from", "location", metavar="CATALOGUE", help="The root of a catalogue; needs no project.")
@options.project
@options.format_(["text", "json"], "How the versions are written.")
@options.debug
@click.pass_context
def versions(ctx: click.Context, name: str, to: str | None, location: str | None, root: Path, format_: Format) -> None:
    """List the published versions of dataset NAME, newest first; of all datasets without a name."""
    if (to is None) == (location is None):
        hint = "name it with --from CATALOGUE, or a target of the project with --to TARGET"
        raise UsageError("which catalogue?", hint)
    with streams.progress_bar(quiet=False):
        if location is not None:
            opened = open_catalogue(read_location(location), find_home())
            options.warn(opened.age())
            found = opened.catalogue
        else:
            from deedbook.publishing.targets import read_hosted

            found = read_hosted(load_project(root), str(to)).read() or Catalogue()
    if name not in {"", *found.datasets}:
        there = ", ".join(found.datasets) or "none"
        raise UsageError(f"the catalogue has no dataset {name}", f"the datasets there are {there}")
    datasets = [found.datasets[name]] if name else list(found.datasets.values())
    if format_ == "json":
        record = {"versions_version": 1, "datasets": {one.name: dataset_record(one) for one in datasets}}
        text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    else:
        text = "\n".join(map(_as_text, datasets)) or "nothing is published there\n"
    streams.emit(text)
    ctx.exit(DONE)


def _as_text(dataset: Dataset) -> str:
    """A line per version below the name of the dataset."""
    width = max((len(entry.version) for entry in dataset.versions), default=0)
    lines = [f"{dataset.name}  {visible(dataset.title)}"]
    for entry in dataset.versions:
        state = "latest" if entry.version == dataset.latest else entry.state
        line = f"  {entry.version:<{width}}  {state:<10}  {entry.created[:10]}  {size(entry.bytes):>9}"
        doi, instead = f"doi:{entry.doi}" if entry.doi else "", f"use {entry.replaced_by}" if entry.replaced_by else ""
        lines.append("  ".join(filter(None, (line, visible(doi), visible(entry.reason or ""), instead))))
    return "".join(f"{line}\n" for line in lines)
