"""`build_site`: the pages of a whole catalogue, in every language, from its releases."""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from deedbook import files
from deedbook.catalogue.documents import DOCUMENTS, pages_of
from deedbook.catalogue.records import CATALOG, Catalogue
from deedbook.errors import UsageError
from deedbook.integrity.digests import sha256_of
from deedbook.site.addresses import slug
from deedbook.site.books import book_pages, summaries_of
from deedbook.site.datasets import damaged_pages, release_pages
from deedbook.site.differences import difference_pages
from deedbook.site.digests import RECORD, Made, inputs_of, made_json, pages_digest, read_made
from deedbook.site.editions import Progress, Shelf, read_root, read_site
from deedbook.site.explorer import explorer_pages
from deedbook.site.home import home_pages
from deedbook.site.messages import LANGUAGES
from deedbook.site.pages import FOLDER
from deedbook.site.stories import read_records, story_pages
from deedbook.site.writer import Writer, writing

STYLES = ("base", "explorer", "story", "picture")
"""The style sheets of the parts, in the order in which they make up `site.css`."""
MARK = "assets/site.css"
"""Written first: a folder that has it is one of ours, and what else is in it may be removed."""
_ASSETS = Path(__file__).parent / "assets"
Pages = Iterator[tuple[str, bytes]]
"""Files of the site: the address below its folder, and the content."""


@dataclass(frozen=True, slots=True)
class Built:
    """What was written.

    Attributes:
        folder: That of the pages.
        pages: All files that there are.
        written: Those of them that were not there, or not like that.
        removed: Files that belonged to the site before and do no more.
        damaged: What is wrong with releases of which no pages were made.
    """

    folder: Path
    pages: int
    written: int
    removed: int
    damaged: tuple[str, ...] = ()


def build_site(root: Path, out: Path | None = None, progress: Progress = lambda _what, _share: None) -> Built:
    """Writes the pages of a catalogue into `ROOT/site/`, or with all that they lead to into `OUT`.

    Raises:
        ProjectError: when there is no catalogue.
        UsageError: when the place is taken by something else.
        RefusalError: when another process writes there.
        SpaceError: when the disk is full.
    """
    if out is None or out.resolve() == root.resolve():
        return write_site(root, root / FOLDER, progress)
    catalogue = read_root(root)
    if out.is_dir() and any(out.iterdir()) and not (out / CATALOG).is_file():
        raise UsageError(f"{out}: there is something else in it", "name a new folder")
    out.mkdir(parents=True, exist_ok=True)
    _copy(catalogue, root, out, progress)
    return write_site(out, out / FOLDER, progress)


def _copy(catalogue: Catalogue, root: Path, out: Path, progress: Progress) -> None:
    """Gives the files of a catalogue, without its pages, a second place."""
    places = [entry.path for one in catalogue.datasets.values() for entry in one.versions]
    names = [path for place in places for path in sorted((root / place).glob("*")) if path.is_file()]
    for number, path in enumerate(names):
        progress("copying releases", number / len(names))
        _link(path, out / path.relative_to(root))
    for name in (*DOCUMENTS, *(name for dataset in catalogue.datasets for name in pages_of(dataset))):
        if (root / name).is_file():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            files.replace(out / name, (root / name).read_bytes())


def write_site(root: Path, folder: Path, progress: Progress = lambda _what, _share: None) -> Built:
    """Writes the pages of a catalogue into a folder; errors are those of `build_site`."""
    catalogue = read_root(root)
    is_ours = (folder / MARK).is_file() or not folder.is_dir() or not any(folder.iterdir())
    if FOLDER in catalogue.datasets or not is_ours:
        why = "a dataset has that name" if FOLDER in catalogue.datasets else "there is something else in it"
        raise UsageError(f"{folder} cannot take the pages: {why}", "write a copy elsewhere: `deedbook site -o FOLDER`")
    with (
        files.locked(folder.with_name(f".{folder.name}.lock"), who="site"),
        files.explained_disk(f"{folder} stays as it was"),
        writing(folder) as writer,
    ):
        shelves = read_site(root, progress)
        made = read_made(folder)
        for number, shelf in enumerate(shelves):
            progress("writing pages", number / len(shelves))
            made[shelf.name] = _write_shelf(writer, catalogue, shelf, made.get(shelf.name))
        known = {shelf.name: made[shelf.name] for shelf in shelves}
        for address, content in chain(assets(), home_pages(catalogue, shelves), [(RECORD, made_json(known))]):
            writer.put(address, content)
    damaged = tuple(f"{one.name} {bad.entry.version}: {bad.problem}" for one in shelves for bad in one.damaged)
    return Built(folder, writer.written + writer.kept, writer.written, writer.removed, damaged)


def _write_shelf(writer: Writer, catalogue: Catalogue, shelf: Shelf, before: Made | None) -> Made:
    """Writes the pages of a dataset, or leaves them as they are where they would be the same."""
    inputs = inputs_of(catalogue, shelf)
    if before and before.inputs == inputs:
        present = writer.present([f"data/{slug(shelf.name)}", *(f"{lang}/{slug(shelf.name)}" for lang in LANGUAGES)])
        if pages_digest(present) == before.pages:
            writer.keep(present)
            return before
    found = {}
    for address, content in _pages(catalogue, shelf):
        writer.put(address, content)
        found[address] = hashlib.sha256(content).hexdigest()
    return Made(inputs, pages_digest(found))


def _pages(catalogue: Catalogue, shelf: Shelf) -> Pages:
    """Every file of a dataset, all of them in folders of its name, those that lead to others last."""
    summaries = summaries_of(shelf)
    for edition in shelf.editions:
        yield from explorer_pages(catalogue, shelf, edition)
        yield from book_pages(catalogue, shelf, edition, summaries)
        yield from difference_pages(catalogue, shelf, edition)
        yield from release_pages(catalogue, shelf, edition)
    if records := read_records(shelf):
        for lang in LANGUAGES:
            yield from story_pages(catalogue, records, lang)
    for damaged in shelf.damaged:
        yield from damaged_pages(catalogue, shelf, damaged)


def assets() -> Pages:
    """The style sheet, the bundle, and the licences of what is in it and in the maps."""
    parts = [_ASSETS / f"{name}.css" for name in STYLES]
    yield MARK, b"".join(one.read_bytes() for one in parts)
    yield "assets/deedbook.js", (_ASSETS / "deedbook.js").read_bytes()
    licences = [folder / "LICENSES.txt" for folder in (_ASSETS, _ASSETS.parent / "pictures")]
    yield "assets/LICENSES.txt", b"\n".join(one.read_bytes() for one in licences)


def _link(source: Path, target: Path) -> None:
    """Gives a file of a release a second place: the same file where the disk can, else a copy."""
    if target.is_file() and (target.samefile(source) or sha256_of(target) == sha256_of(source)):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.unlink(missing_ok=True)
        target.hardlink_to(source)
    except OSError:
        with files.replacement(target) as file, source.open("rb") as content:
            shutil.copyfileobj(content, file, 1 << 20)
