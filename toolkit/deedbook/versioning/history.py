"""`changes.json` of a release, and what its `CHANGELOG.md` tells: the changes of every version, with counts and reasons.

    changes.json   the changes since the previous release in the shape of `changes/changes.schema.json`, as `diff --format json` tells
                   them, withdrawn rows and corrected cells with their reasons; and of the release: dataset, version, created, previous,
                   bump {floor, minimum, override, rules}, fallen_status (events that are supported less), retired (every key that any
                   release withdrew, by table), history (one entry a version: version, created, previous, level, rules, tables, reasons,
                   notes, coverage)

The history is carried forward from the `changes.json` of the release before, so no older release is needed to tell it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deedbook.changes.alignment import ids_of
from deedbook.changes.records import KEY, Changes, changes_record
from deedbook.versioning.corrections import Correction, is_private
from deedbook.versioning.previous import CHANGES, read_json, retired_keys
from deedbook.versioning.verdict import Verdict

_MOST_NOTES = 50
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")


def changes_document(
    dataset: str,
    version: str,
    created: str,
    rows: Mapping[str, int],
    verdict: Verdict | None,
    coverage: Sequence[str] = (),
) -> dict[str, Any]:
    """The content of `changes.json`.

    Args:
        dataset: The dataset's name.
        version: The release's version.
        created: Its date and time, as text.
        rows: The rows of each edited table.
        verdict: What the version rests on; None for a first release.
        coverage: What the release covers, a sentence each (R-70).
    """
    entry: dict[str, Any] = {"version": version, "created": created}
    if verdict is None:
        tables = [{"table": name, "rows": number} for name, number in rows.items()]
        entry |= {"previous": None, "level": "first", "rules": [], "tables": tables, "reasons": {}}
        own: dict[str, Any] = {"previous": None, "bump": None}
        record = changes_record(Changes("", version, rows_of_new=dict(rows)))
        given: Sequence[Correction] = ()
        retired, earlier = {}, []
    else:
        previous, changes, given = verdict.previous, verdict.changes, verdict.reasons.given
        entry |= _entry(verdict)
        own = {"previous": {"version": previous.version, "sha256": previous.sha256}, "bump": bump_record(verdict)}
        reasons = {(item.table, item.key, item.field): _reason(item) for item in given}
        record = changes_record(replace(changes, old=previous.version, new=version, reasons=reasons))
        private = {(item.table, item.key, item.field) for item in given if is_private(item)}
        for table in record["tables"]:
            for cell in table["changed"]:
                if (table["table"], cell["key"], cell["field"]) in private:
                    cell["old"] = None
        retired, earlier = _retired(verdict), read_json(previous.folder / CHANGES).get("history", [])
    return {
        "changes_version": record["changes_version"],
        "dataset": dataset,
        "version": version,
        "created": created,
        **own,
        **record,
        "fallen_status": [
            {"table": item.table, "key": item.key, "old": item.old, "new": item.new, **_reason(item)}
            for item in given
            if item.guard
        ],
        "retired": retired,
        "history": [entry | {"coverage": list(coverage)}, *earlier],
    }


def _retired(verdict: Verdict) -> dict[str, list[str]]:
    """Every key that this release or an earlier one withdrew, by table; of a table that left, those of one field."""
    gone = {
        table.table: [*table.removed.get_column(KEY), *table.rekeyed.get_column("old")]
        for table in verdict.changes.tables
    }
    gone |= {name: ids_of(verdict.old.package.resource(name)) for name in verdict.changes.rows_of_gone}
    before = retired_keys(verdict.previous.folder)
    return before | {name: sorted({*before.get(name, []), *keys}) for name, keys in gone.items() if keys}


def bump_record(verdict: Verdict) -> dict[str, Any]:
    """What raised the version: for release.json and changes.json."""
    return {
        "floor": verdict.level,
        "minimum": verdict.minimum,
        "override": verdict.override.reason if verdict.override else None,
        "rules": [item.record for item in verdict.rules],
    }


def _reason(found: Correction) -> dict[str, str]:
    return {name: text for name in ("reason", "note", "source") if (text := getattr(found, name))}


def _entry(verdict: Verdict) -> dict[str, Any]:
    """What the history tells of a version that follows another."""
    changes, given = verdict.changes, verdict.reasons.given
    notes = list(dict.fromkeys(item.note for item in given if item.note))
    return {
        "previous": verdict.previous.version,
        "level": verdict.level,
        "override": verdict.override.reason if verdict.override else None,
        "rules": [item.record | {"says": item.says} for item in verdict.rules],
        "tables": [{"table": item.table, **item.counts} for item in changes.tables if item.has_new_values]
        + [{"table": name, "rows": number} for name, number in changes.rows_of_new.items()],
        "schema": [item.sentence for item in changes.schema],
        "fallen": [
            f"`{item.table}` {_markdown(item.key)} from {item.old} to {item.new or 'none'}"
            for item in given
            if item.guard
        ],
        "reasons": dict(sorted(Counter(item.reason for item in given).items())),
        "notes": notes[:_MOST_NOTES],
    }


def _markdown(text: str) -> str:
    """A text on one line in which nothing is Markdown."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
