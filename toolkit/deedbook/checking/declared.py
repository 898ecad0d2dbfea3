"""What a descriptor says of a file as a whole: its hash, its size, its number of rows."""

from __future__ import annotations

from collections.abc import Iterator

from deedbook.checking.header import FileProblem
from deedbook.descriptor import Resource
from deedbook.reading.source import READ_SIZE

_HINT = "the file is not the one that was described: get it again, or correct the descriptor"


def check_declared(resource: Resource, rows: int) -> Iterator[FileProblem]:
    """What of `hash`, `bytes` and `rows` the files do not fulfil."""
    if not resource.files or not all(file.is_file() for file in resource.files):
        return
    if resource.hash:
        algorithm, _, expected = resource.hash.rpartition(":")
        actual = _digest(resource, algorithm or "md5")
        if actual != expected.lower():
            yield FileProblem("hash-count", f"the hash is {actual}, the descriptor says {resource.hash}", _HINT)
    if resource.bytes is not None:
        size = sum(file.stat().st_size for file in resource.files)
        if size != resource.bytes:
            yield FileProblem(
                "byte-count", f"the size is {size:,} bytes, the descriptor says {resource.bytes:,}", _HINT
            )
    declared = resource.raw.get("rows")
    if isinstance(declared, int) and declared != rows:
        yield FileProblem("row-count", f"there are {rows:,} rows, the descriptor says {declared:,}", _HINT)


def _digest(resource: Resource, algorithm: str) -> str:
    """The digest of the files in order; a sentence in its place when the algorithm is not known."""
    import hashlib

    try:
        digest = hashlib.new(algorithm, usedforsecurity=False)
    except ValueError:
        return f"unknown ({algorithm!r} is no hash algorithm)"
    for file in resource.files:
        with file.open("rb") as stream:
            while data := stream.read(READ_SIZE):
                digest.update(data)
    return digest.hexdigest()
