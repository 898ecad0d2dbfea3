"""Lines of text with styles: plain for a pipe, coloured and wrapped for a terminal.

A report is written to a pipe without importing what draws on terminals, which takes as long as checking a small table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

from deedbook.findings import Finding
from deedbook.rendering.escapes import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from deedbook.rendering import View

_UNBOUNDED = 1_000_000
"""Columns of a console that wraps nothing by itself."""
_NARROWEST = 30
"""Columns that are left for the text, however narrow the terminal is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said: parts of a text, each with the name of a style, or none.

    Attributes:
        indent: Columns before it; further lines of it are `hang` columns in.
    """

    parts: Sequence[tuple[str, str]] = ()
    indent: int = 0
    hang: int = 0

    @property
    def plain(self) -> str:
        """The text without its styles."""
        return "".join(text for text, _ in self.parts)


def sentence(item: Finding) -> str:
    """Where, what stands there, what is wrong with it and what to do."""
    parts = [f"row {item.row}"] if item.row is not None else []
    parts += [visible(item.key, 80)] if item.key and item.key != item.value else []
    message = visible(item.message)
    if item.value is not None and visible(item.value) not in message:
        parts.append(f'"{visible(item.value, 80)}"')
    said = f"{' '.join(parts)}: {message}" if parts else message
    return f"{said} ({visible(item.hint)})" if item.hint else said


def draw(lines: Iterable[Line], view: View) -> str:
    """The lines as text for that view, each with a line end."""
    if view.width is None and not view.color:
        return "".join(f"{' ' * line.indent}{line.plain}".rstrip() + "\n" for line in lines)
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    system: Literal["standard"] | None = "standard" if view.color else None
    plain: dict[str, Any] = dict.fromkeys(("legacy_windows", "highlight", "markup", "emoji"), False)
    console = Console(file=out, width=_UNBOUNDED, color_system=system, force_terminal=view.color, **plain)
    parts = [
        Text.assemble(" " * (line.hang if number else line.indent), part)
        for line in lines
        for number, part in enumerate(_wrap(Text.assemble(*line.parts), line, view.width, console))
    ]
    console.print(Text("\n").join(parts), soft_wrap=True)  # at once: each print takes as long as wrapping a line
    return out.getvalue()


def _wrap(text: Text, line: Line, width: int | None, console: Console) -> list[Text]:
    """The text of a line cut to the width, the continuation shorter by the hanging indent."""
    if width is None or text.cell_len <= width - line.indent:
        return [text]
    first = text.wrap(console, max(_NARROWEST, width - line.indent))[0]
    first.rstrip()
    left = text[len(first.plain) :]
    left = left[len(left.plain) - len(left.plain.lstrip()) :]
    following = left.wrap(console, max(_NARROWEST, width - line.hang))
    for part in following:
        part.rstrip()
    return [first, *following] if left.plain else [first]
