"""A plan for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from deedbook.findings import Finding
from deedbook.release.forecast import Forecast
from deedbook.rendering.escapes import visible
from deedbook.rendering.lines import plural
from deedbook.versioning.history import bump_record
from deedbook.versioning.numbers import effective_level
from deedbook.versioning.planning import Plan

_SHOWN = 20


def render_plan(plan: Plan, files: Forecast | None = None) -> str:
    """The plan as lines of text, with the files that a build would write where they are given."""
    return "\n".join([*_head(plan), *_files(plan, files), *_findings(plan)]) + "\n"


def render_plan_json(plan: Plan, files: Forecast | None = None) -> str:
    """The plan as JSON."""
    judgement = plan.judgement
    record = {
        "plan_version": 1,
        "dataset": plan.name,
        "previous": judgement.previous.version if judgement else None,
        "version": plan.version or None,
        "nothing_to_release": plan.is_nothing,
        "ready": plan.is_ready,
        "bump": bump_record(judgement) if judgement else None,
        "reasons": {"given": len(judgement.reasons.given), "missing": len(judgement.reasons.missing)}
        if judgement
        else None,
        "target": None if plan.is_nothing else plan.target.name,
        "files": asdict(files) if files and not plan.is_nothing else None,
        "findings": [asdict(item) for item in plan.findings],
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    judgement = plan.judgement
    if judgement is None:
        yield f"{plan.name} {plan.version}: the first release"
        return
    before = judgement.previous.version
    if plan.is_nothing:
        yield f"{plan.name}: nothing to release, content and metadata are those of {before}"
        return
    higher = "" if plan.version == judgement.minimum else f" (the changes ask for {judgement.minimum})"
    mild = effective_level(judgement.floor, before)
    said = "" if mild == judgement.floor else f", which before 1.0.0 count as {mild}"
    yield f"{plan.name} {before} -> {plan.version}{higher}: {judgement.floor} changes{said}"
    for item in judgement.fired:
        where = ", ".join(f"{visible(name)} {count:,}" if name else f"{count:,}" for name, count in item.where[:6])
        yield f"  {item.level} {item.rule}: {item.says} ({where}{' ...' if len(item.where) > 6 else ''})"
    if judgement.override:
        yield f"  lower than they ask for, because: {visible(judgement.override.reason)}"
    missing = len(judgement.reasons.missing)
    if missing or judgement.reasons.given:
        yield f"  reasons: {len(judgement.reasons.given):,} given, {missing:,} missing"


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
