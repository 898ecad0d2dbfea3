"""`deedbook`: the verbs, and what becomes of an exception."""

import errno
import platform
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

import click

from deedbook import __version__
from deedbook.cli import streams
from deedbook.cli.options import State
from deedbook.errors import BUG, DONE, INTERRUPTED, USAGE, DeedbookError, SpaceError, UsageError
from deedbook.files import disk_refusal
from deedbook.rendering.escapes import visible

VERBS = {
    "init": ("init", "Make a dataset project in DIR."),
    "describe": ("describe", "Draft a descriptor and schemas for files that exist."),
    "validate": ("validate", "Name every mistake in the tables of TARGET at its row and field."),
    "test": ("test", "Run the cases of the project's schemas and rules."),
    "convert": ("convert", "Make a project of the evidence model from a table of another one."),
    "fmt": ("fmt", "Rewrite the tables of the project in canonical form."),
    "fix": ("fix", "Write what findings propose into the cells they are about."),
    "find": ("entries", "Look for rows by name, in any script."),
    "explain": ("entries", "Say why a row is what it is, or what a rule means."),
    "next": ("entries", "Say the next id of a table."),
    "add": ("entries", "Add an entry, such as an event, by a short form."),
    "export": ("workbooks", "Write the tables into a workbook to edit."),
    "import": ("workbooks", "Bring what was edited in a workbook back into the tables."),
    "diff": ("diff", "Say what changed between two states of a dataset."),
    "log": ("history", "List the versions of a dataset, and what asked for each."),
    "history": ("history", "Tell the way of one row through all releases."),
    "plan": ("plan", "Show the next release of the project, and what is missing."),
    "build": ("build", "Validate the project and write its planned release into dist/."),
    "keygen": ("keygen", "Make a key pair: one half signs releases, the other proves them."),
    "bag": ("bag", "Write a release as a BagIt bag."),
    "publish": ("publish", "Publish a built release to a target of deedbook.toml."),
    "yank": ("publish", "Withdraw a published version without deleting it."),
    "unyank": ("publish", "Take back that a version was withdrawn."),
    "site": ("site", "Write the static site of a catalogue."),
    "serve": ("serve", "Show the site of a catalogue on this machine."),
    "catalogue": ("catalogue", "Mend the catalogue of a target."),
    "versions": ("fetch", "List the published versions of a dataset."),
    "fetch": ("fetch", "Download a release, prove it, and say how to cite it."),
    "verify": ("verify", "Prove the release in PATH."),
    "cite": ("fetch", "Say how to cite a release, or the rows of it that were used."),
}
"""The module beside this one that has the command of that name, and what the help says of it; in the order of the help."""
_SECTIONS = {"init": "To maintain tables", "diff": "To make releases", "versions": "To use releases"}
"""What the help says above the first verb of those who need it."""
_NAME_ERRORS = frozenset(
    getattr(errno, name)
    for name in ("EACCES", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOTDIR", "EPERM", "EROFS")
)
"""What a system answers to a path that is of no use; other answers may pass."""
_LONGEST_NAME = 200
"""Characters of such a path that are shown."""
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Verbs(click.Group):
    """The verbs, of which only the one that runs is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # as click asks
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = getattr(import_module(f"deedbook.cli.{VERBS[cmd_name][0]}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, (_, said) in VERBS.items():
            if name in _SECTIONS:
                rows = sections.setdefault(_SECTIONS[name], [])
            rows.append((f"{name:<{max(map(len, VERBS))}}", said))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


@click.group(cls=_Verbs, context_settings=_CONTEXT, no_args_is_help=True)
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def cli() -> None:
    """Check CSV tables of events and actors, and publish them as versioned, citable releases.

    Exit codes: 0 done; 1 errors in the data; 2 usage; 3 a project, descriptor, schema or rule file cannot be read; 4 refused
    to overwrite or publish; 70 a bug of ours; 75 a remote side failed or the disk is full, try again; 130 interrupted.
    """


def run(arguments: Sequence[str]) -> int:
    """Runs the command line and returns its exit code; whatever goes wrong is one message on stderr."""
    streams.prepare()
    state = State()
    code: object = DONE
    try:
        code = cli.main(list(arguments), prog_name="deedbook", standalone_mode=False, obj=state)
    except click.exceptions.NoArgsIsHelpError as error:
        streams.say(error.format_message())
        code = USAGE
    except click.ClickException as error:
        error.show()
        code = USAGE
    except (KeyboardInterrupt, click.Abort):
        streams.say("interrupted")
        code = INTERRUPTED
    except BrokenPipeError:
        code = DONE
    except Exception as error:  # noqa: BLE001  # the last resort: the machine is at its end, or it is ours
        code = _explain(error, is_debugged=state.debug)
    return streams.finish(code if isinstance(code, int) else DONE)


def _explain(error: Exception, *, is_debugged: bool) -> int:
    """Says what is wrong and what to do; an error that is none of the toolkit's or of the machine's is a bug of ours."""
    known = error if isinstance(error, DeedbookError) else _refusal_of_machine(error)
    if is_debugged:
        traceback.print_exception(known or error, file=sys.stderr)
    if known is None:
        versions = f"deedbook {__version__}, Python {platform.python_version()}, {platform.system()}"
        streams.say(f"deedbook: this is a bug of ours: {type(error).__name__}: {visible(str(error))} ({versions})")
    elif not is_debugged:
        streams.say(f"deedbook: {visible(known.message, 4000)}")
    hint = known.hint if known else "please report it with what the same command prints with --debug"
    if hint and not is_debugged:
        streams.say(f"  {visible(hint, 4000)}")
    return known.exit_code if known else BUG


def _refusal_of_machine(error: Exception) -> DeedbookError | None:
    """The error as what the machine answers to a name, a full disk or a lack of memory; None when it is ours."""
    if reason := disk_refusal(error):
        import tempfile

        hint = f"free some space and try again; temporary files are in {tempfile.gettempdir()}, or where TMPDIR says"
        return SpaceError(reason, hint)
    if isinstance(error, MemoryError):
        return SpaceError("the machine gives no more memory", "give --memory less, or close something")
    if isinstance(error, OSError) and error.filename is not None:
        name = str(error.filename)
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}... ({len(name):,} characters)"
        kind = UsageError if error.errno in _NAME_ERRORS else SpaceError
        return kind(f"{shown}: {error.strerror}", "name another path, or look at its permissions")
    return None
