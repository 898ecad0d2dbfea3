"""`csv-metadata.json` (CSV on the Web): every CSV with its columns, types, keys and references.

A reference that may be empty is not declared: CSVW demands a row for every one (`datapackage.json` has them all).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.metadata.record import Record
from deedbook.release.metadata.schemaorg import licence_addresses
from deedbook.release.tables import Outline
from deedbook.schema import Field, TableSchema

CONTEXT = "http://www.w3.org/ns/csvw"
_TYPES = {
    "boolean": "boolean",
    "date": "date",
    "datetime": "dateTime",
    "integer": "integer",
    "number": "double",
    "time": "time",
    "year": "gYear",
    "yearmonth": "gYearMonth",
    "duration": "duration",
    "object": "json",
    "array": "json",
    "geojson": "json",
}
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "minExclusive",
    "exclusiveMaximum": "maxExclusive",
    "minLength": "minLength",
    "maxLength": "maxLength",
}


def csvw(record: Record) -> dict[str, Any]:
    """The table group."""
    schemas = {outline.name: outline.schema for outline, _ in record.tables}
    return {
        "@context": [CONTEXT, {"@language": "en"}],
        "@type": "TableGroup",
        "dc:identifier": record.identifier,
        "dc:title": record.title,
        "dc:description": record.description,
        "dc:creator": [one.name for one in record.creators],
        "dc:publisher": record.publisher.name,
        "dc:issued": record.date,
        "schema:version": record.version,
        **({"dc:license": licence_addresses(record.licences)} if record.licences else {}),
        "dialect": {"encoding": "utf-8", "lineTerminators": ["\n"], "header": True, "delimiter": ",", "quoteChar": '"'},
        "tables": [_table(outline, file, schemas) for outline, file in record.tables],
    }


def _table(outline: Outline, file: CsvFile, schemas: Mapping[str, TableSchema]) -> dict[str, Any]:
    schema = outline.schema
    keys = [
        {
            "columnReference": list(key.fields),
            "reference": {"resource": f"{key.resource or outline.name}.csv", "columnReference": list(key.reference)},
        }
        for key in schema.foreign_keys
        if (key.resource or outline.name) in schemas and all(_is_required(name, schema) for name in key.fields)
    ]
    return {
        "url": file.name,
        **({"dc:title": outline.title} if outline.title else {}),
        **({"dc:description": outline.description} if outline.description else {}),
        "schema:sha256": file.sha256,
        "tableSchema": {
            "columns": [_column(item, schema) for item in schema.fields],
            **({"primaryKey": list(schema.primary_key)} if schema.primary_key else {}),
            **({"foreignKeys": keys} if keys else {}),
        },
    }


def _column(item: Field, schema: TableSchema) -> dict[str, Any]:
    return {
        "name": item.name,
        "titles": item.name,
        **({"dc:title": item.title} if item.title else {}),
        **({"dc:description": item.description} if item.description else {}),
        "datatype": _datatype(item),
        **({"required": True} if _is_required(item.name, schema) else {}),
    }


def _is_required(name: str, schema: TableSchema) -> bool:
    return name in schema.primary_key or schema.field(name).required


def _datatype(item: Field) -> str | dict[str, Any]:
    base = _TYPES.get(item.type, "string")
    bounds = {name: item.constraints[own] for own, name in _BOUNDS.items() if own in item.constraints}
    if item.type not in {"string", "integer", "number", "date", "datetime"}:
        bounds = {}
    form: dict[str, str] = {}
    if item.type == "boolean":
        form = {"format": "true|false"}
    elif item.type == "string" and "pattern" in item.constraints:
        form = {"format": str(item.constraints["pattern"])}
    return {"base": base, **form, **bounds} if form or bounds else base
