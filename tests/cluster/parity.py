"""What a cluster and this machine are to agree on, and `python -m tests.cluster.parity MASTER FOLDER OLD NEW`.

That compares the reports of some of ../shared, and of the project in FOLDER cut into ten spans, on a master of the classic kind: a
process has either such a session or one of Spark Connect. It builds NEW, and compares it with OLD. It prints what differs, and what
the cluster says of FOLDER.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from deedbook.changes.compare import compare
from deedbook.changes.sources import open_sides
from deedbook.checking.rules import RuleBook, load_book
from deedbook.cluster import Spark, open_engine
from deedbook.cluster.rules import narrowed
from deedbook.errors import DeedbookError
from deedbook.findings import report_record
from deedbook.project import Project, load_project
from deedbook.release.build import build
from deedbook.rendering.changes import RENDERERS
from deedbook.validation import Options, validate
from tests.conformance import SHARED
from tests.conformance.packages import read_projects
from tests.package import fields

LARGE = 20_000
"""Bytes of a package from which on spans are larger: a span costs a few milliseconds."""
NUMBERS: dict[str, Any] = fields(
    "id:integer", "name", "share:number", "at:datetime", "why:integer", "large:number", primaryKey=["id"]
)
"""The schema of `numbers`."""
NUMBERS["fields"][3]["format"] = "any"
NUMBERS["fields"][4]["missingValues"] = [{"value": "NA", "label": "unknown"}, {"value": "-9", "label": "refused"}]
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


def release_bytes(folder: Path, engine: Spark | None) -> dict[str, bytes]:
    """The files of the release that a project becomes."""
    built = build(load_project(folder), engine=engine)
    assert built.release, built.report.findings
    return {path.name: path.read_bytes() for path in built.release.folder.iterdir()}


def differing_files(folder: Path, spark: Spark) -> list[str]:
    """The files of a project's release that a cluster makes otherwise."""
    other = shutil.copytree(folder, folder.with_name(f"{folder.name} there"))
    here, there = release_bytes(folder, None), release_bytes(other, spark)
    return sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))


def differences(old: Path, new: Path, spark: Spark | None, **how: Any) -> str:
    """What is said of two states."""
    with open_sides(str(old), str(new)) as sides:
        return RENDERERS["json"](compare(*sides, **how, matcher=spark), 1_000)


def numbers(count: int) -> str:
    """A table in no order, with keys that sort as numbers, and cells of many kinds."""
    rows = [
        f'{number},"name\n""{number}""",{number / 7:.3f},2020-01-01T00:00:00{"Z" * (number % 2)},{("NA", "-9", "1")[number % 3]},'
        f"{10**17 + number}"
        for number in (at * 7_919 % count for at in range(count))
    ]
    return "id,name,share,at,why,large\n" + "\n".join(rows) + "\n"


def main(master: str, folder: Path, old: Path, new: Path) -> None:
    """Compares on a master, and prints the result as JSON."""
    projects = read_all_projects() if SHARED.is_dir() else {}
    own = load_project(folder)
    with open_engine(master) as spark:
        small = replace(spark, span=100)
        differing = [name for name in sorted(projects)[::SOME] if len(set(reports(projects[name], small))) > 1]
        size = own.package.resources[0].files[0].stat().st_size
        there, here = reports(own, replace(spark, span=size // 10))
        differing += differing_files(new, replace(spark, span=20_000))
        said = [differences(old, new, engine) for engine in (replace(spark, span=20_000), None)]
        differing += [*set(said)][1:]
    json.dump({"compared": len(projects) // SOME, "differing": differing, "there": there, "here": here}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
