"""`deedbook serve`: a preview of the static site on the own machine."""

import signal
from contextlib import suppress
from pathlib import Path

import click

from deedbook.cli import options, streams
from deedbook.site.editions import catalogue_of
from deedbook.site.server import HOST, preview_of, server_of


@click.command()
@click.argument("catalogue", required=False, type=click.Path(path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any that is free."
)
@options.project
@options.quiet
@options.debug
def serve(catalogue: Path | None, port: int, root: Path, quiet: bool) -> None:
    """Show the site of CATALOGUE in a browser, on this machine alone, until Ctrl+C; it is made anew when the catalogue changes.

    Without CATALOGUE, it is the folder that the project publishes to. Nothing is written into the catalogue.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the pages of a preview go with it, however it is ended
    with suppress(KeyboardInterrupt), preview_of(catalogue or catalogue_of(root), streams.say) as preview:
        with streams.progress_bar(quiet=quiet) as bar:
            preview.renew(bar.update)
        with server_of(preview, port) as server:
            streams.emit(f"http://{HOST}:{server.server_address[1]}/\n")
            server.serve_forever()
