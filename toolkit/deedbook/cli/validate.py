"""`deedbook validate`: names every mistake in the tables at its row and field."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from deedbook import models, rendering
from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS, DeedbookError, UsageError
from deedbook.findings import Report, with_findings
from deedbook.project import Project, Reading, load_project
from deedbook.rendering import View, text
from deedbook.rendering.data import read_counts

if TYPE_CHECKING:
    from deedbook.cluster import Spark

_FILE = click.Path(dir_okay=False, path_type=Path)
_PAUSE = 0.5
"""Seconds between two looks at the files: sooner than a person looks up from the editor, and nothing for a processor."""


def output(text: str) -> tuple[str, Path]:
    """The format and the file that a text such as `html=report.html` names."""
    format_, _, file = text.partition("=")
    if format_ not in rendering.REPORT_FORMATS or not file:
        known = ", ".join(rendering.REPORT_FORMATS)
        raise click.BadParameter(f"{text!r} is no FORMAT=FILE, such as html=report.html; the formats are {known}")
    return format_, Path(file)


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
@options.format_(
    tuple(rendering.REPORT_FORMATS),
    "How the report is written; github writes workflow commands, markdown a job summary, concise lines for editors.",
)
@click.option("-o", "--output", "file", type=_FILE, help="Write the report to this file instead of to stdout.")
@click.option(
    "--also",
    type=output,
    multiple=True,
    metavar="FORMAT=FILE",
    help="Also write the report in this format to this file; repeatable.",
)
@click.option(
    "--by", default="", metavar="COLUMN", help="With html: also count by what COLUMN holds, such as the coder."
)
@click.option("--earlier", type=_FILE, help="With html: an earlier report (json), to say what changed since.")
@click.option("--summary", type=_FILE, help="Also append the report in Markdown to this file, such as a job summary.")
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
@click.option(
    "--engine",
    **options.one_of(("local", "spark"), "What reads the tables: this machine, or with --master a Spark cluster."),
    default="local",
)
@click.option(
    "--master",
    default="",
    metavar="URL",
    help="With --engine spark: the cluster, such as sc://HOST:15002; its executors read the same paths.",
)
@click.option("--allow-network", is_flag=True, help="Read tables that the descriptor names by URL.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads; as many as help when not given.")
@options.quiet
@options.debug
@click.pass_context
def validate(
    ctx: click.Context,
    /,
    target: Path,
    schema: Path | None,
    model: str | None,
    delimiter: str,
    encoding: str,
    sheet: str,
    format_: str,
    file: Path | None,
    also: tuple[tuple[str, Path], ...],
    by: str,
    earlier: Path | None,
    summary: Path | None,
    no_rules: bool,
    trust_rules: bool,
    tables: tuple[str, ...],
    strict: bool,
    no_cache: bool,
    staged: bool,
    watch: bool,
    quiet: bool,
    engine: str,
    master: str,
    **chosen: Any,
) -> None:
    """Name every mistake in the tables of TARGET at its row and field.

    TARGET (the current folder when left out) is a folder with deedbook.toml or datapackage.json, a .json or .yaml descriptor,
    or a data file: of a project, or together with --schema or --model; - is a data file that is piped in.

    Exits with 0 when the data may be published and with 1 when it has errors.
    """
    if watch:
        _watch(ctx, target, schema, is_file=model is not None)
    from deedbook import validation

    reading = Reading(schema, "", delimiter.replace("\\t", "\t"), encoding, sheet)
    if model is not None:
        if schema is not None:
            raise UsageError("--schema and --model both say what the file is", "leave one of them out")
        name, tables = (*tables, "")[0], ()
        reading = replace(reading, name=name, model=models.folder_of(model))
    chosen |= {
        "rules": not no_rules,
        "cache": not (no_cache or staged),
        "tables": tables,
        "trust_rules": trust_rules or model is not None,
    }
    if file is None and format_ in rendering.SHOW_TABLES:
        raise UsageError(f"{format_} is a file of its own", f"add --output FILE.{format_}")
    counts = None if earlier is None else read_counts(streams.read(earlier))
    with ExitStack() as stack:
        spark = stack.enter_context(open_cluster(engine, master, **chosen))
        path = stack.enter_context(streams.piped_data(target, schema or reading.model))
        opened = _staged(path, reading, stack) if staged else (load_project(path, reading), None, False)
        project, tables_in, is_trusted = opened
        chosen["trust_rules"] |= is_trusted
        with streams.progress_bar(quiet=quiet) as bar:
            if project.config is not None and project.has_releases:
                from deedbook.versioning.previous import demand_one_beginning

                demand_one_beginning(project)
            wrong = models.misfit(project.package.resources[0], model) if model else None
            if wrong is None:
                report = validation.validate(project, validation.Options(**chosen), bar.update, engine=spark)
            else:
                report = with_findings(Report(), [wrong])
        code = DONE if report.passes(strict=strict) else FINDINGS
        view = View(
            folder=streams.folder_of(tables_in or project.package.root),
            name=project.package.name,
            by=by,
            earlier=counts,
        )
        for name, other in also:
            streams.write(other, rendered(report, name, project, view))
        give(report, format_, file, project, view, is_silent=quiet and code == DONE)
    if summary is not None:
        streams.append(summary, rendering.render(report, "markdown", rendering.PLAIN))
    if strict and not quiet and (complaint := text.strict_complaint(report)):
        streams.say(complaint)
    ctx.exit(code)


@contextmanager
def open_cluster(engine: str, master: str, *, findings_file: Path | None, **_other: Any) -> Iterator[Spark | None]:
    """The engine on a cluster; None for this machine.

    Raises:
        UsageError: when what was asked does not fit together.
    """
    if bool(master) != (engine == "spark"):
        problem = "--engine spark needs the address of a cluster" if engine == "spark" else "--master is for a cluster"
        raise UsageError(problem, "give both --engine spark and --master sc://HOST:PORT")
    if engine == "local":
        yield None
        return
    if findings_file:
        raise UsageError("--findings is written on one machine only", "leave it out, or leave --engine spark out")
    from deedbook.cluster import open_engine

    with open_engine(master) as spark:
        yield spark


def _staged(target: Path, reading: Reading, stack: ExitStack) -> tuple[Project, Path, bool]:
    """What git has staged of the project at or above a target, the folder of its tables, and whether one works in it."""
    from deedbook.changes.sources import staged_project

    if reading.schema or reading.model:
        raise UsageError("--staged is about a project, not about a file", "leave --schema and --model out")
    project, root = staged_project(target, stack)
    folder = root / project.package.root.relative_to(project.root)
    return project, folder, Path.cwd().resolve().is_relative_to(root)


def _watch(ctx: click.Context, target: Path, schema: Path | None, *, is_file: bool) -> NoReturn:
    """Validates now and whenever a file of the target changes; ctrl-C ends it."""
    if str(target) == "-":
        raise UsageError("data that is piped in cannot be watched", "name its file")
    watched = [target, schema] if is_file or schema else None
    outputs = [
        *(ctx.params[name] for name in ("file", "summary", "findings_file")),
        *(path for _, path in ctx.params["also"]),
    ]
    written = {path.absolute() for path in outputs if path}
    seen: dict[Path, tuple[int, int]] = {}
    while True:
        files = filter(None, watched) if watched else _files_of(target)
        states = {path: state for path in files if path.absolute() not in written and (state := _state(path))}
        if states != seen:
            seen = states
            _again(ctx)
            streams.say(f"watching {target} (ctrl-C ends it)")
        time.sleep(_PAUSE)


def _again(ctx: click.Context) -> None:
    """One validation of those of `--watch`; what stops it is said, and does not stop the next one."""
    try:
        ctx.invoke(validate, **{**ctx.params, "watch": False})
    except click.exceptions.Exit:
        pass
    except DeedbookError as error:
        streams.say(f"deedbook: {error.message}\n  {error.hint}")


def _files_of(target: Path) -> Iterator[Path]:
    """The files of a project, but for hidden ones and releases."""
    for folder, inner, names in os.walk(target if target.is_dir() else target.parent):
        inner[:] = [name for name in inner if not name.startswith((".", "__")) and name != "dist"]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


def _state(path: Path) -> tuple[int, int] | None:
    """When a file was written and how long it is; None when it is gone, as for a moment while an editor saves it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def give(report: Report, format_: str, file: Path | None, project: Project, view: View, *, is_silent: bool) -> None:
    """The report in a file, or on stdout; where all is well and talk is unwanted, text for people is left out."""
    if file is not None:
        streams.write(file, rendered(report, format_, project, view))
        if not is_silent:
            streams.say(f"{text.summary_line(report)} ({file})")
    elif not (is_silent and format_ == "text"):
        here = streams.view()
        said = rendered(report, format_, project, replace(view, width=here.width, color=here.color))
        streams.emit(said.decode(), is_data=format_ in rendering.DATA_FORMATS)


def rendered(report: Report, format_: str, project: Project, view: View) -> bytes:
    """The report in a format as the bytes of a file, with the rows or tables that it shows."""
    from deedbook.reading.excerpts import read_excerpts, read_files

    if format_ in rendering.SHOW_ROWS:
        view = replace(view, rows=read_excerpts(project.package, report.findings))
    if format_ in rendering.SHOW_TABLES:
        view = replace(view, tables=read_files(project.package))
    return rendering.render_file(report, format_, view)
