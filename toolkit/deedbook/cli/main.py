"""`deedbook`: the verbs, and what becomes of an exception."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from deedbook import __version__
from deedbook.cli.options import State
from deedbook.cli.policy import BUG, INTERRUPTED, USAGE
from deedbook.errors import DeedbookError, SpaceError

VERBS = {
    "init": "init",
    "validate": "validate",
    "fmt": "fmt",
    "diff": "diff",
    "plan": "plan",
    "build": "build",
    "verify": "verify",
    "keygen": "keygen",
    "bag": "bag",
    "publish": "publish",
    "yank": "yank",
    "unyank": "yank",
    "versions": "versions",
    "fetch": "fetch",
    "cite": "cite",
}
"""The module beside this one that has the command of that name; in the order of the help."""
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Verbs(click.Group):
    """The verbs, of which only the one that runs is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # as click asks
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        command: click.Command = getattr(import_module(f"deedbook.cli.{VERBS[cmd_name]}"), cmd_name)
        return command


@click.group(cls=_Verbs, context_settings=_CONTEXT, no_args_is_help=True)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """Check CSV tables of events and actors, and publish them as versioned, citable releases.

    Exit codes: 0 done; 1 errors in the data; 2 usage; 3 a project, descriptor, schema or rule file cannot be read; 4 refused
    to overwrite or publish; 70 a bug of ours; 75 a remote side failed or the disk is full, try again; 130 interrupted.
    """


def main() -> NoReturn:
    """Runs the command line and ends the process, without collecting garbage that the end of the process collects."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter shows its number
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: no complaint at exit either
    sys.stderr.flush()
    os._exit(code)  # taking the interpreter down in order costs as much as checking a small table


def run(arguments: Sequence[str]) -> int:
    """Runs the command line and returns its exit code; whatever goes wrong is one message on stderr."""
    state = State()
    try:
        code = cli.main(list(arguments), prog_name="deedbook", standalone_mode=False, obj=state)
    except DeedbookError as error:
        return _explain(error, state)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USAGE
    except click.ClickException as error:
        error.show()
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001  # the last resort: the disk is full, or it is ours
        return _blame_disk(error, state) or _confess(error, state)
    return code if isinstance(code, int) else 0


def _explain(error: DeedbookError, state: State) -> int:
    from deedbook.rendering.escaping import visible

    if state.debug:
        _print_traceback(error)
    else:
        click.echo(f"deedbook: {visible(error.message, 4000)}", err=True)
        if error.hint:
            click.echo(f"  {visible(error.hint, 4000)}", err=True)
    return error.exit_code


def _blame_disk(error: Exception, state: State) -> int:
    """The exit code of an error that a full disk caused, after saying so; 0 for any other."""
    import tempfile

    from deedbook.release.staging import refusing_disk

    if not (reason := refusing_disk(error)):
        return 0
    hint = f"free some space and try again; temporary files are in {tempfile.gettempdir()}, or where TMPDIR says"
    return _explain(SpaceError(reason, hint), state)


def _confess(error: Exception, state: State) -> int:
    import platform

    from deedbook.rendering.escaping import visible

    if state.debug:
        _print_traceback(error)
    versions = f"deedbook {__version__}, Python {platform.python_version()}, {platform.system()}"
    click.echo(f"deedbook: this is a bug of ours: {type(error).__name__}: {visible(str(error))} ({versions})", err=True)
    if not state.debug:
        click.echo("  please report it with what the same command prints with --debug", err=True)
    return BUG


def _print_traceback(error: Exception) -> None:
    import traceback

    traceback.print_exception(error)
