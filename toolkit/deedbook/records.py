"""Records of the engine: dataclasses that are cheap to define.

A frozen dataclass that compares and prints costs nearly a millisecond when its module is imported, and the engine has thirty,
half of what its modules take to load. `record` leaves out what only tests and debuggers would call: it is frozen for the
type checker alone, and two records are equal when they are one. What users hold is a full dataclass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass
    from functools import partial

    def record(*, frozen):  # noqa: ARG001  # mypy's to hold
        """A decorator: the class with an `__init__` of its annotated attributes."""
        return partial(dataclass, eq=False, repr=False)


__all__ = ["record"]
