"""What publishing consists of: a release that was verified, and steps that may be run twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deedbook.catalogue.records import Link

Facts = Mapping[str, str]
"""What earlier steps found out (`record_id`, `doi`, `mirror` ...), those of the journal among them. Never a secret."""
Progress = Callable[[int], None]
"""Told how many bytes more have been moved."""


@dataclass(frozen=True, slots=True)
class PublishableFile:
    """A file of a release."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishableRelease:
    """A release that was verified; only `publish.prepare` makes one.

    Attributes:
        release_sha256: Of its `release.json`; it names the release.
        sums_sha256: Of its `SHA256SUMS`.
        files: Everything in the folder: `release.json` first, which claims the version, `SHA256SUMS` and its signature
            last, so that what they prove is there before them.
        manifest: The content of `release.json`.
        package: The content of `datapackage.json`.
        doi: The version's DOI that stands in its files; empty when it has none.
    """

    folder: Path
    name: str
    version: str
    release_sha256: str
    sums_sha256: str
    files: tuple[PublishableFile, ...]
    manifest: Mapping[str, Any] = field(repr=False)
    package: Mapping[str, Any] = field(repr=False)
    previous: Link | None = None
    doi: str = ""

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; doing it twice is the same as doing it once, because it looks first.

    Attributes:
        id: Stable, for the journal: `upload events.csv`, `publish`, `catalogue`, `latest`.
        about: One line for `--dry-run` and the progress bar.
        run: Given the facts so far and whom to tell of bytes moved; returns new facts for the journal and later steps.
        size: Bytes that it moves.
        always: Run it also when the journal says that it was done, because looking is cheap and somebody may have meddled.
    """

    id: str
    about: str
    run: Callable[[Facts, Progress], Facts]
    size: int = 0
    always: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """That a published version is withdrawn, or, without a reason, that it no longer is."""

    name: str
    version: str
    reason: str | None
    replaced_by: str | None = None
