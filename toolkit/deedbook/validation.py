"""A project to a report: every table against its schema, its keys, its parents and its rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from deedbook.checking.collecting import Collecting, Ledger
from deedbook.checking.keys import HashLog, HashSet, Key, Reference, unique_keys
from deedbook.checking.settling import settle_references, settle_unique
from deedbook.checking.spilling import Shelf, open_shelf
from deedbook.checking.suggesting import suggest
from deedbook.checking.table import TableOutcome, TableTask, check_table
from deedbook.checking.writing import open_findings
from deedbook.descriptor import Package, Resource
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import NotChecked, Report
from deedbook.project import Project
from deedbook.reading.blocks import BLOCK_SIZE
from deedbook.schema import TableSchema

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


def validate(project: Project, options: Options = DEFAULTS, progress: Progress | None = None) -> Report:
    """The report of a project.

    Raises:
        UsageError: when `tables` names one that the package does not have.
        ProjectError: when a schema contradicts itself or the package, or a rule raised.
    """
    started = time.perf_counter()
    package = project.package
    names = [resource.name for resource in package.resources]
    for name in options.tables:
        if name not in names:
            raise UsageError(f"there is no table `{name}`", f"the tables are {', '.join(names)}")
    references = {resource.name: _references(resource, package) for resource in package.resources}
    with open_findings(options.findings_file) as write_all, open_shelf(options.memory) as shelf:
        outcomes = _check_tables(project, options, references, progress, write_all, shelf)
        report = _report(project, options, outcomes)
    return replace(report, seconds=time.perf_counter() - started)


def _references(resource: Resource, package: Package) -> tuple[Reference, ...]:
    """The foreign keys of a table with the tables that they refer to.

    Raises:
        ProjectError: when a table or field that is referred to does not exist.
    """
    if resource.schema is None:
        return ()
    found = []
    for key in resource.schema.foreign_keys:
        parent_name = key.resource or resource.name
        parent = next((item for item in package.resources if item.name == parent_name), None)
        where = resource.schema_source or resource.name
        if parent is None:
            raise ProjectError(
                f"{where}: a foreign key refers to the table `{parent_name}`, which the package does not have"
            )
        known = parent.schema.names if parent.schema else ()
        for name in key.reference:
            if name not in known:
                raise ProjectError(f"{where}: a foreign key refers to `{parent_name}`.`{name}`, which is no field")
        found.append(Reference(key, tuple(resource.schema.field(name) for name in key.fields), parent_name))
    return tuple(found)


def _check_tables(
    project: Project,
    options: Options,
    references: Mapping[str, tuple[Reference, ...]],
    progress: Progress | None,
    write_all: Callable[[pl.DataFrame], None] | None,
    shelf: Shelf,
) -> dict[str, TableOutcome]:
    """One pass over every table, parents before children, then what needed all of them."""
    package = project.package
    advance = _advancing(package, progress)
    outcomes: dict[str, TableOutcome] = {}
    logs: ParentLogs = {}
    known: dict[tuple[str, tuple[str, ...]], HashSet | None] = {}
    for resource in _parents_first(package, references):
        wanted = {
            item.key.reference for others in references.values() for item in others if item.parent == resource.name
        }
        parents = tuple(known.get((item.parent, item.key.reference)) for item in references[resource.name])
        task = _task(project, resource, options, references[resource.name], parents, wanted, shelf, advance)
        shown = not options.tables or resource.name in options.tables
        outcome = check_table(task, Ledger(task.settings, write_all if shown else None))
        for key in outcome.logs:
            if key.kind != "reference":
                settle_unique(outcome, key)
        for names in wanted if not outcome.is_unread else ():
            log = next(log for key, log in outcome.logs.items() if key.names == names)
            logs[(resource.name, names)] = log
            known[(resource.name, names)] = log.as_set()
        outcomes[resource.name] = outcome
    for outcome in outcomes.values():
        _settle_waiting(outcome, logs)
    return outcomes


ParentLogs = dict[tuple[str, tuple[str, ...]], HashLog]
"""The hashes of every key that is referred to, by table and fields; not those of a table that could not be read."""


def _settle_waiting(outcome: TableOutcome, logs: ParentLogs) -> None:
    """Looks up the foreign keys whose parent came later; one whose parent could not be read is not checked."""
    settle_references(outcome, lambda reference: logs.get((reference.parent, reference.key.reference)))
    for reference in outcome.task.references:
        if (reference.parent, reference.key.reference) not in logs:
            columns = ", ".join(reference.key.fields)
            outcome.checked = [
                check for check in outcome.checked if (check.name, check.column) != ("foreign-key", columns)
            ]
            reason = f"the table `{reference.parent}` could not be read"
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


def _parents_first(package: Package, references: Mapping[str, tuple[Reference, ...]]) -> list[Resource]:
    """The tables so that as few as possible come before a table that they refer to."""
    ordered: list[Resource] = []
    waiting = list(package.resources)
    while waiting:
        placed = {item.name for item in ordered}
        ready = [
            item for item in waiting
            if all(reference.parent in placed or reference.parent == item.name for reference in references[item.name])
        ]  # fmt: skip
        chosen = ready or waiting[:1]
        ordered += chosen
        waiting = [item for item in waiting if item not in chosen]
    return ordered


def _task(
    project: Project,
    resource: Resource,
    options: Options,
    references: tuple[Reference, ...],
    parents: tuple[HashSet | None, ...],
    wanted: set[tuple[str, ...]],
    shelf: Shelf,
    advance: Callable[[int], None],
) -> TableTask:
    schema = resource.schema or TableSchema(fields=())
    own = {key.names for key in unique_keys(schema)}
    referred = [Key("reference", tuple(schema.field(name) for name in names)) for names in sorted(wanted - own)]
    return TableTask(
        resource=resource,
        schema=schema,
        settings=Collecting(
            table=resource.name,
            path=", ".join(resource.paths),
            key=schema.primary_key,
            limit=options.max_findings,
            keep_all=options.findings_file is not None,
        ),
        shelf=shelf,
        references=references,
        parents=parents,
        referred=tuple(referred),
        warns_of_bytes=project.config is not None,
        lenient=options.lenient,
        workers=options.workers,
        block_size=options.block_size,
        max_unpacked=options.max_unpacked,
        progress=advance,
    )


def _report(project: Project, options: Options, outcomes: Mapping[str, TableOutcome]) -> Report:
    """The outcomes of the tables in the order of the descriptor."""
    package = project.package
    wanted = [item.name for item in package.resources if not options.tables or item.name in options.tables]
    chosen = [outcomes[name] for name in wanted]
    findings = [
        finding
        for outcome in chosen
        for finding in suggest(outcome.ledger.sorted_findings(), outcome.task.references, package.resource)
    ]
    return Report(
        tables=tuple(outcome.stats for outcome in chosen),
        findings=tuple(findings),
        totals=tuple(total for outcome in chosen for total in outcome.ledger.totals()),
        checked=tuple(check for outcome in chosen for check in outcome.checked),
        not_checked=tuple(item for outcome in chosen for item in outcome.not_checked),
    )
