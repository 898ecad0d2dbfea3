"""Options that several verbs share, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from deedbook.errors import UsageError
from deedbook.rendering.escapes import visible

if TYPE_CHECKING:
    from deedbook.project import Project

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_FOLDER = click.Path(path_type=Path)
_WIDEST = 50
"""Characters of a list of names that the line of an option has room for."""


@dataclass(slots=True)
class State:
    """What `main` must know of an invocation that failed; the one thing here that changes."""

    debug: bool = False


def size(text: str) -> int:
    """The bytes that a text means, such as `512M` or `2 GiB`."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or not (count := int(float(found[1]) * _UNITS[found[2].upper()])):
        raise click.BadParameter(f"{text!r} is no size; write 512M or 2G")
    return count


def _note_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(State).debug = True


target = click.argument("target", default=".", type=_FOLDER)
"""TARGET: what the verb works on."""
_PROJECT = "The project whose deedbook.toml names the targets; here by default."
project = click.option("--project", "root", type=_FOLDER, default=".", help=_PROJECT)
_TO = "The target: NAME of a [targets.NAME] in deedbook.toml."
to = click.option("-t", "--to", "to", metavar="TARGET", required=True, help=_TO)
_TRUST = "Run the rule files of a project that does not contain the working directory: they are its own Python code."
trust_rules = click.option("--trust-rules", is_flag=True, help=_TRUST)
quiet = click.option("-q", "--quiet", is_flag=True, help="No progress bar, and no text when all is well.")
_MEMORY = "Memory for keys and for parts of tables; more goes to disk."
memory = click.option("--memory", type=size, default="512M", show_default=True, help=_MEMORY)
_DEBUG = "Show the traceback when something goes wrong."
debug = click.option("--debug", is_flag=True, expose_value=False, is_eager=True, callback=_note_debug, help=_DEBUG)


def format_(choices: Sequence[str], text: str, name: str = "format_") -> Callable[[F], F]:
    """`--format`, the first choice being the default."""
    return click.option("-f", "--format", name, **one_of(choices, text), default=choices[0], show_default=True)


def one_of(choices: Sequence[str], text: str) -> dict[str, Any]:
    """What an option is whose value is one of some names; many are listed in the help, whose lines stay whole."""
    many = len("|".join(choices)) > _WIDEST
    said = f"{text} One of {', '.join(choices)}." if many else text
    return {"type": click.Choice(choices), "metavar": "NAME" if many else None, "help": said}


def engine(command: F) -> F:
    """`--engine` and `--master`: what does the work on tables."""
    address = "With --engine spark: the cluster, such as sc://HOST:15002; its executors read the same paths."
    choice = one_of(("local", "spark"), "What reads the tables: this machine, or with --master a Spark cluster.")
    command = click.option("--master", default="", metavar="URL", help=address)(command)
    return click.option("--engine", **choice, default="local")(command)


def catalogue(command: F) -> F:
    """`--from`, `--key` and `--offline`: which catalogue is asked, and how."""
    place = "URL or folder of the catalogue; that of your configuration by default."
    key = "The publisher's minisign public key, its .pub file or the key itself, as you have it from elsewhere."
    offline = "Leave the network alone: use what was fetched before."
    command = click.option("--offline", is_flag=True, help=offline)(command)
    command = click.option("--key", metavar="FILE_OR_KEY", help=key)(command)
    return click.option("--from", "catalogue", metavar="CATALOGUE", help=place)(command)


def may_run_rules(project: Project, *, trusted: bool) -> None:
    """Lets a build of the project go on.

    Raises:
        UsageError: when that would run rule files that are not the user's own.
    """
    if project.rule_files and not (trusted or project.is_here):
        problem = f"{project.root}: a build runs this project's rule files, and you are not inside it"
        raise UsageError(problem, "change into the project, or add --trust-rules if you trust its code")


def warn(warnings: Iterable[str]) -> None:
    """Says what a user must know, on stderr, whatever characters a publisher put into it."""
    for warning in warnings:
        click.echo(f"warning: {visible(warning, 2000)}", err=True)
