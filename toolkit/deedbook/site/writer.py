"""How the files of a site are written: only those whose bytes differ, the pages that lead to others last; what is left over goes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from deedbook import files

INDEX = "index.html"


@dataclass(slots=True)
class Writer:
    """The folder of a site, being written.

    Attributes:
        folder: Where.
        written: How many files were written because they were not there or differed.
        kept: How many stood there as they must be.
        removed: How many belong to it no more.
    """

    folder: Path
    written: int = 0
    kept: int = 0
    removed: int = 0
    _known: set[str] = field(default_factory=set)
    _last: dict[str, bytes] = field(default_factory=dict)

    def put(self, address: str, content: bytes) -> None:
        """Gives a file its content; index pages wait for `close`, so that none leads to a page that is not there yet."""
        self._known.add(address)
        if address.endswith(INDEX):
            self._last[address] = content
        else:
            self._write(address, content)

    def close(self) -> None:
        """Writes the index pages, the first one of the site last, and removes what belongs to it no more."""
        for address in sorted(self._last, key=lambda one: (-one.count("/"), one)):
            self._write(address, self._last[address])
        present = (path for path in self.folder.rglob("*") if not path.is_dir() or path.is_symlink())
        for path in _deepest_first(present):
            if path.relative_to(self.folder).as_posix() not in self._known:
                path.unlink()
                self.removed += 1
        for path in _deepest_first(one for one in self.folder.rglob("*") if one.is_dir()):
            if not any(path.iterdir()):
                path.rmdir()

    def _write(self, address: str, content: bytes) -> None:
        path = self.folder / address
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            self.kept += 1
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, content)
        self.written += 1


def _deepest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda one: (-len(one.parts), one))
