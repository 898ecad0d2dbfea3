"""The report for people: grouped by table, rule and column, and a last line that says what was checked.

    events (events.csv): 3 errors
      error foreign-key in place_id: 3
        row 12 E000011 "P00001": is in no row of `places`
          did you mean `P000001` Vientiane?
        ... and 2 more (--max-findings shows more)

    invalid: 12 tables, 312 rows, 4,312 cells, 140 checks and 71 rules in 0.61 s: 3 errors, no warnings

A terminal gets colours and lines wrapped with a hanging indent; a pipe gets one line for each thing said, to be searched, without
importing what draws on terminals, which takes as long as checking a small table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from deedbook import findings
from deedbook.findings import SEVERITIES, Finding, NotChecked, Report, Total, listed, plural
from deedbook.properties import CONSTRAINTS
from deedbook.rendering import PLAIN, View
from deedbook.rendering.escapes import LONGEST, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Item = TypeVar("Item", Finding, Total)
_UNBOUNDED = 1_000_000
"""Columns of a console that wraps nothing by itself."""
_NARROWEST = 30
"""Columns that are left for the text, however narrow the terminal is."""
_STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_MISSING = "missing-cell"
_STRUCTURE = frozenset({_MISSING, "extra-cell", "blank-row"})
"""Rules about whole rows, shown first: what is wrong with the cells of such a row mostly follows from it."""
_NAMED = 6
"""Places, missing cells of a short row and labels that are named; more are counted."""
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


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said: parts of a text, each with the name of a style, or none.

    Attributes:
        indent: Columns before it; further lines of it are `hang` columns in.
    """

    parts: Sequence[tuple[str, str]] = ()
    indent: int = 0
    hang: int = 0

    @property
    def plain(self) -> str:
        """The text without its styles."""
        return "".join(text for text, _ in self.parts)


def render_text(report: Report, view: View = PLAIN) -> str:
    """The report as lines of text."""
    tables = [line for name, part in findings.by_table(report).items() if part.totals for line in _table(name, part)]
    lines = [*tables, *_not_checked(report.not_checked), _summary(report)]
    if view.width is None and not view.color:
        return "".join(f"{' ' * line.indent}{line.plain}".rstrip() + "\n" for line in lines)
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    system: Literal["standard"] | None = "standard" if view.color else None
    plain: dict[str, Any] = dict.fromkeys(("legacy_windows", "highlight", "markup", "emoji"), False)
    console = Console(file=out, width=_UNBOUNDED, color_system=system, force_terminal=view.color, **plain)
    parts = [part for line in lines for part in _wrap(Text.assemble(*line.parts), line, view.width, console)]
    console.print(Text("\n").join(parts), soft_wrap=True)  # at once: each print takes as long as wrapping a line
    return out.getvalue()


def _wrap(text: Text, line: Line, width: int | None, console: Console) -> list[Text]:
    """The text of a line cut to the width, the continuation shorter by the hanging indent."""
    if width is None or text.cell_len <= width - line.indent:
        text.pad_left(line.indent)
        return [text]
    first = text.wrap(console, max(_NARROWEST, width - line.indent))[0]
    first.rstrip()
    left = text[len(first.plain) :]
    left = left[len(left.plain) - len(left.plain.lstrip()) :]
    following = list(left.wrap(console, max(_NARROWEST, width - line.hang))) if left.plain else []
    for part in following:
        part.rstrip()
        part.pad_left(line.hang)
    first.pad_left(line.indent)
    return [first, *following]


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


def sentence(item: Finding) -> str:
    """Where, what stands there, what is wrong with it and what to do."""
    parts = [f"row {item.row}"] if item.row is not None else []
    parts += _other_key(item, 80)
    message = visible(item.message)
    if item.value is not None and visible(item.value) not in message:
        parts.append(f'"{visible(item.value, 80)}"')
    said = f"{' '.join(parts)}: {message}" if parts else message
    return f"{said} ({visible(item.hint)})" if item.hint else said


def _other_key(item: Finding, longest: int = LONGEST) -> list[str]:
    """The key of its row, where that is not the value itself."""
    return [visible(item.key, longest)] if item.key and item.key != item.value else []


def outcome(report: Report, *, waived: bool = False) -> str:
    """How many errors and warnings there are, in words."""
    errors = plural(report.errors, "error") if report.errors else "no errors"
    warnings = plural(report.warnings, "warning") if report.warnings else "no warnings"
    return f"{errors}, {warnings}" + (f" ({report.waived:,} waived)" if waived and report.waived else "")


def _table(name: str, report: Report) -> Iterator[Line]:
    path = ", ".join(table.path for table in report.tables)
    place = f" ({visible(path)})" if path not in {"", name} else ""
    infos = report.unwaived("info")
    counts = {plural(report.errors, "error"): report.errors, plural(report.warnings, "warning"): report.warnings}
    counts |= {plural(infos, "info"): infos, f"{report.waived:,} waived": report.waived}
    kinds = ", ".join(said for said, count in counts.items() if count)
    yield Line([(visible(name or "the whole package"), "bold"), (f"{place}: {kinds}", "")], hang=2)
    totals = sorted(report.totals, key=lambda it: (SEVERITIES.index(it.severity), it.rule not in _STRUCTURE))
    found, has_files = list(report.findings), "," in path
    if not has_files:
        totals, found = _folded(totals, found)
    shown = findings.by_place(item for item in found if item.waived is None)
    for total in totals:
        yield from _group(total, shown.get(findings.place_of(total), []), has_files=has_files)
    yield Line()


def _group(total: Total, shown: Sequence[Finding], *, has_files: bool) -> Iterator[Line]:
    """What one total counts: its head, the findings that are shown, a hint once where it is the same for all."""
    column = f" in {visible(total.column)}" if total.column else ""
    count = plural(total.count, "row") if (total.rule, total.column) == (_MISSING, None) else f"{total.count:,}"
    waived = {0: "", total.count: " (all waived)"}.get(total.waived, f" ({total.waived:,} waived)")
    head = _spaced([(total.severity, _STYLES[total.severity]), (visible(total.rule), "bold")])
    yield Line([*head, (f"{column}: {count}", ""), (waived, "dim")], 2, 4)
    if shown and total.is_alike:
        first, written = shown[0], f"write `{shown[0].proposal}`"
        meant = f"; in row {first.row} {written} for `{first.value}`" if first.proposal else ""
        yield Line([(visible(f"each of the {total.count:,} values {total.cause}{meant}"), "")], 4, 8)
        yield from _advice(first.hint.removeprefix(written).removeprefix(", "))
        return
    hints = {finding.hint for finding in shown}
    for finding in shown:
        yield _sentence(finding, has_files=has_files)
        if len(hints) > 1 or finding is shown[-1]:
            yield from _advice(finding.hint)
    if (left := total.count - total.waived - len(shown)) > 0:
        yield Line([(f"... and {left:,} more (--max-findings shows more)", "dim")], 4, 8)


def _advice(hint: str) -> Iterator[Line]:
    if hint:
        yield Line([(visible(hint), "green")], 6, 8)


def _sentence(finding: Finding, *, has_files: bool) -> Line:
    """Where, what stands there, and what is wrong with it."""
    message, value, row = visible(finding.message), finding.value, finding.row
    parts = [] if row is None else [(f"row {row}", "bold")]
    if finding.line not in {None, row}:
        parts.append((f"(line {finding.line})", ""))
    if has_files and finding.path:
        parts.append((f"{'of ' * (row is not None)}{visible(finding.path)}", ""))
    parts += [(key, "dim") for key in _other_key(finding)]
    if row is not None and value is not None and (value == "" or visible(value) not in message):
        parts.append((f'"{visible(value, 80)}"', "cyan"))
    return Line([*_spaced(parts), (": " * bool(parts) + message, "")], 4, 8)


def _spaced(parts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parts of a line with spaces between them."""
    return [part for text in parts for part in ((" ", ""), text)][1:]


def _not_checked(entries: Iterable[NotChecked]) -> Iterator[Line]:
    """What was declared and could not be enforced, one line for each reason; of many rules that were left out on purpose the number."""
    grouped: dict[tuple[str, str], list[str]] = {}
    left_out: dict[str, dict[str, list[str]]] = {}
    for entry in entries:
        place = visible(findings.place_in_package(entry) or "the package")
        if entry.accepted:
            left_out.setdefault(entry.reason, {}).setdefault(entry.name, []).append(place)
        else:
            grouped.setdefault((entry.name, entry.reason), []).append(place)
    few = {reason: rules for reason, rules in left_out.items() if len(rules) <= _NAMED}
    grouped |= {(name, reason): places for reason, rules in few.items() for name, places in rules.items()}
    if grouped or left_out:
        yield Line([("Not checked:", "bold yellow")])
        for reason in (reason for reason in left_out if reason not in few):
            yield Line([(f"{plural(len(left_out[reason]), 'rule')}: {visible(reason)}", "")], 2, 4)
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


def _folded(totals: list[Total], found: list[Finding]) -> tuple[list[Total], list[Finding]]:
    """The totals and shown findings of a table of one file, with one finding for each short row, and for labels wrong in one way.

    The total in place of those of single columns counts rows, or labels.
    """
    for rule in (_MISSING, *_LABELS):
        (counted, rest), (own, others) = _of_rule(totals, rule), _of_rule(found, rule)
        counts = [total.count for total in counted]
        if rule == _MISSING and len(counts) > 1:
            together, count = _short_rows(own), max(counts)
        elif rule != _MISSING and len(own) > _FEW_LABELS and len(own) >= sum(counts):
            names = [f"`{item.column}`" if item.column else f"(column {item.field_number})" for item in own]
            message = f"{plural(len(own), 'column')} {_LABELS[rule]}: {listed(names, _NAMED)}"
            hint = own[0].hint if len({item.hint for item in own}) == 1 else "correct the header, or the schema"
            plain = replace(own[0], column=None, field_number=None, value=None)
            together, count = [replace(plain, message=message, hint=hint)], len(own)
        else:
            continue
        if own:
            rest.insert(totals.index(counted[0]), replace(counted[0], column=None, count=count))
            totals, found = rest, others + together
    return totals, found


def _of_rule(items: Sequence[Item], rule: str) -> tuple[list[Item], list[Item]]:
    """Those of a rule, and the others."""
    return [item for item in items if item.rule == rule], [item for item in items if item.rule != rule]


def _short_rows(missing: Sequence[Finding]) -> list[Finding]:
    """One finding for each row that lacks cells.

    Each column shows its first rows only, but a row that lacks a cell lacks all behind it, so the first cell that a shown row lacks
    is always shown too, and so is the last column.
    """
    names = {item.field_number or 0: f"`{item.column}`" for item in missing}
    rows = []
    for _, cells in groupby(missing, key=lambda item: item.row):
        first = next(cells)
        start = first.field_number or 0
        lacking = [names[number] for number in sorted(names) if number >= start]
        verb = "is" if len(lacking) == 1 else "are"
        message = f"has {start - 1} of {plural(max(names), 'cell')}: {listed(lacking, _NAMED)} {verb} missing"
        rows.append(replace(first, column=None, field_number=None, message=message))
    return rows
