"""Version numbers (SemVer 2.0.0): read, compare, raise."""

import re
from typing import Literal, NamedTuple, Self

Level = Literal["none", "patch", "minor", "major"]
LEVELS: tuple[Level, ...] = ("none", "patch", "minor", "major")

SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)


class Version(NamedTuple):
    """A version that sorts by precedence: a pre-release comes before its release, build metadata does not count."""

    major: int
    minor: int
    patch: int
    stage: tuple[tuple[int, int, str], ...]

    @property
    def is_final(self) -> bool:
        """Whether it is no pre-release."""
        return self.stage == _FINAL

    @property
    def final(self) -> Self:
        """The version that a pre-release is a draft of; itself when it is final."""
        return self._replace(stage=_FINAL)


_FINAL = ((2, 0, ""),)


def read_version(text: str) -> Version:
    """The version that a text writes.

    Raises:
        ValueError: when it is not SemVer.
    """
    found = SEMVER.fullmatch(text)
    if found is None:
        raise ValueError(text)
    major, minor, patch = (int(part) for part in found.groups()[:3])
    if not found[4]:
        return Version(major, minor, patch, _FINAL)
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in found[4].split("."))
    return Version(major, minor, patch, parts)


def effective_level(level: Level, previous: str) -> Level:
    """The level by which the number rises: before 1.0.0, major becomes minor and minor becomes patch."""
    milder: dict[Level, Level] = {"major": "minor", "minor": "patch"}
    return level if read_version(previous).major else milder.get(level, level)


def counts_as(level: Level, previous: str) -> str:
    """That a level counts as a milder one before 1.0.0, in words; empty where it does not."""
    mild = effective_level(level, previous)
    return "" if mild == level else f", which before 1.0.0 count as {mild}"


def raised(previous: str, level: Level) -> str:
    """The lowest version that follows the previous one by such changes; a pre-release is followed by its release."""
    version, level = read_version(previous), effective_level(level, previous)
    if level == "none":
        return previous
    at, numbers = 3 - LEVELS.index(level), (version.major, version.minor, version.patch)
    rises = (*numbers[:at], numbers[at] + 1, *(0,) * (2 - at))
    return ".".join(map(str, rises if version.is_final else numbers))
