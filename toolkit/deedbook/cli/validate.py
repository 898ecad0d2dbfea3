"""`deedbook validate`: names every mistake in the tables at its row and field."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from deedbook import models
from deedbook.cli import options, reports, streams
from deedbook.cli.engines import open_cluster
from deedbook.cli.reports import Outputs
from deedbook.cli.watch import watch as watch_
from deedbook.errors import DONE, FINDINGS, UsageError
from deedbook.findings import Report, with_findings
from deedbook.project import Project, Reading, load_project
from deedbook.rendering import text

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@options.target
@click.option("--schema", type=_FILE, help="The Table Schema of a data file that no project describes.")
@click.option(
    "--delimiter",
    default="",
    metavar="CHARACTER",
    help="With --schema or --model: what separates its cells; \\t is a tab.",
)
@click.option("--encoding", default="", metavar="NAME", help="With --schema or --model: the encoding of the file.")
@click.option(
    "--sheet",
    default="",
    metavar="SHEET",
    help="With --schema or --model: the name or number of a sheet of a workbook.",
)
@click.option(
    "--model",
    **options.one_of(
        models.LAYOUTS,
        "The model whose table a data file is, in place of --schema; --table says which when it has several.",
    ),
)
@reports.outputs
@click.option(
    "--max-findings",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Findings shown of each table, rule and column; totals are exact all the same.",
)
@click.option(
    "--findings",
    "findings_file",
    type=_FILE,
    help="Write all findings to this .parquet or .csv file, in no promised order.",
)
@click.option("-t", "--table", "tables", multiple=True, metavar="TABLE", help="Report on this table only; repeatable.")
@click.option("--strict", is_flag=True, help="Unwaived warnings, and declarations that were not checked, fail too.")
@click.option("--lenient", is_flag=True, help="Accept what frictionless-py accepts.")
@click.option("--select", multiple=True, metavar="RULE", help="Run these rules of rule files only; * may stand in it.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Leave these rules of rule files out; repeatable.")
@click.option("--no-rules", is_flag=True, help="Check tables against their schemas only.")
@options.trust_rules
@click.option(
    "--memory", type=options.size, default="512M", show_default=True, help="Memory for keys; more goes to disk."
)
@click.option(
    "--max-unpacked",
    type=options.size,
    default="16G",
    show_default=True,
    help="Size to which one compressed file may unpack.",
)
@click.option(
    "--no-cache", is_flag=True, help="Read every table again, also one that did not change since the last time."
)
@click.option(
    "--staged", is_flag=True, help="Validate what git has staged, which the next commit will hold; for hooks."
)
@click.option(
    "--watch", is_flag=True, help="Validate again whenever a file of the project changes, until it is stopped."
)
@options.engine
@click.option("--allow-network", is_flag=True, help="Read tables that the descriptor names by URL.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads; as many as help when not given.")
@options.quiet
@options.debug
@click.pass_context
def validate(
    ctx: click.Context,
    /,
    target: Path,
    model: str | None,
    tables: tuple[str, ...],
    no_rules: bool,
    trust_rules: bool,
    no_cache: bool,
    staged: bool,
    watch: bool,
    strict: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Name every mistake in the tables of TARGET at its row and field.

    TARGET (the current folder when left out) is a folder with deedbook.toml or datapackage.json, a .json or .yaml descriptor,
    or a data file: of a project, or together with --schema or --model; - is a data file that is piped in.

    Exits with 0 when the data may be published and with 1 when it has errors.
    """
    if watch:
        watch_(ctx)
    from deedbook import validation

    reading, outputs = _reading(given, model, next(iter(tables), "")), Outputs.of(given)
    engine, master = given.pop("engine"), given.pop("master")
    how = validation.Options(
        **given, rules=not no_rules, cache=not (no_cache or staged), tables=() if model else tables
    )
    with ExitStack() as stack:
        spark = stack.enter_context(open_cluster(engine, master, how.findings_file))
        path = stack.enter_context(streams.piped_data(target, reading.schema or reading.model))
        opened = _staged(path, reading, stack) if staged else (load_project(path, reading), None, False)
        project, tables_in, is_trusted = opened
        how = replace(how, trust_rules=trust_rules or is_trusted or model is not None)
        with streams.progress_bar(quiet=quiet) as bar:
            if project.config is not None and project.has_releases:
                from deedbook.versioning.previous import demand_one_beginning

                demand_one_beginning(project)
            if model and (wrong := models.misfit(project.package.resources[0], model)):
                report = with_findings(Report(), [wrong])
            else:
                report = validation.validate(project, how, bar.update, engine=spark)
        code = DONE if report.passes(strict=strict) else FINDINGS
        outputs.write(report, project, tables_in or project.package.root, is_silent=quiet and code == DONE)
    if strict and not quiet and (complaint := text.strict_complaint(report)):
        streams.say(complaint)
    ctx.exit(code)


def _reading(given: dict[str, Any], model: str | None, table: str) -> Reading:
    """How a data file that no project describes is read; the options that say so are taken out of those that are given."""
    schema, delimiter, encoding, sheet = (given.pop(name) for name in ("schema", "delimiter", "encoding", "sheet"))
    reading = Reading(schema, "", delimiter.replace("\\t", "\t"), encoding, sheet)
    if model is None:
        return reading
    if schema is not None:
        raise UsageError("--schema and --model both say what the file is", "leave one of them out")
    return replace(reading, name=table, model=models.folder_of(model))


def _staged(target: Path, reading: Reading, stack: ExitStack) -> tuple[Project, Path, bool]:
    """What git has staged of the project at or above a target, the folder of its tables, and whether one works in it."""
    from deedbook.changes.sources import staged_project

    if reading.schema or reading.model:
        raise UsageError("--staged is about a project, not about a file", "leave --schema and --model out")
    project, root = staged_project(target, stack)
    folder = root / project.package.root.relative_to(project.root)
    return project, folder, Path.cwd().resolve().is_relative_to(root)
