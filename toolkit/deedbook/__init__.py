"""deedbook: validate CSV tables of events and actors, and build versioned open-data releases from them."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deedbook.api import Build, Changes, Plan, Report, build, describe, diff, plan, validate
    from deedbook.errors import DeedbookError
    from deedbook.fetching.tables import list_versions as versions
    from deedbook.fetching.tables import open_release as open  # noqa: A004  # as `deedbook.open`
    from deedbook.project import read_tables

__version__ = "0.1.0"
__all__ = [
    "Build",
    "Changes",
    "DeedbookError",
    "Plan",
    "Report",
    "__version__",
    "build",
    "describe",
    "diff",
    "open",
    "plan",
    "read_tables",
    "validate",
    "versions",
]
_LAZY = {
    **{
        name: ("deedbook.api", name)
        for name in ("Build", "Changes", "Plan", "Report", "build", "describe", "diff", "plan", "validate")
    },
    "DeedbookError": ("deedbook.errors", "DeedbookError"),
    "open": ("deedbook.fetching.tables", "open_release"),
    "versions": ("deedbook.fetching.tables", "list_versions"),
    "read_tables": ("deedbook.project", "read_tables"),
}
"""Names here that are loaded when they are first used, with module and name: a command that needs none should not wait."""

# pandera imports pyspark where it is installed, and pyspark warns of the pandas beside it, which nothing here gives it
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)


def __getattr__(name: str) -> Any:
    """The functions and records of `__all__`."""
    if name in _LAZY:
        module, own = _LAZY[name]
        return getattr(importlib.import_module(module), own)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
