"""How the files of a site are written: all of them into a folder beside it, which then takes its place in one step.

    .NAME.new    beside the folder NAME; a file that stays as it was is a link to the old one, with its time; what a killed build left
                 is removed by the next one

A reader, a kill and a full disk see the whole old site or the whole new one. The disk is waited for once, not file by file: a site has
tens of thousands. Where nothing differs, nothing is touched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deedbook import files
from deedbook.integrity.digests import sha256_of


@dataclass(slots=True)
class Writer:
    """The files of a site, being written.

    Attributes:
        folder: The place of the site.
        staged: Where it is being written.
        written: How many files were not there, or not like that.
        kept: How many stand there as they must be.
        removed: How many belong to it no more.
    """

    folder: Path
    staged: Path
    written: int = 0
    kept: int = 0
    removed: int = 0

    def put(self, address: str, content: bytes) -> None:
        """Gives a file its content."""
        old, new = self.folder / address, self.staged / address
        new.parent.mkdir(parents=True, exist_ok=True)
        if old.is_file() and old.stat().st_size == len(content) and old.read_bytes() == content:
            self.kept += 1
            _keep(old, new)
        else:
            self.written += 1
            new.write_bytes(content)

    def present(self, folders: Iterable[str]) -> dict[str, str]:
        """The digests of the files that stand in folders of the site, by address."""
        paths = (path for folder in folders for path in _files(self.folder / folder))
        return {path.relative_to(self.folder).as_posix(): sha256_of(path) for path in paths}

    def keep(self, addresses: Iterable[str]) -> None:
        """Leaves files as they stand there."""
        for address in addresses:
            new = self.staged / address
            new.parent.mkdir(parents=True, exist_ok=True)
            self.kept += 1
            _keep(self.folder / address, new)

    def install(self) -> None:
        """Puts what was written in the place of the site; where that has it already, nothing happens."""
        present = sum(not path.is_dir() or path.is_symlink() for path in self.folder.rglob("*"))
        self.removed = present - sum(
            (self.folder / path.relative_to(self.staged)).is_file() for path in _files(self.staged)
        )
        if not (self.written or self.removed):
            return
        if hasattr(os, "sync"):
            os.sync()
        if not self.folder.is_dir() or not any(self.folder.iterdir()):
            shutil.rmtree(self.folder, ignore_errors=True)
            files.rename(self.staged, self.folder)
        elif not files.exchange(self.staged, self.folder):
            retired = self.staged.with_suffix(".old")
            shutil.rmtree(retired, ignore_errors=True)
            files.rename(self.folder, retired)
            files.rename(self.staged, self.folder)
            shutil.rmtree(retired)


@contextmanager
def writing(folder: Path) -> Iterator[Writer]:
    """A writer of the site in a folder, which has what was put at the end of the block, or stays as it was when that raises."""
    staged = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        writer = Writer(folder, staged)
        yield writer
        writer.install()
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _keep(old: Path, new: Path) -> None:
    try:
        new.hardlink_to(old)
    except OSError:  # a disk without links
        shutil.copy2(old, new)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
