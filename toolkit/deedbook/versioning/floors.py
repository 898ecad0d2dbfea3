"""The version floor: which change asks for which version, as data (DESIGN section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
class Fired:
    """A rule of the floor that holds, how often, and where."""

    rule: str
    level: Level
    count: int
    says: str
    where: tuple[tuple[str, int], ...] = ()


Count = Callable[[Changes, Thresholds], Mapping[str, int]]
"""How often a rule holds, by table (or code list, or the empty text for the package)."""


@dataclass(frozen=True, slots=True)
class FloorRule:
    """One line of the table: an id that release.json and changes.json keep, the level, what is counted, in words."""

    id: str
    level: Level
    says: str
    count: Count


def _declared(*kinds: SchemaKind) -> Count:
    def count(changes: Changes, _thresholds: Thresholds) -> dict[str, int]:
        found: dict[str, int] = {}
        for item in changes.schema:
            if item.kind in kinds:
                found[item.table] = found.get(item.table, 0) + 1
        return found

    return count


def _rows(number: Callable[[TableChanges, Thresholds], int]) -> Count:
    def count(changes: Changes, thresholds: Thresholds) -> dict[str, int]:
        counts = {item.table: number(item, thresholds) for item in changes.tables if not is_vocabulary(item.table)}
        return {name: found for name, found in counts.items() if found}

    return count


def _is_beyond(part: int, table: TableChanges, share: float) -> bool:
    return part > share * table.old_rows


def _corrected(changes: Changes, thresholds: Thresholds) -> dict[str, int]:
    """Revised rows of tables below the threshold; of codes, what is not their meaning."""
    told = {item.table for item in changes.schema if item.kind == "code-changed"}
    return {
        item.table: item.revised
        for item in changes.tables
        if item.revised
        and not (_is_beyond(item.revised, item, thresholds.revised) and not is_vocabulary(item.table))
        and not (is_vocabulary(item.table) and told)
    }


FLOOR: tuple[FloorRule, ...] = (
    FloorRule("table-removed", "major", "a table was removed", _declared("table-removed")),
    FloorRule("field-removed", "major", "a field was removed", _declared("field-removed")),
    FloorRule("field-renamed", "major", "a field was renamed", _declared("field-renamed")),
    FloorRule("field-retyped", "major", "a field has another type", _declared("field-retyped")),
    FloorRule("field-moved", "major", "fields stand in another order", _declared("field-moved")),
    FloorRule(
        "field-inserted", "major", "a field was added that is required or not the last", _declared("field-inserted")
    ),
    FloorRule(
        "constraint-tightened", "major", "a constraint refuses what it accepted", _declared("constraint-tightened")
    ),
    FloorRule("primary-key-changed", "major", "rows are told apart by other fields", _declared("key-changed")),
    FloorRule("code-removed", "major", "a code was removed", _declared("code-removed")),
    FloorRule("code-meaning-changed", "major", "a code means something else", _declared("code-changed")),
    FloorRule("licence-restricted", "major", "the licence is more restrictive", _declared("licence-restricted")),
    FloorRule(
        "many-rows-revised",
        "major",
        "more rows of a table were revised than the threshold allows",
        _rows(lambda item, limits: item.revised if _is_beyond(item.revised, item, limits.revised) else 0),
    ),
    FloorRule(
        "many-rows-withdrawn",
        "major",
        "more rows of a table were withdrawn than the threshold allows",
        _rows(lambda item, limits: item.withdrawn if _is_beyond(item.withdrawn, item, limits.withdrawn) else 0),
    ),
    FloorRule("table-added", "minor", "a table was added", _declared("table-added")),
    FloorRule("rows-added", "minor", "rows were added", _rows(lambda item, _: item.added.height)),
    FloorRule("code-added", "minor", "a code was added", _declared("code-added")),
    FloorRule("field-added", "minor", "a field that may be empty was added at the end", _declared("field-added")),
    FloorRule("constraint-relaxed", "minor", "a constraint accepts what it refused", _declared("constraint-relaxed")),
    FloorRule("licence-relaxed", "minor", "the licence allows more", _declared("licence-relaxed")),
    FloorRule(
        "rows-withdrawn",
        "minor",
        "rows were withdrawn",
        _rows(lambda item, limits: 0 if _is_beyond(item.withdrawn, item, limits.withdrawn) else item.withdrawn),
    ),
    FloorRule("values-corrected", "patch", "values of published rows were corrected", _corrected),
    FloorRule("metadata-changed", "patch", "descriptive metadata changed", _declared("metadata-changed")),
)


def fired_rules(changes: Changes, thresholds: Thresholds) -> tuple[Fired, ...]:
    """The rules that hold, the highest level first."""
    found = []
    for rule in FLOOR:
        where = rule.count(changes, thresholds)
        if where:
            found.append(Fired(rule.id, rule.level, sum(where.values()), rule.says, tuple(where.items())))
    return tuple(found)


def floor_of(fired: tuple[Fired, ...]) -> Level:
    """The highest level that a rule asks for."""
    return max((item.level for item in fired), key=LEVELS.index, default="none")


def read_thresholds(project: Project) -> Thresholds:
    """What `[thresholds]` in deedbook.toml says.

    Raises:
        ProjectError: when a threshold is no share from 0 to 1, or is not known.
    """
    raw = project.config.raw.get("thresholds", {}) if project.config else {}
    known = Thresholds()
    if not isinstance(raw, Mapping) or set(raw) - {"revised", "withdrawn"}:
        raise ProjectError("deedbook.toml: [thresholds] has `revised` and `withdrawn`")
    for name, value in raw.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ProjectError(f"deedbook.toml: `{name}` under [thresholds] is a share from 0 to 1, e.g. 0.05")
    return Thresholds(float(raw.get("revised", known.revised)), float(raw.get("withdrawn", known.withdrawn)))
