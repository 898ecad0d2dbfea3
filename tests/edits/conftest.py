"""The fixtures of the command line's tests."""

from tests.cli.conftest import deedbook, project

__all__ = ["deedbook", "project"]
