"""Patterns with Python's meaning, at the speed of polars' regex engine where both agree.

A pattern always has to match the whole value. `rust_pattern` rewrites the part of Python's syntax whose matches are
a subset in both engines; what it rejects is only slower, never judged differently.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from deedbook.errors import ProjectError

if TYPE_CHECKING:
    import regex

TIME_LIMIT = 1.0
"""Seconds that one value may take in a pattern that backtracks."""

_ESCAPE = r"\\(?:[NpP]\{[^}]*\}|.)"
_TOKEN = rf"(?P<open>\[\^?\]?)(?P<members>(?:{_ESCAPE}|[^\\\]])*)|{_ESCAPE}|\{{(?:[0-9]+,?[0-9]*|,[0-9]*)\}}|."
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

_ASCII = {r"\d": "0-9", r"\w": "A-Za-z0-9_", r"\s": r" \t\n\r\x0b\x0c"}
"""The part of a category that is the same in both engines."""
_ESCAPED = r"\\[^A-Za-z0-9]|\\[tnrfva]|\\x[0-9A-Fa-f]{2}"
_MEMBER = rf"(?:{_ESCAPED}|[^\\\]-])"
_MEMBERS = rf"{_MEMBER}(?:-{_MEMBER})?"
_PIECE = (
    rf"(?P<set>\[(?!\^)(?:-|-?(?:{_MEMBERS}|\\[dws])+-?)\]|\[\^(?:-|-?(?:{_MEMBERS})+-?)\])"  # [^\w] is more than ASCII
    rf"|(?P<char>{_ESCAPED}|[^\\^$.|?*+(){{}}\[])|(?P<category>\\[dws])|(?P<any>\.)|\||\((?:\?:|\?P<\w+>)?|\)"
    r"|(?:[*+?]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})\??(?![*+?{])"  # polars unrolls repetitions: many are too large a program
)
"""What a pattern is made of that means the same in both engines, or can be written so."""
_COMMON = re.compile(rf"(?:\^|\\A)?(?P<body>(?:{_PIECE})*)(?:\$|\\Z)?", re.DOTALL)


class UnenforceableError(Exception):
    """A constraint that nobody can enforce on the field, such as a pattern of XML Schema; the text says why."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: str, where: str) -> regex.Pattern[str]:
    """The pattern for whole values.

    Raises:
        ProjectError: when it is no regular expression.
        UnenforceableError: when it is one in the syntax of XML Schema only.
    """
    import regex  # takes a while, and most tables have no pattern

    try:
        if not re.search(r"\\[pP]\{", pattern):  # Unicode properties, which Python's own engine lacks
            with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of a `[[` in a set
                re.compile(pattern)
        return regex.compile(_as_in_re(pattern), regex.V0)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        if re.search(r"\\[icIC]", pattern):
            raise UnenforceableError(f"only XML Schema has `\\i` and `\\c`: {error}") from None
        raise ProjectError(f"{where}: the pattern {pattern!r} is no regular expression: {error}") from None


def _as_in_re(pattern: str) -> str:
    """The pattern so that the regex module reads it as Python's own engine does."""
    is_ascii = re.search(r"\(\?[a-zA-Z]*a", pattern) is not None  # what a word is then says the flag

    def known(part: str, words: Mapping[str, str]) -> str:
        return part if is_ascii and part[0] == "\\" else words.get(part, part)

    def in_re(token: re.Match[str]) -> str:
        if token["open"] is None:
            return known(token[0], _AS_IN_RE)
        members = re.findall(rf"{_ESCAPE}|.", token["members"], re.DOTALL)
        return token["open"] + "".join(known(part, _AS_IN_RE_IN_SET) for part in members)

    return re.sub(_TOKEN, in_re, pattern, flags=re.DOTALL)


@lru_cache(maxsize=256)
def rust_pattern(pattern: str) -> str | None:
    r"""A pattern for polars that matches only whole values that Python's `fullmatch` matches too; None when unsure."""
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            re.compile(pattern)
        if not (found := _COMMON.fullmatch(pattern)):
            return None
        pattern = rf"\A(?:{re.sub(_PIECE, _in_rust, found['body'], flags=re.DOTALL)})\z"
        pl.Series([""]).str.contains(pattern)  # Rust refuses surrogates, and what becomes too large
    except (re.error, RecursionError, OverflowError, pl.exceptions.PolarsError):
        return None
    return pattern


def _in_rust(piece: re.Match[str]) -> str:
    text = piece[0]
    match piece.lastgroup:
        case "set":
            start = 1 + text.startswith("[^")
            return text[:start] + re.sub(rf"\\[dws]|{_MEMBER}", _member, text[start:-1], flags=re.DOTALL) + "]"
        case "category":
            return f"[{_ASCII[text]}]"
        case "char":
            return _member(piece)
        case "any":
            return r"[^\n]"
    return text


def _member(found: re.Match[str]) -> str:
    """A character as Rust writes it, by its number where it may have a meaning of its own; a category of a set."""
    text = found[0]
    return _ASCII.get(text) or (text if re.fullmatch(r"\\\w+", text) else rf"\x{{{ord(text[-1]):x}}}")
