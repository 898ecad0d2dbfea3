"""What a release may not repeat, since it was withdrawn or corrected to protect people.

A reason `privacy` in `corrections.csv` hides the old content: of the whole row where a row was withdrawn, of one field where a cell
was corrected, of all that an earlier version had there. Keys, versions, reasons and new values stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from deedbook.versioning.corrections import ALL, Correction
from deedbook.versioning.numbers import SEMVER, read_version

PRIVACY = "privacy"


def is_private(row: Correction) -> bool:
    """Whether the row says that something went to protect people."""
    return row.reason.strip() == PRIVACY


def private_tables(given: Iterable[Correction]) -> frozenset[str]:
    """The tables of which this version may not tell the old rows."""
    return frozenset(row.table for row in given if is_private(row))


def without_private(rows: Sequence[Correction]) -> list[Correction]:
    """The rows of `corrections.csv` as a release shows them, each in its place."""
    private = [row for row in rows if is_private(row)]
    return [_shown(row, private) for row in rows]


def _shown(row: Correction, private: Sequence[Correction]) -> Correction:
    if any(_tells_before(row, item) for item in private):
        # `new` of a withdrawn row is a key, never content
        return replace(row, old="", new=row.new if row.field == "" else "")
    return replace(row, old="") if is_private(row) else row


def _tells_before(row: Correction, private: Correction) -> bool:
    """Whether the row shows what the private one took away: the same place in an earlier version."""
    is_place = row.table == private.table and private.key in {ALL, row.key} and private.field in {"", row.field}
    return is_place and _is_before(row, private)


def _is_before(row: Correction, other: Correction) -> bool:
    if row.version == other.version:
        return row.field != "" and other.field == "" and other.key != ALL
    if not SEMVER.fullmatch(row.version):
        return False  # of a version that is still open
    return not SEMVER.fullmatch(other.version) or read_version(row.version) < read_version(other.version)
