"""The templates of the release's documents, the filters that keep data from becoming markup in them, and small graphics.

A graphic is SVG in the page's own colours (a bar, a share, a histogram, each saying in words what it shows), or text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from deedbook.release.statistics import Bin

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~])")
_WIDTH = 320
_HEIGHT = 64
_BLOCKS = "·▁▂▃▄▅▆▇█"


def render(template: str, **values: object) -> str:
    """A document from its template; HTML is escaped unless the template says that it is markup."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
        autoescape=select_autoescape(
            enabled_extensions=("html.j2",), disabled_extensions=("md.j2", "py.j2", "R.j2", "do.j2", "sql.j2", "css")
        ),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "anchor": anchor,
        "bar": bar,
        "blocks": blocks,
        "code": markdown_code,
        "fill": fill,
        "groupby_order": grouped_by,
        "histogram": histogram,
        "literal": lambda text: json.dumps(text, ensure_ascii=False),
        "md": markdown_text,
        "number": grouped,
        "share": share,
        "size": size,
        "sql": sql_text,
        "sql_name": sql_name,
    }
    return environment


def markdown_text(text: object) -> str:
    """A text that Markdown shows as it is, on one line, also inside a table."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def markdown_code(text: object) -> str:
    """A text as inline code, also inside a table."""
    plain = " ".join(str(text).split()).replace("|", "\\|")
    fence = "``" if "`" in plain else "`"
    space = " " if fence == "``" else ""
    return f"{fence}{space}{plain}{space}{fence}" if plain else ""


def sql_text(text: object) -> str:
    """A text inside the quotes of an SQL literal."""
    return str(text).replace("'", "''")


def sql_name(name: object) -> str:
    """A name as an SQL identifier."""
    return '"' + str(name).replace('"', '""') + '"'


def anchor(name: object) -> str:
    """A name as the id of an element: without white space."""
    return "_".join(str(name).split())


def grouped_by(entries: Iterable[object], attribute: str) -> list[tuple[object, list[object]]]:
    """The entries by one of their attributes, the groups in the order of their first entries."""
    found: dict[object, list[object]] = {}
    for entry in entries:
        found.setdefault(getattr(entry, attribute), []).append(entry)
    return list(found.items())


def grouped(number: int) -> str:
    """A whole number with thousands apart: `1,048,576`."""
    return f"{number:,}"


def size(number: int) -> str:
    """A number of bytes in a unit that people read: `3.2 MB`, of a million bytes each."""
    if number < 1000:
        return f"{number} B"
    for unit, scale in (("GB", 10**9), ("MB", 10**6)):
        if number >= scale:
            return f"{number / scale:.1f} {unit}"
    return f"{number / 1000:.1f} kB"


def share(part: int, whole: int) -> str:
    """A share in percent, never rounded to 0 % or 100 % unless it is that."""
    if not whole or part == 0:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if 99.9 < percent < 100 else f"{percent:.1f} %".replace(".0 %", " %")


def bar(count: int, most: int) -> Markup:
    """A horizontal bar, as long as `count` is of `most`; the number beside it says how many."""
    length = _length(count, most, 120)
    return Markup(  # noqa: S704  # numbers only
        f'<svg class="bar" width="120" height="10" viewBox="0 0 120 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="120" height="10" rx="2"/><rect class="value" width="{length}" height="10" rx="2"/></svg>'
    )


def fill(missing: int, rows: int) -> Markup:
    """How much of a column is filled, as a thin bar."""
    filled = _length(rows - missing, rows, 64)
    return Markup(  # noqa: S704  # numbers only
        f'<svg class="fill" width="64" height="6" viewBox="0 0 64 6" aria-hidden="true">'
        f'<rect class="track" width="64" height="6" rx="3"/><rect class="value" width="{filled}" height="6" rx="3"/></svg>'
    )


def histogram(bins: Sequence[Bin], unit: str = "") -> Markup:
    """A histogram with a title per column; the unit is that of its intervals."""
    most = max((entry.count for entry in bins), default=0)
    width = _WIDTH / max(len(bins), 1)
    columns = []
    for position, entry in enumerate(bins):
        height = _length(entry.count, most, _HEIGHT)
        span = entry.low if entry.low == entry.high else f"{entry.low} to {entry.high}"
        title = escape(f"{span}{unit and f' {unit}'}: {entry.count:,}")
        columns.append(
            f'<rect class="value" x="{position * width:.2f}" y="{_HEIGHT - float(height):.2f}" '
            f'width="{max(width - 1.5, 0.5):.2f}" height="{height}" rx="1"><title>{title}</title></rect>'
        )
    label = escape(
        f"Histogram from {bins[0].low} to {bins[-1].high}{unit and f' {unit}'}, at most {most:,} in one of {len(bins)} intervals"
    )
    return Markup(  # noqa: S704  # its texts are escaped above
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}" '
        f'preserveAspectRatio="none">{"".join(columns)}</svg>'
    )


def blocks(bins: Sequence[Bin]) -> str:
    """A histogram in one line of plain text: a block per interval, a dot for an empty one."""
    most = max((entry.count for entry in bins), default=0)
    return "".join(_BLOCKS[-(-entry.count * (len(_BLOCKS) - 1) // most)] if most else _BLOCKS[0] for entry in bins)


def _length(part: int, whole: int, size: int) -> str:
    """A length in units; what is not zero stays visible."""
    if not whole or not part:
        return "0"
    return f"{max(size * part / whole, 1.5):.2f}"
