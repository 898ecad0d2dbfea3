"""Patterns with Python's meaning, at the speed of polars' regex engine where both agree.

A pattern always has to match the whole value. `rust_pattern` rewrites the part of Python's syntax whose matches are
a subset in both engines; what it rejects is only slower, never judged differently.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from deedbook.errors import ProjectError

if TYPE_CHECKING:
    import regex

TIME_LIMIT = 1.0
"""Seconds that one value may take in a pattern that backtracks."""

_TOKEN = re.compile(r"\\(?:[NpP]\{[^}]*\}|.)|\[\^?\]?|\{(?:[0-9]+,?[0-9]*|,[0-9]*)\}|.", re.DOTALL)
_TOKEN_IN_SET = re.compile(r"\\(?:[NpP]\{[^}]*\}|.)|.", re.DOTALL)
_WORD, _SPACE = r"\p{L}\p{N}_", r"\s\x1c-\x1f"
_AS_IN_RE = {
    r"\w": f"[{_WORD}]",
    r"\W": f"[^{_WORD}]",
    r"\s": f"[{_SPACE}]",
    r"\S": f"[^{_SPACE}]",
    r"\b": f"(?:(?<=[{_WORD}])(?![{_WORD}])|(?<![{_WORD}])(?=[{_WORD}]))",
    r"\B": f"(?:(?<=[{_WORD}])(?=[{_WORD}])|(?<![{_WORD}])(?![{_WORD}]))",
    "{": r"\{",
}
"""What the regex module takes for more or for less than Python's own engine does, or for a fuzzy match."""
_AS_IN_RE_IN_SET = {r"\w": _WORD, r"\s": _SPACE, "[": r"\["}
"""The same within a set, where a bracket would begin a POSIX class."""

_ASCII_CATEGORIES = {"CATEGORY_DIGIT": "0-9", "CATEGORY_WORD": "A-Za-z0-9_", "CATEGORY_SPACE": r" \t\n\r\x0b\x0c"}


_MOST_REPEATS = 1000
"""Repetitions that polars unrolls; of more it would make a program that is too large."""


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
        return regex.compile(_as_in_re(pattern), regex.V0)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        if re.search(r"\\[icIC]", pattern):
            raise UnsupportedPatternError(f"only XML Schema has `\\i` and `\\c`: {error}") from None
        raise ProjectError(f"{where}: the pattern {pattern!r} is no regular expression: {error}") from None


def _as_in_re(pattern: str) -> str:
    """The pattern so that the regex module reads it as Python's own engine does."""
    parts: list[str] = []
    is_ascii = re.search(r"\(\?[a-zA-Z]*a", pattern) is not None  # what a word is then says the flag
    at, is_in_set = 0, False
    while at < len(pattern):
        match = (_TOKEN_IN_SET if is_in_set else _TOKEN).match(pattern, at)
        part = match[0] if match else pattern[at:]
        at += len(part)
        known = _AS_IN_RE_IN_SET if is_in_set else _AS_IN_RE
        parts.append(part if is_ascii and part[0] == "\\" else known.get(part, part))
        is_in_set = part != "]" if is_in_set else part[0] == "["
    return "".join(parts)


def rust_pattern(pattern: str) -> str | None:
    r"""A pattern for polars that matches only whole values that Python's `fullmatch` matches too; None when unsure."""
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]  # the parse tree has no public door
        if parsed.state.flags & ~re.UNICODE.value:
            return None
        nodes = list(parsed)  # `^` and `$` at the outer edges say nothing new about a whole value
        nodes = nodes[1:] if nodes and _is_at(nodes[0], "AT_BEGINNING") else nodes
        nodes = nodes[:-1] if nodes and _is_at(nodes[-1], "AT_END") else nodes
        pattern = rf"\A(?:{_sequence(nodes)})\z"
        pl.Series([""]).str.contains(pattern)  # Rust refuses surrogates, and what becomes too large
    except (_UnsureError, re.error, RecursionError, pl.exceptions.PolarsError):
        return None
    return pattern


class _UnsureError(Exception):
    """Part of a pattern may mean different things in the two engines."""


def _is_at(node: tuple[Any, Any], place: str) -> bool:
    return str(node[0]) == "AT" and str(node[1]).startswith(place)


def _sequence(nodes: Iterable[Any]) -> str:
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
            return "(?:" + "|".join(map(_sequence, argument[1])) + ")"
        case "SUBPATTERN" if not any(argument[1:3]):  # flags that are added and removed
            return f"(?:{_sequence(argument[3])})"
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, high, inner = argument
            bound = str(high).replace("MAXREPEAT", "")
            if max(low, int(bound or 0)) <= _MOST_REPEATS:
                return f"(?:{_sequence(inner)}){{{low},{bound}}}"
    raise _UnsureError


def _class(members: list[Any]) -> str:
    """A character class; categories become their ASCII part, which a negated class cannot use."""
    negated = str(members[0][0]) == "NEGATE"
    parts = ["^"] if negated else []
    for operation, argument in members[negated:]:
        match str(operation):
            case "LITERAL":
                parts.append(_class_char(argument))
            case "RANGE":
                parts.append("-".join(map(_class_char, argument)))
            case "CATEGORY" if not negated and str(argument) in _ASCII_CATEGORIES:
                parts.append(_ASCII_CATEGORIES[str(argument)])
            case _:
                raise _UnsureError
    return f"[{''.join(parts)}]"


def _class_char(code: int) -> str:
    return rf"\x{{{code:x}}}"
