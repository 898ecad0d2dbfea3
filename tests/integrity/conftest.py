"""The small project of the tests of releases, to sign and to prove."""

from tests.release.conftest import formats, make_project

__all__ = ["formats", "make_project"]
