"""A project to a report: every table against its schema, its keys, its parents and its rules."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from deedbook.checking.collecting import Collecting, Ledger
from deedbook.checking.keys import HashLog, HashSet
from deedbook.checking.ordering import (
    References,
    parents_first,
    references_of,
    referred_fields,
    referred_keys,
    schema_of,
)
from deedbook.checking.settling import list_unenforced, settle_references, settle_unique
from deedbook.checking.spilling import Shelf, open_shelf
from deedbook.checking.suggesting import suggest
from deedbook.checking.table import TableOutcome, TableTask, check_table
from deedbook.checking.waiving import accepted, judge_waivers
from deedbook.checking.writing import open_findings
from deedbook.descriptor import Package, Resource, is_remote
from deedbook.errors import UsageError
from deedbook.findings import Finding, NotChecked, Report, Total
from deedbook.project import Project
from deedbook.reading.blocks import BLOCK_SIZE
from deedbook.reading.inputs import is_foreign
from deedbook.schema import TableSchema

if TYPE_CHECKING:  # pandera takes longer to import than most tables to check
    from deedbook.checking.rules import RuleBook
    from deedbook.checking.ruling import RulePlan

Progress = Callable[[int, int], None]
"""Bytes read, and bytes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to validate.

    Attributes:
        max_findings: How many findings of each table, rule and column the report shows; totals are exact all the same.
        tables: Names of the tables to report on; all when empty.
        rules: Whether rules run at all; `trust_rules` lets a project's rule files run outside its own folder.
        lenient: Accept what frictionless-py accepts.
        workers: Threads; None for as many as help.
        block_size: Bytes of a block; it changes nothing in the report.
        memory: Bytes that key hashes may take before they go to disk.
        findings_file: A `.parquet` or `.csv` file for all findings, in no promised order.
        max_unpacked: Bytes that one compressed file may unpack to.
    """

    max_findings: int = 10
    tables: tuple[str, ...] = ()
    rules: bool = True
    trust_rules: bool = False
    lenient: bool = False
    workers: int | None = None
    block_size: int = BLOCK_SIZE
    memory: int = 512 << 20
    findings_file: Path | None = None
    allow_network: bool = False
    max_unpacked: int = 16 << 30


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
    if options.allow_network and any(
        map(is_remote, (path for item in project.package.resources for path in item.paths))
    ):
        from deedbook.reading.remote import fetched

        with fetched(project.package, limit=options.max_unpacked) as package:
            report = validate(replace(project, package=package), replace(options, allow_network=False), progress, book)
        return replace(report, seconds=time.perf_counter() - started)
    names = [resource.name for resource in project.package.resources]
    for name in options.tables:
        if name not in names:
            raise UsageError(f"there is no table `{name}`", f"the tables are {', '.join(names)}")
    references = references_of(project.package)
    rules = _load_rules(project, options, book)
    with open_findings(options.findings_file) as write_all, open_shelf(options.memory) as shelf:
        advance = _advancing(project.package, progress)
        run = _Run(project, options, references, rules, shelf, advance, write_all)
        outcomes = _check_tables(run)
        report = _report(run, outcomes, _judge_rules(run, outcomes))
    return replace(report, seconds=time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The project's rules; without any, neither a book nor plans.

    Attributes:
        withheld: Why rule files did not run; empty when they did.
    """

    book: RuleBook | None = None
    plans: Mapping[str, RulePlan] = field(default_factory=dict)
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """What all steps of one validation share."""

    project: Project
    options: Options
    references: References
    rules: _Rules
    shelf: Shelf
    advance: Callable[[int], None]
    write_all: Callable[[pl.DataFrame], None] | None

    @property
    def today(self) -> str:
        """The release date, which stands for today: a report does not depend on when it is made."""
        return self.project.package.created[:10]

    def shows(self, table: str) -> bool:
        """Whether the table is reported on."""
        return not self.options.tables or table in self.options.tables


def _load_rules(project: Project, options: Options, book: RuleBook | None) -> _Rules:
    """The rules that may run: a project's rule files are its own code, and run where one works on it."""
    if not project.rule_files:
        return _Rules()
    if not options.rules:
        return _Rules(withheld="rules were switched off")
    if not (book or options.trust_rules or project.is_here):
        return _Rules(withheld="rule files are code: run inside the project, or trust them with --trust-rules")
    from deedbook.checking.rules import load_rules
    from deedbook.checking.ruling import plan_rules

    book = book or load_rules(project.rule_files)
    tables = project.package.resources
    return _Rules(book, {item.name: plan_rules(book, item.name, item.schema or TableSchema(())) for item in tables})


def _judge_rules(run: _Run, outcomes: Mapping[str, TableOutcome]) -> set[str]:
    """Runs the rules that need whole tables; the ids of all rules that were judged."""
    if run.rules.book is None:
        return set()
    from deedbook.checking.ruling import judge_tables

    created = dt.date.fromisoformat(run.today) if run.today else None
    return judge_tables(run.rules.book, run.rules.plans, outcomes, created)


ParentLogs = dict[tuple[str, tuple[str, ...]], HashLog]
"""The hashes of every key that is referred to, by table and fields; not those of a table that was not read or lacks them."""


def _check_tables(run: _Run) -> dict[str, TableOutcome]:
    """One pass over every table, parents before children, then what needed all of them; in descriptor order."""
    outcomes: dict[str, TableOutcome] = {}
    logs: ParentLogs = {}
    known: dict[tuple[str, tuple[str, ...]], HashSet | None] = {}
    for resource in parents_first(run.project.package, run.references):
        parents = tuple(known.get((item.parent, item.key.reference)) for item in run.references[resource.name])
        task = _task(run, resource, parents)
        outcome = check_table(task, Ledger(task.settings, run.write_all if run.shows(resource.name) else None))
        for key in outcome.logs:
            if key.kind != "reference":
                settle_unique(outcome, key)
        list_unenforced(outcome)
        referred = set() if outcome.is_unread else referred_fields(run.references, resource.name)
        for names in (key for key in referred if all(outcome.number_of(name) is not None for name in key)):
            log = next(log for key, log in outcome.logs.items() if key.names == names)
            logs[(resource.name, names)] = log
            known[(resource.name, names)] = log.as_set()
        outcomes[resource.name] = outcome
    for outcome in outcomes.values():
        _settle_waiting(outcome, logs)
    return {item.name: outcomes[item.name] for item in run.project.package.resources}


def _settle_waiting(outcome: TableOutcome, logs: ParentLogs) -> None:
    """Looks up the foreign keys whose parent came later; one whose parent could not be read is not checked."""
    settle_references(outcome, lambda reference: logs.get((reference.parent, reference.key.reference)))
    for reference in outcome.task.references:
        if (reference.parent, reference.key.reference) not in logs:
            columns = ", ".join(reference.key.fields)
            outcome.checked = [item for item in outcome.checked if (item.name, item.column) != ("foreign-key", columns)]
            reason = f"the table `{reference.parent}` could not be read, or lacks the column"
            outcome.not_checked.append(NotChecked(outcome.task.resource.name, "foreign-key", reason, columns))


def _advancing(package: Package, progress: Progress | None) -> Callable[[int], None]:
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


def _task(run: _Run, resource: Resource, parents: tuple[HashSet | None, ...]) -> TableTask:
    options, project = run.options, run.project
    schema = schema_of(resource, run.references)
    plan = run.rules.plans.get(resource.name)
    return TableTask(
        resource=resource,
        schema=schema,
        settings=Collecting(
            table=resource.name,
            path=", ".join(resource.paths),
            paths=resource.paths,
            key=schema.primary_key,
            limit=options.max_findings,
            keep_all=options.findings_file is not None,
            has_lines=not is_foreign(resource),
            waived=accepted(project.waivers or (), resource.name, run.today),
        ),
        shelf=run.shelf,
        references=run.references[resource.name],
        parents=parents,
        referred=tuple(referred_keys(resource, run.references)),
        row_rules=plan.row_rules if plan else None,
        typed_names=plan.fields if plan else (),
        keeps_typed=plan.keeps_typed if plan else False,
        warns_of_bytes=project.config is not None,
        lenient=options.lenient,
        workers=options.workers,
        block_size=options.block_size,
        max_unpacked=options.max_unpacked,
        progress=run.advance,
    )


def _report(run: _Run, outcomes: Mapping[str, TableOutcome], ran: set[str]) -> Report:
    """The outcomes of the tables in the order of the descriptor, then what there is to say of waivers."""
    package = run.project.package
    chosen = [outcome for name, outcome in outcomes.items() if run.shows(name)]
    findings = [
        finding
        for outcome in chosen
        for finding in suggest(
            outcome.ledger.sorted_findings(),
            outcome.task.references,
            lambda name: (package.resource(name), outcomes[name].stats.rows),
        )
    ]
    totals = [total for outcome in chosen for total in outcome.ledger.totals()]
    used = {name: outcome.ledger.used_waivers for name, outcome in outcomes.items()}
    for finding in judge_waivers(run.project.waivers or (), used, ran, run.today):
        findings.append(finding)
        totals.append(_total_of(finding))
    withheld = [NotChecked(name, "rules", run.rules.withheld) for name in run.project.rule_files if run.rules.withheld]
    if profile := _foreign_profile(package):
        withheld.append(NotChecked("", "profile", f"the metadata is not judged against {profile}"))
    return Report(
        tables=tuple(outcome.stats for outcome in chosen),
        findings=tuple(findings),
        totals=tuple(totals),
        checked=tuple(check for outcome in chosen for check in outcome.checked),
        not_checked=(*(item for outcome in chosen for item in outcome.not_checked), *withheld),
    )


_STANDARD_PROFILES = (
    "https://datapackage.org/profiles/",
    "https://specs.frictionlessdata.io/schemas/",
    "data-package",
    "tabular-data-package",
)


def _foreign_profile(package: Package) -> str:
    """A profile of the descriptor that is not one of the standard's own; empty when there is none."""
    declared = package.raw.get("$schema", package.raw.get("profile"))
    return declared if isinstance(declared, str) and not declared.startswith(_STANDARD_PROFILES) else ""


def _total_of(finding: Finding) -> Total:
    return Total(finding.table, finding.rule, finding.column, finding.severity, 1)
