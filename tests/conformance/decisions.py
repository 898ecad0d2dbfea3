"""The named decisions of deviations.toml: where ours differs on purpose, or a case asks for what is out of scope.

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
