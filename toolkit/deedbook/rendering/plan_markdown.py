"""A plan as Markdown, for the summary of a CI job or a comment."""

from __future__ import annotations

from collections.abc import Iterator

from deedbook.rendering.lines import plural
from deedbook.rendering.markup import code, plain, table_row
from deedbook.versioning.judging import Judgement
from deedbook.versioning.planning import Plan

SHOWN = 20
"""Findings that are listed."""
_MOST_PLACES = 6


def render_plan_markdown(plan: Plan, *, shown: int = SHOWN) -> str:
    """The plan: the next version, the rules that ask for it, and what is missing."""
    lines = [f"### {_head(plan)}", ""]
    if plan.judgement is not None and not plan.is_nothing:
        lines += _reasons(plan.judgement)
    if plan.findings:
        lines += [table_row("severity", "rule", "table", "key", "field", "finding"), "|---|---|---|---|---|---|"]
        for item in plan.findings[:shown]:
            said = f"{plain(item.message)}<br>{plain(item.hint)}" if item.hint else plain(item.message)
            key = code(item.key) if item.key else ""
            cells = (item.severity, plain(item.rule), plain(item.table), key, plain(item.column or ""), said)
            lines.append(table_row(*cells))
        lines += ["", *([f"and {len(plan.findings) - shown:,} more", ""] if len(plan.findings) > shown else [])]
    if not plan.is_nothing:
        errors = sum(item.severity == "error" for item in plan.findings)
        lines.append(f"Not ready: {plural(errors, 'error')}." if errors else "Ready.")
    return "\n".join(lines).rstrip() + "\n"


def _head(plan: Plan) -> str:
    name, judgement = plain(plan.name), plan.judgement
    if judgement is None:
        return f"Next release: {name} {plain(plan.version)}, the first"
    before = plain(judgement.previous.version)
    if plan.is_nothing:
        return f"Next release: none, content and metadata are those of {name} {before}"
    return f"Next release: {name} {before} → {plain(plan.version)} ({judgement.floor} changes)"


def _reasons(judgement: Judgement) -> Iterator[str]:
    """The rules that fired, and how many corrections have their reason."""
    for item in judgement.fired:
        where = [f"{plain(name)} {count:,}" if name else f"{count:,}" for name, count in item.where[:_MOST_PLACES]]
        more = " ..." if len(item.where) > _MOST_PLACES else ""
        yield f"* {item.level}: {plain(item.says)} ({', '.join(where)}{more})"
    if judgement.override:
        yield f"* lower than they ask for, because: {plain(judgement.override.reason)}"
    given, missing = len(judgement.reasons.given), len(judgement.reasons.missing)
    if given or missing:
        yield f"* reasons in corrections.csv: {given:,} given, {missing:,} missing"
    yield ""
