"""Everything that can stop a command: one base, an exit code on each class, a hint that says what to do next.

Bad data is never an exception; it is a `Finding`. An exception means that the tool could not do its work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

DONE = 0
FINDINGS = 1
USAGE = 2
BUG = 70
INTERRUPTED = 130
"""Exit codes of the command line that no exception carries: done, errors in the data, wrong usage, a bug of ours, Ctrl-C."""


class DeedbookError(Exception):
    """Stops a command with one message for people and the next step to take.

    Args:
        message: What is wrong and where, in plain words.
        hint: The next step; empty when the message already says it.
    """

    exit_code: ClassVar[int] = BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DeedbookError):
    """The command line asks for something that does not exist or does not fit together."""

    exit_code = USAGE


class ProjectError(DeedbookError):
    """The project, a descriptor, a schema or a rule file cannot be read."""

    exit_code = 3


class RuleError(ProjectError):
    """A rule file does not load, or one of its rules raised."""


class RefusalError(DeedbookError):
    """The command would overwrite or publish something that it must not."""

    exit_code = 4


class SpaceError(DeedbookError):
    """The disk is full; nothing half-written is left."""

    exit_code = 75


class RemoteError(DeedbookError):
    """A remote side failed in a way that may pass: try again."""

    exit_code = 75


@contextmanager
def of_extra(name: str) -> Iterator[None]:
    """Around the import of a package that only an extra of deedbook installs.

    Raises:
        UsageError: when it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"the package {error.name} is not installed", f"pip install 'deedbook[{name}]'") from None
