"""A release as people write it down: NAME, NAME@RANGE or NAME@VERSION, and `deedbook.lock`.

`latest`, and no range at all, is the version that the catalogue calls so; `1` and `1.2` the highest release that begins with
that; `1.2.0` exactly this one. Only an exact version finds a yanked one or a pre-release.

`deedbook.lock` says which releases a script uses, one a line, sorted by name; commit it with the script:

    NAME@VERSION sha256:DIGEST CATALOGUE

DIGEST is the sha256 of `release.json`, which has those of all files. An empty line, or one that begins with `#`, says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deedbook import files
from deedbook.catalogue.records import Catalogue, Dataset, Entry
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.fetching.locations import LATEST
from deedbook.versioning.numbers import SEMVER, read_version

LOCK = "deedbook.lock"
_NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)"
_SPEC = re.compile(rf"{_NAME}(?:@v?(?P<range>[0-9A-Za-z.+-]+))?", re.ASCII)
_RANGE = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))?", re.ASCII)
_LINE = re.compile(
    rf"{_NAME}@(?P<version>{SEMVER.pattern}) sha256:(?P<sha256>[0-9a-f]{{64}}) (?P<catalogue>\S.*)", re.ASCII
)
_HEADER = "# Written by `deedbook fetch --lock`; `deedbook fetch --locked` gets exactly these releases.\n"
_MOST_NAMED = 12


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
    entry = dataset.entry((dataset.latest or "") if spec.range == LATEST else spec.range)
    if entry is None and _RANGE.fullmatch(spec.range):
        wanted = tuple(int(part) for part in spec.range.split("."))
        released = [item for item in dataset.versions if not item.is_yanked and "-" not in item.version]
        fitting = [item for item in released if read_version(item.version)[: len(wanted)] == wanted]
        entry = max(fitting, key=lambda item: read_version(item.version), default=None)
    if entry is None:
        versions = [f"{item.version}{' (yanked)' if item.is_yanked else ''}" for item in dataset.versions]
        raise UsageError(f"{where}: {spec.name} has no version {spec.range}", _listing("its versions are", versions))
    return dataset, entry


def _listing(start: str, names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{start} {', '.join(names[:_MOST_NAMED]) or 'none'}{more}"


@dataclass(frozen=True, slots=True)
class Pin:
    """One release, whatever becomes of the catalogue."""

    name: str
    version: str
    release_sha256: str
    catalogue: str

    @property
    def line(self) -> str:
        """Its line in `deedbook.lock`."""
        return f"{self.name}@{self.version} sha256:{self.release_sha256} {self.catalogue}"


def read_lock(file: Path) -> Mapping[str, Pin]:
    """The pins by dataset.

    Raises:
        UsageError: when there is no such file.
        ProjectError: when a line is none, or a dataset stands there twice.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{file}: there is no such file", "write it with `deedbook fetch NAME --lock`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{file}: cannot be read: {error}") from None
    pins: dict[str, Pin] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or found["name"] in pins:
            why = "is there twice" if found else "is no pin"
            raise ProjectError(
                f"{file}:{number}: {line[:200]!r} {why}", "a line is NAME@VERSION sha256:DIGEST CATALOGUE"
            )
        pins[found["name"]] = Pin(found["name"], found["version"], found["sha256"], found["catalogue"])
    return pins


def write_lock(file: Path, pin: Pin) -> None:
    """Adds a pin, in place of another of the same dataset.

    Raises:
        ProjectError: when the file is there and cannot be read.
        UsageError: when it cannot be written.
    """
    pins = {**(read_lock(file) if file.is_file() else {}), pin.name: pin}
    lines = "".join(f"{pins[name].line}\n" for name in sorted(pins))
    try:
        files.replace(file, (_HEADER + lines).encode())
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}", "name a file with --lock-file") from None


def demand(pin: Pin, found: Pin) -> None:
    """Refuses a release that is not the pinned one.

    Raises:
        RefusalError: naming both.
    """
    if found.release_sha256 != pin.release_sha256:
        raise RefusalError(
            f"{pin.name} {pin.version} of {found.catalogue} is not the locked release: {found.release_sha256}, "
            f"not {pin.release_sha256}",
            "do not use it; ask the publisher",
        )
