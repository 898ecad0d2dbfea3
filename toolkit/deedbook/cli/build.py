"""`deedbook build`: writes the planned release into dist/, or says why it may not exist."""

from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.cli.engines import open_cluster
from deedbook.errors import DONE, FINDINGS
from deedbook.project import load_project
from deedbook.rendering import text


@click.command()
@options.target
@click.option("--snapshot", is_flag=True, help="Build an unplanned state as VERSION-snapshot, replacing the last one.")
@options.trust_rules
@options.memory
@options.engine
@options.quiet
@options.debug
@click.pass_context
def build(
    ctx: click.Context,
    target: Path,
    snapshot: bool,
    trust_rules: bool,
    memory: int,
    engine: str,
    master: str,
    quiet: bool,
) -> None:
    """Validate the project and write its planned release into dist/NAME/VERSION/.

    Version and date stand in the descriptor. Errors in the data: nothing is written, exit code 1. The same content built
    before: nothing is written, exit code 0. Other content under the same version: exit code 4.
    """
    from deedbook.release import build as release
    from deedbook.validation import Options

    project = load_project(target)
    options.may_run_rules(project, trusted=trust_rules)
    with open_cluster(engine, master) as spark, streams.progress_bar(quiet=quiet) as bar:
        own = Options(trust_rules=True, memory=memory)
        built = release.build(project, own, snapshot=snapshot, progress=bar.update, engine=spark)
    if built.release is None:
        streams.emit(text.render_text(built.report, streams.view()))
        streams.say("nothing was built: a release holds no errors")
        ctx.exit(FINDINGS)
    if not quiet:
        folder, here = built.release.folder, Path.cwd()
        shown = folder.resolve().relative_to(here) if folder.resolve().is_relative_to(here) else folder
        streams.emit(f"{text.summary_line(built.report)}\n")
        if built.unchanged:
            streams.emit(f"nothing to release: {shown} has the same content\n")
        else:
            sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
            streams.emit(f"built {shown}: {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB\n")
    ctx.exit(DONE)
