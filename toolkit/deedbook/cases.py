"""The cases of a project's schemas and rules: small tables that say of each row what is found in it.

    schemas/tests/TABLE.csv, TABLE.WHAT.csv   rows of a table in its columns, of which those that are left out are empty, and a column
                                              `expected`: what is found in the row, such as `type-error:day; ends-before-it-starts`,
                                              a rule each with its column where that matters; empty where the row is fine

The rows take the place of the table; the other tables are those of the project, so that references lead somewhere.
"""

import csv
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deedbook.descriptor import Resource
from deedbook.dialect import Dialect
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import Finding
from deedbook.project import Project
from deedbook.validation import Options, validate

FOLDER = "tests"
EXPECTED = "expected"
_MOST = 100_000
"""Findings of a rule and column that are compared: more rows than anybody writes as cases."""


@dataclass(frozen=True, slots=True)
class Case:
    """One file of cases.

    Attributes:
        table: The table that its rows are of.
        header: Its columns, without `expected`.
        rows: The cells of each row.
        expected: By row, the rules that are to be found there, each with `:COLUMN` or without.
    """

    path: Path
    table: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    expected: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Surprise:
    """What is not as a case says: a rule that was found and not expected, with its message, or expected and not found."""

    row: int
    rule: str
    found: str = ""


def read_cases(project: Project) -> list[Case]:
    """All cases of a project, by the name of their file.

    Raises:
        UsageError: when it has none.
        ProjectError: when a file is no table of cases.
    """
    folder = (project.schemas or project.root / "schemas") / FOLDER
    found = [_read_case(file, project) for file in sorted(folder.glob("*.csv"))]
    if not found:
        raise UsageError(f"{folder}: there are no cases", "write TABLE.csv there, with a column `expected`")
    return found


def _read_case(file: Path, project: Project) -> Case:
    """The cases of one file."""
    table = file.name.split(".")[0]
    tables = {item.name: item for item in project.package.resources}
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header, rows = next(reader, []), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProjectError(f"{file}: cannot be read: {error}", "correct the file") from None
    problems = {
        f"there is no table `{table}`": table not in tables,
        f"its last column is not `{EXPECTED}`": header[-1:] != [EXPECTED],
        "a row has more or fewer cells than the header": any(len(row) != len(header) for row in rows),
    }
    if problem := next((problem for problem, holds in problems.items() if holds), ""):
        raise ProjectError(f"{file}: {problem}", f"the tables are {', '.join(tables)}; see `deedbook test --help`")
    expected = [tuple(part.strip() for part in row[-1].split(";") if part.strip()) for row in rows]
    return Case(file, table, tuple(header[:-1]), tuple(tuple(row[:-1]) for row in rows), tuple(expected))


def judge(project: Project, case: Case, *, trust_rules: bool = False) -> list[Surprise]:
    """What is not as a case says, by row.

    Args:
        project: The project; its rules run as in a validation.
        case: The rows, and what is expected of them.
        trust_rules: Run its rule files also where one does not work on it.
    """
    with tempfile.TemporaryDirectory(prefix="deedbook-") as folder:
        own = project.package.resource(case.table)
        resource = _written(case, own, Path(folder))
        others = (resource if item.name == case.table else item for item in project.package.resources)
        package = replace(project.package, resources=tuple(others))
        tried = replace(project, package=package, waivers=None)
        report = validate(tried, Options(tables=(case.table,), trust_rules=trust_rules, max_findings=_MOST))
    told = [item for item in report.findings if item.severity != "info"]
    surprises = [Surprise(1, item.rule, item.message) for item in told if item.row is None]
    for number, expected in enumerate(case.expected, 2):
        surprises += _surprises(number, expected, [item for item in told if item.row == number])
    return surprises


def _surprises(row: int, expected: Sequence[str], found: Sequence[Finding]) -> Iterator[Surprise]:
    """What is not as expected in one row."""
    names = [{item.rule, f"{item.rule}:{item.column or ''}"} for item in found]
    for item, known in zip(found, names, strict=True):
        if known.isdisjoint(expected):
            yield Surprise(row, f"{item.rule}:{item.column}" if item.column else item.rule, item.message)
    yield from (Surprise(row, name) for name in expected if not any(name in known for known in names))


def _written(case: Case, resource: Resource, folder: Path) -> Resource:
    """The table with the rows of the case in place of its own."""
    file = folder / f"{case.table}.csv"
    left_out = [name for name in resource.described.names if name not in case.header]
    names = [*case.header, *left_out]
    order = sorted(range(len(names)), key=lambda at: resource.described.positions.get(names[at], at))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for row in (names, *((*cells, *[""] * len(left_out)) for cells in case.rows)):
            writer.writerow([row[at] for at in order])
    plain = replace(
        resource, paths=(file.name,), files=(file,), data=None, format="csv", encoding="utf-8", inner_path=""
    )
    return replace(plain, compression="", dialect=Dialect(), hash="", bytes=None)
