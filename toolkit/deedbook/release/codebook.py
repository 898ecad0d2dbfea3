"""The codebook: every table, field, code and rule with statistics, as one record and as JSON, Markdown and HTML of it.

It is generated from the release's schemas, code lists, rules and rows, so it cannot disagree with the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from deedbook.release.pages import render
from deedbook.release.rulelist import RuleEntry
from deedbook.release.statistics import Statistics, code_text
from deedbook.release.tables import CodeLists, Outline, references_of
from deedbook.schema import Field

_BOUNDS = (
    ("minimum", "maximum", "", ""),
    ("exclusiveMinimum", "exclusiveMaximum", "", ", ends excluded"),
    ("minLength", "maxLength", " characters", ""),
)


TableEntry = dict[str, Any]
"""What `codebook.json` says of a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """The codebook of one release."""

    name: str
    title: str
    version: str
    created: str
    description: str
    tables: tuple[TableEntry, ...]
    rules: tuple[RuleEntry, ...] = ()


def table_entry(outline: Outline, rows: int, statistics: Mapping[str, Statistics], codes: CodeLists) -> TableEntry:
    """The entry of one table; the statistics are by field name, `crosswalk` names counterparts in other datasets."""
    return {
        "name": outline.name,
        "title": outline.title,
        "description": outline.description,
        "rows": rows,
        "is_view": outline.is_view,
        "primary_key": outline.schema.primary_key,
        "crosswalk": _texts(outline.schema.raw.get("crosswalk")),
        "fields": [_field_entry(item, outline, statistics[item.name], codes) for item in outline.schema.fields],
    }


def codebook_json(codebook: Codebook) -> str:
    """The codebook for machines."""
    return json.dumps({"codebook_version": 1, **asdict(codebook)}, ensure_ascii=False, indent=2) + "\n"


def codebook_markdown(codebook: Codebook) -> str:
    """The codebook as plain text for people."""
    return render("CODEBOOK.md.j2", codebook=codebook)


def codebook_html(codebook: Codebook) -> str:
    """The codebook as one self-contained page: no script, no font, no image from elsewhere."""
    return render("CODEBOOK.html.j2", codebook=codebook, table_names={table["name"] for table in codebook.tables})


def _field_entry(item: Field, outline: Outline, statistics: Statistics, codes: CodeLists) -> dict[str, Any]:
    """One field. `refers_to` is `table.field` for a foreign key; `rules` are its bounds in words."""
    primary_key = outline.schema.primary_key
    examples = item.raw.get("examples")
    example: Any = item.raw.get("example", examples[0] if isinstance(examples, list) and examples else "")
    counts = {entry.value: entry.count for entry in statistics.top}
    labels = {code_text(label.value): label.label for label in item.categories}
    return {
        "name": item.name,
        "type": item.type if item.format in {"default", ""} else f"{item.type} ({item.format})",
        "title": item.title,
        "description": item.description,
        "example": code_text(example) if isinstance(example, bool) else str(example),
        "is_required": item.required or item.name in primary_key,
        "is_unique": bool(item.constraints.get("unique")) or primary_key == (item.name,),
        "in_primary_key": item.name in primary_key,
        "is_derived": item.name in outline.derived,
        "refers_to": references_of(item, outline),
        "rules": _rules(item.constraints),
        "pattern": str(item.constraints.get("pattern", "")),
        "crosswalk": _texts(item.raw.get("crosswalk")),
        "code_list": item.code_list,
        "codes": [
            {
                "value": code,
                "label": label,
                "definition": codes.definitions.get((item.code_list, code), ""),
                "count": counts.get(code, 0),
            }
            for code, label in labels.items()
        ],
        "statistics": statistics,
    }


def _rules(constraints: Mapping[str, Any]) -> tuple[str, ...]:
    """The declared bounds in words: `1 to 120 characters`, `at least 0`."""
    rules = []
    for lower, upper, unit, note in _BOUNDS:
        low, high = constraints.get(lower), constraints.get(upper)
        if low is not None and high is not None:
            rules.append(f"{low} to {high}{unit}{note}")
        elif low is not None:
            rules.append(f"at least {low}{unit}{note}")
        elif high is not None:
            rules.append(f"at most {high}{unit}{note}")
    return tuple(rules)


def _texts(raw: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in raw.items()} if isinstance(raw, Mapping) else {}
