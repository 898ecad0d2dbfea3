"""Views of what the toolkit found: pure functions from records to text.

A format of a report is one module here with `render(report, view)`, and one name of `REPORT_FORMATS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deedbook.findings import Report

REPORT_FORMATS = ("text", "concise", "json", "frictionless", "github", "markdown", "junit", "csv")
"""Formats of a report, each the module of that name."""
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
    text: str = import_module(f"deedbook.rendering.{format_}").render(report, view)
    return text
