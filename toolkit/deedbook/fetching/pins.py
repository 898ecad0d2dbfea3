"""Pins: `deedbook.lock` says which releases a script uses, one a line, sorted by name; commit it with the script.

    NAME@VERSION sha256:DIGEST CATALOGUE

DIGEST is the sha256 of `release.json`, which has those of all files. An empty line, or one that begins with `#`, says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deedbook import files
from deedbook.errors import ProjectError, RefusalError, UsageError
from deedbook.versioning.numbers import SEMVER

LOCK = "deedbook.lock"
NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)"
_LINE = re.compile(
    rf"{NAME}@(?P<version>{SEMVER.pattern}) sha256:(?P<sha256>[0-9a-f]{{64}}) (?P<catalogue>\S.*)", re.ASCII
)
_HEADER = "# Written by `deedbook fetch --lock`; `deedbook fetch --locked` gets exactly these releases.\n"


@dataclass(frozen=True, slots=True)
class Pin:
    """One release, whatever becomes of the catalogue."""

    name: str
    version: str
    release_sha256: str
    catalogue: str

    def __str__(self) -> str:
        """What the release is called: NAME@VERSION."""
        return f"{self.name}@{self.version}"

    @property
    def line(self) -> str:
        """Its line in `deedbook.lock`."""
        return f"{self} sha256:{self.release_sha256} {self.catalogue}"

    def demand(self, found: Pin) -> None:
        """Refuses a release that is not the pinned one.

        Raises:
            RefusalError: naming both.
        """
        if found.release_sha256 != self.release_sha256:
            what = f"{self.name} {self.version} of {found.catalogue} is not the locked release"
            differ = f"{found.release_sha256}, not {self.release_sha256}"
            raise RefusalError(f"{what}: {differ}", "do not use it; ask the publisher")


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
            what = f"{file}:{number}: {line[:200]!r} {'is there twice' if found else 'is no pin'}"
            raise ProjectError(what, "a line is NAME@VERSION sha256:DIGEST CATALOGUE")
        pins[found["name"]] = Pin(*found.group("name", "version", "sha256", "catalogue"))
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


def find_pins(file: Path, name: str = "") -> tuple[Pin, ...]:
    """The pin of NAME, NAME@1, NAME@1.2.0 or NAME@latest; all of them without a name.

    Raises:
        UsageError: when there is no such file, or it does not lock that.
        ProjectError: when it cannot be read.
    """
    pins = read_lock(file)
    if not name:
        return tuple(pins.values())
    dataset, _, version = name.partition("@")
    wanted = "" if version in {"", "latest"} else f"{version}."
    if dataset not in pins or not f"{pins[dataset].version}.".startswith(wanted):
        raise UsageError(f"{file}: does not lock {name}", "leave out --locked, or fetch it once with --lock")
    return (pins[dataset],)
