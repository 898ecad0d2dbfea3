"""Rule files are a project's own Python: executed as private modules, every failure with its file and line."""

from __future__ import annotations

import datetime as dt
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import polars as pl

from deedbook.errors import DeedbookError, RuleError

FIX = "correct the rule file"
Tables = Mapping[str, pl.DataFrame]
Found = TypeVar("Found")


def execute(path: Path) -> ModuleType:
    """The module of a rule file under a private name: neither `sys.path` nor a bytecode cache is touched."""
    name = "_deedbook_project." + re.sub(r"\W", "_", str(path.resolve()))
    module = ModuleType(name)
    module.__file__ = str(path)
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: cannot be read: {error}", "check the file") from None
    sys.modules[name] = module  # dataclasses look their module up
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102  (a project's own code)
    except SyntaxError as error:
        raise RuleError(f"{path}:{error.lineno}: {error.msg}", FIX) from None
    except Exception as error:
        other = re.search(r"^\s*(?:import|from) pandera(?:\.pandas)?\s.*", source, re.MULTILINE)
        hint = f"rules are for polars: `import pandera.polars as pa` in place of `{other[0].strip()}`" if other else FIX
        raise _located(path, error, hint) from error
    return module


def guarded(
    path: Path, function: Callable[[Tables, dt.date | None], Found]
) -> Callable[[Tables, dt.date | None], Found]:
    """The function, except that what it raises is a `RuleError` with the line of the rule file."""

    def run(tables: Tables, created: dt.date | None) -> Found:
        try:
            return function(tables, created)
        except DeedbookError:
            raise
        except Exception as error:
            raise _located(path, error) from error

    return run


def _located(path: Path, error: Exception, hint: str = FIX) -> RuleError:
    lines = [step.lineno for step in traceback.extract_tb(error.__traceback__) if step.filename == str(path)]
    where = f"{path}:{lines[-1]}" if lines else str(path)
    return RuleError(f"{where}: {type(error).__name__}: {error}", hint)
