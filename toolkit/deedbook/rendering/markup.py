"""Text that came from data, made safe for Markdown with HTML in it, such as a job summary or a comment.

A backslash does not do: it has no meaning inside an HTML block, and a mention is looked for in the finished page. A character
reference is never structure in Markdown and never a tag in HTML.
"""

from __future__ import annotations

import re

from deedbook.rendering.escapes import visible

_REFERENCES = {ord(sign): f"&#{ord(sign)};" for sign in "\\`*_{}[]<>|#~@&!:$"}
_MENTION = re.compile(r"(&#(?:64|35);)(?=\w)")
_ADDRESS = re.compile(r"\b(www)\.", re.IGNORECASE)
_WORD_JOINER = "&#8288;"
"""Stands invisibly between the sign and the name, so that nobody is notified and no thread is linked."""


def plain(text: str, longest: int = 400) -> str:
    """The text on one line, in which nothing is Markdown, HTML, an address that becomes a link, or a mention."""
    return _MENTION.sub(rf"\1{_WORD_JOINER}", _inert(text, longest))


def code(text: str, longest: int = 80) -> str:
    """A cell as it stands in the data, as code: copied from the page it is the same text."""
    return f"<code>{_inert(text, longest)}</code>"


def table_row(*cells: str) -> str:
    """One line of a Markdown table, of cells that are safe already."""
    return f"| {' | '.join(cells)} |"


def _inert(text: str, longest: int) -> str:
    return _ADDRESS.sub(r"\1&#46;", visible(text, longest).translate(_REFERENCES))
