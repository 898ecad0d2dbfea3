"""A file of a catalogue that is a folder; a link that leaves the folder is refused."""

from __future__ import annotations

from pathlib import Path
from typing import IO

from deedbook.errors import RefusalError, RemoteError
from deedbook.fetching.locations import Address
from deedbook.fetching.transport import Body, MissingError


def from_folder(address: Address, start: int) -> Body:
    """The file from byte `start`.

    Raises:
        MissingError: when there is none.
        RefusalError: when it lies outside the catalogue.
        RemoteError: when it cannot be read.
    """
    path = Path(address.text)
    try:
        if not path.resolve().is_relative_to(Path(address.root).resolve()):
            raise RefusalError(f"{path}: is a link that leaves the catalogue", "do not use this catalogue")
        if not path.is_file():
            raise MissingError(f"{path}: there is no such file", "check the address")
        file = path.open("rb")
        file.seek(start)
        return Body(start, path.stat().st_size, "", _FileStream(file, address))
    except OSError as error:
        raise RemoteError(f"{path}: cannot be read: {error.strerror}", "check its permissions") from None


class _FileStream:
    """An open file."""

    def __init__(self, file: IO[bytes], address: Address) -> None:
        self._file = file
        self._address = address

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise RemoteError(f"{self._address.text}: cannot be read: {error.strerror}") from None

    def close(self) -> None:
        self._file.close()
