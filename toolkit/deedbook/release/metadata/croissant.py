"""`croissant.json` (Croissant 1.1): files with checksums, and a record set per table, for machine learning tools.

`https://schema.org/` is the vocabulary that mlcroissant accepts (the text of the standard says http).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deedbook.release.metadata.datapackage import CsvFile
from deedbook.release.metadata.record import File, Record
from deedbook.release.metadata.schemaorg import agent, licence_addresses
from deedbook.release.tables import Outline
from deedbook.schema import Field

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
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "arrayShape": "cr:arrayShape",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(record: Record) -> dict[str, Any]:
    """The dataset with its files and record sets."""
    references = _references([outline for outline, _ in record.tables])
    return {
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
        "license": licence_addresses(record.licences) if record.licences else "unknown",
        "creator": [agent(one) for one in record.creators],
        "publisher": agent(record.publisher),
        "inLanguage": list(record.languages),
        **({"keywords": list(record.keywords)} if record.keywords else {}),
        "citeAs": record.citation,
        "isLiveDataset": False,
        "distribution": [_file(file) for file in record.data],
        "recordSet": [_record_set(outline, file, references) for outline, file in record.tables],
    }


def _file(file: File) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.name,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": file.media_type,
        "sha256": file.sha256,
    }


def _record_set(outline: Outline, file: CsvFile, references: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    schema = outline.schema
    keys = [{"@id": f"{outline.name}/{name}"} for name in schema.primary_key]
    return {
        "@type": "cr:RecordSet",
        "@id": outline.name,
        "name": outline.name,
        **({"description": outline.description or outline.title} if outline.description or outline.title else {}),
        **({"key": keys[0] if len(keys) == 1 else keys} if keys else {}),
        "field": [_field(item, outline, file, references) for item in schema.fields],
    }


def _field(item: Field, outline: Outline, file: CsvFile, references: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    target = references.get((outline.name, item.name))
    return {
        "@type": "cr:Field",
        "@id": f"{outline.name}/{item.name}",
        "name": item.name,
        "description": item.description or item.title or item.name,
        "dataType": _TYPES.get(item.type, "sc:Text"),
        "source": {"fileObject": {"@id": file.name}, "extract": {"column": item.name}},
        **({"references": {"field": {"@id": target}}} if target else {}),
    }


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
