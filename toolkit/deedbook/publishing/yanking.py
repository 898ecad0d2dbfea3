"""`yank` and `unyank`: a version is withdrawn, or no longer, without touching its files."""

from __future__ import annotations

from deedbook.catalogue.editing import with_unyank, with_yank
from deedbook.catalogue.records import Catalogue
from deedbook.errors import UsageError
from deedbook.publishing.steps import Facts, Notice
from deedbook.publishing.targets import Target


def give_notice(target: Target, notice: Notice) -> tuple[str, ...]:
    """Withdraws a version at the target, or takes that back; returns what was done, in words.

    Raises:
        UsageError: when there is no such version, no reason, or this kind of target cannot say it.
    """
    steps = target.notice(notice)
    if not steps:
        raise UsageError(f"a {target.kind} target cannot carry a yank", "yank it in the catalogue that lists it")
    facts: dict[str, str] = {}
    for step in steps:
        found: Facts = step.run(facts, lambda _bytes: None)
        facts.update(found)
    return tuple(step.about for step in steps)


def preview(target: Target, catalogue: Catalogue, notice: Notice) -> tuple[str, ...]:
    """What `give_notice` would do, in words; refused as that would be.

    Raises:
        UsageError: when there is no such version, no reason, or the replacement cannot be one.
    """
    if target.store is not None and notice.reason is None:
        with_unyank(catalogue, notice.name, notice.version, catalogue.updated)
    elif target.store is not None and notice.reason is not None:
        with_yank(
            catalogue,
            notice.name,
            notice.version,
            reason=notice.reason,
            replaced_by=notice.replaced_by,
            now=catalogue.updated,
        )
    return tuple(step.about for step in target.notice(notice))
