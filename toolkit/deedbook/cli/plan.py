"""`deedbook plan`: the next release, without building it."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Literal, TypedDict

import click

from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS, UsageError
from deedbook.project import Project, load_project
from deedbook.release.citation import reserved_doi
from deedbook.release.derived import derived_changes
from deedbook.release.documents import forecast
from deedbook.rendering.plan import render_plan, render_plan_json, render_plan_markdown
from deedbook.rules.guard import Guard, Releases
from deedbook.versioning import plan as plans
from deedbook.versioning.plan import Derived, Plan

Format = Literal["text", "json", "markdown"]


class OwnCode(TypedDict, total=False):
    """What of a project's code takes part in a plan."""

    guards: tuple[Guard[Releases], ...]
    derived: Derived


@click.command()
@options.target
@options.format_(["text", "json", "markdown"], "How the plan is written.")
@click.option("--version", "wanted", metavar="VERSION", default="", help="A higher version than the changes ask for.")
@click.option(
    "--override", metavar="REASON", default="", help="Go below what the changes ask for; the release says why."
)
@click.option("--write", is_flag=True, help="Put version, created and deedbook.previous into the descriptor.")
@click.option(
    "--date", "date", type=click.DateTime(["%Y-%m-%d"]), help="The release date for --write; today when left out."
)
@click.option(
    "--reserve",
    metavar="TARGET",
    default="",
    help="With --write: reserve the version's DOI there, so that it stands in its files.",
)
@click.option("--write-corrections", is_flag=True, help="Draft the rows of corrections.csv that still need a reason.")
@options.quiet
@options.debug
@click.pass_context
def plan(
    ctx: click.Context,
    target: Path,
    format_: Format,
    wanted: str,
    override: str,
    write: bool,
    date: dt.datetime | None,
    reserve: str,
    write_corrections: bool,
    quiet: bool,
) -> None:
    """Show the next release of the project: its version, which changes ask for it, and what is missing.

    Nothing is written without --write or --write-corrections. The data itself is checked by `validate` and `build`.

    Exits with 0 when nothing stands in the way, or there is nothing to release, and with 1 otherwise.
    """

    if reserve and not write:
        raise UsageError("--reserve needs --write: a DOI that is reserved has to be noted", "add --write")
    project = load_project(target)
    with streams.progress_bar(quiet=quiet) as bar:
        planned = plans.plan(project, version=wanted, override=override, progress=bar.update, **_own_code(project))
    writes = write and not planned.is_nothing
    if writes:
        day = date.date() if date else _today()
        doi = _reserved(project, planned, reserve, day) if reserve else None
        plans.write_plan(project, planned, day, doi)
    if write_corrections and planned.verdict and not planned.is_nothing:
        left = plans.write_drafts(project, planned)
        streams.say(f"corrections.csv: {left:,} rows still need a reason")
    if not quiet or not planned.is_ready:
        streams.emit(_rendered(project, planned, format_))
    if writes and not quiet:
        streams.say(f"{project.package.path}: version {planned.version} planned")
    ctx.exit(DONE if planned.is_ready else FINDINGS)


def _own_code(project: Project) -> OwnCode:
    """The project's own rules between releases, and what it derives: its files are code, and run where one works on it."""
    if "dataset" not in project.rule_files:
        return {}
    if not project.is_here:
        streams.say("the project's own rules between releases were not asked: plan inside the project")
        return {}
    from deedbook.checking.rules import load_rules
    from deedbook.checking.settings import read_settings

    book = load_rules(project.rule_files, read_settings(project))
    return {"guards": book.guards, "derived": partial(derived_changes, project, book.derive)}


def _rendered(project: Project, planned: Plan, format_: Format) -> str:

    files = forecast(project, planned.verdict)
    match format_:
        case "text":
            return render_plan(planned, files)
        case "json":
            return render_plan_json(planned, files)
        case "markdown":
            return render_plan_markdown(planned)


def _reserved(project: Project, planned: Plan, name: str, day: dt.date) -> dict[str, str]:
    """The DOI for the planned version; the same one if it was asked for before."""
    from deedbook.publishing.targets import read_target
    from deedbook.publishing.targets.zenodo import Zenodo

    target = read_target(project, name)
    if not isinstance(target, Zenodo):
        raise UsageError(f"a {target.kind} target gives no DOI", "name a target of the type zenodo")
    known = reserved_doi(project.package, planned.version)
    found = target.reserve(planned.name, planned.version, day.isoformat(), known=known)
    streams.say(f"{found['doi']} is reserved for {planned.name} {planned.version}")
    return found


def _today() -> dt.date:
    """The only place where a clock is read."""
    return dt.datetime.now(dt.UTC).date()
