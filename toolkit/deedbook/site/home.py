"""The pages that lead to all others, and what the search of the catalogue looks through.

index.html                    the choice of a language
LANG/index.html               the datasets of the catalogue
data/search.LANG.json.js      datasets, tables, fields and codes of the latest versions, as `assets/src/search.js` reads them
"""

from collections.abc import Iterator, Mapping

from deedbook.catalogue.records import Catalogue
from deedbook.release.pages import json_text
from deedbook.site.addresses import page_of
from deedbook.site.books import anchor, list_of
from deedbook.site.editions import Edition, Shelf
from deedbook.site.linked_data import catalogue_record
from deedbook.site.messages import LANGUAGES, messages
from deedbook.site.pages import At, render, script

_LONGEST_TEXT = 160
"""Characters of a description that are searched and shown among the results."""


def home_pages(catalogue: Catalogue, shelves: tuple[Shelf, ...]) -> Iterator[tuple[str, bytes]]:
    """The pages of the catalogue, and their search."""
    for lang in LANGUAGES:
        name = f"search.{lang}"
        entries = [entry for shelf in shelves if shelf.latest for entry in search_entries(shelf.latest, lang)]
        yield f"data/{name}.json.js", script({"name": name, "text": json_text(entries)})
        at = At(catalogue, lang, "home")
        yield at.address, render("home.html.j2", at, shelves=shelves, linked=catalogue_record(at, catalogue, shelves))
    texts = [messages(lang) for lang in LANGUAGES]
    yield "index.html", render("choice.html.j2", At(catalogue, LANGUAGES[0], "home"), texts=texts)


def search_entries(edition: Edition, lang: str) -> Iterator[Mapping[str, str]]:
    """What is found of a release: itself, its tables, their fields, and each code of each list once."""
    name, version, codebook = edition.name, edition.version, page_of("codebook", edition.name, edition.version)

    def entry(kind: str, title: str, code: str, text: str, address: str) -> dict[str, str]:
        short = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
        found = {"kind": kind, "title": title, "code": code, "text": short}
        return found | {"href": f"{lang}/{address}", "dataset": edition.title}

    yield entry("dataset", edition.title, name, edition.description, page_of("dataset", name))
    known = set()
    for table in edition.tables.values():
        yield entry("table", table.title, table.name, table.description, page_of("table", name, version, table.name))
        for one in table.fields:
            place = f"{codebook}#{anchor(table.name, one.name)}"
            yield entry("field", one.title, f"{table.name}.{one.name}", one.description, place)
            about = list_of(table, one)
            for code in one.codes if about not in known else ():
                yield entry("code", one.label(code, lang), code, f"{one.title}", f"{codebook}#{anchor('codes', about)}")
            known.add(about)
