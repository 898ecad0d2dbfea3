"""What datasets, tables and files may be called: one rule for whoever writes a release and whoever takes one.

A published name cannot be changed any more, and a release is unpacked on every system. So names are such that all of them take: no
device of Windows, no two that differ in case or in composed letters only (macOS and Windows take them for one), nothing hidden,
nothing that a shell takes for an option, and short enough for 255 bytes with any ending that a release or a temporary file adds.
"""

import re
import unicodedata
from collections.abc import Iterable

LONGEST_FILE = 200
"""Characters of a file's name; with the temporary endings of ours and of browsers it stays below 255 bytes."""
LONGEST_NAME = 128
"""Characters of the name of a dataset or a table, so that `NAME-VERSION.bag` and `TABLE.diff.csv` are not too long for a file."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FORBIDDEN = frozenset('/\\:*?"<>|')
_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}
    | {f"{name}{digit}" for name in ("COM", "LPT") for digit in "0123456789¹²³"}
)


def name_problem(name: str) -> str:
    """Why a dataset, a table or a target cannot have this name, as the end of a sentence; empty when it can."""
    if not _NAME.fullmatch(name):
        return "has other characters than letters, digits, `.`, `_` and `-`, or does not begin with a letter or digit"
    if len(name) > LONGEST_NAME:
        return f"has more than {LONGEST_NAME} characters"
    return file_problem(name)


def table_problem(name: str) -> str:
    """Why a table cannot have this name in a release, as the end of a sentence; empty when it can."""
    if name.lower().startswith("sqlite_"):
        return "begins with `sqlite_`, which SQLite keeps for itself"
    return name_problem(name)


def file_problem(name: str) -> str:
    """Why no file of a release can have this name, as the end of a sentence; empty when one can."""
    if not 0 < len(name) <= LONGEST_FILE:
        return f"is empty or has more than {LONGEST_FILE} characters"
    if any(letter in _FORBIDDEN or not letter.isprintable() for letter in name):
        return "has a character that no file may have on every system"
    if name.startswith((".", "-", "~", " ")) or name.endswith((".", " ")):
        return "begins or ends with a character that some systems hide, cut off or take for an option"
    if name.split(".")[0].rstrip(" ").upper() in _DEVICES:
        return "is that of a device on Windows"
    return ""


def alike(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two different names that some file systems take for one; None when there are none."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()), name)
        if other != name:
            return other, name
    return None
