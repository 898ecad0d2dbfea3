"""`deedbook test`: whether schemas and rules find in the cases of a project what they are to find."""

from pathlib import Path

import click

from deedbook.cases import judge, read_cases
from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS
from deedbook.findings import plural
from deedbook.project import load_project
from deedbook.rendering.escapes import visible


@click.command()
@options.target
@options.trust_rules
@options.quiet
@options.debug
@click.pass_context
def test(ctx: click.Context, target: Path, trust_rules: bool, quiet: bool) -> None:
    """Run the cases in schemas/tests: tables that say of each row what its schema and rules have to find there.

    A case is TABLE.csv or TABLE.WHAT.csv: rows in the columns of the table (those left out are empty) and a last column `expected` with the
    rules that the row breaks, such as `type-error:day; ends-before-it-starts`, or nothing. The other tables are those of the project.

    Exits with 0 when every row is as expected, and with 1 otherwise.
    """
    project = load_project(target)
    lines, wrong, rows = [], 0, 0
    for case in read_cases(project):
        found = judge(project, case, trust_rules=trust_rules)
        wrong += len({item.row for item in found})
        rows += len(case.rows)
        name = visible(case.path.name)
        lines += [
            f"{name} row {item.row}: {visible(item.rule)} "
            + (f"was not expected: {visible(item.found)}" if item.found else "was expected and is not found")
            for item in found
        ] or [f"{name}: {plural(len(case.rows), 'row')} as expected"]
    if wrong or not quiet:
        streams.emit("\n".join([*lines, f"{plural(rows, 'row')}: {wrong:,} not as expected"]) + "\n")
    ctx.exit(FINDINGS if wrong else DONE)
