"""Medians, a Markdown table and a bar chart as SVG, without a plotting library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from benchmarks.processes import Measurement


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of one contestant; `failed` says why there is none that counts."""

    name: str
    runs: tuple[Measurement, ...] = ()
    failed: str = ""
    note: str = ""

    @property
    def wall(self) -> float:
        """Median wall time in seconds."""
        return median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """Median CPU time in seconds, of the whole tree."""
        return median(run.cpu for run in self.runs)

    @property
    def peak(self) -> int:
        """The largest memory of the whole tree, in bytes."""
        return max(run.peak for run in self.runs)


def paired_ratio(ours: Result, other: Result) -> float:
    """The median over the rounds of our wall time by the other's: the machine's moods cancel out.

    Of one that runs less often than ours, the median of ours by its own: which of our rounds was beside it says little.
    """
    if len(other.runs) < len(ours.runs):
        return ours.wall / other.wall
    return median(mine.wall / yours.wall for mine, yours in zip(ours.runs, other.runs, strict=False))


def markdown(results: Sequence[Result], ours: str) -> str:
    """A table with one line a contestant, and how many times our time each took."""
    own = next(result for result in results if result.name == ours)
    lines = [
        "| contestant | runs | wall s | CPU s | peak MB | our wall / its wall | its wall / ours | does |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for result in results:
        if not result.runs:
            lines.append(f"| {result.name} | 0 | | | | | | {result.failed} |")
            continue
        ratio = paired_ratio(own, result)
        name = f"**{result.name}**" if result is own else result.name
        lines.append(
            f"| {name} | {len(result.runs)} | {result.wall:.2f} | {result.cpu:.2f} | {result.peak / 1e6:.0f} "
            f"| {ratio:.2f} | {1 / ratio:.1f} | {result.note}{' ' + result.failed if result.failed else ''} |"
        )
    return "\n".join(lines)


def bar_chart(title: str, values: Mapping[str, float], unit: str) -> str:
    """Horizontal bars with their numbers, on a logarithmic scale when the largest is more than 20 times the smallest."""
    import math

    width, left, height, gap = 720, 150, 24, 8
    largest, smallest = max(values.values()), min(values.values())
    logarithmic = largest > 20 * smallest
    scale = (
        (lambda value: (math.log(value) - math.log(smallest / 2)) / (math.log(largest) - math.log(smallest / 2)))
        if logarithmic
        else (lambda value: value / largest)
    )
    full = width - left - 110
    rows = []
    for number, (name, value) in enumerate(values.items()):
        top = 44 + number * (height + gap)
        length = max(2.0, full * scale(value))
        fill = "#1f6feb" if name == "deedbook" else "#9aa4b2"
        rows.append(
            f'<text x="{left - 8}" y="{top + 17}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{left}" y="{top}" width="{length:.1f}" height="{height}" fill="{fill}"/>'
            f'<text x="{left + length + 6:.1f}" y="{top + 17}">{value:.2f} {escape(unit)}</text>'
        )
    total = 44 + len(values) * (height + gap) + 12
    scaled = " (logarithmic scale)" if logarithmic else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" font-family="sans-serif" font-size="13" '
        f'role="img" aria-label="{escape(title)}"><rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title + scaled)}</text>{"".join(rows)}</svg>\n'
    )
