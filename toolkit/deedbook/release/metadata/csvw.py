"""`csv-metadata.json` (CSV on the Web): every CSV with its columns, types, keys and references.

A reference that may be empty is not declared: CSVW demands a row for every one (`datapackage.json` has them all).
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.metadata.record import Record, filled
from deedbook.release.metadata.schemaorg import licence_addresses
from deedbook.release.tables import Outline
from deedbook.schema import Field

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
_DIALECT = {"encoding": "utf-8", "lineTerminators": ["\n"], "header": True, "delimiter": ",", "quoteChar": '"'}


def csvw(record: Record) -> dict[str, Any]:
    """The table group."""
    known = {outline.name for outline, _ in record.tables}
    return filled(
        {
            "@context": [CONTEXT, {"@language": "en"}],
            "@type": "TableGroup",
            "dc:identifier": record.identifier,
            "dc:title": record.title,
            "dc:description": record.description,
            "dc:creator": [one.name for one in record.creators],
            "dc:publisher": record.publisher.name,
            "dc:issued": record.date,
            "schema:version": record.version,
            "dc:license": licence_addresses(record.licences),
            "dialect": _DIALECT,
            "tables": [_table(outline, file, known) for outline, file in record.tables],
        }
    )


def _table(outline: Outline, file: CsvFile, known: Set[str]) -> dict[str, Any]:
    schema = outline.schema
    required = {*schema.primary_key, *(item.name for item in schema.fields if item.required)}
    columns = [
        {
            "name": item.name,
            "titles": item.name,
            "dc:title": item.title,
            "dc:description": item.description,
            "datatype": _datatype(item),
            "required": True if item.name in required else None,
        }
        for item in schema.fields
    ]
    keys = [
        {
            "columnReference": list(key.fields),
            "reference": {"resource": f"{key.resource or outline.name}.csv", "columnReference": list(key.reference)},
        }
        for key in schema.foreign_keys
        if (key.resource or outline.name) in known and required >= {*key.fields}
    ]
    described = {"columns": [filled(column) for column in columns], "primaryKey": list(schema.primary_key)}
    return filled(
        {
            "url": file.name,
            "dc:title": outline.title,
            "dc:description": outline.description,
            "schema:sha256": file.sha256,
            "tableSchema": filled({**described, "foreignKeys": keys}),
        }
    )


def _datatype(item: Field) -> str | dict[str, Any]:
    datatype: dict[str, Any] = {"base": _TYPES.get(item.type, "string")}
    if item.type == "boolean":
        datatype["format"] = "true|false"
    elif item.type == "string" and "pattern" in item.constraints:
        datatype["format"] = str(item.constraints["pattern"])
    if item.type in {"string", "integer", "number", "date", "datetime"}:
        datatype |= {name: item.constraints[own] for own, name in _BOUNDS.items() if own in item.constraints}
    return datatype if len(datatype) > 1 else datatype["base"]
