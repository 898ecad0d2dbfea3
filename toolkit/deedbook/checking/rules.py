"""A project's rule files, loaded: the engine's one door to pandera.

    SCHEMAS/TABLE.py     `schema`: a pandera DataFrameSchema or DataFrameModel (polars)
    SCHEMAS/dataset.py   `schemas(tables, created)`: such schemas by table, for rules that read other rows or
                         tables; `derive(tables, created)`: what releases add, also without `schemas`, and `derive_lazily`
                         of lazy frames; `guards`: rules between releases; `forms`: short forms of entries; `explain(tables, id)`: why a row is what it is

Checks made by `deedbook.rules.rule` are collected into one select (`verdicts`). Any other pandera check is run by pandera
itself, one by one and on a typed eager frame, since pandera hides what a check raises among the failure cases, and checks no
data of a lazy frame. A rule that raises, or gives anything but one Boolean per row, is a `RuleError`, never a finding.
"""

import copy
import datetime as dt
import re
import runpy
import sys
import tomllib
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaError, SchemaErrors

from deedbook.checking.settings import AS_WRITTEN, RuleSettings, read_settings
from deedbook.checking.verdicts import FIX, NO_ROW, RuleOutcome, describe, evaluate_rules, fail, outcome_of
from deedbook.errors import DeedbookError, RuleError
from deedbook.findings import NotChecked, listed, nearest
from deedbook.project import Project
from deedbook.rules.declared import read_derivations, read_rules
from deedbook.rules.form import Form
from deedbook.rules.guard import Guard, Releases
from deedbook.rules.rule import Rule, kebab, rule_of

Frames = Mapping[str, pl.DataFrame]
LazyFrames = Mapping[str, pl.LazyFrame]
Bad = Mapping[str, pl.Series]
ALL_GOOD: Bad = MappingProxyType({})
Found = TypeVar("Found")
DATASET = "dataset"
_PLAIN_PANDERA = re.compile(r"^\s*(?:import|from) pandera(?:\.pandas)?(?:\s.*)?$", re.MULTILINE)
_WORDS = tomllib.loads(Path(__file__).with_name("pandera.toml").read_text(encoding="utf-8"))
_LISTED = 10
"""Values of a check that a message names; more are counted."""


@dataclass(frozen=True, slots=True)
class TableRules:
    """The rules of one table.

    Attributes:
        rules: Those that the engine evaluates itself, then other pandera checks.
        bare: What a schema demands beyond its checks, such as the type of a column; None when nothing.
        file: The rule file.
    """

    rules: tuple[Rule, ...] = ()
    bare: pa.DataFrameSchema | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """What a project's rule files hold, loaded.

    Attributes:
        tables: The rules of each `TABLE.py`.
        dataset: The rules across tables for typed tables and the release date; None without a `dataset.py`.
        derive: What releases add; None when `dataset.py` has none.
        derive_lazily: The same of lazy frames.
        guards: The rules between releases of the project's own model.
        forms: The short forms of entries, by what is added.
        explain: Why a row of typed tables is what it is, in lines; None when `dataset.py` does not tell.
        settings: What `deedbook.toml` and the command line say of rules.
    """

    tables: Mapping[str, TableRules] = field(default_factory=dict)
    dataset: Callable[[Frames, dt.date | None], Mapping[str, TableRules]] | None = None
    derive: Callable[[Frames, dt.date], Mapping[str, pl.DataFrame]] | None = None
    derive_lazily: Callable[[LazyFrames, dt.date], Mapping[str, pl.LazyFrame]] | None = None
    guards: tuple[Guard[Releases], ...] = ()
    forms: Mapping[str, Form] = field(default_factory=dict)
    explain: Callable[[Frames, str], list[str]] | None = None
    settings: RuleSettings = AS_WRITTEN

    def unmet(self, table: str, rules: Iterable[Rule]) -> Iterator[NotChecked]:
        """Those of a table's rules that cannot be judged, and why."""
        for rule in rules:
            if rule.unmet and not rule.on_request:
                is_accepted = bool(self.settings.reason_against(rule.id))
                yield NotChecked(table, rule.id, rule.unmet, rule.column, is_accepted)


class Tables(dict[str, pl.DataFrame]):
    """Typed tables by name, of which one that does not exist is named in plain words."""

    def __missing__(self, name: str) -> pl.DataFrame:
        """Names the tables that there are."""
        raise RuleError(f"there is no table `{name}`", _tables_of(self, name))


def _tables_of(tables: Collection[str], name: str) -> str:
    """The hint that names the tables, first the one that is most like a wrong name."""
    return f"{nearest(name, tables)} the tables are {', '.join(sorted(tables))}".lstrip()


def load_book(project: Project, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> RuleBook:
    """The rules of a project, as its settings and the patterns of the command line set them.

    Raises:
        RuleError: as `load_rules`.
        ProjectError: when `[rules]` of its settings makes no sense.
    """
    return load_rules(project.rule_files, read_settings(project, select, ignore))


def load_rules(files: Mapping[str, Path], settings: RuleSettings = AS_WRITTEN) -> RuleBook:
    """The executed rule files: `TABLE.py` by table, `dataset.py` under `dataset`.

    Raises:
        RuleError: when a file cannot be read or executed, or holds no pandera schema; with file and line.
    """
    tables = {}
    with settings.readable():
        for name in sorted(files.keys() - {DATASET}):
            names = _execute(files[name])
            tables[name] = _read_schema(names.get("schema"), files[name], "`schema`", settings, names)
        if DATASET not in files:
            return RuleBook(tables, settings=settings)
        path = files[DATASET]
        names = _execute(path)
    make, guards, forms = names.get("schemas"), names.get("guards", ()), names.get("forms", {})
    derive, derive_lazily, explain = (
        _guarded(path, it) if callable(it := names.get(name)) else None
        for name in ("derive", "derive_lazily", "explain")
    )
    if not callable(make) and (make is not None or not (derive or derive_lazily)):
        raise RuleError(f"{path}: there is no function `schemas(tables, created)`", "see docs on rules across tables")
    if not isinstance(guards, tuple) or not _are(Guard, guards):
        raise RuleError(f"{path}: `guards` has to be a tuple of deedbook.rules.guard.Guard", FIX)
    if not isinstance(forms, Mapping) or not _are(Form, forms.values()):
        raise RuleError(f"{path}: `forms` has to be a mapping of names to deedbook.rules.form.Form", FIX)
    dataset = partial(_rules_across, path, _guarded(path, make), settings) if callable(make) else None
    return RuleBook(tables, dataset, derive, derive_lazily, guards, forms, explain, settings)


def book_of(table: str, schema: pa.DataFrameSchema, settings: RuleSettings = AS_WRITTEN) -> RuleBook:
    """The rules that a pandera schema holds for one table.

    Raises:
        RuleError: when it is none for polars.
    """
    return RuleBook({table: _read_schema(schema, "rules", "`rules`", settings)}, settings=settings)


def _are(kind: type, items: Iterable[object]) -> bool:
    return all(isinstance(item, kind) for item in items)


def _execute(path: Path) -> Mapping[str, object]:
    """The names that a rule file defines, of a declared one its schema; what it prints goes to stderr, since stdout is the report.

    Raises:
        RuleError: when it cannot be read, does not compile, raises or exits.
    """
    if path.suffix == ".toml":
        return (
            {"derive_lazily": read_derivations(path)} if path.stem.startswith(DATASET) else {"schema": read_rules(path)}
        )
    name = "_deedbook_project." + re.sub(r"\W", "_", str(path.resolve()))
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: cannot be read: {error}", "check the file") from None
    other = _PLAIN_PANDERA.search(source)
    hint = f"rules are for polars: `import pandera.polars as pa` in place of `{other[0].strip()}`" if other else FIX
    return _guarded(path, lambda: runpy.run_path(str(path), run_name=name), hint)()


def _guarded(path: Path, function: Callable[..., Found], hint: str = FIX) -> Callable[..., Found]:
    """The function, except that what it raises, `sys.exit` too, is a `RuleError` with the line of the rule file."""

    def run(*arguments: Frames | LazyFrames | dt.date | None) -> Found:
        try:
            with redirect_stdout(sys.stderr):
                return function(*arguments)
        except SyntaxError as error:
            raise RuleError(f"{error.filename or path}:{error.lineno}: {error.msg}", FIX) from None
        except (Exception, SystemExit) as error:
            steps = traceback.extract_tb(error.__traceback__)
            place = str(path) + "".join([f":{step.lineno}" for step in steps if step.filename == str(path)][-1:])
            if isinstance(error, DeedbookError):
                message = error.message if error.message.startswith(str(path)) else f"{place}: {error.message}"
                raise RuleError(message, error.hint) from None
            said = describe(error)
            if isinstance(error, SystemExit):
                said = f"it calls exit({'' if error.code is None else error.code})"
            raise RuleError(f"{place}: {said}", hint) from error

    return run


def _rules_across(
    path: Path, make: Callable[..., object], settings: RuleSettings, frames: Frames, created: dt.date | None
) -> dict[str, TableRules]:
    """The rules that `schemas` of a `dataset.py` makes of typed tables."""
    with settings.readable():
        found = make(Tables(frames), created)
    if not isinstance(found, Mapping):
        given = "nothing" if found is None else f"a {type(found).__name__}"
        problem = f"`schemas` returns {given}; it has to return a dict of table names and schemas"
        raise RuleError(f"{path}: {problem}", FIX)
    _demand_tables(frames, f"{path}: `schemas` returns rules for", found)
    read = {name: _read_schema(schema, path, f"`schemas` of {name}", settings) for name, schema in found.items()}
    for rule in (rule for rules in read.values() for rule in rules.rules):
        _demand_tables(frames, f"{rule.where}: the rule `{rule.id}` reads", rule.reads)
    return read


def _demand_tables(frames: Frames, says: str, names: Iterable[object]) -> None:
    for name in names:
        if name not in frames:
            raise RuleError(f"{says} `{name}`, which is no table", _tables_of(frames, str(name)))


def _read_schema(
    schema: object, path: Path | str, what: str, settings: RuleSettings, names: Mapping[str, object] | None = None
) -> TableRules:
    """The rules of a schema, as they are set."""
    read = _as_schema(schema, f"{path}: {what}", names or {})
    placed: list[tuple[str, object]] = [("", check) for check in read.checks]
    placed += [(name, check) for name, column in read.columns.items() for check in column.checks]
    found: list[Rule] = []
    for column, check in placed:
        if not isinstance(check, pa.Check):
            problem = f"the checks of {what} hold a {type(check).__name__}, which is no check"
            raise RuleError(f"{path}: {problem}", "put `*` before a builder that makes several checks")
        taken = {item.id for item in found if item.check is not None}
        found.append(rule_of(check) or _rule_of_plain(check, column, str(path), taken))
    found.sort(key=lambda rule: rule.check is not None)
    return TableRules(tuple(map(settings.applied_to, found)), _without_checks(read), str(path))


def _without_checks(schema: pa.DataFrameSchema) -> pa.DataFrameSchema | None:
    """What the schema demands beside its checks; None when nothing."""
    if not any((schema.columns, schema.unique, schema.strict, schema.ordered, schema.dtype)):
        return None
    bare = copy.copy(schema)
    bare.checks, bare.columns = [], {name: copy.copy(column) for name, column in schema.columns.items()}
    for part in bare.columns.values():
        part.checks = []
    return bare


def _as_schema(schema: object, where: str, names: Mapping[str, object]) -> pa.DataFrameSchema:
    """A schema for polars; a model is read as the schema that it stands for."""
    if isinstance(schema, type) and issubclass(schema, pa.DataFrameModel):
        try:
            return schema.to_schema()
        except Exception as error:
            hint = "write `schema = MODEL.to_schema()`, so that the line is known"
            raise RuleError(f"{where} is a DataFrameModel that makes no schema: {describe(error)}", hint) from error
    if isinstance(schema, pa.DataFrameSchema):
        return schema
    made_by = f"{type(schema).__module__} {getattr(schema, '__module__', '')}"
    problem, hint = f"is a {type(schema).__name__}", FIX
    if re.search(r"^(?!.*polars).*pandera\.", made_by):
        problem, hint = f"{problem} for pandas", "`import pandera.polars as pa`"
    elif schema is None:
        others = (name for name, value in names.items() if isinstance(value, pa.DataFrameSchema))
        problem, hint = "is missing", next((f"call `{name}` `schema`" for name in others), FIX)
    raise RuleError(f"{where} {problem}; it has to be a pandera.polars.DataFrameSchema", hint)


def _rule_of_plain(check: pa.Check, column: str, file: str, taken: set[str]) -> Rule:
    """What findings of a plain check say, and what it is called: an id that says nothing could not be waived."""
    id_ = kebab(check.name or "")
    if id_ in {"", "lambda"}:
        id_ = f"{kebab(column) or 'table'}-check"
        id_ = next(text for text in (id_, *(f"{id_}-{n}" for n in range(2, 1000))) if text not in taken)
    code = getattr(getattr(check, "_check_fn", None), "__code__", None)
    return Rule(
        id=id_,
        passes=pl.lit(True),
        at=column,
        check=check,
        severity="warning" if check.raise_warning else "error",
        message=_message_of(check),
        where=f"{file}:{code.co_firstlineno}" if code is not None and code.co_filename == file else file,
    )


def _message_of(check: pa.Check) -> str:
    """The author's own words, ours for pandera's own checks, or the check's name."""
    name, statistics = check.name or "", check.statistics or {"": None}
    if check.error and not str(check.error).startswith(f"{name}("):
        return _plain(str(check.error))
    if name in _WORDS["said"] and None not in statistics.values():
        given = {key: _shown(value) for key, value in statistics.items()}
        return "`{cell}` " + _plain(_WORDS["said"][name].format_map(given))
    return (
        "does not pass the check"
        if kebab(name) in {"", "lambda"}
        else _plain(f"does not satisfy {check.error or name}")
    )


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f"`{value}`"
    return listed([str(item) for item in value], _LISTED) if isinstance(value, Iterable) else str(value)


def _plain(text: str) -> str:
    """A text without placeholders."""
    return text.replace("{", "{{").replace("}", "}}")


def evaluate(rules: TableRules, frame: pl.DataFrame, bad: Bad = ALL_GOOD) -> tuple[RuleOutcome, ...]:
    """Every rule that can be judged, judged on a whole typed table or on one block of it.

    Args:
        rules: The rules of the table.
        frame: The typed rows; a missing or bad cell is null.
        bad: Which cells are bad, by column; a column that is not named is all good.

    Raises:
        RuleError: when a rule raises or does not give one Boolean per row.
    """
    outcomes = [*evaluate_rules(rules.rules, frame, bad)]
    plain = [(rule, rule.check) for rule in rules.rules if rule.check is not None and not rule.unmet]
    # whatever pandera's environment variables say about skipping data
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        for rule, check in plain:
            for column in _columns_of(rule.at, frame):
                try:
                    found = check(frame.lazy(), column or None).check_output.collect().to_series()
                except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever a rule raises, it is named)
                    fail(rule, describe(error))
                outcomes.append(_outcome(replace(rule, at=column), found, frame, bad))
        outcomes += _run_bare(rules.bare, rules.file, frame, bad) if rules.bare is not None else ()
    return tuple(outcomes)


def _columns_of(column: str, frame: pl.DataFrame) -> list[str]:
    """The columns that a check stands at; pandera's patterns of columns begin with `^` and end with `$`."""
    if column in frame.columns or not re.fullmatch(r"\^.*\$", column):
        return [column]
    return [name for name in frame.columns if re.search(column, name)]


def _run_bare(schema: pa.DataFrameSchema, file: str, frame: pl.DataFrame, bad: Bad) -> Iterator[RuleOutcome]:
    """What a schema demands beside its checks; columns that are too many are one finding, and one cause is said once."""
    try:
        schema.validate(frame, lazy=True)
        return
    except SchemaErrors as found:
        told = {(error.reason_code.name, _place(error)): error for error in found.schema_errors}
    except Exception as raised:
        raise RuleError(f"{file}: the schema cannot be used: {describe(raised)}", FIX) from raised
    known = {name for asked in schema.columns for name in _columns_of(str(asked), frame)}
    extra = ", ".join(f"`{name}`" for name in frame.columns if name not in known)
    for (reason, column), error in told.items():
        if reason == "WRONG_DATATYPE" and ("DATATYPE_COERCION", column) in told:
            continue
        id_, template = _WORDS["demands"].get(reason, (kebab(reason), _plain(describe(error))[:200]))
        case = extra if reason == "COLUMN_NOT_IN_SCHEMA" else str(error.failure_cases)
        wanted = getattr(schema.columns.get(column), "dtype", schema.dtype)
        said = {"case": case, "column": column, "wanted": wanted, "unique": ", ".join(map(str, schema.unique or ()))}
        at = column if column in frame.columns else ""
        rule = Rule(id=id_, passes=pl.lit(True), at=at, where=file, message=template.format_map(said))
        output = error.check_output
        yield _outcome(rule, pl.Series([False]) if output is None else output["check_output"], frame, bad)


def _place(error: SchemaError) -> str:
    """The column that an error of a schema is about; empty for the table."""
    cases = error.failure_cases
    if isinstance(cases, pl.DataFrame) and cases.width == 1:
        return cases.columns[0]
    return str(error.schema.name) if isinstance(error.schema, pa.Column) else ""


def _outcome(rule: Rule, found: pl.Series, frame: pl.DataFrame, bad: Bad) -> RuleOutcome:
    """One finding a row; a single verdict is about the table as a whole."""
    if len(found) == frame.height:
        shown = {"cell": pl.col(rule.at)} if rule.at in frame.columns else {"cell": pl.lit("")}
        columns = (rule.at,) if rule.at else tuple(frame.columns)
        return outcome_of(replace(rule, columns=columns, values=shown), found, frame, bad)
    if len(found) != 1:
        fail(rule, f"it gives {len(found)} values for {frame.height} rows")
    whole = replace(rule, message=rule.message.replace("`{cell}` ", "the table "))
    return RuleOutcome(whole, NO_ROW if found[0] is False else NO_ROW.clear(), pl.DataFrame())
