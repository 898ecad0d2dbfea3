"""The addresses of a site's pages, the same in every language, on every file system and for good.

    index.html                                  the catalogue
    NAME/index.html                             a dataset, in its latest version
    NAME/VERSION/index.html                     one version of it; codebook.html, rules.html, changes.html and tables/TABLE.html beside it
    NAME/events/ID.html  NAME/actors/ID.html    an event, an actor

Each is below `site/LANG/`, and each part of it a `slug`.
"""

import hashlib
import posixpath
import re
from functools import lru_cache
from typing import Literal

from deedbook.names import file_problem

Kind = Literal["home", "dataset", "version", "codebook", "rules", "table", "changes", "event", "actor"]
_PAGES: dict[Kind, str] = {
    "home": "index.html",
    "dataset": "{}/index.html",
    "version": "{}/{}/index.html",
    "codebook": "{}/{}/codebook.html",
    "rules": "{}/{}/rules.html",
    "table": "{}/{}/tables/{}.html",
    "changes": "{}/{}/changes.html",
    "event": "{}/events/{}.html",
    "actor": "{}/actors/{}.html",
}
MOST = 20_000
"""Events, or actors, that have a page each; of more there is one page that reads what it shows in the browser."""
_ID = re.compile(r"[A-Z]{1,8}[_-]?[0-9]+")
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_STEM = 40
"""Characters of a text that are kept for people before the hash of it."""
_DIGITS = 16
"""Of the hash: among a million texts, two have the same with a chance of one in ten million."""


@lru_cache(maxsize=1 << 16)
def slug(text: str) -> str:
    """A part of an address that stands for the text and for no other, also where `E1` and `e1` are one file.

    Ids such as `E000002` and plain texts in lower case stay as they are; of any other, what is plain is kept, and a hash follows.
    """
    is_id = _ID.fullmatch(text) is not None
    is_plain = _PLAIN.fullmatch(text) is not None and not _ID.fullmatch(text.upper())
    if (is_id or is_plain) and text != "index" and not file_problem(text):
        return text
    stem = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_STEM]
    return f"{stem or 'x'}~{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGITS]}"


def page_of(kind: Kind, *names: str) -> str:
    """The address of a page below `site/LANG/`; the names are those that stand in capitals above, in that order."""
    return _PAGES[kind].format(*map(slug, names))


def way(here: str, there: str) -> str:
    """The relative address of a file from that of a page, both from the same folder."""
    return posixpath.relpath(there, posixpath.dirname(here) or ".")
