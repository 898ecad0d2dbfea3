"""A plan as text, as JSON, and as Markdown for the summary of a CI job or a comment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from deedbook.findings import Finding
from deedbook.release.documents import Forecast
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import plural
from deedbook.rendering.markup import code, plain, table_row
from deedbook.versioning.history import bump_record
from deedbook.versioning.numbers import effective_level
from deedbook.versioning.plan import Plan
from deedbook.versioning.verdict import Verdict

_SHOWN = 20
"""Findings that are listed."""
_MOST_PLACES = 6


def render_plan(plan: Plan, files: Forecast | None = None) -> str:
    """The plan as lines of text, with the files that a build would write where they are given."""
    return "\n".join([*_head(plan), *_files(plan, files), *_findings(plan)]) + "\n"


def render_plan_json(plan: Plan, files: Forecast | None = None) -> str:
    """The plan as JSON."""
    verdict = plan.verdict
    record = {
        "plan_version": 1,
        "dataset": plan.name,
        "previous": verdict.previous.version if verdict else None,
        "version": plan.version or None,
        "nothing_to_release": plan.is_nothing,
        "ready": plan.is_ready,
        "bump": bump_record(verdict) if verdict else None,
        "reasons": {"given": len(verdict.reasons.given), "missing": len(verdict.reasons.missing)} if verdict else None,
        "target": None if plan.is_nothing else plan.target.name,
        "files": asdict(files) if files and not plan.is_nothing else None,
        "findings": [asdict(item) for item in plan.findings],
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    verdict = plan.verdict
    if verdict is None:
        yield f"{plan.name} {plan.version}: the first release"
        return
    before = verdict.previous.version
    if plan.is_nothing:
        yield f"{plan.name}: nothing to release, content and metadata are those of {before}"
        return
    higher = "" if plan.version == verdict.minimum else f" (the changes ask for {verdict.minimum})"
    mild = effective_level(verdict.level, before)
    said = "" if mild == verdict.level else f", which before 1.0.0 count as {mild}"
    yield f"{plan.name} {before} -> {plan.version}{higher}: {verdict.level} changes{said}"
    for item in verdict.rules:
        where = ", ".join(f"{visible(name)} {count:,}" if name else f"{count:,}" for name, count in item.where[:6])
        yield f"  {item.level} {item.rule}: {item.says} ({where}{' ...' if len(item.where) > 6 else ''})"
    if verdict.override:
        yield f"  lower than they ask for, because: {visible(verdict.override.reason)}"
    missing = len(verdict.reasons.missing)
    if missing or verdict.reasons.given:
        yield f"  reasons: {len(verdict.reasons.given):,} given, {missing:,} missing"


def _files(plan: Plan, files: Forecast | None) -> Iterator[str]:
    if files is None or plan.is_nothing:
        return
    suffixes = dict.fromkeys(name.rpartition(".")[2] for name in files.tables)
    tables = len({name.rpartition(".")[0] for name in files.tables})
    parts = [
        f"{plural(tables, 'table')} as {', '.join(suffixes)}",
        *files.whole,
        plural(len(files.documents), "document"),
    ]
    if files.diffs:
        parts.append(f"row changes of {plural(len(files.diffs), 'table')} and of derived ones that differ")
    yield f"  files: {'; '.join(visible(part) for part in parts)}"


def _findings(plan: Plan) -> Iterator[str]:
    grouped: dict[tuple[str, str, str], list[Finding]] = {}
    for item in plan.findings:
        grouped.setdefault((item.severity, item.rule, item.table), []).append(item)
    for (severity, rule, table), items in grouped.items():
        yield f"{severity} {rule}{f' in {visible(table)}' if table else ''}: {len(items):,}"
        for item in items[:_SHOWN]:
            place = " ".join(visible(part) for part in (item.key, item.column) if part)
            yield f"  {place}{': ' if place else ''}{visible(item.message)}"
        if len(items) > _SHOWN:
            yield f"  ... and {len(items) - _SHOWN:,} more"
        if items[0].hint:
            yield f"    {visible(items[0].hint)}"
    if not plan.is_nothing:
        errors = sum(item.severity == "error" for item in plan.findings)
        state = f"not ready: {plural(errors, 'error')}" if errors else "ready"
        yield f"{state}; `deedbook plan --write` sets version, date and previous release, `deedbook build` writes {plan.target}"


def render_plan_markdown(plan: Plan, *, shown: int = _SHOWN) -> str:
    """The plan: the next version, the rules that ask for it, and what is missing."""
    lines = [f"### {_markdown_head(plan)}", ""]
    if plan.verdict is not None and not plan.is_nothing:
        lines += _markdown_rules(plan.verdict)
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


def _markdown_head(plan: Plan) -> str:
    name, verdict = plain(plan.name), plan.verdict
    if verdict is None:
        return f"Next release: {name} {plain(plan.version)}, the first"
    before = plain(verdict.previous.version)
    if plan.is_nothing:
        return f"Next release: none, content and metadata are those of {name} {before}"
    return f"Next release: {name} {before} → {plain(plan.version)} ({verdict.level} changes)"


def _markdown_rules(verdict: Verdict) -> Iterator[str]:
    """The rules that fired, and how many corrections have their reason."""
    for item in verdict.rules:
        where = [f"{plain(name)} {count:,}" if name else f"{count:,}" for name, count in item.where[:_MOST_PLACES]]
        more = " ..." if len(item.where) > _MOST_PLACES else ""
        yield f"* {item.level}: {plain(item.says)} ({', '.join(where)}{more})"
    if verdict.override:
        yield f"* lower than they ask for, because: {plain(verdict.override.reason)}"
    given, missing = len(verdict.reasons.given), len(verdict.reasons.missing)
    if given or missing:
        yield f"* reasons in corrections.csv: {given:,} given, {missing:,} missing"
    yield ""
