"""An archive for each format with a file for each table, so that all of them are one download: `DATASET-FORMAT.zip`.

It holds the files of the release byte by byte: the tables, the program that loads them, and what explains them. That of CSV has the
descriptor too, and so is a Data Package by itself. There is none of a single table, and none of more bytes than `Format.large`: a
release would grow by as much again, and `deedbook fetch --format` takes such files as quickly.
"""

from collections.abc import Mapping, Set
from operator import attrgetter
from pathlib import Path

from deedbook.findings import plural
from deedbook.integrity import containers
from deedbook.integrity.proof import ListedFile, Outcome
from deedbook.project import DESCRIPTOR
from deedbook.release.contents import Contents
from deedbook.release.documents import copied
from deedbook.release.formats import CSV, format_of
from deedbook.release.pages import size

_DOCUMENTS = ("README.md", "CODEBOOK.html", "CITATION.cff")


def planned_archives(contents: Contents) -> dict[str, list[str]]:
    """The archives of a release whose tables are written, by name, with the names of their files; those that are too large are noted."""
    found, files = dict[str, list[str]](), contents.files()
    for item in contents.archives:
        held = item.holds or item
        own = [file for file in files if file.table and file.format == held.title]
        total = sum(map(attrgetter("bytes"), own))
        if len(own) < 2:
            continue
        if 0 < item.large < total:
            reason = f"its files have {size(total)}, more than {size(item.large)}"
            text = f"left out: {reason}; `formats` under [release] can ask for {item.name}"
            contents.note(item, "", [text], is_left_out=True)
            continue
        beside = (held.loader, DESCRIPTOR if held.name == CSV.name else "", *_DOCUMENTS)
        names = [*map(attrgetter("name"), own), *filter(None, beside), *copied(contents.project.package)]
        found[item.file_name("", contents.edition.name)] = names
    return found


def check_archives(
    folder: Path, dataset: str, files: Mapping[str, ListedFile], sound: Set[str], outcome: Outcome
) -> None:
    """Compares every file in every archive with that of the release.

    Args:
        folder: The release.
        dataset: Its name.
        files: All that it lists, by name.
        sound: Those that are there and agree with `SHA256SUMS`.
        outcome: Takes the problems.
    """
    whole, count = sum((folder / name).stat().st_size for name in sound), 0
    for name in sorted(sound):
        item = format_of(name, frozenset(), dataset)
        if item is None or item.holds is None:
            continue
        try:
            held = containers.member_digests(folder / name, whole)
        except containers.ArchiveError as error:
            outcome.report("format-unreadable", name, str(error))
            continue
        count += 1
        tables = {
            one.name for one in files.values() if one.table and format_of(one.name, {one.table}, dataset) == item.holds
        }
        for member in sorted(tables | held.keys()):
            if member not in held:
                outcome.report("format-differs", name, f"has no {member}")
            elif member not in files or files[member].sha256 != held[member]:
                outcome.report("format-differs", name, f"has {member} otherwise than the release")
    if count:
        outcome.checked.append(f"the files in {plural(count, 'archive')}")
