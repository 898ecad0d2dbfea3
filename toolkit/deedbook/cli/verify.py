"""`deedbook verify`: proves that a release is whole, signed, chained, and the same in every format.

The outcome is one line a problem and a summary for people, one JSON shape for machines:

deeds.sqlite: holds '13' where events.csv has '12' (table events, row 4, key E000003, column amount) [format-differs]
not intact: deeds 1.0.0: 1 problem
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from deedbook import files
from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS
from deedbook.integrity.proof import Outcome
from deedbook.integrity.signatures import public_key
from deedbook.project import load_project
from deedbook.rendering.escapes import visible

_PATH = click.Path(path_type=Path)
_KEY = "The publisher's minisign public key: its .pub file or the key itself."


@click.command()
@click.argument("path", type=_PATH)
@click.option("--key", metavar="FILE_OR_KEY", help=_KEY)
@click.option("--rebuild", is_flag=True, help="Build the release again from its project and compare the bytes.")
@click.option("--project", "root", type=_PATH, default=".", help="The project for --rebuild; here by default.")
@options.trust_rules
@options.memory
@options.format_(["text", "json"], "How the outcome is written.")
@options.quiet
@options.debug
@click.pass_context
def verify(
    ctx: click.Context,
    path: Path,
    key: str | None,
    rebuild: bool,
    root: Path,
    trust_rules: bool,
    memory: int,
    format_: Literal["text", "json"],
    quiet: bool,
) -> None:
    """Prove the release in PATH, a folder or a .zip of one.

    Checksums, signature, provenance, the chain to the releases beside it, equal data in every format and agreeing metadata.
    One line for each problem, and a last one that says what was verified; exits with 0 when there is no problem, else with 1.
    """
    from deedbook.release.verification import verify as verify_release

    known = public_key(key) if key is not None else None
    project = load_project(root) if rebuild else None
    if project is not None:
        options.may_run_rules(project, trusted=trust_rules)
    with streams.progress_bar(quiet=quiet) as bar:
        outcome = verify_release(path, key=known, project=project, memory=memory, progress=bar.update)
    if format_ == "json":
        record = {"verification_version": 1, "intact": outcome.is_intact, **asdict(outcome)}
        streams.emit(files.json_document(record))
    elif not (quiet and outcome.is_intact):
        streams.emit("".join(f"{line}\n" for line in _lines(outcome)))
    ctx.exit(DONE if outcome.is_intact else FINDINGS)


def _lines(outcome: Outcome) -> Iterator[str]:
    """The outcome for people; nothing in it steers their terminal."""
    for problem in outcome.problems:
        about = {name: getattr(problem, name) for name in ("table", "row", "key", "column")}
        where = ", ".join(f"{name} {visible(str(value), 80)}" for name, value in about.items() if value is not None)
        file = f"{visible(problem.file, 200)}: " * bool(problem.file)
        yield f"{file}{visible(problem.message, 1000)}{f' ({where})' * bool(where)} [{problem.rule}]"
    yield from (f"note: {visible(note, 4000)}" for note in outcome.notes)
    name = visible(f"{outcome.name} {outcome.version}".strip() or outcome.path, 200)
    if count := len(outcome.problems):
        yield f"not intact: {name}: {count:,} problem{'s' * (count != 1)}"
    else:
        yield f"verified {name}: {visible(', '.join(outcome.checked) or 'nothing', 4000)}"
    if outcome.not_checked:
        yield f"not verified: {visible('; '.join(outcome.not_checked), 4000)}"
