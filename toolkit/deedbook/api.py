"""What `deedbook` offers in Python and in notebooks, beside `deedbook.open`: the verbs of the command line as functions.

    report = deedbook.validate(frame, model="acled")
    report.valid, report.to_polars()

Each function gives a record that shows itself in a notebook, says the same as the command line (`to_dict` is its JSON), and is all
that is promised: other modules may change. What cannot be done is a `deedbook.DeedbookError` whose hint is in terms of Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl
import polars.selectors as cs

from deedbook import drafts, models, rendering, validation
from deedbook.changes.compare import compare
from deedbook.changes.sources import open_sides
from deedbook.checking import settings
from deedbook.checking.rules import RuleBook, book_of, load_book, load_rules
from deedbook.dialect import Dialect
from deedbook.errors import DeedbookError, ProjectError, UsageError
from deedbook.findings import FINDING_FIELDS, Finding, NotChecked, Total, nearest, with_findings
from deedbook.findings import Report as Outcome
from deedbook.project import Project, Reading, load_project
from deedbook.reading.excerpts import read_excerpts
from deedbook.release.build import build as built
from deedbook.release.derived import derived_changes
from deedbook.rendering import View
from deedbook.rendering import changes as changes_views
from deedbook.rendering import plan as plan_views
from deedbook.schema import TableSchema
from deedbook.types import canonical_field
from deedbook.versioning.plan import Plan as Planned
from deedbook.versioning.plan import plan as planned

if TYPE_CHECKING:
    import pandas as pd
    import pandera.polars as pa

    from deedbook.changes.records import Changes as Compared

_OPTION = re.compile(r"`deedbook [^`]*`|`?--([a-z]+(?:-[a-z]+)*)(?: (?!and\b|says\b)([\w.:/-]+))?`?")
"""An option of the command line in a message, with its value; whole commands stay."""


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """What a validation found.

    Attributes:
        outcome: The record that the command line shows, too.
        view: The rows of its findings, for `_repr_html_`.
    """

    outcome: Outcome
    view: View = rendering.PLAIN

    @property
    def valid(self) -> bool:
        """Whether no error was found."""
        return self.outcome.valid

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that are kept of each table, rule and column, in a fixed order; `row` 2 is the first row of a frame."""
        return self.outcome.findings

    @property
    def totals(self) -> tuple[Total, ...]:
        """Exact counts by table, rule and column."""
        return self.outcome.totals

    @property
    def not_checked(self) -> tuple[NotChecked, ...]:
        """What was declared and could not be checked, and why."""
        return self.outcome.not_checked

    def to_polars(self) -> pl.DataFrame:
        """One row per finding, with a column for each of its fields."""
        kinds = {name: pl.Int64 if kind is int else pl.String for name, kind in FINDING_FIELDS.items()}
        return pl.DataFrame([{name: getattr(item, name) for name in kinds} for item in self.findings], schema=kinds)

    def to_dict(self) -> dict[str, Any]:
        """The report as `deedbook validate --format json` writes it."""
        return _loaded(rendering.render(self.outcome, "json", rendering.PLAIN))

    def __repr__(self) -> str:
        """The report as the terminal shows it."""
        return rendering.render(self.outcome, "text", rendering.PLAIN).rstrip()

    def _repr_html_(self) -> str:
        return _framed(rendering.render(self.outcome, "html", self.view))


@dataclass(frozen=True, slots=True, repr=False)
class Changes:
    """What differs between two states of a dataset."""

    _record: Compared

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self._record.is_equal

    def to_dict(self) -> dict[str, Any]:
        """The changes as `deedbook diff --format json` writes them."""
        return _loaded(changes_views.render_json(self._record))

    def __repr__(self) -> str:
        """The changes as the terminal shows them."""
        return changes_views.render_text(self._record, 10).rstrip()

    def _repr_html_(self) -> str:
        return _framed(changes_views.render_html(self._record))


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """The next release of a project."""

    _record: Planned

    @property
    def version(self) -> str:
        """What it will be called; empty when there is nothing to release."""
        return self._record.version

    @property
    def ready(self) -> bool:
        """Whether nothing stands in its way."""
        return self._record.is_ready

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What stands in its way, and what is worth knowing."""
        return self._record.findings

    def to_dict(self) -> dict[str, Any]:
        """The plan as `deedbook plan --format json` writes it."""
        return _loaded(plan_views.render_json(self._record))

    def __repr__(self) -> str:
        """The plan as the terminal shows it."""
        return plan_views.render_text(self._record).rstrip()


@dataclass(frozen=True, slots=True)
class Build:
    """The outcome of a build.

    Attributes:
        folder: The release; None when the data has errors, which `report` names: then nothing was written.
        report: That of the validation.
        unchanged: The same content had been built before.
    """

    folder: Path | None
    report: Report
    unchanged: bool


def validate(
    data: str | Path | pl.DataFrame | pd.DataFrame,
    *,
    schema: str | Path | Mapping[str, Any] | None = None,
    rules: str | Path | pa.DataFrameSchema | None = None,
    model: str | None = None,
    table: str = "",
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    max_findings: int = 1_000,
    trust_rules: bool = False,
) -> Report:
    """Names every mistake in a project, a file or a frame at its row and field.

    Args:
        data: A project's folder, a descriptor, a data file, or a polars or pandas frame. Columns of a frame that are no text are taken
            as the values that they are: dates need no format, and a whole number may have become a float where cells are missing.
        schema: The Table Schema of a data file or frame: its file, or the mapping itself.
        rules: Rules for it: a `.py` or `.rules.toml` file, or a pandera schema for polars.
        model: In place of both, the model whose table it is, such as `acled`.
        table: Which table of the model it is; of a project, the only one to report on.
        select: Patterns of the rules that run, such as `likely-duplicate-*`; all when empty.
        ignore: Patterns of those that do not.
        max_findings: Findings kept of each table, rule and column; totals are exact all the same.
        trust_rules: Run the rule files, which are code, of a project that does not contain the working folder.

    Raises:
        DeedbookError: when something cannot be read, or does not go together.
    """
    with _told_in_python(), TemporaryDirectory(prefix="deedbook-") as scratch:
        reading = _reading(schema, model, table, Path(scratch))
        project = _project_of(data, reading, Path(scratch))
        if model and (wrong := models.misfit(project.package.resources[0], model)):
            return Report(with_findings(Outcome(), [replace(wrong, hint=_in_python(wrong.hint))]))
        options = validation.Options(
            max_findings=max_findings,
            tables=(table,) if table and not _is_described(reading) else (),
            trust_rules=trust_rules or bool(model),
            select=tuple(select),
            ignore=tuple(ignore),
        )
        book = None if rules is None else _book_of(project, rules, options)
        if book is not None:
            project = replace(project, rule_files=dict.fromkeys(book.tables, Path("rules")))
        found = validation.validate(project, options, book=book)
        unmet = (replace(item, reason=_in_python(item.reason)) for item in found.not_checked)
        view = View(name=project.package.name, rows=read_excerpts(project.package, found.findings))
        return Report(replace(found, not_checked=tuple(unmet)), view)


def describe(*files: str | Path) -> dict[str, dict[str, Any]]:
    """Drafts the Table Schema of each table in files that exist; nothing is written.

    Each guess is in the schema's `deedbook.guess` with what speaks for it; what only a person can know is a `todo` there, and a warning
    of `validate` until it is settled.

    Args:
        files: CSV files in any dialect, workbooks, Parquet or JSON files, or folders of them.

    Returns:
        The schemas by table.

    Raises:
        DeedbookError: when a file cannot be described; with why.
    """
    with _told_in_python():
        draft = drafts.describe([Path(file) for file in files])
        if draft.undescribed:
            said = "; ".join(f"{file}: {why}" for file, why in draft.undescribed.items())
            raise ProjectError(said, "leave it out, or mend it")
        return {table.name: dict(table.schema) for table in draft.tables}


def diff(old: str | Path, new: str | Path, *, schema: str | Path | None = None, tables: Sequence[str] = ()) -> Changes:
    """Compares two states of a dataset: projects, releases, versions such as `1.2.0`, `git:REF`, or files with a schema.

    Args:
        old: The earlier state.
        new: The later one.
        schema: The Table Schema of two data files.
        tables: The tables that are compared; all when empty.

    Raises:
        DeedbookError: when a side cannot be read.
    """
    with _told_in_python(), open_sides(str(old), str(new), schema=Path(schema) if schema else None) as sides:
        found = compare(*sides, tables=tuple(tables))
        return Changes(found)


def plan(project: str | Path = ".", *, version: str = "") -> Plan:
    """The next release of a project; nothing is written.

    Args:
        project: The project's folder.
        version: A higher version than the changes ask for.

    Raises:
        DeedbookError: when the project or its previous release cannot be read.
    """
    with _told_in_python():
        own = load_project(Path(project))
        book = load_book(own) if own.is_here else None
        derived = partial(derived_changes, own, book) if book else None
        found = planned(own, version=version, guards=book.guards if book else (), derived=derived)
        return Plan(found)


def build(project: str | Path = ".", *, snapshot: bool = False, trust_rules: bool = False) -> Build:
    """Validates a project and writes its planned release into `dist/NAME/VERSION/`.

    Args:
        project: The project's folder.
        snapshot: Build an unplanned state as `VERSION-snapshot`, replacing the last one.
        trust_rules: Run the rule files, which are code, of a project that does not contain the working folder.

    Raises:
        DeedbookError: when the release may not be written.
    """
    with _told_in_python():
        own = load_project(Path(project))
        if own.rule_files and not (trust_rules or own.is_here):
            raise UsageError("the rule files of the project are code", "give trust_rules=True when you trust them")
        found = built(own, validation.Options(trust_rules=True), snapshot=snapshot)
        folder = found.release.folder if found.release else None
        return Build(folder, Report(found.report), found.unchanged)


def _reading(schema: str | Path | Mapping[str, Any] | None, model: str | None, table: str, scratch: Path) -> Reading:
    """How a data file or frame is read."""
    if schema is not None and model is not None:
        raise UsageError("schema= and model= both say what the data is", "leave one of them out")
    if model is not None:
        if model not in models.LAYOUTS:
            hint = nearest(model, models.LAYOUTS, f"the models are {', '.join(models.LAYOUTS)}")
            raise UsageError(f"there is no model {model!r}", hint)
        return Reading(name=table, model=models.folder_of(model))
    if isinstance(schema, Mapping):
        file = scratch / "schema.json"
        file.write_text(json.dumps(schema), encoding="utf-8")
        schema = file
    return Reading(Path(schema), table) if schema is not None else Reading()


def _is_described(reading: Reading) -> bool:
    return reading.schema is not None or reading.model is not None


def _project_of(data: str | Path | pl.DataFrame | pd.DataFrame, reading: Reading, scratch: Path) -> Project:
    """The project of what is validated; a frame is the file of a table whose columns are described as the values that they hold."""
    if isinstance(data, str | Path):
        return load_project(Path(data), reading)
    if not _is_described(reading):
        raise UsageError("a frame needs a schema", 'give schema= (a Table Schema), or model= such as "acled"')
    frame = data if isinstance(data, pl.DataFrame) else pl.from_pandas(data)
    file = scratch / f"{reading.name or 'table'}.csv"
    file.touch()
    project = load_project(file, reading)
    resource = replace(project.package.resources[0], dialect=Dialect(), encoding="utf-8")
    schema = resource.described
    _writable(frame, schema).write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.f")
    texts = {column for column, kind in frame.schema.items() if kind == pl.String}
    fields = (item if item.name in texts else canonical_field(item) for item in schema.fields)
    resource = replace(resource, schema=replace(schema, fields=tuple(fields)))
    return replace(project, package=replace(project.package, resources=(resource,)))


def _writable(frame: pl.DataFrame, schema: TableSchema) -> pl.DataFrame:
    """The frame with moments in UTC, and whole numbers where cells that are missing had made floats of them.

    Raises:
        UsageError: when a column holds what is no cell of a table.
    """
    odd = (cs.by_dtype(pl.Object, pl.Duration) | cs.nested()) - cs.by_dtype(pl.String)
    if packed := cs.expand_selector(frame, odd):
        problem = f"the column `{packed[0]}` holds {frame.schema[packed[0]]}, which is no cell of a table"
        raise UsageError(problem, "write its values as text, as the schema has them")
    integers = [item.name for item in schema.fields if item.type in {"integer", "year"}]
    floats = frame.select(cs.float() & cs.by_name(integers, require_all=False))
    whole = [column.name for column in floats if (column.drop_nulls() % 1 == 0).all()]
    zoned = cs.datetime(time_zone="*").dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    return frame.with_columns(pl.col(whole).cast(pl.Int64), zoned)


def _book_of(project: Project, rules: str | Path | pa.DataFrameSchema, options: validation.Options) -> RuleBook:
    """The rules that are given for the one table of a project."""
    given = settings.read_settings(project, options.select, options.ignore)
    table = project.package.resources[0].name
    if isinstance(rules, str | Path):
        return load_rules({table: Path(rules)}, given)
    return book_of(table, rules, given)


@contextmanager
def _told_in_python() -> Iterator[None]:
    """Errors name arguments, not options; what is printed of them has the hint."""
    try:
        yield
    except DeedbookError as error:
        error.message, error.hint = _in_python(error.message), _in_python(error.hint)
        error.args = (f"{error.message}\n{error.hint}" if error.hint else error.message,)
        raise


def _in_python(said: str) -> str:
    """A message with arguments in place of options."""

    def argument(found: re.Match[str]) -> str:
        option, value = found.groups()
        return f"{option.replace('-', '_')}={f'{value!r}' if value else True}" if option else found[0]

    return _OPTION.sub(argument, said)


def _loaded(document: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(document)
    return record


def _framed(page: str) -> str:
    """A page that stands alone within another one, whose styles and scripts do not meet its own."""
    return f'<iframe srcdoc="{escape(page)}" sandbox="allow-scripts" style="width:100%;height:36em;border:0"></iframe>'
