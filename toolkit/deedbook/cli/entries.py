"""`deedbook next`, `find`, `explain` and `add`: coding, one entry in one step."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from deedbook import entries
from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS, UsageError
from deedbook.findings import plural
from deedbook.project import Project, load_project
from deedbook.release.derivations import typed_tables
from deedbook.rendering.escapes import visible

if TYPE_CHECKING:
    from deedbook.checking.rules import RuleBook

_HELP = "The project; here by default."
_in = click.option("-p", "--project", "root", type=click.Path(path_type=Path), default=".", help=_HELP)


@click.command()
@click.argument("table")
@_in
@options.debug
def next(table: str, root: Path) -> None:  # noqa: A001  # as the verb is called
    """Say the id after the highest that was ever issued in TABLE, retired and released ones included."""
    streams.emit(f"{entries.next_id(load_project(root), table)}\n")


@click.command()
@click.argument("text")
@_in
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Rows that are shown.")
@options.debug
@click.pass_context
def find(ctx: click.Context, text: str, root: Path, limit: int) -> None:
    """Look for rows that go by TEXT or nearly, whatever the script and the spelling: one line each, the most alike first.

    Exits with 1 when there is none.
    """
    found = entries.find(load_project(root), text, limit)
    for it in found:
        streams.emit(f"{it.key} ({it.table}.{it.field}): {visible(it.text, 160)}\n")
    if not found:
        shorter = "try a part of the name, or another spelling; `deedbook add` describes what is new"
        streams.say(f"nothing goes by `{visible(text, 160)}` or nearly\n  {shorter}")
    ctx.exit(DONE if found else FINDINGS)


@click.command()
@click.argument("name", metavar="ROW|RULE")
@_in
@options.trust_rules
@options.debug
def explain(name: str, root: Path, trust_rules: bool) -> None:
    """Say why ROW (an id) is what it is, or what RULE means, with an example and how to mend it.

    For an event of the reference dataset: people, claims and chains, and the lines of the decision table down to the one that holds.
    """
    project, book = _loaded(root, trust_rules)
    lines = entries.explain_rule(project, book, name) or entries.explain_row(project, book, name)
    if not lines:
        raise UsageError(f"there is no row and no rule `{name}`", entries.similar(project, book, name))
    streams.emit("".join(f"{visible(line, 2000)}\n" for line in lines))


@click.command()
@click.argument("kind")
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--like", metavar="ID", help="Take what the form leaves out from this entry; without FILE, print its form."
)
@click.option(
    "--set", "more", multiple=True, metavar="NAME=VALUE", help="A value of the form, such as coder=coder-2; repeatable."
)
@click.option("--on", "day", default="", metavar="DATE", help="The day of the entry; today when left out.")
@click.option(
    "-n", "--dry-run", is_flag=True, help="Show the rows and what validation says of them, and write nothing."
)
@_in
@options.trust_rules
@options.debug
@click.pass_context
def add(
    ctx: click.Context,
    kind: str,
    file: Path | None,
    like: str | None,
    more: tuple[str, ...],
    day: str,
    dry_run: bool,
    root: Path,
    trust_rules: bool,
) -> None:
    """Add an entry of this KIND, such as an event, from the short form in FILE (YAML; - is standard input).

    Ids are allotted above the highest ever issued, rows go where they sort. They are shown, and validated with the whole project
    before a file changes: an error in them, or one elsewhere that comes with them, writes nothing (exit code 1); otherwise all tables are
    written or none.
    """
    project, book = _loaded(root, trust_rules)
    form: dict[str, Any] = entries.form_of(book, kind).like(like, typed_tables(project)) if like else {}
    values = dict(one.partition("=")[::2] for one in more)
    if file is None:
        if not like:
            raise UsageError("there is no form", f"name a file, or print one with `deedbook add {kind} --like ID`")
        streams.emit(yaml.safe_dump(form | values, allow_unicode=True, sort_keys=False, width=120))
        return
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        given = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # texts only: a date stays as it is written
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(
            f"{file}: cannot be read: {' '.join(str(error).split())}", "write the form as YAML in UTF-8"
        ) from None
    if not isinstance(given, dict):
        raise UsageError(f"{file}: a form is names and values", f"see `deedbook add {kind} --like ID`")
    form |= given | values
    rows = entries.rows_of_form(project, book, kind, form, day or dt.datetime.now(dt.UTC).date().isoformat())
    added = entries.add(project, book, rows, write=not dry_run)
    streams.emit(render(added, dry_run=dry_run))
    ctx.exit(DONE if added.valid else FINDINGS)


def render(added: entries.Added, *, dry_run: bool) -> str:
    """The new rows table by table, what validation says of them, and what became of them."""
    lines = []
    for table, rows in added.rows.items():
        lines.append(f"{table}:")
        cells = ([f"{name} {visible(value, 80)}" for name, value in row.items() if value] for row in rows)
        lines += ["  " + ", ".join(row) for row in cells]
    for it in added.findings:
        hint = f" ({visible(it.hint)})" if it.hint else ""
        lines.append(f"{it.severity} {it.rule} at {it.table} {it.key}: {visible(it.message)}{hint}")
    if added.elsewhere:
        stood = plural(added.elsewhere, "error")
        lines.append(f"{stood} elsewhere in the project stood there before: `deedbook validate` names them")
    done = ("written", "not written")[dry_run] if added.valid else "not written, because of errors"
    count = plural(sum(map(len, added.rows.values())), "row")
    return "".join(f"{line}\n" for line in [*lines, f"{count} of {plural(len(added.rows), 'table')} {done}"])


def _loaded(root: Path, trusted: bool) -> tuple[Project, RuleBook | None]:
    """The project and its rules, where they may run."""
    from deedbook.checking.rules import load_book

    project = load_project(root)
    options.may_run_rules(project, trusted=trusted)
    return project, load_book(project) if project.rule_files else None
