"""`deedbook fix`: writes what findings propose into their cells, after a preview."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from deedbook import files, repairs
from deedbook.changes.row_hashes import MEMORY
from deedbook.cli import options, streams
from deedbook.cli.plan import own_code
from deedbook.errors import DONE, FINDINGS, DeedbookError
from deedbook.findings import Finding, plural
from deedbook.project import Project, Reading, load_project
from deedbook.rendering import plan as plan_views
from deedbook.rendering.escapes import visible
from deedbook.validation import Options
from deedbook.versioning import plan as plans

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@options.target
@click.option("--schema", type=_FILE, help="The Table Schema of a data file that no project describes.")
@click.option("--rule", "rules", multiple=True, metavar="RULE", help="Write all proposals of this rule; repeatable.")
@click.option(
    "--all-safe", is_flag=True, help="Write the proposals that are safe: the cell can have meant nothing else."
)
@click.option(
    "--reading",
    "readings",
    multiple=True,
    metavar="TABLE.COLUMN=READING",
    help="How a column is meant whose cells can be read in two ways: day-first, month-first, decimal-comma, thousands.",
)
@click.option("-t", "--table", "tables", multiple=True, metavar="TABLE", help="Mend this table only; repeatable.")
@click.option(
    "--patch",
    type=_FILE,
    default="fix.patch",
    show_default=True,
    help="Where the change is kept as a diff; `git apply -R` takes it back.",
)
@click.option(
    "-n",
    "--max-findings",
    "shown",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Cells of a rule and column that the preview shows.",
)
@options.trust_rules
@options.quiet
@options.debug
@click.pass_context
def fix(
    ctx: click.Context,
    target: Path,
    schema: Path | None,
    rules: tuple[str, ...],
    all_safe: bool,
    readings: tuple[str, ...],
    tables: tuple[str, ...],
    patch: Path,
    shown: int,
    trust_rules: bool,
    quiet: bool,
) -> None:
    """Write what findings propose into the cells that they are about, and change nothing else.

    Without --rule and --all-safe a terminal is asked about each rule and column; elsewhere the proposals are shown and nothing is written.
    Every other byte of a file stays: that is proven on the new file before it takes the place of the old one. The change is kept as a
    patch, and where rows were published, corrections.csv gets a row for each that waits for a reason.

    Exits with 0 when no proposal is left, and with 1 otherwise.
    """
    project = load_project(target, Reading(schema))
    chosen = repairs.read_readings(readings, project)
    with streams.progress_bar(quiet=quiet) as bar:
        found = repairs.propose(project, Options(tables=tables, trust_rules=trust_rules), chosen, bar.update)
    done = repairs.mend(project, choose(found, rules, shown, all_safe=all_safe))
    written = [item for table in done for item in table.cells]
    if written:
        files.replace(patch, b"".join(table.patch for table in done))
        _draft_corrections(project)
    if found or not quiet:
        streams.emit("".join(outcome(found, done, patch)))
    ctx.exit(DONE if len(written) == len(found) else FINDINGS)


def choose(found: Sequence[Finding], rules: Sequence[str], shown: int, *, all_safe: bool) -> list[Finding]:
    """The proposals to write: those that the options name, else those that a person at the terminal takes; none after a preview."""
    if rules or all_safe:
        return [item for item in found if item.rule in rules or (all_safe and item.certainty == "safe")]
    if sys.stdin.isatty() and sys.stdout.isatty():
        return ask(found, shown)
    streams.emit("".join(preview(found, shown)))
    return []


def by_place(found: Sequence[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    """The proposals of each rule and column, with a line that says how many they are."""
    for (rule, table, column), group in groupby(
        sorted(found, key=lambda item: (item.rule, item.table, item.column or "")),
        lambda item: (item.rule, item.table, item.column),
    ):
        items = list(group)
        safe = sum(item.certainty == "safe" for item in items)
        yield (
            f"{rule} in {visible(table)}.{visible(column or '')}: {plural(len(items), 'cell')}, {safe:,} safe\n",
            items,
        )


def lines(items: Sequence[Finding], shown: int) -> Iterator[str]:
    """The first cells as a diff, each with its row."""
    for item in items[:shown]:
        key = f" {visible(item.key)}" if item.key else ""
        mark = "" if item.certainty == "safe" else "  (likely: look it up)"
        yield f"  row {item.row}{key}\n  - {visible(item.value or '')}\n  + {visible(item.proposal or '')}{mark}\n"
    if len(items) > shown:
        yield f"  ... and {len(items) - shown:,} more (--max-findings shows more)\n"


def preview(found: Sequence[Finding], shown: int) -> Iterator[str]:
    """What is proposed, as a diff by rule and column."""
    for head, items in by_place(found):
        yield head
        yield from lines(items, shown)


def ask(found: Sequence[Finding], shown: int) -> list[Finding]:
    """The proposals that a person at the terminal takes: of a rule and column all, the safe ones, each by itself, or none."""
    wanted: list[Finding] = []
    choice = click.Choice(["all", "safe", "each", "none", "quit"])
    for head, items in by_place(found):
        click.echo("".join([head, *lines(items, shown)]), nl=False)
        answer = click.prompt("write", type=choice, default="safe")
        if answer == "quit":
            break
        if answer == "each":
            wanted += (item for item in items if click.confirm("".join(lines([item], 1)) + "write it?"))
        wanted += (item for item in items if answer == "all" or (answer == "safe" and item.certainty == "safe"))
    return wanted


def _draft_corrections(project: Project) -> None:
    """Drafts the rows of corrections.csv that the mended cells of published rows need, as `plan --write-corrections` does."""
    if not project.has_releases:
        return
    try:
        guards, derived = own_code(project, MEMORY)
        planned = plans.plan(project, guards=guards, derived=derived)
        if left := plans.write_drafts(project, planned):
            streams.say(plan_views.render_drafted(left))
    except DeedbookError as error:
        streams.say(f"corrections.csv was not drafted: {visible(error.message)}")


def outcome(found: Sequence[Finding], done: Sequence[repairs.Mended], patch: Path) -> Iterator[str]:
    """What was written and what is left, by table and in sum."""
    for table in done:
        if table.cells:
            yield f"{visible(table.table)} ({visible(table.path)}): {plural(len(table.cells), 'cell')} mended\n"
        for reason, count in Counter(reason for _, reason in table.left).items():
            yield f"{visible(table.table)} ({visible(table.path)}): {plural(count, 'cell')} left: {visible(reason)}\n"
    written = sum(len(table.cells) for table in done)
    left = len(found) - written
    safe = sum(item.certainty == "safe" for item in found) - sum(
        it.certainty == "safe" for table in done for it in table.cells
    )
    yield f"{plural(written, 'cell')} mended{f', the change is in {visible(str(patch))}' if written else ''}; "
    yield f"{plural(left, 'proposal')} left, {safe:,} safe\n"
