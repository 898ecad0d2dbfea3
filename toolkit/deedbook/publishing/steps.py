"""What publishing consists of: a release that was verified, steps that may be run twice, and the journal of those that were.

The journal is `ROOT/.deedbook/journal/TARGET/NAME-VERSION.jsonl`, one line per finished step, begun with a line end: `{"step", "facts",
"release_sha256", "target"}`, on the disk before the next step starts. A torn line is ignored, as is one of another address of the target: it only
saves looking, and losing it loses nothing. It never holds a secret.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deedbook.errors import RefusalError, SpaceError

Facts = Mapping[str, str]
"""What earlier steps found out (`record_id`, `doi`, `mirror` ...), those of the journal among them. Never a secret."""
Progress = Callable[[int], None]
"""Told how many bytes more have been moved."""
Report = Callable[[str, int, int], None]
"""Told what is being done, the bytes that have been moved, and those that will be."""


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
    files: tuple[PublishableFile, ...]
    manifest: Mapping[str, Any] = field(repr=False)
    package: Mapping[str, Any] = field(repr=False)
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


FOLDER = Path(".deedbook") / "journal"
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]")


@dataclass(slots=True)
class Journal:
    """What has been done of one publish; `done` has the facts of each finished step by its id."""

    path: Path
    release_sha256: str
    address: str
    done: dict[str, Facts] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, str]:
        """All facts together, later ones first."""
        return {name: value for facts in self.done.values() for name, value in facts.items()}

    def note(self, step: str, facts: Facts) -> None:
        """Remembers that a step is done, for good.

        Raises:
            SpaceError: when it cannot be written.
        """
        self.done[step] = dict(facts)
        line = {"step": step, "facts": dict(facts), "release_sha256": self.release_sha256, "target": self.address}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(b"\n" + json.dumps(line, ensure_ascii=False).encode())  # also ends a line that a kill tore
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SpaceError(
                f"{self.path}: cannot be written: {error.strerror}",
                "mend that and publish again; nothing is done twice",
            ) from None


def open_journal(root: Path, target: str, address: str, release: PublishableRelease) -> Journal:
    """The journal of publishing a release to a target, with what was done before.

    Raises:
        RefusalError: when other content was being published there under the same version.
    """
    name = _UNSAFE.sub("_", f"{release.name}-{release.version}")
    journal = Journal(root / FOLDER / _UNSAFE.sub("_", target) / f"{name}.jsonl", release.release_sha256, address)
    content = journal.path.read_bytes() if journal.path.is_file() else b""
    for text in content.split(b"\n"):
        try:
            line = json.loads(text)
            step, found, digest, place = (line[key] for key in ("step", "facts", "release_sha256", "target"))
            facts = {str(fact): str(value) for fact, value in found.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # torn by a crash
        if place == address and digest != release.release_sha256:
            raise RefusalError(
                f"{journal.path}: another content of {release.name} {release.version} was being published to {target}",
                "a version is never rewritten: plan a new one; if nothing of the other became public, remove that file",
            )
        if place == address:
            journal.done[step] = facts
    return journal


def untold(_what: str, _done: int, _total: int) -> None:
    """For whoever does not ask."""


def run_steps(steps: Sequence[Step], journal: Journal, report: Report = untold) -> None:
    """Runs what the journal does not have, and remembers it."""
    total = sum(step.size for step in steps)
    reached = behind = 0

    def count(more: int) -> None:
        nonlocal reached
        reached = min(reached + more, total)
        report(step.about, reached, total)

    for step in steps:
        report(step.about, behind, total)
        if step.always or step.id not in journal.done:
            reached = behind
            facts, known = step.run(journal.facts, count), journal.done.get(step.id)
            if known is None or not facts.items() <= known.items():
                journal.note(step.id, {**(known or {}), **facts})
        behind += step.size
    report("done", behind, total)
