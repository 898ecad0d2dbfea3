"""`deedbook validate`: names every mistake in the tables at its row and field."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from deedbook.cli import options, output
from deedbook.cli.piping import kept
from deedbook.cli.policy import exit_code, strict_complaint
from deedbook.cli.progress import progress_bar

if TYPE_CHECKING:
    from deedbook.findings import Report
    from deedbook.project import Project

Format = Literal["text", "json", "frictionless", "github", "markdown", "junit"]
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@options.target
@click.option("--schema", type=_FILE, help="The Table Schema of a data file.")
@click.option(
    "-f",
    "--format",
    "format_",
    type=click.Choice(["text", "json", "frictionless", "github", "markdown", "junit"]),
    default="text",
    show_default=True,
    help="How the report is written; github writes workflow commands, markdown a job summary.",
)
@click.option("-o", "--output", "file", type=_FILE, help="Write the report to this file instead of to stdout.")
@click.option("--summary", type=_FILE, help="Also append the report in Markdown to this file, such as a job summary.")
@click.option(
    "--max-findings",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Findings shown of each table, rule and column; totals are exact all the same.",
)
@click.option("--findings", type=_FILE, help="Write all findings to this .parquet or .csv file, in no promised order.")
@click.option("-t", "--table", "tables", multiple=True, metavar="TABLE", help="Report on this table only; repeatable.")
@click.option("--strict", is_flag=True, help="Unwaived warnings, and declarations that were not checked, fail too.")
@click.option("--lenient", is_flag=True, help="Accept what frictionless-py accepts.")
@click.option("--no-rules", is_flag=True, help="Check tables against their schemas only.")
@options.trust_rules
@click.option(
    "--memory", type=options.Size(), default="512M", show_default=True, help="Memory for keys; more goes to disk."
)
@click.option(
    "--max-unpacked",
    type=options.Size(),
    default="16G",
    show_default=True,
    help="Size to which one compressed file may unpack.",
)
@click.option("--allow-network", is_flag=True, help="Read tables that the descriptor names by URL.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads; as many as help when not given.")
@options.quiet
@options.debug
@click.pass_context
def validate(
    ctx: click.Context,
    target: Path,
    schema: Path | None,
    format_: Format,
    file: Path | None,
    summary: Path | None,
    max_findings: int,
    findings: Path | None,
    tables: tuple[str, ...],
    strict: bool,
    lenient: bool,
    no_rules: bool,
    trust_rules: bool,
    memory: int,
    max_unpacked: int,
    allow_network: bool,
    workers: int | None,
    quiet: bool,
) -> None:
    """Name every mistake in the tables of TARGET at its row and field.

    TARGET (the current folder when left out) is a folder with deedbook.toml or datapackage.json, a .json or .yaml descriptor,
    or a data file together with --schema; - is a data file that is piped in.

    Exits with 0 when the data may be published and with 1 when it has errors.
    """
    from deedbook import validation
    from deedbook.project import load_project

    chosen = validation.Options(
        max_findings=max_findings,
        tables=tables,
        rules=not no_rules,
        trust_rules=trust_rules,
        lenient=lenient,
        workers=workers,
        memory=memory,
        max_unpacked=max_unpacked,
        findings_file=findings,
        allow_network=allow_network,
    )
    with kept(target, schema) as path, progress_bar(quiet=quiet) as bar:
        project = load_project(path, schema=schema)
        report = validation.validate(project, chosen, bar.bytes_read)
    code = exit_code(report, strict=strict)
    if summary is not None:
        output.append(summary, _rendered(report, "markdown", "", width=None, color=False))
    _deliver(report, format_, file, _folder(project), silent=quiet and code == 0)
    if strict and not quiet and (complaint := strict_complaint(report)):
        output.say(complaint)
    ctx.exit(code)


def _folder(project: Project) -> str:
    """The folder of the tables as seen from the root of the repository that a CI checked out, or from here."""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    tables = project.package.root.resolve()
    return tables.relative_to(top).as_posix() if tables.is_relative_to(top) else project.package.root.as_posix()


def _deliver(report: Report, format_: Format, file: Path | None, folder: str, *, silent: bool) -> None:
    """Writes the report where it was asked for; a report in a file is summed up on stderr."""
    if file is None and (format_ != "text" or not silent):
        output.emit(_rendered(report, format_, folder, width=output.terminal_width(), color=output.wants_color()))
    elif file is not None:
        output.write(file, _rendered(report, format_, folder, width=None, color=False))
        if not silent:
            from deedbook.rendering import text

            output.say(f"{text.summary_line(report)} ({file})")


def _rendered(report: Report, format_: Format, folder: str, *, width: int | None, color: bool) -> str:
    match format_:  # each imports what it needs alone: JUnit's escapes import the whole of urllib
        case "text":
            from deedbook.rendering import text

            return text.render(report, width=width, color=color)
        case "json":
            from deedbook.rendering import json

            return json.render(report)
        case "frictionless":
            from deedbook.rendering import frictionless

            return frictionless.render(report)
        case "github":
            from deedbook.rendering import github

            return github.render(report, folder=folder)
        case "markdown":
            from deedbook.rendering import markdown

            return markdown.render(report)
        case "junit":
            from deedbook.rendering import junit

            return junit.render(report)
