"""A project to a report: every table against its schema, its keys, its parents and its rules."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from deedbook.checking.findings import FindingsSoFar, WriteAll, open_findings
from deedbook.checking.hashes import HashLog, HashSet, Spill
from deedbook.checking.plan import Options, TablePlan
from deedbook.checking.references import (
    ParentKey,
    parents_first,
    references_of,
    referred_keys,
    schema_of,
    with_suggestions,
)
from deedbook.checking.second_pass import find_missing_parents, find_repeated_keys, list_unenforced
from deedbook.checking.table import TableOutcome, check_table
from deedbook.checking.waivers import judge_waivers, waivers_in_force
from deedbook.descriptor import Package, Resource, is_remote
from deedbook.errors import UsageError
from deedbook.findings import NotChecked, Report, with_findings
from deedbook.project import Project, demand_names, unlisted_codes

if TYPE_CHECKING:  # pandera takes longer to import than most tables to check
    from deedbook.checking.rules import RuleBook

__all__ = ["DEFAULTS", "Options", "Progress", "validate"]

Progress = Callable[[int, int], None]
"""Bytes read, and bytes in all."""
DEFAULTS = Options()


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
    started = time.perf_counter()
    package = project.package
    if project.table and not options.tables:
        options = replace(options, tables=(project.table,))
    if options.allow_network and any(map(is_remote, (path for item in package.resources for path in item.paths))):
        from deedbook.reading.inputs import fetched

        with fetched(package, limit=options.max_unpacked) as local:
            report = validate(replace(project, package=local), replace(options, allow_network=False), progress, book)
        return replace(report, seconds=time.perf_counter() - started)
    names = [resource.name for resource in package.resources]
    for name in options.tables:
        if name not in names:
            raise UsageError(f"there is no table `{name}`", f"the tables are {', '.join(names)}")
    if project.config is not None and not options.tables:
        demand_names(package)
    unlisted = [*unlisted_codes(project)]
    book, withheld = _rules_of(project, options, book)
    with open_findings(options.findings_file) as write_all, SpooledTemporaryFile(1) as file:
        plans = _plan_tables(project, options, book, Spill(options.memory, file), _advance(package, progress))
        outcomes = _check_tables(package, plans, write_all)
        ran: set[str] = set()
        if book is not None:
            from deedbook.checking.rulings import judge_tables

            created = dt.date.fromisoformat(package.created[:10]) if package.created else None
            ran = judge_tables(book, outcomes, created)
        report = _report(
            package,
            outcomes,
            [NotChecked(name, "rules", withheld) for name in project.rule_files if withheld] + unlisted,
        )
        used = {row for outcome in outcomes.values() for row in outcome.found.used_waivers}
        waivers = judge_waivers(project.waivers or (), used, ran, package.created[:10])
    return replace(with_findings(report, waivers), seconds=time.perf_counter() - started)


def _rules_of(project: Project, options: Options, book: RuleBook | None) -> tuple[RuleBook | None, str]:
    """The rules, or why they do not run: a project's rule files are its own code, and run where one works on it."""
    if not project.rule_files:
        return None, ""
    if not options.rules:
        return None, "rules were switched off"
    if not (book or options.trust_rules or project.is_here):
        return None, "rule files are code: run inside the project, or trust them with --trust-rules"
    from deedbook.checking.rules import load_rules
    from deedbook.checking.settings import read_settings

    return book or load_rules(project.rule_files, read_settings(project, options.select, options.ignore)), ""


def _advance(package: Package, progress: Progress | None) -> Callable[[int], None]:
    """A function that adds bytes read to the progress."""
    if progress is None:
        return lambda _size: None
    total = sum(file.stat().st_size for resource in package.resources for file in resource.files if file.is_file())
    done = 0

    def advance(size: int) -> None:
        nonlocal done
        done += size
        progress(done, max(done, total))

    return advance


def _plan_tables(
    project: Project, options: Options, book: RuleBook | None, spill: Spill, advance: Callable[[int], None]
) -> list[TablePlan]:
    """How each table is checked, parents before children; they share the hashes of the tables that are complete."""
    package = project.package
    references = references_of(package)
    parents: dict[ParentKey, HashSet | None] = {}
    plans = [
        TablePlan(
            resource=resource,
            schema=schema_of(resource, references),
            options=options,
            spill=spill,
            references=references[resource.name],
            referred=tuple(referred_keys(resource, references)),
            parents=parents,
            waivers=waivers_in_force(project.waivers or (), resource.name, package.created[:10]),
            has_project=project.config is not None,
            advance=advance,
        )
        for resource in parents_first(package, references)
    ]
    if book is None:
        return plans
    from deedbook.checking.rulings import plan_rules

    return [replace(plan, rules=plan_rules(book, plan.resource)) for plan in plans]


def _check_tables(package: Package, plans: list[TablePlan], write_all: WriteAll | None) -> dict[str, TableOutcome]:
    """One pass over every table, then what needed all of them; in descriptor order."""
    outcomes: dict[str, TableOutcome] = {}
    logs: dict[ParentKey, HashLog] = {}
    referred = {(item.parent, item.target) for plan in plans for item in plan.references}
    for plan in plans:
        outcome = check_table(plan, FindingsSoFar(plan, write_all if plan.is_shown else None))
        outcomes[outcome.name] = outcome
        for key in plan.keys:
            place, log = (outcome.name, key.fields), outcome.logs[key]
            if key.kind != "reference":
                find_repeated_keys(outcome, key)
            if place in referred and place not in logs and outcome.has_whole(key):
                logs[place], plan.parents[place] = log, log.as_set()
        list_unenforced(outcome)
    for outcome in outcomes.values():
        find_missing_parents(outcome, logs)
    return {item.name: outcomes[item.name] for item in package.resources}


def _report(package: Package, outcomes: Mapping[str, TableOutcome], withheld: list[NotChecked]) -> Report:
    """The outcomes of the tables in the order of the descriptor."""
    chosen = [outcome for outcome in outcomes.values() if outcome.plan.is_shown]
    profile = package.raw.get("$schema", package.raw.get("profile"))
    if isinstance(profile, str) and not profile.startswith(_STANDARD_PROFILES):
        withheld.append(NotChecked("", "profile", f"the metadata is not judged against {profile}"))

    withheld += [
        NotChecked(outcome.name, "schema", f"the table `{outcome.name}` has no schema")
        for outcome in chosen
        if outcome.plan.resource.is_table and not (outcome.plan.resource.schema and outcome.plan.resource.schema.fields)
    ]

    def parent(name: str) -> tuple[Resource, int]:
        return outcomes[name].plan.resource, outcomes[name].rows

    return Report(
        tables=tuple(outcome.stats for outcome in chosen),
        findings=tuple(item for outcome in chosen for item in with_suggestions(outcome.found.shown(), parent)),
        totals=tuple(total for outcome in chosen for total in outcome.found.totals()),
        checked=tuple(check for outcome in chosen for check in outcome.checked),
        not_checked=(*(item for outcome in chosen for item in outcome.not_checked), *withheld),
    )


_STANDARD_PROFILES = (
    "https://datapackage.org/profiles/",
    "https://specs.frictionlessdata.io/schemas/",
    "data-package",
    "tabular-data-package",
)
