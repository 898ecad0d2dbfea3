"""`deedbook verify`: proves that a release is whole, signed, chained, and the same in every format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from deedbook.cli import options, streams
from deedbook.errors import DONE, FINDINGS

Format = Literal["text", "json"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--key", metavar="FILE_OR_KEY", help="The publisher's minisign public key: its .pub file or the key itself."
)
@click.option("--rebuild", is_flag=True, help="Build the release again from its project and compare the bytes.")
@click.option(
    "--project",
    "root",
    type=click.Path(path_type=Path),
    default=".",
    help="The project for --rebuild; here by default.",
)
@options.trust_rules
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
    format_: Format,
    quiet: bool,
) -> None:
    """Prove the release in PATH, a folder or a .zip of one.

    Checksums, signature, provenance, the chain to the releases beside it, equal data in every format and agreeing metadata.
    One line for each problem, and a last one that says what was verified; exits with 0 when there is no problem, else with 1.
    """
    from deedbook.integrity.signatures import public_key
    from deedbook.project import load_project
    from deedbook.release.verification import verify as verify_release
    from deedbook.rendering import verification as rendering

    known = public_key(key) if key is not None else None
    project = load_project(root) if rebuild else None
    if project is not None:
        options.may_run_rules(project, trusted=trust_rules)
    with streams.progress_bar(quiet=quiet) as bar:
        outcome = verify_release(path, key=known, project=project, progress=bar.update)
    if format_ == "json":
        streams.emit(rendering.render_json(outcome))
    elif not (quiet and outcome.is_intact):
        streams.emit(rendering.render_text(outcome))
    ctx.exit(DONE if outcome.is_intact else FINDINGS)
