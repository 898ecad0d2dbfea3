"""Entries of a project: the next id of a table, rows by name, why a row or a rule is what it is, and entries added by a short form.

What is added is validated as part of the project before a file is touched, and then written into all tables or into none.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from deedbook import checking, edits
from deedbook.descriptor import Resource
from deedbook.errors import ProjectError, UsageError
from deedbook.findings import Finding, Report, join_key, nearest
from deedbook.project import Project
from deedbook.reading.tables import read_text
from deedbook.release.derivations import typed_tables
from deedbook.rules.form import Form, Row, spelled
from deedbook.types import dtype_of
from deedbook.validation import Options, validate
from deedbook.versioning import corrections
from deedbook.versioning.guards import all_guards

if TYPE_CHECKING:  # pandera takes longer to import than to find a name
    from deedbook.checking.rules import RuleBook
    from deedbook.rules.rule import Rule

FINDINGS = Path(checking.__file__).with_name("findings.md")
"""What each finding of the engine means: the source of docs/reference/findings.md."""
_ID = re.compile(r"([A-Za-z]+)([0-9]+)")
_NAMES = re.compile(r"(?:^|_)(?:name|title|label)(?:_|$)")
"""Fields that say what a row is called."""
_NEAR = 0.8
"""How alike two names are that may be meant, nine tenths of their likeness letter by letter: one letter in ten may differ."""


@dataclass(frozen=True, slots=True)
class Match:
    """A row that goes by a name."""

    table: str
    key: str
    field: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Added:
    """What a form came to.

    Attributes:
        rows: The new rows of each table as text, by field.
        report: The validation of the project with them.
        findings: Those about the new rows, and errors elsewhere that come with them.
        elsewhere: Errors that stood in the project before, and are no reason to refuse the rows.
    """

    rows: Mapping[str, Sequence[Mapping[str, str]]]
    report: Report
    findings: tuple[Finding, ...]
    elsewhere: int = 0

    @property
    def valid(self) -> bool:
        """Whether the rows may be written."""
        return self.report.errors == self.elsewhere


def table_of(project: Project, name: str) -> Resource:
    """A table by its name.

    Raises:
        UsageError: when there is none.
    """
    tables = {item.name: item for item in project.package.resources}
    if name not in tables:
        raise UsageError(f"there is no table `{name}`", nearest(name, tables, f"the tables are {', '.join(tables)}"))
    return tables[name]


def _key_of(resource: Resource) -> str:
    """The one field of the primary key; empty where there is no such field."""
    key = resource.described.primary_key
    return key[0] if len(key) == 1 else ""


def next_id(project: Project, table: str) -> str:
    """The id after the highest that was ever issued in a table."""
    return next(ids_after(project, table))


def ids_after(project: Project, table: str) -> Iterator[str]:
    """The ids after the highest that was ever issued in a table, one by one.

    Retired ids count, those that only `corrections.csv` still names, and those of the releases that are at hand.

    Raises:
        UsageError: when the ids of the table are not letters and a number.
    """
    resource = table_of(project, table)
    key, known = _key_of(resource), []
    if key:
        known = [found for text in _issued(project, resource, key) if text and (found := _ID.fullmatch(text))]
    prefixes = {found[1] for found in known}
    pattern = resource.described.field(key).constraints.get("pattern", "") if key else ""
    own = re.match(r"\^?\(?([A-Za-z]+)\[", str(pattern))
    prefix = own[1] if own else next(iter(prefixes)) if len(prefixes) == 1 else ""
    if not prefix:
        raise UsageError(f"the ids of `{table}` are not letters and a number", "choose the next one yourself")
    numbers = [found[2] for found in known if found[1] == prefix]
    width = max(map(len, numbers), default=6)
    yield from (f"{prefix}{number:0{width}}" for number in count(max(map(int, numbers), default=0) + 1))


def _issued(project: Project, resource: Resource, key: str) -> Iterator[str | None]:
    """All ids that stand in the table, or stood there as far as anything here tells."""
    columns = {resource.name: [key], corrections.REDIRECTS: ["old_id", "new_id"]}
    for item in project.package.resources:
        for frame in read_text(item) if item.name in columns else ():
            for name in columns[item.name]:
                yield from frame[name]
    for row in _rows_of(project.package.root / corrections.PATH):
        if row.get("table") == resource.name:
            yield row.get("key")
    for folder in project.release_folders:
        for file in (folder / project.package.name).glob(f"*/{resource.name}.csv"):
            yield from (row.get(key) for row in _rows_of(file))


def _rows_of(file: Path) -> Iterator[dict[str, str | None]]:
    """The rows of a CSV file that deedbook wrote, or that stands beside the tables; none where there is no such file."""
    if file.is_file():
        with file.open(encoding="utf-8", errors="replace", newline="") as lines:
            yield from csv.DictReader(lines)


def find(project: Project, text: str, limit: int = 20) -> list[Match]:
    """The rows that go by a name or nearly, in any script, the most alike first."""
    found: dict[tuple[str, str], Match] = {}
    for match in _named(project, _sound(text)):
        best = found.get((match.table, match.key))
        if match.score >= _NEAR and (best is None or best.score < match.score):
            found[match.table, match.key] = match
    return sorted(found.values(), key=lambda it: (-it.score, it.table, it.key))[:limit]


def _named(project: Project, wanted: str) -> Iterator[Match]:
    """Every name of every row, with how alike it is to what is looked for."""
    for resource in project.package.resources:
        schema, names = resource.described, _name_fields(resource)
        links = [key.fields[0] for key in schema.foreign_keys if len(key.fields) == 1 and key.resource]
        owner = links[:1] if resource.name.endswith("_names") else []  # whose name it is, in a table of names
        for frame in read_text(resource) if names and schema.primary_key else ():
            for row in frame.fill_null("").iter_rows(named=True):
                key = join_key([row[name] for name in schema.primary_key])
                key += "".join(f" of {row[name]}" for name in owner if row[name])
                yield from (Match(resource.name, key, it, row[it], _likeness(wanted, row[it])) for it in names)


def _name_fields(resource: Resource) -> list[str]:
    """The fields of a table that say what a row is called."""
    texts = [item.name for item in resource.described.fields if item.type == "string" and not item.code_list]
    return [name for name in texts if _NAMES.search(name)]


_SOUNDS = {
    "tsch": "ch",
    "sch": "sh",
    "ck": "k",
    "ph": "f",
    "w": "v",
    "j": "y",
    "x": "ks",
    "ts": "s",
    "tz": "s",
    "z": "s",
}
"""Letters that stand for one sound in names which came from another script by way of German or English."""


def _sound(text: str) -> str:
    name = spelled(text)
    for one, other in _SOUNDS.items():
        name = name.replace(one, other)
    return name


def _likeness(wanted: str, text: str) -> float:
    """1 for the same name, a little less where one is a part of the other, else how alike the most alike words are."""
    name = _sound(text)
    if not wanted or not name:
        return 0.0
    if wanted in name:
        return 0.9 + 0.1 * len(wanted) / len(name)
    return max(difflib.SequenceMatcher(None, wanted, one).ratio() * 0.9 for one in (name, *map(_sound, text.split())))


def explain_row(project: Project, book: RuleBook | None, row_id: str) -> list[str]:
    """What a row says, and why it has its status, where the project's model tells; empty when there is no such row."""
    for resource in project.package.resources:
        key = _key_of(resource)
        for frame in read_text(resource) if key else ():
            for row in frame.filter(pl.col(key) == row_id).iter_rows(named=True):
                lines = [f"{row_id} of {resource.name}"]
                lines += [f"  {name}: {value}" for name, value in row.items() if value is not None and name != key]
                return lines + (book.explain(typed_tables(project), row_id) if book and book.explain else [])
    return []


def rules_of(project: Project, book: RuleBook) -> Iterator[tuple[str, Rule]]:
    """Every rule of the project with its table, in the order of its tables; a rule on several fields comes once a field."""
    schemas = {item.name: item.schema for item in project.package.resources if item.schema is not None}
    frames = {
        name: pl.DataFrame(schema={item.name: dtype_of(item) for item in schema.fields})
        for name, schema in schemas.items()
    }
    across = book.dataset(frames, dt.date(2000, 1, 1)) if book.dataset else {}
    for table in frames:
        for rules in (book.tables.get(table), across.get(table)):
            yield from ((table, carried) for carried in (rules.rules if rules else ()))


def _meaning_of(rule: str) -> list[str]:
    """What the reference page says of a finding of the engine: where it stands, what it says, how to mend it."""
    title, lines = "", []
    for line in FINDINGS.read_text(encoding="utf-8").splitlines():
        title = line.lstrip("# ") if line.startswith("#") else title
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and f"`{rule}`" in cells[0]:
            more = zip(("for example", "to mend it"), cells[2:], strict=False)
            lines += [f"{rule}: {cells[1]}", f"  found in: {title.lower()}"]
            lines += [f"  {words}: {cell}" for words, cell in more if cell]
    return lines


def explain_rule(project: Project, book: RuleBook | None, name: str) -> list[str]:
    """What a rule means, and how to mend what breaks it; empty when there is none."""
    lines = _meaning_of(name)
    places = [(table, rule) for table, rule in rules_of(project, book) if rule.id == name] if book else []
    for _, rule in places[:1]:
        where = dict.fromkeys(f"{table}.{it.at}".rstrip(".") for table, it in places)
        lines += [f"{name} ({rule.severity}): {rule.message}", f"  found at: {', '.join(where)}"]
        lines += [f"  to mend it: {rule.hint}"] * bool(rule.hint) + [f"  comes from: {rule.ref}"] * bool(rule.ref)
    for guard in all_guards(book.guards if book else ()):
        if guard.id == name:
            lines += [f"{name} ({guard.severity}), between releases: {guard.says}", f"  to mend it: {guard.hint}"]
    return lines


def similar(project: Project, book: RuleBook | None, name: str) -> str:
    """The hint that names a rule or says how to look for a row."""
    known = re.findall(r"`([a-z]+(?:-[a-z]+)+)`", FINDINGS.read_text(encoding="utf-8"))
    known += [rule.id for _, rule in rules_of(project, book)] if book else []
    return nearest(name, known, "`deedbook find` looks for rows by name")


def rows_of_form(
    project: Project, book: RuleBook | None, kind: str, form: Mapping[str, Any], today: str
) -> dict[str, list[Row]]:
    """The rows that a form stands for, by table.

    Args:
        project: Its tables.
        book: Its rules, which have the forms.
        kind: What is added, such as `event`.
        form: What was written.
        today: The ISO date of the day on which it is entered.
    """
    ids: dict[str, Iterator[str]] = {}

    def new(table: str) -> str:
        if table not in ids:
            ids[table] = ids_after(project, table)
        return next(ids[table])

    found = form_of(book, kind).rows(form, typed_tables(project), new, today)
    for table, own in found.items():
        names = table_of(project, table).described.names
        if unknown := [name for row in own for name in row if name not in names]:
            raise UsageError(f"`{unknown[0]}` is no field of `{table}`", nearest(unknown[0], names))
    return {table: list(own) for table, own in found.items() if own}


def form_of(book: RuleBook | None, kind: str) -> Form:
    """The form of a kind of entry.

    Raises:
        UsageError: when the project has none of that name.
    """
    forms = book.forms if book else {}
    if kind not in forms:
        hint = (
            nearest(kind, forms, f"there are {', '.join(forms)}")
            if forms
            else "`forms` of schemas/dataset.py names them"
        )
        raise UsageError(f"this project has no form for `{kind}`", hint)
    return forms[kind]


def add(project: Project, book: RuleBook | None, rows: Mapping[str, Sequence[Row]], *, write: bool = True) -> Added:
    """Rows put where they sort, once nothing is wrong with them. What was wrong elsewhere before is no matter of theirs.

    Args:
        project: The project.
        book: Its rules.
        rows: The new rows of each table, by field.
        write: Change the files; else only say what would stand there.

    Raises:
        ProjectError: when a table cannot be written in canonical form.
        RefusalError: when somebody changed a file in the meantime.
    """
    additions = [_Addition.of(project, table, own) for table, own in rows.items()]
    with TemporaryDirectory(prefix="deedbook-") as folder:
        staged = {it.resource.name: it.staged(Path(folder)) for it in additions}
        resources = tuple(staged.get(item.name, item) for item in project.package.resources)
        package = replace(project.package, resources=resources)
        options = Options(trust_rules=True, max_findings=1000)
        report = validate(replace(project, package=package), options, book=book)
    keys = {(it.resource.name, key) for it in additions for key in it.keys}
    before = validate(project, options, book=book) if report.errors else report
    stood = {_place(it) for it in before.findings}
    findings = tuple(
        it
        for it in report.findings
        if (it.table, it.key) in keys or (it.severity == "error" and _place(it) not in stood)
    )  # about new rows, and errors elsewhere that were not there before them
    wrong = sum(it.severity == "error" for it in findings) or max(0, report.errors - before.errors)
    added = Added({it.resource.name: it.rows for it in additions}, report, findings, report.errors - wrong)
    if write and added.valid:
        edits.write_all({it.resource.files[0]: (it.before, it.after) for it in additions})
    return added


def _place(finding: Finding) -> tuple[str | None, ...]:
    """What is wrong where, whatever the number of the row."""
    return finding.table, finding.rule, finding.key, finding.column, finding.value


@dataclass(frozen=True, slots=True)
class _Addition:
    """New rows of a table, and its file before and after them."""

    resource: Resource
    rows: Sequence[Mapping[str, str]]
    before: bytes
    after: bytes

    @classmethod
    def of(cls, project: Project, table: str, own: Sequence[Row]) -> _Addition:
        """The rows put where they sort, in canonical form."""
        resource = table_of(project, table)
        rows = [{name: _text(value) for name, value in row.items()} for row in own]
        if reason := edits.reason_to_leave(resource):
            raise ProjectError(f"`{table}` {reason}", "add the rows by hand")
        try:
            cells = edits.read_cells(resource, resource.files[0])
        except edits.UnmendableError as error:
            raise ProjectError(f"`{table}`: {error}", "run `deedbook validate`") from None
        new = [{name: row.get(name, "") for name in cells.labels} for row in rows]
        every = edits.Cells(cells.labels, pl.concat([cells.rows, pl.DataFrame(new, schema=cells.rows.schema)]))
        arranged, _, _ = edits.arrange(every, resource.schema, project.package.referenced(table))
        after = edits.to_bytes(arranged, resource.dialect.delimiter)
        return cls(resource, rows, resource.files[0].read_bytes(), after)

    @property
    def keys(self) -> list[str]:
        """The primary keys of the new rows."""
        return [join_key([row.get(name, "") for name in self.resource.described.primary_key]) for row in self.rows]

    def staged(self, folder: Path) -> Resource:
        """The table as it will be, as a file of the folder."""
        file = folder / self.resource.files[0].name
        file.write_bytes(self.after)
        return replace(self.resource, files=(file,))


def _text(value: object) -> str:
    """A value of a form as the text of a cell."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
