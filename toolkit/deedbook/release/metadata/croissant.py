"""`croissant.json` (Croissant 1.1): files with checksums, and a record set per table, for machine learning tools.

`https://schema.org/` is the vocabulary that mlcroissant accepts (the text of the standard says http).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.metadata.record import Record, filled
from deedbook.release.metadata.schemaorg import agent, licence_addresses
from deedbook.release.tables import Outline

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
_TYPES = {
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "year": "sc:Integer",
    "time": "sc:Time",
}
_CONTEXT: Mapping[str, Any] = json.loads((Path(__file__).parent / "croissant-context.json").read_bytes())
"""The context of the standard's own examples, which mlcroissant compares with."""


def croissant(record: Record) -> dict[str, Any]:
    """The dataset with its files and record sets."""
    references = _references([outline for outline, _ in record.tables])
    return filled(
        {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": CONFORMS_TO,
            "@id": record.identifier,
            "identifier": record.identifier,
            "name": record.name,
            "alternateName": record.title,
            "description": record.description,
            "version": record.version,
            "datePublished": record.date,
            "url": record.homepage or record.identifier,
            "license": licence_addresses(record.licences) or "unknown",
            "creator": [agent(one) for one in record.creators],
            "publisher": agent(record.publisher),
            "inLanguage": list(record.languages),
            "keywords": list(record.keywords),
            "citeAs": record.citation,
            "isLiveDataset": False,
            "distribution": [
                {
                    "@type": "cr:FileObject",
                    "@id": file.name,
                    "name": file.name,
                    "contentUrl": file.name,
                    "contentSize": f"{file.bytes} B",
                    "encodingFormat": file.media_type,
                    "sha256": file.sha256,
                }
                for file in record.data
            ],
            "recordSet": [_record_set(outline, file, references) for outline, file in record.tables],
        }
    )


def _record_set(outline: Outline, file: CsvFile, references: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    keys = [{"@id": f"{outline.name}/{name}"} for name in outline.schema.primary_key]
    fields = []
    for item in outline.schema.fields:
        target = references.get((outline.name, item.name))
        field = {
            "@type": "cr:Field",
            "@id": f"{outline.name}/{item.name}",
            "name": item.name,
            "description": item.description or item.title or item.name,
            "dataType": _TYPES.get(item.type, "sc:Text"),
            "source": {"fileObject": {"@id": file.name}, "extract": {"column": item.name}},
            "references": {"field": {"@id": target}} if target else None,
        }
        fields.append(filled(field))
    return filled(
        {
            "@type": "cr:RecordSet",
            "@id": outline.name,
            "name": outline.name,
            "description": outline.description or outline.title,
            "key": keys[0] if len(keys) == 1 else keys,
            "field": fields,
        }
    )


def _references(outlines: Sequence[Outline]) -> dict[tuple[str, str], str]:
    """By table and field, the field that it refers to, of a table that does not refer back, however indirectly.

    Readers walk from table to table and end nowhere in a circle (mlcroissant refuses it), so a reference that would close
    one is left to `datapackage.json`, as is one that may be empty, and one of several fields.
    """
    known = {outline.name for outline in outlines}
    leads_to: dict[str, set[str]] = {name: {name} for name in known}
    found = {}
    for outline in outlines:
        for key in outline.schema.foreign_keys:
            target = key.resource or outline.name
            name = key.fields[0]
            is_filled = name in outline.schema.primary_key or outline.schema.field(name).required
            if target not in known or len(key.fields) > 1 or not is_filled or outline.name in leads_to[target]:
                continue
            found[outline.name, name] = f"{target}/{key.reference[0]}"
            for reached in leads_to.values():
                if outline.name in reached:
                    reached |= leads_to[target]
    return found
