"""`changes.json` of a release, and `CHANGELOG.md`: what every version changed, newest first, with counts and reasons.

    changes.json   changes_version, dataset, version, created, previous, bump {level, floor, override, rules}, schema, tables
                   (counts, keys, cells, each with its reason), fallen_status (events that are supported less), retired (every key that any release withdrew, by table),
                   history (one entry a version: version, created, previous, level, rules, tables, reasons, notes, coverage)

The history is carried forward from the `changes.json` of the release before, so no older release is needed to tell it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deedbook.changes.records import KEY, Changes, changes_record, table_counts
from deedbook.integrity.digests import MANIFEST
from deedbook.versioning.floors import Fired
from deedbook.versioning.numbers import effective_level
from deedbook.versioning.previous import read_json
from deedbook.versioning.privacy import is_private

if TYPE_CHECKING:
    from deedbook.versioning.judging import Judgement

CHANGES = "changes.json"
CHANGELOG = "CHANGELOG.md"


def retired_keys(folder: Path) -> dict[str, list[str]]:
    """The keys that the release in this folder, or one before it, withdrew; by table."""
    retired = read_json(folder / CHANGES).get("retired")
    return {str(name): list(keys) for name, keys in retired.items()} if isinstance(retired, dict) else {}


def changes_document(
    dataset: str,
    version: str,
    created: str,
    rows: Mapping[str, int],
    judgement: Judgement | None,
    coverage: Sequence[str] = (),
) -> dict[str, Any]:
    """The content of `changes.json`.

    Args:
        dataset: The dataset's name.
        version: The release's version.
        created: Its date and time, as text.
        rows: The rows of each edited table.
        judgement: What the version rests on; None for a first release.
        coverage: What the release covers, a sentence each (R-70).
    """
    if judgement is None:
        entry: dict[str, Any] = {
            "version": version,
            "created": created,
            "previous": None,
            "level": "first",
            "rules": [],
            "tables": [{"table": name, "rows": number} for name, number in rows.items()],
            "reasons": {},
            "coverage": list(coverage),
        }
        return {
            "changes_version": 1,
            "dataset": dataset,
            "version": version,
            "created": created,
            "previous": None,
            "bump": None,
            "schema": [],
            "tables": [],
            "fallen_status": [],
            "retired": {},
            "history": [entry],
        }
    previous = judgement.previous
    record = _with_reasons(changes_record(judgement.changes), judgement)
    retired = retired_keys(previous.folder)
    for table in judgement.changes.tables:
        gone = [*table.removed.get_column(KEY), *table.rekeyed.get_column("old")]
        if gone:
            retired[table.table] = sorted({*retired.get(table.table, []), *gone})
    return {
        "changes_version": 1,
        "dataset": dataset,
        "version": version,
        "created": created,
        "previous": {"version": previous.version, "sha256": previous.sha256},
        "bump": bump_record(judgement),
        **{name: record[name] for name in ("schema", "tables_added", "tables_removed", "tables")},
        "fallen_status": [
            {"table": item.table, "key": item.key, "old": item.old, "new": item.new, **_reason(item)}
            for item in judgement.reasons.given
            if item.guard
        ],
        "retired": retired,
        "history": [
            _entry(version, created, judgement) | {"coverage": list(coverage)},
            *_earlier(previous.folder),
        ],
    }


def bump_record(judgement: Judgement) -> dict[str, Any]:
    """What raised the version: for release.json and changes.json."""
    return {
        "floor": judgement.floor,
        "minimum": judgement.minimum,
        "override": judgement.override.reason if judgement.override else None,
        "rules": [rule_record(item) for item in judgement.fired],
    }


def rule_record(item: Fired) -> dict[str, Any]:
    """A rule that fired."""
    return {"rule": item.rule, "level": item.level, "count": item.count, "where": dict(item.where)}


def _with_reasons(record: dict[str, Any], judgement: Judgement) -> dict[str, Any]:
    """The record, each withdrawn row and corrected cell with its reason; content of rows withdrawn for privacy is not in it."""
    given = {(item.table, item.key, item.field): item for item in judgement.reasons.given}
    for table in record["tables"]:
        name = table["table"]
        table["removed"] = [{"key": key, **_reason(given.get((name, key, "")))} for key in table["removed"]]
        table["rekeyed"] = [{**pair, **_reason(given.get((name, pair["old"], "")))} for pair in table["rekeyed"]]
        for cell in table["changed"]:
            found = given.get((name, cell["key"], cell["field"]))
            cell.update(_reason(found))
            if found is not None and is_private(found):
                cell["old"] = None
    return record


def _reason(found: Any) -> dict[str, str]:
    if found is None:
        return {}
    texts = {"reason": found.reason, "note": found.note, "source": found.source}
    return {name: text for name, text in texts.items() if text}


def _entry(version: str, created: str, judgement: Judgement) -> dict[str, Any]:
    changes = judgement.changes
    reasons = Counter(item.reason for item in judgement.reasons.given)
    notes = list(dict.fromkeys(item.note for item in judgement.reasons.given if item.note))
    return {
        "version": version,
        "created": created,
        "previous": judgement.previous.version,
        "level": judgement.floor,
        "override": judgement.override.reason if judgement.override else None,
        "rules": [rule_record(item) | {"says": item.says} for item in judgement.fired],
        "tables": [{"table": item.table, **table_counts(item)} for item in changes.tables if item.has_new_values]
        + [{"table": name, "rows": number} for name, number in changes.rows_of_new.items()],
        "schema": _schema_lines(changes),
        "fallen": [
            f"`{item.table}` {_plain(item.key)} from {item.old} to {item.new or 'none'}"
            for item in judgement.reasons.given
            if item.guard
        ],
        "reasons": dict(sorted(reasons.items())),
        "notes": notes[:50],
    }


def _schema_lines(changes: Changes) -> list[str]:
    return [schema_line(item.kind, item.table, item.field, item.subject, item.old, item.new) for item in changes.schema]


def schema_line(kind: str, table: str, field: str, subject: str, old: str, new: str) -> str:
    """One schema change in words."""
    where = ".".join(part for part in (table, field) if part) or "the dataset"
    what = f" {subject}" if subject else ""
    said = f": {_short(old)} -> {_short(new)}" if old and new else f": {_short(new or old)}" if new or old else ""
    return f"{kind.replace('-', ' ')}: {where}{what}{said}"


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _earlier(folder: Path) -> list[dict[str, Any]]:
    """The history of the release in this folder; of one that has none, only that it was there."""
    history = read_json(folder / CHANGES).get("history")
    if isinstance(history, list):
        return [entry for entry in history if isinstance(entry, dict)]
    manifest = read_json(folder / MANIFEST)
    tables = [item for item in manifest.get("tables", []) if isinstance(item, dict) and not item.get("is_view")]
    return [
        {
            "version": str(manifest.get("version", folder.name)),
            "created": str(manifest.get("created", "")),
            "previous": (manifest.get("previous") or {}).get("version"),
            "level": "unknown",
            "rules": [],
            "reasons": {},
            "tables": [{"table": item.get("name"), "rows": item.get("rows")} for item in tables],
        }
    ]


def changes_json(document: Mapping[str, Any]) -> str:
    """The text of `changes.json`."""
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def changelog_markdown(title: str, history: Sequence[Mapping[str, Any]]) -> str:
    """The text of `CHANGELOG.md`: all versions, newest first."""
    lines = [f"# Changes of {_plain(title)}", ""]
    lines += [
        "Newest first, computed from the data. Every change, cell by cell: `changes.json`; why: `corrections.csv`.",
        "",
    ]
    for entry in history:
        lines += [f"## {entry['version']} ({str(entry.get('created', ''))[:10]})", "", *_entry_lines(entry), ""]
        if entry.get("coverage"):
            lines += ["What it covers:", "", *(f"* {_plain(said)}" for said in entry["coverage"]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _entry_lines(entry: Mapping[str, Any]) -> list[str]:
    if entry["level"] in {"first", "unknown"}:
        total = sum(int(item.get("rows") or 0) for item in entry["tables"])
        said = "First release" if entry["level"] == "first" else "Released"
        return [f"{said}: {total:,} rows in {len(entry['tables'])} tables."]
    mild = effective_level(entry["level"], str(entry["previous"]))
    counts_as = "" if mild == entry["level"] else f", which before 1.0.0 count as {mild}"
    lines = [f"{entry['level'].capitalize()} changes since {entry['previous']}{counts_as}."]
    if entry.get("override"):
        lines += ["", f"The version is lower than these changes ask for: {_plain(entry['override'])}"]
    lines += ["", "| rule | asks for | count |", "|---|---|---:|"]
    lines += [f"| {item['says']} (`{item['rule']}`) | {item['level']} | {item['count']:,} |" for item in entry["rules"]]
    counted = [item for item in entry["tables"] if "rows" not in item]
    if counted:
        lines += ["", "| table | rows | added | withdrawn | re-keyed | revised |", "|---|---:|---:|---:|---:|---:|"]
        lines += [
            f"| `{item['table']}` | {item['new_rows']:,} | {item['added']:,} | {item['removed']:,} | {item['rekeyed']:,} | "
            f"{item['revised']:,} |"
            for item in counted
        ]
    lines += [f"\nNew table `{item['table']}`: {item['rows']:,} rows." for item in entry["tables"] if "rows" in item]
    if entry.get("schema"):
        lines += ["", *(f"* {_plain(line)}" for line in entry["schema"])]
    if entry.get("fallen"):
        lines += ["", *(f"* Status fell: {line}" for line in entry["fallen"])]
    if entry["reasons"]:
        lines += [
            "",
            "Reasons: " + ", ".join(f"{_plain(name)} {number:,}" for name, number in entry["reasons"].items()) + ".",
        ]
    lines += [""] * bool(entry.get("notes")) + [f"* {_plain(note)}" for note in entry.get("notes", [])]
    return lines


def _plain(text: object) -> str:
    """A text on one line in which nothing is Markdown."""
    escaped = " ".join(str(text).split())
    for mark in "\\`*_{}[]<>|#~":
        escaped = escaped.replace(mark, "\\" + mark)
    return escaped
