"""The small project of the tests of releases, to sign and to prove."""

from tests.release.conftest import make_project

__all__ = ["make_project"]
