"""Views of what the toolkit found: pure functions from records to text.

A format of a report is a function `render_NAME(report, view)` of a module here, and one entry of `REPORT_FORMATS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from deedbook.findings import Excerpt

if TYPE_CHECKING:
    from deedbook.findings import Finding, Place, Report

REPORT_FORMATS = {
    "text": "text",
    "concise": "locations",
    "json": "data",
    "frictionless": "data",
    "github": "locations",
    "markdown": "pages",
    "junit": "pages",
    "csv": "data",
    "html": "html",
    "sarif": "issues",
    "gitlab": "issues",
    "xlsx": "workbook",
}
"""Formats of a report, each with the module that renders it; the first is the default."""
DATA_FORMATS = frozenset({"json", "frictionless", "junit", "csv", "html", "sarif", "gitlab"})
"""Those that programs read: UTF-8 whatever the locale."""


@dataclass(frozen=True, slots=True)
class View:
    """Where a report is looked at.

    Attributes:
        width: Columns of the terminal; None for lines of any length.
        color: Whether the terminal shows colours.
        folder: The folder of the tables as seen from the root of the repository, for formats that point at lines of files.
        name: What the data is called.
        rows: For each file of a table the rows of its findings, for `SHOW_ROWS`.
        tables: Each file of a table with its records, for `SHOW_TABLES`.
        by: A column whose values are counted, such as the coder.
        earlier: How many findings nobody had waived at each place of an earlier report; None where there is no such report.
    """

    width: int | None = None
    color: bool = False
    folder: str = ""
    name: str = ""
    rows: Mapping[tuple[str, str], Excerpt] = field(default_factory=dict)
    tables: Sequence[tuple[str, str, Iterable[Sequence[str]]]] = ()
    by: str = ""
    earlier: Mapping[Place, int] | None = None

    def excerpt(self, finding: Finding) -> Excerpt:
        """The rows of the findings of its file."""
        return self.rows.get((finding.table, finding.path)) or NO_ROWS

    def path(self, path: str) -> str:
        """A file of the package as seen from there; an address stays one."""
        return (PurePosixPath(self.folder) / path).as_posix() if path and "://" not in path else path


SHOW_ROWS = frozenset({"html"})
"""Formats that show the rows of findings."""
SHOW_TABLES = frozenset({"xlsx"})
"""Formats that show whole tables; they are bytes, and go to a file."""
NO_ROWS = Excerpt()
PLAIN = View()
"""A pipe."""


def render(report: Report, format_: str, view: View) -> str:
    """The report in one of `REPORT_FORMATS` that are text; only that one's module is imported."""
    return render_file(report, format_, view).decode()


def render_file(report: Report, format_: str, view: View) -> bytes:
    """The report in any of `REPORT_FORMATS` as the bytes of a file, text in UTF-8."""
    module = import_module(f"deedbook.rendering.{REPORT_FORMATS[format_]}")
    made: str | bytes = getattr(module, f"render_{format_}")(report, view)
    return made if isinstance(made, bytes) else made.encode(errors="backslashreplace")
