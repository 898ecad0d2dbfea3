"""Guards: what may not happen between two releases of a dataset, and what a release tells of itself.

A project's `schemas/dataset.py` names its own as `guards`, a tuple of `Guard`; the toolkit's are those of any dataset.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import polars as pl

from deedbook.findings import Finding, Severity

State = Callable[..., pl.DataFrame | None]
"""Fields of a table of one release, typed: `state("events", "event_id", "status")`; None where it lacks one of them."""


@dataclass(frozen=True, slots=True)
class Releases:
    """Two releases and what lies between them.

    Attributes:
        before: The previous release; it has no table when there is none.
        now: The release that is planned.
        touched: The tables of which a value, a row or a key changed.
    """

    before: State
    now: State
    touched: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where a guard finds something.

    Attributes:
        said: What the message and the hint of the guard need, by placeholder; `old` and `new` where a reason is needed.
        path: The file beside the tables that is concerned, with its `row`; empty for a table.
    """

    table: str
    key: str | None = None
    column: str | None = None
    value: str | None = None
    said: Mapping[str, object] = field(default_factory=dict)
    path: str = ""
    row: int | None = None


Compared = TypeVar("Compared", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard(Generic[Compared]):
    """One rule between releases.

    Attributes:
        id: Stable kebab-case name.
        severity: An `info` is told of every release, also of a first one.
        says: What it stops or tells, for a list of rules.
        message: A sentence about one breach, with `{name}` for what that says.
        ref: Where the rule comes from.
        needs: The tables without which it does not apply.
        find: The breaches; None where the toolkit finds them in another step.
        needs_reason: Whether each breach needs a reason in corrections.csv, and is no finding once it has one.
    """

    id: str
    says: str
    message: str
    severity: Severity = "error"
    hint: str = ""
    ref: str = ""
    needs: Sequence[str] = ()
    find: Callable[[Compared], Iterable[Breach]] | None = None
    needs_reason: bool = False

    def finding(self, breach: Breach) -> Finding:
        """What a report says of a breach."""
        place = {name: getattr(breach, name) for name in ("table", "path", "row", "column", "key", "value")}
        message, hint = self.message.format_map(breach.said), self.hint.format_map(breach.said)
        return Finding(rule=self.id, severity=self.severity, **place, line=breach.row, message=message, hint=hint)


def read_guards(
    file: Path, finders: Iterable[Callable[[Compared], Iterable[Breach]]] = ()
) -> tuple[Guard[Compared], ...]:
    """The guards of a list in TOML, in its order: a table for each id, with the attributes of `Guard`.

    Args:
        file: The list.
        finders: What finds breaches: a function is named after its guard.
    """
    found = {finder.__name__.replace("_", "-"): finder for finder in finders}
    listed: dict[str, dict[str, Any]] = tomllib.loads(file.read_text("utf-8"))
    return tuple(Guard(**{"needs": (), **item, "id": name, "find": found.get(name)}) for name, item in listed.items())
