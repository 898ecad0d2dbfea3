"""A project to a report: every table against its schema, its keys, its parents and its rules."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from deedbook.checking.explanation import Parents
from deedbook.checking.findings import FindingsSoFar, WriteAll, judge_waivers, open_findings, waivers_in_force
from deedbook.checking.keys import HashLog, ParentKey, Spill
from deedbook.checking.plan import Options, TablePlan, plan_tables
from deedbook.checking.second_pass import find_missing_parents, find_repeated_keys
from deedbook.checking.table import TableOutcome, check_table
from deedbook.descriptor import Package
from deedbook.errors import UsageError
from deedbook.findings import NotChecked, Report, with_findings
from deedbook.project import Project, demand_names, unlisted_codes
from deedbook.reading.inputs import fetched

if TYPE_CHECKING:  # pandera takes longer to import than most tables to check
    from deedbook.checking.rules import RuleBook

__all__ = ["DEFAULTS", "Options", "Progress", "validate"]

Progress = Callable[[str, float], None]
"""What is being done, and which share of it (0 to 1) is behind us."""
DEFAULTS = Options()
_STANDARD_PROFILES = (
    "https://datapackage.org/profiles/",
    "https://specs.frictionlessdata.io/schemas/",
    "data-package",
    "tabular-data-package",
)


def validate(
    project: Project, options: Options = DEFAULTS, progress: Progress | None = None, book: RuleBook | None = None
) -> Report:
    """The report of a project.

    Args:
        project: What is validated.
        options: How.
        progress: Told what is read.
        book: The project's rules where they have been loaded already; else its rule files are run, where they may.

    Raises:
        UsageError: when `tables` names one that the package does not have.
        ProjectError: when a schema contradicts itself or the package, or a rule raised.
    """
    started, created, ran = time.perf_counter(), project.package.created[:10], set[str]()
    options = replace(options, tables=_tables_of(project, options))
    with ExitStack() as stack:
        if options.allow_network:
            package = stack.enter_context(fetched(project.package, limit=options.max_unpacked))
            project = replace(project, package=package)
        if project.config is not None and not options.tables:
            demand_names(project.package)
        not_checked = [*unlisted_codes(project)]
        book, not_run = _rules_of(project, options, book)
        write_all = stack.enter_context(open_findings(options.findings_file))
        spill = Spill(options.memory, stack.enter_context(SpooledTemporaryFile(1)))
        advance, has_project = _counter(project.package, progress), project.config is not None
        plans = plan_tables(project.package, options, spill, advance, has_project=has_project)
        if book is not None:
            from deedbook.checking import rulings

            plans = [rulings.plan_rules(book, plan) for plan in plans]
        outcomes = _check_tables(project, plans, write_all)
        if book is not None:
            ran = rulings.judge_tables(book, outcomes, dt.date.fromisoformat(created) if created else None)
    report = _report(outcomes, [*not_run, *not_checked, *_not_judged(project.package, outcomes)])
    used = set[int]().union(*(outcome.found.used_waivers for outcome in outcomes.values()))
    report = with_findings(report, judge_waivers(project.waivers or (), used, ran, created))
    return replace(report, seconds=time.perf_counter() - started)


def _tables_of(project: Project, options: Options) -> tuple[str, ...]:
    """The tables to report on; all when empty."""
    chosen = options.tables or ((project.table,) if project.table else ())
    names = [resource.name for resource in project.package.resources]
    if unknown := [name for name in chosen if name not in names]:
        raise UsageError(f"there is no table `{unknown[0]}`", f"the tables are {', '.join(names)}")
    return chosen


def _rules_of(project: Project, options: Options, book: RuleBook | None) -> tuple[RuleBook | None, list[NotChecked]]:
    """The rules, or why they do not run: a project's rule files are its own code, and run where one works on it."""
    if not project.rule_files:
        return None, []
    reason = "" if options.rules else "rules were switched off"
    if options.rules and not (book or options.trust_rules or project.is_here):
        reason = "rule files are code: run inside the project, or trust them with --trust-rules"
    if reason:
        return None, [NotChecked(name, "rules", reason) for name in project.rule_files]
    from deedbook.checking import rules, settings

    if book is None:
        given = settings.read_settings(project, options.select, options.ignore)
        book = rules.load_rules(project.rule_files, given)
    return book, []


def _counter(package: Package, progress: Progress | None) -> Callable[[int], None]:
    """Takes how many more bytes were read."""
    total = sum(file.stat().st_size for item in package.resources for file in item.files if file.is_file())
    done = 0

    def advance(size: int) -> None:
        nonlocal done
        done += size
        if progress is not None:
            progress("checking", done / max(done, total, 1))

    return advance


def _check_tables(project: Project, plans: list[TablePlan], write_all: WriteAll | None) -> dict[str, TableOutcome]:
    """One pass over every table, then what needed all of them; in descriptor order."""
    outcomes: dict[str, TableOutcome] = {}
    logs: dict[ParentKey, HashLog] = {}
    referred = {item.parent for plan in plans for item in plan.references}
    for plan in plans:
        name, options = plan.resource.name, plan.options
        waivers = waivers_in_force(project.waivers or (), name, project.package.created[:10])
        found = FindingsSoFar(plan.resource, options.max_findings, waivers, write_all if plan.is_shown else None)
        outcome = outcomes[name] = check_table(plan, found)
        find_repeated_keys(outcome)
        for key in plan.keys:
            place, log = (name, key.fields), outcome.logs[key]
            if place in referred.difference(logs) and outcome.has_whole(key):
                logs[place], plan.parents[place] = log, log.as_set()
        outcome.list_unenforced()
    for outcome in outcomes.values():
        find_missing_parents(outcome, logs)
    return {item.name: outcomes[item.name] for item in project.package.resources}


def _report(outcomes: Mapping[str, TableOutcome], not_checked: list[NotChecked]) -> Report:
    """The outcomes of the tables that are reported on."""
    chosen = [outcome for outcome in outcomes.values() if outcome.plan.is_shown]
    parents = Parents({name: (outcome.plan.resource, outcome.rows) for name, outcome in outcomes.items()})
    together = chain.from_iterable
    return Report(
        tables=tuple(outcome.stats for outcome in chosen),
        findings=tuple(parents.suggested(*shown) for outcome in chosen for shown in outcome.found.shown()),
        totals=tuple(together(outcome.found.totals() for outcome in chosen)),
        checked=tuple(together(outcome.checked for outcome in chosen)),
        not_checked=(*together(outcome.not_checked for outcome in chosen), *not_checked),
    )


def _not_judged(package: Package, outcomes: Mapping[str, TableOutcome]) -> Iterator[NotChecked]:
    """What nothing is known of: metadata of another profile, and tables without a schema."""
    profile = package.raw.get("$schema", package.raw.get("profile"))
    if isinstance(profile, str) and not profile.startswith(_STANDARD_PROFILES):
        yield NotChecked("", "profile", f"the metadata is not judged against {profile}")
    for name, outcome in outcomes.items():
        resource = outcome.plan.resource
        if outcome.plan.is_shown and resource.is_table and not (resource.schema and resource.schema.fields):
            yield NotChecked(name, "schema", f"the table `{name}` has no schema")
