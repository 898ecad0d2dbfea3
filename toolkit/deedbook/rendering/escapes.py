"""Text that came from data, made safe and visible for a terminal."""

from __future__ import annotations

import unicodedata

LONGEST = 400
"""Characters of a value or message that are shown."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, longest: int = LONGEST) -> str:
    r"""The text with every character that a terminal would obey or hide written as an escape, cut to `longest`.

    That is control characters, bidirectional marks, zero-width characters, line separators and every space but the plain
    one: `\x1b[2J` clears nothing, and a no-break space can be told from a space.
    """
    if len(text) > longest:
        return f"{_escaped(text[:longest])}... ({len(text):,} characters)"
    return _escaped(text)


def _escaped(text: str) -> str:
    return text if text.isascii() and text.isprintable() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    category = unicodedata.category(character)
    if category not in _HIDDEN and (category != "Zs" or character == " "):
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
