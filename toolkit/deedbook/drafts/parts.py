"""Tables that lie in several files: `events_2019.csv` and `events_2020.csv` with one header are one table."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypeAlias

from deedbook.drafts.guesses import Guess
from deedbook.drafts.sources import Source, slug
from deedbook.drafts.tables import read_names
from deedbook.errors import ProjectError
from deedbook.findings import listed, plural

_PART = re.compile(r"(?i)[\W_]*(part|chunk|teil)?[\W_]*[0-9]+")
"""What tells the files of one table apart: numbers, and what stands before them."""
Likeness: TypeAlias = tuple[str, ...]


def joined(found: Iterable[Source]) -> list[Source]:
    """The tables, those in files that continue each other as one.

    They stand in one folder, are called the same but for numbers, are written alike, and have the same header.
    """
    groups: dict[Likeness, list[Source]] = {}
    for source in found:
        groups.setdefault(_likeness(source), []).append(source)
    for likeness, sources in list(groups.items()):
        if len(sources) > 1:  # only then their headers are read
            del groups[likeness]
            for source in sources:
                groups.setdefault((*likeness, *_header(source)), []).append(source)
    return [_as_one(sources) if len(sources) > 1 else sources[0] for sources in groups.values()]


def _likeness(source: Source) -> Likeness:
    """What files have in common that may be one table; nothing with any other where a file is no part."""
    path, dialect = PurePosixPath(source.paths[0]), source.raw.get("dialect", {})
    is_alone = "sheetName" in dialect or not dialect.get("header", True) or not _PART.search(path.name)
    said = {name: value for name, value in source.raw.items() if name not in {"name", "path"}}
    own = (str(source.raw["name"]), str(path)) if is_alone else ()
    return str(path.parent), _PART.sub("#", path.name), json.dumps(said, sort_keys=True), *own


def _header(source: Source) -> list[str]:
    """The names of the columns; the file itself where they cannot be read."""
    try:
        return read_names(source.resource)[0]
    except ProjectError:
        return [str(source.file)]


def _as_one(sources: list[Source]) -> Source:
    """One table in several files, in the order of their numbers."""
    ordered = sorted(sources, key=lambda source: ([*map(int, re.findall("[0-9]+", source.paths[0]))], source.paths))
    first, paths = ordered[0], [source.paths[0] for source in ordered]
    name = slug(_PART.sub("", PurePosixPath(paths[0]).name.split(".")[0]))
    evidence = f"{plural(len(paths), 'file')} have the header {listed(_header(first), 4)}, and continue each other"
    guess = Guess("", "path", None, evidence)
    return replace(first, raw={**first.raw, "name": name, "path": paths}, guesses=(*first.guesses, guess))
