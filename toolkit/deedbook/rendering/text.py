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

from deedbook import findings
from deedbook.findings import SEVERITIES, Finding, NotChecked, Report, Total, listed, place_of, plural
from deedbook.properties import CONSTRAINTS
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import Line, draw

_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_MISSING = "missing-cell"
_STRUCTURE = frozenset({_MISSING, "extra-cell", "blank-row"})
"""Rules about whole rows, shown first: what is wrong with the cells of such a row mostly follows from it."""
_NAMED = 6
"""Places, missing cells of a short row and labels that are named; more are counted."""
_ALIKE = 3
"""Values with one mistake in common that are one line."""
_DECLARED = frozenset({"type", "categories", "primary-key", "unique-key", "foreign-key", "unique-error", *CONSTRAINTS})
"""Names of checks that a schema declares; every other check is a rule."""
_LABELS = {
    "extra-label": "are in no field of the schema",
    "missing-label": "are missing",
    "incorrect-label": "have other names than in the schema",
    "blank-label": "have no name",
}
"""Findings about labels, of which many have one cause, and what is said of all of them."""
_FEW_LABELS = 3
"""Labels up to which each has lines of its own."""


def render(report: Report, view: View = PLAIN) -> str:
    """The report as lines of text."""
    tables = [line for name, part in findings.by_table(report).items() if part.totals for line in _table(name, part)]
    return draw([*tables, *_not_checked(report.not_checked), _summary(report)], view)


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


def _table(name: str, report: Report) -> Iterator[Line]:
    path = ", ".join(table.path for table in report.tables)
    place = f" ({visible(path)})" if path not in {"", name} else ""
    counted: Counter[str] = Counter()
    for total in report.totals:
        counted += {total.severity: total.count - total.waived, "waived": total.waived}
    kinds = {kind: f"{counted[kind]:,} {kind}" for kind in (*SEVERITIES, "waived") if counted[kind]}
    kinds |= {kind: plural(counted[kind], kind) for kind in ("error", "warning") if kind in kinds}
    yield Line([(visible(name or "the whole package"), "bold"), (f"{place}: {', '.join(kinds.values())}", "")], hang=2)
    totals: Sequence[Total] = sorted(
        report.totals, key=lambda total: (SEVERITIES.index(total.severity), total.rule not in _STRUCTURE)
    )
    found: Sequence[Finding] = report.findings
    if "," not in path:
        totals, found = fold_labels(*fold_missing(totals, found))
    shown = findings.by_place(item for item in found if item.waived is None)
    for total in totals:
        yield from _group(total, shown.get(place_of(total), []), has_files="," in path)
    yield Line()


def _group(total: Total, shown: Sequence[Finding], *, has_files: bool) -> Iterator[Line]:
    """What one total counts: its head, the findings that are shown, a hint once where it is the same for all."""
    is_rows = total.rule == _MISSING and not total.column
    count = f" in {visible(total.column)}" if total.column else ""
    count += f": {plural(total.count, 'row') if is_rows else f'{total.count:,}'}"
    waived = f" ({'all' if total.waived == total.count else f'{total.waived:,}'} waived)" if total.waived else ""
    rule = visible(total.rule)
    yield Line(
        [(total.severity, _STYLES[total.severity]), (" ", ""), (rule, "bold"), (count, ""), (waived, "dim")], 2, 4
    )
    if total.cause and shown and total.count >= _ALIKE:  # one cause, one line
        first = shown[0]
        meant = f"; in row {first.row} write `{first.proposal}` for `{first.value}`" if first.proposal else ""
        yield Line([(visible(f"each of the {total.count:,} values {total.cause}{meant}"), "")], 4, 8)
        if advice := first.hint.removeprefix(f"write `{first.proposal}`").removeprefix(", "):
            yield Line([(visible(advice), "green")], 6, 8)
        return
    is_shared = len({finding.hint for finding in shown}) == 1
    for finding in shown:
        yield _sentence(finding, has_files=has_files)
        if finding.hint and (not is_shared or finding is shown[-1]):
            yield Line([(visible(finding.hint), "green")], 6, 8)
    left = total.count - total.waived - len(shown)
    if left > 0:
        yield Line([(f"... and {left:,} more (--max-findings shows more)", "dim")], 4, 8)


def _sentence(finding: Finding, *, has_files: bool) -> Line:
    """Where, what stands there, and what is wrong with it."""
    message, value = visible(finding.message), finding.value
    said = []
    if finding.row is not None:
        said.append((f"row {finding.row}", "bold"))
        if finding.line not in {None, finding.row}:
            said.append((f"(line {finding.line})", ""))
    if has_files and finding.path:
        said.append((f"{'of ' if said else ''}{visible(finding.path)}", ""))
    if finding.key and finding.key != value:
        said.append((visible(finding.key), "dim"))
    if finding.row is not None and value is not None and (not value or visible(value) not in message):
        said.append((f'"{visible(value, 80)}"', "cyan"))
    parts = [part for text, style in said for part in ((" ", ""), (text, style))][1:]
    return Line([*parts, (f": {message}" if said else message, "")], 4, 8)


def _not_checked(entries: Iterable[NotChecked]) -> Iterator[Line]:
    """What was declared and could not be enforced, one line for each reason."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        place = visible(findings.place_in_package(entry) or "the package")
        grouped.setdefault((entry.name, entry.reason), []).append(place)
    if grouped:
        yield Line([("Not checked:", "bold yellow")])
        for (name, reason), places in grouped.items():
            yield Line([(f"{visible(name)} of {listed(places, _NAMED)}: {visible(reason)}", "")], 2, 4)
        yield Line()


def _summary(report: Report) -> Line:
    rules = {check.name for check in report.checked} - _DECLARED
    declared = sum(check.name in _DECLARED for check in report.checked)
    rows, cells = sum(table.rows for table in report.tables), sum(table.cells for table in report.tables)
    sizes = f"{plural(len(report.tables), 'table')}, {plural(rows, 'row')}, {plural(cells, 'cell')}"
    checks = f"{plural(declared, 'check')} and {plural(len(rules), 'rule')}"
    said = f": {sizes}, {checks} in {report.seconds:.2f} s: {outcome(report, waived=True)}"
    if skipped := sum(check.skipped for check in report.checked):
        said += f"; rules skipped {plural(skipped, 'row')}, because a cell that they read is bad"
    if unchecked := sum(not item.accepted for item in report.not_checked):
        said += f"; {plural(unchecked, 'declaration')} not checked"
    return Line([("valid", "bold green") if report.valid else ("invalid", "bold red"), (said, "")])


def outcome(report: Report, *, waived: bool = False) -> str:
    """How many errors and warnings there are, in words."""
    errors = plural(report.errors, "error") if report.errors else "no errors"
    warnings = plural(report.warnings, "warning") if report.warnings else "no warnings"
    return f"{errors}, {warnings}" + (f" ({report.waived:,} waived)" if waived and report.waived else "")


def fold_missing(totals: Sequence[Total], found: Sequence[Finding]) -> tuple[Sequence[Total], Sequence[Finding]]:
    """The totals and shown findings of a table of one file, with one finding for each short row.

    A short row has a finding for every cell that it lacks. Each column shows its first rows only, but a row that lacks a cell lacks
    all behind it, so the first cell that a shown row lacks is always shown too, and so is the last column. The total in place of
    those of single columns counts rows.
    """
    counts = [total.count for total in totals if total.rule == _MISSING]
    missing = sorted((item for item in found if item.rule == _MISSING), key=_cell)
    if len(counts) < 2 or not missing:
        return totals, found
    names = {item.field_number or 0: f"`{item.column}`" for item in missing}
    rows = []
    for _, cells in groupby(missing, key=lambda item: item.row):
        first = next(cells)
        start = first.field_number or 0
        lacking = [names[number] for number in sorted(names) if number >= start]
        verb = "is" if len(lacking) == 1 else "are"
        message = f"has {start - 1} of {plural(max(names), 'cell')}: {listed(lacking, _NAMED)} {verb} missing"
        rows.append(replace(first, column=None, field_number=None, message=message))
    return _folded(totals, found, _MISSING, max(counts), rows)


def fold_labels(totals: Sequence[Total], found: Sequence[Finding]) -> tuple[Sequence[Total], Sequence[Finding]]:
    """The totals and shown findings of a table, with one finding for many labels that are wrong in the same way."""
    for rule, what in _LABELS.items():
        own = sorted((item for item in found if item.rule == rule and item.row is None), key=_cell)
        if len(own) <= _FEW_LABELS or len(own) < sum(total.count for total in totals if total.rule == rule):
            continue
        names = [f"`{item.column}`" if item.column else f"(column {item.field_number})" for item in own]
        message = f"{plural(len(own), 'column')} {what}: {listed(names, _NAMED)}"
        hint = own[0].hint if len({item.hint for item in own}) == 1 else "correct the header, or the schema"
        told = replace(own[0], column=None, field_number=None, value=None, message=message, hint=hint)
        totals, found = _folded(totals, found, rule, len(own), [told])
    return totals, found


def _folded(
    totals: Sequence[Total], found: Sequence[Finding], rule: str, count: int, told: Sequence[Finding]
) -> tuple[Sequence[Total], Sequence[Finding]]:
    """The totals and findings with one total of a rule in place of those of its columns, and these findings of it."""
    at, first = next((at, total) for at, total in enumerate(totals) if total.rule == rule)
    others = (total for total in totals[at:] if total.rule != rule)
    folded = [*totals[:at], replace(first, column=None, count=count), *others]
    return folded, [*(item for item in found if item.rule != rule), *told]


def _cell(item: Finding) -> tuple[int, int]:
    return item.row or 0, item.field_number or 0
