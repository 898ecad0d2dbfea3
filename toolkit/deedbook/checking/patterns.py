"""Patterns with Python's meaning, at the speed of polars' regex engine where both agree.

A pattern always has to match the whole value. `rust_pattern` rewrites the part of Python's syntax whose matches are
a subset in both engines; what it rejects is only slower, never judged differently.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from deedbook.errors import ProjectError

if TYPE_CHECKING:
    import regex

TIME_LIMIT = 1.0
"""Seconds that one value may take in a pattern that backtracks."""

_ONLY_REGEX = re.compile(r"\\N\{|\\[pP]\{|\\.|\[:|\{(?![0-9,])", re.DOTALL)
_AS_IN_RE = {"[:": r"[\:", "{": r"\{"}
"""What only the regex module takes for a POSIX class or a fuzzy match."""

_ASCII_CATEGORIES = {"CATEGORY_DIGIT": "0-9", "CATEGORY_WORD": "A-Za-z0-9_", "CATEGORY_SPACE": r" \t\n\r\x0b\x0c"}


class UnsupportedPatternError(Exception):
    """A pattern of XML Schema that Python's engines cannot run."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: str, where: str) -> regex.Pattern[str]:
    """The pattern for whole values.

    Raises:
        ProjectError: when it is no regular expression.
        UnsupportedPatternError: when it is one in the syntax of XML Schema only.
    """
    import regex  # takes a while, and most tables have no pattern

    try:
        if not re.search(r"\\[pP]\{", pattern):  # Unicode properties, which Python's own engine lacks
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of a `[[` in a set
                re.compile(pattern)
        return regex.compile(_ONLY_REGEX.sub(lambda match: _AS_IN_RE.get(match[0], match[0]), pattern), regex.V0)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        if re.search(r"\\[icIC]", pattern):
            raise UnsupportedPatternError(f"only XML Schema has `\\i` and `\\c`: {error}") from None
        raise ProjectError(f"{where}: the pattern {pattern!r} is no regular expression: {error}") from None


def rust_pattern(pattern: str) -> str | None:
    r"""A pattern for polars that matches only whole values that Python's `fullmatch` matches too; None when unsure."""
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]  # the parse tree has no public door
        if parsed.state.flags & ~re.UNICODE.value:
            return None
        pattern = rf"\A(?:{_sequence(list(parsed), edges=True)})\z"
        pl.Series([""]).str.contains(pattern)  # Rust refuses surrogates, and what becomes too large
    except (_UnsureError, re.error, RecursionError, pl.exceptions.PolarsError):
        return None
    return pattern


class _UnsureError(Exception):
    """Part of a pattern may mean different things in the two engines."""


def _sequence(nodes: list[Any], *, edges: bool = False) -> str:
    """A run of nodes; `^` and `$` at the outer edges say nothing new about a whole value."""
    if edges:
        if nodes and str(nodes[0][0]) == "AT" and str(nodes[0][1]) in {"AT_BEGINNING", "AT_BEGINNING_STRING"}:
            nodes = nodes[1:]
        if nodes and str(nodes[-1][0]) == "AT" and str(nodes[-1][1]) in {"AT_END", "AT_END_STRING"}:
            nodes = nodes[:-1]
    return "".join(_node(str(operation), argument) for operation, argument in nodes)


def _node(operation: str, argument: Any) -> str:
    match operation:
        case "LITERAL":
            return _class_char(argument)
        case "NOT_LITERAL":
            return f"[^{_class_char(argument)}]"
        case "ANY":
            return r"[^\n]"
        case "IN":
            return _class(argument)
        case "BRANCH":
            return "(?:" + "|".join(_sequence(list(branch)) for branch in argument[1]) + ")"
        case "SUBPATTERN":
            _group, added, removed, inner = argument
            if added or removed:
                raise _UnsureError
            return f"(?:{_sequence(list(inner))})"
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, high, inner = argument
            bound = "" if str(high) == "MAXREPEAT" else str(high)
            if low > 1000 or (bound and int(bound) > 1000):
                raise _UnsureError
            return f"(?:{_sequence(list(inner))}){{{low},{bound}}}"
    raise _UnsureError


def _class(members: list[Any]) -> str:
    """A character class; categories become their ASCII part, which a negated class cannot use."""
    negated = bool(members) and str(members[0][0]) == "NEGATE"
    parts = []
    for operation, argument in members[1:] if negated else members:
        match str(operation):
            case "LITERAL":
                parts.append(_class_char(argument))
            case "RANGE":
                parts.append(f"{_class_char(argument[0])}-{_class_char(argument[1])}")
            case "CATEGORY" if not negated and str(argument) in _ASCII_CATEGORIES:
                parts.append(_ASCII_CATEGORIES[str(argument)])
            case _:
                raise _UnsureError
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _class_char(code: int) -> str:
    return rf"\x{{{code:x}}}"
