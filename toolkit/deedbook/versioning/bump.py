"""How far a version has to rise: which change asks for which level, as data (DESIGN section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from deedbook.changes.compare import is_vocabulary
from deedbook.changes.records import Changes, SchemaKind, TableChanges
from deedbook.errors import ProjectError
from deedbook.project import Project
from deedbook.versioning.numbers import LEVELS, Level


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares of a table's published rows (0 to 1) above which a change is a major one."""

    revised: float = 0.05
    withdrawn: float = 0.01


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A rule that some changes meet, in words, and where: how often by table."""

    rule: str
    level: Level
    says: str
    where: Mapping[str, int]

    @property
    def record(self) -> dict[str, object]:
        """The rule as release.json and changes.json have it."""
        return {"rule": self.rule, "level": self.level, "count": sum(self.where.values()), "where": dict(self.where)}


_LEAST_ROWS = 10
"""Published rows of a table from which a share of them means anything."""
Count = Callable[[Changes, Thresholds], Mapping[str, int]]
"""How often changes meet a rule, by table (or code list, or the empty text for the package)."""


@dataclass(frozen=True, slots=True)
class BumpRule:
    """One line of the table: an id that release.json and changes.json keep, the level, what is counted, in words.

    Attributes:
        kind: The kind of declared change that it is about; None when it is about rows.
    """

    id: str
    level: Level
    says: str
    count: Count
    kind: SchemaKind | None = None


def _declared(id_: str, level: Level, says: str, kind: SchemaKind | None = None) -> BumpRule:
    """A rule about what is declared otherwise; its id is the kind of change unless one is given."""

    def count(changes: Changes, _thresholds: Thresholds) -> dict[str, int]:
        found: dict[str, int] = {}
        for item in changes.schema:
            if item.kind == (kind or id_):
                found[item.table] = found.get(item.table, 0) + 1
        return found

    return BumpRule(id_, level, says, count, kind or cast("SchemaKind", id_))


def _counted(id_: str, level: Level, says: str, number: Callable[[TableChanges, Thresholds], int]) -> BumpRule:
    """A rule about rows, apart from those of codes."""

    def count(changes: Changes, thresholds: Thresholds) -> dict[str, int]:
        counts = {item.table: number(item, thresholds) for item in changes.tables if not is_vocabulary(item.table)}
        return {name: found for name, found in counts.items() if found}

    return BumpRule(id_, level, says, count)


def _many(part: int, table: TableChanges, share: float) -> int:
    """The rows where they are more than this share of the published ones, which a few rows tell nothing of; else 0."""
    return part if table.old_rows >= _LEAST_ROWS and part > share * table.old_rows else 0


def _few(part: int, table: TableChanges, share: float) -> int:
    return part - _many(part, table, share)


def _corrected(changes: Changes, thresholds: Thresholds) -> dict[str, int]:
    """Revised rows of tables below the threshold; of codes, what is not their meaning."""
    told = any(item.kind == "code-changed" for item in changes.schema)
    found = {
        item.table: (0 if told else item.revised)
        if is_vocabulary(item.table)
        else _few(item.revised, item, thresholds.revised)
        for item in changes.tables
    }
    return {name: number for name, number in found.items() if number}


BUMP_RULES: tuple[BumpRule, ...] = (
    _declared("table-removed", "major", "a table was removed"),
    _declared("field-removed", "major", "a field was removed"),
    _declared("field-renamed", "major", "a field was renamed"),
    _declared("field-retyped", "major", "a field has another type"),
    _declared("field-moved", "major", "fields stand in another order"),
    _declared("field-inserted", "major", "a field was added that is required or not the last"),
    _declared("constraint-tightened", "major", "a constraint refuses what it accepted"),
    _declared("primary-key-changed", "major", "rows are told apart by other fields", "key-changed"),
    _declared("code-removed", "major", "a code was removed"),
    _declared("code-meaning-changed", "major", "a code means something else", "code-changed"),
    _declared("licence-restricted", "major", "the licence is more restrictive"),
    _counted(
        "many-rows-revised",
        "major",
        "more rows of a table were revised than the threshold allows",
        lambda item, limits: _many(item.revised, item, limits.revised),
    ),
    _counted(
        "many-rows-withdrawn",
        "major",
        "more rows of a table were withdrawn than the threshold allows",
        lambda item, limits: _many(item.withdrawn, item, limits.withdrawn),
    ),
    _declared("table-added", "minor", "a table was added"),
    _counted("rows-added", "minor", "rows were added", lambda item, _: item.added.height),
    _declared("code-added", "minor", "a code was added"),
    _declared("field-added", "minor", "a field that may be empty was added at the end"),
    _declared("constraint-relaxed", "minor", "a constraint accepts what it refused"),
    _declared("licence-relaxed", "minor", "the licence allows more"),
    _counted(
        "rows-withdrawn",
        "minor",
        "rows were withdrawn",
        lambda item, limits: _few(item.withdrawn, item, limits.withdrawn),
    ),
    BumpRule("values-corrected", "patch", "values of published rows were corrected", _corrected),
    _declared("derived-changed", "patch", "derived values of published rows changed"),
    _declared("metadata-changed", "patch", "descriptive metadata changed"),
)


def applied_rules(changes: Changes, thresholds: Thresholds) -> tuple[AppliedRule, ...]:
    """The rules that the changes meet, the highest level first."""
    counted = ((rule, rule.count(changes, thresholds)) for rule in BUMP_RULES)
    return tuple(AppliedRule(rule.id, rule.level, rule.says, where) for rule, where in counted if where)


def bump_of(rules: tuple[AppliedRule, ...]) -> Level:
    """The highest level that a rule asks for."""
    return max((item.level for item in rules), key=LEVELS.index, default="none")


def read_thresholds(project: Project) -> Thresholds:
    """What `[thresholds]` in deedbook.toml says.

    Raises:
        ProjectError: when a threshold is no share from 0 to 1, or is not known.
    """
    raw = project.config.raw.get("thresholds", {}) if project.config else {}
    if not isinstance(raw, Mapping) or set(raw) - {"revised", "withdrawn"}:
        raise ProjectError("deedbook.toml: [thresholds] has `revised` and `withdrawn`")
    for name, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ProjectError(f"deedbook.toml: `{name}` under [thresholds] is a share from 0 to 1, e.g. 0.05")
    return Thresholds(**raw)
