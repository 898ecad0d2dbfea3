"""What a descriptor says of a file as a whole: its hash, its size, its number of rows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from deedbook.checking.header import FileProblem
from deedbook.descriptor import Resource
from deedbook.reading.source import READ_SIZE

_HINT = "the file is not the one that was described: get it again, or correct the descriptor"


@dataclass(slots=True)
class Declared:
    """What was checked of a file as a whole, what of it is wrong, and what could not be checked, with the reason."""

    problems: list[FileProblem] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: list[tuple[str, str]] = field(default_factory=list)


def check_declared(resource: Resource, rows: int | None) -> Declared:
    """What of `hash`, `bytes` and `rows` the files fulfil.

    Args:
        resource: Its files and what is said of them.
        rows: The rows that were read; None when the resource is no table.
    """
    found = Declared()
    missing = [file for file in resource.files if not file.is_file()]
    if rows is None:
        found.problems += [
            FileProblem("scheme-error", f"the file {file.name} does not exist", "create it, or correct `path`")
            for file in missing
        ]
    names = [name for name in ("hash", "bytes") if resource.raw.get(name) not in {None, ""}]
    if not resource.files or missing:
        found.not_checked += [(name, "there is no file to compare with") for name in names]
    else:
        for name in names:
            (_check_hash if name == "hash" else _check_bytes)(resource, found)
    declared = resource.raw.get("rows")
    if isinstance(declared, int) and rows is not None:
        found.checked.append("rows")
        if declared != rows:
            message = f"there are {rows:,} rows, the descriptor says {declared:,}"
            found.problems.append(FileProblem("row-count", message, _HINT))
    return found


def _check_hash(resource: Resource, found: Declared) -> None:
    algorithm, _, expected = resource.hash.rpartition(":")
    try:
        digest = hashlib.new(algorithm or "md5", usedforsecurity=False)
        actual = digest.hexdigest()
    except (ValueError, TypeError):  # the second for one whose digest has no length of its own
        found.not_checked.append(("hash", f"the algorithm {algorithm!r} is not known"))
        return
    for file in resource.files:
        with file.open("rb") as stream:
            while data := stream.read(READ_SIZE):
                digest.update(data)
    actual = digest.hexdigest()
    found.checked.append("hash")
    if actual != expected.lower():
        message = f"the hash is {actual}, the descriptor says {resource.hash}"
        found.problems.append(FileProblem("hash-count", message, _HINT))


def _check_bytes(resource: Resource, found: Declared) -> None:
    if resource.bytes is None:
        found.not_checked.append(("bytes", f"{resource.raw['bytes']!r} is no whole number"))
        return
    size = sum(file.stat().st_size for file in resource.files)
    found.checked.append("bytes")
    if size != resource.bytes:
        message = f"the size is {size:,} bytes, the descriptor says {resource.bytes:,}"
        found.problems.append(FileProblem("byte-count", message, _HINT))
