"""Where releases go: what every kind of target can do, and the literal list of kinds.

A `directory` and an `s3` target hold a catalogue. A `github` and a `zenodo` target are deposits: once public and read back,
their DOI and address are written into the catalogue of the target that their `catalogue` names.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from deedbook.errors import ProjectError, UsageError
from deedbook.project import Project
from deedbook.publishing.sites import with_site
from deedbook.publishing.steps import Notice, PublishableRelease, Settings, Step, read_settings
from deedbook.publishing.targets.github import github_target
from deedbook.publishing.targets.hosted import HostedCatalogue, directory_target, s3_target
from deedbook.publishing.targets.zenodo import zenodo_target


class Target(Protocol):
    """A place that releases are published to."""

    @property
    def name(self) -> str:
        """That in deedbook.toml."""

    @property
    def kind(self) -> str:
        """One of `KINDS`."""

    @property
    def address(self) -> str:
        """Which place it is, without credentials; a journal of another address is not believed."""

    @property
    def catalogue(self) -> str:
        """For a deposit: the name of the target in whose catalogue it is noted; empty for none."""

    def steps(self, release: PublishableRelease) -> Sequence[Step]:
        """What makes the release public there, in order.

        A deposit's facts are `doi`, `concept_doi` (where it has them) and `mirror`: the address, ending in `/`, below which
        the files can be downloaded.
        """

    def notice(self, notice: Notice) -> Sequence[Step]:
        """What makes a yank visible there, beside the catalogue."""


KINDS: Mapping[str, Callable[[Settings], Target]] = {
    "directory": directory_target,
    "s3": s3_target,
    "github": github_target,
    "zenodo": zenodo_target,
}


def read_target(project: Project, name: str) -> Target:
    """The target of that name in the project's deedbook.toml.

    Raises:
        UsageError: when there is none, or its credentials are not in the environment.
        ProjectError: when its settings are wrong.
    """
    settings = read_settings(project, name)
    if settings.kind not in KINDS:
        known = ", ".join(KINDS)
        raise ProjectError(f"{settings.where}: {settings.kind!r} is no type of target", f"use one of {known}")
    return with_site(KINDS[settings.kind](settings), project)


def read_hosted(project: Project, name: str) -> HostedCatalogue:
    """The target of that name, one that holds a catalogue.

    Raises:
        UsageError: when there is none, it holds no catalogue, or its credentials are not in the environment.
        ProjectError: when its settings are wrong.
    """
    target = read_target(project, name)
    if not isinstance(target, HostedCatalogue):
        raise UsageError(f"a {target.kind} target holds no catalogue", "name a directory or s3 target")
    return target
