"""The report for people: grouped by table, rule and column, and a last line that says what was checked.

    events (events.csv): 3 errors
      error foreign-key in place_id: 3
        row 12 E000011 "P00001": is in no row of `places`
          did you mean `P000001` Vientiane?
        ... and 2 more (--max-findings shows more)

    invalid: 12 tables, 312 rows, 4,312 cells, 140 checks and 71 rules in 0.61 s: 3 errors, no warnings

A terminal gets colours and lines wrapped with a hanging indent; a pipe gets one line for each thing said, to be searched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING

from deedbook.findings import Finding, NotChecked, Report, Total, by_place, place_of
from deedbook.rendering.escaping import visible
from deedbook.rendering.folding import fold_missing
from deedbook.rendering.styled import Styled, styled
from deedbook.schema import CONSTRAINTS

if TYPE_CHECKING:  # a pipe needs no console, and its import takes as long as a small table
    from rich.console import Console
    from rich.text import Text

_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_ORDER = ("error", "warning", "info")
_DECLARED = frozenset({"type", "categories", "primary-key", "unique-key", "foreign-key", "unique-error", *CONSTRAINTS})
"""Names of checks that a schema declares; every other check is a rule."""
_UNBOUNDED = 1_000_000
_NARROWEST = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said: `indent` columns in, and further lines of it `hang` columns in."""

    text: Styled
    indent: int = 0
    hang: int = 0


def render(report: Report, *, width: int | None = None, color: bool = False) -> str:
    """The report as lines of text.

    Args:
        report: What to render.
        width: Columns of the terminal; None for lines of any length.
        color: Whether to use terminal colours.
    """
    lines = [*_tables(report), *_not_checked(report.not_checked), Line(_summary(report))]
    return _print(lines, width, color=color)


def summary_line(report: Report) -> str:
    """The last line of the report alone: the verdict and what it rests on."""
    return _summary(report).plain


def _tables(report: Report) -> Iterator[Line]:
    paths = {table.table: table.path for table in report.tables}
    for name, totals in groupby(report.totals, key=lambda total: total.table):
        groups = sorted(totals, key=lambda total: _ORDER.index(total.severity))
        counts = _counts(groups)
        path = paths.get(name, "")
        head = styled(visible(name) or "the whole package", style="bold")
        if path and path != name:
            head.append(f" ({visible(path)})", style="not bold")
        yield Line(head.append(f": {counts}", style="not bold"), hang=2)
        several = "," in path
        findings = [item for item in report.findings if item.table == name]
        if not several:
            groups, findings = fold_missing(groups, findings)
        shown = by_place(item for item in findings if item.waived is None)
        for total in groups:
            yield from _group(total, shown.get(place_of(total), []), several_files=several)
        yield Line(styled())


def _group(total: Total, shown: Sequence[Finding], *, several_files: bool) -> Iterator[Line]:
    head = (
        styled()
        .append(total.severity, style=_STYLES[total.severity])
        .append(" ")
        .append(visible(total.rule), style="bold")
    )
    if total.column:
        head.append(f" in {visible(total.column)}")
    rows = " rows" if total.rule == "missing-cell" and not total.column else ""
    head.append(f": {total.count:,}{rows}")
    if total.waived:
        head.append(f" ({'all' if total.waived == total.count else f'{total.waived:,}'} waived)", style="dim")
    yield Line(head, 2, 4)
    hints = {finding.hint for finding in shown}
    for finding in shown:
        yield Line(_sentence(finding, several_files=several_files), 4, 8)
        if finding.hint and len(hints) > 1:
            yield Line(_hint(finding), 6, 8)
    if len(hints) == 1 and shown[0].hint:
        yield Line(_hint(shown[0]), 6, 8)
    left = total.count - total.waived - len(shown)
    if left > 0:
        yield Line(styled(f"... and {left:,} more (--max-findings shows more)", style="dim"), 4, 8)


def _sentence(finding: Finding, *, several_files: bool) -> Styled:
    """Where, what stands there, and what is wrong with it."""
    text = styled()
    if finding.row is not None:
        text.append(f"row {finding.row}", style="bold")
        if finding.line is not None and finding.line != finding.row:
            text.append(f" (line {finding.line})")
    if several_files and finding.path:
        text.append(f"{' of ' if text.plain else ''}{visible(finding.path)}")
    message = visible(finding.message)
    if finding.key and finding.key != finding.value:
        text.append(f"{' ' if text.plain else ''}{visible(finding.key)}", style="dim")
    if finding.value is not None and (not finding.value or visible(finding.value) not in message):
        text.append(f' "{visible(finding.value, 80)}"', style="cyan")
    return text.append(f"{': ' if text.plain else ''}{message}")


def _hint(finding: Finding) -> Styled:
    return styled(visible(finding.hint), style="green")


def _not_checked(entries: Iterable[NotChecked]) -> Iterator[Line]:
    """What was declared and could not be enforced, one line for each reason."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        place = ".".join(part for part in (entry.table, entry.column) if part) or "the package"
        grouped.setdefault((entry.name, entry.reason), []).append(place)
    if not grouped:
        return
    yield Line(styled("Not checked:", style="bold yellow"))
    for (name, reason), places in grouped.items():
        where = ", ".join(map(visible, places[:6])) + (f" and {len(places) - 6} more" if len(places) > 6 else "")
        yield Line(styled(f"{visible(name)} of {where}: {visible(reason)}"), 2, 4)
    yield Line(styled())


def _summary(report: Report) -> Styled:
    rules = {check.name for check in report.checked if check.name not in _DECLARED}
    declared = sum(check.name in _DECLARED for check in report.checked)
    sizes = [
        plural(len(report.tables), "table"),
        plural(sum(table.rows for table in report.tables), "row"),
        plural(sum(table.cells for table in report.tables), "cell"),
    ]
    checks = [plural(declared, "check"), plural(len(rules), "rule")]
    said = f"{', '.join(sizes)}, {' and '.join(checks)} in {report.seconds:.2f} s: {_outcome(report)}"
    skipped = sum(check.skipped for check in report.checked)
    if skipped:
        said += f"; rules skipped {plural(skipped, 'row')}, because a cell that they read is bad"
    if report.not_checked:
        said += f"; {plural(len(report.not_checked), 'declaration')} not checked"
    verdict, style = ("valid", "bold green") if report.valid else ("invalid", "bold red")
    return styled().append(verdict, style=style).append(f": {said}")


def _outcome(report: Report) -> str:
    errors = plural(report.errors, "error") if report.errors else "no errors"
    warnings = plural(report.warnings, "warning") if report.warnings else "no warnings"
    return f"{errors}, {warnings}" + (f" ({report.waived:,} waived)" if report.waived else "")


def _counts(totals: Iterable[Total]) -> str:
    counts: Counter[str] = Counter()
    waived = 0
    for total in totals:
        counts[total.severity] += total.count - total.waived
        waived += total.waived
    parts = [
        plural(counts[kind], kind) if kind != "info" else f"{counts[kind]:,} info" for kind in _ORDER if counts[kind]
    ]
    return ", ".join([*parts, *([f"{waived:,} waived"] if waived else [])])


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 row`, `1,204 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _print(lines: Iterable[Line], width: int | None, *, color: bool) -> str:
    if width is None and not color:
        return "".join(f"{' ' * line.indent}{line.text.plain}".rstrip() + "\n" for line in lines)
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out,
        width=_UNBOUNDED,
        color_system="standard" if color else None,
        force_terminal=color,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        no_color=not color,
    )
    parts = [
        Text.assemble(" " * (line.hang if number else line.indent), part)
        for line in lines
        for number, part in enumerate(_wrap(line, width, console))
    ]
    console.print(Text("\n").join(parts), soft_wrap=True)  # at once: each print takes as long as wrapping a line
    return out.getvalue()


def _wrap(line: Line, width: int | None, console: Console) -> list[Text]:
    """The text of a line cut to the width, the continuation shorter by the hanging indent."""
    from rich.text import Text

    text = Text.assemble(*line.text.pieces)
    if width is None or text.cell_len <= width - line.indent:
        return [text]
    first, *rest = text.wrap(console, max(_NARROWEST, width - line.indent))
    if not rest:
        return [first]
    first.rstrip()
    left = text[len(first.plain) :]
    left = left[len(left.plain) - len(left.plain.lstrip()) :]
    following = left.wrap(console, max(_NARROWEST, width - line.hang))
    for part in following:
        part.rstrip()
    return [first, *following]
