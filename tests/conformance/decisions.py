"""The named decisions of deviations.toml: where ours differs on purpose, or a case asks for what is out of scope.

[counts]                    how many verdicts of each kind of case agree, deviate and are out of scope; a test holds them

[[decision]]
id = "kebab-case"           stable: docs/reference/conformance.md lists it
kind = "deviation"          or "out-of-scope": not run
reason = "..."
checks = ["ascii-value"]    out of scope: recorded calls whose checklist asks for one of these
formats = ["xls"]           out of scope: recorded calls on a file of that format
cases = ["cell:integer#121"]                   out of scope: single cases
[decision.ours]             deviations: case id = what ours says, as "row:field:type ...", "valid" or "refused"
"call:079:test_name" = "3:2:type-error"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FILE = Path(__file__).with_name("deviations.toml")
READINGS = Path(__file__).with_name("readings.toml")


@dataclass(frozen=True, slots=True)
class Decision:
    """One named reason for not agreeing with a recorded verdict."""

    id: str
    kind: Literal["deviation", "out-of-scope"]
    reason: str
    checks: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    cases: frozenset[str] = frozenset()
    ours: Mapping[str, str] = field(default_factory=dict)


def read_decisions(path: Path = FILE) -> tuple[Decision, ...]:
    """Every decision of the file, in its order."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Decision(
            id=entry["id"],
            kind=entry["kind"],
            reason=entry["reason"],
            checks=frozenset(entry.get("checks", ())),
            formats=frozenset(entry.get("formats", ())),
            cases=frozenset(entry.get("cases", ())),
            ours=entry.get("ours", {}),
        )
        for entry in raw["decision"]
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """How one place of the standard is read.

    Attributes:
        kind: Whether ours departs from the text, or the text is open.
        text: What the standard says, or does not say.
        cases: Folders of cases/ that show it.
    """

    id: str
    kind: Literal["departs", "open"]
    text: str
    ours: str
    cases: tuple[str, ...]


def read_readings(path: Path = READINGS) -> tuple[Reading, ...]:
    """Every reading of the file, in its order."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(Reading(**{**entry, "cases": tuple(entry["cases"])}) for entry in raw["reading"])


def read_counts(path: Path = FILE) -> dict[str, dict[str, int]]:
    """How many recorded verdicts of each kind agree, deviate and are out of scope, as last counted."""
    counts: dict[str, dict[str, int]] = tomllib.loads(path.read_text(encoding="utf-8"))["counts"]
    return counts
