"""`datapackage.json`: the release as a Data Package v2 that stands alone, for frictionless and everything built on it.

The descriptor of the project, with what a release adds: schemas inlined with categories and derived columns, sha256,
bytes and rows of every CSV, the release date. What only steers a build (`deedbook`) or describes the edited text (dialect,
encoding, missing values) is gone: the tables are canonical CSV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deedbook.descriptor import Package
from deedbook.release.edition import Edition
from deedbook.release.tables import Outline
from deedbook.schema import Field, TableSchema

PROFILE = "https://datapackage.org/profiles/2.0/"
_DROPPED = re.compile(r"\$schema|profile|resources|deedbook|created|version|name|title|description")
_DROPPED_OF_RESOURCE = re.compile(
    r"\$schema|bytes|compression|data|description|dialect|encoding|format|hash|innerpath|mediatype"
    r"|name|path|profile|rows|schema|stats|title|type"
)
_DROPPED_OF_SCHEMA = frozenset({"derivedFields", "fields", "fieldsMatch", "missingValues", "$schema"})


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A written canonical CSV; `sha256` is the content digest of its table."""

    name: str
    rows: int
    bytes: int
    sha256: str


def datapackage_json(package: Package, edition: Edition, tables: Sequence[tuple[Outline, CsvFile]]) -> str:
    """The descriptor of the release."""
    raw = {resource.name: resource.raw for resource in package.resources}
    resources = []
    for outline, file in tables:
        said = {"title": outline.title, "description": outline.description}
        own = raw.get(outline.name, {})
        resource = {
            "name": outline.name,
            "type": "table",
            "path": file.name,
            **{key: text for key, text in said.items() if text},
            **{key: value for key, value in own.items() if not _DROPPED_OF_RESOURCE.fullmatch(key)},
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": file.bytes,
            "hash": f"sha256:{file.sha256}",
            "rows": file.rows,
            "schema": schema_record(outline),
        }
        resources.append(resource)
    descriptor = {
        "$schema": PROFILE + "datapackage.json",
        "name": edition.name,
        "title": edition.title,
        **({"description": edition.description} if edition.description else {}),
        "version": edition.version,
        "created": edition.moment,
        **{key: value for key, value in package.raw.items() if not _DROPPED.fullmatch(key)},
        **({"id": edition.identifier} if edition.doi else {}),
        "resources": resources,
    }
    return json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"


def schema_record(outline: Outline) -> dict[str, Any]:
    """The Table Schema v2 of a released table."""
    schema = outline.schema
    kept = {key: value for key, value in schema.raw.items() if key not in _DROPPED_OF_SCHEMA}
    return {
        "$schema": PROFILE + "tableschema.json",
        **kept,
        "fields": [_field(item, item.name in outline.derived, schema) for item in schema.fields],
        "missingValues": [""],
    }


def _field(item: Field, is_derived: bool, schema: TableSchema) -> dict[str, Any]:
    record = {"name": item.name, "type": item.type, **item.raw}
    if item.categories:
        record["categories"] = [
            {"value": label.value, **({"label": label.label} if label.label else {})} for label in item.categories
        ]
    if is_derived:
        record["derived"] = True
    if item.name in schema.primary_key:
        record["constraints"] = {**record.get("constraints", {}), "required": True}
    return record
