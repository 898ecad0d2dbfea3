"""Which release is to be built: name, version, date, epoch and the release before it."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deedbook.descriptor import Package
from deedbook.errors import ProjectError
from deedbook.project import demand_names
from deedbook.versioning.previous import Previous as Previous
from deedbook.versioning.previous import demand_licence, demand_version, read_created, read_previous

State = Literal["released", "snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What a release calls itself.

    Attributes:
        created: The release date, in UTC.
        epoch: The only time stamp that reaches a file: `SOURCE_DATE_EPOCH`, else `created`.
        previous: None for a first release.
    """

    name: str
    title: str
    description: str
    version: str
    created: dt.datetime
    epoch: dt.datetime
    previous: Previous | None = None
    state: State = "released"


def read_edition(package: Package, *folders: Path, snapshot: bool = False) -> Edition:
    """What the descriptor plans to release.

    Args:
        package: The project's descriptor.
        folders: The folders in which earlier releases are looked up, as `NAME/VERSION/`.
        snapshot: Allow an unplanned state: version and previous release may be absent, the version gets `-snapshot`.

    Raises:
        ProjectError: when name, version, date or previous release are missing, malformed or cannot be found.
    """
    where = str(package.path or package.root)
    demand_names(package)
    demand_version(package, where)
    demand_licence(package, where)
    own = package.raw.get("deedbook")
    has_previous = isinstance(own, Mapping) and "previous" in own
    said = {"version": package.version, "created": package.created, "deedbook.previous": has_previous}
    missing = [f"`{name}`" for name, value in said.items() if not value]
    if len(missing) > 1 and not snapshot:
        raise ProjectError(f"{where}: {' and '.join(missing)} are missing", "run `deedbook plan --write`")
    epoch = _source_date_epoch()
    is_dated = package.created or not snapshot
    created = read_created(package, where) if is_dated else epoch or dt.datetime.fromtimestamp(0, dt.UTC)
    return Edition(
        name=package.name,
        title=package.title or package.name,
        description=package.description,
        version=_version_of(package.version, where, snapshot=snapshot),
        created=created,
        epoch=epoch or created,
        previous=read_previous(package, folders, where, snapshot=snapshot),
        state="snapshot" if snapshot else "released",
    )


def moment_text(moment: dt.datetime) -> str:
    """A UTC time as `2026-11-22T00:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _version_of(version: str, where: str, *, snapshot: bool) -> str:
    if not version and not snapshot:
        hint = 'run `deedbook plan --write`, or add "version": "1.0.0" to the descriptor'
        raise ProjectError(f"{where}: no `version` is planned", hint)
    if not snapshot:
        return version
    return (version or "0.0.0").split("+")[0] + (".snapshot" if "-" in version else "-snapshot")


def _source_date_epoch() -> dt.datetime | None:
    """The time in `SOURCE_DATE_EPOCH` (reproducible-builds.org); None when it is not set."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    try:
        return dt.datetime.fromtimestamp(int(text), dt.UTC) if text else None
    except (ValueError, OverflowError, OSError):
        hint = "set it to a whole number of seconds since 1970, or unset it"
        raise ProjectError(f"SOURCE_DATE_EPOCH is {text!r}", hint) from None
