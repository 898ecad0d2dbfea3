"""Text that came from data, made safe: visible on a terminal, and inert in Markdown with HTML in it, such as a job summary or a comment.

A backslash does not do in Markdown: it has no meaning inside an HTML block, and a mention is looked for in the finished page. A
character reference is never structure in Markdown and never a tag in HTML.
"""

import re
import unicodedata

LONGEST = 400
"""Characters of a value or message that are shown."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"})
_REFERENCES = {ord(sign): f"&#{ord(sign)};" for sign in "\\`*_{}[]<>|#~@&!:$"}
_MENTION = re.compile(r"(&#(?:64|35);)(?=\w)")
_ADDRESS = re.compile(r"\b(www)\.", re.IGNORECASE)
_WORD_JOINER = "&#8288;"
"""Stands invisibly between the sign and the name, so that nobody is notified and no thread is linked."""


def visible(text: str, longest: int = LONGEST) -> str:
    r"""The text with every character that a terminal would obey or hide written as an escape, cut to `longest`.

    That is control characters, bidirectional marks, zero-width characters, line separators and every space but the plain
    one: `\x1b[2J` clears nothing, and a no-break space can be told from a space.
    """
    if len(text) > longest:
        return f"{_escaped(text[:longest])}... ({len(text):,} characters)"
    return _escaped(text)


def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    hidden = {it for it in set(text) if it != " " and unicodedata.category(it) in _HIDDEN}
    return text.translate({ord(it): it.encode("unicode_escape").decode("ascii") for it in hidden})


def plain(text: str, longest: int = 400) -> str:
    """The text on one line, in which nothing is Markdown, HTML, an address that becomes a link, or a mention."""
    return _MENTION.sub(rf"\1{_WORD_JOINER}", _inert(text, longest))


def code(text: str, longest: int = 80) -> str:
    """A cell as it stands in the data, as code: copied from the page it is the same text."""
    return f"<code>{_inert(text, longest)}</code>"


def _inert(text: str, longest: int) -> str:
    return _ADDRESS.sub(r"\1&#46;", visible(text, longest).translate(_REFERENCES))
