"""The release in the words of each standard: a template a standard (`templates/NAME.j2`), which all take their facts from one place.

    croissant.json            Croissant 1.1, for machine learning tools
    csv-metadata.json         CSV on the Web
    datacite.json             DataCite Metadata Schema 4.5, what a DOI is registered with
    dcat.ttl                  DCAT-AP 3.0.1, for data portals
    ro-crate-metadata.json    RO-Crate 1.1, for research archives
    schemaorg.json            schema.org, for search engines: it stands inside `index.html`

A template of JSON writes every key; what is not known is left out here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from deedbook.release.contents import Contents, File
from deedbook.release.formats import FORMATS
from deedbook.release.pages import render
from deedbook.release.tables import Outline

STANDARDS = ("croissant.json", "csv-metadata.json", "datacite.json", "dcat.ttl", "ro-crate-metadata.json")
_SHORTEST_DESCRIPTION = 50
_UNKNOWN: tuple[object, ...] = (None, "", [], {})


def described(contents: Contents, standard: str, files: Sequence[File], *, indent: int = 2) -> str:
    """The document of a standard about these files of the release."""
    edition, outlines = contents.edition, [table.outline for table in contents.tables]
    titles = [item.title for item in FORMATS]
    agents = (*edition.creators, *edition.contributors, edition.publisher)
    text = render(
        f"{standard}.j2",
        edition=edition,
        description=catalogue_description(contents),
        tables=contents.tables,
        names=contents.names,
        files=files,
        data=sorted((file for file in files if file.format), key=lambda file: (titles.index(file.format), file.name)),
        agents=list({one.orcid or one.name: one for one in agents if one}.values()),
        references=_references(outlines),
    )
    if not standard.endswith(".json"):
        return text
    return json.dumps(_known(json.loads(text)), ensure_ascii=False, indent=indent) + "\n"


def catalogue_description(contents: Contents) -> str:
    """The dataset's description; catalogues refuse one below 50 characters, so a short one gets a sentence."""
    edition = contents.edition
    if len(edition.description) >= _SHORTEST_DESCRIPTION:
        return edition.description
    own = f"Version {edition.version} of {edition.name}, with the tables {', '.join(contents.names)}."
    return f"{edition.description or edition.title} {own}"


def _known(value: Any) -> Any:
    """The value without what is null or empty, however deep."""
    if isinstance(value, dict):
        found = {key: _known(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item not in _UNKNOWN}
    return [item for item in map(_known, value) if item not in _UNKNOWN] if isinstance(value, list) else value


def _references(outlines: Sequence[Outline]) -> dict[tuple[str, str], str]:
    """By table and field, the field that it refers to, of a table that does not refer back, however indirectly.

    Readers walk from table to table and end nowhere in a circle (mlcroissant refuses it), so a reference that would close
    one is left to `datapackage.json`, as is one that may be empty, and one of several fields.
    """
    leads_to = {outline.name: {outline.name} for outline in outlines}
    found = {}
    for outline in outlines:
        for key in outline.schema.foreign_keys:
            target, name = key.resource or outline.name, key.fields[0]
            is_single = len(key.fields) == 1 and name in outline.required
            if target in leads_to and is_single and outline.name not in leads_to[target]:
                found[outline.name, name] = f"{target}/{key.reference[0]}"
                for reached in leads_to.values():
                    if outline.name in reached:
                        reached |= leads_to[target]
    return found
