"""Where the report of a validation goes, and how it is written there: the options, what they say, and what does it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from deedbook import rendering
from deedbook.cli import options, streams
from deedbook.errors import UsageError
from deedbook.findings import Report
from deedbook.project import Project
from deedbook.rendering import View, text
from deedbook.rendering.data import read_counts

_FILE = click.Path(dir_okay=False, path_type=Path)


def output(text: str) -> tuple[str, Path]:
    """The format and the file that a text such as `html=report.html` names."""
    format_, _, file = text.partition("=")
    if format_ not in rendering.REPORT_FORMATS or not file:
        known = ", ".join(rendering.REPORT_FORMATS)
        raise click.BadParameter(f"{text!r} is no FORMAT=FILE, such as html=report.html; the formats are {known}")
    return format_, Path(file)


_OPTIONS = (
    options.format_(
        tuple(rendering.REPORT_FORMATS),
        "How the report is written; github writes workflow commands, markdown a job summary, concise lines for editors.",
    ),
    click.option("-o", "--output", "file", type=_FILE, help="Write the report to this file instead of to stdout."),
    click.option(
        "--also",
        type=output,
        multiple=True,
        metavar="FORMAT=FILE",
        help="Also write the report in this format to this file; repeatable.",
    ),
    click.option(
        "--by", default="", metavar="COLUMN", help="With html: also count by what COLUMN holds, such as the coder."
    ),
    click.option("--earlier", type=_FILE, help="With html: an earlier report (json), to say what changed since."),
    click.option(
        "--summary", type=_FILE, help="Also append the report in Markdown to this file, such as a job summary."
    ),
)
_NAMES = ("format_", "file", "also", "by", "earlier", "summary")


def outputs(command: options.F) -> options.F:
    """The options that `Outputs.of` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a report goes.

    Attributes:
        format_: How it is written to `file`, or to stdout when that is None.
        also: Formats and files besides.
        summary: The file that gets it in Markdown at its end.
        view: What the HTML shows besides.
    """

    format_: str
    file: Path | None
    also: tuple[tuple[str, Path], ...]
    summary: Path | None
    view: View

    @classmethod
    def of(cls, given: dict[str, Any]) -> Outputs:
        """What the options of `outputs` say, which are taken out of those that are given.

        Raises:
            UsageError: when stdout cannot take the format, or the earlier report cannot be read.
        """
        format_, file, also, by, earlier, summary = map(given.pop, _NAMES)
        if file is None and format_ in rendering.SHOW_TABLES:
            raise UsageError(f"{format_} is a file of its own", f"add --output FILE.{format_}")
        counts = None if earlier is None else read_counts(streams.read(earlier))
        return cls(format_, file, also, summary, View(by=by, earlier=counts))

    def write(self, report: Report, project: Project, folder: Path, *, is_silent: bool) -> None:
        """Puts the report everywhere; where all is well and talk is unwanted, stdout gets no text for people.

        Args:
            report: What was found.
            project: In what.
            folder: That of its tables, where people edit them.
            is_silent: Whether all is well and talk is unwanted.
        """
        view = replace(self.view, folder=streams.folder_of(folder), name=project.package.name)
        for format_, file in self.also:
            streams.write(file, rendered(report, format_, project, view))
        if self.file is not None:
            streams.write(self.file, rendered(report, self.format_, project, view))
            if not is_silent:
                streams.say(f"{text.summary_line(report)} ({self.file})")
        elif not (is_silent and self.format_ == "text"):
            here = streams.view()
            said = rendered(report, self.format_, project, replace(view, width=here.width, color=here.color))
            streams.emit(said.decode(), is_data=self.format_ in rendering.DATA_FORMATS)
        if self.summary is not None:
            streams.append(self.summary, rendering.render(report, "markdown", rendering.PLAIN))


def rendered(report: Report, format_: str, project: Project, view: View) -> bytes:
    """The report in a format as the bytes of a file, with the rows or tables that it shows."""
    from deedbook.reading.excerpts import read_excerpts, read_files

    if format_ in rendering.SHOW_ROWS:
        view = replace(view, rows=read_excerpts(project.package, report.findings))
    if format_ in rendering.SHOW_TABLES:
        view = replace(view, tables=read_files(project.package))
    return rendering.render_file(report, format_, view)
