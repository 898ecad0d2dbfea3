"""What a verification found: problems as records, and what was and what was not verified."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Rule = Literal[
    "archive-unreadable",
    "file-missing",
    "file-extra",
    "file-changed",
    "sums-malformed",
    "manifest-wrong",
    "signature-missing",
    "signature-wrong",
    "provenance-wrong",
    "chain-broken",
    "format-unreadable",
    "format-differs",
    "metadata-differs",
    "rebuild-differs",
]
RULES: tuple[Rule, ...] = get_args(Rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as a release must be.

    Attributes:
        file: Its name in the release; empty for one that concerns the release as a whole.
        row: The record number in the CSV, the header being 1.
        key: The primary key of that row as text, its parts joined by `|`.
        expected: What should stand there, as text; None for nothing.
        found: What does stand there.
    """

    rule: Rule
    message: str
    file: str = ""
    table: str | None = None
    row: int | None = None
    key: str | None = None
    column: str | None = None
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome for one release.

    Attributes:
        checked: What was verified, in words, in the order in which it was.
        not_checked: What could not be, and why.
        notes: What is worth knowing and no problem.
    """

    path: str
    name: str
    version: str
    problems: tuple[Problem, ...]
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong with what was verified."""
        return not self.problems


@dataclass(slots=True)
class Outcome:
    """A verification while it goes on; the lists are those of `Verification`."""

    problems: list[Problem] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def report(self, rule: Rule, file: str, message: str) -> None:
        """Adds a problem with a file, or with the release as a whole when the name is empty."""
        self.problems.append(Problem(rule=rule, file=file, message=message))
