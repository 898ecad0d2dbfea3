"""What publishing consists of: a target's settings, a verified release, steps that may be run twice, the journal of those that were.

The journal is `ROOT/.deedbook/journal/TARGET/NAME-VERSION.jsonl`, one line per finished step, begun with a line end: `{"step", "facts",
"release_sha256", "target"}`, on the disk before the next step starts. A torn line is ignored, as is one of another address of the target: it only
saves looking, and losing it loses nothing. It never holds a secret.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deedbook import files
from deedbook.errors import ProjectError, RefusalError, SpaceError, UsageError
from deedbook.names import name_problem
from deedbook.project import CONFIG, Project

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
        run: Given the facts so far and whom to tell of bytes moved; returns new facts, if any, for the journal and later steps.
        size: Bytes that it moves.
        always: Run it also when the journal says that it was done, because looking is cheap and somebody may have meddled.
    """

    id: str
    about: str
    run: Callable[[Facts, Progress], Facts | None]
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
            with self.path.open("ab", buffering=0) as file:  # the line end also ends a line that a kill tore
                files.write_all(file.fileno(), b"\n" + json.dumps(line, ensure_ascii=False).encode())
                os.fsync(file.fileno())
        except OSError as error:
            hint = "mend that and publish again; nothing is done twice"
            raise SpaceError(f"{self.path}: cannot be written: {error.strerror}", hint) from None


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
            facts, known = step.run(journal.facts, count) or {}, journal.done.get(step.id)
            if known is None or not facts.items() <= known.items():
                journal.note(step.id, {**(known or {}), **facts})
        behind += step.size
    report("done", behind, total)


@dataclass(frozen=True, slots=True)
class Settings:
    """What deedbook.toml says of a target.

    Attributes:
        name: Of the target.
        root: The project's folder, which paths are relative to.
        values: The settings, `type` among them.
        title: That of the project's dataset; a new catalogue gets it.
    """

    name: str
    root: Path
    values: Mapping[str, Any]
    title: str = ""

    @property
    def where(self) -> str:
        """What people call this part of the file."""
        return f"{self.root / CONFIG}: [targets.{self.name}]"

    @property
    def kind(self) -> str:
        """The type."""
        return self.text("type")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; it must be there when it has no default."""
        value = self.values.get(key, default)
        if value is None:
            raise ProjectError(f"{self.where} has no `{key}`", f'add {key} = "..."')
        if not isinstance(value, str) or (not value and default is None):
            raise ProjectError(f"{self.where}: `{key}` is a text in quotes")
        return value

    def flag(self, key: str) -> bool:
        """true or false; false when absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise ProjectError(f"{self.where}: `{key}` is true or false")
        return value

    def address(self, key: str, default: str = "") -> str:
        """An http(s) address without credentials, ending in `/`; empty when absent.

        A plain `http` one is allowed for this machine only, since credentials may go there.
        """
        value = self.text(key, default)
        if not value:
            return ""
        parts = urlsplit(value)
        is_local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if not parts.hostname or parts.scheme not in {"https", "http" if is_local else "https"}:
            raise ProjectError(f"{self.where}: `{key}` is no https:// address")
        if any((parts.username, parts.password, parts.query, parts.fragment)):
            raise ProjectError(f"{self.where}: `{key}` is a plain address, without user, password, `?` or `#`")
        return value if value.endswith("/") else f"{value}/"

    def only(self, *known: str) -> None:
        """Refuses settings that this kind of target does not have, since they are probably misspelled."""
        unknown = sorted(self.values.keys() - {"type", *known})
        if unknown:
            what = f"is no setting of a {self.kind} target; {', '.join(known)} are"
            raise ProjectError(f"{self.where}: `{unknown[0]}` {what}")

    def token(self, environment: Mapping[str, str], hint: str, *names: str) -> str:
        """The token in the first of these variables that has one.

        Raises:
            UsageError: with that hint, when none has.
        """
        found = next(filter(None, (environment.get(name, "").strip() for name in names)), "")
        if not found:
            raise UsageError(f"{self.where}: there is no token", hint)
        return found


def read_settings(project: Project, name: str) -> Settings:
    """What the project says of a target.

    Raises:
        UsageError: when it names no such target.
        ProjectError: when what it says is no table.
    """
    targets = project.config.raw.get("targets", {}) if project.config else {}
    where = project.root / CONFIG
    if not isinstance(targets, Mapping):
        raise ProjectError(f"{where}: `targets` is no table", 'write [targets.public] and below it type = "directory"')
    if name not in targets:
        known = f"the targets there are {', '.join(sorted(targets))}" if targets else f"add [targets.{name}]"
        raise UsageError(f"{where}: there is no target `{name}`", known)
    if problem := name_problem(name):
        raise ProjectError(f"{where}: no target can be named {name!r}, which {problem}", "rename it")
    values = targets[name]
    if not isinstance(values, Mapping):
        raise ProjectError(f"{where}: [targets.{name}] is no table", 'write below it type = "directory"')
    return Settings(name, project.root, values, project.package.title or project.package.name)
