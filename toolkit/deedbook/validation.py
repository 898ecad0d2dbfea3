"""A project to a report: every table against its schema, its keys, its parents and its rules."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Protocol

from deedbook.checking.batch import SmallFiles
from deedbook.checking.cache import Cache, Part
from deedbook.checking.explanation import Parents
from deedbook.checking.findings import FindingsSoFar, WriteAll, judge_waivers, open_findings, waivers_in_force
from deedbook.checking.hashes import HashLog, Spill
from deedbook.checking.keys import ParentKey
from deedbook.checking.plan import Options, TablePlan, plan_tables
from deedbook.checking.second_pass import find_missing_parents, find_repeated_keys
from deedbook.checking.table import TableOutcome, check_table
from deedbook.descriptor import Package, Resource
from deedbook.errors import UsageError
from deedbook.findings import NotChecked, Report, joined, with_findings
from deedbook.project import Project, demand_names, unlisted_codes

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


class Engine(Protocol):
    """What checks tables in place of this process."""

    def narrow(self, book: RuleBook, package: Package) -> RuleBook:
        """The rules, those that it cannot judge with the reason."""
        ...

    def check_tables(
        self, plans: Sequence[TablePlan], found: Callable[[TablePlan], FindingsSoFar]
    ) -> list[TableOutcome]:
        """What is known of each table after its pass, its keys and its foreign keys; no typed rows are kept."""
        ...


def validate(
    project: Project,
    options: Options = DEFAULTS,
    progress: Progress | None = None,
    book: RuleBook | None = None,
    engine: Engine | None = None,
) -> Report:
    """The report of a project.

    Args:
        project: What is validated.
        options: How.
        progress: Told what is read.
        book: The project's rules where they have been loaded already; else its rule files are run, where they may.
        engine: What checks the tables; this process when None.

    Raises:
        UsageError: when `tables` names one that the package does not have, or an engine is to write all findings.
        ProjectError: when a schema contradicts itself or the package, or a rule raised.
    """
    if engine is not None and options.findings_file:
        raise UsageError("all findings are written on one machine only", "leave the file out, or validate here")
    started = time.perf_counter()
    options = replace(options, tables=_tables_of(project, options), cache=options.cache and engine is None)
    with ExitStack() as stack:
        if options.allow_network:
            from deedbook.reading.remote import fetched  # and with it what speaks to servers

            package = stack.enter_context(
                fetched(project.package, limit=options.max_unpacked, is_shared=engine is not None)
            )
            project = replace(project, package=package)
        if project.config is not None and not options.tables:
            demand_names(project.package)
        not_checked, withheld = [*unlisted_codes(project)], _withheld(project, options, book)
        write_all = stack.enter_context(open_findings(options.findings_file))
        spill = Spill(options.memory, stack.enter_context(SpooledTemporaryFile(1)))
        advance, has_project = _counter(project.package, progress), project.config is not None
        plans = plan_tables(project.package, options, spill, advance, has_project=has_project)
        cache = Cache.open(project, plans, options, withheld)
        if withheld or not project.rule_files or cache.has_all(plans):
            book = None
        else:
            book = _rules_for(engine, project, options, book)
        parts = _parts(project, plans, cache, book, write_all, engine)
    shown = [item for item in project.package.resources if not options.tables or item.name in options.tables]
    not_checked = [*(NotChecked(name, "rules", withheld) for name in project.rule_files if withheld), *not_checked]
    rest = Report(not_checked=(*not_checked, *_not_judged(project.package, shown)))
    report = joined([*(parts[item.name].report for item in shown), rest])
    used = {row for part in parts.values() for row in part.waivers}
    ran = {rule for part in parts.values() for rule in part.judged}
    report = with_findings(report, judge_waivers(project.waivers or (), used, ran, project.package.created[:10]))
    return replace(report, seconds=time.perf_counter() - started)


def _tables_of(project: Project, options: Options) -> tuple[str, ...]:
    """The tables to report on; all when empty."""
    chosen = options.tables or ((project.table,) if project.table else ())
    names = [resource.name for resource in project.package.resources]
    if unknown := [name for name in chosen if name not in names]:
        raise UsageError(f"there is no table `{unknown[0]}`", f"the tables are {', '.join(names)}")
    return chosen


def _withheld(project: Project, options: Options, book: RuleBook | None) -> str:
    """Why the rules do not run: a project's rule files are its own code, and run where one works on it."""
    if not options.rules:
        return "rules were switched off"
    if not (book or options.trust_rules or project.is_here):
        return "rule files are code: run inside the project, or trust them with --trust-rules"
    return ""


def _rules_for(engine: Engine | None, project: Project, options: Options, book: RuleBook | None) -> RuleBook:
    """The rules of a project, loaded where they are not yet, as the engine can judge them."""
    if book is None:
        from deedbook.checking.rules import load_book

        book = load_book(project, options.select, options.ignore)
    return book if engine is None else engine.narrow(book, project.package)


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


def _parts(
    project: Project,
    plans: list[TablePlan],
    cache: Cache,
    book: RuleBook | None,
    write_all: WriteAll | None,
    engine: Engine | None,
) -> dict[str, Part]:
    """What is said of each table; `book` has the rules, where they run and a table has to be read."""
    created, ids = project.package.created[:10], dict[str, list[str]]()
    if book is not None:
        from deedbook.checking import rulings

        plans = [rulings.plan_rules(book, plan) for plan in plans]
    outcomes, parts = _outcomes(engine, plans, cache, partial(_findings_of, project, write_all))
    outcomes = {item.name: outcomes[item.name] for item in project.package.resources if item.name in outcomes}
    if book is not None:
        others = [rule for part in parts.values() for rule in part.rules]
        ids = rulings.judge_tables(book, outcomes, dt.date.fromisoformat(created) if created else None, others)
    rows = {name: part.report.tables[0].rows for name, part in parts.items()}
    rows |= {name: outcome.rows for name, outcome in outcomes.items()}
    parents = Parents({name: (project.package.resource(name), count) for name, count in rows.items()})
    fresh = {name: _part_of(outcome, parents, ids.get(name, ())) for name, outcome in outcomes.items()}
    cache.save(fresh, plans)
    return parts | fresh


def _outcomes(
    engine: Engine | None, plans: list[TablePlan], cache: Cache, found_in: Callable[[TablePlan], FindingsSoFar]
) -> tuple[dict[str, TableOutcome], dict[str, Part]]:
    """What is known of the tables that are read, and the parts of the others."""
    if engine is None:
        return _check_tables(plans, cache, found_in)
    return {outcome.name: outcome for outcome in engine.check_tables(plans, found_in)}, {}


def _findings_of(project: Project, write_all: WriteAll | None, plan: TablePlan) -> FindingsSoFar:
    """Where the findings of a table go."""
    waivers = waivers_in_force(project.waivers or (), plan.resource.name, project.package.created[:10])
    return FindingsSoFar(plan.resource, plan.options.max_findings, waivers, write_all if plan.is_shown else None)


def _check_tables(
    plans: list[TablePlan], cache: Cache, found_in: Callable[[TablePlan], FindingsSoFar]
) -> tuple[dict[str, TableOutcome], dict[str, Part]]:
    """One pass over every table that is read, then what needed all of them; and the parts of the others."""
    outcomes, parts = dict[str, TableOutcome](), dict[str, Part]()
    logs: dict[ParentKey, HashLog] = {}
    small = SmallFiles.of(cache.unknown(plans))
    referred = {item.parent for plan in plans for item in plan.references}
    for plan in plans:
        name = plan.resource.name
        if part := cache.find(plan):
            parts[name] = part
            logs |= {place: cache.logs[place] for place in cache.referred.get(name, ()) if place in cache.logs}
        else:
            outcomes[name] = _check_with_keys(plan, found_in(plan), small, referred, logs)
            cache.take(name, logs)
        own = ((name, key.fields) for key in plan.keys)
        plan.parents.update((place, logs[place].as_set()) for place in own if place in logs)
    for outcome in outcomes.values():
        find_missing_parents(outcome, logs)
    return outcomes, parts


def _check_with_keys(
    plan: TablePlan, found: FindingsSoFar, small: SmallFiles, referred: Set[ParentKey], logs: dict[ParentKey, HashLog]
) -> TableOutcome:
    """One pass over a table and its keys; the hashes of those that others refer to are put among `logs`."""
    outcome = check_table(plan, found, small)
    find_repeated_keys(outcome)
    for key in plan.keys:
        place = (outcome.name, key.fields)
        if place in referred and place not in logs and outcome.has_whole(key):
            logs[place] = outcome.logs[key]
        else:
            outcome.logs.pop(key).clear()
    outcome.list_unenforced()
    return outcome


def _part_of(outcome: TableOutcome, parents: Parents, rules: Collection[str]) -> Part:
    """What is said of one table."""
    report = Report(
        tables=(outcome.stats,),
        findings=tuple(parents.suggested(*shown) for shown in outcome.found.shown()),
        totals=tuple(outcome.found.totals()),
        checked=tuple(outcome.checked),
        not_checked=tuple(outcome.not_checked),
    )
    return Part(report, tuple(sorted(outcome.found.used_waivers)), tuple(rules))


def _not_judged(package: Package, shown: Iterable[Resource]) -> Iterator[NotChecked]:
    """What nothing is known of: metadata of another profile, and tables without a schema."""
    profile = package.raw.get("$schema", package.raw.get("profile"))
    if isinstance(profile, str) and not profile.startswith(_STANDARD_PROFILES):
        yield NotChecked("", "profile", f"the metadata is not judged against {profile}")
    for resource in shown:
        if resource.is_table and not (resource.schema and resource.schema.fields):
            yield NotChecked(resource.name, "schema", f"the table `{resource.name}` has no schema")
