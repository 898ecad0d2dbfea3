"""`load.py`, `load.R`, `load.do`, `load.sql`: short programs that check the hashes and load every table as what it is.

The hashes are written into them, so that a copy that somebody keeps proves the files of any folder, server or mirror: the ones for
Python, R and Stata take such a base. The one for Python has the hash of `datapackage.json`, which has those of the tables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deedbook.integrity.digests import DigestOf, sha256_of
from deedbook.release.edition import Edition
from deedbook.release.pages import render
from deedbook.release.tables import Outline

_NEEDED = {"load.py": "", "load.sql": ".parquet", "load.R": ".rds", "load.do": ".dta"}
"""Which format a program loads; the one for Python loads the CSV."""


def loader_names(formats: Sequence[str]) -> tuple[str, ...]:
    """The programs that a release with these formats has."""
    kinds = {"": True, ".parquet": "parquet" in formats, ".rds": "rds" in formats, ".dta": "stata" in formats}
    return tuple(name for name, suffix in _NEEDED.items() if kinds[suffix])


def loaders(
    edition: Edition,
    outlines: Sequence[Outline],
    folder: Path,
    names: Sequence[str],
    descriptor: str,
    digest: DigestOf = sha256_of,
) -> Mapping[str, str]:
    """The programs by name.

    Args:
        edition: The release.
        outlines: Its tables.
        folder: Where its data files stand.
        names: Those that are wanted.
        descriptor: The content of `datapackage.json`.
        digest: Tells the sha256 of a data file.
    """
    described = hashlib.sha256(descriptor.encode()).hexdigest()
    return {
        name: render(f"{name}.j2", descriptor=described, **_values(edition, outlines, folder, _NEEDED[name], digest))
        for name in names
    }


def _values(
    edition: Edition, outlines: Sequence[Outline], folder: Path, suffix: str, digest: DigestOf
) -> dict[str, Any]:
    files = [(outline, folder / f"{outline.name}{suffix or '.csv'}") for outline in outlines]
    return {
        "edition": edition,
        "tables": [
            {
                "outline": outline,
                "file": file.name,
                "sha256": digest(file),
                "frame": "".join(letter if letter.isalnum() else "_" for letter in outline.name)[:32],
            }
            for outline, file in files
            if file.is_file()
        ],
    }
