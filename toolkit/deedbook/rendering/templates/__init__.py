"""The templates of views of reports, changes and plans, and the filters that make texts of data harmless in them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from deedbook.changes.records import KEY
from deedbook.rendering.escapes import code, plain, visible
from deedbook.rendering.lines import sentence

if TYPE_CHECKING:
    import polars as pl
    from jinja2 import Template

_LONGEST, _LONGEST_CELL = 600, 80


@cache
def template(name: str) -> Template:
    """A template; what is put into HTML is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # the text needs none

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding="utf-8"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), disabled_extensions=("md.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cell": lambda text: code(text, _LONGEST_CELL) if text else "",
        "md": lambda text, longest=_LONGEST_CELL: plain(text, longest),
        "number": "{:,}".format,
        "quoted": lambda text: quoteattr(visible(text)),
        "rest": lambda left: f" and {left:,} more" if left > 0 else "",
        "rows": _rows,
        "sentence": sentence,
        "text": plain,
        "xml": escape,
        "visible": lambda text: visible(str(text), _LONGEST),
    }
    return environment.get_template(name)


def _rows(frame: pl.DataFrame, key: tuple[str, ...]) -> list[str]:
    """Rows by their keys, or as they stand where there is no key."""
    return list(frame.get_column(KEY)) if key else [",".join(row) for row in frame.drop(KEY).fill_null("").iter_rows()]
