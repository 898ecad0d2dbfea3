"""How far a version has to rise, and what it rests on beside that: the changes, their reasons, and what may not happen.

bump.toml   which change asks for which level, as data (DESIGN section 5)
"""

import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from deedbook.changes.compare import ids_of
from deedbook.changes.records import Changes, TableChanges
from deedbook.changes.sources import Side
from deedbook.errors import ProjectError
from deedbook.findings import Finding
from deedbook.project import CODE_VALUES, Project
from deedbook.schema import own_settings
from deedbook.versioning.corrections import ALL, Correction, Reasons
from deedbook.versioning.numbers import LEVELS, Level, raised, read_version
from deedbook.versioning.previous import Previous


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares of a table's published rows (0 to 1) above which a change is a major one."""

    revised: float = 0.05
    withdrawn: float = 0.01

    def counts_of(self, table: TableChanges) -> dict[str, int]:
        """By rule, how many rows of a table meet it."""
        revised, withdrawn = table.revised, table.withdrawn
        rows = table.old_rows if table.old_rows >= _LEAST_ROWS else math.inf
        return {
            "rows-added": table.added.height,
            "many-rows-revised" if revised > self.revised * rows else "values-corrected": revised,
            "many-rows-withdrawn" if withdrawn > self.withdrawn * rows else "rows-withdrawn": withdrawn,
        }


@dataclass(frozen=True, slots=True)
class BumpRule:
    """One line of the table.

    Attributes:
        rule: Its id.
        kind: The kind of declared change that it is about; empty when it is about rows.
        where: How often some changes meet it, by table (or code list, or the empty text for the package).
    """

    rule: str
    level: Level
    says: str
    kind: str
    where: Mapping[str, int] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, object]:
        """The rule as release.json and changes.json have it."""
        return {"rule": self.rule, "level": self.level, "count": sum(self.where.values()), "where": self.where}


BUMP_RULES: tuple[BumpRule, ...] = tuple(
    BumpRule(**{"rule": name, "kind": name, **rule})
    for name, rule in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")).items()
)
_LEAST_ROWS = 10
"""Published rows of a table from which a share of them means anything."""


def applied_rules(changes: Changes, thresholds: Thresholds) -> tuple[BumpRule, ...]:
    """The rules that the changes meet, the highest level first."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for item in changes.schema:
        found[item.kind][item.table] += 1
    for table in changes.tables:
        counts = thresholds.counts_of(table)
        if table.table == CODE_VALUES:  # what is not the meaning of codes
            counts = {} if "code-changed" in found else {"values-corrected": table.revised}
        for name, number in counts.items():
            found[name][table.table] += number
    rules = (replace(rule, where=dict(+found[rule.kind or rule.rule])) for rule in BUMP_RULES)
    return tuple(rule for rule in rules if rule.where)


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


def read_override(project: Project, version: str) -> str:
    """Why `deedbook.override` of the descriptor lets this version be below the minimum; empty when it does not.

    Raises:
        ProjectError: when it is there without a reason or a version.
    """
    raw = own_settings(project.package.raw).get("override")
    if raw is None:
        return ""
    if not isinstance(raw, Mapping) or not str(raw.get("reason", "")).strip() or not raw.get("version"):
        hint = "run `deedbook plan --write --override REASON`"
        raise ProjectError("`deedbook.override` has `version` and `reason`", hint)
    return str(raw["reason"]) if str(raw["version"]) == version else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Two releases, what lies between them, and what the version of the new one rests on.

    Attributes:
        version: The planned version.
        corrections: The rows of corrections.csv.
        retired: By table, the keys that earlier releases withdrew.
        rules: The rules of the bump that the changes meet.
        needed: What has to be explained in corrections.csv.
        override: The reason to be below the minimum all the same; empty when it was not needed.
        findings: Errors and warnings of the rules that compare releases; the version is fine without errors.
    """

    previous: Previous
    old: Side
    new: Side
    changes: Changes
    version: str
    corrections: Sequence[Correction] = ()
    retired: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: tuple[BumpRule, ...] = ()
    needed: tuple[Correction, ...] = ()
    reasons: Reasons = field(default_factory=Reasons)
    override: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def level(self) -> Level:
        """The highest level that a rule asks for, before the mildness below 1.0.0."""
        return max((item.level for item in self.rules), key=LEVELS.index, default="none")

    @property
    def minimum(self) -> str:
        """The lowest version that this allows."""
        return raised(self.previous.version, self.level)

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to release."""
        return not self.changes.needs_release

    @property
    def is_below(self) -> bool:
        """Whether the version, or the one that it is a draft of, is lower than the changes ask for."""
        return self.level != "none" and read_version(self.version).final < read_version(self.minimum)

    def acknowledges(self, table: str, field: str, old: str = "") -> bool:
        """Whether a row of corrections.csv with key `*` and a reason accepts a loss of rows, or of a code (`old`)."""
        own = (row for row in self.corrections if row.version == self.version and row.reason.strip())
        return any((row.table, row.key, row.field) == (table, ALL, field) and old in {"", row.old} for row in own)

    @property
    def all_retired(self) -> dict[str, list[str]]:
        """Every key that this release or an earlier one withdrew, by table."""
        gone = {table.table: table.gone_keys for table in self.changes.tables}
        gone |= {name: ids_of(self.old.package.resource(name)) for name in self.changes.rows_of_gone}
        new = {name: sorted({*self.retired.get(name, ()), *keys}) for name, keys in gone.items() if keys}
        return {name: list(keys) for name, keys in self.retired.items()} | new

    @property
    def bump(self) -> dict[str, object]:
        """What raised the version: for release.json and changes.json."""
        return {
            "floor": self.level,
            "minimum": self.minimum,
            "override": self.override or None,
            "rules": [item.record for item in self.rules],
        }
