"""What `fmt` did, for people: one line for each table that is not canonical, and a last one that sums up."""

from __future__ import annotations

from collections.abc import Sequence

from deedbook.edits.canonical import Rewritten
from deedbook.findings import plural
from deedbook.rendering.escapes import visible


def render(found: Sequence[Rewritten], *, check: bool) -> str:
    """The outcome as lines of text."""
    lines = []
    for item in found:
        name = f"{visible(item.table)} ({visible(item.path)})"
        if item.state == "changed":
            lines.append(f"{name}: {'would be changed' if check else 'changed'}: {', '.join(item.done)}")
        said = {"unmendable": "cannot be mended", "skipped": "left alone"}.get(item.state, "left")
        lines += [f"{name}: {said}: {visible(text)}" for text in item.left]
    changed, broken = (sum(item.state == state for item in found) for state in ("changed", "unmendable"))
    verb = "would change" if check else "changed"
    rest = f", {broken:,} cannot be mended: run `deedbook validate`" if broken else ""
    lines.append(f"{plural(len(found), 'table')}: {changed:,} {verb}{rest}")
    return "\n".join(lines) + "\n"
