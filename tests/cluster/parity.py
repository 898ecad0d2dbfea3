"""Projects whose reports a cluster and this machine are to agree on, and `python -m tests.cluster.parity MASTER FOLDER`.

That compares some of ../shared, and the project in FOLDER cut into ten spans, on a master of the classic kind: a process has either
such a session or one of Spark Connect. It prints what differs, and what the cluster says of FOLDER.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from deedbook.checking.rules import RuleBook, load_book
from deedbook.cluster import Spark, open_engine
from deedbook.cluster.rules import narrowed
from deedbook.errors import DeedbookError
from deedbook.findings import report_record
from deedbook.project import Project, load_project
from deedbook.validation import Options, validate
from tests.conformance import SHARED
from tests.conformance.packages import read_projects

LARGE = 20_000
"""Bytes of a package from which on spans are larger: a span costs a few milliseconds."""
SOME = 200
"""One in so many packages is compared on a classic master, where each takes a second or two."""


def read_all_projects() -> dict[str, Project]:
    """Every package and table of ../shared that is not refused."""
    return {**dict(read_projects()), **dict(_projects_of_cases())}


def _projects_of_cases() -> Iterator[tuple[str, Project]]:
    for path in sorted((SHARED / "cases").rglob("datapackage.json")):
        try:
            yield str(path.parent.relative_to(SHARED)), load_project(path.parent)
        except DeedbookError:
            continue


def reports(project: Project, spark: Spark) -> tuple[str, str]:
    """What the cluster and this machine say of a project, under the rules that a cluster can judge."""
    files = [file for item in project.package.resources for file in item.files if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    engine = spark if size < LARGE else replace(spark, span=size // 8)
    book = _book_of(project)
    options = Options(rules=book is not None)
    return _said(project, options, book, engine), _said(project, options, book, None)


def _said(project: Project, options: Options, book: RuleBook | None, engine: Spark | None) -> str:
    """The report as JSON without its time, or what stops it."""
    try:
        report = validate(project, options, book=book, engine=engine)
    except DeedbookError as error:
        return f"{type(error).__name__}: {error.message}"
    return json.dumps(report_record(replace(report, seconds=0)), ensure_ascii=False, indent=1)


def _book_of(project: Project) -> RuleBook | None:
    """The rules of a project that a cluster can judge; None where it has none, or they are refused."""
    try:
        return narrowed(load_book(project), project.package) if project.rule_files else None
    except DeedbookError:
        return None


def main(master: str, folder: Path) -> None:
    """Compares on a master, and prints the result as JSON."""
    projects = read_all_projects() if SHARED.is_dir() else {}
    own = load_project(folder)
    with open_engine(master) as spark:
        small = replace(spark, span=100)
        differing = [name for name in sorted(projects)[::SOME] if len(set(reports(projects[name], small))) > 1]
        size = own.package.resources[0].files[0].stat().st_size
        there, here = reports(own, replace(spark, span=size // 10))
    json.dump({"compared": len(projects) // SOME, "differing": differing, "there": there, "here": here}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
