"""Views of what the toolkit found: pure functions from records to text.

A format of a report is a function `render_NAME(report, view)` of a module here, and one entry of `REPORT_FORMATS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deedbook.findings import Report

REPORT_FORMATS = {
    "text": "text",
    "concise": "locations",
    "json": "data",
    "frictionless": "data",
    "github": "locations",
    "markdown": "pages",
    "junit": "pages",
    "csv": "data",
}
"""Formats of a report, each with the module that renders it; the first is the default."""
DATA_FORMATS = frozenset({"json", "frictionless", "junit", "csv"})
"""Those that programs read: UTF-8 whatever the locale."""


@dataclass(frozen=True, slots=True)
class View:
    """Where a report is looked at.

    Attributes:
        width: Columns of the terminal; None for lines of any length.
        color: Whether the terminal shows colours.
        folder: The folder of the tables as seen from the root of the repository, for formats that point at lines of files.
    """

    width: int | None = None
    color: bool = False
    folder: str = ""

    def path(self, path: str) -> str:
        """A file of the package as seen from there; an address stays one."""
        return (PurePosixPath(self.folder) / path).as_posix() if path and "://" not in path else path


PLAIN = View()
"""A pipe."""


def render(report: Report, format_: str, view: View) -> str:
    """The report in one of `REPORT_FORMATS`; only that one's module is imported."""
    module = import_module(f"deedbook.rendering.{REPORT_FORMATS[format_]}")
    text: str = getattr(module, f"render_{format_}")(report, view)
    return text
