"""The report as one page for people without a terminal: it needs no other file, no network, and no script to be read.

Each finding stands in its row, with the cells beside it. What stands in a table is anybody's text: it is escaped, and the page allows
nothing but its own style and its own script, each by its hash. The script only searches, filters and hides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deedbook.findings import SEVERITIES, Finding, Report, Total, by_place, by_table, place_in_package, place_of
from deedbook.release.pages import integrity
from deedbook.rendering import PLAIN, View
from deedbook.rendering.pages import template
from deedbook.rendering.text import summary_line

_BESIDE = 2
"""Cells that are shown on each side of the one that a finding is about."""
_FIRST = 5
"""Cells that are shown of a row as a whole."""
_MANY = 500
"""Findings of a page that stand in their rows; the others are a folded line each, since a browser needs a second for about 80,000 cells,
and checkers of accessibility minutes or more memory than there is."""
_LEAST = 10
"""Findings of a group that stand in their rows in any case."""
_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding that is shown, in its row.

    Attributes:
        cells: The cells that are shown of its row, in the order of the group's columns; none where the row is not known.
        owner: What the column of the option `--by` holds in its row.
    """

    finding: Finding
    cells: Sequence[str]
    owner: str


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one rule at one column.

    Attributes:
        number: Its place on the page.
        before: How many an earlier report had that nobody waived; None where there is no such report.
        columns: The labels of the cells that are shown, and which of them a finding is about (-1: none).
        whole: How many of the findings stand in their rows.
    """

    number: int
    total: Total
    before: int | None
    columns: Sequence[str]
    at: int
    findings: Sequence[Shown]
    whole: int

    @property
    def count(self) -> int:
        """The number of findings that nobody waived."""
        return self.total.count - self.total.waived

    @property
    def where(self) -> str:
        """The table and the column."""
        return place_in_package(self.total) or "the whole package"


def render_html(report: Report, view: View = PLAIN) -> str:
    """The report as an HTML page.

    Args:
        report: What to render.
        view: Its `rows` are the rows of the findings; `by` a column whose values are counted, `earlier` another report.
    """
    groups = list(_groups(report, view))
    style, script = ((_TEMPLATES / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    counts = Counter((it.owner, it.finding.severity) for group in groups for it in group.findings)
    owners = [(name, [counts[name, severity] for severity in SEVERITIES]) for name in {name for name, _ in counts}]
    known, earlier = set(map(place_of, report.totals)), {} if view.earlier is None else view.earlier
    return template("report.html.j2").render(
        report=report,
        summary=summary_line(report),
        tables=by_table(report),
        groups=groups,
        view=view,
        owners=sorted(owners, key=lambda row: (-sum(row[1]), row[0])) if view.by else [],
        gone=[(place, count) for place, count in earlier.items() if count and place not in known],
        errors_before=sum(count for place, count in earlier.items() if place[3] == "error"),
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src '{integrity(style)}'; script-src '{integrity(script)}'",
        severities=SEVERITIES,
        all_shown=len(report.open_findings) == sum(group.count for group in groups),
        many=len(report.findings) > _MANY,
    )


def _groups(report: Report, view: View) -> Iterator[Group]:
    """What each total counts, with the findings that are shown."""
    shown = by_place(report.open_findings)
    is_long = len(report.open_findings) > _MANY
    whole = max(_LEAST, _MANY // len(report.totals)) if is_long else _MANY
    for number, total in enumerate(sorted(report.totals, key=lambda it: (it.table, SEVERITIES.index(it.severity)))):
        found = shown.get(place_of(total), [])
        before = None if view.earlier is None else view.earlier.get(place_of(total), 0)
        labels = next((view.excerpt(it).labels for it in found if view.excerpt(it).labels), ())
        first, last, at = _window(found, labels)
        rows = [Shown(it, *_cells(it, view, first, last)) for it in found]
        yield Group(number, total, before, labels[first:last], at, rows, whole)


def _window(found: Sequence[Finding], labels: Sequence[str]) -> tuple[int, int, int]:
    """Which cells of their rows are shown: the first, the one behind the last, and which of them the findings are about."""
    number = next((it.field_number for it in found), None)
    if number is None or number > len(labels):
        return 0, min(_FIRST, len(labels)), -1
    first = max(0, number - 1 - _BESIDE)
    return first, number + _BESIDE, number - 1 - first


def _cells(finding: Finding, view: View, first: int, last: int) -> tuple[Sequence[str], str]:
    """The cells that are shown of a finding's row, and what the column holds that is counted by."""
    excerpt = view.excerpt(finding)
    cells = excerpt.row_of(finding)
    owner = dict(zip(excerpt.labels, cells, strict=False)).get(view.by, "")
    return cells[first:last], owner
