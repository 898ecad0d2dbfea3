"""`deedbook plan`: the next release, without building it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from deedbook.checking.rules import load_book
from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS, UsageError
from deedbook.project import Project, load_project
from deedbook.release.citation import reserved_doi
from deedbook.release.derivations import tell_memory
from deedbook.release.derived import derived_changes
from deedbook.release.documents import forecast
from deedbook.rendering import plan as views
from deedbook.rules.guard import Guard, Releases
from deedbook.versioning import plan as plans


def _release_day(_ctx: click.Context, _option: click.Parameter, date: dt.datetime | None) -> dt.date:
    """The day that is given, else today: the only place where a release asks a clock."""
    today = dt.datetime.now(dt.UTC).date()
    day = date.date() if date else today
    if day > today + dt.timedelta(days=366):
        raise UsageError(f"{day} lies more than a year ahead", "give the day of the release as --date YYYY-MM-DD")
    return day


@click.command()
@options.target
@options.format_(list(views.RENDERERS), "How the plan is written.")
@click.option("--version", "wanted", metavar="VERSION", default="", help="A higher version than the changes ask for.")
@click.option(
    "--override", metavar="REASON", default="", help="Go below what the changes ask for; the release says why."
)
@click.option("--write", is_flag=True, help="Put version, created and deedbook.previous into the descriptor.")
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_release_day,
    help="The release date for --write; today when left out.",
)
@click.option(
    "--reserve",
    metavar="TARGET",
    default="",
    help="With --write: reserve the version's DOI there, so that it stands in its files.",
)
@click.option("--write-corrections", is_flag=True, help="Draft the rows of corrections.csv that still need a reason.")
@options.memory
@options.quiet
@options.debug
@click.pass_context
def plan(
    ctx: click.Context,
    target: Path,
    format_: str,
    wanted: str,
    override: str,
    write: bool,
    day: dt.date,
    reserve: str,
    write_corrections: bool,
    memory: int,
    quiet: bool,
) -> None:
    """Show the next release of the project: its version, which changes ask for it, and what is missing.

    Nothing is written without --write or --write-corrections, nor where the version is too low or the date lies before that of the previous
    release. The data itself is checked by `validate` and `build`.

    Exits with 0 when nothing stands in the way, or there is nothing to release, and with 1 otherwise.
    """
    if reserve and not write:
        raise UsageError("--reserve needs --write: a DOI that is reserved has to be noted", "add --write")
    project = load_project(target)
    if write:
        project = replace(project, package=replace(project.package, created=day.isoformat()))
    with streams.progress_bar(quiet=quiet) as bar:
        guards, derived = own_code(project, memory)
        planned = plans.plan(
            project,
            version=wanted,
            override=override,
            guards=guards,
            derived=derived,
            memory=memory,
            progress=bar.update,
        )
    for name in plans.unasked_targets(project):
        streams.say(f"{name} was not asked which versions it has: `deedbook publish --to {name}` does")
    written = _write(project, planned, day, reserve, is_planned=write, is_drafted=write_corrections)
    if not quiet or not planned.is_ready:
        streams.emit(views.RENDERERS[format_](planned, forecast(project, planned.verdict)))
    for said in written if not quiet else ():
        streams.say(said)
    ctx.exit(DONE if planned.is_ready else FINDINGS)


def _write(
    project: Project, planned: plans.Plan, day: dt.date, reserve: str, *, is_planned: bool, is_drafted: bool
) -> list[str]:
    """Writes what was asked for into the descriptor and corrections.csv; what is to be said of the plan in the end."""
    if not planned.may_be_written:
        return []
    if is_planned:
        plans.write_plan(project, planned, day, _reserved(project, planned, reserve, day) if reserve else None)
    if is_drafted and planned.verdict:
        left = plans.write_drafts(project, planned)
        streams.say(views.render_drafted(left))
    return [f"{project.package.path}: version {planned.version} planned"] * is_planned


def own_code(project: Project, memory: int) -> tuple[Sequence[Guard[Releases]], plans.Derived | None]:
    """The project's own rules between releases, and what it derives: its files are code, and run where one works on it."""
    if "dataset" not in project.rule_files:
        return (), None
    if not project.is_here:
        streams.say("the project's own rules between releases were not asked: plan inside the project")
        return (), None
    book = load_book(project)
    tell_memory(project, book, memory)
    return book.guards, partial(derived_changes, project, book)


def _reserved(project: Project, planned: plans.Plan, name: str, day: dt.date) -> dict[str, str]:
    """The DOI for the planned version; the same one if it was asked for before."""
    from deedbook.publishing.targets import read_target, zenodo

    target = read_target(project, name)
    if not isinstance(target, zenodo.Zenodo):
        raise UsageError(f"a {target.kind} target gives no DOI", "name a target of the type zenodo")
    known = reserved_doi(project.package, planned.version)
    found = target.reserve(planned.name, planned.version, day.isoformat(), known=known)
    streams.say(f"{found['doi']} is reserved for {planned.name} {planned.version}")
    return found
