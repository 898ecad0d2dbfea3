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
from dataclasses import replace
from itertools import groupby

from deedbook.findings import Finding, NotChecked, Report, Total, by_place, place_of
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import Line, Styled, draw, plural, styled
from deedbook.schema import CONSTRAINTS

_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_ORDER = ("error", "warning", "info")
_MISSING = "missing-cell"
_NAMED = 6
"""Missing cells of a short row that are named."""
_DECLARED = frozenset({"type", "categories", "primary-key", "unique-key", "foreign-key", "unique-error", *CONSTRAINTS})
"""Names of checks that a schema declares; every other check is a rule."""


def render(report: Report, view: View = PLAIN) -> str:
    """The report as lines of text."""
    lines = [*_tables(report), *_not_checked(report.not_checked), Line(_summary(report))]
    return draw(lines, view)


def summary_line(report: Report) -> str:
    """The last line of the report alone: the verdict and what it rests on."""
    return _summary(report).plain


def strict_complaint(report: Report) -> str:
    """Why a report without errors does not pass `--strict`; empty when it passes, or when the errors say enough."""
    if not report.valid:
        return ""
    parts = [plural(report.warnings, "unwaived warning")] if report.warnings else []
    parts += [f"{len(report.not_checked):,} not checked"] if report.not_checked else []
    return f"not passed, because --strict: {', '.join(parts)}" if parts else ""


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


def fold_missing(totals: Sequence[Total], findings: Sequence[Finding]) -> tuple[list[Total], list[Finding]]:
    """The totals and shown findings of a table of one file, with one finding for each short row.

    The total in place of those of single columns counts rows.
    """
    folded = [total for total in totals if total.rule == _MISSING]
    missing = [item for item in findings if item.rule == _MISSING]
    if len(folded) < 2 or not missing:
        return list(totals), list(findings)
    names = {item.field_number or 0: item.column or "" for item in missing}
    by_row: dict[int, Finding] = {}
    for item in missing:
        first = by_row.setdefault(item.row or 0, item)
        if (item.field_number or 0) < (first.field_number or 0):
            by_row[item.row or 0] = item
    rows = [_fold(by_row[row], names) for row in sorted(by_row)]
    total = replace(folded[0], column=None, count=max(total.count for total in folded))
    at = totals.index(folded[0])
    others = [item for item in findings if item.rule != _MISSING]
    return [*totals[:at], total, *(item for item in totals[at:] if item.rule != _MISSING)], [*others, *rows]


def _fold(first: Finding, names: dict[int, str]) -> Finding:
    """One finding in place of those on a row, of which this is the leftmost."""
    start, width = first.field_number or 0, max(names)
    lacking = [f"`{names[number]}`" for number in sorted(names) if number >= start]
    named = ", ".join(lacking[:_NAMED]) + (f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else "")
    verb = "is" if len(lacking) == 1 else "are"
    message = f"has {start - 1} of {width} cells: {named} {verb} missing"
    return replace(first, column=None, field_number=None, message=message)
