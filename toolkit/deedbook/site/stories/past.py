"""What happened to a row over the versions, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup, escape

from deedbook.site.stories.cells import Cells
from deedbook.site.stories.history import Step


@dataclass(frozen=True, slots=True)
class Change:
    """A step of the history in words; `field`, `old` and `new` are of a changed cell."""

    table: str
    key: str
    what: str
    field: str
    old: Markup
    new: Markup
    reason: Markup
    note: str


Past = Sequence[tuple[str, str, Sequence[Change]]]
"""The version, its day, what happened in it; newest first."""


def history(steps: Sequence[Step], cells: Cells) -> Past:
    """What happened in each version."""
    groups = groupby(steps, lambda it: (it.version, it.created))
    return [(version, cells.say.day(day), [_change(step, cells) for step in own]) for (version, day), own in groups]


def _change(step: Step, cells: Cells) -> Change:
    table = cells.parts.edition.tables.get(step.table)
    about = table.field(step.field) if table else None
    old, new = (
        cells.cell(table, step.field, it) if table and about else escape(it or "") for it in (step.old, step.new)
    )
    return Change(
        table=table.title if table else step.table,
        key=step.key,
        what=cells.say(f"story.history.{step.what}"),
        field=about.title if about else step.field,
        old=old,
        new=new,
        reason=cells.reason(step.reason),
        note=step.note,
    )
