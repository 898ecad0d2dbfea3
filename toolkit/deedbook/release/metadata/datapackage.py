"""`datapackage.json`: the release as a Data Package v2 that stands alone, for frictionless and everything built on it.

The descriptor of the project, with what a release adds: schemas inlined with categories and derived columns, sha256,
bytes and rows of every CSV, the release date. What only steers a build (`deedbook`) or describes the edited text (dialect,
encoding, missing values) is gone: the tables are canonical CSV.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deedbook.release.contents import Contents
from deedbook.release.pages import json_text
from deedbook.release.tables import Outline
from deedbook.schema import Field, TableSchema

PROFILE = "https://datapackage.org/profiles/2.0/"
_DROPPED = re.compile(r"\$schema|profile|resources|deedbook|created|version|name|title|description")
_DROPPED_OF_RESOURCE = re.compile(
    r"\$schema|bytes|compression|data|description|dialect|encoding|format|hash|innerpath|mediatype"
    r"|name|path|profile|rows|schema|stats|title|type"
)
_DROPPED_OF_SCHEMA = re.compile(r"derivedFields|fields|fieldsMatch|missingValues|\$schema")


def datapackage_json(contents: Contents) -> str:
    """The descriptor of the release."""
    package, edition = contents.project.package, contents.edition
    raw = {resource.name: resource.raw for resource in package.resources}
    resources = []
    for table in contents.tables:
        outline, file = table.outline, table.file
        said = {"title": outline.title, "description": outline.description}
        resource = {
            "name": outline.name,
            "type": "table",
            "path": file.name,
            **{key: text for key, text in said.items() if text},
            **_kept(raw.get(outline.name, {}), _DROPPED_OF_RESOURCE),
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": file.bytes,
            "hash": f"sha256:{file.sha256}",
            "rows": table.rows,
            "schema": _schema(outline),
        }
        resources.append(resource)
    descriptor = {
        "$schema": PROFILE + "datapackage.json",
        "name": edition.name,
        "title": edition.title,
        **({"description": edition.description} if edition.description else {}),
        "version": edition.version,
        "created": edition.moment,
        **_kept(package.raw, _DROPPED),
        **({"id": edition.identifier} if edition.doi else {}),
        "resources": resources,
    }
    return json_text(descriptor, 2)


def _kept(raw: Mapping[str, Any], dropped: re.Pattern[str]) -> dict[str, Any]:
    """What is said otherwise in a release is not said twice."""
    return {key: value for key, value in raw.items() if value not in ("", [], {}) and not dropped.fullmatch(key)}


def _schema(outline: Outline) -> dict[str, Any]:
    """The Table Schema v2 of a released table."""
    schema = outline.schema
    return {
        "$schema": PROFILE + "tableschema.json",
        **_kept(schema.raw, _DROPPED_OF_SCHEMA),
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
