"""Every property that the standard or frictionless-py knows of a descriptor, and what becomes of it here.

A property that is none of these is the user's own and has no effect here; but one that is nearly the name of one that has, is a
slip and is refused, as is one that stands where it has no effect. The page docs/reference/properties.md is made from these lists.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Literal

from deedbook.errors import ProjectError

Level = Literal["package", "resource", "dialect", "schema", "field", "constraints"]
Effect = Literal["enforced", "refused", "not checked", "published"]
"""What a property does: it decides how data are read or judged; it stops every command; it is listed under `not_checked`; or it
describes, and is part of a release."""


def _described(*names: str) -> dict[str, tuple[Effect, str]]:
    """Properties of which nothing more is to be said than that they describe."""
    return dict.fromkeys(names, ("published", ""))


PROPERTIES: Mapping[Level, Mapping[str, tuple[Effect, str]]] = {
    "package": {
        "$schema": ("published", "profiles other than the standard's are listed as not checked"),
        "profile": ("published", "as `$schema`, in version 1"),
        "name": ("published", "also the name of the release's folder and files"),
        "version": ("published", "in quotes; `build` compares it with the changes"),
        "created": ("published", "in quotes; the release date"),
        "licenses": ("published", "`build` asks for one"),
        "resources": ("enforced", "at least one; names are unique"),
        "dialect": ("enforced", "for every resource without one of its own"),
        **_described("id", "title", "description", "homepage", "image", "keywords", "contributors", "sources"),
    },
    "resource": {
        "profile": ("enforced", "`tabular-data-resource` makes it a table"),
        "name": ("enforced", "unique"),
        "path": ("enforced", "inside the package; several files are one table; URLs are read with --allow-network"),
        "url": ("enforced", "as `path`, before version 1"),
        "data": ("enforced", "instead of `path`, not beside it"),
        "type": ("enforced", "`table` makes it a table"),
        "format": ("enforced", "csv, tsv, json, jsonl, xlsx, xls, ods, parquet"),
        "encoding": ("enforced", "never guessed"),
        "compression": ("enforced", "gz, zip, zstd"),
        "innerpath": ("enforced", "the member of a ZIP archive; asked for where several fit"),
        "dialect": ("enforced", ""),
        "schema": ("enforced", "a table without one is listed as not checked"),
        "bytes": ("enforced", ""),
        "hash": ("enforced", "an unknown algorithm is listed as not checked"),
        "rows": ("enforced", ""),
        "fields": ("published", "a count, in frictionless-py; a list is refused"),
        **_described("$schema", "mediatype", "title", "description", "homepage", "sources", "licenses"),
    },
    "dialect": {
        "header": ("enforced", "true or false"),
        "headerRows": ("enforced", "row numbers from 1"),
        "headerJoin": ("enforced", ""),
        "headerCase": ("enforced", "frictionless-py's name of `caseSensitiveHeader`"),
        "caseSensitiveHeader": ("enforced", "true or false"),
        "commentRows": ("enforced", ""),
        "commentChar": ("enforced", ""),
        "delimiter": ("enforced", "one character"),
        "lineTerminator": ("enforced", "every line end is understood; a terminator that is none, is refused"),
        "quoteChar": ("enforced", "one character, or nothing"),
        "doubleQuote": ("enforced", "true or false"),
        "escapeChar": ("enforced", "one character, or nothing"),
        "nullSequence": ("enforced", "one more missing value"),
        "skipInitialSpace": ("enforced", "true or false"),
        "property": ("enforced", "for JSON"),
        "itemType": ("enforced", "arrays and objects are told apart by themselves"),
        "itemKeys": ("enforced", "for JSON"),
        "sheetNumber": ("enforced", "for workbooks"),
        "sheetName": ("enforced", "for workbooks"),
        "table": ("refused", "databases are not read: their format cannot be"),
        "csv": ("enforced", "frictionless-py nests the properties of CSV here"),
        "json": ("enforced", "frictionless-py: `property` and `keys`"),
        "excel": ("enforced", "frictionless-py: the sheet, and what it offers for cells"),
        "ods": ("enforced", "frictionless-py: the sheet"),
        **_described("$schema", "csvddfVersion"),
    },
    "schema": {
        "fields": ("enforced", "names are unique"),
        "fieldsMatch": ("enforced", "exact, equal, subset, superset, partial"),
        "missingValues": ("enforced", "with or without labels"),
        "primaryKey": ("enforced", "every part is required"),
        "uniqueKeys": ("enforced", ""),
        "foreignKeys": ("enforced", "one into another package is listed as not checked"),
        "derivedFields": ("published", "ours: columns that exist only in releases"),
        "deedbook": ("published", "ours"),
        **_described("$schema", "name", "title", "description"),
    },
    "field": {
        "name": ("enforced", ""),
        "type": ("enforced", "an unknown type is refused"),
        "format": ("enforced", "not empty"),
        "example": ("published", "also shown in hints"),
        "missingValues": ("enforced", "in place of the schema's"),
        "constraints": ("enforced", ""),
        "categories": ("enforced", ""),
        "categoriesOrdered": ("enforced", "true or false"),
        "decimalChar": ("enforced", "number"),
        "groupChar": ("enforced", "number, integer"),
        "bareNumber": ("enforced", "number, integer; true or false"),
        "trueValues": ("enforced", "boolean"),
        "falseValues": ("enforced", "boolean"),
        "delimiter": ("enforced", "list"),
        "itemType": ("enforced", "list"),
        "arrayItem": ("enforced", "array, in frictionless-py"),
        "codeList": ("enforced", "ours: a list in the table `code_values`"),
        "crosswalk": ("published", "ours"),
        "unit": ("published", "ours"),
        "deedbook": ("published", "ours"),
        **_described("title", "description", "examples", "rdfType"),
    },
    "constraints": {
        "required": ("enforced", "true or false"),
        "unique": ("enforced", "true or false"),
        "minLength": ("enforced", "string, list, array, object"),
        "maxLength": ("enforced", "string, list, array, object"),
        "minimum": ("enforced", "numbers and times"),
        "maximum": ("enforced", "numbers and times"),
        "exclusiveMinimum": ("enforced", "numbers and times"),
        "exclusiveMaximum": ("enforced", "numbers and times"),
        "pattern": ("enforced", "the whole value; one that takes too long is listed as not checked"),
        "enum": ("enforced", "a list with at least one value"),
        "jsonSchema": ("enforced", "array, object, geojson; one that takes too long is listed as not checked"),
    },
}
KNOWN = frozenset(name for level in PROPERTIES.values() for name in level)
CONSTRAINTS = tuple(PROPERTIES["constraints"])
_HOMES: Mapping[Level, Mapping[Level, str]] = {
    "package": {"schema": "the `schema` of the resource", "dialect": "the `dialect` of the resource"},
    "resource": {"schema": "the `schema` of the resource", "dialect": "the `dialect` of the resource"},
    "schema": {"dialect": "the `dialect` of the resource", "constraints": "the `constraints` of the field"},
    "field": {"constraints": "the `constraints` of the field"},
    "dialect": {},
    "constraints": {},
}
"""Where a property belongs that stands where it has no effect."""
_TOO_GENERAL = frozenset({"csv", "json", "excel", "ods", "table", "property", "itemType", "itemKeys", "$schema"})
"""Properties of a dialect that mean something else, or nothing, elsewhere."""
_TEXTS = ("name", "title", "description", "version", "created", "id", "homepage", "format", "encoding", "innerpath")
_FORMS: Mapping[Level, Mapping[type, tuple[str, ...]]] = {
    "package": {str: _TEXTS},
    "resource": {str: _TEXTS},
    "dialect": {bool: ("header", "doubleQuote", "skipInitialSpace", "caseSensitiveHeader", "headerCase")},
    "field": {
        list: ("trueValues", "falseValues"),
        bool: ("bareNumber", "categoriesOrdered"),
        str: ("type", "format", "decimalChar", "groupChar", "delimiter", "itemType", "codeList"),
    },
}
"""What properties are in JSON; those that are more than a text or a flag are judged where they are read."""
_WORDS = {str: "a text", bool: "true or false", list: "a list"}


def wrong_forms(raw: Mapping[str, object], level: Level) -> Iterator[tuple[str, str]]:
    """The properties whose value is of the wrong type in JSON, each with what it is to be, in words."""
    for form, names in _FORMS[level].items():
        yield from ((name, _WORDS[form]) for name in names if name in raw and not isinstance(raw[name], form))


def misplaced(raw: Mapping[str, object], level: Level) -> Iterable[str]:
    """What is wrong with the names of the properties of an object: slips, and those that have no effect where they stand."""
    for name in (name for name in raw if name not in PROPERTIES[level]):
        homes = {} if name in _TOO_GENERAL else _HOMES[level]
        if home := next((place for home, place in homes.items() if name in enforced(home)), None):
            yield f"`{name}` has no effect here: move it into {home}"
        elif near := difflib.get_close_matches(_fold(name), _folded(level), n=1, cutoff=0.9):
            yield f"`{name}` has no effect: did you mean `{_folded(level)[near[0]]}`?"


def refuse_misplaced(raw: Mapping[str, object], level: Level, where: str) -> None:
    """Raises for properties that have no effect because of their name or place.

    Raises:
        ProjectError: when there is one.
    """
    if found := list(misplaced(raw, level)):
        raise ProjectError(f"{where}: {'; '.join(found)}", "a declaration without effect would seem to be checked")


@cache
def enforced(level: Level) -> frozenset[str]:
    """The properties that have an effect."""
    return frozenset(name for name, (effect, _) in PROPERTIES[level].items() if effect == "enforced")


@cache
def _folded(level: Level) -> Mapping[str, str]:
    return {_fold(name): name for name in PROPERTIES[level] if name in enforced(level)}


def _fold(name: str) -> str:
    return "".join(mark for mark in name.casefold() if mark.isalnum())
