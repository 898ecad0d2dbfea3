"""Small graphics: SVG in the page's own colours (a bar, a share, a histogram, each saying in words what it shows), or text."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from deedbook.release.statistics import Bin

_WIDTH = 320
_HEIGHT = 64
_BLOCKS = "·▁▂▃▄▅▆▇█"


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
