"""Text with styles, so that a report can be written to a pipe without importing what draws on terminals."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Styled:
    """Pieces of text in order, each with the name of a style, or none."""

    pieces: list[tuple[str, str]] = field(default_factory=list)

    def append(self, text: str | Styled, style: str = "") -> Styled:
        """The same text, longer."""
        self.pieces += text.pieces if isinstance(text, Styled) else [(text, style)]
        return self

    @property
    def plain(self) -> str:
        """The text without its styles."""
        return "".join(text for text, _ in self.pieces)


def styled(text: str = "", style: str = "") -> Styled:
    """A text in one style."""
    return Styled([(text, style)] if text else [])
