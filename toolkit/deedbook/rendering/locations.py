"""The report as lines that point at files: for editors, and for the changed files of a pull request on GitHub.

    datapackage/events.csv:15:9: error foreign-key: row 12 E000011 "P00001": is in no row of `places`
    ::error file=datapackage/events.csv,line=15,col=9,title=foreign-key in events.place_id::row 12 E000011: is in no row of `places`

The column is the number of the field. What stands in a table is anybody's text: on GitHub a value must not end the command, begin
another one, or set a property.
"""

from deedbook.findings import Report, Severity, place_in_package, plural
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.text import sentence, summary_line

SHOWN = 10
"""Annotations of a severity that GitHub shows of one step."""
_COMMANDS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTIES = {**_IN_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}


def render_concise(report: Report, view: View = PLAIN) -> str:
    """The report as one line for each finding that nobody waived, and the summary.

    `path:line:column: severity rule: message`. A finding about a whole file stands on its first line.
    """
    lines = []
    for item in report.open_findings:
        path = visible(view.path(item.path) or item.table or "the package")
        place = f"{path}:{item.line or 1}:{item.field_number or 1}"
        lines.append(f"{place}: {item.severity} {visible(item.rule)}: {sentence(item)}")
    return "".join(f"{line}\n" for line in [*lines, summary_line(report)])


def render_github(report: Report, view: View = PLAIN, *, shown: int = SHOWN) -> str:
    """The report as workflow commands, each an annotation at its line of the changed file, and the summary as an ordinary line.

    Args:
        report: What to render.
        view: Its `folder` leads to the tables.
        shown: Annotations of each severity; GitHub keeps ten of a step, so the rest is counted in one more line.
    """
    lines: list[str] = []
    for severity, name in _COMMANDS.items():
        listed = [item for item in report.open_findings if item.severity == severity][:shown]
        for item in listed:
            place = place_in_package(item)
            at = {"file": view.path(item.path), "line": item.line, "col": item.line and item.field_number}
            title = _inert(visible(f"{item.rule} in {place}" if place else item.rule))
            lines.append(command(name, _inert(sentence(item)), **(at if item.has_file else {}), title=title))
        left = report.unwaived(severity) - len(listed)
        if left > 0:
            more = f"{plural(left, severity)} more: see the job summary, or run `deedbook validate`"
            lines.append(command("notice", more, title="deedbook"))
    if report.not_checked:
        unchecked = f"{plural(len(report.not_checked), 'declaration')} could not be checked: see the job summary"
        lines.append(command("notice", unchecked, title="deedbook"))
    return "\n".join([*lines, _inert(summary_line(report))]) + "\n"


def command(name: str, message: str, **properties: object) -> str:
    """One workflow command on one line, with what it is given escaped; properties without a value are left out."""
    pairs = [f"{key}={str(value).translate(_IN_PROPERTIES)}" for key, value in properties.items() if value]
    head = f"::{name} {','.join(pairs)}" if pairs else f"::{name}"
    return f"{head}::{message.translate(_IN_DATA)}"


def _inert(text: str) -> str:
    """The text without the older form of a command, `##[`, which is obeyed anywhere in a line."""
    return text.replace("##[", "## [")
