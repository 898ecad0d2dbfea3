"""deedbook: validate CSV tables of events and actors, and build versioned open-data releases from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deedbook.fetching.tables import list_versions as versions
    from deedbook.fetching.tables import open_release as open  # noqa: A004  # as `deedbook.open`

__version__ = "0.1.0"
__all__ = ["__version__", "open", "versions"]
_LAZY = {"open": "open_release", "versions": "list_versions"}
"""Names here that are loaded when they are first used, each with its own name: a command that needs none should not wait."""


def __getattr__(name: str) -> Any:
    """`deedbook.open` and `deedbook.versions`."""
    if name in _LAZY:
        from deedbook.fetching import tables

        return getattr(tables, _LAZY[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What completion offers."""
    return __all__
