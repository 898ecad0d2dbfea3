"""Views made from the templates beside this module, and the filters that make texts of data harmless in them.

A report is Markdown for the summary of a CI job, and JUnit XML, which every CI shows.
"""

from __future__ import annotations

from functools import cache, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from deedbook.changes.records import KEY
from deedbook.findings import Report, by_place, by_table, place_in_package, place_of, plural, shorten
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import code, plain, visible
from deedbook.rendering.text import outcome, sentence, summary_line

if TYPE_CHECKING:
    import polars as pl
    from jinja2 import Template

_LONGEST, _LONGEST_CELL = 600, 80
SHOWN = 50
"""Findings of a table that are listed."""
_MOST_TABLES = 40
"""Tables whose findings are listed: what a CI keeps of a summary is limited."""
_NO_XML = {0xFFFE: "\\ufffe", 0xFFFF: "\\uffff"}
"""Characters that XML cannot hold and that no terminal hides."""


def quoted(text: str) -> str:
    """The value of an attribute of XML."""
    from xml.sax.saxutils import quoteattr  # brings a client of HTTP along

    return quoteattr(visible(text))


@cache
def template(name: str) -> Template:
    """A template; what is put into HTML is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # the text needs none

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates"), encoding="utf-8"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), disabled_extensions=("md.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cell": lambda text: code(text, _LONGEST_CELL) if text else "",
        "md": lambda text, longest=_LONGEST_CELL: plain(text, longest),
        "number": "{:,}".format,
        "plural": plural,
        "brief": lambda text: visible(shorten(text, _LONGEST_CELL)),
        "quoted": quoted,
        "rest": lambda left: f" and {left:,} more" if left > 0 else "",
        "rows": _rows,
        "sentence": sentence,
        "text": plain,
        "xml": partial(escape, quote=False),
        "visible": lambda text: visible(str(text), _LONGEST),
    }
    return environment.get_template(name)


def _rows(frame: pl.DataFrame, key: tuple[str, ...]) -> list[str]:
    """Rows by their keys, or as they stand where there is no key."""
    return list(frame.get_column(KEY)) if key else [",".join(row) for row in frame.drop(KEY).fill_null("").iter_rows()]


def render_markdown(report: Report, _view: View = PLAIN, *, shown: int = SHOWN) -> str:
    """The report as Markdown: the verdict, counts by table, and the first findings of each table, folded.

    Of each table those that nobody waived are listed, errors first, folded unless there is an error among them.

    Args:
        report: What to render.
        shown: Findings listed of each table; the counts are exact all the same.
    """
    page = template("report.md.j2").render(
        report=report,
        outcome=outcome(report),
        summary=summary_line(report),
        tables=[(name or "the whole package", part) for name, part in by_table(report).items() if part.totals],
        most_tables=_MOST_TABLES,
        place=place_in_package,
        shown=shown,
    )
    return page.rstrip() + "\n"


def render_junit(report: Report, view: View = PLAIN) -> str:
    """The report as XML: a suite for each table, a case for each rule and field, with the findings that the report shows.

    A case fails for errors, is skipped for what could not be checked, and otherwise passes; warnings are its output.
    """
    suites = []
    for name, part in by_table(report).items():
        failed = {(total.rule, total.column) for total in part.totals}
        passed = [place for place in dict.fromkeys((it.name, it.column) for it in part.checked) if place not in failed]
        suites.append((name or "the whole package", part, passed, by_place(part.open_findings)))
    page = template("report.xml.j2").render(report=report, suites=suites, place_of=place_of, view=view)
    return page.translate(_NO_XML)
