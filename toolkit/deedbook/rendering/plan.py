"""A plan as text, as JSON, and as Markdown for the summary of a CI job or a comment."""

from collections.abc import Callable
from dataclasses import asdict

from deedbook.files import json_document
from deedbook.findings import Finding, plural
from deedbook.release.documents import Forecast
from deedbook.rendering.escapes import plain, visible
from deedbook.rendering.pages import template
from deedbook.versioning.numbers import counts_as
from deedbook.versioning.plan import Plan

_SHOWN = 20
"""Findings that are listed."""
_MOST_PLACES = 6


def render_text(plan: Plan, files: Forecast | None = None) -> str:
    """The plan as lines of text, with the files that a build would write where they are given."""
    parts: list[str] = []
    if files and not plan.is_nothing:
        packed = [name.removesuffix(".gz") for name in files.tables]
        suffixes = dict.fromkeys(name.rpartition(".")[2] for name in packed)
        tables = {name.rpartition(".")[0] for name in packed}
        parts = [f"{plural(len(tables), 'table')} as {', '.join(suffixes)}", *files.whole]
        parts.append(plural(len(files.documents), "document"))
        if files.diffs:
            parts.append(f"row changes of {plural(len(files.diffs), 'table')} and of derived ones that differ")
    grouped: dict[tuple[str, str, str], list[Finding]] = {}
    for item in plan.findings:
        grouped.setdefault((item.severity, item.rule, item.table), []).append(item)
    return _rendered("plan.txt.j2", plan, visible, files=parts, grouped=grouped)


def render_drafted(left: int) -> str:
    """How many of the rows that were drafted wait for a reason."""
    return f"corrections.csv: {plural(left, 'row')} still need{'s' * (left == 1)} a reason"


def render_markdown(plan: Plan, _files: Forecast | None = None) -> str:
    """The plan: the next version, the rules that ask for it, and what is missing."""
    return f"{_rendered('plan.md.j2', plan, plain).rstrip()}\n"


def _rendered(name: str, plan: Plan, safe: Callable[[str], str], **more: object) -> str:
    """A template, told whether the plan is ready, and how to name the tables in which a rule applies."""

    def places(where: dict[str, int]) -> str:
        """The tables with counts; of the package, the count alone."""
        counts = [f"{safe(table)} {count:,}" if table else f"{count:,}" for table, count in where.items()]
        return f"{', '.join(counts[:_MOST_PLACES])}{' ...' if len(where) > _MOST_PLACES else ''}"

    errors = sum(item.severity == "error" for item in plan.findings)
    state = f"not ready: {plural(errors, 'error')}" if errors else "ready"
    said = {"plan": plan, "places": places, "shown": _SHOWN, "state": state, "visible": visible, "counts_as": counts_as}
    return template(name).render(said | more)


def render_json(plan: Plan, files: Forecast | None = None) -> str:
    """The plan as JSON."""
    verdict = plan.verdict
    record = {
        "plan_version": 1,
        "dataset": plan.name,
        "previous": verdict.previous.version if verdict else None,
        "version": plan.version or None,
        "nothing_to_release": plan.is_nothing,
        "ready": plan.is_ready,
        "bump": verdict.bump if verdict else None,
        "reasons": {"given": len(verdict.reasons.given), "missing": len(verdict.reasons.missing)} if verdict else None,
        "target": None if plan.is_nothing else plan.target.name,
        "files": asdict(files) if files and not plan.is_nothing else None,
        "findings": [asdict(item) for item in plan.findings],
    }
    return json_document(record)


RENDERERS = {"text": render_text, "json": render_json, "markdown": render_markdown}
