"""Rule files are a project's own Python: run once, and whatever they do ends in a clear message with file and line."""

from __future__ import annotations

import datetime as dt
import re
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import redirect_stdout
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import polars as pl

from deedbook.errors import DeedbookError, RuleError

FIX = "correct the rule file"
PLAIN_PANDERA = re.compile(r"^\s*(?:import|from) pandera(?:\.pandas)?(?:\s.*)?$", re.MULTILINE)
Found = TypeVar("Found")


class Tables(dict[str, pl.DataFrame]):
    """Typed tables by name, of which one that does not exist is named in plain words."""

    def __missing__(self, name: str) -> pl.DataFrame:
        """Names the tables that there are."""
        raise RuleError(f"there is no table `{name}`", f"{nearest(name, self)}the tables are {', '.join(sorted(self))}")


def nearest(name: str, known: Collection[str]) -> str:
    """The start of a hint that proposes the known name that is most like a wrong one; empty when none is."""
    close = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`? " if close else ""


def execute(path: Path) -> Mapping[str, object]:
    """The names that a rule file defines; what it prints goes to stderr, since stdout is the report.

    Raises:
        RuleError: when it cannot be read, does not compile, raises or exits.
    """
    import runpy  # it leaves nothing behind, neither a module nor a bytecode cache

    name = "_deedbook_project." + re.sub(r"\W", "_", str(path.resolve()))
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: cannot be read: {error}", "check the file") from None
    other = PLAIN_PANDERA.search(source)
    hint = f"rules are for polars: `import pandera.polars as pa` in place of `{other[0].strip()}`" if other else FIX
    return guarded(path, lambda: runpy.run_path(str(path), run_name=name), hint)()


def guarded(path: Path, function: Callable[..., Found], hint: str = FIX) -> Callable[..., Found]:
    """The function, except that what it raises, `sys.exit` too, is a `RuleError` with the line of the rule file."""

    def run(*arguments: Mapping[str, pl.DataFrame] | dt.date | None) -> Found:
        try:
            with redirect_stdout(sys.stderr):
                return function(*arguments)
        except SyntaxError as error:
            raise RuleError(f"{error.filename or path}:{error.lineno}: {error.msg}", FIX) from None
        except DeedbookError as error:
            place = _line_of(path, error)
            message = error.message if error.message.startswith(str(path)) else f"{place}: {error.message}"
            raise RuleError(message, error.hint) from None
        except (Exception, SystemExit) as error:
            code = error.code if isinstance(error, SystemExit) else None
            said = (
                f"it calls exit({'' if code is None else code})" if isinstance(error, SystemExit) else describe(error)
            )
            raise RuleError(f"{_line_of(path, error)}: {said}", hint) from error

    return run


def describe(error: BaseException) -> str:
    """An exception in one line, without the plan that polars adds."""
    text = str(error).strip()
    lines = text.splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}".removesuffix(": ")


def _line_of(path: Path, error: BaseException) -> str:
    lines = [step.lineno for step in traceback.extract_tb(error.__traceback__) if step.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)
