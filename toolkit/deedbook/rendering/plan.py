"""A plan as text, as JSON, and as Markdown for the summary of a CI job or a comment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from deedbook.findings import Finding, plural
from deedbook.release.documents import Forecast
from deedbook.rendering.escapes import plain, visible
from deedbook.rendering.pages import template
from deedbook.versioning.bump import AppliedRule
from deedbook.versioning.history import bump_record
from deedbook.versioning.numbers import counts_as
from deedbook.versioning.plan import Plan

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
    yield f"{plan.name} {before} -> {plan.version}{higher}: {verdict.level} changes{counts_as(verdict.level, before)}"
    for item in verdict.rules:
        yield f"  {item.level} {item.rule}: {item.says} ({_places(item, visible)})"
    if verdict.override:
        yield f"  lower than they ask for, because: {visible(verdict.override.reason)}"
    given, missing = len(verdict.reasons.given), len(verdict.reasons.missing)
    if given or missing:
        yield f"  reasons: {given:,} given, {missing:,} missing"


def _places(item: AppliedRule, safe: Callable[[str], str]) -> str:
    """The tables in which a rule applies, with counts; of the package, the count alone."""
    counts = [f"{safe(name)} {count:,}" if name else f"{count:,}" for name, count in item.where.items()]
    return f"{', '.join(counts[:_MOST_PLACES])}{' ...' if len(item.where) > _MOST_PLACES else ''}"


def _files(plan: Plan, files: Forecast | None) -> Iterator[str]:
    if files is None or plan.is_nothing:
        return
    suffixes = dict.fromkeys(name.rpartition(".")[2] for name in files.tables)
    tables = len({name.rpartition(".")[0] for name in files.tables})
    parts = [f"{plural(tables, 'table')} as {', '.join(suffixes)}", *files.whole]
    parts.append(plural(len(files.documents), "document"))
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
        yield (
            f"{_state(plan)}; `deedbook plan --write` sets version, date and previous release, "
            f"`deedbook build` writes {plan.target}"
        )


def _state(plan: Plan) -> str:
    errors = sum(item.severity == "error" for item in plan.findings)
    return f"not ready: {plural(errors, 'error')}" if errors else "ready"


def render_plan_markdown(plan: Plan) -> str:
    """The plan: the next version, the rules that ask for it, and what is missing."""

    def places(item: AppliedRule) -> str:
        return _places(item, plain)

    text = template("plan.md.j2").render(plan=plan, places=places, shown=_SHOWN, state=_state(plan))
    return f"{text.rstrip()}\n"
