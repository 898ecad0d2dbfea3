"""The report as workflow commands of GitHub, each of which becomes an annotation at its line of the changed file.

    ::error file=datapackage/events.csv,line=15,col=9,title=foreign-key in events.place_id::row 12 E000011: is in no row of `places`

GitHub keeps ten annotations of each severity and step, so the rest is counted in one more line. `col` is the number of the field.
What stands in a table is anybody's text: a value must not end the command, begin another one, or set a property.
"""

from __future__ import annotations

from deedbook.findings import Finding, Report, Severity, place_in_package, plural
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import sentence
from deedbook.rendering.text import summary_line

SHOWN = 10
"""Annotations of a severity that GitHub shows of one step."""
_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def render(report: Report, view: View = PLAIN, *, shown: int = SHOWN) -> str:
    """The report as workflow commands, and the summary as an ordinary line.

    Args:
        report: What to render.
        view: Its `folder` leads to the tables.
        shown: Annotations of each severity.
    """
    lines: list[str] = []
    for severity in _COMMANDS:
        listed = [_annotation(item, view) for item in report.open_findings if item.severity == severity][:shown]
        totals = [total.count - total.waived for total in report.totals if total.severity == severity]
        lines += listed
        if (left := sum(totals) - len(listed)) > 0:
            kind = plural(left, severity) if severity != "info" else f"{left:,} info"
            lines.append(_notice(f"{kind} more: see the job summary, or run `deedbook validate`"))
    if report.not_checked:
        count = plural(len(report.not_checked), "declaration")
        lines.append(_notice(f"{count} could not be checked: see the job summary"))
    return "\n".join([*lines, _inert(summary_line(report))]) + "\n"


def command(name: str, message: str, **properties: object) -> str:
    """One workflow command on one line, with what it is given escaped; properties without a value are left out."""
    pairs = [f"{key}={_escaped(str(value), _IN_PROPERTIES)}" for key, value in properties.items() if value]
    head = f"::{name} {','.join(pairs)}" if pairs else f"::{name}"
    return f"{head}::{_escaped(message, _IN_DATA)}"


def _notice(text: str) -> str:
    return command("notice", text, title="deedbook")


def _annotation(item: Finding, view: View) -> str:
    has_file, place = item.path and "://" not in item.path, place_in_package(item)
    return command(
        _COMMANDS[item.severity],
        _inert(sentence(item)),
        file=view.path(item.path) if has_file else "",
        line=item.line if has_file else None,
        col=item.field_number if has_file and item.line else None,
        title=_inert(visible(f"{item.rule} in {place}" if place else item.rule)),
    )


def _inert(text: str) -> str:
    """The text without the older form of a command, `##[`, which is obeyed anywhere in a line."""
    return text.replace("##[", "## [")


def _escaped(text: str, signs: dict[str, str]) -> str:
    return "".join(signs.get(sign, sign) for sign in text)
