"""The outcome of `verify`: for people one line a problem and a summary, for machines one JSON shape.

deeds.sqlite: holds '13' where events.csv has '12' (table events, row 4, key E000003, column amount) [format-differs]
not intact: deeds 1.0.0: 1 problem
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from deedbook.integrity.proof import Outcome, Problem
from deedbook.rendering.escapes import visible


def render_text(verification: Outcome) -> str:
    """The outcome as lines."""
    lines = [*map(_line, verification.problems), *(f"note: {visible(note, 4000)}" for note in verification.notes)]
    return "".join(f"{line}\n" for line in [*lines, *_summary(verification)])


def render_json(verification: Outcome) -> str:
    """The outcome as indented JSON."""
    record = {"verification_version": 1, "intact": verification.is_intact, **asdict(verification)}
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _line(problem: Problem) -> str:
    about = {name: getattr(problem, name) for name in ("table", "row", "key", "column")}
    places = [f"{name} {visible(str(value), 80)}" for name, value in about.items() if value is not None]
    where = f" ({', '.join(places)})" if places else ""
    file = f"{visible(problem.file, 200)}: " if problem.file else ""
    return f"{file}{visible(problem.message, 1000)}{where} [{problem.rule}]"


def _summary(verification: Outcome) -> Iterator[str]:
    name = visible(f"{verification.name} {verification.version}".strip() or verification.path, 200)
    checked = ", ".join(verification.checked) or "nothing"
    count = len(verification.problems)
    if count:
        yield f"not intact: {name}: {count:,} problem{'s' * (count != 1)}"
    else:
        yield f"verified {name}: {visible(checked, 4000)}"
    if verification.not_checked:
        yield f"not verified: {visible('; '.join(verification.not_checked), 4000)}"
