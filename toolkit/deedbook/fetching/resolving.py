"""NAME, NAME@RANGE or NAME@VERSION to one version of a catalogue.

`latest`, and no range at all, is the version that the catalogue calls so; `1` and `1.2` the highest release that begins with
that; `1.2.0` exactly this one. Only an exact version finds a yanked one or a pre-release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deedbook.catalogue.records import Catalogue, Dataset, Entry
from deedbook.errors import UsageError
from deedbook.versioning.numbers import SEMVER, read_version

_SPEC = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:@v?(?P<range>[0-9A-Za-z.+-]+))?", re.ASCII)
_RANGE = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))?", re.ASCII)
_MOST_NAMED = 12
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Spec:
    """What a user asks for; `range` is `latest`, the beginning of a version, or a version."""

    name: str
    range: str = LATEST

    @property
    def is_exact(self) -> bool:
        """Whether it names one version."""
        return SEMVER.fullmatch(self.range) is not None


def read_spec(text: str) -> Spec:
    """What a text asks for.

    Raises:
        UsageError: when it is not NAME or NAME@RANGE.
    """
    found = _SPEC.fullmatch(text)
    wanted = (found["range"] or LATEST) if found else ""
    if found is None or not (wanted == LATEST or _RANGE.fullmatch(wanted) or SEMVER.fullmatch(wanted)):
        raise UsageError(f"{text!r} names no release", "write NAME, NAME@1, NAME@1.2, NAME@1.2.0 or NAME@latest")
    return Spec(found["name"], wanted)


def resolve(catalogue: Catalogue, spec: Spec, where: str) -> tuple[Dataset, Entry]:
    """The dataset and the version of it that are meant.

    Raises:
        UsageError: when there is none; it names what there is.
    """
    dataset = catalogue.datasets.get(spec.name)
    if dataset is None:
        raise UsageError(f"{where}: has no dataset {spec.name!r}", _listing("it has", sorted(catalogue.datasets)))
    entry = _entry(dataset, spec)
    if entry is None:
        versions = [f"{item.version}{' (yanked)' if item.is_yanked else ''}" for item in dataset.versions]
        raise UsageError(f"{where}: {spec.name} has no version {spec.range}", _listing("its versions are", versions))
    return dataset, entry


def _entry(dataset: Dataset, spec: Spec) -> Entry | None:
    if spec.is_exact:
        return dataset.entry(spec.range)
    if spec.range == LATEST:
        return dataset.entry(dataset.latest) if dataset.latest else None
    wanted = tuple(int(part) for part in spec.range.split("."))
    fitting = [
        item
        for item in dataset.versions
        if not item.is_yanked and "-" not in item.version and read_version(item.version)[: len(wanted)] == wanted
    ]
    return max(fitting, key=lambda item: read_version(item.version), default=None)


def _listing(start: str, names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{start} {', '.join(names[:_MOST_NAMED]) or 'none'}{more}"
