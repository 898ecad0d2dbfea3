"""deedbook: validate CSV tables of events and actors, and build versioned open-data releases from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deedbook.fetching.opening import open_release as open  # noqa: A004  # as `deedbook.open`

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def __getattr__(name: str) -> Any:
    """`deedbook.open`, loaded when it is first used: a command that needs nothing of it should not wait for it."""
    if name == "open":
        from deedbook.fetching.opening import open_release

        return open_release
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
